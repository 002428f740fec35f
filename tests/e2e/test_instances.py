"""One agent owns a home; every other process can look at it and tell it what to do."""

import time

import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ArchiveView, ZoomTree

OBEYED_SECONDS = 2.0
"""How soon a running agent does what another process asks for."""
SLOW = {"ZOOMSYNC_BANDWIDTH_LIMIT": "1M"}

pytestmark = pytest.mark.slow


@pytest.fixture
def zoomsync(tmp_path):
    """A home without anything in it."""
    with Zoomsync(tmp_path) as zoomsync:
        yield zoomsync


@pytest.fixture
def slow(zoomsync):
    """An agent that is in the middle of a copy that would take 20 seconds."""
    zoomsync.settings = SLOW
    ZoomTree(zoomsync.recordings).meeting("Long", size=20_000_000)
    with zoomsync.agent():
        wait_for("the copy begins", lambda: _sent(zoomsync) is not None)
        yield zoomsync


def _sent(zoomsync):
    active = [one for one in zoomsync.json("status")["active"] if one["step"] == "transfer"]
    return active[0] if active else None


def test_a_second_agent_is_refused_and_told_who_runs(zoomsync):
    """It ends with 4 and names the process; the first one goes on."""
    zoomsync.recordings.mkdir()
    with zoomsync.agent() as running:
        done = zoomsync.run("run", "--headless")
        assert done.code == 4
        assert str(running.pid) in done.err
        assert running.is_alive


@pytest.fixture
def browser(zoomsync, tmp_path):
    """A browser that only writes down where it is sent; gives what it was told so far."""
    told, program = tmp_path / "told", tmp_path / "browser"
    told.touch()
    program.write_text(f'#!/bin/sh\necho "$1" >>{told}\n')
    program.chmod(0o755)
    zoomsync.settings = {"BROWSER": str(program)}
    return lambda: told.read_text().split()


def test_a_second_start_opens_the_page_of_the_first(zoomsync, browser):
    """Whoever clicks on the program once more wants to see it."""
    zoomsync.recordings.mkdir()
    with zoomsync.agent() as running:
        done = zoomsync.run("run")
        assert done.code == 0, done.err
        assert str(running.pid) in done.err
        (link,) = wait_for("the browser is sent there", browser)
        assert link.startswith("http://127.0.0.1:")
        assert running.is_alive


def test_a_second_start_at_login_is_silent(zoomsync, browser):
    """Nobody has asked for a page."""
    zoomsync.recordings.mkdir()
    with zoomsync.agent() as running:
        done = zoomsync.run("run", "--at-login")
        assert (done.code, done.out, done.err) == (0, "", "")
        assert running.is_alive
    assert browser() == []


def test_sync_beside_a_running_agent_hands_over_and_waits(zoomsync):
    """It prints the same JSON as alone, once the agent has done the work."""
    tree = ZoomTree(zoomsync.recordings)
    # Only a sweep finds it in time: it comes in while nobody is told of events.
    zoomsync.settings = {"ZOOMSYNC_POLL": "always", "ZOOMSYNC_RECONCILE_SECONDS": "3600"}
    with zoomsync.agent():
        tree.meeting("Handed Over")
        beside = zoomsync.json("sync")
    assert [row["sha256"] for row in beside["recordings"]] == list(tree.finished)
    assert beside["not_uploaded"] == []
    assert zoomsync.json("sync") == beside


def test_sync_beside_a_running_agent_refuses_to_redecide_history(zoomsync):
    """What the agent decided is not changed under it: the answer is 4, and why."""
    zoomsync.recordings.mkdir()
    with zoomsync.agent():
        told = zoomsync.json("sync", "--backfill", "none", code=4)
    assert told["error"]["code"] == "already_running"
    assert "Stop it" in told["error"]["detail"]


def test_status_tells_of_the_running_agent(zoomsync):
    """Its process number while it runs, and that it does not run afterwards."""
    zoomsync.recordings.mkdir()
    with zoomsync.agent() as running:
        assert zoomsync.json("status")["pid"] == running.pid
    after = zoomsync.json("status")
    assert (after["pid"], after["state"]) == (None, "stopped")


def test_pause_and_resume_are_obeyed(slow):
    """No byte moves from soon after pause until resume; then the copy goes on where it was."""
    slow.json("pause")
    began = time.monotonic()
    wait_for("the copy stops", lambda: _sent(slow) is None, OBEYED_SECONDS + 2)
    assert time.monotonic() - began < OBEYED_SECONDS + 1  # one look takes half a second
    (half,) = ArchiveView(slow.archive).leftovers()
    stopped_at = half.stat().st_size
    assert stopped_at > 0
    assert slow.json("status")["state"] == "paused"
    assert half.stat().st_size == stopped_at

    slow.json("resume")

    wait_for("the copy goes on", lambda: half.stat().st_size > stopped_at, OBEYED_SECONDS)


def test_cancel_and_retry_are_obeyed(slow):
    """A running upload ends and stays ended, until retry takes it in after all."""
    job = _sent(slow)["job_id"]

    assert slow.json("cancel", str(job)) == {"cancelled": 1}

    wait_for("the copy ends", lambda: _sent(slow) is None, OBEYED_SECONDS + 2)
    waiting = slow.waiting()
    assert [one["state"] for one in waiting.values()] == ["cancelled"]
    assert not ArchiveView(slow.archive).media()
    assert slow.json("retry", str(job)) == {"retried": 1}
    wait_for("the copy begins again", lambda: _sent(slow) is not None, OBEYED_SECONDS + 2)


def test_a_home_whose_agent_was_killed_is_free(zoomsync):
    """A dead agent's lock binds nobody."""
    tree = ZoomTree(zoomsync.recordings)
    with zoomsync.agent() as running:
        running.kill()
    tree.meeting("After The Crash")
    assert len(zoomsync.json("sync")["recordings"]) == 1
