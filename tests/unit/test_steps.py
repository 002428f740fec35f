"""What is done to a job: identify, transfer, publish."""

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.fakes.destinations import Fault, Faulty, MemoryDestination
from tests.fakes.workshop import Workshop
from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import (
    DestinationFull,
    DestinationUnavailable,
    KeyTaken,
    NetworkUnavailable,
    RemoteUnavailable,
    SourceBusy,
    SourceChanged,
    SourceMissing,
    SourceUnavailable,
    VerificationFailed,
)
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.core.recording import Kind, ProcessingStatus

VTT = b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nAnn: the budget is fine\n"
CHAT = (
    b"00:00:05\tFrom Ann to Everyone:\n\thello all\n"
    b"00:00:06\tFrom Ann to Bob (Direct Message):\n\tsecret words\n"
)


@pytest.fixture
def shop(tmp_path):
    """Give an engine that works when it is told to."""
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


def faulty(tmp_path, *faults):
    """Give an engine whose destination fails as told."""
    inner = MemoryDestination()
    workshop = Workshop(tmp_path, Faulty(inner, *faults))
    workshop.memory = inner
    return workshop


# --- the way of a recording ------------------------------------------------------------------


def test_a_recording_is_sent_and_then_listed(shop):
    """The bytes are there, the row says where, and the job is done."""
    shop.add("m/video.mp4", b"0123456789", title="Über 会議", started_at=1_700_000_000.0)
    assert shop.run() == 1
    ((key, data),) = shop.memory.objects.items()
    row = shop.row()
    assert data == b"0123456789"
    assert shop.job().state is State.DONE
    assert row.processing_status is ProcessingStatus.COMPLETED
    assert (row.file_url, row.object_key) == (f"memory://{key}", key)
    assert row.sha256 == hashlib.sha256(data).hexdigest()
    assert (row.meeting_title, row.file_name, row.file_size) == ("Über 会議", "video.mp4", 10)
    assert (row.user_id, row.device, row.started_at) == ("me", "desk", 1_700_000_000.0)
    assert shop.memory.described[key]["recording_id"] == row.recording_id


def test_people_see_that_it_is_on_its_way(shop):
    """The row appears with the first bytes that are durable, without a place."""
    shop.add("m/video.mp4", b"0123456789")
    shop.run()
    assert [row.processing_status for row in shop.catalog.history] == ["uploading", "completed"]
    assert shop.catalog.history[0].file_url == ""


def test_an_archive_that_takes_nothing_gives_no_row(tmp_path):
    """Nothing is on its way; two thousand rows are not written at each try."""
    shop = faulty(tmp_path, Fault(DestinationFull("full")))
    shop.add("m/video.mp4", b"0123456789")
    shop.run()
    assert shop.job().state is State.BLOCKED
    assert shop.catalog.history == []
    shop.close()


def test_a_row_that_says_it_already_is_not_written_again(tmp_path):
    """A try that goes on where the last one ended tells nobody anything new."""
    shop = faulty(
        tmp_path,
        Fault(NetworkUnavailable("cut"), after=1),
        Fault(NetworkUnavailable("cut"), on="describe"),
    )
    shop.add("m/video.mp4", b"0123456789", started_at=1_700_000_000.123456)
    shop.run()
    shop.run_all()
    assert shop.destination.pending == []
    assert shop.job().state is State.DONE
    assert [row.processing_status for row in shop.catalog.history] == ["uploading", "completed"]
    (described,) = shop.memory.described.values()
    assert described["updated_at"] == rows.iso(shop.row().updated_at)


def test_an_empty_file_is_a_file(shop):
    """Nothing is sent, and its row is complete."""
    shop.add("m/video.mp4", b"")
    shop.run()
    assert list(shop.memory.objects.values()) == [b""]
    assert shop.row().processing_status is ProcessingStatus.COMPLETED


# --- moved, copied, the same -----------------------------------------------------------------


def test_a_moved_file_is_not_sent_again(shop):
    """Its row tells the new name and title; created_at stays."""
    path = shop.add("m/video.mp4", b"0123456789", title="Old")
    shop.run()
    before, moved = shop.row(), len(shop.memory.chunks)
    new = shop.root / "n" / "renamed.mp4"
    new.parent.mkdir()
    path.rename(new)
    shop.files.mark_gone([str(path)])
    shop.clock.advance(10.0)
    shop.see(new, title="New")
    shop.run()
    after = shop.row()
    assert len(shop.memory.chunks) == moved
    assert len(shop.memory.objects) == 1
    assert (after.file_name, after.meeting_title) == ("renamed.mp4", "New")
    assert after.created_at == before.created_at
    assert after.updated_at > before.updated_at
    assert shop.job(2).state is State.DONE


def test_a_copied_file_is_not_sent_again(shop):
    """One content is one recording."""
    shop.add("m/video.mp4", b"0123456789")
    shop.add("m/video copy.mp4", b"0123456789")
    shop.run()
    assert len(shop.memory.chunks) == 3
    assert len(shop.catalog.rows) == 1
    assert shop.jobs.counts()[State.DONE] == 2


def test_two_jobs_of_one_content_at_once_send_it_once(shop):
    """The second waits for the first and then has nothing to send."""
    shop.add("m/a.mp4", b"0123456789")
    shop.add("m/b.mp4", b"0123456789")
    first, second = shop.jobs.claim(shop.clock.now()), shop.jobs.claim(shop.clock.now())
    shop.jobs.save(second.job.to(State.READY))
    shop.jobs.save(first.job.to(State.READY))
    other = shop.new_worker("uploader-2")
    met = []

    def meanwhile(count):
        if not met:
            met.append(other.work_once())
            assert shop.job(2).state is State.READY
            assert shop.job(2).not_before > shop.clock.now()

    shop.worker._pace.take = lambda count, _stop: meanwhile(count)
    shop.run()
    shop.clock.advance(1.0)
    shop.run()
    assert met == [True]
    assert len(shop.memory.chunks) == 3
    assert shop.jobs.counts()[State.DONE] == 2
    assert shop.job(2).attempt <= 1


def test_bytes_that_vanished_before_the_row_was_published_are_sent_again(shop):
    """A job that goes on at publishing after a long night looks first: no row without bytes."""
    shop.add("m/video.mp4", b"0123456789")
    work = shop.jobs.claim(shop.clock.now())
    never = {"stop": lambda: False, "pace": lambda _count: None}
    shop.steps.run(work, **never)
    work = replace(work, job=shop.jobs.advance(work.job, Step.TRANSFER))
    shop.steps.run(work, **never)
    shop.jobs.advance(work.job, Step.PUBLISH)
    shop.jobs.recover_interrupted(shop.clock.now())
    shop.memory.objects.clear()
    shop.clock.advance(8 * 3600)

    shop.run()

    assert list(shop.memory.objects.values()) == [b"0123456789"]
    assert shop.row().processing_status is ProcessingStatus.COMPLETED
    assert len(shop.completed()) == 1


def test_an_object_that_was_deleted_by_hand_is_sent_again(shop):
    """The archive is asked, not believed."""
    shop.add("m/a.mp4", b"0123456789")
    shop.run()
    shop.memory.objects.clear()
    shop.add("m/b.mp4", b"0123456789")
    shop.run()
    assert list(shop.memory.objects.values()) == [b"0123456789"]
    assert shop.job(2).state is State.DONE


# --- texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["text first", "media first", "text in between"])
def test_what_was_said_is_in_the_row_whatever_came_first(shop, order):
    """The row's text is the same in the end."""
    video = shop.write("m/video.mp4", b"0123456789")
    text = shop.write("m/closed_caption.vtt", VTT)
    if order == "text first":
        shop.see(text, kind=Kind.TRANSCRIPT)
        shop.run()
        shop.see(video)
    elif order == "media first":
        shop.see(video)
        shop.run()
        shop.see(text, kind=Kind.TRANSCRIPT)
    else:
        shop.see(video)
        met = []

        def meanwhile(_count, _stop):
            if not met:
                met.append(shop.see(text, kind=Kind.TRANSCRIPT))
                shop.new_worker("uploader-2").work_once()

        shop.worker._pace.take = meanwhile
    shop.run()
    assert "the budget is fine" in shop.row().transcription_text
    described = next(d for key, d in shop.memory.described.items() if key.endswith(".mp4"))
    assert described["transcription_text"] == shop.row().transcription_text
    assert shop.row().processing_status is ProcessingStatus.COMPLETED
    assert len(shop.memory.objects) == 2


def test_a_private_message_is_nowhere(shop, tmp_path):
    """Neither in the row, nor beside the object, nor in the queue; the chat file itself is kept."""
    shop.add("m/video.mp4", b"0123456789")
    shop.add("m/chat.txt", CHAT, kind=Kind.CHAT)
    shop.run()
    shop.db.query("PRAGMA wal_checkpoint(TRUNCATE)")
    assert "hello all" in shop.row().transcription_text
    told = repr(shop.catalog.history) + json.dumps(shop.memory.described) + repr(shop.log.events)
    assert "secret words" not in told
    assert b"secret words" not in (tmp_path / "agent.db").read_bytes()
    assert CHAT in shop.memory.objects.values()


def test_a_text_that_cannot_be_read_does_not_stop_the_recording(shop):
    """Any bytes are a chat, and a transcript of nothing is nothing."""
    shop.add("m/video.mp4", b"0123456789")
    shop.add("m/chat.txt", bytes(range(256)), kind=Kind.CHAT)
    shop.add("m/a.vtt", b"", kind=Kind.TRANSCRIPT)
    shop.run()
    assert shop.jobs.counts()[State.DONE] == 3


def test_what_others_wrote_into_the_row_stays(shop):
    """A summary that the dashboard added is not wiped by a later publishing."""
    from dataclasses import replace

    shop.add("m/a.mp4", b"0123456789")
    shop.run()
    row = shop.row()
    shop.catalog.rows[row.recording_id] = replace(row, summary="short", action_items=("do",))
    shop.add("m/b.vtt", VTT, kind=Kind.TRANSCRIPT)
    shop.run()
    assert (shop.row().summary, shop.row().action_items) == ("short", ("do",))
    assert "budget" in shop.row().transcription_text


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault(NetworkUnavailable("cut"), after=1), State.READY),
        (Fault(NetworkUnavailable("cut"), on="receipt"), State.READY),
        (Fault(VerificationFailed("wrong"), on="receipt"), State.READY),
        (Fault(DestinationUnavailable("away")), State.READY),
        (Fault(DestinationFull("full"), after=2), State.BLOCKED),
        (Fault(KeyTaken("taken")), State.FAILED),
        (Fault(NetworkUnavailable("cut"), on="describe"), State.READY),
    ],
)
def test_every_fault_of_the_archive_has_its_state(tmp_path, fault, state):
    """The job waits or fails as its error says, and what was durable is not sent again."""
    shop = faulty(tmp_path, fault)
    shop.add("m/video.mp4", b"0123456789")
    shop.run()
    assert shop.destination.pending == []
    job = shop.job()
    assert (job.state, job.error_code) == (state, type(fault.error).code)
    if fault.on != "describe":
        assert shop.completed() == []
    if state is State.FAILED:
        assert shop.row().processing_status is ProcessingStatus.FAILED
        shop.jobs.retry([job.id], shop.clock.now())
    shop.run_all()
    assert shop.job().state is State.DONE
    assert shop.row().processing_status is ProcessingStatus.COMPLETED
    assert sum(count for _offset, count in shop.memory.chunks) == 10
    shop.close()


@pytest.mark.parametrize("turn", [0, 1])
def test_a_catalog_that_is_away_is_waited_for(shop, turn):
    """Before the first byte or after the last: nothing is sent twice."""
    shop.catalog.errors = [RemoteUnavailable("503")]
    if turn:
        publish, shop.catalog.errors = shop.catalog.publish, []

        def flaky(row):
            if row.processing_status is ProcessingStatus.COMPLETED and not shop.log.named("x"):
                shop.log.info("x")
                raise RemoteUnavailable("503")
            publish(row)

        shop.catalog.publish = flaky
    shop.add("m/video.mp4", b"0123456789")
    shop.run()
    assert (shop.job().state, shop.job().error_code) == (State.READY, RemoteUnavailable.code)
    assert shop.job().step is (Step.PUBLISH if turn else Step.TRANSFER)
    shop.run_all()
    assert shop.job().state is State.DONE
    assert len(shop.memory.chunks) == 3


def test_a_missing_file_is_told_from_a_missing_folder(shop):
    """One was deleted: failed. All are away: the drive is, and it is waited for."""
    path = shop.add("m/video.mp4", b"0123456789")
    path.unlink()
    shop.run()
    assert (shop.job().state, shop.job().error_code) == (State.FAILED, SourceMissing.code)
    shop.add("m/other.mp4", b"0123456789")
    shutil.move(shop.root, shop.root.with_name("away"))
    shop.run()
    assert (shop.job(2).state, shop.job(2).error_code) == (State.READY, SourceUnavailable.code)
    shutil.move(shop.root.with_name("away"), shop.root)
    shop.run_all()
    assert shop.job(2).state is State.DONE


@pytest.mark.parametrize("number", [5, 13, 116])
def test_a_folder_that_cannot_even_be_asked_for_is_away(shop, monkeypatch, number):
    """A drive that was pulled answers with errors; its files are neither missing nor damaged."""
    path = shop.add("m/video.mp4", b"0123456789")
    path.unlink()
    stat = os.stat

    def pulled(target, *args, **kwargs):
        if os.fspath(target) == os.fspath(shop.root):
            raise OSError(number, os.strerror(number))
        return stat(target, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", pulled)
        patch.setattr(Path, "stat", pulled)
        shop.run()
    assert (shop.job().state, shop.job().error_code) == (State.READY, SourceUnavailable.code)


def test_a_file_that_comes_back_before_anybody_missed_it_goes_on(shop):
    """The worker found it missing between two sweeps; the next sweep has to report it again."""
    path = shop.add("m/video.mp4", b"0123456789")
    away = path.rename(shop.root / "away")
    shop.run()
    assert shop.job().error_code == SourceMissing.code
    away.rename(path)
    assert str(path) not in shop.files.known(None)
    assert shop.see(path) == 1
    shop.run()
    assert shop.job().state is State.DONE


@pytest.mark.parametrize("when", ["queued", "identified", "sending"])
def test_a_file_that_changes_is_another_job(shop, when):
    """The old version is never sent under the new one's name, nor the other way round."""
    path = shop.add("m/video.mp4", b"0123456789")

    def change(*_args):
        shop.write("m/video.mp4", b"the new version", mtime=5.0)

    if when == "queued":
        change()
    elif when == "sending":
        shop.worker._pace.take = change
    else:
        advance = shop.jobs.advance

        def advanced(job, step):
            if step is Step.TRANSFER and job.id == 1:
                change()
            return advance(job, step)

        shop.jobs.advance = advanced
    shop.run()
    assert (shop.job().state, shop.job().error_code) == (State.CANCELLED, SourceChanged.code)
    assert shop.memory.objects == {}
    assert shop.completed() == []
    assert all(
        row.processing_status is not ProcessingStatus.UPLOADING
        for row in shop.catalog.rows.values()
    )
    shop.worker._pace.take = lambda *_args: None
    shop.see(path)
    shop.run()
    assert list(shop.memory.objects.values()) == [b"the new version"]
    assert shop.job(2).state is State.DONE


@pytest.mark.parametrize("when", ["queued", "sending"])
def test_a_file_that_is_back_before_anybody_looked_goes_on(shop, when):
    """Nobody reports it anew, so its own job must not end; it is hashed again."""
    path = shop.add("m/video.mp4", b"0123456789")
    before = path.stat()

    def flicker(*_args):
        shop.worker._pace.take = lambda *_args: None
        raise SourceChanged("it was another one for a moment")

    if when == "queued":
        hashed, shop.steps._hash = shop.steps._hash, flicker
    else:
        shop.worker._pace.take = flicker
    shop.run()
    job = shop.job()
    assert (job.state, job.step, job.error_code) == (State.READY, Step.IDENTIFY, SourceBusy.code)
    assert job.not_before > shop.clock.now()
    if when == "queued":
        shop.steps._hash = hashed
    shop.run_all()
    assert shop.job().state is State.DONE
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert shop.row().processing_status is ProcessingStatus.COMPLETED


def test_a_file_that_changed_and_changes_back_later_goes_on(shop):
    """The worker saw another version, the next look sees the old one."""
    path = shop.add("m/video.mp4", b"0123456789")
    before = path.stat()
    shop.write("m/video.mp4", b"the new version", mtime=5.0)
    shop.run()
    assert (shop.job().state, shop.job().error_code) == (State.CANCELLED, SourceChanged.code)
    assert shop.looks_asked.rings == 1
    shop.write("m/video.mp4", b"0123456789")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not shop.files.known(None)[str(path)].is_settled
    assert shop.see(path) == 1
    shop.run()
    assert shop.job().state is State.DONE


def test_a_version_that_was_never_on_its_way_leaves_no_row(shop):
    """A row that says "failed" is for something that somebody was promised."""
    shop.add("m/video.mp4", b"0123456789")
    advance = shop.jobs.advance

    def advanced(job, step):
        shop.write("m/video.mp4", b"the new version", mtime=5.0)
        return advance(job, step)

    shop.jobs.advance = advanced
    shop.run()
    assert shop.job().error_code == SourceChanged.code
    assert shop.catalog.history == []


def test_content_that_was_changed_in_place_is_hashed_again(shop):
    """Same size and time, other bytes: the archive is not to blame, and nothing waits for ever."""
    path = shop.write("m/video.mp4", b"0123456789", mtime=1_000.0)
    shop.see(path)
    advance = shop.jobs.advance

    def advanced(job, step):
        if step is Step.TRANSFER:
            shop.jobs.advance = advance
            shop.write("m/video.mp4", b"9876543210", mtime=1_000.0)
        return advance(job, step)

    shop.jobs.advance = advanced
    shop.run()
    assert (shop.job().step, shop.job().error_code) == (Step.IDENTIFY, VerificationFailed.code)
    shop.run_all()
    assert shop.job().state is State.DONE
    assert list(shop.memory.objects.values()) == [b"9876543210"]
    told = {row.sha256: row.processing_status for row in shop.catalog.rows.values()}
    assert told == {
        hashlib.sha256(b"0123456789").hexdigest(): ProcessingStatus.FAILED,
        hashlib.sha256(b"9876543210").hexdigest(): ProcessingStatus.COMPLETED,
    }


def test_an_archive_that_spoils_every_copy_is_given_up_after_five(shop):
    """Hashing again in between does not begin the count anew."""
    shop.add("m/video.mp4", b"0123456789")
    shop.memory.spoil = lambda data: data[::-1]
    shop.run_all()
    assert (shop.job().state, shop.job().error_code) == (State.FAILED, VerificationFailed.code)
    assert len(shop.memory.chunks) == 5 * 3
    assert shop.row().processing_status is ProcessingStatus.FAILED


def test_a_half_whose_original_was_deleted_is_dropped(tmp_path):
    """Nobody will finish it, and the archive has better use for the room."""
    shop = faulty(tmp_path, Fault(NetworkUnavailable("cut"), after=1))
    path = shop.add("m/video.mp4", b"0123456789")
    shop.run()
    assert shop.memory.sessions
    path.unlink()
    shop.run_all()
    assert (shop.job().state, shop.job().error_code) == (State.FAILED, SourceMissing.code)
    assert shop.memory.sessions == {}
    assert shop.row().processing_status is ProcessingStatus.FAILED
    shop.close()


def test_a_recordings_folder_that_may_not_be_read_does_not_fail_what_is_safe(shop, monkeypatch):
    """The bytes are in the archive; whose name the row tells is a detail."""
    path = shop.add("m/video.mp4", b"0123456789")
    advance = shop.jobs.advance

    def denied(self, **kwargs):
        if self == path:
            raise PermissionError(13, "denied")
        return os.stat(self, **kwargs)  # noqa: PTH116  `Path.stat` is this very function

    def advanced(job, step):
        if step is Step.PUBLISH:
            monkeypatch.setattr(Path, "stat", denied)
        return advance(job, step)

    shop.jobs.advance = advanced
    shop.run()
    assert shop.job().state is State.DONE
    assert shop.row().processing_status is ProcessingStatus.COMPLETED


# --- whatever happens ------------------------------------------------------------------------

FAULTS = [
    NetworkUnavailable("cut"),
    VerificationFailed("wrong"),
    DestinationFull("full"),
    KeyTaken("taken"),
    ZeroDivisionError("bug"),
]


class EngineMachine(RuleBasedStateMachine):
    """Files appear, change, move and vanish; the archive and the agent fail at any point."""

    @initialize()
    def begin(self):
        """Begin with nothing."""
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        inner = MemoryDestination()
        self.faults = Faulty(inner)
        self.shop = Workshop(Path(self.folder.name), self.faults)
        self.shop.memory = inner
        self.contents = 0
        self.checked = 0

    @rule(name=st.integers(0, 3), content=st.integers(0, 4), is_text=st.booleans())
    def write(self, name, content, is_text):
        """A file is written, new or over an old one, and seen."""
        kind, suffix = (Kind.TRANSCRIPT, "vtt") if is_text else (Kind.VIDEO, "mp4")
        data = VTT if is_text else bytes([65 + content]) * (content * 3)
        self.contents += 1
        path = self.shop.write(f"m{name % 2}/{name}.{suffix}", data, mtime=self.contents)
        self.shop.see(path, kind=kind)

    @rule(name=st.integers(0, 3), is_seen=st.booleans())
    def remove(self, name, is_seen):
        """A file vanishes, and somebody notices or not."""
        path = self.shop.root / f"m{name % 2}" / f"{name}.mp4"
        path.unlink(missing_ok=True)
        if is_seen:
            self.shop.files.mark_gone([str(path)])

    @rule(
        error=st.sampled_from(FAULTS),
        on=st.sampled_from(["chunk", "receipt", "check", "describe"]),
        after=st.integers(0, 2),
    )
    def fail(self, error, on, after):
        """Something will go wrong."""
        passed = self.faults._passed[on]
        self.faults.pending = [Fault(error, on, passed + after)]

    @rule()
    def fail_catalog(self):
        """The catalog will be away for a moment."""
        self.shop.catalog.errors.append(RemoteUnavailable("503"))

    @rule(turns=st.integers(1, 5), seconds=st.integers(0, 3_000))
    def work(self, turns, seconds):
        """The agent works for a while."""
        self.shop.run(turns)
        self.shop.clock.advance(seconds)
        self.shop.jobs.release_blocked(self.shop.clock.now(), 30.0)

    @rule()
    def die(self):
        """The agent dies while it works and is started again."""
        self.shop.jobs.claim(self.shop.clock.now())
        self.shop.jobs.recover_interrupted(self.shop.clock.now())

    @rule(number=st.integers(0, 5))
    def lose_object(self, number):
        """Somebody deletes an object in the archive."""
        keys = sorted(self.shop.memory.objects)
        if keys:
            del self.shop.memory.objects[keys[number % len(keys)]]
            self.lost = True

    @invariant()
    def no_row_without_a_proof(self):
        """Every row that ever said "safe" is for a content that was proven to be there."""
        if not hasattr(self, "shop"):
            return
        for row in self.shop.completed()[self.checked :]:
            self.checked += 1
            assert row.file_url == f"memory://{row.object_key}"
            there = self.shop.memory.objects.get(row.object_key)
            if there is None:
                assert getattr(self, "lost", False)
            else:
                assert hashlib.sha256(there).hexdigest() == row.sha256

    @invariant()
    def every_object_is_whole(self):
        """What is visible in the archive is some file's whole content."""
        if hasattr(self, "shop"):
            for data in self.shop.memory.objects.values():
                assert data == VTT or (len(set(data)) <= 1 and len(data) % 3 == 0)

    def teardown(self):
        """In the end everything that can go on by itself has, and nothing runs."""
        if not hasattr(self, "shop"):
            return
        self.faults.pending, self.shop.catalog.errors = [], []
        self.shop.run_all()
        counts = self.shop.jobs.counts()
        self.shop.close()
        self.folder.cleanup()
        assert counts[State.READY] == counts[State.RUNNING] == counts[State.BLOCKED] == 0


TestEngine = EngineMachine.TestCase
TestEngine.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
