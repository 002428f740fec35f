"""What happens on a clock."""

import threading

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.log import RecordingLog
from tests.fakes.stores import MemoryState
from zoomsync_agent.core.errors import DestinationUnavailable
from zoomsync_agent.core.job import JobId
from zoomsync_agent.core.surroundings import Sign
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.breaker import Breaker
from zoomsync_agent.engine.housekeeping import SCAN_REQUEST, TICK_SECONDS, Housekeeping, Tidying


class Source:
    """Counts how often it is asked to look."""

    def __init__(self):
        self.looks = 0

    def look_soon(self):
        """Look."""
        self.looks += 1


class Room:
    """Housekeeping with everything around it, begun."""

    def __init__(self):
        self.clock, self.bell, self.state = ManualClock(), Bell(), MemoryState()
        self.source, self.remote, self.log = Source(), Source(), RecordingLog()
        self.version, self.released, self.blocked = 1, [], 0
        self.breaker = Breaker(self.clock)
        self.keeping = Housekeeping(
            self,
            self.state,
            self,
            [self.source],
            clock=self.clock,
            bell=self.bell,
            breaker=self.breaker,
            log=self.log,
            remote=[self.remote],
        )
        waits = iter([False, True])
        self.keeping._stopping.wait = lambda _seconds: next(waits)
        self.keeping._run()

    def data_version(self):
        """Return the version of the data."""
        return self.version

    def release_blocked(self, now, older_than, shut):
        """Count the question."""
        self.released.append((now, older_than, shut))
        return self.blocked

    def pass_time(self, seconds):
        """Let time pass, tick by tick."""
        for _ in range(int(seconds / TICK_SECONDS)):
            self.clock.advance(TICK_SECONDS)
            self.keeping.tick()


@pytest.fixture
def room():
    """Give a housekeeping that has ticked once."""
    return Room()


def test_nothing_happens_when_nothing_happens(room):
    """An idle agent is idle."""
    rings = room.bell.rings
    room.pass_time(60)
    assert (room.source.looks, room.bell.rings) == (0, rings)


@pytest.mark.parametrize("seconds", [10.0, 8 * 3_600.0, -10.0, -86_400.0])
def test_after_a_sleep_or_a_changed_clock_everything_is_looked_at(room, seconds):
    """Forward or back, once per jump."""
    rings = room.bell.rings
    room.clock.jump(seconds)
    room.keeping.tick()
    assert room.source.looks == 1
    assert room.bell.rings > rings
    room.pass_time(30)
    assert room.source.looks == 1


@pytest.mark.parametrize("first", ["jump", "sign"])
def test_clock_and_system_tell_of_the_same_sleep(room, first):
    """Whichever is noticed first: everything is looked at once."""
    if first == "jump":
        room.clock.jump(3_600.0)
        room.pass_time(2)
        room.keeping.hear(Sign.WOKE)
    else:
        room.keeping.hear(Sign.WOKE)
        room.pass_time(2)
        room.clock.jump(3_600.0)
    room.pass_time(5)
    assert room.source.looks == 1
    room.pass_time(60)
    room.keeping.hear(Sign.WOKE)
    room.keeping.tick()
    assert room.source.looks == 2


def test_when_the_network_is_back_what_waits_for_it_is_tried_at_once(room):
    """The recordings folder is no part of that."""
    room.breaker.failed("folder", JobId(1), DestinationUnavailable())
    assert room.breaker.begin_probe() is None
    rings = room.bell.rings
    room.keeping.hear(Sign.ONLINE)
    room.keeping.tick()
    assert room.breaker.begin_probe() == "folder"
    assert (room.source.looks, room.remote.looks) == (0, 1)
    assert room.bell.rings > rings
    assert room.log.named("network is back")


def test_another_power_supply_is_nothing_to_look_for(room):
    """That is what the lookout minds."""
    rings = room.bell.rings
    room.keeping.hear(Sign.CHANGED)
    room.keeping.tick()
    assert (room.source.looks, room.remote.looks, room.bell.rings) == (0, 0, rings)


def test_a_clock_that_goes_on_in_a_sleep_shows_it_too(room):
    """On Windows both clocks do; what is missing is the ticks of that time."""
    room.clock.advance(8 * 3_600.0)
    room.keeping.tick()
    room.pass_time(30)
    assert room.source.looks == 1


def test_a_drift_is_no_jump(room):
    """The network sets the clock by a few seconds now and then."""
    for _ in range(20):
        room.clock.jump(1.5)
        room.pass_time(1)
    assert room.source.looks == 0


def test_another_process_is_noticed(room):
    """What it wrote may be work."""
    rings = room.bell.rings
    room.version = 2
    room.keeping.tick()
    assert (room.bell.rings, room.source.looks) == (rings + 1, 0)
    room.keeping.tick()
    assert room.bell.rings == rings + 1


def test_a_wish_to_look_is_granted_once(room):
    """Each wish by itself, and not the one that was there before the start."""
    for wish, looks in (("1", 1), ("1", 1), ("2", 2)):
        room.state.set(SCAN_REQUEST, wish)
        room.version += 1
        room.keeping.tick()
        assert room.source.looks == looks


def test_blocked_jobs_look_again(room):
    """Several times a minute, and the workers are woken only if there are any."""
    room.released.clear()
    rings = room.bell.rings
    room.pass_time(60)
    assert 2 <= len(room.released) <= 6
    assert room.bell.rings == rings
    room.blocked = 1
    room.pass_time(30)
    assert room.bell.rings > rings


def test_what_waits_for_a_shut_destination_is_left_to_its_probes(room):
    """Two thousand jobs must not try a full disk twice a minute."""
    room.breaker.failed("folder", JobId(1), DestinationUnavailable())
    room.released.clear()
    room.pass_time(30)
    assert {shut for _now, _older, shut in room.released} == {frozenset({"folder"})}


@pytest.mark.parametrize("sign", ["wish", "jump"])
def test_when_something_may_have_changed_a_shut_destination_is_probed_at_once(room, sign):
    """After a sleep the drive may be there; who asks for a look has perhaps connected it."""
    room.breaker.failed("folder", JobId(1), DestinationUnavailable())
    assert room.breaker.begin_probe() is None
    if sign == "wish":
        room.state.set(SCAN_REQUEST, "now")
        room.version += 1
    else:
        room.clock.jump(100.0)
    room.keeping.tick()
    assert room.breaker.begin_probe() == "folder"


def test_tidying_begins_at_once_and_ends_when_told():
    """On a thread of its own: a network that swallows everything holds up nothing else."""
    begun, told = threading.Event(), []

    def tidy(stop):
        begun.set()
        while not stop():
            threading.Event().wait(0.001)
        told.append(True)

    tidying = Tidying(tidy)
    tidying.start()
    assert begun.wait(10.0)
    tidying.stop(10.0)
    assert told == [True]
    assert not tidying.is_alive


def test_it_starts_and_stops():
    """As a service among others."""
    room = Room()
    del room.keeping._stopping.wait
    room.keeping.start()
    assert room.keeping.is_alive
    room.keeping.stop(5.0)
    assert not room.keeping.is_alive
    assert room.keeping.failure is None
