"""How fast bytes may move: one limit that all workers share."""

import threading
from collections.abc import Callable
from typing import Final

from zoomsync_agent.ports import Clock

_BURST_SECONDS: Final = 0.25
"""Unused allowance is kept for so long, so that a pause is not followed by a flood."""
_NAP_SECONDS: Final = 0.2
"""A waiting worker looks so often whether it should stop."""


class Pace:
    """A token bucket in bytes.

    Args:
        bytes_per_second: the limit of all callers together; 0 means none.
        clock: the time.
        wait: sleeps; tests hand in a function that moves the clock instead.
        count: told of all bytes that move.
    """

    def __init__(
        self,
        bytes_per_second: int,
        clock: Clock,
        wait: Callable[[float], object],
        *,
        count: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self._count = count
        self._rate = bytes_per_second
        self._clock = clock
        self._wait = wait
        self._guard = threading.Lock()
        self._free_at = clock.monotonic()

    def take(self, count: int, stop: Callable[[], bool]) -> None:
        """Return when *count* bytes may be moved, or at once when told to stop."""
        if self._rate:
            self._wait_for(count, stop)
        self._count(count)

    def _wait_for(self, count: int, stop: Callable[[], bool]) -> None:
        with self._guard:
            now = self._clock.monotonic()
            self._free_at = max(self._free_at, now - _BURST_SECONDS) + count / self._rate
            mine = self._free_at
        while (left := mine - self._clock.monotonic()) > 0 and not stop():
            self._wait(min(left, _NAP_SECONDS))
