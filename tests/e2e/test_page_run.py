"""A running agent and its page: settings are taken up at once, and the page stays."""

import json
import time
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ZoomTree

pytestmark = pytest.mark.slow


class Program:
    """A program that uses the API of a running agent."""

    def __init__(self, zoomsync):
        self._token = (zoomsync.home / "data" / "page.token").read_text().strip()
        self.url = zoomsync.json("status")["url"].rstrip("/")

    def ask(self, method, path, body=None):
        """Return status and answer."""
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        with closing(HTTPConnection(urlsplit(self.url).netloc, timeout=30)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.load(answer)


@pytest.fixture
def zoomsync(tmp_path):
    """A home without anything in it, and a folder that the settings do not name from outside."""
    with Zoomsync(tmp_path, settings={"ZOOM_RECORDINGS_PATH": ""}) as found:
        found.recordings.mkdir()
        found.run("config", "set", "recordings_path", str(found.recordings))
        yield found


def _program(zoomsync):
    wait_for("the page is there", lambda: zoomsync.json("status")["url"])
    zoomsync.run("open", "--print")  # makes the token, as a person's first visit does
    return Program(zoomsync)


def test_another_folder_is_watched_at_once_and_the_page_stays(zoomsync):
    """Chosen over the API; what lies there comes home, and no connection is refused meanwhile."""
    other = ZoomTree(zoomsync.place / "Elsewhere")
    other.meeting("Elsewhere")
    with zoomsync.agent() as running:
        program = _program(zoomsync)
        assert program.ask("GET", "/recordings")[1]["recordings"] == []

        status, _ = program.ask("PUT", "/monitor/path", {"path": str(other.root)})

        assert status == 200
        wait_for(
            "the recording comes home",
            lambda: (
                [
                    one["sha256"]
                    for one in program.ask("GET", "/recordings?status=completed")[1]["recordings"]
                ]
                == list(other.finished)
            ),
        )
        assert program.ask("GET", "/monitor/status")[1]["recordings_path"] == str(other.root)
        assert zoomsync.json("status")["pid"] == running.pid
        assert zoomsync.json("status")["url"].rstrip("/") == program.url


def test_a_setting_of_the_command_line_is_taken_up_by_the_running_agent(zoomsync):
    """As is one that somebody wrote into the file; a wrong one is said and changes nothing."""
    tree = ZoomTree(zoomsync.place / "Elsewhere")
    tree.meeting("Elsewhere")
    with zoomsync.agent():
        done = zoomsync.run("config", "set", "recordings_path", str(tree.root))
        assert done.code == 0
        wait_for("it comes home", lambda: len(zoomsync.rows()) == 1)

        program = _program(zoomsync)
        config = zoomsync.home / "config" / "config.toml"
        before = config.read_text()
        config.write_text(before + 'workers = "many"\n')
        said = wait_for(
            "the mistake is said",
            lambda: (
                (found := program.ask("GET", "/monitor/status")[1])["state"] == "needs_you"
                and found["sentence"]
            ),
        )
        assert "workers" in said
        tree.meeting("Still watched")
        wait_for("what held before still holds", lambda: len(program_rows(program)) == 2)
        config.write_text(before)
        wait_for(
            "all is well again",
            lambda: program.ask("GET", "/monitor/status")[1]["state"] == "idle",
        )


def program_rows(program):
    """Return what the API lists."""
    return program.ask("GET", "/recordings")[1]["recordings"]


def test_settings_with_which_nothing_works_leave_the_page(zoomsync):
    """It says why, and the next choice mends it."""
    tree = ZoomTree(zoomsync.recordings)
    with zoomsync.agent():
        program = _program(zoomsync)
        config = zoomsync.home / "config" / "config.toml"
        before = config.read_text()
        # Right in itself; but nobody can begin with it, since there is no key.
        config.write_text(
            before
            + 'destination = "supabase"\nsupabase_url = "https://abcdefghijklmnopqrst.supabase.co"\n'
        )
        said = wait_for(
            "it is said",
            lambda: (
                "supabase_key" in (s := program.ask("GET", "/monitor/status")[1]["sentence"]) and s
            ),
        )
        assert "cannot work with these settings" in said
        config.write_text(before)
        tree.meeting("After all")
        wait_for("it works again", lambda: len(program_rows(program)) == 1)


def test_what_was_left_out_comes_home_when_it_is_chosen(zoomsync):
    """Under Settings, as the setup promised."""
    tree = ZoomTree(zoomsync.recordings)
    tree.meeting("Old", age_seconds=86_400)
    zoomsync.run("config", "set", "backfill", "none")
    with zoomsync.agent():
        program = _program(zoomsync)
        assert program_rows(program) == []
        assert zoomsync.json("status")["history"]["files"] == 1
        zoomsync.run("config", "set", "backfill", "all")
        wait_for("it comes home", lambda: len(program_rows(program)) == 1)


def test_monitoring_stops_and_starts(zoomsync):
    """Nothing new is noticed meanwhile; a restart does not change that, and a start does."""
    tree = ZoomTree(zoomsync.recordings)
    with zoomsync.agent():
        program = _program(zoomsync)
        assert program.ask("POST", "/monitor/stop")[0] == 200
        assert "Monitoring is stopped" in zoomsync.run("status").out
        tree.meeting("Unseen")
        time.sleep(2.5)
        assert program_rows(program) == []
    with zoomsync.agent():
        program = _program(zoomsync)
        time.sleep(2.5)
        assert program_rows(program) == []
        assert zoomsync.run("monitor", "start").code == 0
        wait_for("it is noticed", lambda: len(program_rows(program)) == len(tree.finished))


def test_sync_beside_a_stopped_monitoring_says_so_and_ends(zoomsync):
    """Nobody will look, so there is nothing to wait for."""
    tree = ZoomTree(zoomsync.recordings)
    with zoomsync.agent():
        assert zoomsync.run("monitor", "stop").code == 0
        tree.meeting("Unseen")
        done = zoomsync.run("sync", seconds=20.0)
        assert done.code == 3
        assert "zoomsync monitor start" in done.out
        assert zoomsync.rows() == []
