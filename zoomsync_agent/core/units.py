"""Numbers as people read them."""

from datetime import UTC, datetime
from typing import Final

_STEP: Final = 1000


def readable_size(size: int) -> str:
    """Return a number of bytes in decimal units, as disks and file managers count."""
    amount = float(size)
    for unit in ("bytes", "KB", "MB", "GB"):
        if abs(amount) < _STEP:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= _STEP
    return f"{amount:.1f} TB"


def readable_files(count: int) -> str:
    """Return a number of files in words, with its noun."""
    return "1 file" if count == 1 else f"{count:,} files"


def readable_moment(at: float, now: float) -> str:
    """Return a moment to come as people say it, in their own zone: "19:04", "tomorrow, 8:00".

    Args:
        at: epoch seconds.
        now: the same, of now.
    """
    then, today = (datetime.fromtimestamp(one, UTC).astimezone() for one in (at, now))
    clock = f"{then.hour}:{then:%M}"
    days = (then.date() - today.date()).days
    if days == 0:
        return clock
    return f"tomorrow, {clock}" if days == 1 else f"{then.day} {then:%b %Y}, {clock}"
