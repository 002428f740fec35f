"""A few tries in a row, for servers that stumble; longer troubles are the engine's to wait out."""

import random
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

WAITS: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each further try; a quarter more or less, so that many do not come at once."""
_NAP_SECONDS: Final = 0.25


class Patience:
    """Tries again what failed for a moment.

    Args:
        is_transient: tells whether the same may succeed a moment later.
        nap: sleeps for so many seconds.
    """

    def __init__(
        self, is_transient: Callable[[Exception], bool], nap: Callable[[float], object]
    ) -> None:
        self._is_transient = is_transient
        self._nap = nap

    def try_(self, do: Callable[[], T], expect_time: Callable[[], None]) -> T:
        """Return what *do* returns, tried a few times.

        Args:
            do: what may fail.
            expect_time: asked while waiting; what it raises ends it.

        Raises:
            Exception: what *do* raised the last time.
        """
        for seconds in WAITS:
            try:
                return do()
            except Exception as exc:
                if not self._is_transient(exc):
                    raise
            self.wait(seconds, expect_time)
        return do()

    def wait(self, seconds: float, expect_time: Callable[[], None]) -> None:
        """Sleep for about *seconds*, in short naps."""
        left = seconds * random.uniform(0.75, 1.25)  # noqa: S311  spreads tries, guards nothing
        while left > 0:
            expect_time()
            self._nap(min(left, _NAP_SECONDS))
            left -= _NAP_SECONDS
