"""Databases are damaged in every way, at rest and at work, and come back by themselves."""

import os
import shutil

import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ArchiveView, ZoomTree

HEADER_BYTES = 100
PAGE_BYTES = 4096


class Damage:
    """Something that happens to a file."""

    def __init__(self, name, change):
        self.name = name
        self._change = change

    def strike(self, path):
        """Change the file and return whether it is another one now."""
        before = path.read_bytes()
        after = self._change(before)
        path.write_bytes(after)
        return before != after

    def __str__(self):
        return self.name


def _garbage_pages(data):
    noise = bytes((7 * i + 13) % 256 for i in range(PAGE_BYTES))
    pages = [data[i : i + PAGE_BYTES] for i in range(0, len(data), PAGE_BYTES)]
    return b"".join([pages[0], *(noise for _ in pages[1:])])


DAMAGES = [
    Damage("header", lambda data: b"\xff" * HEADER_BYTES + data[HEADER_BYTES:]),
    Damage("truncated", lambda data: data[: len(data) * 2 // 5 + 17]),
    Damage("garbage-pages", _garbage_pages),
    Damage("text", lambda _data: b"Dear diary, this was a database once.\n" * 50),
    Damage("zeros", lambda data: bytes(len(data))),
    Damage("no-bytes", lambda _data: b""),
]
NOTHING_TO_KEEP = "no-bytes"
TARGETS = {"queue": ("agent.db",), "catalog": ("catalog.db",), "both": ("agent.db", "catalog.db")}
ALONE = ("queue", "catalog")


@pytest.fixture
def zoomsync(tmp_path):
    """An agent with an archive of three meetings, one of which has no original any more."""
    with Zoomsync(tmp_path) as zoomsync:
        tree = ZoomTree(zoomsync.recordings)
        kept = tree.meeting("Kept", chat="kept words")
        tree.meeting("Renamed").joinpath("chat.txt").write_text(
            "09:02:04\t From Ann to Everyone: said before\n", "utf-8"
        )
        deleted = tree.meeting("Deleted", captions="only the archive knows this")
        zoomsync.json("sync")
        assert len(zoomsync.rows()) == 3
        shutil.rmtree(deleted)
        assert kept.exists()
        yield zoomsync


def _by_id(rows):
    return {row["recording_id"]: row for row in rows}


def _without_times(rows):
    return {
        key: {name: value for name, value in row.items() if name != "updated_at"}
        for key, row in _by_id(rows).items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "target"),
    [
        *((damage, "both") for damage in DAMAGES),
        *((damage, target) for damage in (DAMAGES[0], DAMAGES[-1]) for target in ALONE),
    ],
    ids=str,
)
def test_a_damaged_database_is_moved_aside_and_comes_back(zoomsync, damage, target):
    """The next sync has every row again, sends nothing twice, and keeps and names the old file."""
    before, stamps = zoomsync.rows(), ArchiveView(zoomsync.archive).stamps()
    for name in TARGETS[target]:
        assert damage.strike(zoomsync.home / "data" / name)

    zoomsync.json("sync")

    assert _without_times(zoomsync.rows()) == _without_times(before)
    assert ArchiveView(zoomsync.archive).stamps() == stamps
    for name in TARGETS[target] if damage.name != NOTHING_TO_KEEP else ():
        kept = sorted((zoomsync.home / "data").glob(f"{name}.damaged-*"))
        assert kept, f"{name} was not kept"
        assert kept[0].name in zoomsync.log


@pytest.mark.slow
@pytest.mark.parametrize("command", ["status", "sync"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_deleted_database_is_filled_again(zoomsync, target, command):
    """Whichever command finds it gone, the next sync has every row and sends nothing twice."""
    before, stamps = zoomsync.rows(), ArchiveView(zoomsync.archive).stamps()
    for name in TARGETS[target]:
        (zoomsync.home / "data" / name).unlink()
    zoomsync.json(command)

    zoomsync.json("sync")

    assert _without_times(zoomsync.rows()) == _without_times(before)
    assert ArchiveView(zoomsync.archive).stamps() == stamps


@pytest.mark.slow
def test_a_meeting_renamed_while_the_databases_were_lost_is_the_same_recording(zoomsync):
    """The row gets the new title under its old id, and no medium is sent again."""
    before, stamps = _by_id(zoomsync.rows()), ArchiveView(zoomsync.archive).stamps()
    for name in TARGETS["both"]:
        assert DAMAGES[0].strike(zoomsync.home / "data" / name)
    folder = next(zoomsync.recordings.glob("*Renamed"))
    folder.rename(folder.with_name(folder.name.replace("Renamed", "Budget 2025")))

    zoomsync.json("sync")

    after = _by_id(zoomsync.rows())
    assert after.keys() == before.keys()
    assert {row["meeting_title"] for row in after.values()} == {"Kept", "Deleted", "Budget 2025"}
    assert ArchiveView(zoomsync.archive).stamps() == stamps


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_a_database_damaged_under_a_running_agent_comes_back_by_itself(zoomsync, target):
    """The agent goes on, or moves the file aside and goes on; later meetings arrive as well."""
    before = zoomsync.rows()
    tree = ZoomTree(zoomsync.recordings, _count=10)
    with zoomsync.agent() as running:
        for name in TARGETS[target]:
            path = zoomsync.home / "data" / name
            size = path.stat().st_size
            with path.open("r+b") as file:
                file.write(os.urandom(size))
        tree.meeting("Afterwards")
        wait_for("the new meeting is archived", lambda: _arrived(zoomsync, tree))
        assert running.is_alive
        done = running.stop()
    assert done.code == 0
    zoomsync.json("sync")
    rows = _without_times(zoomsync.rows())
    assert {key: rows.get(key) for key in _without_times(before)} == _without_times(before)
    assert len(rows) == 4


def _arrived(zoomsync, tree):
    done = zoomsync.run("recordings", "list", "--json")
    if done.code:
        return False
    found = {row["sha256"] for row in done.json()["recordings"]}
    return found >= set(tree.finished)
