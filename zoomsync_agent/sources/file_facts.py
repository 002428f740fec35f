"""What the operating system tells about one file, without reading it."""

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from zoomsync_agent.core.recording import FileIdentity

_OFFLINE: Final = 0x1000 | 0x40000 | 0x400000
"""Windows: FILE_ATTRIBUTE_OFFLINE, RECALL_ON_OPEN, RECALL_ON_DATA_ACCESS."""

_DATALESS: Final = 0x40000000
"""macOS: SF_DATALESS, the content is in iCloud."""

_COMPRESSED: Final = 0x20
"""macOS: UF_COMPRESSED, fewer blocks than bytes and yet complete."""

_JUNCTION: Final = 0xA0000003
"""Windows: IO_REPARSE_TAG_MOUNT_POINT, a link to a directory that is not called a link."""

_BLOCK_BYTES: Final = 512
_BUFFER_BYTES: Final = 512
_MIN_TELLING_BYTES: Final = 4096
"""Smaller files can live inside their directory entry and own no block at all."""

_HONEST_ABOUT_BLOCKS: Final = frozenset(
    {"apfs", "exfat", "ext2", "ext3", "ext4", "hfs", "jfs", "msdos", "tmpfs", "vfat", "xfs"}
)
"""File systems that neither compress nor answer for another machine."""

_HONEST_ABOUT_WRITERS: Final = _HONEST_ABOUT_BLOCKS | {
    *("bcachefs", "btrfs", "f2fs", "fuseblk", "ntfs3", "overlay", "ramfs", "reiserfs", "zfs")
}
"""Local file systems. NFS and SMB refuse a lease just as if somebody were writing, always."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """What can be believed on one file system."""

    trusts_blocks: bool = False
    """Allocated blocks tell whether the content is there."""
    trusts_leases: bool = False
    """A refused lease means that somebody is writing (Linux)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One directory entry, taken without opening the file.

    `size` and `allocated` are in bytes, `mtime_ns` is as `FileIdentity.of` gives it; `allocated`
    is None where the system does not say. `is_placeholder` means that the content is only in the
    cloud: opening would download it.
    """

    name: str
    size: int
    mtime_ns: int
    device: int
    inode: int
    allocated: int | None
    is_link: bool
    is_regular: bool
    is_placeholder: bool

    @property
    def identity(self) -> FileIdentity:
        """What tells this version of the file from the next."""
        return FileIdentity(self.size, self.mtime_ns)


def file_system_of(path: Path) -> FileSystem:
    """Return what can be believed where *path* lies; nothing, if it cannot be found out."""
    if sys.platform == "win32":
        return FileSystem()
    import psutil  # noqa: PLC0415 - heavy, and asked once per folder

    real = os.path.realpath(path)
    best, kind = "", ""
    try:
        mounts = psutil.disk_partitions(all=True)
    except OSError:
        return FileSystem()
    for mount in mounts:
        point = mount.mountpoint
        # A later mount hides an earlier one on the same place.
        if len(point) >= len(best) and os.path.commonpath((point, real)) == point:
            best, kind = point, mount.fstype.casefold()
    return FileSystem(kind in _HONEST_ABOUT_BLOCKS, kind in _HONEST_ABOUT_WRITERS)


def entry_from(name: str, found: os.stat_result, *, trust_blocks: bool) -> Entry:
    """Return the entry *name* from what `lstat` found."""
    mode = found.st_mode
    blocks = getattr(found, "st_blocks", None)
    allocated = None if blocks is None else blocks * _BLOCK_BYTES
    is_regular = stat.S_ISREG(mode)
    identity = FileIdentity.of(found)
    return Entry(
        name=name,
        size=identity.size,
        mtime_ns=identity.mtime_ns,
        device=found.st_dev,
        inode=found.st_ino,
        allocated=allocated,
        is_link=stat.S_ISLNK(mode) or is_junction(found),
        is_regular=is_regular,
        is_placeholder=is_regular and _is_placeholder(name, found, allocated, trust_blocks),
    )


def is_in_cloud(found: os.stat_result) -> bool:
    """Return whether the content is only in a cloud, as its system says: reading would fetch it."""
    return entry_from("", found, trust_blocks=False).is_placeholder


def is_junction(found: os.stat_result) -> bool:
    """Whether this is a Windows junction, which must not be walked into."""
    return getattr(found, "st_reparse_tag", 0) == _JUNCTION


def _is_placeholder(
    name: str, found: os.stat_result, allocated: int | None, trust_blocks: bool
) -> bool:
    if name.endswith(".icloud") or getattr(found, "st_file_attributes", 0) & _OFFLINE:
        return True
    flags = getattr(found, "st_flags", 0)
    if flags & _DATALESS:
        return True
    if not trust_blocks or allocated is None or flags & _COMPRESSED:
        return False
    return found.st_size > _MIN_TELLING_BYTES and allocated < found.st_size / 2


def open_to_read(path: Path) -> BinaryIO:
    """Open a regular file for reading; never follows a link, never waits for a pipe.

    Raises:
        OSError: it cannot be read, or is not a regular file.
    """
    wanted = os.O_RDONLY
    if sys.platform == "win32":
        wanted |= os.O_BINARY | os.O_NOINHERIT
    else:
        wanted |= os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, wanted)
    try:
        is_regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        os.close(descriptor)
        raise
    if not is_regular:
        os.close(descriptor)
        raise OSError("it is not a regular file")
    # A look needs 16 bytes here and there, not 8 KiB each time.
    return open(descriptor, "rb", buffering=_BUFFER_BYTES)  # noqa: PTH123 - it is open already


if sys.platform == "linux":
    import errno
    import fcntl
    import signal

    def has_writer(path: Path) -> bool | None:
        """Return whether some program has *path* open for writing; None: cannot tell.

        Asks the kernel for a read lease, which it refuses while there is a writer, and gives it
        back at once. Meaningless on network file systems: see `FileSystem.trusts_leases`.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            # A lease that is broken sends SIGIO, which would end the process; SIGURG is ignored.
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as exc:
            return True if exc.errno == errno.EAGAIN else None
        finally:
            os.close(descriptor)
        return False

elif sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _GENERIC_READ: Final = 0x80000000
    _SHARE_READ_AND_DELETE: Final = 0x1 | 0x4
    _OPEN_EXISTING: Final = 3
    _NO_RECALL: Final = 0x00100000
    _SHARING_VIOLATION: Final = 32
    _INVALID_HANDLE: Final = ctypes.c_void_p(-1).value

    def has_writer(path: Path) -> bool | None:
        """Return whether some program has *path* open for writing; None: cannot tell.

        Opens the file for an instant without letting others write. Renaming and deleting stay
        allowed meanwhile, so that whoever finishes the file is not disturbed.
        """
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        create = kernel.CreateFileW
        create.argtypes = (
            *(wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p),
            *(wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE),
        )
        create.restype = wintypes.HANDLE
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        share, how = _SHARE_READ_AND_DELETE, _OPEN_EXISTING
        handle = create(str(path), _GENERIC_READ, share, None, how, _NO_RECALL, None)
        if handle is None or handle == _INVALID_HANDLE:
            return True if ctypes.get_last_error() == _SHARING_VIOLATION else None
        kernel.CloseHandle(handle)
        return False

else:

    def has_writer(path: Path) -> bool | None:  # noqa: ARG001 - the same call everywhere
        """Return None: this system does not tell who has a file open."""
        return None
