"""When a thing that failed is tried again."""

from typing import Final

BACKOFF_SECONDS: Final = (2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0)
"""Waits before the second, third, … try; the last one repeats."""

MAX_BACKOFF_SECONDS: Final = BACKOFF_SECONDS[-1] * 1.5
"""No wait is longer: a `not_before` beyond it comes from a clock that has jumped."""

RECHECK_SECONDS: Final = 30.0
"""How often a blocked job looks whether its cause is gone."""


LIMIT_RECHECK_SECONDS: Final = 900.0
"""How often a file that is too large is looked at again: limits change seldom, and by hand."""


def delay(attempt: int, jitter: float) -> float:
    """Return the seconds to wait after try number *attempt* (from 1) failed.

    Args:
        attempt: how many tries have failed.
        jitter: a random number from 0 to 1; spreads the wait over 50 % to 150 %, so that jobs
            that failed together do not come back together.
    """
    step = BACKOFF_SECONDS[min(max(attempt, 1), len(BACKOFF_SECONDS)) - 1]
    return step * (0.5 + jitter)
