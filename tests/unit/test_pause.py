"""The pause that people ask for."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.stores import MemoryState
from zoomsync_agent.engine.pause import Pause


@pytest.fixture
def clock():
    """Give a clock that stands."""
    return ManualClock()


def test_nothing_is_paused_at_first(clock):
    """An agent works unless somebody said otherwise."""
    pause = Pause(MemoryState(), clock)
    assert not pause.is_paused
    assert pause.until is None
    assert pause.seconds_left is None


def test_a_pause_without_an_end_lasts_until_somebody_ends_it(clock):
    """Years do not end it; `end` does."""
    pause = Pause(MemoryState(), clock)
    pause.begin(None)
    clock.advance(10 * 365 * 86_400)
    assert pause.is_paused
    assert pause.until is None
    assert pause.seconds_left is None
    pause.end()
    assert not pause.is_paused


def test_a_pause_ends_by_itself(clock):
    """At its last moment it is over, and nothing is left of it."""
    pause = Pause(MemoryState(), clock)
    pause.begin(60.0)
    assert pause.until == clock.now() + 60.0
    clock.advance(59.0)
    assert pause.is_paused
    assert pause.seconds_left == pytest.approx(1.0)
    clock.advance(1.0)
    assert not pause.is_paused
    assert pause.until is None


def test_a_pause_survives_a_restart(clock):
    """It is kept in the store, for every process to see."""
    state = MemoryState()
    Pause(state, clock).begin(60.0)
    assert Pause(state, clock).is_paused
    Pause(state, clock).end()
    assert state.values == {}
