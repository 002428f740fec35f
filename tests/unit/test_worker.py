"""Claim, run, store: the loop of an uploader."""

import threading
from dataclasses import replace

import pytest

from tests.fakes.workshop import Workshop
from zoomsync_agent.core.errors import StoreDamaged, TransientError, Unexpected
from zoomsync_agent.core.job import JobId, State, Step
from zoomsync_agent.core.recording import ProcessingStatus


@pytest.fixture
def shop(tmp_path):
    """Give an engine that works when it is told to."""
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.worker.stop(5.0)
    workshop.close()


def _at_chunk(shop, number, action):
    """Let *action* happen before chunk *number* moves."""
    seen = []

    def take(_count, stop):
        seen.append(1)
        if len(seen) == number:
            action()
            stop._asked_at = 0.0  # the quarter of a second is over

    shop.worker._pace.take = take


def test_nothing_to_do_is_told(shop):
    """And nothing is claimed, logged or rung."""
    assert not shop.worker.work_once()
    assert shop.log.events == []
    assert shop.bell.rings == 0


def test_a_bug_ends_one_job_and_no_other(shop, monkeypatch):
    """It is logged with its traceback, told as a fault of the agent, and work goes on."""
    shop.add("m/a.mp4", b"bad")
    shop.add("m/b.mp4", b"0123456789")
    send = shop.memory.send

    def buggy(outgoing, **kwargs):
        if outgoing.size == 3:
            raise ZeroDivisionError("bug")
        return send(outgoing, **kwargs)

    monkeypatch.setattr(shop.memory, "send", buggy)
    assert shop.run() == 2
    assert (shop.job(1).state, shop.job(1).error_code) == (State.FAILED, Unexpected.code)
    assert shop.job(2).state is State.DONE
    assert shop.log.of_level("exception") == ["step failed by a fault of the agent"]


def test_a_bug_that_strikes_again_while_it_is_told_ends_no_worker(shop, monkeypatch):
    """The job is failed all the same; it does not run for ever."""
    shop.add("m/a.mp4", b"0123456789")

    def bug(*_args):
        raise ZeroDivisionError("bug")

    monkeypatch.setattr(shop.steps.publisher, "_text_of", bug)
    assert shop.run() == 1
    assert (shop.job().state, shop.job().error_code) == (State.FAILED, Unexpected.code)
    assert "failure not published" in [event.event for event in shop.log.events]


def test_a_damaged_database_ends_the_worker(shop, monkeypatch):
    """Only a rebuild helps; the supervisor has to hear of it."""
    shop.add("m/a.mp4", b"0123456789")

    def damaged(*_args):
        raise StoreDamaged("page 3")

    monkeypatch.setattr(shop.objects, "reserve", damaged)
    with pytest.raises(StoreDamaged):
        shop.run()


def test_an_outcome_that_cannot_be_stored_is_stored_later(shop, monkeypatch):
    """The disk of the queue is full for a while; the bytes that were sent are not forgotten."""
    shop.add("m/a.mp4", b"0123456789")
    save, waits = shop.jobs.save, []

    def full(job):
        if len(waits) < 3:
            raise TransientError("database or disk is full")
        save(job)

    monkeypatch.setattr(shop.jobs, "save", full)
    monkeypatch.setattr(shop.worker._stopping, "wait", lambda s: waits.append(s) or False)
    shop.run()
    assert len(waits) == 3
    assert shop.job().state is State.DONE


def test_an_outcome_that_cannot_be_stored_does_not_hold_up_the_stop(shop, monkeypatch):
    """The row still says running, and the next start recovers it; nothing is sent again."""
    shop.add("m/a.mp4", b"0123456789")

    def full(_job):
        shop.worker._stopping.set()
        raise TransientError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(shop.jobs, "save", full)
        shop.run()
    assert shop.job().state is State.RUNNING
    shop.worker._stopping.clear()
    assert shop.jobs.recover_interrupted(shop.clock.now()) == 1
    shop.run()
    assert shop.job().state is State.DONE
    assert len(shop.memory.chunks) == 3


def test_a_full_disk_in_the_middle_is_no_failure(shop, monkeypatch):
    """Progress could not be kept; the job is tried again by itself."""
    shop.add("m/a.mp4", b"0123456789")
    with monkeypatch.context() as patch:

        def full(*_args):
            raise TransientError("database or disk is full")

        patch.setattr(shop.objects, "save_progress", full)
        shop.run()
    assert shop.job().state is State.READY
    shop.run_all()
    assert shop.job().state is State.DONE


def test_told_to_stop_in_the_middle_it_goes_on_later(shop):
    """Ready again, no attempt used up, no durable byte sent twice."""
    shop.add("m/a.mp4", b"0123456789")
    _at_chunk(shop, 2, shop.worker._stopping.set)
    shop.run(1)
    job = shop.job()
    assert (job.state, job.step, job.attempt) == (State.READY, Step.TRANSFER, 0)
    shop.worker._stopping.clear()
    shop.run()
    assert shop.job().state is State.DONE
    assert sum(count for _offset, count in shop.memory.chunks) == 10


def test_cancelling_a_running_upload_ends_it(shop):
    """At the next durable point; the half is dropped, and the row does not say "uploading"."""
    shop.add("m/a.mp4", b"0123456789")
    _at_chunk(shop, 2, lambda: shop.jobs.cancel([JobId(1)], shop.clock.now()))
    shop.run()
    assert (shop.job().state, shop.job().cancel_requested) == (State.CANCELLED, False)
    assert shop.memory.objects == shop.memory.sessions == {}
    assert shop.row().processing_status is ProcessingStatus.FAILED
    shop.worker._pace.take = lambda *_args: None
    shop.jobs.retry([JobId(1)], shop.clock.now())
    shop.run()
    assert shop.job().state is State.DONE
    assert shop.row().processing_status is ProcessingStatus.COMPLETED


def test_a_pause_stops_the_running_upload(shop):
    """It goes on where it was when the pause is over."""
    shop.add("m/a.mp4", b"0123456789")
    _at_chunk(shop, 2, lambda: shop.pause.begin(60.0))
    shop.run()
    assert (shop.job().state, shop.job().attempt) == (State.READY, 0)
    assert shop.run() == 0
    assert shop.worker._idle_seconds() == pytest.approx(60.0)
    shop.clock.advance(60.0)
    shop.run()
    assert shop.job().state is State.DONE
    assert sum(count for _offset, count in shop.memory.chunks) == 10


def test_a_pause_between_two_steps_is_noticed(shop, monkeypatch):
    """No byte moves after somebody said so."""
    shop.add("m/a.mp4", b"0123456789")
    advance = shop.jobs.advance

    def advanced(job, step):
        shop.pause.begin(None)
        return advance(job, step)

    monkeypatch.setattr(shop.jobs, "advance", advanced)
    shop.run()
    assert (shop.job().state, shop.job().step) == (State.READY, Step.TRANSFER)
    assert shop.memory.chunks == []


def test_the_stores_are_asked_a_few_times_a_second_at_most(shop, monkeypatch):
    """Hashing a long recording asks after every mebibyte."""
    shop.add("m/a.mp4", b"0123456789" * 40)
    asked = []
    cancel_requested = shop.jobs.cancel_requested
    monkeypatch.setattr(
        shop.jobs, "cancel_requested", lambda job_id: asked.append(1) or cancel_requested(job_id)
    )
    monkeypatch.setattr("zoomsync_agent.engine.worker.time.monotonic", lambda: 5.0)
    shop.run()
    assert shop.job().state is State.DONE
    assert len(asked) < 10


def test_the_thread_works_sleeps_and_wakes(shop):
    """One bell rings for new work; a stop ends the sleep at once."""
    done = threading.Event()
    save = shop.jobs.save

    def saved(job):
        save(job)
        if job.state is State.DONE:
            done.set()

    shop.jobs.save = saved
    shop.worker.start()
    assert shop.worker.is_alive
    shop.add("m/a.mp4", b"0123456789")
    shop.bell.ring()
    assert done.wait(10.0)
    shop.worker.stop(10.0)
    assert not shop.worker.is_alive
    assert shop.worker.failure is None
    shop.worker.start()
    shop.worker.stop(10.0)


def test_a_thread_that_dies_keeps_what_killed_it(shop, monkeypatch):
    """The supervisor decides what it means."""

    def broken(_now, _shut):
        raise StoreDamaged("page 3")

    monkeypatch.setattr(shop.jobs, "claim", broken)
    shop.worker.start()
    shop.worker._thread.join(10.0)
    assert not shop.worker.is_alive
    assert isinstance(shop.worker.failure, StoreDamaged)


def test_what_a_job_logs_is_bound_to_it(shop):
    """Number and path are with every event, and the recording's id once it is known."""
    bound = []

    def context(**fields):
        import contextlib

        bound.append(fields)
        return contextlib.nullcontext()

    shop.worker._context = context
    path = shop.add("m/a.mp4", b"0123456789")
    shop.run()
    recording = {"recording": shop.row().recording_id}
    assert bound == [{"job": 1, "file": str(path)}, recording]


def test_a_row_of_a_job_that_waits_is_due_when_it_says(shop):
    """The sleeper's alarm is the queue's next job."""
    shop.add("m/a.mp4", b"0123456789")
    job = shop.jobs.claim(shop.clock.now()).job
    shop.jobs.save(replace(job.to(State.READY), not_before=shop.clock.now() + 7.0))
    assert shop.worker._idle_seconds() == pytest.approx(7.0)
