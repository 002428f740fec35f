"""Wakes workers that have nothing to do."""

import threading


class Bell:
    """Counts rings, so that one that comes while nobody waits is not lost."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0

    @property
    def rings(self) -> int:
        """How often it has rung; take it before looking for work."""
        return self._rings

    def ring(self) -> None:
        """Wake everybody."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    def wait(self, heard: int, timeout: float | None) -> None:
        """Return when it has rung more than *heard* times, or after *timeout* seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self._rings != heard, timeout)
