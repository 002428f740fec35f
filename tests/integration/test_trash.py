"""This computer's trash: what is moved can be taken back, and nothing is ever deleted."""

import configparser
import errno
import os
import shutil
import subprocess
import sys
import types
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.errors import SourceMissing, TrashUnavailable
from zoomsync_agent.desktop import trash as module
from zoomsync_agent.desktop.trash import (
    FreedesktopTrash,
    SystemTrash,
    UnprovenTrash,
    local_trash,
)

WHEN = datetime(2026, 11, 23, 9, 15, 0)  # noqa: DTZ001  the trash notes local times

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="freedesktop's trash")


@pytest.fixture
def bin_(tmp_path):
    """Give a trash in a user's folder of their own."""
    return FreedesktopTrash({"HOME": str(tmp_path / "user")}, now=lambda: WHEN)


@pytest.fixture
def own(tmp_path):
    """Give the folder of that trash."""
    return tmp_path / "user" / ".local" / "share" / "Trash"


def _info(own, name):
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string((own / "info" / f"{name}.trashinfo").read_text("ascii"))
    return dict(parser["Trash Info"])


def test_a_file_goes_there_with_a_note(tmp_path, bin_, own):
    """As the specification has it, readable by its user alone."""
    path = tmp_path / "a b ü.mp4"
    path.write_bytes(b"x")
    inode = path.stat().st_ino
    bin_.move(path)
    assert not path.exists()
    assert (own / "files" / "a b ü.mp4").stat().st_ino == inode
    told = _info(own, "a b ü.mp4")
    assert unquote(told["Path"]) == str(path)
    assert told["DeletionDate"] == "2026-11-23T09:15:00"
    assert own.stat().st_mode & 0o777 == 0o700


def test_a_name_that_is_taken_is_not_taken_again(tmp_path, bin_, own):
    """Whether its note or its file is there already."""
    for number in range(3):
        path = tmp_path / "video.mp4"
        path.write_bytes(b"%d" % number)
        bin_.move(path)
    (own / "files" / "video.4.mp4").write_bytes(b"somebody else's, without a note")
    path.write_bytes(b"4")
    bin_.move(path)
    found = {one.name: one.read_bytes() for one in (own / "files").iterdir()}
    assert found == {
        "video.mp4": b"0",
        "video.2.mp4": b"1",
        "video.3.mp4": b"2",
        "video.4.mp4": b"somebody else's, without a note",
        "video.5.mp4": b"4",
    }
    assert {one.stem for one in (own / "info").iterdir()} == set(found) - {"video.4.mp4"}


@given(st.binary(min_size=1, max_size=250).filter(lambda b: b"/" not in b and b"\0" not in b))
def test_names_that_are_no_text_and_long_ones(tmp_path_factory, name):
    """Come back as they were."""
    if name in (b".", b".."):
        return
    folder = tmp_path_factory.mktemp("t")
    path = folder / os.fsdecode(name)
    path.write_bytes(b"x")
    FreedesktopTrash({"HOME": str(folder / "u u")}).move(path)
    own = folder / "u u" / ".local" / "share" / "Trash"
    (there,) = (own / "files").iterdir()
    (note,) = (own / "info").iterdir()
    assert there.read_bytes() == b"x"
    assert note.name == f"{there.name}.trashinfo"
    line = note.read_text("ascii").splitlines()[1]
    assert unquote(line.removeprefix("Path="), errors="surrogateescape") == str(path)


def test_what_is_not_there_is_told(tmp_path, bin_, own):
    """And leaves no note."""
    with pytest.raises(SourceMissing):
        bin_.move(tmp_path / "none")
    assert not own.exists() or list((own / "info").iterdir()) == []


def test_a_link_is_moved_itself(tmp_path, bin_, own):
    """What it leads to stays."""
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    bin_.move(tmp_path / "link")
    assert (tmp_path / "real").read_bytes() == b"x"
    assert (own / "files" / "link").is_symlink()


def _refusing(monkeypatch, code):
    fired = []

    def refuse(self, target):
        fired.append(self)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "rename", refuse)
    return fired


@pytest.mark.parametrize("code", [errno.EACCES, errno.EXDEV, errno.ENOSPC, errno.EROFS])
def test_a_move_that_fails_leaves_all_as_it_was(tmp_path, bin_, own, monkeypatch, code):
    """Without a note of something that is not there; it is never copied and deleted instead."""
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x")
    fired = _refusing(monkeypatch, code)
    with pytest.raises(TrashUnavailable) as told:
        bin_.move(path)
    assert fired
    assert told.value.detail
    assert path.read_bytes() == b"x"
    assert list((own / "info").iterdir()) == []
    assert list((own / "files").iterdir()) == []


def test_a_trash_that_is_a_link_is_not_used(tmp_path, bin_, own):
    """It could lead anywhere."""
    own.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    own.symlink_to(tmp_path / "elsewhere")
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x")
    with pytest.raises(TrashUnavailable):
        bin_.move(path)
    assert path.exists()
    assert list((tmp_path / "elsewhere").rglob("*.mp4")) == []


@pytest.mark.parametrize("part", ["", "files", "info"])
def test_a_trash_into_which_others_may_write_is_not_used(tmp_path, own, part):
    """They could take a recording away, or put something else in its place."""
    for one in ("files", "info"):
        (own / one).mkdir(parents=True, mode=0o700, exist_ok=True)
    (own / part).chmod(0o777)
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x")
    environ = {"HOME": str(tmp_path / "user")}
    with pytest.raises(TrashUnavailable, match="others may write"):
        FreedesktopTrash(environ, kind_of=lambda _folder: "ext4").move(path)
    assert path.exists()
    # A stick shows what it was mounted with; nobody can change it there.
    FreedesktopTrash(environ, kind_of=lambda _folder: "vfat").move(path)
    assert not path.exists()


def test_a_trash_of_somebody_else_is_not_used(tmp_path, bin_, own, monkeypatch):
    """Whoever may write on a shared drive can make a folder of our number."""
    for one in ("files", "info"):
        (own / one).mkdir(parents=True, mode=0o700, exist_ok=True)
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x")
    monkeypatch.setattr(os, "getuid", lambda: own.stat().st_uid + 1)
    with pytest.raises(TrashUnavailable, match="somebody else"):
        bin_.move(path)
    assert path.read_bytes() == b"x"
    assert list((own / "info").iterdir()) == []


def test_the_drive_s_next_trash_takes_what_a_foreign_one_may_not(drive, tmp_path, monkeypatch):
    """Of the two places on a drive, the first was made by somebody else."""
    monkeypatch.setattr(module, "_top_of", lambda _path: drive)
    shared = drive / ".Trash"
    shared.mkdir()
    shared.chmod(0o1777)
    foreign = shared / str(os.getuid())
    foreign.mkdir(mode=0o777)
    foreign.chmod(0o777)
    path = drive / "video.mp4"
    path.write_bytes(b"x")
    FreedesktopTrash({"HOME": str(tmp_path)}).move(path)
    assert (drive / f".Trash-{os.getuid()}" / "files" / "video.mp4").read_bytes() == b"x"
    assert list(foreign.iterdir()) == []


@pytest.fixture
def drive():
    """Give a folder on another file system than the user's own, or step aside."""
    shm = Path("/dev/shm")  # noqa: S108  another file system that every Linux has
    if not os.access(shm, os.W_OK) or shm.stat().st_dev == Path("/tmp").stat().st_dev:  # noqa: S108
        pytest.skip("there is no second file system")
    found = shm / f"zoomsync-{os.getpid()}"
    found.mkdir()
    bins = shm / f".Trash-{os.getuid()}"
    had = bins.exists()
    yield found
    shutil.rmtree(found)
    if not had:
        shutil.rmtree(bins, ignore_errors=True)


def test_another_drive_has_a_trash_of_its_own(drive, bin_, own):
    """At its top, with paths relative to that."""
    path = drive / "video.mp4"
    path.write_bytes(b"x")
    bin_.move(path)
    there = drive.parent / f".Trash-{os.getuid()}"
    assert (there / "files" / "video.mp4").read_bytes() == b"x"
    assert unquote(_info(there, "video.mp4")["Path"]) == f"{drive.name}/video.mp4"
    assert not own.exists()


def test_the_desktop_s_own_tool_takes_it_back(tmp_path):
    """With GLib's view of the trash."""
    gio = shutil.which("gio")
    if gio is None or "trash://" not in _gio(gio, tmp_path, "info", "trash:///"):
        _restore_by_hand(tmp_path)
        return
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x")
    FreedesktopTrash({"HOME": str(tmp_path)}).move(path)
    _gio(gio, tmp_path, "trash", "--restore", "trash:///video.mp4")
    assert path.read_bytes() == b"x"


def _gio(gio, home, *arguments):
    environ = {**os.environ, "HOME": str(home)}
    done = subprocess.run(
        [gio, *arguments], env=environ, capture_output=True, text=True, check=False
    )
    return done.stdout


def _restore_by_hand(tmp_path):
    """Do what a file manager does, where there is none."""
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x")
    FreedesktopTrash({"HOME": str(tmp_path)}).move(path)
    own = tmp_path / ".local" / "share" / "Trash"
    back = Path(unquote(_info(own, "video.mp4")["Path"]))
    (own / "files" / "video.mp4").rename(back)
    assert path.read_bytes() == b"x"


# --- macOS, over the library; Windows -------------------------------------------------------


@pytest.fixture
def library(monkeypatch):
    """Give a send2trash that does what `do` says."""
    fake = types.ModuleType("send2trash")
    fake.do = lambda path: os.rename(path, f"{path}.trashed")  # noqa: PTH104  as the library does
    fake.send2trash = lambda path: fake.do(path)  # noqa: PLW0108  tests change what it does
    monkeypatch.setitem(sys.modules, "send2trash", fake)
    return fake


def test_the_library_is_given_one_file(tmp_path, library):
    """As a text, which all its versions take."""
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x")
    SystemTrash().move(path)
    assert (tmp_path / "video.mp4.trashed").exists()
    with pytest.raises(SourceMissing):
        SystemTrash().move(path)


@pytest.mark.parametrize(
    "told",
    [
        *(OSError(5, "Access is denied"), OSError("no bin"), ImportError()),
        *(ValueError("a fault"), RuntimeError(), AttributeError("of the library")),
    ],
)
def test_what_the_library_refuses_is_told(tmp_path, library, told):
    """And the file is where it was."""
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x")

    def refuse(_path):
        raise told

    library.do = refuse
    with pytest.raises(TrashUnavailable):
        SystemTrash().move(path)
    assert path.exists()


def test_a_library_that_does_nothing_is_not_believed(tmp_path, library):
    """Silence is no proof."""
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x")
    library.do = lambda _path: None
    with pytest.raises(TrashUnavailable, match="left it"):
        SystemTrash().move(path)


def test_each_system_has_its_own(monkeypatch):
    """The library on macOS, ours on Linux, none on Windows."""
    assert isinstance(local_trash(), FreedesktopTrash)
    monkeypatch.setattr(module, "sys", types.SimpleNamespace(platform="darwin"))
    assert isinstance(local_trash(), SystemTrash)
    monkeypatch.setattr(module, "sys", types.SimpleNamespace(platform="win32"))
    assert isinstance(local_trash(), UnprovenTrash)


def test_on_windows_nothing_is_moved(tmp_path, library):
    """Its bin deletes for good what it does not take; so the library is not even asked."""
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x")
    asked = []
    library.do = asked.append
    with pytest.raises(TrashUnavailable, match="not been proven to be safe"):
        UnprovenTrash().move(path)
    assert path.read_bytes() == b"x"
    assert asked == []
    assert UnprovenTrash().refusal
    with pytest.raises(SourceMissing):
        UnprovenTrash().move(tmp_path / "none.mp4")
