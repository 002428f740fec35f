"""recording.conf: what Zoom notes in a meeting's folder about its own conversion."""

import json
import math
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

DONE_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class ConfItem:
    """One part of the meeting in recording.conf; `percent` is None where it says nothing."""

    audio: str
    video: str
    percent: int | None


@dataclass(frozen=True, slots=True)
class RecordingConf:
    """What Zoom notes about its own conversion."""

    items: tuple[ConfItem, ...] = ()
    readable: bool = True

    def percent_of(self, name: str) -> int | None:
        """Return the percent of the parts that name this very file: the lowest, or None."""
        wanted = unicodedata.normalize("NFC", name)
        return min(
            (
                i.percent
                for i in self.items
                if wanted in (i.audio, i.video) and i.percent is not None
            ),
            default=None,
        )

    @property
    def pending_percent(self) -> int | None:
        """The mean over the parts that are not at 100; None where there are none."""
        pending = [
            i.percent for i in self.items if i.percent is not None and i.percent < DONE_PERCENT
        ]
        return sum(pending) // len(pending) if pending else None


def parse_conf(data: bytes) -> RecordingConf:
    """Read recording.conf; what is broken or of a foreign kind is not readable, never an error."""
    try:
        content = json.loads(data)
        items = content["items"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return RecordingConf(readable=False)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return RecordingConf(readable=False)
    return RecordingConf(
        tuple(
            ConfItem(_name(i.get("audio")), _name(i.get("video")), _percent(i.get("process")))
            for i in items
        )
    )


def _name(value: Any) -> str:
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else ""


def _percent(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value.strip().removesuffix("%") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return int(min(max(number, 0.0), 100.0)) if math.isfinite(number) else None
