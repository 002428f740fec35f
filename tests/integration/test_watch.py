"""A whole agent watches a real folder with real events, and again without any."""

import contextlib
import json
import logging
import os
import shutil
import sqlite3
import threading
import time
from datetime import UTC
from itertools import pairwise

import pytest

from tests.fakes import media
from tests.fakes.process import wait_for
from tests.fakes.tree import ArchiveView, ZoomTree, sha256, video
from zoomsync_agent import app, settings
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.engine.intake import BACKLOG
from zoomsync_agent.sources import watch
from zoomsync_agent.sources.settling import Settling

EVENTS, CLOCK = "events", "by-clock"
SOON = 20.0


class Watched:
    """An agent in this process, with a Zoom folder that need not exist yet."""

    def __init__(self, home, place, how, monkeypatch):
        self.root = place / "Documents" / "Zoom"
        found = settings.load(
            home,
            {},
            cwd=place,
            overrides={"recordings_path": self.root, "quiet_seconds": 1.0, "port": 0},
        )
        # Shorter than a person may choose: by the clock alone a test would take a minute.
        self._chosen = found.model_copy(
            update={
                "poll": "never" if how == EVENTS else "always",
                "reconcile_seconds": 3600.0 if how == EVENTS else 0.2,
            }
        )
        monkeypatch.setattr(watch, "_SWEEP_SHARE", 0 if how == CLOCK else 1)
        self.home = home
        self.how = how
        self.archive = ArchiveView(home.default_archive)
        self._stack = contextlib.ExitStack()

    def start(self, *, first_look=True):
        """Start the agent and wait for its first look."""
        agent = app.build(self._chosen, self.home, zone=UTC, may_rest=True)
        self._stack.callback(agent.stop)
        self.agent, self.control = agent, agent.control
        agent.start()
        if first_look:
            wait_for("the first look", lambda: self.is_looked_through() or self.problem)
        return self

    def stop(self):
        """Stop it, if it was started."""
        self._stack.close()

    @property
    def problem(self):
        """What keeps the folder from being read."""
        return self.control.snapshot().root_problem

    def is_looked_through(self, since=0.0):
        """Whether the whole folder was looked through after *since*."""
        last = self.control.sweeps().folder
        return last is not None and float(last) > since

    @property
    def watcher(self):
        """The service that looks, for tests that break something inside of it."""
        services = self.agent._supervisor._services
        return next(one for one in services if isinstance(one, watch.FolderWatch))

    def rows(self):
        """Return the catalog by hash."""
        return {row.sha256: row for row in self.control.recordings()}

    def waiting(self, name):
        """Return how the file of this name is shown, or None."""
        shown = self.control.snapshot().as_dict()["waiting"]
        return next((one for one in shown if one["path"].endswith(name)), None)

    def wait_until_safe(self, *hashes):
        """Wait until the recordings are in the catalog, completed, and in the archive."""

        def safe():
            rows = self.rows()
            return all(h in rows and rows[h].processing_status == "completed" for h in hashes)

        wait_for("the recordings are safe", safe, SOON)
        assert set(hashes) <= set(self.archive.media().values())

    def wait_for_sentence(self, name, *codes):
        """Wait until the file is shown as one of *codes* and return how it is shown."""

        def shown():
            found = self.waiting(name)
            return found if found and found["code"] in codes else None

        found = wait_for(f"{name} is shown as {codes}", shown, SOON)
        assert found["sentence"]
        return found


@pytest.fixture(params=[EVENTS, CLOCK])
def watched(request, home, tmp_path, monkeypatch):
    """An agent that is not started yet."""
    agent = Watched(home, tmp_path, request.param, monkeypatch)
    yield agent
    agent.stop()


@pytest.fixture
def tree(watched):
    """Its recordings folder, which is there."""
    return ZoomTree(watched.root)


def _conf(folder, percent, name=""):
    item = {"audio": "", "video": name, "process": percent}
    (folder / "recording.conf").write_text(json.dumps({"items": [item]}), "utf-8")


def test_a_file_that_grows_in_place_is_taken_when_it_is_whole_and_not_before(watched, tree):
    """An MP4 written bit by bit under its final name is never taken early, then at once."""
    watched.start()
    folder = tree.root / "2024-03-01 09.00.00 Growing"
    folder.mkdir()
    path, content = folder / "video1.mp4", video("growing", 200_000)
    with path.open("wb", buffering=0) as file:
        for begin in range(0, len(content), 40_000):
            file.write(content[begin : begin + 40_000])
            if begin + 40_000 < len(content):
                watched.wait_for_sentence("video1.mp4", "open_elsewhere", "incomplete")
                assert not watched.rows()
    watched.wait_until_safe(sha256(path))


def test_a_file_that_nobody_holds_but_is_cut_short_waits_for_its_rest(watched, tree):
    """Its structure says that bytes are missing; when they are there it is taken."""
    watched.start()
    path, content = tree.root / "copied.mp4", video("copied", 100_000)
    path.write_bytes(content[:60_000])
    watched.wait_for_sentence("copied.mp4", "incomplete")
    assert not watched.rows()
    with path.open("ab") as file:
        file.write(content[60_000:])
    watched.wait_until_safe(sha256(path))
    assert len(watched.rows()) == 1


def test_a_finished_file_that_is_renamed_into_place_is_taken(watched, tree):
    """Zoom writes under a `.tmp` name; that one is never taken, the renamed one is."""
    watched.start()
    folder = tree.root / "2024-03-01 09.00.00 Renamed"
    folder.mkdir()
    stub = folder / "video1.mp4.tmp"
    stub.write_bytes(video("renamed")[:15_000])
    watched.wait_for_sentence("video1.mp4.tmp", "converting")
    assert not watched.rows()
    stub.write_bytes(video("renamed"))
    stub.rename(folder / "video1.mp4")
    watched.wait_until_safe(sha256(folder / "video1.mp4"))


def test_a_folder_that_is_moved_in_with_its_files_is_found(watched, tree, tmp_path):
    """No event names the files inside; they are found all the same."""
    watched.start()
    outside = ZoomTree(tmp_path / "elsewhere")
    folder = outside.meeting("Moved", chat="moved words")
    folder.rename(tree.root / folder.name)
    watched.wait_until_safe(*outside.finished)
    (row,) = watched.rows().values()
    wait_for(
        "the chat is in the row",
        lambda: "moved words" in watched.control.recording(row.recording_id).transcription_text,
        SOON,
    )


def test_a_tree_that_is_copied_in_is_found(watched, tree, tmp_path):
    """Every recording of a deep copy arrives, each once."""
    watched.start()
    outside = ZoomTree(tmp_path / "elsewhere")
    for number in range(12):
        outside.meeting(f"Copied {number}")
    shutil.copytree(outside.root, tree.root / "Archive of 2023" / "first half")
    watched.wait_until_safe(*outside.finished)
    assert len(watched.archive.media()) == 12


def test_nothing_outside_of_the_root_is_touched(watched, tree):
    """What happens beside the root and in hidden folders below it is nobody's business."""
    private = tree.root.parent / "private.mp4"
    private.write_bytes(video("private"))
    read_at = 1_000_000_000
    os.utime(private, (read_at, private.stat().st_mtime))
    watched.start()
    trash = tree.root / ".Trash-1000" / "files"
    trash.mkdir(parents=True)
    (trash / "x.mp4").write_bytes(video("trash"))
    tree.root.chmod(0o755)  # an event about the root itself
    tree.meeting("Ordinary")
    watched.wait_until_safe(*tree.finished)
    (trash / "y.mp4").write_bytes(video("more trash"))
    (tree.root.parent / "second.mp4").write_bytes(video("second"))
    tree.meeting("Next")
    watched.wait_until_safe(*tree.finished)
    assert watched.watcher.is_alive
    assert private.stat().st_atime == read_at
    assert sorted(watched.archive.media().values()) == sorted(tree.finished)
    assert not watched.control.snapshot().as_dict()["waiting"]


def test_an_odd_file_does_not_keep_the_others_waiting(watched, tree):
    """A time beyond the year 2262 is no reason to stop, and the file itself is archived too."""
    odd = tree.put(tree.root / "odd.mp4", video("odd"))
    os.utime(odd, ns=(1, 13_569_465_600 * 10**9))
    tree.meeting("Healthy")
    watched.start()
    watched.wait_until_safe(*tree.finished)
    assert watched.watcher.is_alive


def test_a_storm_of_folders_loses_none(watched, tree):
    """A thousand folders at once, with a recording in each tenth, one in every twenty moved."""
    watched.start()
    for number in range(1000):
        if number % 10:
            (tree.root / f"folder {number}").mkdir()
        else:
            folder = tree.meeting(f"Storm {number}", size=2000)
            if number % 20:
                folder.rename(tree.root / f"{folder.name} moved")
    wait_for(
        "all hundred are safe", lambda: watched.control.snapshot().synced.files == 100, 3 * SOON
    )
    assert sorted(watched.archive.media().values()) == sorted(tree.finished)


def test_a_root_that_appears_later_is_watched(watched, tmp_path):
    """Zoom makes its folder at the first recording."""
    watched.start()
    assert "does not exist" in watched.problem
    tree = ZoomTree(watched.root)
    tree.meeting("First")
    watched.wait_until_safe(*tree.finished)
    wait_for("the problem is gone", lambda: not watched.problem, SOON)
    tree.meeting("Second")
    watched.wait_until_safe(*tree.finished)


def test_a_root_that_is_deleted_and_made_again_is_watched_again(watched, tree):
    """What was archived stays, and the new folder's recordings come."""
    tree.meeting("Before")
    watched.start()
    watched.wait_until_safe(*tree.finished)
    shutil.rmtree(tree.root)
    wait_for("the problem is told", lambda: watched.problem, SOON)
    tree.root.mkdir()
    tree.meeting("After")
    watched.wait_until_safe(*tree.finished)
    wait_for("the problem is gone", lambda: not watched.problem, SOON)
    tree.meeting("Afterwards")
    watched.wait_until_safe(*tree.finished)
    assert len(watched.rows()) == 3


def test_a_root_that_is_renamed_away_and_back_is_watched_again(watched, tree):
    """Nothing is sent twice, and what came meanwhile and later is taken."""
    tree.meeting("Before")
    watched.start()
    watched.wait_until_safe(*tree.finished)
    stamps = watched.archive.stamps()
    away = tree.root.with_name("Zoom on another drive")
    tree.root.rename(away)
    wait_for("the problem is told", lambda: watched.problem, SOON)
    ZoomTree(away, tree.finished, 5).meeting("Meanwhile")
    away.rename(tree.root)
    watched.wait_until_safe(*tree.finished)
    tree._count = 10
    tree.meeting("Later")
    watched.wait_until_safe(*tree.finished)
    assert len(watched.rows()) == 3
    assert stamps.items() <= watched.archive.stamps().items()


def test_zooms_conversion_is_followed_to_its_end(watched, tree):
    """0, 37, 100: shown in per cent, taken at the end, and never the half-written file."""
    watched.start()
    folder = tree.root / "2024-03-01 09.00.00 Converting"
    folder.mkdir()
    raw = folder / "double_click_to_convert_01.zoom"
    raw.write_bytes(b"ZOOM" * 1000)
    _conf(folder, 0)
    watched.wait_for_sentence(raw.name, "recording")
    half = folder / "video1.mp4.tmp"
    half.write_bytes(video("converted")[:5000])
    _conf(folder, 37)
    shown = wait_for("37 per cent", lambda: _with_percent(watched, 37), SOON)
    assert "37 %" in shown["label"]
    assert not watched.rows()
    half.write_bytes(video("converted"))
    half.rename(folder / "video1.mp4")
    _conf(folder, 100, "video1.mp4")
    raw.unlink()
    watched.wait_until_safe(sha256(folder / "video1.mp4"))
    wait_for("nothing waits any more", lambda: not watched.control.snapshot().waiting, SOON)


def _with_percent(watched, percent):
    shown = watched.control.snapshot().as_dict()["waiting"]
    return next((one for one in shown if one["percent"] == percent), None)


def test_what_zoom_never_converted_is_told(watched, tree):
    """The sentence names the file to double-click; the recordings beside it are taken."""
    folder = tree.root / "2024-03-01 09.00.00 Crashed"
    folder.mkdir()
    raw = folder / "double_click_to_convert_01.zoom"
    raw.write_bytes(b"ZOOM" * 1000)
    _conf(folder, 0)
    for path in folder.iterdir():
        os.utime(path, (time.time() - 86_400,) * 2)
    tree.meeting("Fine")
    watched.start()
    shown = watched.wait_for_sentence(raw.name, "needs_conversion")
    assert raw.name in shown["sentence"]
    assert "double-click" in shown["sentence"]
    watched.wait_until_safe(*tree.finished)


def test_separate_sound_of_participants_is_taken(watched, tree):
    """Zoom puts one file for each into a folder of its own below the meeting's."""
    watched.start()
    folder = tree.meeting("With Guests")
    inner = folder / "Audio Record"
    inner.mkdir()
    path = tree.put(inner / "audioAnnSmith11399019170.m4a", media.mp4(b"the voice of Ann" * 100))
    watched.wait_until_safe(*tree.finished)
    row = watched.rows()[sha256(path)]
    assert row.kind == "audio"
    assert row.meeting_title == "With Guests"


def test_text_that_comes_late_gets_into_the_row(watched, tree):
    """Chat and captions that are saved after the recording was archived."""
    folder = tree.meeting("Late Text")
    watched.start()
    watched.wait_until_safe(*tree.finished)
    (folder / "chat.txt").write_text("09:01:04\t From Ann to Everyone: chat words\n", "utf-8")
    (folder / "meeting_saved_closed_caption.txt").write_text(
        "[Bo Li] 09:01:09\ncaption words\n\n", "utf-8"
    )

    def text():
        (row,) = watched.rows().values()
        return row.transcription_text

    wait_for("both are there", lambda: {"chat words", "caption words"} <= _said(text()), SOON)


def _said(text):
    return {line.rpartition(": ")[2] for line in text.splitlines()}


def test_a_file_that_is_deleted_while_it_settles_is_forgotten(watched, tree):
    """It neither waits for ever nor disturbs the others."""
    watched.start()
    path = tree.root / "away.mp4"
    path.write_bytes(video("away")[:9000])
    watched.wait_for_sentence("away.mp4", "incomplete")
    path.unlink()
    wait_for("it is forgotten", lambda: watched.waiting("away.mp4") is None, SOON)
    tree.meeting("Next")
    watched.wait_until_safe(*tree.finished)


def test_a_file_that_is_replaced_after_it_was_archived_is_another_recording(watched, tree):
    """Both contents are kept: the first one is never overwritten."""
    watched.start()
    folder = tree.meeting("Edited", name="video1.mp4")
    watched.wait_until_safe(*tree.finished)
    tree.put(folder / "video1.mp4", video("edited", 30_000))
    watched.wait_until_safe(*tree.finished)
    assert sorted(watched.archive.media().values()) == sorted(tree.finished)


def test_monitoring_that_is_stopped_sees_nothing_from_that_moment_on(watched, tree):
    """Not even until the supervisor, which nobody asks here, has stopped the service."""
    watched.start()
    tree.meeting("Before")
    (before,) = tree.finished
    watched.wait_until_safe(before)

    watched.control.watch(wanted=False)
    tree.meeting("Unseen")
    watched.watcher.look_soon()
    time.sleep(2.5)
    assert set(watched.rows()) == {before}
    assert not watched.control.snapshot().as_dict()["waiting"]

    watched.control.watch(wanted=True)
    watched.wait_until_safe(*tree.finished)


def test_monitoring_that_is_stopped_in_the_middle_of_a_look_tells_nothing_of_it(
    watched, tree, monkeypatch
):
    """And what was not told of is found when it is wanted again, the backlog as backlog."""
    tree.meeting("History", age_seconds=86_400)
    look = Settling.look
    struck = []

    def stopped_meanwhile(self, listing, known):
        found = look(self, listing, known)
        if not struck:
            struck.append(listing.folder)
            watched.control.watch(wanted=False)
        return found

    monkeypatch.setattr(Settling, "look", stopped_meanwhile)
    watched.start(first_look=False)
    wait_for("it is stopped", lambda: struck)
    time.sleep(1.0)
    assert watched.rows() == {}
    assert not watched.is_looked_through()

    watched.control.watch(wanted=True)
    watched.wait_until_safe(*tree.finished)
    assert watched.is_looked_through()
    with contextlib.closing(sqlite3.connect(watched.home.store_file)) as queue:
        assert queue.execute("SELECT DISTINCT priority FROM jobs").fetchall() == [(BACKLOG,)]


@pytest.mark.parametrize("watched", [EVENTS], indirect=True)
def test_monitoring_that_is_stopped_for_a_moment_misses_nothing(watched, tree, monkeypatch):
    """What was seen in that moment is looked at again, though no event tells of it once more."""
    watched.start()
    look, struck = Settling.look, []

    def stopped_meanwhile(self, listing, known):
        found = look(self, listing, known)
        if found.sightings and not struck:
            struck.append(listing.folder)
            watched.control.watch(wanted=False)
            threading.Timer(0.3, lambda: watched.control.watch(wanted=True)).start()
        return found

    monkeypatch.setattr(Settling, "look", stopped_meanwhile)
    tree.meeting("Just then")
    wait_for("it was stopped", lambda: struck)
    watched.wait_until_safe(*tree.finished)


@pytest.mark.parametrize("watched", [EVENTS], indirect=True)
def test_an_observer_that_dies_is_replaced(watched, tree, monkeypatch):
    """An exception on watchdog's thread ends it without a word; a new one goes on."""
    struck = threading.Event()
    watched.start()
    observing = watched.watcher._observing
    old = observing._observer
    # What watchdog does with an exception is to let it end the thread.
    monkeypatch.setattr(threading, "excepthook", lambda _args: struck.set())

    def strike(_event):
        raise RuntimeError("a fault in the handler")

    for handlers in old._handlers.values():
        for handler in handlers:
            monkeypatch.setattr(handler, "dispatch", strike)
    tree.meeting("Unheard")
    assert struck.wait(SOON)
    watched.wait_until_safe(*tree.finished)
    assert observing._observer is not old
    tree.meeting("Heard")
    watched.wait_until_safe(*tree.finished)


@pytest.mark.parametrize("watched", [EVENTS], indirect=True)
def test_lost_events_lead_to_a_sweep(watched, tree):
    """An overflow is told in watchdog's log only; what was missed is found."""
    watched.start()
    observer = watched.watcher._observing._observer
    observer.unschedule_all()  # from here on no event comes
    observer.emitters.clear()
    tree.meeting("Missed")
    before = time.time()
    logging.getLogger("watchdog.observers.inotify_c").warning("Event queue overflow")
    wait_for("a sweep", lambda: watched.is_looked_through(before), SOON)
    watched.wait_until_safe(*tree.finished)


@pytest.mark.parametrize("watched", [EVENTS], indirect=True)
def test_without_a_watch_the_clock_must_do(watched, tree, monkeypatch):
    """Where the system's watch limit is reached the sweeps find everything."""
    refused = []

    class Refusing:
        def schedule(self, *_args, **_options):
            refused.append(1)
            raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.Observer", Refusing)
    watched._chosen = watched._chosen.model_copy(update={"reconcile_seconds": 0.2})
    watched.start()
    tree.meeting("Found By Clock")
    watched.wait_until_safe(*tree.finished)
    assert refused


def test_a_clock_that_jumps_loses_nothing(watched, tree, monkeypatch):
    """Days forward, days back: new recordings still arrive, and rows stay in order."""
    jumps = {"by": 0.0}
    monkeypatch.setattr(SystemClock, "now", lambda _self: time.time() + jumps["by"])
    watched.start()
    published = []
    for number, by in enumerate((0.0, 3 * 86_400.0, -5 * 86_400.0, 0.0)):
        jumps["by"] = by
        before = dict(tree.finished)
        tree.meeting(f"Jump {number}")
        watched.wait_until_safe(*tree.finished)
        (new,) = tree.finished.keys() - before.keys()
        published.append(watched.rows()[new].updated_at)
    assert all(earlier < later for earlier, later in pairwise(published))
