"""The settler over a real folder and a real queue, one look at a time and without events."""

import logging
import os
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace

import pytest
from watchdog import events

from tests.fakes import media
from tests.fakes.clock import ManualClock
from tests.fakes.stores import MemoryState, queue_database
from zoomsync_agent.core import naming
from zoomsync_agent.core.errors import TransientError
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.intake import Intake
from zoomsync_agent.sources import zoom_folder
from zoomsync_agent.sources.observer import Forwarder, Hint
from zoomsync_agent.sources.watch import FolderWatch
from zoomsync_agent.sources.zoom_folder import MAX_DEPTH, ZoomFolder
from zoomsync_agent.store import jobs as jobs_module
from zoomsync_agent.store.files import SqliteFileStore
from zoomsync_agent.store.jobs import SqliteJobStore

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")
QUIET = 10.0
YEAR_2400_NS = 13_569_465_600 * 10**9


class Desk:
    """A settler with its intake."""

    def __init__(self, place, monkeypatch):
        self.root = place / "Documents" / "Zoom"
        self.root.mkdir(parents=True)
        self.clock = ManualClock()
        self.db = queue_database(place / "agent.db")
        self.state = MemoryState()
        self.opened = []
        real = zoom_folder.open_to_read

        def open_to_read(path):
            self.opened.append(path)
            return real(path)

        monkeypatch.setattr(zoom_folder, "open_to_read", open_to_read)
        self.start("all")

    def start(self, backfill):
        """Start an agent; what it has in memory is new."""
        self.jobs = SqliteJobStore(self.db)
        intake = Intake(
            SqliteFileStore(self.db),
            self.jobs,
            self.state,
            destinations=("folder",),
            backfill=backfill,
            clock=self.clock,
            bell=Bell(),
        )
        self.intake = intake
        self.watch = FolderWatch(
            self.root,
            intake,
            clock=self.clock,
            zone=UTC,
            quiet_seconds=QUIET,
            sweep_seconds=3600.0,
            events=False,
        )

    def put(self, name, content=None, age=60.0):
        """Put a file there, complete by default, that was changed *age* seconds ago."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(media.mp4(name.encode()) if content is None else content)
        then = self.clock.now() - age
        os.utime(path, (then, then))
        return path

    def look(self, seconds=0.0):
        """Let *seconds* pass and do what is due."""
        self.clock.advance(seconds)
        self.watch._tick()

    def sweep(self):
        """Look through everything."""
        self.watch._take(Hint(None))
        self.look()

    def hint(self, folder, **kwargs):
        """Let an event have named *folder*, and look."""
        self.watch._take(Hint(folder, **kwargs))
        self.look(1.0)

    def queued(self):
        """Return the names of the files that have a job."""
        rows = self.db.query("SELECT path FROM jobs JOIN files ON files.id = file_id")
        return {Path(os.fsdecode(row["path"])).name for row in rows}

    def verdicts(self):
        """Return what is remembered of every file that is there, by name."""
        rows = self.db.query("SELECT path, verdict, detail FROM files WHERE gone = 0")
        return {Path(os.fsdecode(row["path"])).name: row["verdict"] for row in rows}

    def detail(self, name):
        """Return the detail of one file's verdict."""
        rows = self.db.query("SELECT path, detail FROM files")
        return next(row["detail"] for row in rows if os.fsdecode(row["path"]).endswith(name))

    def changes(self):
        """Return how many rows were ever written."""
        return self.db.connection().total_changes


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Give a settler that has not looked yet."""
    one = Desk(tmp_path, monkeypatch)
    yield one
    one.db.close()


# One odd file and the others -------------------------------------------------------------------


@pytest.mark.parametrize("mtime_ns", [YEAR_2400_NS, -(2**62)])
def test_a_time_that_no_column_holds_stops_nothing(desk, mtime_ns):
    """The file itself is taken too, and is settled afterwards."""
    odd = desk.put("odd.mp4")
    os.utime(odd, ns=(1, mtime_ns))
    desk.put("healthy.mp4")
    desk.sweep()
    assert desk.queued() == {"odd.mp4", "healthy.mp4"}
    opened = len(desk.opened)
    desk.sweep()
    assert len(desk.opened) == opened


def test_a_device_number_that_no_column_holds_stops_nothing(desk, monkeypatch):
    """Windows numbers volumes with 64 bits and no sign."""

    def status(item):
        real = item.stat(follow_symlinks=False)
        fields = {name: getattr(real, name) for name in dir(real) if name.startswith("st_")}
        return SimpleNamespace(**{**fields, "st_dev": 2**64 - 1})

    monkeypatch.setattr(zoom_folder, "_status", status)
    desk.put("a.mp4")
    desk.sweep()
    assert desk.queued() == {"a.mp4"}


def _odd_examine(monkeypatch):
    real = ZoomFolder.examine

    def examine(self, listing, entry, **facts):
        if entry.name == "odd.mp4":
            raise RuntimeError("a fault in the look")
        return real(self, listing, entry, **facts)

    monkeypatch.setattr(ZoomFolder, "examine", examine)


def _odd_naming(monkeypatch):
    real = naming.meeting

    def meeting(relative, **facts):
        if relative.name == "odd.mp4":
            raise RuntimeError("a fault in the look")
        return real(relative, **facts)

    monkeypatch.setattr(naming, "meeting", meeting)


def _odd_recording(monkeypatch):
    real = jobs_module.remember

    def remember(conn, one, now):
        if one.sighting.path.name == "odd.mp4" and one.verdict.is_ready:
            raise RuntimeError("a fault in the look")
        return real(conn, one, now)

    monkeypatch.setattr(jobs_module, "remember", remember)


@pytest.mark.parametrize("fault", [_odd_examine, _odd_naming, _odd_recording])
def test_a_fault_about_one_file_is_told_and_the_others_go_on(desk, monkeypatch, caplog, fault):
    """It cannot be read, with the reason; the log says it once, and a later look tries again."""
    with monkeypatch.context() as patched:
        fault(patched)
        desk.put("a.mp4")
        desk.put("odd.mp4")
        desk.put("z.mp4")
        with caplog.at_level(logging.ERROR):
            desk.sweep()
            desk.sweep()
        assert desk.queued() == {"a.mp4", "z.mp4"}
        assert desk.verdicts()["odd.mp4"] == "unreadable"
        assert "a fault in the look" in desk.detail("odd.mp4")
        assert len([one for one in caplog.records if "odd.mp4" in one.getMessage()]) == 1
    desk.sweep()
    assert desk.queued() == {"a.mp4", "odd.mp4", "z.mp4"}


def test_a_file_that_cannot_even_be_remembered_hides_no_other(desk, monkeypatch):
    """The others are taken."""
    real = jobs_module.remember

    def remember(conn, one, now):
        if one.sighting.path.name == "odd.mp4":
            raise OverflowError("too large for a column")
        return real(conn, one, now)

    monkeypatch.setattr(jobs_module, "remember", remember)
    for name in ("a.mp4", "odd.mp4", "z.mp4"):
        desk.put(name)
    desk.sweep()
    assert desk.queued() == {"a.mp4", "z.mp4"}


def test_a_queue_that_cannot_be_written_is_no_fault_of_a_file(desk, monkeypatch):
    """The supervisor learns of it; no file is blamed."""

    def refuse(*_args):
        raise TransientError("the database is busy")

    desk.put("a.mp4")
    monkeypatch.setattr(SqliteJobStore, "record", refuse)
    with pytest.raises(TransientError):
        desk.sweep()


# Where the agent looks, and where not ----------------------------------------------------------


def test_what_lies_beside_the_root_is_nobodys_business(desk):
    """An event on the root names the root: nothing above it is listed, opened or remembered."""
    private = desk.root.parent / "private.mp4"
    private.write_bytes(media.mp4(b"private"))
    desk.look()
    desk.put("a.mp4")
    forwarder = Forwarder(desk.watch._take)
    for event in (
        events.DirModifiedEvent(str(desk.root)),
        events.DirMovedEvent(str(desk.root), str(desk.root.parent / "away")),
        events.FileCreatedEvent(str(private)),
        events.DirCreatedEvent(str(desk.root.parent)),
    ):
        forwarder.dispatch(event)
    desk.look(1.0)
    assert desk.queued() == {"a.mp4"}
    assert private not in desk.opened
    assert set(desk.verdicts()) == {"a.mp4"}


def test_a_root_behind_a_link_is_named_by_its_real_path_too(desk, tmp_path):
    """MacOS reports real paths, whatever path was asked for."""
    link = tmp_path / "link"
    link.symlink_to(desk.root, target_is_directory=True)
    real, desk.root = desk.root, link
    desk.start("all")
    desk.look()
    desk.put("meeting/a.mp4")
    desk.hint(real.resolve() / "meeting")
    rows = desk.db.query("SELECT path FROM files")
    assert [os.fsdecode(row["path"]) for row in rows] == [str(link / "meeting" / "a.mp4")]


@pytest.mark.parametrize("is_new_folder", [True, False])
@pytest.mark.parametrize(
    "folder",
    [".Trash-1000/files", ".hidden", "meeting/.versions", "/".join("d" * (MAX_DEPTH + 1))],
)
def test_an_event_leads_nowhere_that_a_sweep_does_not_go(desk, folder, is_new_folder):
    """Hidden folders and those that are too deep are left out, whoever names them."""
    desk.look()
    path = desk.put(f"{folder}/x.mp4")
    desk.hint(path.parent, is_new_folder=is_new_folder)
    desk.sweep()
    assert (desk.verdicts(), desk.opened) == ({}, [])


@posix_only
@pytest.mark.parametrize("is_new_folder", [True, False])
def test_an_event_does_not_lead_through_a_link(desk, tmp_path, is_new_folder):
    """Neither the linked folder nor one below it is looked into."""
    elsewhere = tmp_path / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    (elsewhere / "x.mp4").write_bytes(media.mp4(b"x"))
    desk.look()
    (desk.root / "link").symlink_to(elsewhere.parent, target_is_directory=True)
    desk.hint(desk.root / "link" / "deep", is_new_folder=is_new_folder)
    desk.hint(desk.root / "link", is_new_folder=is_new_folder)
    assert (desk.verdicts(), desk.opened) == ({}, [])


def test_the_deepest_folder_of_a_sweep_is_looked_into_by_events_too(desk):
    """The limit is the same for both; below a new folder it is counted from the root."""
    desk.look()
    deepest = desk.put("/".join("d" * MAX_DEPTH) + "/in.mp4")
    desk.put("/".join("d" * (MAX_DEPTH + 1)) + "/out.mp4")
    desk.hint(desk.root / "d", is_new_folder=True)
    assert desk.queued() == {"in.mp4"}
    desk.put("/".join("d" * MAX_DEPTH) + "/next.mp4")
    desk.hint(deepest.parent)
    assert desk.queued() == {"in.mp4", "next.mp4"}


# The price of what cannot be taken yet ---------------------------------------------------------


def test_what_nothing_changes_costs_nothing_between_sweeps(desk, monkeypatch):
    """Placeholders, links and what cannot be read wait for a sweep or an event."""
    desk.put("2024/.cloud.mp4.icloud", b"x")
    (desk.root / "2024" / "link.mp4").symlink_to(desk.root / "nowhere.mp4")
    desk.put("2024/denied.mp4")
    real = zoom_folder.open_to_read

    def open_to_read(path):
        if path.name == "denied.mp4":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(zoom_folder, "open_to_read", open_to_read)
    desk.sweep()
    assert desk.verdicts() == {
        ".cloud.mp4.icloud": "placeholder", "link.mp4": "link", "denied.mp4": "unreadable"
    }  # fmt: skip
    assert desk.watch._due == {}


def test_what_has_not_changed_is_not_written_again(desk):
    """A sweep that finds everything as it was writes nothing about files."""
    for number in range(5):
        desk.put(f".{number}.mp4.icloud", b"x")
    desk.put("cut.mp4", media.mp4(b"cut")[:-2])
    desk.put("empty.mp4", b"")
    desk.sweep()
    desk.look(700.0)
    before = desk.changes()
    desk.sweep()
    assert desk.changes() == before
    assert len(desk.verdicts()) == 7


def test_what_has_changed_is_written(desk):
    """The verdict, its detail, the file, and a file that came back."""
    path = desk.put("a.mp4", b"")
    desk.sweep()
    assert desk.verdicts() == {"a.mp4": "empty"}
    path.write_bytes(media.mp4(b"cut")[:-2])
    desk.sweep()
    assert desk.verdicts() == {"a.mp4": "incomplete"}
    path.unlink()
    desk.sweep()
    assert desk.verdicts() == {}
    desk.put("a.mp4", b"")
    desk.sweep()
    assert desk.verdicts() == {"a.mp4": "empty"}


# History ---------------------------------------------------------------------------------------

LATE = {
    "chat.txt": b"10:00:04\t From Ann to Everyone: hello\n",
    "sound.mp3": media.mp3(),
    "film.webm": media.webm(known_size=False),
}


def test_what_is_decided_late_is_history_all_the_same(desk):
    """Nothing that lay there before the first start is taken, however long its proof takes."""
    desk.start("none")
    desk.put("2024-01-01 10.00.00 Old/video1399019170.mp4")
    for name, content in LATE.items():
        desk.put(f"2024-01-01 10.00.00 Old/{name}", content)
    for _ in range(5):
        desk.look(QUIET + 1)
    assert set(desk.verdicts().values()) == {"history"}
    assert len(desk.verdicts()) == 4
    assert desk.queued() == set()


def test_a_left_out_folder_stays_left_out_under_another_name(desk):
    """Renaming changes no content and no choice, whichever of the names is seen first."""
    desk.start("none")
    desk.put("2024-01-01 10.00.00 Old/video1399019170.mp4")
    desk.put("2024-01-01 10.00.00 Old/chat.txt", LATE["chat.txt"])
    for _ in range(3):
        desk.look(QUIET + 1)
    (desk.root / "2024-01-01 10.00.00 Old").rename(desk.root / "Tidied")
    desk.hint(desk.root / "Tidied", is_new_folder=True)
    for _ in range(3):
        desk.look(QUIET + 1)
    desk.sweep()
    (desk.root / "Tidied").rename(desk.root / "Tidied again")
    desk.sweep()
    for _ in range(3):
        desk.look(QUIET + 1)
    assert desk.verdicts() == {"video1399019170.mp4": "history", "chat.txt": "history"}
    assert desk.queued() == set()


def test_a_placeholder_of_history_is_history_when_it_is_downloaded(desk):
    """ICloud gives the file another name and inode; it is no newer for that."""
    desk.start("none")
    desk.put(".old.mp4.icloud", b"x")
    desk.sweep()
    (desk.root / ".old.mp4.icloud").unlink()
    desk.put("old.mp4", age=3600.0)
    desk.sweep()
    assert desk.verdicts() == {"old.mp4": "history"}


def test_a_new_choice_reaches_what_was_decided_late(desk):
    """The queue remembers what is history, not only what was left out."""
    desk.start("none")
    for name, content in {**LATE, "video1.mp4": None}.items():
        desk.put(f"2024-01-01 10.00.00 Old/{name}", content)
    for _ in range(4):
        desk.look(QUIET + 1)
    moved_in = desk.put("moved-in.mp4", b"", age=1e6)
    desk.sweep()
    desk.jobs.reopen_history()
    desk.start("all")
    for _ in range(4):
        desk.look(QUIET + 1)
    assert desk.queued() == {*LATE, "video1.mp4"}
    desk.jobs.reopen_history()
    desk.start("none")
    desk.put("moved-in.mp4", age=1e6)
    assert moved_in.stat().st_size
    for _ in range(4):
        desk.look(QUIET + 1)
    assert desk.queued() == {"moved-in.mp4"}
