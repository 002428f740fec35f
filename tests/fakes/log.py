"""A log that can be asked what it was told."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log."""

    level: str
    event: str
    fields: dict[str, Any] = field(default_factory=dict)


class RecordingLog:
    """`Log` that keeps every event in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def info(self, event: str, **fields: object) -> None:
        """Note an event."""
        self.events.append(Event("info", event, fields))

    def warning(self, event: str, **fields: object) -> None:
        """Note an event that somebody may want to know."""
        self.events.append(Event("warning", event, fields))

    def exception(self, event: str, **fields: object) -> None:
        """Note a fault."""
        self.events.append(Event("exception", event, fields))

    def named(self, event: str) -> list[Event]:
        """Return the events of this text."""
        return [one for one in self.events if one.event == event]

    def of_level(self, level: str) -> list[str]:
        """Return the texts of this level."""
        return [one.event for one in self.events if one.level == level]
