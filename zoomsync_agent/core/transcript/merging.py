"""Several texts of one recording to one: in time order, then as lines for people."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from zoomsync_agent.core.recording import Kind
from zoomsync_agent.core.transcript.cue import Cue, tidy

PAUSE_SECONDS: Final = 4.0
"""Speech of one speaker that goes on within this time stays one paragraph."""
PARAGRAPH_CHARS: Final = 600
"""A paragraph that has grown to this ends, so that a time is never far."""

_SPEECH: Final = (Kind.TRANSCRIPT, Kind.CAPTIONS)
_BACK_COSTS: Final = 3.0
_SOME_DAY: Final = date(2000, 1, 1)
_DAY: Final = timedelta(days=1)


def merge(
    cues_by_kind: Mapping[Kind, Sequence[Cue]], *, started_at: float | None, zone: tzinfo
) -> tuple[Cue, ...]:
    """Return one list of what was said and written, in time order.

    Speech comes from the transcript, or from the captions where there is no transcript; public
    chat is put in between. **Private messages are left out**, and so is a message that a second
    chat file repeats. With *started_at* wall clocks become offsets, over midnight and over a
    change of the clocks; what was written before the recording began gets offset 0 and keeps its
    place. Without it, clocks are only compared with clocks; chat that cannot be compared with the
    speech follows it. Cues without a time stay behind their neighbour.

    Args:
        cues_by_kind: the cues of each text, in the order of the text.
        started_at: the recording's start in epoch seconds.
        zone: the zone of the wall clocks.
    """
    texts = (_public(_said(cues_by_kind.get(kind, ()))) for kind in _SPEECH)
    speech = next(filter(None, texts), [])
    chat = _once(_public(_said(cues_by_kind.get(Kind.CHAT, ()))))
    if started_at is not None and math.isfinite(started_at):
        anchors: tuple[float | None, ...] = (started_at, started_at)
        is_comparable = True
    else:
        started_at, zone = None, UTC
        anchors = tuple(_first_clock(cues, [*speech, *chat]) for cues in (speech, chat))
        is_comparable = (anchors[0] is None) == (anchors[1] is None)
    spoken = _placed(speech, anchors[0], zone, lone=-math.inf)
    written = _placed(chat, anchors[1], zone, lone=math.inf)
    woven = _sorted([*spoken, *written]) if is_comparable else _sorted(spoken) + _sorted(written)
    if started_at is None:
        return tuple(one.cue for one in woven)
    return tuple(one.with_offset() for one in woven)


def plain_text(cues: Sequence[Cue]) -> str:
    """Return *cues* as lines, without the private ones.

    `[00:12:30] Ann Smith: text` for speech, `[00:12:30] Ann Smith (chat): text` for chat. The
    time is the offset from the start, else the wall clock, else it is left out. Speech of one
    speaker without a pause is one line.
    """
    lines: list[str] = []
    previous: Cue | None = None
    for cue in cues:
        text = _flat(cue.text)
        if cue.is_private or not text:
            continue
        if previous and _goes_on(previous, cue) and len(lines[-1]) < PARAGRAPH_CHARS:
            lines[-1] += f" {text}"
        else:
            lines.append(f"{_bracket(cue)}{_voice(cue)}{text}")
        previous = cue
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A cue, its own offset if it has a time, and the offset that gives its place."""

    cue: Cue
    own: float | None
    place: float

    def with_offset(self) -> Cue:
        return self.cue if self.own is None else replace(self.cue, at=max(self.own, 0.0))


def _said(cues: Sequence[Cue]) -> list[Cue]:
    return [cue for cue in cues if cue.text.strip()]


def _public(cues: Sequence[Cue]) -> list[Cue]:
    """Drop private messages, also where another chat file does not say that they are private."""
    private = {_message(cue) for cue in cues if cue.is_private}
    return [cue for cue in cues if _message(cue) not in private]


def _once(chat: Sequence[Cue]) -> list[Cue]:
    """Drop repeated messages: the automatic and the saved chat file tell the same."""
    seen = set()
    kept = []
    for cue in chat:
        message = _message(cue)
        if message not in seen:
            kept.append(cue)
        if cue.at is not None or cue.time_of_day is not None:
            seen.add(message)
    return kept


def _message(cue: Cue) -> tuple[float | None, float | None, str, str]:
    return cue.at, cue.time_of_day, cue.speaker, _flat(cue.text)


def _first_clock(cues: Sequence[Cue], everything: Sequence[Cue]) -> float | None:
    """Return the instant from which the clocks of *everything* are counted.

    None if *cues* are not told by clocks but by offsets.
    """
    if any(cue.at is not None for cue in cues):
        return None
    for cue in everything:
        if cue.time_of_day is not None and 0.0 <= cue.time_of_day <= _DAY.total_seconds():
            return _instant(cue.day or _SOME_DAY, cue.time_of_day, UTC, fold=0)
    return 0.0


def _placed(
    cues: Sequence[Cue], anchor: float | None, zone: tzinfo, *, lone: float
) -> list[_Placed]:
    own: list[float | None] = []
    last: float | None = None
    for cue in cues:
        offset = _offset(cue, anchor, zone, last)
        own.append(offset)
        last = last if offset is None else offset
    place = next((offset for offset in own if offset is not None), lone)
    placed = []
    for cue, offset in zip(cues, own, strict=True):
        place = place if offset is None else offset
        placed.append(_Placed(cue, offset, place))
    return placed


def _sorted(placed: Sequence[_Placed]) -> list[_Placed]:
    return sorted(placed, key=lambda one: one.place)


def _offset(cue: Cue, anchor: float | None, zone: tzinfo, last: float | None) -> float | None:
    if cue.at is not None:
        return cue.at if math.isfinite(cue.at) else None
    clock = cue.time_of_day
    if anchor is None or clock is None or not math.isfinite(clock):
        return None
    try:
        today = datetime.fromtimestamp(anchor, zone).date()
        days = (cue.day,) if cue.day else (today - _DAY, today, today + _DAY)
        first = min(
            ((_instant(day, clock, zone, fold=0) - anchor, day) for day in days),
            key=lambda found: _cost(found[0]),
        )
        second = _instant(first[1], clock, zone, fold=1) - anchor
    except (ValueError, OverflowError, OSError):  # a day outside the years 1 to 9999
        return None
    if second <= first[0]:  # no hour that the clocks repeat
        return first[0]
    return min(first[0], second, key=lambda offset: _cost(offset - (last or 0.0)))


def _instant(day: date, clock: float, zone: tzinfo, *, fold: int) -> float:
    local = datetime.combine(day, time()) + timedelta(seconds=clock)
    return local.replace(tzinfo=zone, fold=fold).timestamp()


def _cost(gap: float) -> float:
    """Weigh how unlikely *gap* is: up to 18 hours after beats 6 hours before."""
    return gap if gap >= 0 else -_BACK_COSTS * gap


def _flat(text: str) -> str:
    return " ".join(tidy([text]).split())


def _bracket(cue: Cue) -> str:
    clock = cue.time_of_day if cue.at is None else cue.at
    if clock is None or not math.isfinite(clock):
        return ""
    minutes, secs = divmod(int(max(clock, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"[{hours:02}:{minutes:02}:{secs:02}] "


def _voice(cue: Cue) -> str:
    name = _flat(cue.speaker)
    if cue.is_chat:
        return f"{name} (chat): " if name else "(chat) "
    return f"{name}: " if name else ""


def _goes_on(previous: Cue, cue: Cue) -> bool:
    """Whether *cue* continues the paragraph of *previous*."""
    if previous.is_chat or cue.is_chat or previous.speaker != cue.speaker:
        return False
    if previous.at is not None and cue.at is not None:
        ended = previous.at if previous.end is None else previous.end
        return cue.at >= previous.at and cue.at - ended <= PAUSE_SECONDS
    if previous.at is not None or cue.at is not None:
        return False
    before, now = previous.time_of_day, cue.time_of_day
    return before is not None and now is not None and before <= now <= before + PAUSE_SECONDS
