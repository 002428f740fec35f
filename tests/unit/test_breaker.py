"""A destination that takes nothing is left in peace, and work goes on as soon as it takes some."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.destinations import MemoryDestination
from tests.fakes.workshop import Workshop
from zoomsync_agent.core.errors import (
    DestinationDenied,
    DestinationFull,
    DestinationUnavailable,
    KeyTaken,
    NetworkUnavailable,
    ObjectTooLarge,
    RemoteUnavailable,
    SourceMissing,
)
from zoomsync_agent.core.job import JobId, State
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.engine.breaker import CAUSES, FORGIVEN, Breaker, Shut

FIRST, SECOND, THIRD = JobId(1), JobId(2), JobId(3)


@pytest.fixture
def clock():
    """Give a clock that stands still."""
    return ManualClock()


@pytest.fixture
def breaker(clock):
    """Give a breaker that has heard of nothing."""
    return Breaker(clock)


@pytest.mark.parametrize("cause", [cause for cause in CAUSES if cause.code not in FORGIVEN])
def test_what_says_something_of_the_destination_shuts_it(breaker, clock, cause):
    """For fifteen seconds; then one job probes, and no second one beside it."""
    assert breaker.failed("folder", FIRST, cause()) == Shut(15.0, is_news=True)
    assert breaker.shut == {"folder"}
    assert breaker.seconds_to_probe() == pytest.approx(15.0)
    clock.advance(14.9)
    assert breaker.begin_probe() is None
    clock.advance(0.1)
    assert breaker.begin_probe() == "folder"
    assert breaker.begin_probe() is None
    assert breaker.seconds_to_probe() is None
    assert breaker.shut == {"folder"}


@pytest.mark.parametrize("error", [KeyTaken, SourceMissing, ObjectTooLarge])
def test_what_says_something_of_the_file_shuts_nothing(breaker, error):
    """The next file is another one."""
    assert breaker.failed("folder", FIRST, error()) is None
    assert breaker.shut == frozenset()


def test_the_wait_grows_to_a_minute_and_begins_anew_after_a_success(breaker, clock):
    """A drive that comes back is noticed within a minute, a short trouble sooner."""
    waits = [breaker.failed("folder", FIRST, DestinationUnavailable()).seconds]
    for _ in range(3):
        clock.advance(waits[-1])
        breaker.begin_probe()
        breaker.probing("folder", SECOND)
        shut = breaker.failed("folder", SECOND, DestinationUnavailable())
        assert not shut.is_news
        waits.append(shut.seconds)
    assert waits == [15.0, 30.0, 60.0, 60.0]
    assert breaker.succeeded("folder", THIRD)
    assert breaker.shut == frozenset()
    assert not breaker.succeeded("folder", THIRD)
    assert breaker.failed("folder", THIRD, DestinationUnavailable()).seconds == 15.0


def test_another_cause_is_news(breaker, clock):
    """The drive is back, and full."""
    breaker.failed("folder", FIRST, DestinationUnavailable())
    clock.advance(15.0)
    breaker.begin_probe()
    breaker.probing("folder", FIRST)
    assert breaker.failed("folder", FIRST, DestinationFull()) == Shut(30.0, is_news=True)


def test_a_job_that_was_under_way_waits_with_the_others(breaker, clock):
    """It neither makes the wait longer nor begins it anew."""
    breaker.failed("folder", FIRST, DestinationUnavailable())
    clock.advance(5.0)
    assert breaker.failed("folder", SECOND, DestinationUnavailable()) == Shut(10.0, is_news=False)


def test_a_probe_that_tells_nothing_is_followed_by_another_one(breaker, clock):
    """Its file was gone, or it was told to stop: the door does not stay shut for ever."""
    breaker.failed("folder", FIRST, DestinationUnavailable())
    clock.advance(15.0)
    breaker.begin_probe()
    breaker.probing("folder", SECOND)
    breaker.ended("folder", FIRST)
    assert breaker.seconds_to_probe() is None
    breaker.ended("folder", SECOND)
    clock.advance(2.0)
    assert breaker.begin_probe() == "folder"


def test_without_a_job_there_is_nothing_to_shut(breaker, clock):
    """The next one will find out."""
    breaker.failed("folder", FIRST, DestinationUnavailable())
    clock.advance(15.0)
    breaker.begin_probe()
    breaker.nothing_to_probe("folder")
    assert breaker.shut == frozenset()


def test_a_file_that_fails_while_others_succeed_fails_for_itself(breaker):
    """Too large for the file system: the others must not wait for it, again and again."""
    assert breaker.failed("folder", FIRST, DestinationFull()) is not None
    assert breaker.succeeded("folder", SECOND)
    assert breaker.failed("folder", FIRST, DestinationFull()) is None
    assert breaker.shut == frozenset()
    assert breaker.failed("folder", FIRST, DestinationFull()) is not None


class Broken(MemoryDestination):
    """A memory destination that raises `error`, as long as there is one."""

    def __init__(self):
        super().__init__()
        self.error, self.sends = None, 0

    def send(self, outgoing, **kwargs):
        """Send, or not."""
        self.sends += 1
        if self.error is not None:
            raise self.error
        return super().send(outgoing, **kwargs)


@pytest.fixture
def shop(tmp_path):
    """Give an engine with a destination that can break, and forty recordings."""
    workshop = Workshop(tmp_path, Broken())
    for number in range(40):
        workshop.add(f"m{number}/video.mp4", b"recording %d" % number)
    yield workshop
    workshop.close()


@pytest.mark.parametrize("cause", [DestinationUnavailable, DestinationFull, DestinationDenied])
def test_a_destination_that_takes_nothing_for_an_hour_is_no_work(shop, cause):
    """One try a minute instead of forty, one line in the log, and everybody sees the reason."""
    shop.destination.error = cause("for a while")
    for _ in range(3_600):
        shop.run()
        shop.clock.advance(1.0)
        shop.jobs.release_blocked(shop.clock.now(), 30.0, shop.breaker.shut)
    assert 55 <= shop.destination.sends <= 65
    assert len(shop.log.of_level("warning")) == 1
    shown = {shop.job(number).error_code for number in range(1, 41)}
    assert shown == {cause.code}
    assert shop.catalog.history == []

    shop.destination.error = None
    shop.clock.advance(61.0)
    shop.run()
    assert shop.jobs.counts()[State.DONE] == 40


def test_a_worker_sleeps_until_the_next_probe(shop):
    """It neither spins over what waits nor sleeps through."""
    shop.destination.error = DestinationUnavailable("away")
    shop.run()
    shop.add("new/video.mp4", b"while it is away")
    assert shop.run() == 0
    assert shop.worker._idle_seconds() == pytest.approx(15.0)


def test_one_recording_that_does_not_fit_does_not_hold_up_the_rest(shop):
    """The file system cannot hold it; the others are there after two probes at most."""
    send = MemoryDestination.send

    def picky(outgoing, **kwargs):
        if outgoing.path.parent.name == "m0":
            raise DestinationFull("cannot hold a file of this size")
        return send(shop.destination, outgoing, **kwargs)

    shop.destination.send = picky
    shop.run()
    shop.clock.advance(15.0)
    shop.run()
    counts = shop.jobs.counts()
    assert (counts[State.DONE], counts[State.BLOCKED]) == (39, 1)


def test_a_server_that_stumbles_is_not_shut_out_at_once(breaker):
    """Two failures in a row may be two files' own; the third is the server's."""
    assert breaker.failed("folder", FIRST, RemoteUnavailable()) is None
    assert breaker.failed("folder", SECOND, RemoteUnavailable()) is None
    assert breaker.shut == frozenset()
    assert breaker.failed("folder", THIRD, RemoteUnavailable()) == Shut(15.0, is_news=True)


def test_a_success_between_makes_the_count_begin_anew(breaker):
    """What works for others works."""
    breaker.failed("folder", FIRST, RemoteUnavailable())
    breaker.failed("folder", FIRST, RemoteUnavailable())
    breaker.succeeded("folder", SECOND)
    assert breaker.failed("folder", THIRD, RemoteUnavailable()) is None
    assert breaker.shut == frozenset()


def test_people_are_told_why_it_is_shut_and_that_it_is_open(clock):
    """With the error of the moment."""
    told = []
    breaker = Breaker(clock, lambda name, problem: told.append((name, problem)))
    breaker.failed("folder", FIRST, NetworkUnavailable("no route"))
    assert told == [("folder", Problem("network_unavailable", "no route"))]
    clock.advance(15.0)
    breaker.begin_probe()
    breaker.probing("folder", FIRST)
    breaker.failed("folder", FIRST, DestinationDenied("a policy"))
    assert told[1:] == [("folder", Problem("destination_denied", "a policy"))]
    clock.advance(30.0)
    breaker.begin_probe()
    breaker.probing("folder", FIRST)
    breaker.succeeded("folder", FIRST)
    assert told[2:] == [("folder", None)]
    breaker.succeeded("folder", FIRST)
    assert len(told) == 3
