"""How fast bytes have moved of late."""

import threading
from collections import deque
from typing import Final

from zoomsync_agent.ports import Clock

SLOT_SECONDS: Final = 5.0
"""One figure is the mean of so long."""
SLOTS: Final = 60
"""So many figures are remembered."""


class Meter:
    """Counts bytes as they move. Thread-safe; outlives the agents that it counts for.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._slots: deque[int] = deque([0] * SLOTS, maxlen=SLOTS)
        self._slot = self._now()
        self.total = 0
        """All bytes since the start."""

    def count(self, size: int) -> None:
        """Take note that *size* bytes are about to move."""
        with self._guard:
            self._go_on()
            self._slots[-1] += size
            self.total += size

    def speeds(self) -> tuple[float, ...]:
        """Return bytes per second of the last five minutes, one figure each 5 s, oldest first."""
        with self._guard:
            self._go_on()
            slots = list(self._slots)
            now = self._clock.monotonic()
        # The slot that is under way has not lasted long enough to be told by itself.
        lasted = now - self._slot * SLOT_SECONDS
        told = [count / SLOT_SECONDS for count in slots[:-1]]
        before = slots[-2] if len(slots) > 1 else 0
        told.append((slots[-1] + before) / (SLOT_SECONDS + lasted))
        return tuple(told)

    def _now(self) -> int:
        return int(self._clock.monotonic() // SLOT_SECONDS)

    def _go_on(self) -> None:
        now = self._now()
        self._slots.extend([0] * min(SLOTS, max(0, now - self._slot)))
        self._slot = max(self._slot, now)
