"""How fast bytes have moved of late."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import ManualClock
from zoomsync_agent.engine.meter import SLOT_SECONDS, SLOTS, Meter
from zoomsync_agent.engine.pace import Pace


def test_nothing_has_moved_at_first():
    """A figure for each slot, none of them negative."""
    meter = Meter(ManualClock())
    assert meter.speeds() == (0.0,) * SLOTS
    assert meter.total == 0


def test_a_steady_flow_is_told_as_such():
    """Also in the slot that is under way."""
    clock = ManualClock()
    meter = Meter(clock)
    for _ in range(60):
        meter.count(1_000)
        clock.advance(1.0)
        told = meter.speeds()
    assert 800 <= told[-1] <= 1_200
    assert told[-2] == 1_000.0
    assert meter.total == 60_000


def test_what_was_long_ago_is_forgotten():
    """And a pause is told as one."""
    clock = ManualClock()
    meter = Meter(clock)
    meter.count(5_000_000)
    clock.advance(SLOT_SECONDS * 3)
    assert max(meter.speeds()) == 1_000_000.0
    assert meter.speeds()[-1] == 0.0
    clock.advance(SLOT_SECONDS * SLOTS)
    assert meter.speeds() == (0.0,) * SLOTS


@given(st.lists(st.tuples(st.integers(0, 10**9), st.floats(0, 400)), max_size=50))
def test_no_flow_is_told_that_was_not(moved):
    """Whatever moves whenever: what the slots tell is never more than all that moved."""
    clock = ManualClock()
    meter = Meter(clock)
    for size, pause in moved:
        meter.count(size)
        clock.advance(pause)
    told = meter.speeds()
    assert len(told) == SLOTS
    assert min(told) >= 0.0
    assert sum(told[:-1]) * SLOT_SECONDS <= meter.total + 1e-3


def test_every_byte_counts_once_from_many_threads():
    """Workers and parts count at the same time."""
    meter = Meter(ManualClock())
    threads = [
        threading.Thread(target=lambda: [meter.count(1) for _ in range(2_000)]) for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert meter.total == 16_000


def test_the_pace_tells_of_every_byte():
    """With a limit and without one."""
    clock = ManualClock()
    for rate in (0, 1_000):
        counted = []
        pace = Pace(rate, clock, wait=clock.advance, count=counted.append)
        pace.take(700, lambda: False)
        pace.take(700, lambda: False)
        assert counted == [700, 700]
