"""Disks fill up, fail and lie in the middle of a copy, and nothing half is ever shown."""

import pytest

from tests.fakes.process import ChildFault, Zoomsync
from tests.fakes.tree import ArchiveView, ZoomTree, sha256, video

pytestmark = pytest.mark.slow

MOVE = "from zoomsync_agent.destinations.folder.copying import Copier\nmove = Copier.move\n"
FULL = f"""
{MOVE}
import errno
def strike(self, offset, count):
    if offset or count < 4_000_000:
        return move(self, offset, count)
    fired()
    move(self, offset, count // 2)
    raise OSError(errno.ENOSPC, "No space left on device")
Copier.move = strike
Copier.clone = lambda self: False
"""
NO_ROOM = """
import shutil
from collections import namedtuple
def strike(path):
    fired()
    return namedtuple("usage", "total used free")(1 << 20, 1 << 20, 0)
shutil.disk_usage = strike
"""
LIES_ONCE = f"""
{MOVE}
struck = []
def strike(self, offset, count):
    moved = move(self, offset, count)
    if not struck:
        struck.append(fired())
        self._target.seek(offset + moved // 2)
        self._target.write(b"?")
    return moved
Copier.move = strike
Copier.clone = lambda self: False
"""
FAILS_ONCE = f"""
{MOVE}
import errno
struck = []
def strike(self, offset, count):
    if not struck:
        struck.append(fired())
        raise OSError(errno.EIO, "Input/output error")
    return move(self, offset, count)
Copier.move = strike
Copier.clone = lambda self: False
"""
GROWS_ONCE = f"""
{MOVE}
struck = []
def strike(self, offset, count):
    moved = move(self, offset, count)
    if not struck:
        struck.append(fired())
        import glob, os
        (path,) = glob.glob(os.environ["ZOOM_RECORDINGS_PATH"] + "/*/*.mp4")
        with open(path, "ab") as file:
            file.write(b"\\0\\0\\0\\x0cfreeMORE")
    return moved
Copier.move = strike
Copier.clone = lambda self: False
"""
BUSY_LOG = """
import logging.handlers
original = logging.StreamHandler.flush
def strike(self):
    if isinstance(self, logging.FileHandler):
        fired()
        raise OSError(28, "No space left on device")
    return original(self)
logging.StreamHandler.flush = strike
"""


@pytest.fixture
def zoomsync(tmp_path):
    """A home whose only recording has 4 MB."""
    with Zoomsync(tmp_path) as zoomsync:
        yield zoomsync


@pytest.fixture
def tree(zoomsync):
    """Its recordings folder."""
    tree = ZoomTree(zoomsync.recordings)
    tree.meeting("Recording", size=4_000_000)
    return tree


def _arm(zoomsync, code):
    zoomsync.fault = ChildFault(code, zoomsync.place / "strikes")
    return zoomsync.fault


@pytest.mark.parametrize("code", [FULL, NO_ROOM], ids=["in-the-middle", "beforehand"])
def test_a_full_archive_is_told_and_the_copy_goes_on_when_there_is_room(zoomsync, tree, code):
    """Small ones may still fit; nothing half is visible, no row claims what is not there."""
    fault = _arm(zoomsync, code)
    said = zoomsync.json("sync", code=3)
    assert fault.strikes
    (shown,) = said["not_uploaded"]
    assert shown["code"] == "destination_full"
    assert "space" in shown["sentence"].lower()
    assert not ArchiveView(zoomsync.archive).media()
    assert "completed" not in {row["processing_status"] for row in zoomsync.rows()}

    zoomsync.fault = None

    zoomsync.json("sync")
    assert list(ArchiveView(zoomsync.archive).media().values()) == list(tree.finished)
    assert not ArchiveView(zoomsync.archive).leftovers()


@pytest.mark.parametrize("code", [LIES_ONCE, FAILS_ONCE], ids=["lies", "fails"])
def test_a_disk_that_lies_or_fails_once_is_tried_again(zoomsync, tree, code):
    """The wrong copy is never shown; the same sync ends with a right one."""
    fault = _arm(zoomsync, code)
    zoomsync.json("sync")
    assert fault.strikes == 1
    archive = ArchiveView(zoomsync.archive)
    assert list(archive.media().values()) == list(tree.finished)
    assert not archive.leftovers()
    assert "step failed" in zoomsync.log or "nothing passes" in zoomsync.log


def test_a_recording_that_changes_while_it_is_sent_is_sent_as_it_is_at_last(zoomsync, tree):
    """Neither a mixture of both nor a row for the version that is gone."""
    fault = _arm(zoomsync, GROWS_ONCE)
    zoomsync.json("sync")
    zoomsync.json("sync")
    assert fault.strikes >= 1
    now = sha256(next(zoomsync.recordings.glob("*/*.mp4")))
    archive = ArchiveView(zoomsync.archive)
    assert now in archive.media().values()
    completed = [r["sha256"] for r in zoomsync.rows() if r["processing_status"] == "completed"]
    assert completed == [now]
    assert set(archive.media().values()) == {now}
    assert not archive.leftovers()


def test_a_log_that_cannot_be_written_stops_nothing(zoomsync, tree):
    """Recordings are more important than what is said about them."""
    fault = _arm(zoomsync, BUSY_LOG)
    zoomsync.json("sync")
    assert fault.strikes
    assert list(ArchiveView(zoomsync.archive).media().values()) == list(tree.finished)


def test_an_archive_whose_drive_is_away_is_not_made_on_the_mount_point(zoomsync, tree):
    """The empty folder in its place stays empty, and the copy goes on when the drive is back."""
    zoomsync.json("sync")
    away = zoomsync.archive.with_name("unplugged")
    zoomsync.archive.rename(away)
    zoomsync.archive.mkdir()
    tree.meeting("While Away")
    done = zoomsync.run("sync", "--json")
    assert done.code == 3
    assert [one["code"] for one in done.json()["not_uploaded"]] == ["destination_unavailable"]
    assert list(zoomsync.archive.iterdir()) == []
    zoomsync.archive.rmdir()
    away.rename(zoomsync.archive)
    zoomsync.json("retry")
    zoomsync.json("sync")
    assert sorted(ArchiveView(zoomsync.archive).media().values()) == sorted(tree.finished)


def test_a_copy_beside_a_foreign_file_of_its_name_overwrites_nothing(zoomsync, tree):
    """What lies under the name stays; the sentence says what to do."""
    zoomsync.json("sync")
    archive = ArchiveView(zoomsync.archive)
    (copy,) = archive.media()
    zoomsync.json("sync")
    copy.write_bytes(b"somebody else's")
    path = next(zoomsync.recordings.glob("*/*.mp4"))
    content = path.read_bytes()
    path.unlink()
    for name in ("agent.db", "catalog.db"):
        (zoomsync.home / "data" / name).unlink()
    path.write_bytes(content)

    said = zoomsync.json("sync", code=3)

    assert [one["code"] for one in said["not_uploaded"]] == ["key_taken"]
    assert copy.read_bytes() == b"somebody else's"
    assert video("unused") not in archive.media()


def test_a_demo_in_which_nothing_could_be_copied_says_so(zoomsync):
    """Exit code 3: whoever tries the program in a script must not take failure for success."""
    fault = _arm(zoomsync, NO_ROOM)
    done = zoomsync.run("demo", "--once", "--json", "--keep-in", str(zoomsync.place / "stage"))
    assert fault.strikes
    assert done.code == 3
    assert "completed" not in {row["processing_status"] for row in done.json()["recordings"]}
