"""From a sighting to a job, once; and what counts as history."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.stores import MemoryState, queue_database, sighting
from zoomsync_agent.core.job import State
from zoomsync_agent.core.readiness import Reason
from zoomsync_agent.core.recording import Kind
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.intake import BACKLOG, LIVE, Intake
from zoomsync_agent.store.files import SqliteFileStore
from zoomsync_agent.store.jobs import SqliteJobStore

ROOT = Path("/recordings")
DAY = 86_400.0


class Desk:
    """An intake over a real queue; a new one each time the agent starts."""

    def __init__(self, folder):
        self.clock = ManualClock()
        self.db = queue_database(folder / "agent.db")
        self.jobs = SqliteJobStore(self.db)
        self.files = SqliteFileStore(self.db)
        self.state = MemoryState()
        self.bell = Bell()
        self.problems = []
        self.inodes = {}

    def start(self, backfill="none"):
        """Start an agent."""
        self.intake = Intake(
            self.files,
            self.jobs,
            self.state,
            destinations=("folder",),
            backfill=backfill,
            clock=self.clock,
            bell=self.bell,
            on_problem=self.problems.append,
        )
        self.intake.root_state(ROOT, "")

    def see(self, name, age=0.0, **kwargs):
        """Let a ready file of that age in seconds be seen."""
        self.intake.seen([self.sighting(name, age, **kwargs)])

    def sighting(self, name, age=0.0, *, inode=None, **kwargs):
        """Return the sighting of a ready file; every name is a file of its own."""
        inode = self.inodes.setdefault(name, len(self.inodes) + 100) if inode is None else inode
        mtime = self.clock.now() - age
        return sighting(ROOT / name, root=ROOT, mtime=mtime, inode=inode, **kwargs)

    def reasons(self):
        """Return the verdict about every file that is there, by name."""
        rows = self.db.query("SELECT path, verdict FROM files WHERE gone = 0")
        return {Path(row["path"].decode()).name: row["verdict"] for row in rows}

    def sweep(self, *names, age=0.0):
        """Look through the whole folder."""
        for name in names:
            self.see(name, age)
        self.intake.swept(ROOT)

    def queued(self):
        """Return the priority of every job by file name."""
        rows = self.db.query(
            "SELECT path, priority FROM jobs JOIN files ON files.id = file_id ORDER BY jobs.id"
        )
        return {Path(row["path"].decode()).name: row["priority"] for row in rows}


@pytest.fixture
def desk(tmp_path):
    """Give an intake that is about to be started for the first time."""
    one = Desk(tmp_path)
    yield one
    one.db.close()


@pytest.mark.parametrize(
    ("backfill", "taken"),
    [
        ("all", {"day.mp4", "week.mp4", "year.mp4"}),
        ("none", set()),
        (3, {"day.mp4"}),
        (30, {"day.mp4", "week.mp4"}),
        (0, set()),
    ],
)
def test_history_is_taken_as_the_user_chose(desk, backfill, taken):
    """All of it, none, or the last days; what is taken comes after everything new."""
    desk.start(backfill)
    for name, days in (("day.mp4", 1), ("week.mp4", 7), ("year.mp4", 365)):
        desk.see(name, days * DAY)
    desk.intake.swept(ROOT)
    assert desk.queued() == dict.fromkeys(taken, BACKLOG)
    left = desk.db.query("SELECT count(*) AS n FROM files WHERE verdict = 'history'")[0]["n"]
    assert left == 3 - len(taken)


def test_the_days_count_from_the_meeting(desk):
    """A file that was copied here yesterday holds a meeting of last year."""
    desk.start(3)
    desk.see("copied.mp4", 1.0, started_at=desk.clock.now() - 365 * DAY)
    assert desk.queued() == {}


def test_after_the_first_sweep_everything_new_is_new(desk):
    """Whatever its date: somebody has put it there."""
    desk.start()
    desk.sweep("old.mp4", age=DAY)
    desk.see("moved-in.mp4", 365 * DAY)
    desk.see("fresh.mp4")
    assert desk.queued() == {"moved-in.mp4": LIVE, "fresh.mp4": LIVE}


def test_history_stays_history(desk):
    """A later sweep does not report what is settled, and a restart changes nothing."""
    desk.start()
    desk.sweep("old.mp4", age=DAY)
    desk.start()
    assert desk.intake.known(ROOT)[str(ROOT / "old.mp4")].is_settled


def test_a_recording_that_ends_during_the_first_sweep_is_taken(desk):
    """It appeared while the agent was there already."""
    desk.start()
    desk.see("old.mp4", DAY)
    desk.clock.advance(5.0)
    desk.see("fresh.mp4")
    desk.clock.advance(5.0)
    desk.intake.swept(ROOT)
    assert desk.queued() == {"fresh.mp4": LIVE}


def test_a_recording_that_ends_before_the_first_look_is_taken(desk):
    """A large folder takes its time until the first files are reported; that is no history."""
    desk.start()
    desk.clock.advance(60.0)
    desk.see("fresh.mp4", age=10.0)
    assert desk.queued() == {"fresh.mp4": LIVE}


def test_a_crash_in_the_first_sweep_loses_nothing(desk):
    """The first start is the first start: what came since then is new, what was before is not."""
    desk.start()
    desk.see("old.mp4", DAY)
    desk.clock.advance(3_600.0)
    desk.start()
    desk.see("between.mp4", 1_800.0)
    desk.see("older.mp4", DAY)
    desk.intake.swept(ROOT)
    assert desk.queued() == {"between.mp4": LIVE}


def test_a_new_choice_is_applied_at_the_next_sweep(desk):
    """From nothing to everything, and back for what has not begun."""
    desk.start("none")
    desk.sweep("a.mp4", "b.mp4", age=DAY)
    desk.see("new.mp4")
    desk.jobs.reopen_history()
    desk.state.set(f"swept:{ROOT}", None)
    desk.start("all")
    assert not desk.intake.known(ROOT)[str(ROOT / "a.mp4")].is_settled
    desk.sweep("a.mp4", "b.mp4", age=DAY)
    assert desk.queued() == {"new.mp4": LIVE, "a.mp4": BACKLOG, "b.mp4": BACKLOG}
    desk.jobs.reopen_history()
    desk.state.set(f"swept:{ROOT}", None)
    desk.start("none")
    desk.sweep("a.mp4", "b.mp4", age=DAY)
    assert desk.queued() == {"new.mp4": LIVE}


def test_two_folders_have_a_history_each(desk):
    """A recordings folder that is chosen later begins with a first sweep of its own."""
    desk.start()
    desk.sweep("old.mp4", age=DAY)
    other = Path("/other")
    seen = sighting(other / "old.mp4", root=other, mtime=desk.clock.now() - DAY)
    desk.intake.seen([seen])
    assert desk.queued() == {}


def test_what_was_not_ready_at_the_first_sweep_is_history_too(desk):
    """It lay there before the first start; that its proof took longer changes nothing."""
    desk.start()
    for name, reason in (
        ("quiet.mp3", Reason.SETTLING),
        ("cloud.mp4", Reason.PLACEHOLDER),
        ("closed.mp4", Reason.UNREADABLE),
    ):
        desk.see(name, DAY, reason=reason)
    desk.intake.swept(ROOT)
    desk.start()
    for name in ("quiet.mp3", "cloud.mp4", "closed.mp4"):
        desk.see(name, DAY)
    assert desk.queued() == {}
    assert desk.reasons() == dict.fromkeys(("quiet.mp3", "cloud.mp4", "closed.mp4"), "history")


def test_what_was_being_written_at_the_first_sweep_is_new(desk):
    """It was finished after the first start."""
    desk.start()
    desk.see("growing.mp4", 1.0, reason=Reason.INCOMPLETE)
    desk.intake.swept(ROOT)
    desk.clock.advance(60.0)
    desk.see("growing.mp4", size=20)
    assert desk.queued() == {"growing.mp4": LIVE}


def test_another_file_at_the_place_of_history_is_new(desk):
    """The old one is gone; somebody has put this one there."""
    desk.start()
    desk.sweep("a.mp4", age=DAY)
    desk.intake.gone([str(ROOT / "a.mp4")])
    desk.see("a.mp4", 2 * DAY, size=20, inode=2)
    assert desk.queued() == {"a.mp4": LIVE}


def test_history_that_is_moved_away_and_back_is_history(desk):
    """The same file at the same place is no newer."""
    desk.start()
    desk.sweep("a.mp4", age=DAY)
    desk.intake.gone([str(ROOT / "a.mp4")])
    desk.see("a.mp4", DAY)
    assert desk.queued() == {}


def test_a_copy_of_history_is_new(desk, tmp_path):
    """The original is still there, so this is not the original under another name."""
    original = tmp_path / "a.mp4"
    original.write_bytes(b"x")
    desk.start()
    desk.see(original, DAY, inode=7)
    desk.intake.swept(ROOT)
    desk.see("copy.mp4", DAY, inode=7)
    assert desk.queued() == {"copy.mp4": LIVE}


@pytest.mark.parametrize(
    ("backfill", "text"), [("none", {}), ("all", {"late.txt": BACKLOG}), (3, {})]
)
@pytest.mark.parametrize("is_one_batch", [True, False])
def test_a_text_follows_the_media_of_its_meeting(desk, backfill, text, is_one_batch):
    """A chat that comes late to a meeting that was left out is left out too."""
    desk.start(backfill)
    media = desk.sighting("a.mp4", 30 * DAY, meeting="m", inode=1)
    if not is_one_batch:
        desk.intake.seen([media])
        desk.intake.swept(ROOT)
    desk.clock.advance(60.0)
    late = desk.sighting("late.txt", meeting="m", kind=Kind.CHAT, inode=2)
    desk.intake.seen([late] if not is_one_batch else [media, late])
    assert {n: p for n, p in desk.queued().items() if n == "late.txt"} == text


def test_an_old_text_of_a_new_recording_goes_with_it(desk):
    """The recording is taken, and so is what belongs to it."""
    desk.start()
    desk.see("chat.txt", DAY, meeting="m", kind=Kind.CHAT, reason=Reason.WAITS_FOR_MEDIA, inode=1)
    desk.intake.swept(ROOT)
    desk.clock.advance(60.0)
    desk.see("a.mp4", meeting="m", inode=2)
    desk.see("chat.txt", DAY + 60.0, meeting="m", kind=Kind.CHAT, inode=1)
    assert desk.queued() == {"a.mp4": LIVE, "chat.txt": LIVE}


def test_what_is_not_ready_is_only_remembered(desk):
    """Ready is ready the moment it is; until then nobody is woken."""
    desk.start("all")
    desk.see("a.mp4", reason=Reason.CONVERTING)
    assert (desk.queued(), desk.bell.rings) == ({}, 0)
    desk.see("a.mp4")
    assert (list(desk.queued()), desk.bell.rings) == (["a.mp4"], 1)
    desk.see("a.mp4")
    assert desk.bell.rings == 1


def test_what_is_gone_is_not_known_any_more(desk):
    """And nothing said is nothing done."""
    desk.start("all")
    desk.see("a.mp4")
    desk.intake.gone([])
    desk.intake.seen([])
    desk.intake.gone([str(ROOT / "a.mp4")])
    assert desk.intake.known(None) == {}
    assert desk.jobs.counts()[State.READY] == 1


def test_a_problem_of_the_folder_is_told_once(desk):
    """When it comes, when it changes and when it is over."""
    desk.start()
    for problem in ("", "missing", "missing", "denied", "", ""):
        desk.intake.root_state(ROOT, problem)
    assert desk.problems == ["missing", "denied", ""]


def test_a_folder_whose_name_is_not_text_has_a_history_too(desk):
    """The name of a fact is text in any case."""
    root = Path("/caf\udce9")
    desk.start()
    desk.intake.root_state(root, "missing")
    seen = replace(sighting(root / "a.mp4"), root=root)
    desk.intake.seen([seen])
    desk.intake.swept(root)
    for name in desk.state.values:
        name.encode()
