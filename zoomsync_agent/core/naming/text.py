"""Names as text: for one line of a page, for a terminal, for a log."""

import unicodedata
from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

BIDI_CONTROLS: Final = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Characters that turn the direction of the text after them: `gpj.exe` could pose as a picture.

The marks U+200E, U+200F and U+061C are not among them; Arabic and Hebrew names need those.
"""

_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Zl", "Zp"})
_TWO_DIGITS: Final = 0xFF


def is_surrogate(char: str) -> bool:
    """Whether *char* is half of a pair: how Python shows a byte that is not UTF-8."""
    return unicodedata.category(char) == "Cs"


def is_control(char: str) -> bool:
    """Whether *char* moves the cursor, ends a line or turns the direction of text."""
    return char in BIDI_CONTROLS or unicodedata.category(char) in _UNSAFE_CATEGORIES


def display_name(name: str) -> str:
    r"""Return *name* so that it can be shown anywhere and cannot pretend to be another.

    Control characters, line ends and direction overrides become visible escapes (`\x1b`,
    `\u202e`), half characters become U+FFFD; everything else stays.
    """
    if name.isprintable() and BIDI_CONTROLS.isdisjoint(name):
        return name  # as nearly all are, and thousands are shown at once
    return "".join(_shown(char) for char in name)


def _shown(char: str) -> str:
    if is_surrogate(char):
        return REPLACEMENT
    if is_control(char):
        code = ord(char)
        return f"\\x{code:02x}" if code <= _TWO_DIGITS else f"\\u{code:04x}"
    return char


def one_line(text: str) -> str:
    """Return *text* in NFC as one line that any store accepts: no controls, no half characters."""
    kept = (REPLACEMENT if is_surrogate(c) else " " if is_control(c) else c for c in text)
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))
