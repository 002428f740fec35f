"""One suite over every `LocalTrash`: what it moves is whole elsewhere, and nothing is deleted."""

import os
import sys

import pytest

from tests.fakes.trash import FolderTrash
from zoomsync_agent.core.errors import SourceMissing
from zoomsync_agent.desktop.trash import FreedesktopTrash

KINDS = {"memory": lambda place: FolderTrash(place / "trash")}
if sys.platform == "linux":
    KINDS["freedesktop"] = lambda place: FreedesktopTrash({"HOME": str(place)})


@pytest.fixture(params=KINDS)
def trash(request, tmp_path):
    """Every trash in turn, empty; it lies below `place`."""
    place = tmp_path / "place"
    place.mkdir()
    return KINDS[request.param](place)


def _files(folder):
    return {one.stat().st_ino: one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_a_file_is_somewhere_else_whole(trash, tmp_path):
    """The very same one, with its time; the one beside it stays."""
    assert trash.refusal == ""
    path, beside = tmp_path / "video.mp4", tmp_path / "other.mp4"
    path.write_bytes(b"recording")
    os.utime(path, ns=(5, 7))
    beside.write_bytes(b"other")
    inode = path.stat().st_ino
    trash.move(path)
    assert not os.path.lexists(path)
    assert beside.read_bytes() == b"other"
    there = next(p for p in (tmp_path / "place").rglob("*") if p.stat().st_ino == inode)
    assert there.read_bytes() == b"recording"
    assert there.stat().st_mtime_ns == 7


def test_the_same_name_many_times_keeps_them_all(trash, tmp_path):
    """None takes the place of another one."""
    path = tmp_path / "video.mp4"
    for number in range(5):
        path.write_bytes(b"%d" % number)
        trash.move(path)
    kept = set(_files(tmp_path / "place").values())
    assert {b"%d" % number for number in range(5)} <= kept


def test_what_is_not_there_is_missing(trash, tmp_path):
    """And nothing is made of it."""
    with pytest.raises(SourceMissing):
        trash.move(tmp_path / "none.mp4")
    assert _files(tmp_path / "place") == {}
