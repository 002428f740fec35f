"""The tray's menu: made of what there is to show, and what each of its entries asks for."""

import itertools
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.tray.desk import FakeDesk, active_of, recents, snapshot_of, view_of
from zoomsync_agent.core.account import Account, AccountState
from zoomsync_agent.core.job import Step
from zoomsync_agent.core.snapshot import Active, AgentState, Rows
from zoomsync_agent.tray import looks, menu, words
from zoomsync_agent.tray.actions import perform, seconds_until_tomorrow
from zoomsync_agent.tray.desk import Recent
from zoomsync_agent.tray.looks import STEPS, Face, Look
from zoomsync_agent.tray.menu import Action

texts = st.text(max_size=150)
actives = st.builds(
    Active,
    job_id=st.integers(1, 9),
    file_name=texts,
    meeting_title=texts,
    step=st.sampled_from(Step),
    size=st.integers(0, 2**40),
    sent=st.integers(-5, 2**41),
)
snapshots = st.builds(
    snapshot_of,
    st.sampled_from(AgentState),
    texts,
    active=st.lists(actives, max_size=5).map(tuple),
    is_paused=st.booleans(),
    is_watching=st.booleans(),
    account=st.just(Account(AccountState.SIGNED_OUT)),
    counts=st.dictionaries(st.sampled_from(["failed", "blocked"]), st.integers(0, 3)),
    rows=st.builds(Rows, refused=st.integers(0, 2)),
)
times = st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 4e9)
views = st.builds(
    view_of,
    snapshots,
    recent=st.lists(st.builds(Recent, texts, texts, times), max_size=7).map(tuple),
    zoom_who=texts,
    can_sign_in=st.booleans(),
    has_archive_folder=st.booleans(),
    is_at_login=st.none() | st.booleans(),
    profile=texts,
    is_held=st.booleans(),
)


def shown(view):
    """Return the entries of a menu by their keys."""
    return {entry.key: entry for entry in menu.walk(menu.build(view, UTC))}


@given(views, texts)
def test_every_menu_is_well_made(view, trouble):
    """Whatever there is to show: keys are unique, one default, and labels fit on their line."""
    entries = menu.with_trouble(menu.build(view), trouble)
    every = list(menu.walk(entries))
    assert len({entry.key for entry in every}) == len(every)
    assert [entry.key for entry in every if entry.is_default] == ["page"]
    assert [entry.key for entry in every if entry.action is Action.QUIT] == ["quit"]
    for entry in every:
        assert len(entry.label) <= words.LONGEST
        assert entry.label == entry.label.strip()
        assert not [one for one in entry.label if unicodedata.category(one) in ("Cc", "Cf", "Cs")]
        assert entry.label.encode() or entry.is_separator
        if not entry.is_separator:
            assert entry.action is not None or entry.children or not entry.is_enabled
    tops = [entry.is_separator for entry in entries]
    assert not tops[0]
    assert not tops[-1]
    assert (True, True) not in itertools.pairwise(tops)


@given(views, views)
def test_a_key_means_the_same_in_every_menu(one, other):
    """An open menu is changed in place, so what stands at a key is always of the same kind."""
    first, second = shown(one), shown(other)
    for key in first.keys() & second.keys():
        assert first[key].is_separator == second[key].is_separator


@given(views)
def test_every_look_can_be_drawn(view):
    """The ring is within its steps, and the letter is one."""
    look = looks.look_of(view)
    assert 0 <= look.step <= STEPS
    assert len(look.letter) <= 1
    assert look.step == 0 or look.face is Face.WORKING


def test_the_menu_of_a_usual_day():
    """In the order in which people look for things."""
    entries = menu.build(view_of(), UTC)
    assert [entry.label for entry in entries] == [
        "All finished recordings are safe: 12 files (3.4 GB).",
        "",
        "Open status page",
        "Open archive folder",
        "Last recordings",
        "",
        "Stop monitoring",
        "Pause for 1 hour",
        "Pause until tomorrow, 8:00",
        "Change recordings folder…",
        "",
        "Signed in to Zoom as you@example.org",
        "Start at login",
        "",
        "Quit",
    ]
    assert [one.label for one in entries[4].children] == [
        "Weekly planning · 13 Nov",
        "Interview with R. & J. · 12 Nov",
        "board_meeting · 11 Nov",
        "Retrospective · 10 Nov",
        "Demo · 9 Nov",
    ]


def test_what_is_on_its_way_is_named_with_its_share():
    """Two files by name, the rest as a number; a long title gives way, the share does not."""
    active = (active_of(42), active_of(7, title="A" * 80), active_of(1), active_of(2))
    entries = shown(view_of(snapshot_of(AgentState.WORKING, active=active)))
    assert entries["file-0"].label == "Uploading Weekly planning · 42 %"
    assert entries["file-1"].label.endswith("A… · 7 %")
    assert len(entries["file-1"].label) == words.LONGEST
    assert entries["file-more"].label == "and 2 more"


def test_start_and_stop_take_turns():
    """What can be asked for is what would change something."""
    assert shown(view_of())["watch"].action is Action.REST
    resting = shown(view_of(snapshot_of(is_watching=False)))["watch"]
    assert (resting.label, resting.action) == ("Start monitoring", Action.WATCH)


def test_resume_stands_where_the_pauses_were():
    """Paused: the only thing to ask for is to go on."""
    entries = shown(view_of(snapshot_of(AgentState.PAUSED, is_paused=True)))
    assert entries["resume"].action is Action.RESUME
    assert not {"pause-hour", "pause-tomorrow"} & entries.keys()


def test_signing_in_is_offered_to_whom_it_is_new():
    """Else it says who is signed in."""
    assert shown(view_of(zoom_who=""))["zoom"].action is Action.SIGN_IN
    assert shown(view_of(zoom_who="", can_sign_in=False))["zoom"].label == "Set up Zoom's cloud…"
    assert shown(view_of())["zoom"].argument == "ui/settings"


@pytest.mark.parametrize("is_on", [True, False])
def test_start_at_login_is_checked_as_it_is(is_on):
    """A click asks for the other."""
    entry = shown(view_of(is_at_login=is_on))["login"]
    assert entry.is_checked is is_on
    assert entry.action is (Action.NOT_AT_LOGIN if is_on else Action.START_AT_LOGIN)
    assert "login" not in shown(view_of(is_at_login=None))


def test_the_setup_comes_first():
    """Nothing can be steered that has not begun; the default leads to the setup."""
    entries = shown(view_of(is_held=True))
    assert entries["page"].label == "Finish the setup…"
    assert not {"watch", "pause-hour", "folder"} & entries.keys()
    assert f"{entries['status-0'].label} {entries['status-1'].label}" == looks.SETUP_SENTENCE
    assert looks.look_of(view_of(is_held=True)).face is Face.NEEDS_YOU


def test_no_recordings_and_no_folder():
    """What cannot be opened is not offered."""
    entries = shown(view_of(recent=(), has_archive_folder=False))
    assert not entries["recent"].is_enabled
    assert "archive" not in entries


def test_profiles_are_named():
    """In the name of the icon, and where it is quit."""
    assert looks.name_of("work") == "zoomsync (work)"
    assert shown(view_of(profile="work"))["quit"].label == "Quit zoomsync (work)"
    assert looks.look_of(view_of(profile="work")).letter == "W"
    assert [looks.letter_of(one) for one in ("ärzte", "日本", "")] == ["A", "*", ""]


@pytest.mark.parametrize(
    ("action", "argument", "call"),
    [
        (Action.OPEN_PAGE, "", "open_page"),
        (Action.OPEN_PAGE, "ui/settings", "open_page ui/settings"),
        (Action.OPEN_ARCHIVE, "", "open_archive"),
        (Action.OPEN_RECORDING, "rec-1", "open_recording rec-1"),
        (Action.WATCH, "", "watch True"),
        (Action.REST, "", "watch False"),
        (Action.PAUSE_HOUR, "", "pause 3600"),
        (Action.PAUSE_TOMORROW, "", "pause 36000"),
        (Action.RESUME, "", "resume"),
        (Action.CHOOSE_FOLDER, "", "choose_folder"),
        (Action.SIGN_IN, "", "sign_in_zoom"),
        (Action.START_AT_LOGIN, "", "set_at_login True"),
        (Action.NOT_AT_LOGIN, "", "set_at_login False"),
        (Action.QUIT, "", "end"),
    ],
)
def test_an_action_does_what_it_says(action, argument, call):
    """And nothing else."""
    desk = FakeDesk()
    perform(desk, action, argument, now=datetime(2026, 11, 29, 22, tzinfo=UTC))
    assert desk.calls == [call]


def test_every_action_is_somewhere_and_is_known():
    """No action without an entry, and none that nobody performs."""
    views_of_all = [
        view_of(),
        view_of(zoom_who="", is_at_login=True),
        view_of(snapshot_of(is_paused=True, is_watching=False)),
    ]
    offered = {entry.action for view in views_of_all for entry in shown(view).values()} - {None}
    assert offered == set(Action)
    for action in Action:
        desk = FakeDesk()
        perform(desk, action)
        assert len(desk.calls) == 1


def test_tomorrow_begins_at_eight():
    """Of the next day, in the zone of the machine; in the small hours too."""
    zone = timezone(timedelta(hours=2))
    assert seconds_until_tomorrow(datetime(2026, 3, 1, 23, tzinfo=zone)) == 9 * 3600
    assert seconds_until_tomorrow(datetime(2026, 3, 1, 1, tzinfo=zone)) == 31 * 3600


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Paused; nothing waits. Go on: zoomsync resume", "Paused; nothing waits."),
        (
            "The agent is not running; 2 files safe. Start it: zoomsync run",
            "The agent is not running; 2 files safe.",
        ),
        (
            "It rests until you start it again (zoomsync monitor start). 2 files safe.",
            "It rests until you start it again. 2 files safe.",
        ),
        (
            "/x is missing; or choose another one: zoomsync config set recordings_path FOLDER.",
            "/x is missing.",
        ),
        ("a\x00b\u202ec\n d", "a b c d."),
        ("", ""),
    ],
)
def test_commands_are_not_for_menus(said, shown):
    """Who reads a menu clicks; and there is one line."""
    assert words.sentence(said) == shown


@given(texts, st.integers(1, 4), st.integers(5, 60))
def test_lines_lose_nothing_but_the_end(text, most, longest):
    """No line is too long, and what is there is what was said."""
    said = words.plain(text)
    found = words.lines(said, most, longest)
    assert 1 <= len(found) <= most
    assert all(len(line) <= longest for line in found)
    assert said.startswith(" ".join(found).rstrip("…").rstrip())


@given(st.text(max_size=80), st.integers(2, 70))
def test_windows_counts_halves(text, units):
    """Never more units than fit, and never half a character."""
    found = words.cut_utf16(words.plain(text), units)
    assert len(found.encode("utf-16-le")) // 2 <= units


def test_a_sentence_ends_its_line():
    """It is broken where people would."""
    said = "Sign in to Zoom again: its cloud takes no token. 12 files safe (3.4 GB)."
    assert words.lines(said) == [
        "Sign in to Zoom again: its cloud takes no token.",
        "12 files safe (3.4 GB).",
    ]


def test_files_that_failed_for_good_are_an_error():
    """Where anything waits for somebody, that is what is said."""
    failed = snapshot_of(AgentState.NEEDS_YOU, counts={"failed": 2})
    assert looks.look_of(view_of(failed)).face is Face.ERROR
    both = snapshot_of(AgentState.NEEDS_YOU, counts={"failed": 2, "blocked": 1})
    assert looks.look_of(view_of(both)).face is Face.NEEDS_YOU
    gone = snapshot_of(AgentState.NEEDS_YOU, counts={"failed": 2}, root_problem="missing")
    assert looks.look_of(view_of(gone)).face is Face.NEEDS_YOU


def test_the_ring_shows_all_that_is_on_its_way():
    """Half of both together is half of the ring."""
    active = (active_of(100), active_of(0))
    view = view_of(snapshot_of(AgentState.WORKING, active=active))
    assert looks.look_of(view) == Look(Face.WORKING, STEPS // 2)


def test_five_recordings_at_most():
    """Whatever the desk hands over."""
    assert len(shown(view_of(recent=recents(7)))["recent"].children) == 5
