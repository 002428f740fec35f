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


def test_another_limit_holds_for_who_waits_already():
    """A meeting ends, and what was slow is fast at once."""
    clock = ManualClock(monotonic=0.0)
    naps = []

    def nap(seconds):
        clock.advance(seconds)
        naps.append(seconds)
        if len(naps) == 5:
            pace.limit(1_000_000)

    pace = Pace(1_000, clock, wait=nap)
    pace.take(1_000_000, _never)
    assert clock.monotonic() == pytest.approx(1.0 + 1.0, abs=0.26)


@pytest.mark.parametrize("first", [0, 1_000_000])
def test_a_lower_limit_holds_at_once(first):
    """What moved before is not charged for."""
    clock = ManualClock(monotonic=0.0)
    pace = Pace(first, clock, wait=clock.advance)
    pace.take(10**6, _never)
    clock.advance(5.0)
    pace.limit(100)
    begun = clock.monotonic()
    pace.take(1_000, _never)
    assert clock.monotonic() - begun == pytest.approx(10.0, abs=0.26)


def test_no_limit_any_more_lets_everybody_go():
    """And nobody waits after that."""
    clock = ManualClock(monotonic=0.0)

    def nap(seconds):
        assert pace.is_waited_for
        clock.advance(seconds)
        pace.limit(0)

    pace = Pace(1, clock, wait=nap)
    pace.take(10**6, _never)
    pace.take(10**6, _never)
    assert clock.monotonic() <= 0.2
    assert not pace.is_waited_for


def test_everybody_who_asked_is_told_of_all_bytes():
    """Those that wait for their turn too."""
    clock = ManualClock(monotonic=0.0)
    first, second = [], []
    pace = Pace(1_000, clock, wait=clock.advance, count=first.append)
    pace.tell(second.append)
    pace.take(500, _never)
    assert first == second == [500]
