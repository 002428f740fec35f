"""How fast bytes may move: one limit that all workers share."""

import threading
from collections.abc import Callable
from typing import Final

from zoomsync_agent.ports import Clock

_BURST_SECONDS: Final = 0.25
"""Unused allowance is kept for so long, so that a pause is not followed by a flood."""
_NAP_SECONDS: Final = 0.2
"""A waiting worker looks so often whether it should stop."""
_NOTHING_SECONDS: Final = 1e-9
"""What is shorter is no wait but a rounding."""


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
        self._told = [count]
        self._asked: Callable[[], None] = lambda: None
        self._rate = bytes_per_second
        self._clock = clock
        self._wait = wait
        self._guard = threading.Lock()
        self._at = clock.monotonic()
        self._allowed = 0.0
        """So many bytes could have moved until then."""
        self._taken = 0.0
        """So many did, or wait for it."""
        self._waiting = 0

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits until bytes may move."""
        return self._waiting > 0

    def limit(self, bytes_per_second: int) -> None:
        """Set another limit, 0 for none; it holds for those who wait already, too."""
        with self._guard:
            self._pass_time()
            self._rate = bytes_per_second

    def tell(self, count: Callable[[int], None]) -> None:
        """Let another one be told of all bytes that move, from now on."""
        self._told = [*self._told, count]

    def ask(self, before: Callable[[], None]) -> None:
        """Call *before* ahead of all bytes, from now on; it may set another limit for them."""
        self._asked = before

    def take(self, count: int, stop: Callable[[], bool]) -> None:
        """Return when *count* bytes may be moved, or at once when told to stop."""
        self._asked()
        if self._rate:
            self._wait_for(count, stop)
        for told in self._told:
            told(count)

    def _wait_for(self, count: int, stop: Callable[[], bool]) -> None:
        with self._guard:
            self._pass_time()
            # What nobody took is lost, but for a burst.
            self._taken = max(self._taken, self._allowed - _BURST_SECONDS * self._rate) + count
            mine = self._taken
            self._waiting += 1
        try:
            while (left := self._seconds_until(mine)) > _NOTHING_SECONDS and not stop():
                self._wait(min(left, _NAP_SECONDS))
        finally:
            with self._guard:
                self._waiting -= 1

    def _seconds_until(self, mine: float) -> float:
        with self._guard:
            self._pass_time()
            return (mine - self._allowed) / self._rate if self._rate else 0.0

    def _pass_time(self) -> None:
        now = self._clock.monotonic()
        if self._rate:
            self._allowed += (now - self._at) * self._rate
        else:
            self._allowed = self._taken
        self._at = now
