"""Ranges of bytes (RFC 9110, section 14.1.2)."""

import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=([0-9]*)-([0-9]*)")


def span(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte that a header Range asks for.

    The first one is the larger one where nothing can be given; None without a range, and for a
    header that is none, which a server ignores.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None:
        return None
    begin, end = match[1], match[2]
    if not begin:
        return (max(0, size - int(end)), size - 1) if end and int(end) else (1, 0)
    return int(begin), min(int(end), size - 1) if end else size - 1
