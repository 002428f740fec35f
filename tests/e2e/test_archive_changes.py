"""What "safe" means when the archive changes behind the agent's back."""

import shutil

import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ArchiveView, ZoomTree

pytestmark = pytest.mark.slow


@pytest.fixture
def tree(tmp_path):
    """Give a recordings folder with two meetings."""
    tree = ZoomTree(Zoomsync(tmp_path).recordings)
    tree.meeting("One")
    tree.meeting("Two")
    return tree


@pytest.fixture
def synced(tmp_path, tree):
    """Give a home in which they are archived."""
    with Zoomsync(tmp_path) as zoomsync:
        assert len(zoomsync.json("sync")["recordings"]) == len(tree.finished)
        yield zoomsync


def _hashes(folder):
    return sorted(ArchiveView(folder).media().values())


def test_a_file_that_was_deleted_from_the_archive_is_uploaded_again(synced, tree):
    """The next sync notices it and mends it."""
    victim = next(iter(ArchiveView(synced.archive).media()))
    victim.unlink()

    after = synced.json("sync")

    assert _hashes(synced.archive) == sorted(tree.finished)
    assert {row["processing_status"] for row in after["recordings"]} == {"completed"}


def test_an_emptied_archive_is_filled_again(synced, tree):
    """Also when somebody made a new, empty one as the message told them."""
    shutil.rmtree(synced.archive)
    synced.archive.mkdir()
    (synced.archive / ".zoomsync-archive").touch()

    synced.json("sync")

    assert _hashes(synced.archive) == sorted(tree.finished)


def test_a_moved_archive_is_followed(synced, tmp_path):
    """Moved by hand and set anew: nothing is sent, every row leads to the new place."""
    new = tmp_path / "elsewhere"
    synced.archive.rename(new)
    before = ArchiveView(new).stamps()
    synced.run("config", "set", "archive_path", str(new))
    synced.settings = {**synced.settings, "ZOOMSYNC_ARCHIVE_PATH": str(new)}

    rows = synced.json("sync")["recordings"]

    assert all(row["file_url"].startswith(new.as_uri()) for row in rows)
    assert ArchiveView(new).stamps() == before


def test_an_archive_that_went_away_is_said_at_once(synced):
    """No calm sentence while nothing can be proven."""
    synced.archive.rename(synced.archive.with_name("unplugged"))

    with synced.agent():
        seen = wait_for(
            "it says so",
            lambda: (s := synced.json("status"))["state"] == "needs_you" and s,
        )
    assert "archive cannot be used" in seen["sentence"]
    assert not synced.archive.exists()


def test_a_cancelled_recording_is_not_on_its_way(synced, tree):
    """Its row does not say "uploading" for ever, and the hint works as it is written."""
    synced.settings = {**synced.settings, "ZOOMSYNC_BANDWIDTH_LIMIT": "100K"}
    tree.meeting("Private", size=3_000_000)
    with synced.agent():
        job = wait_for("the copy begins", lambda: synced.json("status")["active"])[0]["job_id"]
        synced.run("cancel", str(job))
        shown = wait_for(
            "it is cancelled",
            lambda: [
                one for one in synced.json("status")["waiting"] if one["state"] == "cancelled"
            ],
        )[0]
        rows = synced.json("recordings", "list")["recordings"]
        assert "uploading" not in {row["processing_status"] for row in rows}
        assert f"zoomsync retry {job}" in shown["sentence"]
        synced.run("retry", str(job))
        wait_for("it goes on", lambda: synced.json("status")["active"])


def test_an_interrupted_upload_is_told_without_an_agent(synced, tree):
    """Every file that is not uploaded has its sentence, also after a kill."""
    synced.settings = {**synced.settings, "ZOOMSYNC_BANDWIDTH_LIMIT": "100K"}
    tree.meeting("Long", size=3_000_000)
    agent = synced.start("run", "--headless")
    wait_for("the copy begins", lambda: synced.json("status")["active"])
    agent.kill()
    agent.ended()

    told = [one for one in synced.json("status")["waiting"] if one["label"] == "Interrupted"]

    assert told
    assert "goes on" in told[0]["sentence"]


def test_a_title_that_the_output_cannot_show_is_escaped(synced, tree):
    """No traceback because of a terminal from another age."""
    tree.meeting("会議 “週次”")
    synced.settings = {**synced.settings, "PYTHONIOENCODING": "cp1252"}

    assert synced.run("sync").code == 0
    done = synced.run("recordings", "list")

    assert done.code == 0
    assert "\\u4f1a" in done.out
