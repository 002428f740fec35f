"""One folder with everything in it that can be wrong with a file, and good recordings between."""

import os
import socket
import stat
from pathlib import Path

import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ArchiveView, ZoomTree, sha256, video

HUGE = 1 << 40

pytestmark = pytest.mark.slow


@pytest.fixture
def zoomsync(tmp_path):
    """An agent of an ordinary user: root may read everything, and that would prove nothing."""
    with Zoomsync(tmp_path, is_ordinary=True) as zoomsync:
        yield zoomsync


@pytest.fixture
def tree(zoomsync):
    """Its recordings folder."""
    return ZoomTree(zoomsync.recordings)


def _make_bad_files(root):
    """Make every bad file, and return those that people must be told about."""
    whole = video("cut", 50_000)
    (root / "empty.mp4").touch()
    (root / "truncated.mp4").write_bytes(whole[:30_000])
    (root / "page.mp4").write_text("<!doctype html><title>Sign in</title>" * 50, "utf-8")
    (root / "locked.mp4").write_bytes(video("locked"))
    (root / "locked.mp4").chmod(0)
    with (root / "sparse.mp4").open("wb") as file:
        file.truncate(HUGE)
    (root / "loop.mp4").symlink_to(root / "loop.mp4")
    (root / "nowhere.mp4").symlink_to(root / "not there.mp4")
    (root / "loop").symlink_to(root, target_is_directory=True)
    os.mkfifo(root / "fifo.mp4")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket.mp4"))
    (root / "noise.m4a").write_bytes(bytes(range(256)) * 40)
    names = ("empty", "truncated", "page", "locked", "sparse", "loop", "nowhere", "fifo", "socket")
    return {*(f"{name}.mp4" for name in names), "noise.m4a"}


def _odd_names():
    """Yield file names that hold every byte a name can hold, and worse."""
    every = bytes(byte for byte in range(1, 256) if byte != ord("/"))
    for begin in range(0, len(every), 100):
        yield b"v" + every[begin : begin + 100] + b".mp4"
    yield b"not \xff\xfe utf-8.mp4"
    yield b"two\nlines.mp4"
    yield "\u202etxt.exe \u2066bidi.mp4".encode()
    yield b"n" * 251 + b".mp4"
    yield "ü".encode() * 125 + b".mp4"
    yield b" -rf $(reboot) `x` %s {0} [red].mp4"


def _as_it_is(root):
    """Return everything that must not change of every entry below *root*."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(folder, name)  # noqa: PTH118  names that are not text
            seen = os.lstat(path)
            content = ""
            if stat.S_ISREG(seen.st_mode) and seen.st_size < HUGE and os.access(path, os.R_OK):
                content = sha256(Path(path))
            target = os.readlink(path) if stat.S_ISLNK(seen.st_mode) else ""  # noqa: PTH115
            found[path] = (
                seen.st_ino, seen.st_mode, seen.st_size, seen.st_mtime_ns, content, target,
            )  # fmt: skip
    return found


def test_all_bad_files_at_once_disturb_no_good_one(zoomsync, tree):
    """Each bad file gets a sentence, good ones are uploaded, originals stay as they are."""
    bad = _make_bad_files(tree.root)
    tree.meeting("Good One", chat="fine")
    folder = tree.root / "video1.mp4"
    folder.mkdir()
    good = tree.put(folder / "inside.mp4", video("inside a folder that is named like a file"))
    (tree.root / "linked.mp4").symlink_to(good)
    broken = tree.meeting("Broken Conf")
    (broken / "recording.conf").write_bytes(b"\xff{not json")
    for number, name in enumerate(_odd_names()):
        tree.put(tree.root / os.fsdecode(name), video(f"odd {number}"))
    before = _as_it_is(tree.root)

    with zoomsync.agent() as running:
        wait_for(
            "all good ones are safe",
            lambda: zoomsync.json("status")["synced"]["files"] == len(tree.finished),
        )
        shown = zoomsync.waiting()
        assert running.is_alive

    assert _as_it_is(tree.root) == before
    assert sorted(ArchiveView(zoomsync.archive).media().values()) == sorted(tree.finished)
    assert sorted(row["sha256"] for row in zoomsync.rows()) == sorted(tree.finished)
    assert shown.keys() >= {*bad, "linked.mp4"}
    for name in (*bad, "linked.mp4"):
        assert len(shown[name]["sentence"]) > 20, name
        assert shown[name]["label"], name
    assert "Traceback" not in zoomsync.log


def test_a_file_that_may_be_read_at_last_is_taken(zoomsync, tree):
    """Nothing but permission was missing, so nothing else is asked for."""
    path = tree.put(tree.root / "locked.mp4", video("locked"))
    path.chmod(0)
    said = zoomsync.json("sync")
    assert [one["code"] for one in said["not_uploaded"]] == ["unreadable"]
    path.chmod(0o644)
    assert [row["sha256"] for row in zoomsync.json("sync")["recordings"]] == list(tree.finished)


def test_a_recordings_folder_that_is_a_file_is_told(zoomsync):
    """The sentence says so, and the file stays what it is."""
    zoomsync.recordings.write_bytes(b"no folder")
    assert zoomsync.run("sync", "--json").code == 3
    assert "is a file" in zoomsync.json("status")["root_problem"]
    assert zoomsync.recordings.read_bytes() == b"no folder"


def test_an_archive_that_may_not_be_written_blocks_and_then_goes_on(zoomsync, tree):
    """The reason is told; once it is gone the next sync finishes by itself."""
    tree.meeting("Waits")
    zoomsync.archive.mkdir(parents=True)
    zoomsync.archive.chmod(0o555)
    said = zoomsync.json("sync", code=3)
    assert [one["code"] for one in said["not_uploaded"]] == ["destination_denied"]
    assert not ArchiveView(zoomsync.archive).media()
    assert "completed" not in {row["processing_status"] for row in zoomsync.rows()}

    zoomsync.archive.chmod(0o755)

    zoomsync.json("sync")
    assert list(ArchiveView(zoomsync.archive).media().values()) == list(tree.finished)
