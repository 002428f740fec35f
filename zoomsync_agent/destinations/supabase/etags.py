"""What S3 calls an object that arrived in several requests.

Storage keeps what it is sent as parts of an S3 multipart upload: each request of 5 MiB or more is
one, a smaller one grows by the next. The object's ETag is the MD5 of its parts' MD5s and their
number, so whoever has sent it without a break can tell it beforehand.

Source: Amazon S3, "Checking object integrity"; how parts are cut was seen on a Storage server.
"""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from hashlib import _Hash

_SMALLEST_PART: Final = 5 << 20
_READ_BYTES: Final = 1 << 20
_LARGEST_PART: Final = 50 << 20


class PartTally:
    """The parts of one object so far."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._open = _md5()
        self._open_bytes = 0

    def begin(self) -> "_Hash":
        """Return what is to take in the bytes of the next request."""
        return self._open.copy()

    def end(self, md5: "_Hash", count: int) -> bool:
        """Take note of a request of *count* bytes that arrived whole.

        Returns:
            False if it cannot be told any more how the object is cut.
        """
        if self._open_bytes + count > _LARGEST_PART:
            return False
        self._open, self._open_bytes = md5, self._open_bytes + count
        if self._open_bytes >= _SMALLEST_PART:
            self._close()
        return True

    def etag(self) -> str:
        """Return the ETag of the object that ends here."""
        if self._open_bytes or not self._parts:
            self._close()
        whole = _md5(b"".join(self._parts)).hexdigest()
        return f"{whole}-{len(self._parts)}"

    def _close(self) -> None:
        self._parts.append(self._open.digest())
        self._open, self._open_bytes = _md5(), 0


def etag_of_file(
    source: BinaryIO, size: int, chunk_bytes: int | None, expect_time: Callable[[], None]
) -> str:
    """Return the ETag of a file that arrived in one go.

    Args:
        source: the file, open.
        size: in bytes.
        chunk_bytes: what was sent at a time; None for all of it in one request.
        expect_time: breaks off when told to.
    """
    source.seek(0)
    whole, tally, done = _md5(), PartTally(), 0
    while done < size:
        count = min(chunk_bytes or size, size - done)
        md5, left = tally.begin(), count
        while left:
            expect_time()
            piece = source.read(min(_READ_BYTES, left))
            if not piece:
                return ""
            left -= len(piece)
            (whole if chunk_bytes is None else md5).update(piece)
        if chunk_bytes is not None and not tally.end(md5, count):
            return ""
        done += count
    return whole.hexdigest() if chunk_bytes is None else tally.etag()


def _md5(data: bytes = b"") -> "_Hash":
    return hashlib.md5(data, usedforsecurity=False)
