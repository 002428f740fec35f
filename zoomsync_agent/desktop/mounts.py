"""What kind of file system a folder lies on.

Changes that another machine makes on a network drive never reach this machine's file events, so
such folders are looked at by the clock instead.
"""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Final, Protocol


class MountKind(StrEnum):
    """Whether file events can be trusted to tell every change."""

    LOCAL = "local"
    NETWORK = "network"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mount:
    """What lies under a path. `fstype` is the system's own word, empty where it gives none."""

    kind: MountKind
    fstype: str = ""
    mountpoint: str = ""


class Partition(Protocol):
    """The part of psutil's answer that is used."""

    @property
    def mountpoint(self) -> str:
        """Where it is mounted."""

    @property
    def fstype(self) -> str:
        """The system's word for its kind."""


_NETWORK: Final = """
    nfs nfs3 nfs4 cifs smb smb2 smb3 smbfs afpfs webdav davfs davfs2 fuse.davfs2 ncpfs coda afs
    ceph fuse.ceph glusterfs fuse.glusterfs lustre gpfs beegfs ocfs2 gfs2 sshfs fuse.sshfs ftpfs
    fuse.curlftpfs rclone fuse.rclone fuse.s3fs fuse.gcsfuse fuse.gvfsd-fuse fuse.onedriver
    fuse.google-drive-ocamlfuse
"""
# Shared with the host of a virtual machine or container: its changes are just as silent.
_SHARED: Final = """
    9p drvfs virtiofs fuse.virtiofs vboxsf prl_fs vmhgfs fuse.vmhgfs-fuse fuse.grpcfuse fakeowner
"""
_LOCAL: Final = """
    ext2 ext3 ext4 xfs btrfs zfs bcachefs f2fs jfs reiserfs overlay aufs tmpfs ramfs ecryptfs
    apfs hfs hfsplus ufs ntfs ntfs3 fuse.ntfs-3g fuseblk refs exfat vfat fat fat32 msdos udf
    iso9660 cd9660 squashfs fuse.gocryptfs fuse.encfs fuse.cryfs
"""
NETWORK_TYPES: Final = frozenset(_NETWORK.split()) | frozenset(_SHARED.split())
LOCAL_TYPES: Final = frozenset(_LOCAL.split())

_DRIVE_REMOTE: Final = 4
_DRIVES_AT_HAND: Final = frozenset({2, 3, 5, 6})  # removable, fixed, optical, in memory


def is_network(path: Path) -> bool:
    """Return whether *path*, or what of it is there, lies on a network drive."""
    nearest = next((one for one in (path, *path.parents) if one.exists()), path)
    return kind_of(nearest) is MountKind.NETWORK


def kind_of(path: PurePath) -> MountKind:
    """Return whether *path* lies on a local or a network file system. Never raises."""
    return mount_of(path).kind


def mount_of(path: PurePath, *, partitions: Iterable[Partition] | None = None) -> Mount:
    """Return what *path* lies on; it need not exist.

    Args:
        path: any file or folder.
        partitions: what is mounted, in the order of mounting; asked from the system if None.
    """
    if sys.platform == "win32" and partitions is None:
        return windows_mount(os.path.realpath(path), _drive_type)
    return _longest_match(os.path.realpath(path), _mounted() if partitions is None else partitions)


def windows_mount(text: str, drive_type: Callable[[str], int]) -> Mount:
    r"""Return what the Windows path *text* lies on; ``\\server\share`` is always network."""
    plain = text.replace("/", "\\")
    if plain[:8].upper() == "\\\\?\\UNC\\":
        return Mount(MountKind.NETWORK, "unc")
    plain = plain.removeprefix("\\\\?\\")
    if plain.startswith("\\\\"):
        return Mount(MountKind.NETWORK, "unc")
    root = plain[:2] + "\\"
    if root[1] != ":":
        return Mount(MountKind.UNKNOWN)
    kind = drive_type(root)
    if kind == _DRIVE_REMOTE:
        return Mount(MountKind.NETWORK, "remote", root)
    return Mount(MountKind.LOCAL if kind in _DRIVES_AT_HAND else MountKind.UNKNOWN, "", root)


def _longest_match(path: str, partitions: Iterable[Partition]) -> Mount:
    best: Partition | None = None
    for partition in partitions:
        point = partition.mountpoint.rstrip("/")
        # Of two mounts at one place the later one is seen, so equal length wins too.
        if (path == point or path.startswith(point + "/")) and (
            best is None or len(point) >= len(best.mountpoint.rstrip("/"))
        ):
            best = partition
    if best is None:
        return Mount(MountKind.UNKNOWN)
    fstype = best.fstype.lower()
    if fstype in NETWORK_TYPES:
        kind = MountKind.NETWORK
    else:
        kind = MountKind.LOCAL if fstype in LOCAL_TYPES else MountKind.UNKNOWN
    return Mount(kind, fstype, best.mountpoint)


def _mounted() -> Iterable[Partition]:
    import psutil  # noqa: PLC0415 - 15 ms that most commands need not pay

    try:
        return psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ()


def _drive_type(root: str) -> int:
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - only Windows pays for it

        return int(ctypes.windll.kernel32.GetDriveTypeW(ctypes.c_wchar_p(root)))
    return 0
