"""What pages are made of: words, the queue in groups, charts, transcripts, a form with a file."""

import io
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core import readiness
from zoomsync_agent.core.errors import (
    DestinationFull,
    NetworkUnavailable,
    NotAllowed,
    RowsDenied,
    SignInRequired,
    ZoomSignInRequired,
    leaves,
)
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.readiness import Reason, Verdict
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.core.snapshot import (
    Active,
    AgentState,
    Amount,
    Rows,
    Snapshot,
    Waiting,
    job_sentence,
    root_sentence,
)
from zoomsync_agent.core.transcript import Cue
from zoomsync_agent.web.multipart import Form
from zoomsync_agent.web.pages import charts, queue, transcripts, words
from zoomsync_agent.web.pages.acting import _pause_seconds

# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", list(leaves()), ids=lambda error: error.__name__)
def test_no_hint_names_a_command(error):
    """The page has buttons; what is left is still a sentence."""
    said = words.for_page(error.hint)

    assert "zoomsync" not in said
    assert "Retry" not in said
    assert said.count("(") == said.count(")")
    assert not said or said[-1] in ".?"


@pytest.mark.parametrize("state", [*State])
@pytest.mark.parametrize("code", [None, *(error.code for error in leaves())])
def test_no_sentence_of_a_file_names_a_command(state, code):
    """Neither why it waits nor what to do about it."""
    assert "zoomsync" not in words.for_page(job_sentence(7, state, code, "", 0.0))


def test_no_sentence_of_the_folder_names_a_command():
    """Missing, a file, not to be read."""
    for problem in ("missing", "file", "denied", "odd"):
        said = words.for_page(root_sentence("/home/ann/zoomsync", problem))
        assert "zoomsync config" not in said
        assert "/home/ann/zoomsync" in said


def test_times_in_sentences_are_those_of_the_reader(monkeypatch):
    """The core writes them for everybody."""
    monkeypatch.setattr(words, "local_zone", lambda: ZoneInfo("Asia/Kolkata"))
    said = words.for_page("Paused until 2025-03-04T20:15:00.253404+00:00.")
    assert said == "Paused until 5 Mar 2025, 01:45."
    assert words.for_page("At 2025-99-99T20:15Z.") == "At 2025-99-99T20:15Z."


def test_what_a_path_says_is_left_alone():
    """A folder may well be called like a command."""
    told = "The file /home/zoomsync run/a.mp4 may not be read."
    assert words.for_page(told) == told


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599, "1 h 00 min"),
        (3725, "1 h 02 min"),
    ],
)
def test_durations_are_said_in_words(seconds, said):
    """Rounded to what matters."""
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (65.9, "1:05"), (3725, "1:02:05"), (-3, "0:00")]
)
def test_places_in_a_recording_are_said_as_players_do(seconds, said):
    """Hours only where there are any."""
    assert words.clock(seconds) == said


def test_times_are_said_by_the_day(monkeypatch):
    """Today and yesterday by name, all else by date, in the zone of this machine."""
    zone = ZoneInfo("Europe/Berlin")
    monkeypatch.setattr(words, "local_zone", lambda: zone)
    now = datetime(2026, 3, 1, 0, 30, tzinfo=zone)

    def said(at):
        return words.moment(at.timestamp(), now=now)

    assert said(now) == "Today, 00:30"
    assert said(now - timedelta(hours=1)) == "Yesterday, 23:30"
    assert said(datetime(2025, 7, 4, 12, tzinfo=UTC)) == "4 Jul 2025, 14:00"
    assert words.moment(1e30) == "At an unknown time"


@given(st.text())
def test_a_hit_is_escaped_and_its_marks_are_elements(text):
    """Whatever a title holds, nothing but marks becomes markup."""
    told = str(words.hit(text))
    plain = told.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in plain
    assert told.count("<mark>") == told.count("</mark>")


def test_a_hit_is_marked():
    """As the search told it."""
    assert words.hit("the «budget» & <b>") == "the <mark>budget</mark> &amp; &lt;b&gt;"


def test_every_state_has_a_word():
    """Nothing that can be shown is left without one."""
    assert {words.state_word(_seen(state=state)) for state in AgentState} >= {"All safe", "Working"}
    assert set(words.STATUSES) == set(ProcessingStatus)
    assert set(words.KINDS) == set(Kind)


def test_not_all_is_safe_while_a_file_waits_for_somebody():
    """A tick above a recording that was cut off would be a lie."""
    assert words.state_word(_seen(state=AgentState.IDLE)) == "All safe"
    assert words.state_word(_seen(state=AgentState.IDLE, unready=1)) == "Not all safe"
    assert words.state_word(_seen(state=AgentState.WORKING, unready=1)) == "Working"


def test_a_pause_is_told_from_not_looking():
    """Both are the same state; only one of them has a button to resume."""
    paused = _seen(state=AgentState.PAUSED, is_paused=True)
    assert words.state_word(paused) == "Paused"
    resting = _seen(state=AgentState.PAUSED, sentence="Monitoring is stopped.", is_watching=False)
    assert words.state_word(resting) == "Not monitoring"


def _seen(**more):
    told = {
        "state": AgentState.IDLE,
        "sentence": "All finished recordings are safe.",
        "recordings_path": "/zoom",
        "root_problem": "",
        "destination": "folder",
        "archive": "/archive",
        "synced": Amount(),
        "queued": Amount(),
        "history": Amount(),
    }
    return Snapshot(**{**told, **more})


# --- pauses ------------------------------------------------------------------------------------


def test_until_tomorrow_is_until_eight_by_the_clock():
    """Also where the clocks change in that night."""
    zone = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 3, 28, 20, 0, tzinfo=zone)  # that night has one hour less
    assert _pause_seconds("tomorrow", now=before) == 11 * 3600
    assert _pause_seconds("hour") == 3600
    assert _pause_seconds("ever") is None
    with pytest.raises(NotAllowed):
        _pause_seconds("a while")


# --- the queue -----------------------------------------------------------------------------------


def _waiting(number, code=None, state=State.READY, not_before=0.0, detail="", title="Weekly"):
    return Waiting(
        f"/zoom/{number}/video.mp4",
        title,
        10,
        code or str(state),
        "Label of " + (code or str(state)),
        job_sentence(number, state, code, detail, not_before),
        number,
        state,
    )


def test_files_with_one_reason_are_one_group():
    """However many they are, and though each has its own next try."""
    found = queue.groups([_waiting(n, "offline", not_before=1.0 + n) for n in range(500)])

    (group,) = found
    assert len(group.files) == 500
    assert len(group.shown) == queue.SHOWN
    assert "Next try" not in group.sentence
    assert group.jobs.split(",") == [str(n) for n in range(500)]


def test_files_with_details_of_their_own_keep_their_sentences():
    """What is said of one is not said of all."""
    (group,) = queue.groups([_waiting(n, "source_damaged", detail=f"{n}") for n in (1, 2)])
    assert group.sentence == ""
    assert "(1)" in queue.sentence_of(group.files[0])


def test_files_that_differ_by_a_command_alone_have_one_sentence():
    """The page has a button in its place."""
    (group,) = queue.groups([_waiting(n, state=State.CANCELLED) for n in (1, 2)])
    assert group.sentence == "You cancelled it."


def test_a_conversion_is_one_group_however_far_it_is():
    """The per cent are told of each file."""
    found = [
        Waiting("/a", "A", 1, "converting", readiness.label(verdict), "…", percent=verdict.percent)
        for verdict in (Verdict(Reason.CONVERTING, percent=n) for n in (12, 63))
    ]
    (group,) = queue.groups(found)
    assert group.label == "Converting"


def test_what_needs_somebody_has_one_button():
    """The folder, the archive, rows and cloud, and files that failed."""
    seen = _seen(
        root_problem="The recordings folder /zoom does not exist.",
        problem=Problem(DestinationFull.code),
        cloud=Problem(ZoomSignInRequired.code),
        rows=Rows(3, 3, Problem(RowsDenied.code)),
    )
    groups = queue.groups(
        [
            _waiting(1, "source_damaged", State.FAILED),
            _waiting(2, DestinationFull.code, State.BLOCKED),
            _waiting(3),
        ]
    )
    found = {need.key: (need.label, need.url, need.is_post) for need in queue.needs(seen, groups)}
    assert found == {
        "folder": ("Choose the folder", "/ui/settings", False),
        "archive": ("Open the settings", "/ui/settings", False),
        "rows": ("Look closer", "/ui/health", False),
        "cloud": ("Sign in to Zoom", "/ui/zoom/sign-in", True),
        "failed-source_damaged": ("Try again", "/ui/retry", True),
    }
    assert queue.needs(_seen(problem=Problem(SignInRequired.code)), ())[0].label == "Sign in"


def test_the_network_needs_nobody():
    """It comes back by itself."""
    away = Problem(NetworkUnavailable.code)
    assert queue.needs(_seen(problem=away, cloud=away, rows=Rows(1, 0, away)), ()) == []


def test_time_left_comes_from_the_speed_that_files_share():
    """What does not move has neither."""
    active = (
        Active(1, "a", "A", Step.TRANSFER, 1000, 250),
        Active(2, "b", "B", Step.FETCH, 100, 100),
        Active(3, "c", "C", Step.IDENTIFY, 1000, 0),
        Active(4, "d", "D", Step.TRANSFER, 0, 0),
    )
    found = queue.moving(active, [1.0, 90.0, 30.0, 30.0, 30.0])
    assert [(one.percent, one.seconds_left) for one in found] == [
        (25, 750 / 15), (100, 0.0), (None, None), (None, None),
    ]  # fmt: skip
    assert queue.moving(active, [])[0].seconds_left is None


# --- charts --------------------------------------------------------------------------------------


def test_days_are_bars_in_proportion():
    """A day with anything at all is seen."""
    chart = charts.days([(date(2026, 1, 1), 0), (date(2026, 1, 2), 1), (date(2026, 1, 3), 10**9)])
    assert [bar.is_empty for bar in chart.bars] == [True, False, False]
    assert chart.bars[2].height == charts.HEIGHT
    assert chart.bars[1].height >= 2
    assert (chart.total, chart.bars[2].name) == (10**9 + 1, "3 Jan 2026")
    assert "1.0 GB, on 3 Jan 2026" in chart.words
    assert charts.days([]).bars == ()
    assert charts.days([(date(2026, 1, 1), 0)]).words == "Nothing became safe in this time."


@given(st.lists(st.floats(0, 1e12), max_size=200))
def test_a_speed_is_a_path_within_its_picture(figures):
    """Whatever was measured, and nothing at all."""
    chart = charts.speed(figures)
    ET.fromstring(f'<svg><path d="{chart.line}"/><path d="{chart.area}"/></svg>')  # noqa: S314
    points = [tuple(map(float, point.strip("ML ").split(","))) for point in chart.line.split(" L") if point]  # noqa: E501  # fmt: skip
    assert all(0 <= x <= charts.WIDTH and 0 <= y <= charts.HEIGHT for x, y in points)
    assert len(points) == len(figures)


def test_the_table_of_speeds_tells_means_by_the_minute():
    """The last one first."""
    chart = charts.speed([0.0] * 6 + [2000.0] * 12 + [1000.0] * 12)
    assert chart.minutes == (
        ("Last minute", "1.0 KB/s"),
        ("2 minutes ago", "2.0 KB/s"),
        ("3 minutes ago", "0 bytes/s"),
    )
    assert chart.words == "1.0 KB/s now; the most in the last 3 minutes was 2.0 KB/s."


# --- transcripts -----------------------------------------------------------------------------


def test_what_was_searched_for_is_marked():
    """Words and the beginnings of words, in any case; all else is escaped."""
    cues = [Cue("The <b>Budget</b>, budgeting, subbudget", at=1.0), Cue("nothing", at=2.0)]
    first, second = transcripts.lines(cues, "budget")
    assert first.text == (
        "The &lt;b&gt;<mark>Budget</mark>&lt;/b&gt;, <mark>budgeting</mark>, subbudget"
    )
    assert (first.is_hit, second.is_hit) == (True, False)


def test_private_messages_are_not_shown():
    """Neither as lines nor as captions."""
    cues = [Cue("to all", at=0.0), Cue("secret", at=1.0, is_private=True)]
    assert [line.text for line in transcripts.lines(cues)] == ["to all"]
    assert "secret" not in transcripts.captions(cues)


def test_captions_are_webvtt():
    """What was said, when, by whom; an end that is not told is that of the next line."""
    cues = [
        Cue("Hello\n--> all", at=0.0, speaker="Ann <x>"),
        Cue("chat", at=0.5, is_chat=True),
        Cue("Next", at=3725.5, end=3727.0),
    ]
    assert transcripts.captions(cues) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 01:02:05.500\n<v Ann &lt;x&gt;>Hello --&gt; all\n\n"
        "01:02:05.500 --> 01:02:07.000\nNext\n"
    )


# --- a form with a file ----------------------------------------------------------------------


def _body(content, *, title="Weekly", name="a.mp4", end=b"\r\n--x--\r\n"):
    return (
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n' + title.encode() + b"\r\n"
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode()
        + b'"\r\nContent-Type: video/mp4\r\n\r\n' + content + end
    )  # fmt: skip


class _Wire(io.BytesIO):
    """A body that comes in pieces."""

    piece = 1

    def read(self, size=-1):
        """Return at most one piece."""
        return super().read(min(size, self.piece) if size >= 0 else self.piece)


@given(
    st.binary(max_size=2000) | st.just(b"\r\n--y\r\n--"), st.integers(1, 700), st.integers(1, 99)
)
def test_a_file_comes_out_as_it_went_in(content, piece, arriving):
    """Whatever its bytes, however they arrive, and however they are read."""
    wire = _Wire(_body(content))
    wire.piece = arriving
    form = Form(wire, "x")
    assert form.read_fields() == "a.mp4"
    assert form.fields == {"title": "Weekly"}
    got = b""
    while data := form.read(piece):
        got += data
    assert got == content


@pytest.mark.parametrize("end", [b"", b"\r\n--", b"\r\n--y--"])
def test_a_file_that_breaks_off_is_refused(end):
    """It would be half a recording."""
    form = Form(io.BytesIO(_body(b"x" * 1000, end=end)), "x")
    form.read_fields()
    with pytest.raises(NotAllowed, match="did not arrive whole"):
        form.read()


def test_a_form_without_a_file_is_refused():
    """As is one that is none, and one that says too much."""
    for body, boundary in (
        (_body(b"", name=""), "x"),
        (b"nothing", "x"),
        (_body(b""), ""),
        (_body(b"", title="t" * 9000), "x"),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n', "x"),
    ):
        with pytest.raises(NotAllowed):
            Form(io.BytesIO(body), boundary).read_fields()
