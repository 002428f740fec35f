"""One thing that somebody said or wrote."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

_MINUTE: Final = 60
_HOUR: Final = 3600
_HOURS_OF_DAY: Final = 24
# NUL is refused by PostgreSQL, half characters by every encoder; neither is text.
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
_HALF: Final = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Cue:
    """One utterance or message.

    `at` and `end` are seconds from the recording's start. `time_of_day` is a wall clock: seconds
    since local midnight, on `day` where the text tells it. `is_private` marks a message that was
    not, or not surely, addressed to everybody.
    """

    text: str
    at: float | None = None
    time_of_day: float | None = None
    day: date | None = None
    speaker: str = ""
    end: float | None = None
    is_chat: bool = False
    is_private: bool = False


def to_dict(cue: Cue) -> dict[str, Any]:
    """Return the fields of *cue* that say something, as plain values for JSON."""
    plain = {
        field.name: getattr(cue, field.name)
        for field in fields(Cue)
        if getattr(cue, field.name) != field.default
    }
    if cue.day is not None:
        plain["day"] = cue.day.isoformat()
    return plain


def from_dict(plain: Mapping[str, Any]) -> Cue:
    """Return the cue that `to_dict` wrote."""
    values = dict(plain)
    if "day" in values:
        values["day"] = date.fromisoformat(values["day"])
    return Cue(**values)


def tidy(lines: Sequence[str]) -> str:
    """Return *lines* as the text of a cue: trimmed, without empty ones and without non-text."""
    kept = (_HALF.sub("\ufffd", _NO_TEXT.sub("", line)).strip() for line in lines)
    return "\n".join(filter(None, kept))


def untimed(lines: Sequence[str], *, is_chat: bool = False) -> list[Cue]:
    """Return one cue without a time per line of free text."""
    return [Cue(text, is_chat=is_chat) for line in lines if (text := tidy([line]))]


def seconds(hours: str, minutes: str, secs: str) -> float | None:
    """Return the digits as seconds; None when minutes or seconds run beyond 59."""
    m, s = int(minutes), int(secs)
    return None if m >= _MINUTE or s >= _MINUTE else float(int(hours) * _HOUR + m * _MINUTE + s)


def clock(hours: str, minutes: str, secs: str) -> float | None:
    """Return the digits as seconds since midnight; None when no clock shows them."""
    return None if int(hours) >= _HOURS_OF_DAY else seconds(hours, minutes, secs)
