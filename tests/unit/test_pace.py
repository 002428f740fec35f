"""How fast bytes may move."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import ManualClock
from zoomsync_agent.engine.pace import Pace


def _never():
    return False


@given(
    st.integers(1_000, 10**9),
    st.lists(st.tuples(st.integers(1, 10**7), st.floats(0, 3)), min_size=1, max_size=30),
)
def test_the_rate_is_never_exceeded_by_more_than_a_quarter_second(rate, steps):
    """Over any stretch from the start, bytes moved fit into the time passed and the burst."""
    clock = ManualClock(monotonic=0.0)
    pace = Pace(rate, clock, wait=clock.advance)
    moved = 0
    for count, pause in steps:
        clock.advance(pause)
        pace.take(count, _never)
        moved += count
        assert moved / rate <= clock.monotonic() + 0.25 + 1e-6


@given(st.integers(1_000, 10**9), st.lists(st.integers(1, 10**7), min_size=1, max_size=30))
def test_no_more_is_waited_than_the_rate_asks_for(rate, counts):
    """Who is always busy moves at the full rate."""
    clock = ManualClock(monotonic=0.0)
    pace = Pace(rate, clock, wait=clock.advance)
    for count in counts:
        pace.take(count, _never)
    assert clock.monotonic() == pytest.approx(sum(counts) / rate, rel=1e-6, abs=1e-6)


def test_many_threads_share_one_rate():
    """Eight workers together are not faster than one."""
    clock = ManualClock(monotonic=0.0)
    guard = threading.Lock()

    def wait(seconds):
        with guard:
            clock.advance(seconds)

    pace = Pace(1_000, clock, wait=wait)
    workers = [
        threading.Thread(target=lambda: [pace.take(100, _never) for _ in range(25)])
        for _ in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert clock.monotonic() >= 8 * 25 * 100 / 1_000 - 0.25 - 1e-6


def test_a_wish_to_stop_ends_the_wait():
    """A worker that waits for its turn looks up within a fifth of a second."""
    clock = ManualClock()
    naps = []
    pace = Pace(1, clock, wait=lambda s: (naps.append(s), clock.advance(s)))
    pace.take(1_000_000, lambda: len(naps) == 3)
    assert len(naps) == 3
    assert max(naps) <= 0.2


def test_without_a_limit_nothing_waits():
    """A rate of nothing means none."""
    pace = Pace(0, ManualClock(), wait=pytest.fail)
    pace.take(10**12, _never)
