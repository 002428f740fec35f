"""Killed while room is freed: every recording is in its folder or in the trash, whole."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.page_world import VIDEO, PageWorld
from zoomsync_agent.app import freeing
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.store.freed import SqliteFreedStore
from zoomsync_agent.store.journal import SqliteJournal

FILES = 24
KILLS = int(os.environ.get("ZOOMSYNC_TESTS_KILLS", "6"))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def _hashes(*folders):
    found = {}
    for folder in folders:
        for path in folder.rglob("*.mp4"):
            found.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), []).append(path)
    return found


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_kills_lose_nothing(home, tmp_path, monkeypatch):
    """And what was moved is known in the end: once in the journal, and not sent again."""
    user = tmp_path / "user"
    monkeypatch.setenv("HOME", str(user))
    monkeypatch.chdir(tmp_path)
    trash = user / ".local" / "share" / "Trash" / "files"
    with PageWorld(home, tmp_path) as world:
        for number in range(FILES):
            place = world.record(f"2020-11-{number + 1:02} 09.15.00 Weekly {number}", VIDEO)
            with (place / VIDEO.name).open("ab") as file:
                # A box of its own, so that each is another content; it stays a whole recording.
                file.write((12).to_bytes(4, "big") + b"free" + number.to_bytes(4, "big"))
            os.utime(place / VIDEO.name, (1.6e9, 1.6e9))
        world.sync()
        before = _hashes(world.recordings)
        assert len(before) == FILES
        command = [sys.executable, "-m", "zoomsync_agent", "free-space", "--yes", "--json"]
        moments = random.Random(7)  # noqa: S311  the same moments each time
        killed = moved_at_kill = 0
        for _ in range(KILLS):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            goal = len(list(trash.glob("*"))) + moments.randint(1, 3)
            while process.poll() is None and len(list(trash.glob("*"))) < goal:
                time.sleep(0.001)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
            process.communicate(timeout=30)
            now = _hashes(world.recordings, trash)
            assert {sha: len(paths) for sha, paths in now.items()} == dict.fromkeys(before, 1)
            moved_at_kill = max(moved_at_kill, len(list(trash.glob("*"))))
        assert killed
        assert moved_at_kill > 0
        assert freeing.free(world.desk.settings(), home, 30).problem == ""
        assert not list(world.recordings.rglob("*.mp4"))
        assert set(_hashes(trash)) == set(before)
        world.sync()
        world.desk.control.snapshot()
        queue = world.desk._databases.queue
        assert SqliteFreedStore(queue).unsure() == []
        told = SqliteJournal(queue).page(
            before=None, happenings=(Happening.FREED,), text="", limit=FILES * 2
        )
        assert len({one.sha256 for one in told}) == len(told) == FILES
        assert {str(row.processing_status) for row in world.catalog.recent()} == {"completed"}
        archived = _hashes(Path(world.archive))
        assert {sha: len(paths) for sha, paths in archived.items()} == dict.fromkeys(before, 1)
