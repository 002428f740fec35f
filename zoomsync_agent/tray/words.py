"""Texts as they fit into a tray: on one line, not too long, without what menus would misread."""

import re
from typing import Final

from zoomsync_agent.core.plain_text import plain

__all__ = ["cut", "cut_utf16", "lines", "plain", "sentence"]

LONGEST: Final = 60
"""So many characters of a line are shown."""
_ELLIPSIS: Final = "…"
_COMMAND: Final = re.compile(r"\s*\(zoomsync [^()]*\)|[;.]?\s+[\w ]+: zoomsync [\w /-]+\.?$")
"""What only helps in a terminal: whoever reads a menu clicks."""


def cut(text: str, longest: int = LONGEST) -> str:
    """Return *text* with at most *longest* characters; an ellipsis says that there is more."""
    if len(text) <= longest:
        return text
    return text[: longest - 1].rstrip() + _ELLIPSIS


def cut_utf16(text: str, units: int) -> str:
    """Return *text* cut to what fits into *units* of UTF-16, as Windows counts."""
    if _units(text) <= units:
        return text
    kept = text
    while kept and _units(kept) > units - 1:
        kept = kept[:-1]
    return kept.rstrip() + _ELLIPSIS


def sentence(text: str) -> str:
    """Return a sentence of the snapshot without the commands that it may name."""
    said = _COMMAND.sub("", plain(text)).strip()
    return said if not said or said.endswith((".", "!", "?")) else f"{said}."


def lines(text: str, most: int = 2, longest: int = LONGEST) -> list[str]:
    """Return *text* on at most *most* lines; the last one may be cut.

    It is broken where a sentence ends, if that is not too near to the beginning, else at a blank.
    """
    broken: list[str] = []
    rest = text
    while len(rest) > longest and len(broken) < most - 1:
        at = rest.rfind(". ", longest // 3, longest + 1) + 1 or rest.rfind(" ", 0, longest + 1)
        if at <= 0:
            break
        broken.append(rest[:at])
        rest = rest[at + 1 :]
    return [*broken, cut(rest, longest)] if rest or not broken else broken


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
