"""Told to stop while parts hang: nobody waits for them, and what they do later harms nothing."""

import threading
import time

import pytest

from tests.fakes.bucket_bench import PART, PARTS, SIZE, BucketBench, part
from tests.fakes.clock import ManualClock
from tests.fakes.process import wait_for
from tests.fakes.s3_server import cut_before_body, s3_error
from tests.fakes.stores import queue_database
from tests.fakes.uploading import recorded
from zoomsync_agent.core.errors import DestinationDenied
from zoomsync_agent.core.job import JobId
from zoomsync_agent.engine import worker
from zoomsync_agent.engine.pace import Pace
from zoomsync_agent.store.jobs import SqliteJobStore

PATIENCE = 10.0
UPLOAD = "zoomsync_agent.destinations.parted.upload"
LARGE = 8 << 20
"""More than the buffers of a connection hold: what sends it waits in the middle of it."""


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    """Let nobody wait long for what hangs."""
    monkeypatch.setattr(f"{UPLOAD}._GRACE_SECONDS", 0.05)
    monkeypatch.setattr(f"{UPLOAD}._END_SECONDS", 0.05, raising=False)


class Hanging:
    """A store that reads nothing of a part, or answers nothing, until it is told to go on."""

    def __init__(self):
        self.reached = threading.Event()
        self.goes_on = threading.Event()
        self.has_waited_in_vain = False
        self.ended = threading.Semaphore(0)

    def __call__(self, exchange, work):
        """Hang, and then do it."""
        self.reached.set()
        self.has_waited_in_vain |= not self.goes_on.wait(PATIENCE)
        try:
            return work()
        finally:
            self.ended.release()


def _senders():
    return [one for one in threading.enumerate() if one.name.startswith("part")]


@pytest.mark.parametrize("part_size", [PART, LARGE], ids=["answers nothing", "reads nothing"])
def test_a_part_that_hangs_is_not_waited_for(tmp_path, part_size):
    """Neither by whoever told it to stop nor by the end of the process."""
    with BucketBench(tmp_path, part_size=part_size, parallel=4) as bench:
        outgoing = bench.outgoing(recorded(PART) * (3 * part_size // PART))
        hanging = Hanging()
        fault = bench.on_part(2, hanging)
        try:
            assert bench.send(outgoing, stop=hanging.reached.is_set) is None
            assert fault.fired == 1
            assert not hanging.has_waited_in_vain
            assert _senders()
            assert all(one.daemon for one in _senders())
        finally:
            hanging.goes_on.set()
        bench.server.faults.clear()
        bench.reported[:-1] = []
        assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None
        assert bench.holds(outgoing)


def test_a_part_that_hangs_keeps_no_error_of_another_one_back(tmp_path):
    """What was refused is told."""
    with BucketBench(tmp_path, parallel=4) as bench:
        outgoing, hanging = bench.outgoing(), Hanging()
        hung = bench.on_part(2, hanging)

        def refused(exchange, work):
            assert hanging.reached.wait(PATIENCE)
            return s3_error(403, "AccessDenied")(exchange, work)

        denied = bench.on_part(3, refused)
        try:
            bench.fails(outgoing, DestinationDenied)
            assert (hung.fired, denied.fired) == (1, 1)
            assert not hanging.has_waited_in_vain
        finally:
            hanging.goes_on.set()


@pytest.mark.parametrize("encryption", [None, "aws:kms"])
@pytest.mark.parametrize("late", ["before the end", "after the end"])
def test_a_part_that_arrives_after_all_takes_the_place_of_its_like(tmp_path, late, encryption):
    """Another run of the same upload has sent it meanwhile, and its store may name it anew."""
    with BucketBench(tmp_path, parallel=4) as bench:
        bench.server.encryption = encryption
        outgoing, hanging = bench.outgoing(), Hanging()
        hung = bench.on_part(2, hanging)
        assert bench.send(outgoing, stop=hanging.reached.is_set) is None
        assert hung.fired == 1

        def arrives(exchange, work):
            hanging.goes_on.set()
            assert hanging.ended.acquire(timeout=PATIENCE)
            return work()

        completed = bench.fault(
            "CompleteMultipartUpload", arrives if late == "before the end" else _as_it_is
        )
        try:
            assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None
        finally:
            hanging.goes_on.set()
        assert completed.fired == 1
        assert late == "before the end" or hanging.ended.acquire(timeout=PATIENCE)
        assert not hanging.has_waited_in_vain
        assert bench.holds(outgoing)
        assert bench.server.uploads == {}
        if late == "before the end":
            # The stand-in notes a request when it has ended.
            wait_for("both of them are noted", lambda: bench.sent_parts().count(2) == 2)
        else:
            assert bench.sent_parts().count(2) == 1


def _as_it_is(exchange, work):
    return work()


def test_no_request_is_made_after_a_part_was_broken_off(tmp_path):
    """The connections may be closed by then, and the store may belong to another run."""
    with BucketBench(tmp_path, parallel=4) as bench:
        outgoing = bench.outgoing()
        reached, closed = threading.Event(), threading.Event()

        def loses_its_answer(exchange, work):
            reached.set()
            assert closed.wait(PATIENCE)
            return cut_before_body()(exchange, work)

        fault = bench.on_part(2, loses_its_answer)
        assert bench.send(outgoing, stop=reached.is_set) is None
        bench.destination.close()
        closed.set()
        deadline = time.monotonic() + PATIENCE
        while _senders() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert _senders() == []
        assert fault.fired == 1
        assert bench.count("ListParts") == 0
        assert sum(map(part(2), bench.server.requests)) == 1


# --- who is asked whether to stop --------------------------------------------------------------


def test_the_threads_of_parts_open_no_database(tmp_path, monkeypatch):
    """Under a bandwidth limit each asks whether to stop, and a thread's connection stays."""
    monkeypatch.setattr(worker, "_STOP_CHECK_SECONDS", 0.0)
    database = queue_database(tmp_path / "agent.db")
    jobs, asking = SqliteJobStore(database), set()
    clock = ManualClock()

    def wait(seconds):
        asking.add(threading.get_ident())
        clock.advance(seconds)

    pace = Pace(PART, clock, wait)
    try:
        assert not jobs.cancel_requested(JobId("x"))
        before = database.open_connections
        with BucketBench(tmp_path, parallel=4) as bench:
            stop = worker._Stop(
                is_stopping=lambda: False,
                is_cancelled=lambda: jobs.cancel_requested(JobId("x")),
                is_paused=lambda: False,
            )
            outgoing = bench.outgoing(recorded(SIZE))
            taken = bench.send(
                outgoing, stop=stop, before_piece=lambda count: pace.take(count, stop)
            )
            assert taken is not None
            assert len(bench.sent_parts()) == PARTS
        assert asking - {threading.get_ident()}
        assert database.open_connections == before
    finally:
        database.close()
