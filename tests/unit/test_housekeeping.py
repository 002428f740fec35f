"""What happens on a clock."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.log import RecordingLog
from tests.fakes.stores import MemoryState
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.housekeeping import SCAN_REQUEST, TICK_SECONDS, Housekeeping


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
        self.source, self.log = Source(), RecordingLog()
        self.version, self.released, self.blocked = 1, [], 0
        self.keeping = Housekeeping(
            self, self.state, self, [self.source], clock=self.clock, bell=self.bell, log=self.log
        )
        waits = iter([False, True])
        self.keeping._stopping.wait = lambda _seconds: next(waits)
        self.keeping._run()

    def data_version(self):
        """Return the version of the data."""
        return self.version

    def release_blocked(self, now, older_than):
        """Count the question."""
        self.released.append((now, older_than))
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


def test_it_starts_and_stops():
    """As a service among others."""
    room = Room()
    del room.keeping._stopping.wait
    room.keeping.start()
    assert room.keeping.is_alive
    room.keeping.stop(5.0)
    assert not room.keeping.is_alive
    assert room.keeping.failure is None
