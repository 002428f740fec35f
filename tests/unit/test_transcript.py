"""Texts beside a recording: read in every layout, merged in time order, without private chat."""

import html
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.recording import Kind
from zoomsync_agent.core.transcript import Cue, decode, merge, parse, plain_text

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 9, 23, 18, 0, tzinfo=BERLIN).timestamp()
CLOCK = 18 * 3600.0
ANY_TEXT = st.text(st.characters(exclude_categories=()))
FRAGMENTS = st.lists(
    st.sampled_from(
        [
            "WEBVTT",
            "NOTE x",
            "1",
            "00:00:01.000 --> 00:00:02.000",
            "00:61 --> 1:99,5 align:start",
            "<v Ann>Hi</v>",
            "&#99999999999999999999; &#0; &lt",
            "Ann: hello",
            "18:45:12\t From Ann Smith : text",
            "99:99:99 From A to B:",
            "2026-13-45 18:05:11 From Ann to Everyone:",
            "\ttext",
            "00:58:04\tAlex:\tmessage",
            "[Ann Smith] 18:05:11",
            "",
            "\ud800\x00",
        ]
    )
    | ANY_TEXT,
).map("\n".join)


def brief(cues):
    """Return of each cue what most tests are about."""
    return [(cue.at, cue.speaker, cue.text) for cue in cues]


# Bytes to text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Grüße\r\nИван\r".encode(), "Grüße\nИван\n"),
        ("Grüße".encode("utf-8-sig"), "Grüße"),
        ("\ufeffGrüße\r\n".encode("utf-16-le"), "Grüße\n"),
        ("\ufeffGrüße".encode("utf-16-be"), "Grüße"),
        ("Grüße – ok".encode("cp1252"), "Grüße – ok"),
        ("Привет".encode()[:-1], "Приве\ufffd"),
        ("Привет ".encode() + b"\xff" + " мир".encode(), "Привет \ufffd мир"),
        ("a\ufffdb".encode(), "a\ufffdb"),
        (b"\x81", "\ufffd"),
        (b"", ""),
    ],
)
def test_bytes_become_text(data, text):
    """Marks and line ends go; a broken byte spoils itself only."""
    assert decode(data) == text


@given(st.binary())
def test_any_bytes_are_some_text(data):
    """Decoding never fails, and the text has one kind of line end."""
    assert "\r" not in decode(data)


@given(st.sampled_from(Kind), ANY_TEXT | FRAGMENTS)
def test_any_text_is_some_cues(kind, text):
    """Parsing and everything behind it never fails, and what comes out can be stored."""
    cues = parse(kind, text)
    for cue in cues:
        assert cue.text
        assert cue.text == cue.text.strip()
    merged = merge({kind: cues}, started_at=START, zone=BERLIN)
    merged += merge({Kind.CHAT: cues, Kind.CAPTIONS: cues}, started_at=None, zone=BERLIN)
    printed = plain_text(merged)
    printed.encode()
    assert "\x00" not in printed
    assert all(line.strip() for line in printed.split("\n") if printed)


# WebVTT ------------------------------------------------------------------------------------------

ZOOM_VTT = """WEBVTT

1
00:00:00.500 --> 00:00:02.000
Alice Smith: Hello.

2
00:00:02.250 --> 00:00:04.000
Dr. Bob Jones: Note this: it works.
Really.

3
01:00:05.000 --> 01:00:06.000
Smith, Ann (Guest): Bye &amp; thanks
"""


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_zoom_vtt(mark, end):
    """Numbers go, the speaker is taken out of the text, lines of one cue stay together."""
    cues = parse(Kind.TRANSCRIPT, mark + ZOOM_VTT.replace("\n", end))
    assert cues == (
        Cue("Hello.", 0.5, speaker="Alice Smith", end=2.0),
        Cue("Note this: it works.\nReally.", 2.25, speaker="Dr. Bob Jones", end=4.0),
        Cue("Bye & thanks", 3605.0, speaker="Smith, Ann (Guest)", end=3606.0),
    )


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("WEBVTT\n\n00:01.5 --> 00:02,25 align:start position:0%\nHi", [(1.5, "", "Hi")]),
        ("WEBVTT - x\nKind: y\n\n00:01.000 --> 00:02.000\nHi", [(1.0, "", "Hi")]),
        ("WEBVTT\nX-Y: z\n00:01.000 --> 00:02.000\nHi", [(1.0, "", "Hi")]),
        (
            "WEBVTT\n\nNOTE a\nb --> c\n\nSTYLE\n::cue {}\n\nNOTE\n\n00:01.000 --> 00:02.000\nHi",
            [(1.0, "", "Hi")],
        ),
        (
            "WEBVTT\n1\n00:01.000 --> 00:02.000\nHi\n2\n00:02.000 --> 00:03.000\nHo\n42",
            [(1.0, "", "Hi"), (2.0, "", "Ho\n42")],
        ),
        (
            "WEBVTT\n\n00:01.000 --> 00:02.000\n<v.loud Alice Ray>Hi <b>you</b></v>\n<v Bob>Yo",
            [(1.0, "Alice Ray", "Hi you"), (1.0, "Bob", "Yo")],
        ),
        (
            "WEBVTT\n\n00:01.000 --> 00:02.000\n<c.x>a</c> <00:00:01.500>b &lt;i&gt; 1 < 2 > 0",
            [(1.0, "", "a b <i> 1 < 2 > 0")],
        ),
        (
            'WEBVTT\n\n1 "Alice Ray" (123)\n00:01.000 --> 00:02.000\nHi: you',
            [(1.0, "Alice Ray", "Hi: you")],
        ),
        (
            "WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n\nmore\n\n2\n00:00:0",
            [(1.0, "", "Hi\nmore")],
        ),
        ("1\n00:00:01,000 --> 00:00:02,000\nSubRip\n", [(1.0, "", "SubRip")]),
        ("WEBVTT\n\n", []),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n\n", []),
        ("WEBVTT\nno cues here\n", [(None, "", "no cues here")]),
        ("no layout\n\nat all", [(None, "", "no layout"), (None, "", "at all")]),
    ],
)
def test_vtt_of_other_hands(text, cues):
    """What players tolerate is tolerated, and no spoken text is lost."""
    assert brief(parse(Kind.TRANSCRIPT, text)) == cues


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Ann Smith: hello", "Ann Smith"),
        ("Іван Приклад: привіт", "Іван Приклад"),
        ("+1 555 123 4567: hello", "+1 555 123 4567"),
        ("Meet me at 10:30 there", ""),
        ("10: the number", ""),
        ("https://example.org: a link", ""),
        ("Well, the point is: no", ""),
        ("Stop! Bob: no", ""),
        ("I thought a lot about what we said there and: no", ""),
        (f"{'x' * 61}: no", ""),
        ("Ann:", ""),
        (": no", ""),
    ],
)
def test_a_speaker_is_a_name(text, speaker):
    """The first half of a sentence is no speaker, and nothing of the text is lost."""
    (cue,) = parse(Kind.TRANSCRIPT, f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n")
    assert cue.speaker == speaker
    assert (f"{cue.speaker}: {cue.text}" if speaker else cue.text) == text


def test_a_rare_colon_is_no_speaker():
    """Captions without names stay without names, though one of them holds a colon."""
    lines = ["Warning: this is loud", "b", "c", "d", "e"]
    body = "\n\n".join(f"00:0{n}.000 --> 00:0{n}.500\n{line}" for n, line in enumerate(lines))
    assert [cue.speaker for cue in parse(Kind.CAPTIONS, f"WEBVTT\n\n{body}")] == [""] * 5


NAMES = st.sampled_from(["Ann Smith", "Ольга", "週 次", "O'Neil-Ray (Guest)", "Dr. Bob"])
LINES = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1).map(
    lambda line: " ".join(line.split())
)
SPOKEN = st.builds(
    lambda start, length, speaker, text: Cue(
        text, start / 1000, speaker=speaker, end=(start + length) / 1000
    ),
    st.integers(0, 400_000_000),
    st.integers(0, 100_000),
    NAMES,
    LINES.filter(bool),
)


def as_vtt(cues):
    """Write *cues* as Zoom does."""

    def stamp(at):
        whole, millis = divmod(round(at * 1000), 1000)
        return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{millis:03}"

    blocks = (
        f"{number}\n{stamp(cue.at)} --> {stamp(cue.end)}\n{cue.speaker}: "
        f"{html.escape(cue.text, quote=False)}\n"
        for number, cue in enumerate(cues, 1)
    )
    return "\n".join(["WEBVTT\n", *blocks])


@given(st.lists(SPOKEN), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read_back(cues, end):
    """Every cue survives the way to the file and back."""
    assert list(parse(Kind.TRANSCRIPT, as_vtt(cues).replace("\n", end))) == cues


# Chat --------------------------------------------------------------------------------------------


def test_the_automatic_chat_file():
    """One line per message; reactions and replies are kept as they are written."""
    text = (
        "18:45:12\t From Ann Smith : Hello: all\r\n"
        "18:45:13\t From  Ann  to  Everyone : Second\r\n"
        "and more\r\n"
        '18:45:14\t From Bob : Reacted to "Hello" with 👍\r\n'
        '18:45:15\t From Bob : Replying to "Hello"\r\n\r\nYes\r\n'
    )
    first = 18 * 3600 + 45 * 60 + 12.0
    assert parse(Kind.CHAT, text) == tuple(
        Cue(said, time_of_day=first + n, speaker=name, is_chat=True)
        for n, (name, said) in enumerate(
            [
                ("Ann Smith", "Hello: all"),
                ("Ann", "Second\nand more"),
                ("Bob", 'Reacted to "Hello" with 👍'),
                ("Bob", 'Replying to "Hello"\nYes'),
            ]
        )
    )


@pytest.mark.parametrize(
    ("header", "speaker", "day", "is_private"),
    [
        ("2026-09-23 18:00:00 From Ann Smith to Everyone:", "Ann Smith", True, False),
        ("18:00:00 From Ann Smith to Everyone:", "Ann Smith", False, False),
        ("18:00:00 From Ann To Everyone", "Ann", False, False),
        ("18:00:00 From Ann to Meeting Group Chat:", "Ann", False, False),
        ("18:00:00 From Road to Rome to Everyone:", "Road to Rome", False, False),
        ("18:00:00 From Dr: Ann: x to Everyone:", "Dr: Ann: x", False, False),
        ("2026-09-23 18:00:00 От Анна кому Все:", "Анна", True, False),
        ("18:00:00 Von Ann an Alle:", "Ann", False, False),
        ("18:00:00 De Ana Gil a Todos:", "Ana Gil", False, False),
        ("18:00:00 Saatja Ann:", "Saatja Ann", False, False),
        ("2026-02-31 18:00:00 From Ann to Everyone:", "Ann", False, False),
        ("18:00:00 From Ann to Bob(Direct Message):", "Ann", False, True),
        ("18:00:00 From Ann to Bob (Privately):", "Ann", False, True),
        ("18:00:00 From Ann to Bob:", "Ann", False, True),
        ("18:00:00 From Ann to Panelists:", "Ann", False, True),
        ("18:00:00 From Ann to Everyone(Direct Message):", "Ann", False, True),
        ("18:00:00 От Анна кому Боб(Личное сообщение):", "Анна", False, True),
        ("18:00:00 Saatja Ann saaja Bob(Otse):", "Saatja Ann saaja Bob(Otse)", False, True),
    ],
)
def test_the_saved_chat_file(header, speaker, day, is_private):
    """Date or not, language or not: the indented lines belong to the header above them."""
    text = f"{header}\n\tline one\n\tline: two\n\n"
    assert parse(Kind.CHAT, text) == (
        Cue(
            "line one\nline: two",
            time_of_day=CLOCK,
            day=date(2026, 9, 23) if day else None,
            speaker=speaker,
            is_chat=True,
            is_private=is_private,
        ),
    )


def test_the_cloud_chat_file():
    """The time is an offset; a name that begins like a header is a name."""
    text = "00:58:04\tAlex:\tmessage\n00:58:05\tDe Vries:\t18:00:00 From X : quoted\nmore\n"
    assert brief(parse(Kind.CHAT, text)) == [
        (3484.0, "Alex", "message"),
        (3485.0, "De Vries", "18:00:00 From X : quoted\nmore"),
    ]


HIDDEN = "not for all"


@pytest.mark.parametrize(
    "text",
    [
        f"18:00:00\t From Ann to Bob(Privately) : {HIDDEN}\n{HIDDEN}\n",
        f"18:00:00\t From Ann: x to Bob(Direct Message) : {HIDDEN}\n",
        f"18:00:00 From Ann to Bob(Direct Message):\n\t{HIDDEN}\n\n\t{HIDDEN}\n",
        f"18:00:00 From Ann to Bob:\n\t{HIDDEN}\n",
        f"18:00:00 Von Ann an Bob(Direktnachricht):\n\t{HIDDEN}\n",
        f"18:00:00 開始 Ann 終了 Bob(ダイレクトメッセージ):\n\t{HIDDEN}\n",
        f"18:00:00 Xx Ann yy Bob(zz):\n\t{HIDDEN}\n18:00:01 From Ann to Bob:\n\t{HIDDEN}\n",
        f"18:00:00 From Ann : x\n18:00:01 Xx Ann yy Bob(zz) : {HIDDEN}\n",
        f"99:00:00 From Ann to Bob(Direct Message) : {HIDDEN}\n",
        f"6 pm From Ann to Bob(Direct Message): {HIDDEN}\n{HIDDEN}\n",
        f"18:00:00\tAnn to Bob(Direct Message):\t{HIDDEN}\n",
        f"18:00:00 From A : {HIDDEN}\n18:00:00 From A to Bob(Privately) : {HIDDEN}\n",
    ],
)
@pytest.mark.parametrize("before", ["", "17:59:00 From Ann to Everyone:\n\tpublic\n"])
@pytest.mark.parametrize("started_at", [START, None])
def test_a_private_message_never_gets_out(text, before, started_at):
    """Whatever the layout, what was not written for everybody is not in the merged text."""
    cues = parse(Kind.CHAT, before + text)
    assert HIDDEN in "".join(cue.text for cue in cues)
    merged = merge({Kind.CHAT: cues}, started_at=started_at, zone=BERLIN)
    assert HIDDEN not in "".join(cue.text for cue in merged)
    assert HIDDEN not in plain_text(merged)
    assert ("public" in plain_text(merged)) == bool(before)


def test_plain_text_alone_keeps_private_messages_out():
    """A caller that forgets to merge leaks nothing."""
    cue = Cue(HIDDEN, 1.0, speaker="Ann", is_chat=True, is_private=True)
    assert plain_text([cue]) == ""


# Saved captions ----------------------------------------------------------------------------------


def test_saved_captions():
    """Each header starts a caption; what stands before the first is kept as free text."""
    text = "intro\n[Ann Smith] 18:00:00\nHello\nthere\n\n[B [x]] 18:00:09 inline\n\n[C] 25:00:00\n"
    for kind in (Kind.CAPTIONS, Kind.TRANSCRIPT):
        assert parse(kind, text) == (
            Cue("intro"),
            Cue("Hello\nthere", time_of_day=CLOCK, speaker="Ann Smith"),
            Cue("inline\n[C] 25:00:00", time_of_day=CLOCK + 9, speaker="B [x]"),
        )


# Merging -----------------------------------------------------------------------------------------


def spoken(at, text, **more):
    """Return a cue of the transcript."""
    return Cue(text, at, speaker="Ann", end=at + 1, **more)


def wrote(clock, text, **more):
    """Return a chat message with a wall clock."""
    return Cue(text, time_of_day=clock, speaker="Bob", is_chat=True, **more)


def test_chat_is_put_between_speech():
    """Offsets and wall clocks meet on one line of time; at the same moment speech comes first."""
    merged = merge(
        {
            Kind.CHAT: [
                wrote(CLOCK - 120, "early"),
                wrote(CLOCK + 10, "ten"),
                wrote(CLOCK + 11, "-"),
            ],
            Kind.TRANSCRIPT: [spoken(0.0, "zero"), spoken(10.0, "ten"), spoken(20.0, "twenty")],
        },
        started_at=START,
        zone=BERLIN,
    )
    assert [(cue.at, cue.text, cue.is_chat) for cue in merged] == [
        (0.0, "early", True),
        (0.0, "zero", False),
        (10.0, "ten", False),
        (10.0, "ten", True),
        (11.0, "-", True),
        (20.0, "twenty", False),
    ]


def test_speech_is_there_once():
    """A transcript makes the captions redundant; an empty one does not."""
    captions = [Cue("caption", time_of_day=CLOCK)]
    for transcript, text in (
        ([spoken(0.0, "said")], "said"),
        ([Cue(" ")], "caption"),
        ([], "caption"),
    ):
        kinds = {Kind.CAPTIONS: captions, Kind.TRANSCRIPT: transcript}
        assert [cue.text for cue in merge(kinds, started_at=START, zone=BERLIN)] == [text]


def test_a_message_of_two_chat_files_is_there_once():
    """The automatic and the saved file tell the same messages."""
    saved = [wrote(CLOCK, "a", day=date(2026, 9, 23)), wrote(CLOCK + 1, "b")]
    chat = [wrote(CLOCK, "a"), wrote(CLOCK, "A"), *saved]
    merged = merge({Kind.CHAT: chat}, started_at=START, zone=BERLIN)
    assert [cue.text for cue in merged] == ["a", "A", "b"]


@pytest.mark.parametrize(
    ("started_at", "clocks", "offsets"),
    [
        (datetime(2026, 9, 23, 23, 50, tzinfo=BERLIN), ["23:55:00", "00:05:00"], [300, 900]),
        (datetime(2026, 9, 23, 0, 5, tzinfo=BERLIN), ["23:55:00", "00:10:00"], [0, 300]),
        (datetime(2026, 9, 23, 8, 0, tzinfo=BERLIN), ["08:01:00", "22:00:00"], [60, 14 * 3600]),
        # the clocks go back at 03:00, one hour after the first 02:00
        (datetime(2026, 10, 25, 1, 30, tzinfo=BERLIN),
         ["02:30:00", "02:50:00", "02:10:00", "03:10:00"], [3600, 4800, 6000, 9600]),
        (datetime(2026, 10, 25, 2, 50, fold=1, tzinfo=BERLIN), ["02:55:00"], [300]),
        # the clocks go forward at 02:00
        (datetime(2026, 3, 29, 1, 50, tzinfo=BERLIN), ["01:55:00", "03:05:00"], [300, 900]),
    ],
)  # fmt: skip
def test_clocks_become_offsets(started_at, clocks, offsets):
    """Midnight and a change of the clocks in the middle of a meeting do not disturb."""
    chat = parse(Kind.CHAT, "\n".join(f"{clock} From Bob : {n}" for n, clock in enumerate(clocks)))
    merged = merge({Kind.CHAT: chat}, started_at=started_at.timestamp(), zone=BERLIN)
    assert [cue.at for cue in merged] == offsets
    assert [cue.text for cue in merged] == [str(n) for n in range(len(clocks))]


def test_a_date_in_the_chat_counts():
    """A message of the next day is later, however early its clock is."""
    chat = [wrote(CLOCK + 60, "tomorrow", day=date(2026, 9, 24))]
    (cue,) = merge({Kind.CHAT: chat}, started_at=START, zone=BERLIN)
    assert cue.at == 86_460.0


def test_cues_without_a_time_stay_with_their_neighbour():
    """Free text follows what it followed; at the head it stays at the head."""
    captions = [Cue("head"), Cue("one", time_of_day=CLOCK + 1), Cue("free"), Cue("five", CLOCK)]
    captions[-1] = replace(captions[-1], at=5.0)
    chat = [wrote(CLOCK, "zero"), wrote(CLOCK + 3, "three"), Cue("after", is_chat=True)]
    kinds = {Kind.CAPTIONS: captions, Kind.CHAT: chat}
    merged = merge(kinds, started_at=START, zone=BERLIN)
    texts = ["zero", "head", "one", "free", "three", "after", "five"]
    assert [cue.text for cue in merged] == texts


def test_without_a_start_clocks_are_compared_with_clocks():
    """Captions and chat of one wall clock are merged, over midnight too, and get no offset."""
    captions = [Cue("a", time_of_day=86_390.0), Cue("c", time_of_day=5.0)]
    chat = [wrote(86_395.0, "b"), wrote(9.0, "d")]
    merged = merge({Kind.CAPTIONS: captions, Kind.CHAT: chat}, started_at=None, zone=BERLIN)
    assert [cue.text for cue in merged] == ["a", "b", "c", "d"]
    assert all(cue.at is None for cue in merged)


def test_without_a_start_chat_follows_speech_that_has_only_offsets():
    """What cannot be compared is not mixed."""
    transcript = [spoken(0.0, "a"), spoken(9.0, "b")]
    chat = [wrote(1.0, "c"), Cue("free", is_chat=True)]
    merged = merge({Kind.TRANSCRIPT: transcript, Kind.CHAT: chat}, started_at=None, zone=UTC)
    assert [cue.text for cue in merged] == ["a", "b", "c", "free"]
    offsets = [Cue("d", 5.0, is_chat=True)]
    merged = merge({Kind.TRANSCRIPT: transcript, Kind.CHAT: offsets}, started_at=None, zone=UTC)
    assert [cue.text for cue in merged] == ["a", "d", "b"]


ANY_CUE = st.builds(
    Cue,
    text=st.text(max_size=5),
    at=st.none() | st.floats(),
    time_of_day=st.none() | st.floats(),
    day=st.none() | st.dates(),
    is_chat=st.booleans(),
    is_private=st.booleans(),
)


@given(
    st.dictionaries(st.sampled_from(Kind), st.lists(ANY_CUE)),
    st.none() | st.floats() | st.floats(0, 4e9),
)
def test_merging_never_fails(kinds, started_at):
    """Odd times, days and starts give some order, without a private message and without loss."""
    merged = merge(kinds, started_at=started_at, zone=BERLIN)
    assert not any(cue.is_private for cue in merged)
    speech = next(
        (
            said
            for kind in (Kind.TRANSCRIPT, Kind.CAPTIONS)
            if (said := [c for c in kinds.get(kind, []) if c.text.strip() and not c.is_private])
        ),
        [],
    )
    chat = {cue.text for cue in kinds.get(Kind.CHAT, []) if cue.text.strip() and not cue.is_private}
    assert {cue.text for cue in merged} <= {cue.text for cue in speech} | chat
    if not any(cue.is_private for cues in kinds.values() for cue in cues):
        assert len(merged) >= len(speech)
        assert {cue.text for cue in merged} == {cue.text for cue in speech} | chat
    plain_text(merged)


# Plain text --------------------------------------------------------------------------------------


def test_lines_for_people():
    """Offset before wall clock before nothing; chat says that it is chat."""
    cues = [
        Cue("Hello\nthere", 750.9, speaker="Ann Smith"),
        Cue("hi", 751.0, speaker="Ann Smith", is_chat=True),
        Cue("nobody", 752.0, is_chat=True),
        Cue("late", 360_000.0),
        Cue("clock", time_of_day=CLOCK + 311, speaker="Bob"),
        Cue("midnight", time_of_day=0.0, speaker="Cid"),
        Cue("free", speaker="Dan"),
        Cue("free"),
        Cue(" \n "),
        Cue("odd\x00\ud800", float("nan")),
    ]
    assert plain_text(cues).split("\n") == [
        "[00:12:30] Ann Smith: Hello there",
        "[00:12:31] Ann Smith (chat): hi",
        "[00:12:32] (chat) nobody",
        "[100:00:00] late",
        "[18:05:11] Bob: clock",
        "[00:00:00] Cid: midnight",
        "Dan: free",
        "free",
        "odd\ufffd",
    ]
    assert plain_text([]) == ""


def test_a_paragraph_goes_on_until_a_pause():
    """One speaker without a pause is one line; another speaker, a pause or a message ends it."""
    cues = [
        spoken(0.0, "one"),
        spoken(5.0, "two"),
        spoken(10.1, "pause"),
        Cue("bob", 11.0, speaker="Bob", end=12.0),
        spoken(12.0, "again"),
        Cue("hi", 12.5, speaker="Ann", is_chat=True),
        spoken(13.0, "after"),
    ]
    assert plain_text(cues).split("\n") == [
        "[00:00:00] Ann: one two",
        "[00:00:10] Ann: pause",
        "[00:00:11] Bob: bob",
        "[00:00:12] Ann: again",
        "[00:00:12] Ann (chat): hi",
        "[00:00:13] Ann: after",
    ]
    clocks = [Cue("x", time_of_day=clock, speaker="Ann") for clock in (0.0, 4.0, 9.0, 1.0)]
    assert plain_text(clocks).split("\n") == [
        "[00:00:00] Ann: x x",
        "[00:00:09] Ann: x",
        "[00:00:01] Ann: x",
    ]


def test_a_long_paragraph_is_broken():
    """A lecture without a pause still has times to find one's way."""
    cues = [spoken(float(n), "word " * 20) for n in range(60)]
    lines = plain_text(cues).split("\n")
    assert len(lines) > 5
    assert max(map(len, lines)) < 800
    assert sum(line.count("word") for line in lines) == 1200


def test_reading_is_linear():
    """A hostile text of some size takes no longer than its size."""
    for nasty in ("<v " * 40_000, "18:00:00 From " + " to" * 60_000, "[" * 100_000, " " * 200_000):
        for kind in Kind:
            parse(kind, nasty)
            parse(kind, f"WEBVTT\n\n00:01.000 --> 00:02.000\n{nasty}\n")
