"""A folder becomes objects of a bucket and rows: the real process, against a strict store."""

import json
import subprocess
import urllib.request

import pytest

from tests.fakes import s3_real
from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.s3_server import Fault, S3Server, delay, s3_error
from tests.fakes.tree import ZoomTree, sha256
from zoomsync_agent.s3.credentials import FixedKeys
from zoomsync_agent.s3.objects import Objects
from zoomsync_agent.s3.requests import Requests

pytestmark = pytest.mark.slow

PART = 5 << 20
PARALLEL = 3


@pytest.fixture
def server():
    """Give the store."""
    with S3Server() as found:
        yield found


def _settings(tmp_path, url, bucket, region):
    return {
        "ZOOMSYNC_DESTINATION": "s3",
        "S3_BUCKET": bucket,
        "S3_ENDPOINT_URL": url,
        "S3_PREFIX": "zoom",
        "AWS_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "ZOOMSYNC_S3_PART_SIZE": str(PART),
        "ZOOMSYNC_S3_PARALLEL": str(PARALLEL),
        "ZOOMSYNC_TESTS_KEYRING": str(tmp_path / "keyring.json"),
        "PYTHON_KEYRING_BACKEND": "tests.fakes.keyring_file.Keyring",
    }


@pytest.fixture
def zoomsync(tmp_path, server):
    """Give a home whose bucket is the store's."""
    settings = _settings(tmp_path, server.url, server.bucket, server.region)
    settings["AWS_ACCESS_KEY_ID"] = server.access_key
    settings["AWS_SECRET_ACCESS_KEY"] = server.secret_key
    with Zoomsync(tmp_path, settings) as found:
        yield found


@pytest.fixture
def tree(zoomsync):
    """Give its recordings folder, with one small and one large recording and a chat."""
    return _tree(zoomsync)


def _tree(zoomsync):
    found = ZoomTree(zoomsync.recordings)
    found.meeting("Small", chat="10:00:05\t Ann : hello budget\n")
    found.meeting("Über große Pläne", size=9 * PART + 1234)
    return found


def _expect_safe(server, zoomsync, tree):
    """Every finished recording is an object of the same bytes, described, with a row."""
    rows = {row["sha256"]: row for row in zoomsync.rows()}
    assert set(rows) == set(tree.finished)
    for digest, row in rows.items():
        assert row["processing_status"] == "completed"
        stored = server.objects[f"zoom/{row['object_key']}"]
        assert stored.size == row["file_size"] == tree.finished[digest]
        assert stored.metadata["sha256"] == digest
        assert row["file_url"].endswith(f"/{server.bucket}/zoom/{row['object_key']}")
        described = json.loads(server.objects[f"zoom/{row['object_key']}.json"].data)
        assert described["sha256"] == digest
        assert described["meeting_title"] == row["meeting_title"]
    assert server.uploads == {}


def _parts(server):
    return [seen for seen in server.seen("PUT") if "partNumber" in seen.query]


def test_a_folder_becomes_objects_and_rows(zoomsync, server, tree):
    """A second run sends nothing."""
    told = zoomsync.json("sync")
    assert [one["processing_status"] for one in told["recordings"]] == ["completed"] * 2
    _expect_safe(server, zoomsync, tree)
    keys = [key for key in server.objects if not key.endswith(".json")]
    assert any("-small/chat-" in key for key in keys)
    assert any("-uber-groe-plane/video" in key for key in keys)
    assert len(_parts(server)) == 10

    before = len(server.seen("PUT")) + len(server.seen("POST"))
    assert len(zoomsync.json("sync")["recordings"]) == 2
    assert len(server.seen("PUT")) + len(server.seen("POST")) == before
    assert server.secret_key not in zoomsync.log


def test_killed_in_the_middle_it_goes_on_where_it_was(zoomsync, server, tree):
    """At most one part per worker is sent again, whatever had been noted."""
    slow = Fault(lambda seen: "partNumber" in seen.query, delay(0.2), times=1000)
    server.faults.append(slow)
    running = zoomsync.start("run", "--headless")
    wait_for(
        "some parts of the large recording are there",
        lambda: any(len(one.parts) >= 3 for one in server.uploads.values()),
    )
    running.kill()
    server.faults.clear()
    (upload,) = server.uploads.values()
    wait_for("what was under way has ended", lambda: _settled(server, upload))
    there = set(upload.parts)
    before = len(_parts(server))

    zoomsync.json("sync")

    _expect_safe(server, zoomsync, tree)
    assert slow.fired
    sent = [int(seen.query["partNumber"]) for seen in _parts(server)[before:] if seen.status == 200]
    assert len(sent) == len(set(sent))
    assert 3 <= len(there) < 10
    assert len(set(sent) & there) <= PARALLEL
    assert {seen.query["uploadId"] for seen in _parts(server)} == {upload.id}


def _settled(server, upload):
    with server.guard:
        answered = sum(seen.query.get("uploadId") == upload.id for seen in server.requests)
    return answered >= len(upload.parts)


@pytest.mark.parametrize("kind", ["moto", "rclone"])
def test_servers_that_no_one_here_wrote_keep_the_folder(tmp_path, kind):
    """Objects hold the recordings' bytes, read back around the agent."""
    real = getattr(s3_real, kind)()
    bucket = real.new_bucket()
    settings = _settings(tmp_path, real.url, bucket, s3_real.REGION)
    settings["AWS_ACCESS_KEY_ID"] = s3_real.KEYS.access_key
    settings["AWS_SECRET_ACCESS_KEY"] = s3_real.KEYS.secret_key
    with Zoomsync(tmp_path, settings) as zoomsync:
        tree = _tree(zoomsync)
        zoomsync.json("sync")
        requests = Requests(real.bucket(bucket), FixedKeys(s3_real.KEYS))
        objects = Objects(requests)
        hashes = {
            row["sha256"]: objects.hash(f"zoom/{row['object_key']}", lambda: None)
            for row in zoomsync.rows()
        }
        requests.close()
        assert set(hashes) == set(tree.finished)
        assert all(found == wanted for wanted, found in hashes.items())


def test_a_link_opens_a_recording_for_a_while(zoomsync, server, tree):
    """Whoever has it reads exactly the bytes that were recorded; without it nobody does."""
    zoomsync.json("sync")
    row = next(row for row in zoomsync.rows() if row["meeting_title"] == "Small")
    told = zoomsync.json("recordings", "show", row["recording_id"][:8], "--link", "--expires", "5m")
    assert told["expires_in"] == 300
    with urllib.request.urlopen(told["link"]) as response:  # noqa: S310  of our own server
        original = next(zoomsync.recordings.glob("*Small/*.mp4"))
        assert response.read() == original.read_bytes()
    assert sha256(original) == row["sha256"]
    with pytest.raises(urllib.request.HTTPError):
        urllib.request.urlopen(row["file_url"])  # noqa: S310  of our own server


def _sign_in(zoomsync, access_key, secret_key):
    return subprocess.run(
        [*zoomsync._program(), "sign-in", "s3"],
        input=f"{access_key}\n{secret_key}\n".encode(),
        env=zoomsync._environment(),
        cwd=zoomsync.place,
        capture_output=True,
        check=False,
    )


def test_keys_are_kept_in_the_keyring(zoomsync, server, tree):
    """The agent waits for keys, goes on by itself when there are some, and never writes them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del zoomsync.settings[name]
    told = zoomsync.json("sync", code=3)
    assert {one["code"] for one in told["not_uploaded"]} == {"credentials_missing"}
    assert server.requests == []

    refused = _sign_in(zoomsync, server.access_key, "not the secret")
    assert refused.returncode == 3
    assert b"Nothing was kept" in refused.stderr
    assert not (zoomsync.place / "keyring.json").exists()

    with zoomsync.agent():
        kept = _sign_in(zoomsync, server.access_key, server.secret_key)
        assert kept.returncode == 0, kept.stderr
        wait_for(
            "the recordings come home",
            lambda: (
                zoomsync.json("status")["synced"]["files"] == 2
                and zoomsync.json("status")["state"] == "idle"
            ),
            90,
        )
    _expect_safe(server, zoomsync, tree)
    for path in zoomsync.home.rglob("*"):
        if path.is_file():
            assert server.secret_key.encode() not in path.read_bytes(), path
    subprocess.run(
        [*zoomsync._program(), "sign-out", "s3"], env=zoomsync._environment(), check=True
    )
    assert json.loads((zoomsync.place / "keyring.json").read_text("utf-8")) == {}


def test_keys_of_a_profile_are_found(zoomsync, server, tree, tmp_path):
    """As every AWS tool finds them."""
    access, secret = (
        zoomsync.settings.pop(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    )
    (tmp_path / "credentials").write_text(
        f"[work]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n", "utf-8"
    )
    zoomsync.settings["AWS_PROFILE"] = "work"
    zoomsync.json("sync")
    _expect_safe(server, zoomsync, tree)


def test_what_was_kept_in_a_folder_is_brought_to_the_bucket_too(zoomsync, server, tree):
    """And to another bucket, should that be chosen later."""
    zoomsync.settings["ZOOMSYNC_DESTINATION"] = "folder"
    zoomsync.json("sync")
    assert server.objects == {}
    zoomsync.settings["ZOOMSYNC_DESTINATION"] = "s3"
    zoomsync.json("sync")
    _expect_safe(server, zoomsync, tree)
    zoomsync.settings["S3_PREFIX"] = "elsewhere"
    zoomsync.json("sync")
    elsewhere = [key for key in server.objects if key.startswith("elsewhere/")]
    assert len([key for key in elsewhere if key.endswith((".mp4", ".txt"))]) == 3


def test_rows_name_the_copy_where_recordings_go_now(zoomsync, server, tree):
    """From a folder to the bucket and back nothing is copied twice, and each row follows."""
    for name, begins in (("folder", "file://"), ("s3", server.url), ("folder", "file://")):
        zoomsync.settings["ZOOMSYNC_DESTINATION"] = name
        zoomsync.json("sync")
        rows = zoomsync.rows()
        assert len(rows) == len(tree.finished)
        assert {row["destination"] for row in rows} == {name}
        assert all(row["file_url"].startswith(begins) for row in rows)
    sent = len(server.seen("PUT"))
    zoomsync.settings["ZOOMSYNC_DESTINATION"] = "s3"
    zoomsync.json("sync")
    new = server.seen("PUT")[sent:]
    assert all(seen.path.endswith(".json") for seen in new)
    assert {row["destination"] for row in zoomsync.rows()} == {"s3"}


def test_a_lost_database_is_rebuilt_from_the_bucket(zoomsync, server, tree):
    """Nothing is sent again, and what the rows said is there again."""
    zoomsync.json("sync")
    before = {row["recording_id"]: row["meeting_title"] for row in zoomsync.rows()}
    sent = len(_parts(server))
    for name in ("agent.db", "catalog.db"):
        for path in zoomsync.home.rglob(f"{name}*"):
            path.unlink()
    zoomsync.json("sync")
    assert {row["recording_id"]: row["meeting_title"] for row in zoomsync.rows()} == before
    assert len(_parts(server)) == sent
    _expect_safe(server, zoomsync, tree)


def test_what_the_store_refuses_is_said_and_mended_by_itself(zoomsync, server, tree):
    """The sentence names what the owner of the bucket must allow; later everything comes home."""
    server.denied = {"s3:PutObject"}
    told = zoomsync.json("sync", code=3)
    assert {one["code"] for one in told["not_uploaded"]} == {"destination_denied"}
    assert "s3:PutObject" in told["not_uploaded"][0]["sentence"]
    findings = zoomsync.json("doctor", code=3)["findings"]
    assert any(
        one["level"] == "problem" and "s3:PutObject is not allowed" in one["sentence"]
        for one in findings
    )
    server.denied = set()
    zoomsync.json("sync")
    _expect_safe(server, zoomsync, tree)
    assert all(one["level"] == "ok" for one in zoomsync.json("doctor")["findings"])


def test_what_is_deleted_from_the_bucket_is_uploaded_again(zoomsync, server, tree):
    """And a bucket that cannot be looked at is not an empty one."""
    zoomsync.json("sync")
    away = Fault(("HEAD", "/"), s3_error(403, "AccessDenied"), times=1000)
    hidden = Fault(("GET", "/"), s3_error(403, "AccessDenied"), times=1000)
    server.faults.extend([away, hidden])
    sent = len(server.seen("PUT"))
    zoomsync.run("sync")
    assert away.fired
    assert len(server.seen("PUT")) == sent
    server.faults.clear()
    for key in [key for key in server.objects if key.endswith(".mp4")]:
        server.remove_object(key)
    zoomsync.json("sync")
    _expect_safe(server, zoomsync, tree)
