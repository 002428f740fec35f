"""The place of a text where words stand, and its time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.excerpts import excerpt

LINES = """\
[00:00:01] Ann: Good morning, everybody.
[00:01:05] Ben: The budget is late again.
[00:02:10] Ann: Then the budget of next year has to wait.
[01:00:00] Ben (chat): Réunion à Zürich, Straße 5"""


@pytest.mark.parametrize(
    ("words", "hit", "at"),
    [
        (("budget",), "Ben: The «budget» is late again.", 65.0),
        (("budg",), "Ben: The «budget» is late again.", 65.0),
        (("year", "budget"), "Ann: Then the «budget» of next «year» has to wait.", 130.0),
        (("good", "wait"), "Ann: Then the budget of next year has to «wait».", 130.0),
        (("reunion",), "Ben (chat): «Réunion» à Zürich, Straße 5", 3600.0),
        (("zurich",), "Ben (chat): Réunion à «Zürich», Straße 5", 3600.0),
        (("straße",), "Ben (chat): Réunion à Zürich, «Straße» 5", 3600.0),
        (("ann",), "«Ann»: Good morning, everybody.", 1.0),
        (("budget", "nowhere"), "Ben: The «budget» is late again.", 65.0),
        (("udget",), "", None),
    ],
)
def test_the_place_and_its_time_are_found(words, hit, at):
    """From the beginning of a word, in any case, with or without accents."""
    assert excerpt(LINES, (), words) == (hit, at)


@pytest.mark.parametrize(
    ("text", "word", "marked"),
    [
        ("Совещание о Бюджете", "бюджет", "«Бюджете»"),
        ("予算 会議", "会議", "«会議»"),
        ("“Réunion” – budget", "reunion", "«Réunion»"),
        ("re\u0301union", "reunion", "«re\u0301union»"),
        ("łódź Łódź", "łodz", "«łódź»"),
        ("ahoj ačbudget budget", "budget", "«budget»"),
        ("x_budget", "budget", "«budget»"),
    ],
)
def test_every_script_is_marked(text, word, marked):
    """Also what Latin-1 does not have, and letters whose accent stands apart."""
    hit, _at = excerpt(text, (), (word,))
    assert marked in hit
    assert hit.count("«") <= 2


def test_other_texts_are_shown_where_nobody_said_it():
    """They have no time."""
    assert excerpt(LINES, ("A summary", "Weekly Sync"), ("weekly",)) == ("«Weekly» Sync", None)


def test_a_long_line_is_cut_between_words():
    """A paragraph of ten minutes is no excerpt."""
    line = "word " * 100 + "budget " + "more " * 100
    hit, _at = excerpt(line, (), ("budget",))
    assert hit.startswith("…word ")
    assert hit.endswith(" more…")
    assert len(hit) < 200
    assert "«budget»" in hit


@pytest.mark.parametrize(
    ("line", "until", "at"),
    [
        ("[10:15:00] Ann: budget", 3600.0, None),
        ("[00:15:00] Ann: budget", 3600.0, 900.0),
        ("[00:15:00] Ann (chat): budget", 3600.0, None),
        ("[10:15:00] Ann: budget", math.inf, 36_900.0),
        ("Ann: budget", math.inf, None),
    ],
)
def test_a_time_that_may_be_of_a_clock_leads_nowhere(line, until, at):
    """Nobody jumps to a quarter past ten in an hour of film."""
    assert excerpt(line, (), ("budget",), until=until)[1] == at


@given(st.text(), st.lists(st.text(), max_size=3), st.lists(st.text(min_size=1), max_size=3))
def test_no_text_is_a_fault(text, others, words):
    """Whatever stands in a transcript or is looked for; nothing is made up."""
    hit, _at = excerpt(text, others, words)
    plain = hit.strip("…").replace("«", "").replace("»", "")
    everything = "\n".join((text, *others)).replace("«", "").replace("»", "").replace("…", "")
    assert plain.replace("…", "") in everything
