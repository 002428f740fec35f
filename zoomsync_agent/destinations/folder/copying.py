"""Moves bytes between two open files in the cheapest way that the file system offers.

A reflink shares the blocks and takes no time (btrfs, XFS); `copy_file_range` copies inside the
kernel or on the file server; reading and writing always works.
"""

import errno
import os
import sys
from typing import BinaryIO, Final

_FICLONE: Final = 0x40049409
"""ioctl number from Linux's <linux/fs.h>: share all blocks of the source."""
_BUFFER_BYTES: Final = 1 << 20
_NOT_HERE: Final = frozenset(
    {
        errno.ENOSYS,
        errno.EXDEV,
        errno.EINVAL,
        errno.EOPNOTSUPP,
        errno.ENOTTY,
        errno.EPERM,
        errno.EBADF,
        errno.ETXTBSY,
    }
)


class Copier:
    """Copies from one open file to the same offsets of another."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source = source
        self._target = target
        self._in_kernel = sys.platform == "linux"
        self._buffer: memoryview | None = None

    def clone(self) -> bool:
        """Share all blocks of the source; return whether the file system can."""
        if sys.platform != "linux":
            return False
        import fcntl  # noqa: PLC0415  POSIX only

        try:
            fcntl.ioctl(self._target.fileno(), _FICLONE, self._source.fileno())
        except OSError as exc:
            if exc.errno in _NOT_HERE:
                return False
            raise
        return True

    def move(self, offset: int, count: int) -> int:
        """Copy up to *count* bytes at *offset*; return how many, 0 at the end of the source."""
        if self._in_kernel:
            try:
                moved = self._move_in_kernel(offset, count)
            except OSError as exc:
                if exc.errno not in _NOT_HERE:
                    raise
                moved = 0
            if moved:
                return moved
            # Some file systems say "nothing copied" where they mean "not here".
            self._in_kernel = False
        return self._move_by_hand(offset, count)

    def _move_in_kernel(self, offset: int, count: int) -> int:
        if sys.platform != "linux":  # pragma: no cover  for the type checker
            return 0
        moved = 0
        while moved < count:
            step = os.copy_file_range(
                self._source.fileno(),
                self._target.fileno(),
                count - moved,
                offset + moved,
                offset + moved,
            )
            if step == 0:
                break
            moved += step
        return moved

    def _move_by_hand(self, offset: int, count: int) -> int:
        if self._buffer is None:
            self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._source.seek(offset)
        self._target.seek(offset)
        moved = 0
        while moved < count:
            got = self._source.readinto(self._buffer[: count - moved])  # type: ignore[attr-defined]
            if not got:
                break
            view = self._buffer[:got]
            while view:
                view = view[self._target.write(view) :]
            moved += got
        return moved
