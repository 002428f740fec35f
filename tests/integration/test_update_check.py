"""The question whether there is a newer version: a real feed on loopback, the real command."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.log import RecordingLog
from tests.fakes.page_world import PageWorld
from tests.fakes.process import Zoomsync
from zoomsync_agent.app import updates
from zoomsync_agent.core.errors import (
    AgentError,
    NetworkUnavailable,
    RemoteUnavailable,
    SettingsError,
)
from zoomsync_agent.core.facts import UPDATE_FOUND
from zoomsync_agent.core.updates import DAY_SECONDS, Release
from zoomsync_agent.engine.updating import AGAIN_SECONDS, Updating
from zoomsync_agent.settings import load

PAGE = "https://example.org/zoomsync/99"
NEWER = json.dumps({"tag_name": "v99.1", "html_url": PAGE}).encode()


class Feed:
    """What a feed answers, and how often it was asked."""

    def __init__(self):
        self.status, self.body, self.asked = 200, NEWER, 0
        self.url = ""
        self.location, self.then = "/there", 200


@pytest.fixture
def feed():
    """Give a feed that tells of a newer version."""
    told = Feed()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            told.asked += 1
            self.send_response(told.status)
            if told.status == 302:
                self.send_header("Location", told.location)
                told.status = told.then
                self.end_headers()
                return
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(told.body)

        def log_message(self, *_):
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/latest"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


# --- asking --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 302])
def test_a_feed_names_the_latest_release(feed, status):
    """Also where it has moved."""
    feed.status = status
    assert updates.latest(feed.url) == Release("99.1", PAGE)


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:9/", "https://example.org/", "http://localhost:1/"]
)
def test_whoever_was_not_asked_names_no_page(feed, location):
    """A download would be fetched from there."""
    feed.status, feed.location = 302, location
    with pytest.raises(RemoteUnavailable, match="elsewhere"):
        updates.latest(feed.url)
    assert feed.asked == 1


def test_a_feed_that_leads_in_circles_is_left(feed):
    """After some turns."""
    feed.status = feed.then = 302
    with pytest.raises(RemoteUnavailable, match="circles"):
        updates.latest(feed.url)
    assert feed.asked == 4


def test_a_page_instead_of_a_feed_names_none(feed):
    """As a captive portal answers."""
    feed.body = b"<html>Please sign in</html>"
    assert updates.latest(feed.url) is None


def test_a_feed_without_an_end_is_no_feed(feed):
    """Nobody reads more than a megabyte."""
    feed.body = b"[" + b" " * (2 << 20)
    with pytest.raises(RemoteUnavailable, match="more than a feed"):
        updates.latest(feed.url)


def test_an_error_is_no_answer(feed):
    """It is asked again later."""
    feed.status = 503
    with pytest.raises(AgentError, match="503"):
        updates.latest(feed.url)


@pytest.mark.parametrize("address", ["http://example.org/", "ftp://example.org", "file:///e", "x"])
def test_only_https_is_asked(address):
    """What is told there would be believed."""
    with pytest.raises(SettingsError):
        updates.latest(address)


# --- when ----------------------------------------------------------------------------------


@pytest.fixture
def state(home, tmp_path):
    """Give the state store of a queue."""
    from zoomsync_agent.store.state import SqliteStateStore

    with PageWorld(home, tmp_path) as world:
        _ = world.control
        yield SqliteStateStore(world.desk._databases.queue)


class Asking:
    """Answers, and counts."""

    def __init__(self):
        self.count, self.error = 0, None

    def __call__(self):
        """Answer, or not."""
        self.count += 1
        if self.error:
            raise self.error
        return Release("99.1", PAGE)


def test_it_is_asked_once_a_day_over_restarts(state):
    """However often the agent starts."""
    clock, ask = ManualClock(), Asking()
    for hours in range(49):
        Updating(ask, state, clock=clock, log=RecordingLog()).tick()
        assert ask.count == 1 + hours // 24
        clock.advance(3600.0)
    assert Release.read(state.get(UPDATE_FOUND)) == Release("99.1", PAGE)


def test_without_an_answer_it_is_asked_again_in_an_hour_and_nobody_is_troubled(state):
    """Being offline is no error."""
    clock, ask, log = ManualClock(), Asking(), RecordingLog()
    ask.error = NetworkUnavailable("offline")
    service = Updating(ask, state, clock=clock, log=log)
    assert service.tick() == AGAIN_SECONDS
    assert service.tick() == AGAIN_SECONDS
    assert ask.count == 2
    assert state.get(UPDATE_FOUND) is None


def test_a_refusal_counts_as_the_answer_of_the_day(state):
    """A feed that is not there is not asked each hour."""
    clock, ask = ManualClock(), Asking()
    ask.error = RemoteUnavailable("answered 404")
    service = Updating(ask, state, clock=clock, log=RecordingLog())
    for _ in range(24):
        service.tick()
        clock.advance(3_500.0)
    assert ask.count == 1


def test_what_was_found_is_forgotten_with_its_feed(state, home, tmp_path):
    """Off means off, also for what stands on the page."""
    options = {"clock": ManualClock(), "log": RecordingLog()}
    chosen = load(home, {"ZOOMSYNC_UPDATE_FEED": "https://example.org/a"}, cwd=tmp_path)
    assert len(updates.updating(chosen, home, state, **options)) == 1
    state.set(UPDATE_FOUND, Release("99.1", PAGE).text)
    assert len(updates.updating(chosen, home, state, **options)) == 1
    assert state.get(UPDATE_FOUND) is not None
    chosen = load(home, {"ZOOMSYNC_UPDATE_CHECK": "no"}, cwd=tmp_path)
    assert updates.updating(chosen, home, state, **options) == []
    assert state.get(UPDATE_FOUND) is None


def test_a_clock_that_was_wrong_does_not_silence_it(state):
    """A moment to come was noted while it was."""
    clock, ask = ManualClock(), Asking()
    service = Updating(ask, state, clock=clock, log=RecordingLog())
    service.tick()
    clock.jump(-10 * DAY_SECONDS)
    service.tick()
    assert ask.count == 2


# --- who is told ---------------------------------------------------------------------------


@pytest.fixture
def zoomsync(tmp_path, feed):
    """Give a home whose releases are told of by the feed."""
    with Zoomsync(tmp_path, {"ZOOMSYNC_UPDATE_FEED": feed.url}) as found:
        found.recordings.mkdir()
        yield found


def test_the_command_tells(zoomsync, feed):
    """In words, and as JSON."""
    done = zoomsync.run("update")
    assert done.code == 0, done.err
    assert "zoomsync 99.1 is out" in done.out
    assert PAGE in done.out
    assert zoomsync.json("update")["is_newer"] is True
    feed.body = json.dumps({"version": "0.0.1", "url": PAGE}).encode()
    assert "This is the newest version" in zoomsync.run("update").out


def test_off_means_off(zoomsync, feed):
    """Nobody is asked, and that is said."""
    zoomsync.settings = {**zoomsync.settings, "ZOOMSYNC_UPDATE_CHECK": "no"}
    assert "Nobody is asked: update_check is “no”." in zoomsync.run("update").out
    assert feed.asked == 0


def test_a_program_of_no_release_asks_nobody(tmp_path):
    """A development tree has no home on the web."""
    with Zoomsync(tmp_path) as zoomsync:
        assert "came from no release" in zoomsync.run("update").out


def test_the_agent_asks_apart_and_everybody_is_told(home, tmp_path, feed, monkeypatch):
    """Page, API and status; the agent itself loads no client for it."""
    monkeypatch.setenv("ZOOMSYNC_UPDATE_FEED", feed.url)
    with PageWorld(home, tmp_path, {"update_feed": feed.url}) as world:
        found = updates._asked_apart(world.home)
        assert found == Release("99.1", PAGE)
        _ = world.control
        from zoomsync_agent.store.state import SqliteStateStore

        SqliteStateStore(world.desk._databases.queue).set(UPDATE_FOUND, found.text)
        seen = world.control.snapshot()
        assert seen.update == found
        page = world.client().get("/", base_url="http://127.0.0.1").text
        assert "Version 99.1 of zoomsync is out" in page
        assert f'href="{PAGE}"' in page
