"""The file that is being sent, as every destination must treat it."""

import hashlib
import os
from collections.abc import Callable
from typing import BinaryIO, Final

from zoomsync_agent.core.errors import SourceChanged
from zoomsync_agent.core.recording import FileIdentity, Outgoing

_READ_BYTES: Final = 1 << 20


def expect_unchanged(source: BinaryIO, outgoing: Outgoing) -> None:
    """Make sure that an open file is still the one that was hashed.

    Raises:
        SourceChanged: it is not.
    """
    wanted = FileIdentity(outgoing.size, outgoing.mtime_ns)
    if FileIdentity.of(os.fstat(source.fileno())) != wanted:
        raise SourceChanged(str(outgoing.path))


def md5_of(source: BinaryIO, offset: int, count: int, expect_time: Callable[[], None]) -> bytes:
    """Return the MD5 of *count* bytes from *offset* on, or of those up to the end of the file.

    Args:
        source: the file, open.
        offset: where they begin, in bytes.
        count: how many.
        expect_time: breaks off when told to.
    """
    md5 = hashlib.md5(usedforsecurity=False)
    source.seek(offset)
    while count and (piece := source.read(min(_READ_BYTES, count))):
        expect_time()
        md5.update(piece)
        count -= len(piece)
    return md5.digest()
