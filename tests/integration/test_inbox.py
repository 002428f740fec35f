"""Recordings that are handed in: to disk, checked, into the queue, and away once they are safe."""

import hashlib
import io
import os
import stat
from datetime import UTC, datetime

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.page_world import AUDIO, VIDEO, PageWorld
from tests.fakes.stores import queue_database
from zoomsync_agent import app
from zoomsync_agent.core.errors import DiskFull, NotAllowed
from zoomsync_agent.sources.inbox import Inbox
from zoomsync_agent.store.handed_in import SqliteHandedInStore


@pytest.fixture
def world(home, tmp_path):
    """Give an agent with nothing in its folders."""
    with PageWorld(home, tmp_path) as found:
        found.recordings.mkdir()
        yield found


@pytest.fixture
def inbox(tmp_path):
    """Give an empty inbox."""
    db = queue_database(tmp_path / "agent.db")
    yield Inbox(tmp_path / "inbox", SqliteHandedInStore(db, "folder"), ManualClock())
    db.close()


def _left(folder):
    return sorted(
        one.name for one in folder.rglob("*") if one.is_file() and "agent.db" not in one.name
    )


def test_what_is_handed_in_comes_home_and_the_copy_goes(world):
    """Bytes equal, title and start as they were told, listed like any other."""
    data = VIDEO.read_bytes()

    told = world.desk.receive(
        io.BytesIO(data),
        "C:\\Users\\me\\Talk.mp4",
        title="A talk",
        started_at=1.6e9,
        size=len(data),
    )

    assert (told.file_name, told.meeting_title, told.size) == ("Talk.mp4", "A talk", len(data))
    assert world.control.snapshot().queued.files == 1
    world.sync()
    (row,) = world.control.recordings()
    assert row.processing_status == "completed"
    assert (row.meeting_title, row.started_at, row.source) == ("A talk", 1.6e9, "upload")
    assert row.sha256 == hashlib.sha256(data).hexdigest()
    assert world.desk.playable(row).path.read_bytes() == data
    assert _left(world.home.data / "inbox") == []
    assert world.control.snapshot().waiting == ()


def test_the_same_recording_twice_is_one(world):
    """Handed in while it waits, and again after it is safe."""
    for _ in range(2):
        world.desk.receive(io.BytesIO(VIDEO.read_bytes()), "Talk.mp4")
    world.sync()
    world.desk.receive(io.BytesIO(VIDEO.read_bytes()), "Other.mp4")
    world.sync()
    assert len(world.control.recordings()) == 1
    assert _left(world.home.data / "inbox") == []


def test_an_old_recording_is_taken_whatever_is_left_out(home, tmp_path):
    """Somebody wants exactly this one."""
    with PageWorld(home, tmp_path, {"backfill": "none"}) as world:
        world.recordings.mkdir()
        world.sync()
        world.desk.receive(io.BytesIO(AUDIO.read_bytes()), "Old.m4a", started_at=1.3e9)
        world.sync()
        assert [row.meeting_title for row in world.control.recordings()] == ["Old"]


def test_another_archive_asks_for_nothing_that_is_gone(world, tmp_path):
    """What was handed in is not here any more, which is no failure of the next archive's."""
    world.desk.receive(io.BytesIO(VIDEO.read_bytes()), "Talk.mp4")
    world.sync()
    world.desk.change({"archive_path": str(tmp_path / "Second")})
    world.sync()
    assert world.control.snapshot().counts["failed"] == 0
    assert world.control.snapshot().state == "idle"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("notes.txt", b"text", "not the name of a recording"),
        ("video.mp4", b"", "no bytes"),
        ("video.mp4", b"this is no video at all, whatever it is called", "no whole recording"),
        ("video.mp4", VIDEO.read_bytes()[:-1000], "no whole recording"),
        ("video.wav", VIDEO.read_bytes(), "it holds an MP4"),
        ("video.mp4.tmp", VIDEO.read_bytes(), "not the name of a recording"),
        (".mp4", VIDEO.read_bytes(), "not the name of a recording"),
        ("", VIDEO.read_bytes(), "not the name of a recording"),
    ],
)
def test_what_is_no_whole_recording_is_refused(inbox, tmp_path, name, content, why):
    """By its name, its format and its end; nothing of it stays."""
    with pytest.raises(NotAllowed, match=why):
        inbox.receive(io.BytesIO(content), name, title="", started_at=None, size=None)
    assert _left(tmp_path) == []


def test_a_broken_connection_leaves_nothing(inbox, tmp_path):
    """Fewer bytes than were announced, or an error in the middle."""
    data = VIDEO.read_bytes()
    with pytest.raises(NotAllowed, match=r"of .* bytes arrived"):
        inbox.receive(io.BytesIO(data), "a.mp4", title="", started_at=None, size=len(data) + 1)

    class Broken(io.RawIOBase):
        reads = 0

        def read(self, _size=-1):
            self.reads += 1
            if self.reads > 2:
                raise ConnectionResetError
            return data[:1000]

    broken = Broken()
    with pytest.raises(NotAllowed, match="connection broke"):
        inbox.receive(broken, "a.mp4", title="", started_at=None, size=None)
    assert broken.reads == 3
    assert _left(tmp_path) == []


def test_a_disk_without_room_is_said_before_anything_is_written(inbox, tmp_path, monkeypatch):
    """And also where nobody announced how much it would be."""
    asked = []

    def little(path):
        asked.append(path)
        return type("Usage", (), {"free": (1 << 30) + 1_000})()

    monkeypatch.setattr("shutil.disk_usage", little)
    data = VIDEO.read_bytes()
    with pytest.raises(DiskFull, match="are yet to come"):
        inbox.receive(io.BytesIO(data), "a.mp4", title="", started_at=None, size=len(data))
    with pytest.raises(DiskFull, match="can be taken"):
        inbox.receive(io.BytesIO(data), "a.mp4", title="", started_at=None, size=None)
    assert len(asked) == 2
    assert _left(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    ["../../evil.mp4", "/etc/evil.mp4", "..\\..\\evil.mp4", "a\0b/evil.mp4", "x" * 500 + ".mp4",
     "evil\n\u202emp4.mp4", "CON.mp4", "com1 .x.mp4", "…\u0301.mp4", "会" * 100 + ".mp4",
     "\U0001f600" * 70 + ".MP4", "\udcff\ufffe.mp4", "a:b*c?.mp4", "nul.mp4", "aux/prn.mp4"],
)  # fmt: skip
def test_a_name_leads_nowhere_else(inbox, tmp_path, name):
    """Whatever it holds, the file lies in the inbox, under a name that every system can hold."""
    seen, _job = inbox.receive(
        io.BytesIO(VIDEO.read_bytes()), name, title="", started_at=None, size=None
    )
    assert seen.path.resolve().is_relative_to((tmp_path / "inbox").resolve())
    assert seen.path.read_bytes() == VIDEO.read_bytes()
    assert stat.S_IMODE(seen.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(seen.path.parent.stat().st_mode) == 0o700
    assert len(os.fsencode(seen.path.name)) <= 140
    assert seen.path.suffix == ".mp4"
    assert not {*'\\/:*?"<>|'} & {*seen.path.name}
    assert seen.path.name.partition(".")[0].strip().upper() not in ("CON", "COM1", "NUL", "PRN")
    assert seen.meeting.title


def test_a_long_name_is_still_the_title(inbox):
    """Only the file's own name has to be short."""
    seen, _job = inbox.receive(
        io.BytesIO(VIDEO.read_bytes()), "会" * 100 + ".mp4", title="", started_at=None, size=None
    )
    assert seen.meeting.title == "会" * 100


def test_a_name_that_no_recording_has_is_refused_before_a_byte_is_read(inbox, tmp_path):
    """Nobody sends a gigabyte for that answer."""
    stream = io.BytesIO(VIDEO.read_bytes())
    with pytest.raises(NotAllowed):
        inbox.receive(stream, "notes.txt", title="", started_at=None, size=None)
    assert stream.tell() == 0
    assert not (tmp_path / "inbox").exists()


def test_a_queue_that_was_lost_loses_no_recording(world):
    """It was answered that it is queued; the agent finds it at its next start."""
    world.desk.receive(io.BytesIO(VIDEO.read_bytes()), "Talk.mp4", title="Board", started_at=1.6e9)
    world.desk.release()
    for path in world.home.data.glob("agent.db*"):
        path.unlink()
    world.sync()
    (row,) = world.control.recordings()
    assert (row.meeting_title, row.started_at) == ("Board", 1.6e9)
    assert world.desk.playable(row).path.read_bytes() == VIDEO.read_bytes()
    assert _left(world.home.data / "inbox") == []


@pytest.mark.parametrize("undone", [["jobs"], ["activity", "jobs", "files"]])
def test_a_commit_that_a_power_cut_undid_loses_no_recording(world, undone):
    """Neither where all was forgotten nor where only the job was."""
    world.desk.receive(io.BytesIO(VIDEO.read_bytes()), "Talk.mp4")
    with world.desk._databases.queue.write() as conn:
        for table in undone:
            conn.execute(f"DELETE FROM {table}")  # noqa: S608
    world.sync()
    assert len(world.control.recordings()) == 1
    assert _left(world.home.data / "inbox") == []


def test_another_archive_gets_what_still_waits(world, tmp_path):
    """Once, and then it goes from here."""
    world.desk.receive(io.BytesIO(VIDEO.read_bytes()), "Talk.mp4")
    world.desk.change({"archive_path": str(tmp_path / "Second")})
    world.sync()
    (row,) = world.control.recordings()
    assert world.desk.playable(row).path.is_relative_to(tmp_path / "Second")
    assert _left(world.home.data / "inbox") == []


def test_history_that_is_decided_anew_forgets_none(world):
    """Somebody handed in exactly this one, however short or old it is."""
    world.desk.receive(io.BytesIO(AUDIO.read_bytes()), "Old.m4a", started_at=1.0)
    with app.running(world.desk.settings(), world.home, redecide_history=True):
        pass
    world.sync()
    assert [row.meeting_title for row in world.control.recordings()] == ["Old"]


def test_what_was_told_of_a_recording_stays_where_nothing_else_is_told(world):
    """Handed in once more without title and start, before it is safe and after."""
    data = VIDEO.read_bytes()
    world.desk.receive(io.BytesIO(data), "a.mp4", title="A talk", started_at=1.6e9)
    world.sync()
    world.desk.receive(io.BytesIO(data), "other name.mp4")
    world.sync()
    (row,) = world.control.recordings()
    assert (row.meeting_title, row.started_at) == ("A talk", 1.6e9)


def test_a_download_of_zooms_portal_tells_its_own_start(world):
    """In its name, in UTC."""
    told = world.desk.receive(
        io.BytesIO(VIDEO.read_bytes()), "GMT20261110-090000_Recording_1280x720.mp4"
    )
    world.sync()
    (row,) = world.control.recordings()
    assert row.started_at == datetime(2026, 11, 10, 9, tzinfo=UTC).timestamp()
    assert told.meeting_title == row.meeting_title
