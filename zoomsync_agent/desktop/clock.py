"""The operating system's clocks."""

import time


class SystemClock:
    """`Clock` of the operating system."""

    def now(self) -> float:
        """Return the wall clock in epoch seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()
