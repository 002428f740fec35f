"""What `run`, `sync` and the first start promise, on the real process."""

import json
import os
import subprocess
import sys

import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ArchiveView, ZoomTree

pytestmark = pytest.mark.slow


@pytest.fixture
def zoomsync(tmp_path):
    """A home without anything in it."""
    with Zoomsync(tmp_path) as zoomsync:
        yield zoomsync


def test_sync_takes_over_from_an_agent_that_dies(zoomsync):
    """It waited for another process; when that is killed it does the work itself."""
    zoomsync.settings = {"ZOOMSYNC_BANDWIDTH_LIMIT": "200K"}
    tree = ZoomTree(zoomsync.recordings)
    tree.meeting("Long", size=4_000_000)
    agent = zoomsync.start("run", "--headless")
    wait_for("the copy begins", lambda: zoomsync.json("status")["active"])

    zoomsync.settings = {}
    beside = zoomsync.start("sync")
    wait_for("it waits for the agent", lambda: "this waits for it" in beside.err)
    agent.kill()

    done = beside.ended()
    assert done.code == 0, done.err
    assert sorted(ArchiveView(zoomsync.archive).media().values()) == sorted(tree.finished)


def test_what_is_there_is_counted_until_it_was_decided_about(zoomsync):
    """Looking at the status first does not use the first start up."""
    ZoomTree(zoomsync.recordings).meeting("Old one")
    zoomsync.run("status")

    first, second = zoomsync.run("sync"), zoomsync.run("sync")

    assert "1 recording is here already" in first.err
    assert "already" not in second.err


def test_a_choice_about_older_recordings_is_kept(zoomsync):
    """Also when the queue is lost: what was left out stays left out."""
    ZoomTree(zoomsync.recordings).meeting("Old one")
    assert zoomsync.json("sync", "--backfill", "none")["left_out"]["files"] >= 1

    for path in zoomsync.home.rglob("agent.db*"):
        path.unlink()
    after = zoomsync.json("sync")

    assert after["recordings"] == []
    assert after["left_out"]["files"] >= 1
    assert zoomsync.json("config", "show")["settings"]["backfill"]["value"] == "none"


def test_a_choice_beside_a_running_agent_changes_nothing(zoomsync):
    """It is refused before it is written down."""
    zoomsync.recordings.mkdir()
    with zoomsync.agent():
        assert zoomsync.run("sync", "--backfill", "none").code == 4
    assert zoomsync.json("config", "show")["settings"]["backfill"]["value"] == "all"


def test_run_prints_a_line_of_json_at_every_change(zoomsync):
    """For programs that follow the agent."""
    tree = ZoomTree(zoomsync.recordings)
    tree.meeting("Weekly")
    running = zoomsync.start("run", "--json")

    def last():
        lines = running.out.splitlines()
        return json.loads(lines[-1]) if lines else None

    wait_for("it says that all is safe", lambda: (last() or {}).get("state") == "idle")
    assert last()["synced"]["files"] == len(tree.finished)
    assert running.stop().code == 0


@pytest.mark.parametrize("how_long", ["999999999d", "soon", "-3"])
def test_a_pause_that_cannot_be_is_refused(zoomsync, how_long):
    """And the status still works."""
    done = zoomsync.run("pause", f"--for={how_long}")

    assert done.code == 2
    assert how_long in done.err
    assert zoomsync.json("status")["state"] == "stopped"


def test_sync_beside_an_agent_without_a_folder_says_so(zoomsync):
    """That agent never looks through anything, so there is nothing to wait for."""
    with zoomsync.agent():
        done = zoomsync.run("sync", seconds=20)

    assert done.code == 3
    assert "does not exist" in done.out


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_an_answer_that_was_given_is_not_asked_for(zoomsync):
    """`--backfill` answers in advance, also in a terminal at the very first start."""
    ZoomTree(zoomsync.recordings).meeting("Old one")
    master, slave = os.openpty()
    try:
        process = subprocess.Popen(
            [*zoomsync._program(), "sync", "--backfill", "none"],
            stdin=slave,
            stdout=subprocess.DEVNULL,
            stderr=slave,
            env=zoomsync._environment(),
        )
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
    finally:
        os.close(slave)
        os.close(master)
    assert zoomsync.json("recordings", "list")["recordings"] == []
