"""A printed transcript back to what was said, when, and by whom."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.transcript import Cue, from_plain, horizon, plain_text

WORD = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=10)
NAMES = st.lists(WORD, max_size=3).map(" ".join)
TEXTS = st.lists(WORD | st.sampled_from([":", "(chat)", "[x]", "a:b"]), min_size=1).map(" ".join)
MOMENTS = st.none() | st.integers(0, 400_000).map(float)
CUES = st.builds(
    lambda text, at, speaker, is_chat: Cue(text, at=at, speaker=speaker, is_chat=is_chat),
    TEXTS,
    MOMENTS,
    NAMES.filter(bool),
    st.booleans(),
)


@given(st.lists(CUES.map(lambda cue: plain_text([cue])).map(lambda line: line)))
def test_every_line_is_printed_as_it_was(lines):
    """Nothing of a line gets lost."""
    text = "\n".join(lines)
    assert [plain_text([cue]) for cue in from_plain(text)] == lines


@given(st.lists(CUES))
def test_times_speakers_and_texts_come_back(cues):
    """To the second; each cue printed alone, so that no paragraph joins two."""
    text = "\n".join(plain_text([cue]) for cue in cues)
    assert list(from_plain(text)) == cues


@given(st.lists(TEXTS.filter(lambda text: ": " not in text and not text.startswith("(chat) "))))
def test_what_nobody_in_particular_said_comes_back(texts):
    """Captions name no speaker."""
    cues = [Cue(text, at=float(second * 100)) for second, text in enumerate(texts)]
    assert list(from_plain(plain_text(cues))) == cues


@given(st.text())
def test_no_text_is_a_fault(text):
    """A row may come from another program."""
    assert all(cue.text for cue in from_plain(text))


@pytest.mark.parametrize(
    ("line", "cue"),
    [
        ("[00:12:30] Ann Smith: text", Cue("text", at=750.0, speaker="Ann Smith")),
        (
            "[00:12:30] Ann Smith (chat): text",
            Cue("text", at=750.0, speaker="Ann Smith", is_chat=True),
        ),
        ("[00:12:30] (chat) text", Cue("text", at=750.0, is_chat=True)),
        ("[100:00:00] text", Cue("text", at=360_000.0)),
        ("text", Cue("text")),
        ("[00:99:00] text", Cue("[00:99:00] text")),
        ("Ann: a: b", Cue("a: b", speaker="Ann")),
        ("Ann: ", Cue("Ann: ")),
        ("x" * 121 + ": y", Cue("x" * 121 + ": y")),
    ],
)
def test_a_line_says(line, cue):
    """Each form, and what only looks like one."""
    assert from_plain(line) == (cue,)


def test_without_a_start_a_clock_is_no_offset():
    """Of an hour of film, a quarter past ten is nowhere; a message tells the clock anyway."""
    until = horizon(None, 3600.0)
    said = from_plain("[10:15:00] Ann: a\n[00:10:00] Ann: b\n[00:20:00] Ann (chat): c", until=until)
    assert [(cue.at, cue.time_of_day) for cue in said] == [
        (None, 36_900.0),
        (600.0, None),
        (None, 1_200.0),
    ]
    assert horizon(1_000.0, None) == math.inf
    assert horizon(None, None) < 0
