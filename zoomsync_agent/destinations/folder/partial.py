"""A half-written file in a folder: written alone, then given its name for good.

What is here holds for any file system: other agents may write to the same folder, power may go at
any moment, and no file that has its name is ever written to or replaced.
"""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from zoomsync_agent.core.errors import DestinationUnavailable, KeyTaken


def make_folder(folder: Path, root: Path) -> None:
    """Make a folder below *root*, as open or closed to others as *root* itself.

    Raises:
        KeyTaken: a file lies in the way.
    """
    mode = stat.S_IMODE(root.stat().st_mode)
    try:
        for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
            missing.mkdir(exist_ok=True, mode=mode)
            with contextlib.suppress(OSError):  # the umask took something away
                missing.chmod(mode)
    except (FileExistsError, NotADirectoryError) as exc:
        raise KeyTaken(f"a file lies where the folder {folder} belongs") from exc
    if not folder.is_dir():
        raise KeyTaken(f"a file lies where the folder {folder} belongs")


_LOCKED_BYTE: Final = 0x7FFF_FFF0
"""Windows locks bytes, and its C library counts them in 31 bits."""


def _open_for_update(path: Path) -> BinaryIO:
    # Not "ab+": with O_APPEND copy_file_range is refused and offsets are ignored.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    return os.fdopen(descriptor, "rb+", buffering=0)


@contextlib.contextmanager
def opened_alone(partial: Path) -> Iterator[BinaryIO]:
    """Open the half-written copy; another agent that writes the same one is left alone."""
    with contextlib.suppress(FileNotFoundError):
        if partial.stat().st_nlink > 1:
            # A crash left it as a second name of a finished object, which must not be written.
            partial.unlink()
    with _open_for_update(partial) as file:
        _lock(file, partial)
        if not _is_still(partial, file):
            raise DestinationUnavailable(f"another upload has just finished {partial}")
        yield file


def _lock(file: BinaryIO, partial: Path) -> None:
    """Take the file for this upload alone, where the file system has locks; closing frees it."""
    busy = DestinationUnavailable(f"another upload is writing {partial}")
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  Windows only

        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as exc:
            raise busy from exc
        finally:
            file.seek(0)
        return
    import fcntl  # noqa: PLC0415  POSIX only

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise busy from exc
    except OSError as exc:
        if exc.errno not in (errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL):
            raise


def _is_still(partial: Path, file: BinaryIO) -> bool:
    """Whether the open file has that name and no other: until the lock was ours it could change."""
    try:
        found = partial.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(file.fileno())) and found.st_nlink <= 1


def adopt_traits(copy: BinaryIO, partial: Path, mode: int, mtime_ns: int) -> None:
    """Give the copy the original's time and permissions, where the file system knows them."""
    with contextlib.suppress(OSError):
        if sys.platform != "win32":
            os.fchmod(copy.fileno(), mode | 0o600)
        os.utime(partial, ns=(mtime_ns, mtime_ns))


def name_without_replacing(partial: Path, target: Path) -> None:
    """Give the copy its name; raise `KeyTaken` if something got there first."""
    try:
        os.link(partial, target)
    except FileExistsError as exc:
        raise KeyTaken(str(target)) from exc
    except OSError:
        # No hard links here (FAT, some network shares): the check and the rename are two steps.
        if target.exists():
            raise KeyTaken(str(target)) from None
        partial.rename(target)
    else:
        partial.unlink(missing_ok=True)
