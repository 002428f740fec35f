"""What S3 calls an object that arrived in several requests.

Storage keeps what it is sent as parts of an S3 multipart upload: each request of 5 MiB or more is
one, a smaller one grows by the next. The object's ETag is the MD5 of its parts' MD5s and their
number, so whoever has sent it without a break can tell it beforehand.

Source: Amazon S3, "Checking object integrity"; how parts are cut was seen on a Storage server.
"""

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hashlib import _Hash

_SMALLEST_PART: Final = 5 << 20
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


def _md5(data: bytes = b"") -> "_Hash":
    return hashlib.md5(data, usedforsecurity=False)
