"""Lines of `plain_text` back to cues, for people to read and to jump from."""

import math
import re
from typing import Final

from zoomsync_agent.core.transcript.cue import Cue

_TIME: Final = re.compile(r"\[(\d{2,}):([0-5]\d):([0-5]\d)\] ")
_CHAT: Final = "(chat)"
_LONGEST_NAME: Final = 120
"""What is longer before a colon is a sentence; Zoom allows names of 64 characters."""


def horizon(started_at: float | None, duration: float | None) -> float:
    """Return up to which second the times of a recording's lines are offsets.

    Where the start is not known nobody could turn the clocks of chat and captions into offsets,
    and only a time within the recording can be one. Both arguments are those of the recording.
    """
    return math.inf if started_at is not None else (duration or -1.0)


def from_plain(text: str, *, until: float = math.inf) -> tuple[Cue, ...]:
    """Return the cues of what `plain_text` wrote, one for each line.

    Times, speakers and texts come back, to the second. A paragraph stays one cue, because the
    line does not tell any more where its parts began; and a sentence without a speaker that
    begins with a word and a colon takes that word for one.

    Args:
        text: the lines.
        until: what `horizon` says of the recording.
    """
    return tuple(cue_of(line, until=until) for line in text.split("\n") if line)


def cue_of(line: str, *, until: float = math.inf) -> Cue:
    """Return what one line of `plain_text` says; *until* is what `horizon` says."""
    told = _TIME.match(line)
    speaker, text, is_chat = _voice(line[told.end() :] if told else line)
    if told is None:
        return Cue(text, speaker=speaker, is_chat=is_chat)
    hours, minutes, seconds = map(int, told.groups())
    moment = hours * 3600.0 + minutes * 60 + seconds
    if moment > until or (is_chat and until < math.inf):
        return Cue(text, time_of_day=moment, speaker=speaker, is_chat=is_chat)
    return Cue(text, at=moment, speaker=speaker, is_chat=is_chat)


def _voice(said: str) -> tuple[str, str, bool]:
    """Return who says what, and whether it was written."""
    if said.startswith(f"{_CHAT} "):
        return "", said[len(_CHAT) + 1 :], True
    name, colon, text = said.partition(": ")
    if not colon or not text or len(name) > _LONGEST_NAME:
        return "", said, False
    if name.endswith(f" {_CHAT}"):
        return name[: -len(_CHAT) - 1], text, True
    return name, text, False
