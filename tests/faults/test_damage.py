"""Databases are damaged in every way, at rest and at work, and come back by themselves."""

import os
import shutil
import time

import pytest

from tests.fakes.log import RecordingLog
from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ArchiveView, ZoomTree
from zoomsync_agent import app, settings
from zoomsync_agent.app import Databases
from zoomsync_agent.core.errors import StoreDamaged
from zoomsync_agent.store.jobs import SqliteJobStore

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


def test_damage_met_at_work_is_checked_for_after_a_clean_stop_too(home):
    """An orderly end says nothing of the file; unchecked it would end like this for ever."""
    log = RecordingLog()
    first = Databases(home)
    first.open(log)
    first.suspect(StoreDamaged(f"{home.store_file}: page 3"))
    first.stopped(all_ended=True)
    first.close()
    data = bytearray(home.store_file.read_bytes())
    data[PAGE_BYTES:] = bytes(len(data) - PAGE_BYTES)
    home.store_file.write_bytes(data)

    second = Databases(home)
    second.open(log)
    second.stopped(all_ended=True)
    second.close()

    assert len(log.named("database damaged, moved aside")) == 1
    assert not list(home.data.glob("*.suspect"))
    third = Databases(home)
    third.open(log)
    assert third.was_orderly
    third.close()
    assert len(log.named("database damaged, moved aside")) == 1


def test_damage_that_no_check_finds_is_moved_aside_all_the_same(home):
    """What is found again at work, though the check was content, is believed."""
    log = RecordingLog()
    for is_certain, moved in ((False, 0), (True, 1)):
        databases = Databases(home)
        databases.open(log)
        databases.suspect(StoreDamaged(f"{home.store_file}: page 3"), is_certain=is_certain)
        databases.close()
        databases = Databases(home)
        databases.open(log)
        databases.close()
        assert len(log.named("database damaged, moved aside")) == moved


@pytest.mark.parametrize("when", ["in the middle", "at the start", "for ever"])
def test_a_sync_that_meets_damage_repairs_it_and_begins_again(home, tmp_path, monkeypatch, when):
    """Once by itself in the middle, twice at the start; damage that stays ends it and is told."""
    chosen = settings.load(home, {}, cwd=tmp_path, overrides={"recordings_path": tmp_path / "Z"})
    seen = []
    damage = StoreDamaged(f"{home.store_file}: page 3")
    claim = SqliteJobStore.claim

    def damaged(self, now, shut=()):
        if when == "for ever" or (when == "in the middle" and len(seen) < 2):
            raise damage
        return claim(self, now, shut)

    recover = SqliteJobStore.recover_interrupted

    def damaged_start(self, now, *, was_orderly):
        if when == "at the start" and not list(home.data.glob("agent.db.damaged-*")):
            raise damage
        return recover(self, now, was_orderly=was_orderly)

    monkeypatch.setattr(SqliteJobStore, "claim", damaged)
    monkeypatch.setattr(SqliteJobStore, "recover_interrupted", damaged_start)

    def work(agent):
        seen.append(agent)
        for _ in range(100):
            if when == "in the middle" and len(seen) == 2:
                return "done"
            if when == "at the start":
                return "done"
            agent.check()
            time.sleep(0.05)
        return "damage not noticed"

    if when == "for ever":
        with pytest.raises(StoreDamaged):
            app.repairing(chosen, home, work)
        assert list(home.data.glob("agent.db.suspect"))
    else:
        assert app.repairing(chosen, home, work) == "done"
        assert len(seen) == (2 if when == "in the middle" else 1)


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
