"""When a file is finished: the rules, one by one and all together."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoomsync_agent.core.readiness import (
    STALLED_SECONDS,
    TEXT_QUIET_SECONDS,
    Completeness,
    Conversion,
    Facts,
    Reason,
    Structure,
    Verdict,
    decide,
    decide_folder,
    decide_unopened,
    is_worth_probing,
    label,
    printable,
    sentence,
)

RAW = "double_click_to_convert_01.zoom"
HALF = "video1411111111.mp4.tmp"
PROVEN = Structure(Completeness.PROVEN, "its parts add up", 3.0)
FILM = Facts(name="video1.mp4", size=1000, is_media=True, structure=PROVEN)
TEXT = Facts(name="chat.txt", size=50, is_media=False, media_ready=True)
CONVERTING = Conversion(raw=(RAW,), unfinished=(HALF,), percent=37, changed_seconds=5)


def structure(completeness):
    """Return FILM with another answer of the probe."""
    return replace(FILM, structure=Structure(Completeness(completeness), "say why"))


# --- what the directory tells ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_link": True}, Reason.LINK),
        ({"is_regular": False}, Reason.FOREIGN),
        ({"is_placeholder": True}, Reason.PLACEHOLDER),
        ({"size": 0}, Reason.EMPTY),
        ({"is_link": True, "is_placeholder": True, "size": 0}, Reason.LINK),
        ({"is_placeholder": True, "conversion": CONVERTING}, Reason.PLACEHOLDER),
        ({"size": 0, "conversion": CONVERTING}, Reason.CONVERTING),
    ],
)
def test_some_files_are_never_opened(change, reason):
    """What the directory entry says is enough, and comes before everything else."""
    facts = replace(FILM, **change)
    assert decide_unopened(facts).reason is reason
    assert decide(facts) == decide_unopened(facts)


def test_an_ordinary_file_must_be_looked_into():
    """Nothing in the directory can say that a film is whole."""
    assert decide_unopened(FILM) is None
    assert decide(FILM) == Verdict(Reason.READY, detail="its parts add up")


# --- conversion ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conversion", "reason", "percent"),
    [
        (CONVERTING, Reason.CONVERTING, 37),
        (replace(CONVERTING, changed_seconds=STALLED_SECONDS - 1), Reason.CONVERTING, 37),
        (replace(CONVERTING, changed_seconds=STALLED_SECONDS), Reason.NEEDS_CONVERSION, 37),
        (Conversion(unfinished=(HALF,), changed_seconds=1), Reason.CONVERTING, None),
        (Conversion(percent=0, changed_seconds=1), Reason.CONVERTING, 0),
        (Conversion(percent=0), Reason.NEEDS_CONVERSION, 0),
        (Conversion(raw=(RAW,), percent=0, changed_seconds=1), Reason.RECORDING, None),
        (Conversion(raw=(RAW,), changed_seconds=1, has_media=True), Reason.CONVERTING, None),
        (Conversion(raw=(RAW,), percent=1, changed_seconds=1), Reason.CONVERTING, 1),
    ],
)
def test_a_conversion_holds_every_file_that_zoom_does_not_vouch_for(conversion, reason, percent):
    """Whole or not: while Zoom has not finished, a film beside its raw data is not taken."""
    verdict = decide(replace(FILM, conversion=conversion))
    assert (verdict.reason, verdict.percent) == (reason, percent)
    assert decide_folder(conversion) == verdict


def test_zooms_own_word_outweighs_what_lies_beside():
    """Part 1 at 100 is taken although part 2 was never converted."""
    held = replace(FILM, conversion=replace(CONVERTING, changed_seconds=math.inf))
    assert decide(held).reason is Reason.NEEDS_CONVERSION
    assert decide(replace(held, named_percent=100)).is_ready
    assert decide(replace(held, named_percent=99)) == replace(decide(held), percent=99)


def test_zooms_own_word_does_not_make_a_cut_film_whole():
    """100 per cent and bytes missing: the bytes decide."""
    facts = replace(structure("incomplete"), named_percent=100)
    assert decide(facts).reason is Reason.INCOMPLETE


def test_a_stalled_conversion_is_looked_at_in_time():
    """The next look comes at the latest when the conversion counts as stalled."""
    nearly = replace(CONVERTING, changed_seconds=STALLED_SECONDS - 3)
    assert decide_folder(nearly).recheck_seconds == pytest.approx(3)
    assert decide_folder(CONVERTING).recheck_seconds <= 60
    assert decide_folder(replace(CONVERTING, changed_seconds=math.inf)).recheck_seconds is None


def test_a_folder_without_raw_data_has_no_verdict():
    """Nothing stands, nothing is said."""
    assert decide_folder(Conversion(has_media=True)) is None


def test_a_note_that_is_being_written_is_waited_for():
    """recording.conf could not be read a moment ago: Zoom may be writing it."""
    fresh = Conversion(is_conf_unreadable=True, changed_seconds=4)
    verdict = decide(replace(FILM, conversion=fresh))
    assert (verdict.reason, verdict.recheck_seconds) == (Reason.SETTLING, 6)
    assert "recording.conf" in sentence(verdict)
    assert decide(replace(FILM, conversion=replace(fresh, changed_seconds=11))).is_ready


# --- open elsewhere, structure, quiet ----------------------------------------------------------


def test_a_writer_is_waited_for_even_if_the_film_looks_whole():
    """A film that is rewritten in place adds up while it is wrong."""
    verdict = decide(replace(FILM, is_held=True, unchanged_seconds=3))
    assert (verdict.reason, verdict.recheck_seconds) == (Reason.OPEN_ELSEWHERE, 1)
    later = decide(replace(FILM, is_held=True, unchanged_seconds=300))
    assert later.recheck_seconds > 1


def test_a_program_that_never_lets_go_does_not_hold_a_whole_film_for_ever():
    """Whole, and untouched for ten minutes: an open editor is no reason to wait."""
    facts = replace(FILM, is_held=True, unchanged_seconds=STALLED_SECONDS)
    assert is_worth_probing(facts)
    assert decide(facts).is_ready
    unknown = replace(structure("unknown"), is_held=True, unchanged_seconds=1e6)
    assert decide(unknown).reason is Reason.OPEN_ELSEWHERE


@pytest.mark.parametrize(("unchanged", "left"), [(0, 10), (9.5, 0.5), (10, None), (99, None)])
def test_without_proof_a_film_must_stand_still(unchanged, left):
    """What cannot be proven is taken after the quiet period, and not a moment before."""
    verdict = decide(replace(structure("unknown"), unchanged_seconds=unchanged))
    assert verdict.recheck_seconds == left
    assert verdict.is_ready is (left is None)
    assert decide(replace(FILM, structure=None, unchanged_seconds=unchanged)).is_ready is (
        verdict.is_ready
    )


@pytest.mark.parametrize(("unchanged", "recheck"), [(0, 1), (20, 20), (500, 60), (600, None)])
def test_a_cut_film_is_looked_at_less_and_less(unchanged, recheck):
    """A growing file is looked at soon; one that nobody adds to, only when it changes."""
    verdict = decide(replace(structure("incomplete"), unchanged_seconds=unchanged))
    assert (verdict.reason, verdict.recheck_seconds) == (Reason.INCOMPLETE, recheck)
    assert ("10 minutes" in sentence(verdict)) is (recheck is None)


def test_foreign_and_empty_content_is_told():
    """The probe's other answers have their own reasons."""
    assert decide(structure("foreign")) == Verdict(Reason.FOREIGN, detail="say why")
    assert decide(structure("empty")).reason is Reason.EMPTY


def test_an_unreadable_file_is_looked_at_again():
    """Permissions change without any event."""
    verdict = decide(replace(FILM, read_error="Permission denied"))
    assert verdict.reason is Reason.UNREADABLE
    assert verdict.recheck_seconds
    assert "Permission denied" in sentence(verdict)


def test_a_file_that_changes_under_the_look_is_looked_at_again():
    """Listed as one file and opened as another: nothing is concluded."""
    verdict = decide(replace(FILM, is_changing=True, unchanged_seconds=99))
    assert verdict.reason is Reason.SETTLING
    assert verdict.recheck_seconds


# --- text --------------------------------------------------------------------------------------


def test_text_waits_for_the_recording_beside_it():
    """Captions alone are no recording."""
    alone = replace(TEXT, media_ready=False, unchanged_seconds=1e6)
    assert decide(alone) == Verdict(Reason.WAITS_FOR_MEDIA)


def test_text_is_not_taken_while_zoom_is_at_work():
    """The chat grows as long as the meeting lasts."""
    assert decide(replace(TEXT, conversion=CONVERTING)).reason is Reason.CONVERTING


def test_text_does_not_wait_for_a_part_that_was_never_converted():
    """Part 1 is ready, part 2 lies there for days: the chat belongs to part 1 as well."""
    stalled = replace(CONVERTING, changed_seconds=1e5)
    assert decide(replace(TEXT, conversion=stalled, unchanged_seconds=60)).is_ready


@pytest.mark.parametrize(
    ("held", "unchanged", "reason"),
    [
        (False, TEXT_QUIET_SECONDS, Reason.READY),
        (False, 1, Reason.SETTLING),
        (None, TEXT_QUIET_SECONDS, Reason.SETTLING),
        (None, 10, Reason.READY),
        (True, 1e6, Reason.OPEN_ELSEWHERE),
    ],
)
def test_text_needs_little_quiet_where_nobody_has_it_open(held, unchanged, reason):
    """Text cannot prove its end; knowing that its writer is gone is nearly as good."""
    assert decide(replace(TEXT, is_held=held, unchanged_seconds=unchanged)).reason is reason


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words(reason):
    """No reason is left without a label and a sentence, with or without details."""
    for verdict in (Verdict(reason), Verdict(reason, 63, 4.2, "its index is {missing}")):
        assert label(verdict)
        assert len(label(verdict)) <= 40
        assert sentence(verdict).endswith(".")
        assert "no reason is known" not in sentence(Verdict(reason, detail="x"))


def test_labels_carry_the_figure_that_people_wait_for():
    """Per cent and seconds are in the label."""
    assert label(Verdict(Reason.CONVERTING, percent=63)) == "Converting, 63 %"
    assert label(Verdict(Reason.CONVERTING)) == "Converting"
    assert label(Verdict(Reason.SETTLING, recheck_seconds=4.2)) == "Waiting for 5 s of quiet"
    assert sentence(Verdict(Reason.CONVERTING, percent=63)).startswith("Converting, 63 %: Zoom")


def test_the_way_to_convert_names_the_file():
    """People are told which file to double-click, and nothing to double-click where none is."""
    with_raw = sentence(Verdict(Reason.NEEDS_CONVERSION, detail=RAW))
    assert f"double-click “{RAW}”" in with_raw
    without = sentence(Verdict(Reason.NEEDS_CONVERSION, detail=HALF))
    assert "double-click" not in without
    assert HALF in without


@given(st.text(st.characters(exclude_categories=())))
def test_details_can_always_be_stored(name):
    """A file name that is no valid text is shown with replacement characters."""
    assert printable(name).encode().decode() == printable(name)
    assert len(printable(name)) == len(name)


# --- all together ------------------------------------------------------------------------------

SECONDS = st.floats(0, 1e9) | st.just(math.inf)
NAMES = st.lists(st.text(min_size=1, max_size=9), max_size=2).map(tuple)
CONVERSIONS = st.builds(
    Conversion,
    raw=NAMES,
    unfinished=NAMES,
    percent=st.none() | st.integers(0, 99),
    is_conf_unreadable=st.booleans(),
    has_media=st.booleans(),
    changed_seconds=SECONDS,
)
FACTS = st.builds(
    Facts,
    name=st.text(max_size=9),
    size=st.integers(0, 1 << 40),
    is_media=st.booleans(),
    is_link=st.booleans(),
    is_regular=st.booleans(),
    is_placeholder=st.booleans(),
    conversion=CONVERSIONS,
    named_percent=st.none() | st.integers(0, 100),
    media_ready=st.booleans(),
    is_changing=st.booleans(),
    unchanged_seconds=SECONDS,
    quiet_seconds=st.floats(0, 3600),
    read_error=st.sampled_from(["", "Permission denied"]),
    is_held=st.sampled_from([True, False, None]),
    structure=st.none() | st.builds(Structure, st.sampled_from(Completeness), st.text(max_size=9)),
)


@settings(max_examples=500)
@given(FACTS)
def test_any_facts_give_one_verdict_with_words(facts):
    """There is no combination without an answer, and none without a sentence."""
    verdict = decide(facts)
    assert verdict.reason in Reason
    assert label(verdict)
    assert sentence(verdict)
    assert verdict.recheck_seconds is None or verdict.recheck_seconds > 0


@settings(max_examples=500)
@given(FACTS)
def test_a_ready_file_has_nothing_against_it(facts):
    """Whatever else is true: ready means here, whole, readable and vouched for."""
    if not decide(facts).is_ready:
        return
    assert facts.size > 0
    assert facts.is_regular
    for trouble in (facts.is_link, facts.is_placeholder, facts.read_error, facts.is_changing):
        assert not trouble
    if facts.is_media:
        assert facts.named_percent == 100 or not facts.conversion.stands
        bad = {Completeness.INCOMPLETE, Completeness.FOREIGN, Completeness.EMPTY}
        assert facts.structure is None or facts.structure.completeness not in bad
    else:
        assert facts.media_ready
        assert not facts.is_held


@settings(max_examples=300)
@given(FACTS, st.integers(0, 99), st.none() | st.integers(0, 99))
def test_nothing_is_taken_against_zooms_note(facts, pending, named):
    """With an item below 100 no film is taken that the note does not name at 100."""
    conversion = replace(facts.conversion, percent=pending)
    facts = replace(facts, is_media=True, conversion=conversion, named_percent=named)
    assert not decide(facts).is_ready
