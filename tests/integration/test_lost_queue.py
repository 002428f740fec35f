"""A queue that was lost while its archive's drive was away."""

import shutil
import time

import pytest

from tests.fakes import media
from zoomsync_agent import app, settings

DEADLINE_SECONDS = 30


@pytest.fixture
def chosen(home, tmp_path):
    """One finished recording in the folder, and where everything lies."""
    meeting = tmp_path / "Zoom" / "2026-03-14 10.00.05 Weekly Sync"
    meeting.mkdir(parents=True)
    (meeting / "video1399019170.mp4").write_bytes(media.mp4(50_000))
    return settings.load(
        home,
        {},
        cwd=tmp_path,
        overrides={"recordings_path": tmp_path / "Zoom", "archive_path": tmp_path / "drive"},
    )


def _until(condition):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_an_empty_mount_point_is_not_taken_for_a_new_archive(chosen, home, tmp_path):
    """The catalog still knows the archive; when the drive is back, nothing is sent again."""
    archive = chosen.archive_path
    with app.running(chosen, home) as agent:
        _until(lambda: agent.control.snapshot().synced.files == 1)
    (kept,) = archive.rglob("*.mp4")
    before = kept.stat()

    for path in home.data.glob("agent.db*"):
        path.unlink()
    archive.rename(tmp_path / "unplugged")
    archive.mkdir()
    with app.running(chosen, home) as agent:
        _until(
            lambda: [
                one.code
                for one in agent.control.snapshot().waiting
                if one.code == "destination_unavailable"
            ]
        )
    assert list(archive.iterdir()) == []

    shutil.rmtree(archive)
    (tmp_path / "unplugged").rename(archive)
    with app.running(chosen, home) as agent:
        agent.control.retry()
        _until(lambda: agent.control.snapshot().counts["done"] == 1)
    after = kept.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(list(archive.rglob("*.mp4"))) == 1
