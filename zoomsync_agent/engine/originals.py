"""One file on this computer, told from any other that may take its place, and read whole."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from zoomsync_agent.core.freeing import Stays
from zoomsync_agent.core.readiness import Reason
from zoomsync_agent.ports import FileRecord, Keepsake

_READ_BYTES: Final = 1 << 20


Claims = Callable[[FileRecord], str | None]
"""Tells for which other profile a file has to stay, and why; None where for none."""


class FileStays(Exception):
    """The file stays where it is.

    Args:
        why: the reason.
        detail: what exactly, for people.
    """

    def __init__(self, why: Stays, detail: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.detail = detail


def nobody_claims() -> AbstractContextManager[Claims]:
    """Give what no other profile needs: there is none."""
    return contextlib.nullcontext(lambda _file: None)


def expect_unclaimed(file: FileRecord, claims: Claims) -> None:
    """Go on only with what no other profile needs.

    Raises:
        FileStays: one does.
    """
    why = claims(file)
    if why is not None:
        raise FileStays(Stays.OTHER_PROFILE, why)


def expect_due(one: Keepsake, before: float, *, is_asked: bool) -> None:
    """Go on only with what every destination has, and what is old enough.

    Args:
        one: an original, and what is known of it.
        before: it must have been made before that, epoch seconds.
        is_asked: somebody asks for it at this moment; else it must have been found before, too.

    Raises:
        FileStays: it stays.
    """
    if one.file.verdict.reason is Reason.HISTORY:
        raise FileStays(Stays.LEFT_OUT)
    if one.is_cancelled:
        raise FileStays(Stays.CANCELLED)
    is_known = one.file.verdict.is_ready and one.file.sha256 is not None
    if not (is_known and one.is_done) or one.is_waiting:
        raise FileStays(Stays.WAITING)
    if one.recorded_at > before or not (is_asked or one.first_seen <= before):
        raise FileStays(Stays.YOUNG)
    if one.restored_at is not None and one.restored_at > before:
        raise FileStays(Stays.RESTORED)
    if one.is_meeting_busy:
        raise FileStays(Stays.UNFINISHED)


class ToldToStop(Exception):
    """Somebody wants the work to end."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells a file that lies at a path from any other that may take its place."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Stamp":
        """Return the stamp in what `os.stat` said."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def is_same_file(self, other: "Stamp") -> bool:
        """Return whether both are one file, perhaps under two names."""
        return (self.device, self.inode) == (other.device, other.inode)


def sha256_of(
    path: Path,
    stamp: Stamp,
    stop: Callable[[], bool],
    pace: Callable[[int], object] = lambda _count: None,
) -> str | None:
    """Return the hash of a file, read whole at this moment; None where it is another one by now.

    Args:
        path: the file.
        stamp: as it was found.
        stop: asked between pieces.
        pace: called with the number of bytes before they are read.

    Raises:
        OSError: it cannot be read.
        ToldToStop: on the way.
    """
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_READ_BYTES))
    with path.open("rb", buffering=0) as source:
        if not _is(source.fileno(), stamp):
            return None
        left = stamp.size
        while True:
            pace(min(left, _READ_BYTES))
            count = source.readinto(buffer)
            if not count:
                break
            left -= count
            digest.update(buffer[:count])
            if stop():
                raise ToldToStop
        return digest.hexdigest() if _is(source.fileno(), stamp) else None


def _is(descriptor: int, stamp: Stamp) -> bool:
    found = Stamp.of(os.fstat(descriptor))
    # Windows tells another time of creation of a file that is open.
    return replace(found, ctime_ns=stamp.ctime_ns) == stamp


def is_one_file(copy: Path, stamp: Stamp) -> bool:
    """Return whether *copy* leads to the very file of *stamp*; what cannot be seen does not."""
    try:
        return Stamp.of(copy.stat()).is_same_file(stamp)
    except OSError:
        return False
