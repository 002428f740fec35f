"""The real process is frozen for a while, as by a sleep: what came meanwhile is found at once."""

import signal
import time

import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ZoomTree

pytestmark = pytest.mark.slow

ASLEEP_SECONDS = 11.5


def test_what_came_during_a_sleep_is_found_at_its_end(tmp_path):
    """No event tells of it, and the next look at the clock would be tomorrow."""
    settings = {"ZOOMSYNC_POLL": "always", "ZOOMSYNC_RECONCILE_SECONDS": "86400"}
    with Zoomsync(tmp_path, settings) as zoomsync:
        zoomsync.recordings.mkdir(parents=True, exist_ok=True)
        _sleep_and_wake(zoomsync)


def _sleep_and_wake(zoomsync):
    with zoomsync.agent() as running:
        wait_for("it has looked", lambda: zoomsync.json("status")["state"] == "idle")
        running.tell(signal.SIGSTOP)
        ZoomTree(zoomsync.recordings).meeting("Weekly")
        time.sleep(ASLEEP_SECONDS)
        running.tell(signal.SIGCONT)
        wait_for("it is safe", lambda: zoomsync.json("status")["synced"]["files"], 30.0)
    assert "looking again" in zoomsync.log
