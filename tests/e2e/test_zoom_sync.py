"""Recordings come home from Zoom's cloud: the real process, over its sudden end."""

import re
import threading
import time

import keyring
import pytest

from tests.fakes.keyring_file import VARIABLE, Keyring
from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.zoom import Fault, ZoomServer, fetching, sha256_of, stall_after
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import home as home_of
from zoomsync_agent.desktop.secrets import KeyringSecrets
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.zoom.app import ZoomApp
from zoomsync_agent.zoom.session import ZoomKeeper

pytestmark = pytest.mark.slow

DAY = 86_400.0
MEBIBYTE = 1 << 20
DURABLE = 32 * MEBIBYTE


@pytest.fixture
def zoom():
    """Give the stand-in."""
    with ZoomServer() as found:
        yield found


@pytest.fixture
def zoomsync(tmp_path, zoom, monkeypatch):
    """Give a home in which somebody is signed in."""
    settings = {
        "ZOOM_CLIENT_ID": zoom.public_client_id,
        "ZOOM_URL": zoom.zoom_url,
        "ZOOMSYNC_LOG_LEVEL": "debug",
        "ZOOMSYNC_ZOOM_POLL_SECONDS": "60",
        VARIABLE: str(tmp_path / "keyring.json"),
        "PYTHON_KEYRING_BACKEND": "tests.fakes.keyring_file.Keyring",
    }
    (tmp_path / "Zoom").mkdir()
    with Zoomsync(tmp_path, settings) as found:
        _sign_in(found, zoom, monkeypatch)
        yield found
        _expect_silent(found, zoom)


def _sign_in(zoomsync, zoom, monkeypatch):
    """Write the session as a sign-in leaves it."""
    monkeypatch.setenv(VARIABLE, zoomsync.settings[VARIABLE])
    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    home = home_of({"HOME": str(zoomsync.place), "ZOOMSYNC_HOME": str(zoomsync.home)}).ensure()
    app = ZoomApp(zoom.public_client_id, oauth=zoom.zoom_url, api=zoom.api_url)
    keeper = ZoomKeeper(
        app,
        KeyringSecrets(home.service_name),
        home.data / "zoom.session.lock",
        clock=SystemClock(),
    )
    told, ann = zoom.sign_in(), zoom.first_user
    keeper.adopt(
        Grant(
            told["access_token"],
            told["refresh_token"],
            told["expires_in"],
            ann.id,
            ann.email,
            told["scope"],
            told["api_url"],
        )
    )
    keyring.set_keyring(before)


def _expect_silent(zoomsync, zoom):
    """Neither the log nor the databases hold what opens a recording."""
    kept = b"".join(one.read_bytes() for one in zoomsync.home.rglob("*.db*"))
    kept += zoomsync.log.encode()
    assert not [
        one for known in (zoom._access, zoom._refresh, zoom._download)
        for one in known if one.encode() in kept
    ]  # fmt: skip
    assert not re.search(rb"(Signature|Policy|Key-Pair-Id)=(?!\[redacted\])", kept)


def _spooled(zoomsync):
    return [one for one in zoomsync.home.rglob("spool/**/*") if one.is_file()]


def _archived(zoomsync):
    """Return the hashes of what the rows say is safe."""
    return {row["sha256"] for row in zoomsync.rows() if row["processing_status"] == "completed"}


def _served(zoom, file):
    return [(begin, count) for name, begin, count in zoom.served if name == file.id]


def test_a_download_goes_on_after_the_agent_was_killed(zoomsync, zoom):
    """Where it was durable: at most 32 MiB come again."""
    size = 150 * MEBIBYTE + 12_345
    meeting = zoom.add_meeting("Long", time.time() - DAY, 30, ())
    video = zoom.add_file(meeting, "video", size)
    held = _hold_after(zoom, video, 100 * MEBIBYTE)
    running = zoomsync.start("sync")
    wait_for(
        "most of it is here",
        lambda: sum(one.stat().st_size for one in _spooled(zoomsync)) >= 99 * MEBIBYTE,
    )
    running.kill()
    held.set()
    here = max(one.stat().st_size for one in _spooled(zoomsync))
    assert zoomsync.run("sync").code == 0
    (first, _), (second, left) = _served(zoom, video)
    assert first == 0
    assert second + left == size
    assert here - second <= DURABLE
    assert second >= 64 * MEBIBYTE
    assert _archived(zoomsync) == {sha256_of(video.content)}
    assert not _spooled(zoomsync)
    assert zoom.leaked == []


def _hold_after(zoom, file, count):
    """Let the first answer stop after *count* bytes until the event is set."""
    event = threading.Event()
    zoom.cdn.faults.append(Fault(fetching(file), stall_after(count, event)))
    return event


def test_killed_again_and_again_everything_is_safe_once(zoomsync, zoom):
    """Whatever the agent was doing at its end."""
    files = [
        file
        for day in range(6)
        for file in zoom.add_meeting(
            f"Day {day}", time.time() - day * DAY - 3_600, 30,
            ("video", "audio", "chat", "transcript"),
        ).files
    ]  # fmt: skip
    for wait in (0.9, 1.1, 1.3, 1.6, 2.0):
        running = zoomsync.start("sync")
        time.sleep(wait)
        running.kill()
    assert zoomsync.run("sync").code == 0
    media = [one for one in files if one.file_type in ("MP4", "M4A")]
    assert _archived(zoomsync) == {sha256_of(one.content) for one in media}
    assert not _spooled(zoomsync)
    rows = zoomsync.rows()
    assert len(rows) == len(media)
    shown = zoomsync.json("recordings", "show", rows[0]["recording_id"])
    assert "Good morning" in shown["transcription_text"]


def test_a_dry_run_says_how_much_it_is_and_takes_nothing(zoomsync, zoom):
    """Of the days that are asked for."""
    old = zoom.add_meeting("Old", time.time() - 100 * DAY, 30, ("video",))
    new = zoom.add_meeting("New", time.time() - DAY, 30, ("video", "audio"))
    told = zoomsync.json("cloud", "sync", "--since", "2020-01-01", "--dry-run")
    sizes = [one.content.size for meeting in (old, new) for one in meeting.files]
    assert (told["to_do"]["files"], told["to_do"]["bytes"]) == (3, sum(sizes))
    told = zoomsync.json("cloud", "sync", "--dry-run")
    assert told["to_do"]["files"] == 2
    done = zoomsync.run("cloud", "sync", "--dry-run")
    assert "2 files" in done.out
    assert "Nothing was downloaded" in done.out
    assert not zoom.served
    assert zoomsync.rows() == []


@pytest.mark.parametrize("is_beside", [False, True])
def test_only_what_is_chosen_is_taken(zoomsync, zoom, is_beside):
    """By a command of its own and beside a running agent that leaves history out."""
    zoomsync.settings = {**zoomsync.settings, "ZOOMSYNC_BACKFILL": "none"}
    chosen = zoom.add_meeting("Budget 2026", time.time() - 5 * DAY, 30)
    zoom.add_meeting("Lunch", time.time() - 5 * DAY, 30)
    command = ("cloud", "sync", "--topic", "budget")
    if is_beside:
        with zoomsync.agent():
            wait_for("the cloud was swept", lambda: zoomsync.json("status")["state"] == "idle")
            assert zoomsync.rows() == []
            assert zoomsync.run(*command).code == 0
    else:
        assert zoomsync.run(*command).code == 0
    assert _archived(zoomsync) == {sha256_of(one.content) for one in chosen.files}
    assert zoomsync.run("sync").code == 0
    assert _archived(zoomsync) == {sha256_of(one.content) for one in chosen.files}
    assert not _spooled(zoomsync)


def test_status_says_what_zoom_is_about(zoomsync, zoom):
    """Who it is, what is under way, and what is wrong."""
    meeting = zoom.add_meeting("Long", time.time() - DAY, 30, ())
    video = zoom.add_file(meeting, "video", 40 * MEBIBYTE)
    held = _hold_after(zoom, video, 20 * MEBIBYTE)
    with zoomsync.agent():
        told = wait_for(
            "it downloads",
            lambda: found if "50 %" in (found := zoomsync.run("status")).out else None,
        )
        assert zoom.first_user.email in told.out
        assert "Downloading" in told.out
        assert "Long" in told.out
        held.set()
        wait_for("it is safe", lambda: _archived(zoomsync))
        told = zoomsync.json("status")
        assert told["state"] == "idle"
    zoom.revoke_user(zoom.first_user)
    done = zoomsync.run("sync")
    status = zoomsync.run("status")
    assert "zoomsync sign-in zoom" in done.out + done.err + status.out
