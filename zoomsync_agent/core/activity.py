"""What happened: the journal that people read, and the history of one file."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from zoomsync_agent.core.errors import by_code
from zoomsync_agent.core.units import readable_size


class Happening(StrEnum):
    """What happened. The value is stored and never changes its meaning."""

    FOUND = "found"
    """A recording file was found and queued."""
    SAFE = "safe"
    """It is in the archive, proven, and listed."""
    BLOCKED = "blocked"
    """It waits for somebody."""
    FAILED = "failed"
    CANCELLED = "cancelled"
    RETRIED = "retried"
    LOST = "lost"
    """It is no longer in the archive."""
    FREED = "freed"
    """Its original went to this computer's trash, because it is safe."""
    RESTORED = "restored"
    """Its original was taken back from there."""
    RENAMED = "renamed"
    PAUSED = "paused"
    RESUMED = "resumed"
    WATCHING = "watching"
    NOT_WATCHING = "not_watching"
    SETTINGS = "settings"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `at` is epoch seconds. `title` and `file_name` tell of which recording, empty where it is about
    the agent. `sentence` says it for people. `recording_id` is None where there is no row yet. `id`
    is 0 for what is no entry of the journal, as a receipt is.
    """

    id: int
    at: float
    happening: Happening
    sentence: str
    title: str = ""
    file_name: str = ""
    detail: str = ""
    job_id: int | None = None
    recording_id: str | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """One page of the journal, the newest first; `before` asks for the next, None at its end."""

    events: tuple[Event, ...] = field(default=())
    before: int | None = None


_SENTENCES = {
    Happening.FOUND: "Found, and queued for upload.",
    Happening.SAFE: "It is in the archive, proven and listed.",
    Happening.CANCELLED: "It was cancelled.",
    Happening.RETRIED: "Somebody asked to try it again.",
    Happening.LOST: "It is no longer in the archive.",
    Happening.FREED: (
        "Its original was moved to the trash of this computer; restore it there to have it back."
    ),
    Happening.RESTORED: "Its original is back from the trash, and is left where it is for now.",
    Happening.RENAMED: "It has another title.",
    Happening.PAUSED: "Paused until somebody goes on.",
    Happening.RESUMED: "The pause is over.",
    Happening.WATCHING: "Looking for new recordings again.",
    Happening.NOT_WATCHING: "No longer looking for new recordings.",
    Happening.SETTINGS: "Settings were changed.",
    Happening.SIGNED_IN: "Signed in.",
    Happening.SIGNED_OUT: "Signed out.",
}
_DETAILED = {
    Happening.RETRIED: "Somebody asked to try {} files again.",
    Happening.RENAMED: "Renamed to “{}”.",
    Happening.PAUSED: "Paused until {}.",
    Happening.SETTINGS: "Settings were changed: {}.",
    Happening.SIGNED_IN: "Signed in: {}.",
    Happening.SIGNED_OUT: "Signed out: {}.",
}
"""Where a detail says more than the happening alone."""
_TIMED = Happening.PAUSED
"""Its detail is a moment."""


def sentence(happening: Happening, *, error_code: str | None = None, detail: str = "") -> str:
    """Return what happened, for people.

    Args:
        happening: what.
        error_code: the stored code of the error that led to it, if one did.
        detail: what exactly; of an error, or what the happening is about.
    """
    if error_code is not None:
        error = by_code(error_code)
        parts = [f"{error.title}."]
        if detail and detail != error.title:
            parts.append(f"({detail})")
        if error.hint:
            parts.append(error.hint)
        return " ".join(parts)
    if detail and happening in _DETAILED:
        return _DETAILED[happening].format(_local(detail) if happening is _TIMED else detail)
    return _SENTENCES.get(happening, "It cannot be uploaded for now.")


def _local(moment: str) -> str:
    """Return a moment in ISO 8601 as the reader's own time."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return moment


def receipt_sentence(destination: str, size: int, sha256: str) -> str:
    """Return what a receipt proves, for people."""
    return f"Proven to be in the archive ({destination}): {readable_size(size)}, SHA-256 {sha256}."
