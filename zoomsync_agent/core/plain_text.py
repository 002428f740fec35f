"""Texts of others on one line: whatever they hold, nothing that shows them is misled or refuses."""

import unicodedata
from typing import Final

_BLANK: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Categories of characters that are not shown, or that turn the text around."""


def plain(text: str) -> str:
    """Return *text* on one line, without control characters, marks of direction and lone halves."""
    shown = "".join(" " if unicodedata.category(one) in _BLANK else one for one in text)
    return " ".join(shown.split())
