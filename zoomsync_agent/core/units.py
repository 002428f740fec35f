"""Numbers as people read them."""

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
