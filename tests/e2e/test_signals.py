"""The process ends when it is told to, in order, and goes on next time."""

import signal
import time

import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ArchiveView, ZoomTree

STOP_SECONDS = 5.0
SIZE = 12_000_000

pytestmark = pytest.mark.slow


@pytest.fixture
def zoomsync(tmp_path):
    """A home whose only recording takes 12 seconds to copy."""
    with Zoomsync(tmp_path, {"ZOOMSYNC_BANDWIDTH_LIMIT": "1M"}) as zoomsync:
        ZoomTree(zoomsync.recordings).meeting("Long", size=SIZE)
        yield zoomsync


def _copying(zoomsync):
    halves = ArchiveView(zoomsync.archive).leftovers()
    return halves[0] if halves and halves[0].stat().st_size > 1_000_000 else None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=str)
def test_a_signal_ends_the_agent_in_order_and_the_copy_goes_on_next_time(zoomsync, number):
    """Exit code 0 within 5 seconds in the middle of a copy; nothing that is durable is repeated."""
    running = zoomsync.start("run", "--headless")
    half = wait_for("the copy is under way", lambda: _copying(zoomsync))
    told_at = time.monotonic()
    running.tell(number)
    done = running.ended(STOP_SECONDS)
    assert done.code == 0, done.err
    assert time.monotonic() - told_at < STOP_SECONDS
    durable, inode = half.stat().st_size, half.stat().st_ino
    assert 0 < durable < SIZE
    assert not ArchiveView(zoomsync.archive).media()

    running = zoomsync.start("run", "--headless")
    wait_for("the copy goes on", lambda: half.stat().st_size > durable)
    assert half.stat().st_ino == inode
    running.stop()
    zoomsync.settings = {}

    zoomsync.json("sync")

    (copy,) = ArchiveView(zoomsync.archive).media()
    assert copy.stat().st_ino == inode
    assert not ArchiveView(zoomsync.archive).leftovers()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_an_interrupted_sync_says_so_and_keeps_what_it_has(zoomsync, number):
    """It ends with 130 within 5 seconds, and the copy can be continued."""
    running = zoomsync.start("sync", "--json")
    half = wait_for("the copy is under way", lambda: _copying(zoomsync))
    running.tell(number)
    done = running.ended(STOP_SECONDS)
    assert done.code == 130
    assert "Traceback" not in done.err
    assert half.stat().st_size > 0
    zoomsync.settings = {}
    assert len(zoomsync.json("sync")["recordings"]) == 1


def test_a_signal_during_the_start_ends_it_too(zoomsync):
    """Whenever it comes, the process ends by it and leaves a home that works."""
    for _ in range(5):
        running = zoomsync.start("run", "--headless")
        wait_for("the home is there", (zoomsync.home / "data").exists)
        running.tell(signal.SIGTERM)
        running.ended(STOP_SECONDS)
    zoomsync.settings = {}
    assert len(zoomsync.json("sync")["recordings"]) == 1


def test_an_agent_under_nohup_outlives_its_terminal(zoomsync):
    """Who wants SIGHUP to be ignored gets an agent that ignores it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a child takes that over
    try:
        running = zoomsync.start("run", "--headless")
    finally:
        signal.signal(signal.SIGHUP, before)
    half = wait_for("the copy is under way", lambda: _copying(zoomsync))
    running.tell(signal.SIGHUP)
    size = half.stat().st_size
    wait_for("the copy goes on", lambda: half.stat().st_size > size + 2_000_000)
    assert running.stop(STOP_SECONDS).code == 0
