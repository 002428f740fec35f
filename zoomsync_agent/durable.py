"""What survives a power cut: bytes on the disk itself, and the names that lead to them."""

import contextlib
import errno
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

NEW_SUFFIX: Final = ".new"
"""Ends the name of a file that is being written, in the folder of the one whose place it takes."""
_MODE_OF_NEW: Final = 0o600


def make_durable(descriptor: int) -> None:
    """Bring a file's bytes to the disk itself, not only to its cache."""
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415  POSIX only

        # fsync stops at the drive's cache there; see Apple's fsync(2).
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:  # a file system that does not know it
            os.fsync(descriptor)
    elif sys.platform == "linux":
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def replace_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write a file so that it is there whole, or as it was before.

    That its name survives a power cut is up to `flush_folder`.

    Args:
        path: of the file; its folder is there.
        data: what is to stand in it.
        mode: who may open it.

    Raises:
        OSError: it could not be written; what was there before still is.
    """
    descriptor, new = tempfile.mkstemp(prefix=".", suffix=NEW_SUFFIX, dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode != _MODE_OF_NEW:
            Path(new).chmod(mode)
        Path(new).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(new).unlink()
        raise


def flush_folders(folder: Path, root: Path) -> None:
    """Make names durable, from *folder* up to *root*: a new folder's own name is in its parent."""
    while True:
        flush_folder(folder)
        if folder in (root, folder.parent):
            return
        folder = folder.parent


def flush_folder(folder: Path) -> None:
    """Make the names in *folder* durable."""
    if sys.platform == "win32":
        return  # NTFS journals names itself, and a folder cannot be opened for flushing
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in (errno.EINVAL, errno.ENOTSUP):  # a network share that cannot
            raise
    finally:
        os.close(descriptor)
