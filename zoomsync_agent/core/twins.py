"""Are two recordings of one meeting? The same one may be recorded here and in Zoom's cloud."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from zoomsync_agent.core.naming import NO_TOPIC

TOLERANCE_SECONDS: Final = 900.0
"""So far apart two people press Record in one meeting, and still record the same."""
_NAMELESS_SECONDS: Final = 120.0
"""Without a topic to go by they must have begun almost together."""
_SHARED: Final = 0.5
"""So much of the shorter one lies within the longer one."""


@dataclass(frozen=True, slots=True)
class Span:
    """What tells a recording from others: topic, start in epoch seconds, length in seconds."""

    title: str
    started_at: float
    duration: float | None = None


def is_twin(one: Span, other: Span) -> bool:
    """Return whether two recordings surely are of the same meeting.

    In doubt they are not: two rows too many are a nuisance, two meetings in one are an error.
    """
    gap = abs(one.started_at - other.started_at)
    if _topic(one.title) == _topic(other.title):
        return gap <= TOLERANCE_SECONDS and _overlap(one, other)
    is_nameless = NO_TOPIC in (one.title, other.title)
    has_lengths = bool(one.duration and other.duration)
    return is_nameless and has_lengths and gap <= _NAMELESS_SECONDS and _overlap(one, other)


def _topic(title: str) -> str:
    """Return what is left of a topic once it was a folder's name: letters and digits."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    return "".join(char for char in plain if char.isalnum()) or plain


def _overlap(one: Span, other: Span) -> bool:
    if not one.duration or not other.duration:
        return True
    begin = max(one.started_at, other.started_at)
    end = min(one.started_at + one.duration, other.started_at + other.duration)
    return end - begin >= _SHARED * min(one.duration, other.duration)
