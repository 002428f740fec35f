"""A transcript as the page shows it: lines with their seconds, what was searched for marked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from zoomsync_agent.core.transcript import Cue
from zoomsync_agent.web.pages.words import clock

_LAST_SECONDS: Final = 5.0
"""So long a line is shown after which none comes, where its end is not told."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `at` is its second, None where it has none; `text` is marked up.

    `time` is what a clock showed, where only that is known.
    """

    number: int
    at: float | None
    speaker: str
    text: Markup
    is_chat: bool
    is_hit: bool
    time: str = ""


def lines(cues: Sequence[Cue], wanted: str = "") -> list[Line]:
    """Return the lines of a transcript with the words of *wanted* marked."""
    pattern = _pattern(wanted)
    return [
        Line(
            number,
            cue.at,
            cue.speaker,
            marked(cue.text, pattern),
            cue.is_chat,
            pattern is not None and pattern.search(cue.text) is not None,
            clock(cue.time_of_day) if cue.at is None and cue.time_of_day is not None else "",
        )
        for number, cue in enumerate(cues)
        if not cue.is_private
    ]


def marked(text: str, pattern: re.Pattern[str] | None) -> Markup:
    """Return *text* escaped, with what fits *pattern* marked."""
    if pattern is None:
        return escape(text)
    pieces, end = [], 0
    for found in pattern.finditer(text):
        pieces.append(escape(text[end : found.start()]))
        pieces.append(Markup("<mark>{}</mark>").format(found[0]))
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


def _pattern(wanted: str) -> re.Pattern[str] | None:
    """Return what finds each word of *wanted* at the beginning of one, as the search does."""
    words = [re.escape(word) for word in wanted.split()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})\w*", re.IGNORECASE) if words else None


def captions(cues: Sequence[Cue]) -> str:
    """Return what was said as WebVTT, for the player."""
    spoken = [cue for cue in cues if cue.at is not None and not cue.is_chat and not cue.is_private]
    blocks = ["WEBVTT"]
    for cue, following in zip(spoken, [*spoken[1:], None], strict=True):
        start = cue.at or 0.0
        later = following.at if following is not None else None
        end = cue.end or later or start + _LAST_SECONDS
        text = " ".join(_plain(cue.text).split())
        who = f"<v {_plain(cue.speaker)}>" if cue.speaker else ""
        blocks.append(f"{_stamp(start)} --> {_stamp(max(end, start + 0.1))}\n{who}{text}")
    return "\n\n".join(blocks) + "\n"


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stamp(seconds: float) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{thousandths:03}"
