"""What people do with Zoom's cloud at the command line, against the stand-in."""

import time
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ZoomTree, sha256
from tests.fakes.zoom import ADMIN_SCOPES, READ_SCOPES, TRASH_SCOPES, ZoomServer, sha256_of, visit

pytestmark = pytest.mark.slow

DAY = 86_400.0


@pytest.fixture
def zoom():
    """Give the stand-in."""
    with ZoomServer() as found:
        found.scopes = [*READ_SCOPES, *TRASH_SCOPES]
        yield found


@pytest.fixture
def zoomsync(tmp_path, zoom):
    """Give a home in which nobody is signed in."""
    settings = {
        "ZOOM_CLIENT_ID": zoom.public_client_id,
        "ZOOM_URL": zoom.zoom_url,
        "ZOOMSYNC_TESTS_KEYRING": str(tmp_path / "keyring.json"),
        "PYTHON_KEYRING_BACKEND": "tests.fakes.keyring_file.Keyring",
    }
    (tmp_path / "Zoom").mkdir()
    with Zoomsync(tmp_path, settings) as found:
        yield found


def sign_in(zoomsync, *, decision="allow"):
    """Let a person press Allow."""
    command = zoomsync.start("sign-in", "zoom", "--no-browser")
    link = wait_for("the link is shown", lambda: [w for w in command.err.split() if "oauth" in w])
    with httpx.Client() as browser:
        visit(browser, link[0], decision)
    done = command.ended()
    assert done.code == 0, done.err


def _path(row):
    return Path(unquote(row["file_url"].removeprefix("file://")))


def test_from_nobody_to_everything_safe(zoomsync, zoom):
    """Signed out it says how to sign in; signed in it brings everything home."""
    meeting = zoom.add_meeting(
        "Weekly", time.time() - 2 * DAY, 30, ("video", "audio", "transcript")
    )
    assert "zoomsync sign-in zoom" in zoomsync.run("status").out
    assert zoomsync.json("sync")["recordings"] == []
    sign_in(zoomsync)
    rows = zoomsync.json("sync")["recordings"]
    assert {row["sha256"] for row in rows} == {sha256_of(one.content) for one in meeting.files[:2]}
    shown = zoomsync.json("recordings", "show", rows[0]["recording_id"])
    assert shown["source"] == "zoom"
    assert "Shall we begin with the plan?" in shown["transcription_text"]
    assert [one["recording_id"] for one in shown["variants"]] == [rows[1]["recording_id"]]
    assert zoom.first_user.email in zoomsync.run("status").out
    listed = zoomsync.run("recordings", "list").out
    assert listed.count("Weekly") == 1  # one meeting, two recordings
    assert zoom.leaked == []
    assert not [one for one in (zoomsync.home / "data" / "spool").rglob("*") if one.is_file()]


def test_zooms_copy_goes_to_the_trash_and_comes_back(zoomsync, zoom):
    """Asked for by a setting; listed; taken back for good."""
    meeting = zoom.add_meeting("Old: 1", time.time() - 20 * DAY, 30)
    sign_in(zoomsync)
    assert len(zoomsync.json("sync")["recordings"]) == 2
    assert not meeting.is_trashed(time.time())
    assert zoomsync.run("config", "set", "zoom_trash", "14").code == 0
    with zoomsync.agent():
        wait_for("Zoom's copy is in the trash", lambda: meeting.is_trashed(time.time()))
    (listed,) = zoomsync.json("cloud", "trashed")["meetings"]
    assert (listed["topic"], listed["uuid"]) == ("Old: 1", meeting.uuid)
    assert "can be taken back until" in zoomsync.run("cloud", "trashed").out
    assert zoomsync.run("cloud", "recover").code == 2
    assert zoomsync.run("cloud", "recover", "nothing").code == 2
    back = zoomsync.json("cloud", "recover", listed["meeting_key"])
    assert [one["uuid"] for one in back["recovered"]] == [meeting.uuid]
    assert not meeting.is_trashed(time.time())
    assert zoomsync.json("cloud", "trashed") == {"meetings": []}
    begun = zoomsync.log.count("agent started")
    with zoomsync.agent():
        wait_for("it has looked", lambda: zoomsync.json("status")["state"] == "idle")
        time.sleep(2.0)
    assert zoomsync.log.count("agent started") == begun + 1
    assert not meeting.is_trashed(time.time())
    assert [seen.query for seen in zoom.requests if seen.method == "DELETE"] == [
        {"action": "trash"}
    ]
    for row in zoomsync.rows():
        assert _path(row).read_bytes()[4:8] == b"ftyp"


def test_what_is_not_in_the_trash_any_more_is_said(zoomsync, zoom):
    """Zoom deletes it after thirty days, or somebody does."""
    meeting = zoom.add_meeting("Old", time.time() - 20 * DAY, 30)
    sign_in(zoomsync)
    zoomsync.json("sync")
    zoomsync.run("config", "set", "zoom_trash", "14")
    with zoomsync.agent():
        wait_for("Zoom's copy is in the trash", lambda: meeting.is_trashed(time.time()))
    zoom.forget(meeting)
    done = zoomsync.run("cloud", "recover", "--all")
    assert done.code == 3
    assert "not in Zoom's trash any more" in done.out


def test_an_administrator_brings_everybodys_home(zoomsync, zoom):
    """With the account-wide scopes, those of other hosts too."""
    zoom.scopes = list(ADMIN_SCOPES)
    admin = zoom.add_user("admin@example.org", is_admin=True)
    bob = zoom.add_user("bob@example.org")
    mine = zoom.add_meeting("Mine", time.time() - DAY, 30, user=admin)
    his = zoom.add_meeting("His", time.time() - DAY, 30, user=bob)
    sign_in(zoomsync)
    rows = zoomsync.json("sync")["recordings"]
    wanted = {sha256_of(one.content) for meeting in (mine, his) for one in meeting.files}
    assert {row["sha256"] for row in rows} == wanted


def test_signed_out_what_waits_says_so_and_goes_on_after_signing_in(zoomsync, zoom):
    """One clear notice; a running agent notices the sign-in by itself."""
    sign_in(zoomsync)
    zoomsync.json("sync")
    zoom.revoke_user(zoom.first_user)
    meeting = zoom.add_meeting("Later", time.time() - DAY, 30)
    with zoomsync.agent():
        told = wait_for(
            "it says that it is signed out",
            lambda: found if (found := zoomsync.json("status"))["state"] == "needs_you" else None,
        )
        assert "You are signed out of Zoom" in told["sentence"]
        assert "zoomsync sign-in zoom" in told["sentence"]
        sign_in(zoomsync)
        wanted = {sha256_of(one.content) for one in meeting.files}
        wait_for(
            "the recordings come home",
            lambda: wanted <= {row["sha256"] for row in zoomsync.rows() if row["file_url"]},
        )


def test_a_meeting_recorded_in_both_places_is_one(zoomsync, zoom, tmp_path):
    """Both recordings are kept, neither is deleted, and the list shows one meeting."""
    tree = ZoomTree(tmp_path / "Zoom")
    local = tree.meeting("Budget: plans")
    (video,) = local.glob("*.mp4")
    stamp = time.mktime(time.strptime(local.name[:19], "%Y-%m-%d %H.%M.%S"))
    zoom.add_meeting("Budget: plans", stamp + 1, 1)
    sign_in(zoomsync)
    zoomsync.json("sync")
    rows = [row for row in zoomsync.rows() if row["processing_status"] == "completed"]
    assert {row["source"] for row in rows} == {"local", "zoom"}
    assert len({row["meeting_key"] for row in rows}) == 1
    assert sha256(video) in {row["sha256"] for row in rows}
    assert video.exists()
