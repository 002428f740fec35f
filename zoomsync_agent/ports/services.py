"""Time, and what lives long."""

from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Return the wall clock in epoch seconds; it may jump in either direction."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        ...


class Service(Protocol):
    """Something with a start and a stop."""

    @property
    def name(self) -> str:
        """Name for logs."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether it still works."""
        ...

    def start(self) -> None:
        """Begin; returns at once."""
        ...

    def stop(self, timeout: float) -> None:
        """End; returns when it has ended or after *timeout* seconds."""
        ...
