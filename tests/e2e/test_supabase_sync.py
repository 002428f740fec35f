"""A folder becomes objects and rows of a project: the real process, database and REST interface."""

import json
import signal
import subprocess
import threading
import urllib.request

import pytest

from tests.fakes import postgres
from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.project import FakeProject
from tests.fakes.supabase_server import Fault, answer, slow_assembly
from tests.fakes.tree import ZoomTree, sha256

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres")]

CHUNK = 256 << 10


@pytest.fixture(scope="module")
def database(request):
    """Give a database that has the agent's schema."""
    return postgres.cluster(request.config).project()


@pytest.fixture
def project(database):
    """Give a whole project with one user."""
    with database.rest() as address, FakeProject(database, address) as found:
        yield found


@pytest.fixture
def zoomsync(tmp_path, project):
    """Give a home in service mode."""
    settings = {
        "ZOOMSYNC_DESTINATION": "supabase",
        "SUPABASE_URL": project.server.url,
        "SUPABASE_SERVICE_KEY": project.server.secret_key,
        "ZOOMSYNC_USER_ID": project.user_id,
        "ZOOMSYNC_CHUNK_SIZE": str(CHUNK),
        "ZOOMSYNC_TESTS_KEYRING": str(tmp_path / "keyring.json"),
        "PYTHON_KEYRING_BACKEND": "tests.fakes.keyring_file.Keyring",
    }
    with Zoomsync(tmp_path, settings) as found:
        yield found


@pytest.fixture
def tree(zoomsync):
    """Give its recordings folder, with one small and one large recording and a chat."""
    found = ZoomTree(zoomsync.recordings)
    found.meeting("Small", chat="10:00:05\t Ann : hello budget\n")
    found.meeting("Über große Pläne", size=30 * CHUNK)
    return found


@pytest.fixture
def in_session(zoomsync, project):
    """Let somebody be signed in, as `zoomsync sign-in` leaves it behind."""
    user = project.server.add_user("ann@example.org", "correct horse")
    project.database.execute("insert into auth.users (id) values (%s)", [user.id])
    for name in ("SUPABASE_SERVICE_KEY", "ZOOMSYNC_USER_ID"):
        del zoomsync.settings[name]
    zoomsync.settings["SUPABASE_ANON_KEY"] = project.server.publishable_key
    project.user_id = user.id
    return user


def _rows(project):
    names = ("meeting_title", "file_name", "file_size", "processing_status", "file_url", "sha256")
    found = project.database.rows(
        "select meeting_title, file_name, file_size, processing_status, file_url, sha256, "
        "object_key, transcription_text from public.recordings where user_id = %s",
        [project.user_id],
    )
    return [dict(zip((*names, "object_key", "text"), row, strict=True)) for row in found]


def _sign_in(zoomsync):
    done = subprocess.run(
        [*zoomsync._program(), "sign-in", "--email", "ann@example.org", "--password"],
        input=b"correct horse\n",
        env=zoomsync._environment(),
        cwd=zoomsync.place,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _expect_safe(project, tree):
    """Every finished recording is an object of the same bytes, and a row that says so."""
    rows = {row["sha256"]: row for row in _rows(project)}
    assert set(rows) == set(tree.finished)
    for digest, row in rows.items():
        assert row["processing_status"] == "completed"
        stored = project.server.objects[row["object_key"]]
        assert len(stored.data) == row["file_size"] == tree.finished[digest]
        assert row["object_key"].startswith(f"{project.user_id}/")
        assert row["object_key"].isascii()
        assert row["file_url"].endswith(row["object_key"])


def test_a_folder_becomes_objects_and_rows(zoomsync, project, tree):
    """In service mode; a second run sends nothing."""
    told = zoomsync.json("sync")
    assert [one["processing_status"] for one in told["recordings"]] == ["completed"] * 2
    _expect_safe(project, tree)
    small = next(row for row in _rows(project) if row["meeting_title"] == "Small")
    assert "hello budget" in small["text"]
    assert any(key.endswith(".txt") for key in project.server.objects)

    sent = len(project.server.seen("PATCH")) + len(project.server.seen("POST", "/storage"))
    again = zoomsync.json("sync")
    assert len(again["recordings"]) == 2
    now = len(project.server.seen("PATCH")) + len(project.server.seen("POST", "/storage"))
    assert now == sent


def test_somebody_signs_in_and_a_folder_becomes_objects_and_rows(
    zoomsync, project, tree, in_session
):
    """Before that the agent says what it waits for, and goes on by itself afterwards."""
    before = zoomsync.json("sync", code=3)
    assert {one["code"] for one in before["not_uploaded"]} == {"sign_in_required"}
    assert project.server.objects == {}
    status = zoomsync.json("status")
    assert status["account"]["state"] == "signed_out"

    with zoomsync.agent():
        wait_for(
            "the agent says what it waits for",
            lambda: "sign-in" in zoomsync.json("status")["sentence"],
        )
        _sign_in(zoomsync)
        wait_for("the recordings come home", lambda: len(_done(project)) == 2)
        _expect_safe(project, tree)
        status = zoomsync.json("status")
        assert status["account"]["who"] == "ann@example.org"
        assert status["account"]["state"] == "signed_in"
        wait_for("nothing is left to do", lambda: zoomsync.json("status")["state"] == "idle")
    assert project.server.publishable_key not in zoomsync.log
    session = json.loads((zoomsync.place / "keyring.json").read_text("utf-8"))
    for kept in session.values():
        secrets = json.loads(kept)
        assert secrets["access_token"] not in zoomsync.log
        assert secrets["refresh_token"] not in zoomsync.log


def _done(project):
    return [row for row in _rows(project) if row["processing_status"] == "completed"]


def test_a_link_opens_a_recording_for_a_while(zoomsync, project, tree):
    """Whoever has it reads exactly the bytes that were recorded."""
    zoomsync.json("sync")
    row = next(row for row in zoomsync.rows() if row["meeting_title"] == "Small")
    told = zoomsync.json("recordings", "show", row["recording_id"][:8], "--link", "--expires", "5m")
    assert told["expires_in"] == 300
    with urllib.request.urlopen(told["link"]) as response:  # noqa: S310  of our own server
        original = next(zoomsync.recordings.glob("*Small/*.mp4"))
        assert response.read() == original.read_bytes()
    assert sha256(original) == row["sha256"]


def test_killed_in_the_middle_it_goes_on_where_it_was(zoomsync, project, tree):
    """At most one chunk is sent again, whatever had been told to anybody."""
    running = zoomsync.start("run", "--headless")
    large = max(tree.finished.values())
    wait_for(
        "a third of the large recording is there",
        lambda: any(one.offset > large // 3 for one in project.server.uploads.values()),
    )
    running.kill()
    (upload,) = project.server.uploads.values()
    offset = upload.offset
    before = len(project.server.requests)

    zoomsync.json("sync")

    _expect_safe(project, tree)
    later = [
        seen
        for seen in project.server.requests[before:]
        if seen.method == "PATCH" and seen.status == 204
    ]
    again = sum(seen.body_bytes for seen in later) - (large - offset)
    assert 0 <= again <= CHUNK


def test_rows_wait_while_the_database_is_away(zoomsync, project, tree):
    """The bytes are safe meanwhile; a later run delivers the rows and sends no byte again."""
    away = Fault(("POST", "/rest/v1"), answer(503, b"upstream down"), times=10_000)
    project.server.faults.append(away)
    told = zoomsync.json("sync", code=3)
    assert away.fired
    assert [one["processing_status"] for one in told["recordings"]] == ["completed"] * 2
    assert _rows(project) == []
    assert zoomsync.json("status")["rows"]["waiting"] == 2

    project.server.faults.clear()
    patched = len(project.server.seen("PATCH"))
    zoomsync.json("sync")
    _expect_safe(project, tree)
    assert len(project.server.seen("PATCH")) == patched
    assert zoomsync.json("status")["rows"]["waiting"] == 0


def test_told_to_end_it_waits_for_an_upload_that_would_be_lost(zoomsync, project, tree):
    """Storage deletes what it has just put together when the client hangs up."""
    large = max(tree.finished.values())
    together = threading.Event()

    def is_last(seen):
        offset = int(seen.headers.get("upload-offset", -1))
        return seen.method == "PATCH" and offset + CHUNK >= large

    slow = Fault(is_last, slow_assembly(together))
    project.server.faults.append(slow)
    running = zoomsync.start("run", "--headless")
    wait_for("the upload is put together", lambda: slow.fired)
    running.tell(signal.SIGTERM)
    wait_for("it waits", lambda: "must not be broken off" in zoomsync.log)
    together.set()
    running.ended()
    assert max(stored.size for stored in project.server.objects.values()) == large

    sent = len(project.server.seen("PATCH"))
    zoomsync.json("sync")
    _expect_safe(project, tree)
    assert len(project.server.seen("PATCH")) == sent


def test_a_user_whom_nobody_knows_gets_nothing(zoomsync, project, tree):
    """Nothing is sent for them, the doctor says so; with the right id everything comes home."""
    right = zoomsync.settings["ZOOMSYNC_USER_ID"]
    zoomsync.settings["ZOOMSYNC_USER_ID"] = "00000000-0000-4000-8000-000000000001"
    told = zoomsync.json("sync", code=3)
    assert {one["code"] for one in told["not_uploaded"]} == {"setup_incomplete"}
    assert "no user 00000000" in told["not_uploaded"][0]["sentence"]
    assert project.server.objects == {}
    findings = zoomsync.json("doctor", code=3)["findings"]
    assert any("no user 00000000" in one["sentence"] for one in findings)
    zoomsync.settings["ZOOMSYNC_USER_ID"] = right
    zoomsync.json("sync")
    _expect_safe(project, tree)


def test_what_was_kept_in_a_folder_is_brought_to_the_project_too(zoomsync, project, tree):
    """Whoever tries the folder first and chooses the project later finds everything there."""
    zoomsync.settings["ZOOMSYNC_DESTINATION"] = "folder"
    zoomsync.json("sync")
    assert project.server.objects == {}
    zoomsync.settings["ZOOMSYNC_DESTINATION"] = "supabase"
    zoomsync.json("sync")
    _expect_safe(project, tree)
    assert zoomsync.json("status")["synced"]["files"] == 2
    zoomsync.settings["ZOOMSYNC_DESTINATION"] = "folder"
    zoomsync.json("sync")
    assert zoomsync.json("status")["synced"]["files"] == 2


def test_sync_while_paused_says_what_waits(zoomsync, project, tree):
    """It looks through the folder all the same, and does not end as if all were done."""
    zoomsync.run("pause")
    told = zoomsync.json("sync", code=3)
    assert len(told["not_uploaded"]) == 3
    assert "zoomsync resume" in zoomsync.run("sync").out
