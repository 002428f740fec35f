"""What survives a power cut: bytes on the disk itself, and the names that lead to them."""

import errno
import os
import sys
from pathlib import Path


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
