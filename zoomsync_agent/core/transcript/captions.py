"""Captions that a participant saved: `[Ann Smith] 18:05:11`, then what she said."""

import re
from typing import Final

from zoomsync_agent.core.transcript.cue import Cue, clock, tidy, untimed

_HEADER: Final = re.compile(
    r"\[(.{0,200})\][ \t]+([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[ \t]+(.*))?"
)


def parse_captions(text: str) -> list[Cue]:
    """Return the captions of *text*; what stands before the first header is free text."""
    free: list[str] = []
    spoken: list[tuple[str, float, list[str]]] = []
    for line in text.split("\n"):
        header = _HEADER.fullmatch(line)
        time = clock(header[2], header[3], header[4]) if header else None
        if header and time is not None:
            spoken.append((tidy([header[1]]), time, [header[5] or ""]))
        elif spoken:
            spoken[-1][2].append(line)
        else:
            free.append(line)
    cues = (Cue(tidy(said), time_of_day=time, speaker=name) for name, time, said in spoken)
    return untimed(free) + [cue for cue in cues if cue.text]
