from pathlib import Path
from typing import NamedTuple

import pytest

from zoomsync_agent.desktop import mounts
from zoomsync_agent.desktop.mounts import Mount, MountKind, kind_of, mount_of, windows_mount


class Partition(NamedTuple):
    """What psutil tells of a mount."""

    mountpoint: str
    fstype: str


MOUNTED = [
    Partition("/", "ext4"),
    Partition("/mnt/nas", "autofs"),
    Partition("/mnt/nas", "nfs4"),
    Partition("/mnt/nas/local", "xfs"),
    Partition("/mnt/na", "CIFS"),
    Partition("/media/odd", "fuse.somethingnew"),
]


@pytest.mark.parametrize(
    ("path", "kind", "fstype"),
    [
        ("/srv/Zoom", MountKind.LOCAL, "ext4"),
        ("/", MountKind.LOCAL, "ext4"),
        ("/mnt/nas", MountKind.NETWORK, "nfs4"),
        ("/mnt/nas/Zoom/new", MountKind.NETWORK, "nfs4"),
        ("/mnt/nas/local/Zoom", MountKind.LOCAL, "xfs"),
        ("/mnt/nasty", MountKind.LOCAL, "ext4"),
        ("/mnt/na/x", MountKind.NETWORK, "cifs"),
        ("/media/odd/x", MountKind.UNKNOWN, "fuse.somethingnew"),
    ],
)
def test_the_nearest_mount_decides(path, kind, fstype):
    """The longest mount point wins, whole names only, and of two at one place the later."""
    found = mount_of(Path(path), partitions=MOUNTED)
    assert (found.kind, found.fstype) == (kind, fstype)


def test_a_link_is_followed(tmp_path):
    """What counts is where the files really lie."""
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    parts = [Partition("/", "ext4"), Partition(str(real.resolve()), "fuse.sshfs")]
    assert mount_of(tmp_path / "link" / "a.mp4", partitions=parts).kind is MountKind.NETWORK


def test_nothing_known_is_unknown():
    """Without a list there is no guess."""
    assert mount_of(Path("/srv"), partitions=[]) == Mount(MountKind.UNKNOWN)


def test_no_kind_is_both():
    """The two lists do not contradict each other."""
    assert not mounts.NETWORK_TYPES & mounts.LOCAL_TYPES


def test_the_system_is_asked(monkeypatch):
    """Without a list handed in, psutil's is used; its failure is no error."""
    monkeypatch.setattr(mounts, "_mounted", lambda: [Partition("/", "9p")])
    assert kind_of(Path("/srv")) is MountKind.NETWORK
    monkeypatch.undo()

    def broken(**_):
        raise OSError(13, "no")

    monkeypatch.setattr("psutil.disk_partitions", broken)
    assert kind_of(Path("/srv")) is MountKind.UNKNOWN


def test_what_is_not_there_yet_lies_where_its_folder_will(monkeypatch, tmp_path):
    """An archive on a network drive is made on its first use."""
    monkeypatch.setattr(mounts, "_mounted", lambda: [Partition("/", "nfs")])
    assert mounts.is_network(tmp_path / "a" / "b")
    monkeypatch.setattr(mounts, "_mounted", lambda: [Partition("/", "ext4")])
    assert not mounts.is_network(tmp_path / "a" / "b")


def test_this_machine_gives_an_answer(tmp_path):
    """The real list can be read."""
    assert mount_of(tmp_path).mountpoint


@pytest.mark.parametrize(
    ("text", "drive", "kind"),
    [
        (r"\\server\share\Zoom", 3, MountKind.NETWORK),
        ("//server/share", 3, MountKind.NETWORK),
        (r"\\?\UNC\server\share", 3, MountKind.NETWORK),
        (r"\\?\C:\Zoom", 3, MountKind.LOCAL),
        (r"C:\Users\ann\Zoom", 3, MountKind.LOCAL),
        (r"E:\Zoom", 2, MountKind.LOCAL),
        (r"Z:\Zoom", 4, MountKind.NETWORK),
        (r"Q:\Zoom", 1, MountKind.UNKNOWN),
        (r"relative\Zoom", 3, MountKind.UNKNOWN),
    ],
)
def test_windows_is_asked_for_the_kind_of_drive(text, drive, kind):
    """A share is network by its name, a drive by what Windows says."""
    asked = []

    def drive_type(root):
        asked.append(root)
        return drive

    assert windows_mount(text, drive_type).kind is kind
    assert all(len(root) == 3 and root.endswith(":\\") for root in asked)
