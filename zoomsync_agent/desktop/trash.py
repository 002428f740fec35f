"""The trash of this computer: the Trash of macOS, or that of freedesktop.org.

Nothing here ever deletes. On Linux a file is renamed into the trash of its own file system, as
https://specifications.freedesktop.org/trash-spec/1.0/ has it; there is no copying from one disk to
another, which would have to end in a deletion. On Windows nothing is moved: whatever asks the shell
for its Recycle Bin gets a deletion for good where there is none, without being asked.
"""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from zoomsync_agent.core.errors import SourceMissing, TrashUnavailable
from zoomsync_agent.desktop.mounts import mount_of

_MOST_NAMES: Final = 10_000
_NAME_BYTES: Final = 200
"""So much of a name is kept; the trash adds a number and an ending of its own."""
_STICKY: Final = stat.S_ISVTX
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OWNERLESS: Final = frozenset({"vfat", "msdos", "exfat", "fuseblk", "fuse.ntfs-3g"})
"""File systems that know neither owners nor modes: all there is whose drive it is."""
_NOT_ON_WINDOWS: Final = (
    "moving originals to the Windows recycle bin has not been proven to be safe yet; they stay"
)


@dataclass(frozen=True, slots=True)
class _Bin:
    """One trash: its folder, and what paths in it are relative to; None: they are absolute."""

    folder: Path
    top: Path | None


class FreedesktopTrash:
    """`LocalTrash` as the desktops of Linux have it.

    Args:
        environ: tells where the user's own folder and data are.
        now: the local time.
        kind_of: names the kind of file system on which a folder lies.
    """

    refusal = ""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        now: Callable[[], datetime] = datetime.now,
        kind_of: Callable[[Path], str] = lambda folder: mount_of(folder).fstype,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._now = now
        self._kind_of = kind_of

    def move(self, path: Path) -> None:
        """Move a file to the trash of its file system.

        Raises:
            TrashUnavailable: it cannot be moved; it is where it was.
            SourceMissing: nothing lies there.
        """
        trouble: OSError | None = None
        try:
            path.lstat()
            for found in self._bins(path):
                try:
                    self._move_into(found, path)
                except OSError as exc:
                    if isinstance(exc, FileNotFoundError) and not os.path.lexists(path):
                        raise
                    trouble = trouble or exc  # another trash may take it
                else:
                    return
        except FileNotFoundError as exc:
            raise SourceMissing(str(path)) from exc
        except OSError as exc:
            raise TrashUnavailable(exc.strerror or str(exc)) from exc
        why = trouble.strerror or str(trouble) if trouble else "there is no trash on its drive"
        raise TrashUnavailable(why) from trouble

    def _bins(self, path: Path) -> Iterator[_Bin]:
        """Yield the trashes into which a file can be renamed, the right one first."""
        data = self._environ.get("XDG_DATA_HOME", "")
        home = Path(self._environ.get("HOME") or Path.home())
        own = Path(data) if data.startswith("/") else home / ".local" / "share"
        device = path.lstat().st_dev
        if _device_of(own) == device:
            yield _Bin(own / "Trash", None)
        top = _top_of(path)
        if top == Path(top.anchor) and _device_of(own) == device:
            return  # the user's own trash is that of the system's disk
        uid = os.getuid()
        shared = top / ".Trash"
        with contextlib.suppress(OSError):
            found = shared.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_mode & _STICKY:
                yield _Bin(shared / str(uid), top)
        yield _Bin(top / f".Trash-{uid}", top)

    def _move_into(self, found: _Bin, path: Path) -> None:
        files, infos = found.folder / "files", found.folder / "info"
        for folder in (found.folder, files, infos):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._expect_own(folder)
        # A copy would need a deletion after it: only what can be renamed is moved.
        if files.stat().st_dev != path.lstat().st_dev:
            raise OSError(errno.EXDEV, "its trash lies on another drive")
        shown = Path(os.path.realpath(path.parent), path.name)
        if found.top is not None:
            shown = shown.relative_to(found.top)
        info = (
            "[Trash Info]\n"
            f"Path={quote(os.fsencode(shown))}\n"
            f"DeletionDate={self._now():%Y-%m-%dT%H:%M:%S}\n"
        )
        name, note = _reserved(infos, files, path.name, info)
        try:
            # Nobody else takes a name whose note is there already.
            path.rename(files / name)
        except BaseException:
            with contextlib.suppress(OSError):
                note.unlink(missing_ok=True)
            raise

    def _expect_own(self, folder: Path) -> None:
        """Make sure that a folder of a trash is the user's own, and that nobody else writes there.

        Whoever may write at the top of a shared drive can make any folder there.

        Raises:
            OSError: it is a link, somebody else's, or open to others.
        """
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise OSError(errno.ELOOP, f"{folder} is a link")
        if found.st_uid != os.getuid():
            raise OSError(errno.EPERM, f"{folder} belongs to somebody else")
        if found.st_mode & _OTHERS_WRITE and self._kind_of(folder) not in _OWNERLESS:
            raise OSError(errno.EPERM, f"others may write in {folder}")


def _reserved(infos: Path, files: Path, name: str, info: str) -> tuple[str, Path]:
    """Write the note beside a file that is to come, under a name that is free; return both."""
    stem, ending = os.path.splitext(name)  # noqa: PTH122  as text, whatever it is
    stem = os.fsdecode(os.fsencode(stem)[:_NAME_BYTES])
    for number in range(1, _MOST_NAMES):
        tried = f"{stem}{ending}" if number == 1 else f"{stem}.{number}{ending}"
        note = infos / f"{tried}.trashinfo"
        try:
            descriptor = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(info)
                file.flush()
                os.fsync(file.fileno())
            if not os.path.lexists(files / tried):
                return tried, note
        except BaseException:
            note.unlink(missing_ok=True)
            raise
        note.unlink(missing_ok=True)
    raise OSError(errno.EEXIST, "the trash has too many files of this name")


def _device_of(path: Path) -> int | None:
    """Return the file system on which *path* is, or would be made."""
    for one in (path, *path.parents):
        try:
            return one.stat().st_dev
        except OSError:
            continue
    return None


def _top_of(path: Path) -> Path:
    """Return the folder at which the file system of *path* is mounted."""
    at = Path(os.path.realpath(path.parent))
    while not at.is_mount() and at != at.parent:
        at = at.parent
    return at


class SystemTrash:
    """`LocalTrash` of macOS, over send2trash."""

    refusal = ""

    def move(self, path: Path) -> None:
        """Move a file to the Trash.

        Raises:
            TrashUnavailable: it cannot be moved; it is where it was.
            SourceMissing: nothing lies there.
        """
        if not os.path.lexists(path):
            raise SourceMissing(str(path))
        try:
            # It loads parts of the desktop.
            from send2trash import send2trash  # type: ignore[import-untyped]  # noqa: PLC0415

            send2trash(str(path))
        except ImportError as exc:
            raise TrashUnavailable("this program was installed without what it needs") from exc
        except Exception as exc:  # whatever a library raises, only our own errors leave here
            why = exc.strerror if isinstance(exc, OSError) else ""
            raise TrashUnavailable(why or str(exc) or "the system refuses it") from exc
        if os.path.lexists(path):
            raise TrashUnavailable("the system left it where it is")


class UnprovenTrash:
    """`LocalTrash` of Windows: it takes nothing.

    The shell deletes for good what its Recycle Bin does not take (network drives, a bin that is
    switched off or too small), and no interface for Python has been shown to prevent that.
    """

    refusal = _NOT_ON_WINDOWS

    def move(self, path: Path) -> None:
        """Leave a file where it is.

        Raises:
            TrashUnavailable: always, unless nothing lies there.
            SourceMissing: nothing lies there.
        """
        if not os.path.lexists(path):
            raise SourceMissing(str(path))
        raise TrashUnavailable(self.refusal)


def local_trash() -> "FreedesktopTrash | SystemTrash | UnprovenTrash":
    """Return the trash of this computer."""
    if sys.platform == "win32":
        return UnprovenTrash()
    return SystemTrash() if sys.platform == "darwin" else FreedesktopTrash()
