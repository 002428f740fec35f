"""What is handed in is an original: whatever fails, it is kept until the archive has it."""

import errno
import hashlib
import io
import os
import threading
from pathlib import Path

import pytest

from tests.fakes.page_world import AUDIO, VIDEO
from tests.fakes.workshop import Workshop
from zoomsync_agent.core.errors import (
    DiskFull,
    HandedInLost,
    KeyTaken,
    NetworkUnavailable,
    SourceBusy,
    SourceDamaged,
    SpoolUnusable,
    TransientError,
)
from zoomsync_agent.core.facts import UPLOAD
from zoomsync_agent.core.job import CANCELLED_DAYS, State, Step
from zoomsync_agent.engine.steps import Steps
from zoomsync_agent.sources.inbox import Inbox, inbox
from zoomsync_agent.sources.inbox.note import NAME as NOTE
from zoomsync_agent.store.handed_in import SqliteHandedInStore
from zoomsync_agent.store.overview import Overview

DATA = VIDEO.read_bytes()
DIGEST = hashlib.sha256(DATA).hexdigest()
DAY = 86_400.0


class Shop(Workshop):
    """With an inbox."""

    def __init__(self, folder):
        self.folder = folder / "data" / "inbox"
        self.folder.parent.mkdir()
        super().__init__(folder, None, lambda _shop: {UPLOAD: self.open_inbox()})
        self.inbox = self.steps._origins[UPLOAD]

    def open_inbox(self):
        """Return another inbox of the same home, as the page and a next agent have them."""
        store = SqliteHandedInStore(self.db, self.destination.name)
        return Inbox(self.folder, store, self.clock)

    def hand_in(self, data=DATA, name="Talk.mp4", *, stream=None, title="", started_at=None):
        """Hand in a recording; return the number of its job."""
        told = self.inbox.receive(
            stream or io.BytesIO(data), name, title=title, started_at=started_at, size=len(data)
        )
        return told.job_id

    @property
    def kept(self):
        """The recordings that lie in the inbox."""
        return sorted(one for one in self.folder.rglob("*") if one.suffix in (".mp4", ".m4a"))

    @property
    def left(self):
        """Everything that lies in the inbox."""
        return list(self.folder.rglob("*"))

    def count(self):
        """Return how many jobs there are."""
        return self.db.query("SELECT count(*) FROM jobs")[0][0]

    def forget(self):
        """Lose the queue."""
        with self.db.write() as conn:
            for table in ("activity", "jobs", "files", "objects", "state"):
                conn.execute(f"DELETE FROM {table}")  # noqa: S608

    def expect_home(self, *, data=DATA):
        """Expect the recording in the archive and nothing in the inbox."""
        assert list(self.memory.objects.values()) == [data]
        assert self.left == []
        assert self.jobs.counts()[State.FAILED] == 0


@pytest.fixture
def shop(tmp_path):
    """Give it."""
    workshop = Shop(tmp_path)
    workshop.memory.chunk_bytes = len(DATA) // 8
    yield workshop
    workshop.close()


def _broken(monkeypatch, method, error, *, only=lambda _path: True, times=1):
    """Let a method of `Path` fail; return the paths for which it did."""
    original, fired = getattr(Path, method), []

    def failing(self, *args, **more):
        if len(fired) < times and only(self):
            fired.append(self)
            raise error
        return original(self, *args, **more)

    monkeypatch.setattr(Path, method, failing)
    return fired


def _is_media(path):
    return path.suffix == ".mp4"


# --- reading -------------------------------------------------------------------------------


def test_a_disk_that_cannot_read_deletes_nothing(shop, monkeypatch):
    """One EIO while it is hashed: the job says so, the only copy stays, and retry works."""
    job = shop.hand_in()
    real, fired = Steps._hash, []

    def bad(work, stop):
        if not fired:
            fired.append(work)
            raise SourceDamaged("Input/output error")
        return real(work, stop)

    monkeypatch.setattr(Steps, "_hash", staticmethod(bad))
    shop.run()
    assert fired
    assert (shop.job(job).state, shop.job(job).error_code) == (State.FAILED, SourceDamaged.code)
    assert [one.read_bytes() for one in shop.kept] == [DATA]
    shop.jobs.retry([job], shop.clock.now())
    shop.run()
    shop.expect_home()


@pytest.mark.parametrize(
    ("number", "state", "code"),
    [
        (errno.EIO, State.FAILED, SourceDamaged.code),
        (errno.EBUSY, State.READY, SourceBusy.code),
        (errno.EMFILE, State.READY, SourceBusy.code),
        (errno.EACCES, State.BLOCKED, "source_denied"),
    ],
)
def test_not_to_be_looked_at_is_not_gone(shop, monkeypatch, number, state, code):
    """Whatever the system answers, it is not deleted, and comes home later."""
    job = shop.hand_in()
    fired = _broken(monkeypatch, "stat", OSError(number, "no"), only=_is_media)
    shop.run(turns=1)
    assert fired
    assert (shop.job(job).state, shop.job(job).error_code) == (state, code)
    assert [one.read_bytes() for one in shop.kept] == [DATA]
    shop.jobs.retry([job], shop.clock.now())
    shop.run_all()
    shop.expect_home()


@pytest.mark.parametrize("step", [Step.FETCH, Step.IDENTIFY, Step.TRANSFER])
def test_another_time_is_no_other_recording(shop, monkeypatch, step):
    """A backup that was put back, a file system with coarse times: the content decides."""
    shop.hand_in()
    (path,) = shop.kept
    original, touched = Steps.run, []

    def touching(self, work, **more):
        if work.job.step is step and not touched:
            touched.append(path)
            os.utime(path, (1.0, 1.0))
        return original(self, work, **more)

    monkeypatch.setattr(Steps, "run", touching)
    shop.run_all()
    assert touched
    shop.expect_home()


def test_a_time_that_cannot_be_put_right_is_said(shop, monkeypatch):
    """By what keeps it so; the file stays."""
    job = shop.hand_in()
    (path,) = shop.kept
    os.utime(path, (1.0, 1.0))
    fired = []
    monkeypatch.setattr("os.utime", lambda *args, **_more: fired.append(args))
    shop.run()
    assert fired
    assert shop.job(job).error_code == SpoolUnusable.code
    assert shop.kept == [path]


@pytest.mark.parametrize("other", [DATA[:-1], DATA[:-1] + b"x", b""])
def test_what_is_something_else_now_is_not_sent(shop, other):
    """Nor deleted: somebody may want to look at it."""
    job = shop.hand_in()
    (path,) = shop.kept
    path.write_bytes(other)
    os.utime(path, (1.0, 1.0))
    shop.run_all()
    assert (shop.job(job).state, shop.job(job).error_code) == (State.FAILED, HandedInLost.code)
    assert path.read_bytes() == other
    assert shop.memory.objects == {}


def test_what_is_gone_is_said_in_words_of_its_own(shop):
    """Zoom has nothing to do with it; handed in again it comes home, by the same job."""
    job = shop.hand_in()
    shop.kept[0].unlink()
    shop.run()
    (waiting,) = Overview(shop.db).waiting(10, is_running=True)
    assert waiting.code == "handed_in_lost"
    assert "Hand the recording in again" in waiting.sentence
    assert "Zoom" not in waiting.sentence
    shop.open_inbox().look()
    assert shop.hand_in() == job
    shop.run()
    shop.expect_home()


# --- the receipt ---------------------------------------------------------------------------


def test_it_is_kept_until_the_archive_says_that_it_is_there(shop):
    """What went from the archive before the row was published is sent again."""
    job = shop.hand_in()
    shop.catalog.errors = [NetworkUnavailable("the row waits")]
    shop.run(turns=1)
    assert not shop.catalog.errors
    shop.memory.objects.clear()
    assert [one.read_bytes() for one in shop.kept] == [DATA]
    shop.run_all()
    assert shop.job(job).state is State.DONE
    shop.expect_home()


def test_the_receipt_is_durable_before_the_file_goes(shop, monkeypatch):
    """A power cut undoes the last commits; it must not undo that a removed file is safe."""
    shop.hand_in()
    conn, order = shop.db.connection(), []
    let_go = shop.inbox._let_go

    def letting_go(path):
        order.append("go")
        let_go(path)

    monkeypatch.setattr(shop.inbox, "_let_go", letting_go)
    unlink = Path.unlink

    def unlinking(self, *args, **more):
        order.append(self.name)
        unlink(self, *args, **more)

    monkeypatch.setattr(Path, "unlink", unlinking)
    conn.set_trace_callback(lambda sql: order.append(" ".join(sql.split())[:40]))
    shop.run()
    conn.set_trace_callback(None)
    order = order[order.index("go") :]
    assert order.index("PRAGMA synchronous = FULL") < order.index("COMMIT")
    assert order.index("COMMIT") < order.index("Talk.mp4")


def test_a_file_that_cannot_be_removed_is_removed_later(shop, monkeypatch):
    """Windows, where something reads it; tried once more in a run, and sent once."""
    shop.hand_in()
    fired = _broken(monkeypatch, "unlink", PermissionError("open"), only=_is_media, times=2)
    shop.run()
    for _ in range(3):
        shop.inbox.look()
        shop.run()
        assert len(shop.kept) == 1
    assert len(fired) == 2
    shop.open_inbox().look()
    shop.run()
    shop.expect_home()
    assert shop.count() == 1


# --- the queue -----------------------------------------------------------------------------


def test_a_queue_that_was_lost_hears_of_it_again(shop):
    """With the title and the start that somebody gave."""
    shop.hand_in(title="Board", started_at=1.6e9)
    shop.forget()
    shop.open_inbox().look()
    shop.run()
    assert (shop.row().meeting_title, shop.row().started_at) == ("Board", 1.6e9)
    shop.expect_home()


def test_what_was_safe_in_a_lost_queue_goes_and_is_not_sent_again(shop):
    """The archive says that it has it."""
    shop.hand_in()
    (path,) = shop.kept
    told = (path.parent / NOTE).read_bytes()
    shop.run()
    chunks = list(shop.memory.chunks)
    path.parent.mkdir()
    path.write_bytes(DATA)
    (path.parent / NOTE).write_bytes(told)
    shop.forget()
    shop.open_inbox().look()
    shop.run()
    assert shop.memory.chunks == chunks
    shop.expect_home()


@pytest.mark.parametrize("told", [b"", b"[]", b'{"name": "../../x.mp4"}', b"{", b"\xff", None])
def test_a_note_that_is_lost_loses_no_recording(shop, told):
    """The file itself tells its name, and the folder its content."""
    shop.hand_in(title="Board")
    (path,) = shop.kept
    if told is None:
        (path.parent / NOTE).unlink()
    else:
        (path.parent / NOTE).write_bytes(told)
    os.utime(path, (5.0, 5.0))
    shop.forget()
    shop.open_inbox().look()
    os.utime(path, (6.0, 6.0))
    shop.run()
    assert shop.row().meeting_title == "Talk"
    shop.expect_home()


def test_a_queue_that_is_busy_gets_it_later(shop, monkeypatch):
    """The bytes are here; whoever handed in is told, and the next look gives it its job."""
    fired = []

    def busy(*_args):
        fired.append(1)
        raise TransientError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr("zoomsync_agent.store.handed_in.remember", busy)
        with pytest.raises(TransientError):
            shop.hand_in()
    assert fired
    assert shop.count() == 0
    shop.inbox.look()
    shop.run()
    shop.expect_home()


def test_looking_again_and_again_changes_nothing(shop):
    """What has its job keeps it as it is."""
    job = shop.hand_in()
    before = shop.job(job)
    for _ in range(3):
        shop.inbox.look()
        shop.open_inbox().look()
    assert shop.job(job) == before
    assert shop.count() == 1


@pytest.mark.parametrize("state", [State.FAILED, State.BLOCKED, State.CANCELLED, State.DONE])
def test_handed_in_again_it_goes_on(shop, state):
    """Whatever became of its job, an answer that it is queued is true."""
    job = shop.hand_in()
    with shop.db.write() as conn:
        conn.execute("UPDATE jobs SET state = ?, error_code = ?", (state, KeyTaken.code))
    assert shop.hand_in(name="Other.mp4", title="Another title") == job
    assert shop.job(job).state is State.READY
    assert len(shop.kept) == 1
    shop.run()
    assert shop.row().meeting_title == "Another title"
    shop.expect_home()


def test_handed_in_again_without_a_word_it_is_what_it_was_said_to_be(shop):
    """Also while nobody has hashed it yet for the queue: the note tells."""
    shop.hand_in(title="Board", started_at=1.6e9)
    shop.hand_in()
    shop.run()
    assert (shop.row().meeting_title, shop.row().started_at) == ("Board", 1.6e9)


def test_handed_in_again_while_it_is_being_cancelled_it_goes_on(shop):
    """The later wish counts."""
    job = shop.hand_in()
    shop.jobs.claim(shop.clock.now())
    shop.jobs.cancel([job], shop.clock.now())
    assert shop.job(job).cancel_requested
    assert shop.hand_in() == job
    assert not shop.job(job).cancel_requested


def test_handed_in_again_a_damaged_file_is_mended(shop):
    """What arrives replaces what lies there."""
    shop.hand_in()
    shop.kept[0].write_bytes(b"rubbish")
    shop.run()
    assert shop.jobs.counts()[State.FAILED] == 1
    shop.hand_in()
    shop.run()
    shop.expect_home()


def test_under_another_identity_only_the_new_one_is_sent(shop):
    """The note was lost, so nobody knows the time that the file had."""
    first = shop.hand_in()
    (shop.kept[0].parent / NOTE).unlink()
    os.utime(shop.kept[0], (5.0, 5.0))
    second = shop.hand_in()
    assert second != first
    assert shop.job(first).state is State.CANCELLED
    shop.run()
    shop.expect_home()
    assert Overview(shop.db).waiting(10, is_running=True) == ()


# --- cancelling ----------------------------------------------------------------------------


@pytest.mark.parametrize("is_running", [True, False])
def test_what_was_cancelled_can_be_retried(shop, monkeypatch, is_running):
    """As its sentence says, whether it was running or waited."""
    job = shop.hand_in()
    cancelled = []
    if is_running:
        original = Steps._hash

        def cancelling(work, stop):
            if not cancelled:
                cancelled.append(shop.jobs.cancel([job], shop.clock.now()))
                return None
            return original(work, stop)

        monkeypatch.setattr(Steps, "_hash", staticmethod(cancelling))
    else:
        cancelled.append(shop.jobs.cancel([job], shop.clock.now()))
    shop.run()
    assert cancelled == [1]
    assert shop.job(job).state is State.CANCELLED
    (waiting,) = Overview(shop.db).waiting(10, is_running=True)
    assert f"kept for {CANCELLED_DAYS} days" in waiting.sentence
    shop.open_inbox().look()
    assert [one.read_bytes() for one in shop.kept] == [DATA]
    shop.jobs.retry([job], shop.clock.now())
    shop.run()
    shop.expect_home()


def test_what_was_cancelled_goes_when_it_was_said_to_go(shop):
    """And only then; afterwards it is told of no more."""
    job = shop.hand_in()
    shop.jobs.cancel([job], shop.clock.now())
    for days, left in ((CANCELLED_DAYS - 0.1, 1), (0.2, 0)):
        shop.clock.advance(days * DAY)
        shop.inbox.look()
        assert len(shop.kept) == left
    assert shop.left == []
    assert Overview(shop.db).waiting(10, is_running=True) == ()


def test_what_was_cancelled_is_wanted_in_no_other_archive(shop):
    """Neither by the change nor by the next look; it is kept as long."""
    job = shop.hand_in()
    shop.jobs.cancel([job], shop.clock.now())
    shop.jobs.serve(["elsewhere"], shop.clock.now())
    other = Inbox(shop.folder, SqliteHandedInStore(shop.db, "elsewhere"), shop.clock)
    other.look()
    assert shop.count() == 1
    assert len(shop.kept) == 1


def test_what_waits_is_brought_to_another_archive(shop):
    """And has one job there."""
    shop.hand_in()
    shop.jobs.serve(["elsewhere"], shop.clock.now())
    Inbox(shop.folder, SqliteHandedInStore(shop.db, "elsewhere"), shop.clock).look()
    assert [one["destination"] for one in shop.db.query("SELECT * FROM jobs")] == ["elsewhere"]


# --- at the same time ----------------------------------------------------------------------


def test_handing_in_and_removing_wait_for_each_other(shop):
    """The page has an inbox of its own: what is being queued is not removed meanwhile."""
    shop.hand_in()
    work = shop.jobs.claim(shop.clock.now())
    page, take_in, order = shop.open_inbox(), SqliteHandedInStore.take_in, []
    agent = threading.Thread(
        target=lambda: (shop.inbox.release(work.file), order.append("removed"), shop.db.release())
    )

    class Slow(SqliteHandedInStore):
        def take_in(self, seen, now):
            agent.start()
            agent.join(0.3)
            order.append("queued")
            return take_in(self, seen, now)

    page._queue = Slow(shop.db, shop.destination.name)
    page.receive(io.BytesIO(DATA), "Talk.mp4", title="", started_at=None, size=None)
    agent.join()
    assert order == ["queued", "removed"]
    assert shop.files.get(work.file.id).is_gone


def test_both_names_and_the_job_are_durable_before_the_answer(shop, monkeypatch):
    """The recording's, its folder's, and the inbox's own."""
    order = []
    flush = os.fsync

    def flushing(descriptor):
        found = Path(f"/proc/self/fd/{descriptor}").readlink()
        if found.is_dir():
            order.append(found)
        flush(descriptor)

    monkeypatch.setattr("os.fsync", flushing)
    conn = shop.db.connection()
    conn.set_trace_callback(order.append)
    shop.hand_in()
    conn.set_trace_callback(None)
    folder = shop.folder / DIGEST[:20]
    order = [one for one in order if not str(one).lstrip().startswith("SELECT")]
    assert order[:4] == [folder, shop.folder, shop.folder.parent, "PRAGMA synchronous = FULL"]
    assert order.index("COMMIT") < order.index("PRAGMA synchronous = NORMAL")


class Stream(io.BytesIO):
    """Does something before the piece with a number is read."""

    def __init__(self, data, number, do):
        super().__init__(data)
        self._left, self._do = number, do

    def read(self, size=-1):
        """Read the next piece."""
        self._left -= 1
        if self._left == 0:
            self._do()
        return super().read(size)


@pytest.fixture
def disk(monkeypatch):
    """Give the room of a disk that is measured after every piece."""
    found = type("Usage", (), {"free": 0, "asked": 0})()

    def measured(_path):
        found.asked += 1
        return found

    monkeypatch.setattr("shutil.disk_usage", measured)
    monkeypatch.setattr(inbox, "STRETCH_BYTES", 1)
    monkeypatch.setattr("zoomsync_agent.sources.inbox.room.STRETCH_BYTES", 5_000)
    monkeypatch.setattr(inbox, "_PIECE_BYTES", 10_000)
    return found


def test_the_room_is_measured_on_the_way(shop, disk):
    """Somebody else fills the disk meanwhile: nothing of it stays, and the reserve is kept."""
    disk.free = (1 << 30) + len(DATA)
    fired = []

    def fill():
        fired.append(disk.asked)
        disk.free = 1 << 30

    with pytest.raises(DiskFull):
        shop.hand_in(stream=Stream(DATA, 3, fill))
    assert fired
    assert shop.left == []


@pytest.mark.parametrize("is_announced", [True, False])
def test_the_same_room_is_promised_once(shop, disk, is_announced):
    """Two at a time that each fit alone; afterwards the promise is given back."""
    disk.free = (1 << 30) + len(DATA) + 5_000
    refused = []

    def another():
        try:
            shop.hand_in(AUDIO.read_bytes(), "a.m4a")
        except DiskFull as exc:
            refused.append(exc)

    shop.inbox.receive(
        Stream(DATA, 1, another),
        "Talk.mp4",
        title="",
        started_at=None,
        size=len(DATA) if is_announced else None,
    )
    assert len(refused) == is_announced, "what nobody announced is promised piece by piece"
    disk.free = (1 << 30) + len(AUDIO.read_bytes())
    shop.hand_in(AUDIO.read_bytes(), "a.m4a")
    assert len(shop.kept) == 2


def test_what_nobody_writes_any_more_goes(shop):
    """Half-written files of an agent that died, and nothing that is still being written."""
    left = []

    def look():
        for name in ("dead", "young"):
            (shop.folder / f"{name}.partial").write_bytes(b"x")
        now = shop.clock.now()
        for one in shop.folder.glob("*.partial"):
            os.utime(one, (now - 3_700.0, now - 3_700.0))
        os.utime(shop.folder / "young.partial", (now, now))
        shop.inbox.look()
        left.extend(shop.folder.glob("*.partial"))

    shop.hand_in(stream=Stream(DATA, 1, look))
    assert len(left) == 2
    assert shop.folder / "young.partial" in left
    assert shop.folder / "dead.partial" not in left
    shop.run()
    assert [one.name for one in shop.left] == ["young.partial"]


def test_what_a_crash_left_of_a_removed_one_goes(shop):
    """A note without its recording, and a folder without either."""
    shop.hand_in()
    (path,) = shop.kept
    told = (path.parent / NOTE).read_bytes()
    shop.run()
    path.parent.mkdir()
    (path.parent / NOTE).write_bytes(told)
    (shop.folder / ("0" * 20)).mkdir()
    shop.inbox.look()
    assert shop.left == []
    assert shop.jobs.counts()[State.READY] == 0
