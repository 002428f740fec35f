"""When a thing that failed is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.retry import BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, delay

ATTEMPTS = st.integers(-3, 10_000)
JITTER = st.floats(0, 1)


@given(ATTEMPTS, JITTER)
def test_a_wait_is_never_nothing_and_never_longer_than_the_longest(attempt, jitter):
    """Whatever is handed in, the wait stays within half and one and a half of its step."""
    wait = delay(attempt, jitter)
    assert BACKOFF_SECONDS[0] * 0.5 <= wait <= MAX_BACKOFF_SECONDS


@given(st.integers(1, 100), JITTER)
def test_waits_grow(attempt, jitter):
    """At the same jitter no wait is shorter than the one before."""
    assert delay(attempt, jitter) <= delay(attempt + 1, jitter)


@given(st.integers(1, 100))
def test_jitter_spreads_by_half(attempt):
    """Jobs that failed together come back over a span as long as the wait."""
    middle = delay(attempt, 0.5)
    assert delay(attempt, 0.0) == middle * 0.5
    assert delay(attempt, 1.0) == middle * 1.5


def test_the_first_waits_are_as_written():
    """The first failure waits for the first step."""
    assert [delay(n, 0.5) for n in range(1, len(BACKOFF_SECONDS) + 2)] == [
        *BACKOFF_SECONDS,
        BACKOFF_SECONDS[-1],
    ]
