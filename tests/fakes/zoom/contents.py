"""The bytes of recording files: held, or made while they are sent."""

import hashlib
import struct
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Final, Protocol

from tests.fakes.media import box, moov

_PIECE: Final = 1 << 18
# A prime near a mebibyte: nothing repeats at a round distance.
_BLOCK_BYTES: Final = 1_048_573


class Content(Protocol):
    """The bytes of one file."""

    @property
    def size(self) -> int:
        """How many there are."""

    def pieces(self, first: int, last: int) -> Iterator[bytes | memoryview]:
        """Yield the bytes from *first* to *last*, both included."""


class Held:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._data)

    def pieces(self, first: int, last: int) -> Iterator[bytes | memoryview]:
        """Yield the bytes from *first* to *last*, both included."""
        view = memoryview(self._data)[first : last + 1]
        for at in range(0, len(view), _PIECE):
            yield view[at : at + _PIECE]


class Pattern:
    """A file of any size that takes no memory: a valid MP4 whose content is made as it is read.

    Args:
        size: of the whole file.
        name: two patterns of different names differ.
        is_audio: its brand is that of an M4A.
        seconds: what its index says.
    """

    def __init__(
        self, size: int, name: str, *, is_audio: bool = False, seconds: float = 60.0
    ) -> None:
        brand = b"M4A \0\0\2\0M4A isomiso2" if is_audio else b"isom\0\0\2\0isomiso2mp41"
        start = box(b"ftyp", brand) + moov(seconds) + box(b"free", name.encode())
        if size < len(start) + 16:
            raise ValueError(f"{size} bytes are too few; {len(start) + 16} are the least")
        self._head = start + struct.pack(">I4sQ", 1, b"mdat", size - len(start))
        self._shift = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % _BLOCK_BYTES
        self._size = size

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._size

    def pieces(self, first: int, last: int) -> Iterator[bytes | memoryview]:
        """Yield the bytes from *first* to *last*, both included."""
        at, end, start = first, last + 1, len(self._head)
        if at < min(start, end):
            yield self._head[at:end]
            at = start
        block = _block()
        while at < end:
            place = (at - start + self._shift) % _BLOCK_BYTES
            piece = block[place : place + min(_PIECE, end - at)]
            yield piece
            at += len(piece)


@cache
def _block() -> memoryview:
    """Return the bytes that every pattern is cut from, none of them zero."""
    random = Random(1)  # noqa: S311  the same bytes every time
    return memoryview(random.randbytes(_BLOCK_BYTES).replace(b"\0", b"\1"))


def all_of(content: Content) -> bytes:
    """Return every byte of *content*."""
    return b"".join(content.pieces(0, content.size - 1))


def sha256_of(content: Content) -> str:
    """Return the hash of *content*, without holding all of it."""
    digest = hashlib.sha256()
    for piece in content.pieces(0, content.size - 1):
        digest.update(piece)
    return digest.hexdigest()
