"""The bytes of one file on their way out: paced, stoppable, and surely those that were meant.

A body never ends before all that has been read of the file adds up to its hash and the file has
been found unchanged: the last piece is handed over only after that, so that no remote side can
complete an object of anything else.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from zoomsync_agent.core.errors import SourceChanged, VerificationFailed
from zoomsync_agent.core.os_errors import reading
from zoomsync_agent.core.recording import Outgoing
from zoomsync_agent.destinations.hashing import Hashing
from zoomsync_agent.destinations.source_file import expect_unchanged

if TYPE_CHECKING:
    from hashlib import _Hash

PIECE_BYTES: Final = 1 << 19
_SMALL_FILE: Final = 8 << 20
_SMALLEST_PIECE: Final = 1 << 12
_PIECES_A_SECOND: Final = 8
_FOR_EACH: Final = 1 << 17
"""Bytes per second that are worth a part of its own."""


class ToldToStop(Exception):
    """The body was broken off on purpose; what has arrived is kept."""


def piece_bytes(bytes_per_second: int) -> int:
    """Return how much of a body moves at a time: little where it may only move slowly.

    Args:
        bytes_per_second: the bandwidth limit, 0 for none.
    """
    if not bytes_per_second:
        return PIECE_BYTES
    share = bytes_per_second // _PIECES_A_SECOND
    return min(PIECE_BYTES, max(share, _SMALLEST_PIECE))


def fitting(parallel: int, bytes_per_second: int) -> int:
    """Return how many parts may be on their way at a time under a bandwidth limit.

    With too many each one would be silent for longer than a server waits for it.
    """
    return max(1, min(parallel, bytes_per_second // _FOR_EACH)) if bytes_per_second else parallel


class Outflow:
    """Reads one file for one upload, for as long as the context lasts. Not thread-safe.

    Args:
        source: the file, opened without a buffer.
        outgoing: what it must be.
        stop: asked before each piece.
        pace: told of each piece before it moves.
        bytes_per_second: the bandwidth limit, 0 for none; under one, pieces are small.
    """

    def __init__(
        self,
        source: BinaryIO,
        outgoing: Outgoing,
        *,
        stop: Callable[[], bool],
        pace: Callable[[int], None],
        bytes_per_second: int = 0,
    ) -> None:
        self._source = source
        self._outgoing = outgoing
        self._stop = stop
        self._pace = pace
        self._piece_bytes = piece_bytes(bytes_per_second)
        # Where the last body began and where it ended, with the hash of all that lies before.
        self._hashed: list[tuple[int, _Hash]] = [(0, hashlib.sha256())]
        self._hashing = Hashing()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._hashing.close()

    @property
    def source(self) -> BinaryIO:
        """The file."""
        return self._source

    def settle(self) -> None:
        """Return when the hashes have taken in all that was handed over."""
        self._hashing.settle()

    def expect_unchanged(self) -> None:
        """Make sure that the file is still the one that was meant.

        Raises:
            SourceChanged: it is not.
        """
        expect_unchanged(self._source, self._outgoing)

    def expect_time(self) -> None:
        """Break off if told to.

        Raises:
            ToldToStop: told to stop.
        """
        if self._stop():
            raise ToldToStop

    def body(
        self, offset: int, count: int, *, may_stop: bool, md5: "_Hash | None" = None
    ) -> Iterator[bytes]:
        """Return *count* bytes from *offset* on, in pieces; *md5* takes them in until `settle`.

        What lies before is read now and not with the first piece: that may take minutes, and
        neither a server nor a proxy waits so long for a request that was begun.

        Raises:
            ToldToStop: now, and before a piece unless this body must not be broken off.
            SourceChanged: the file is not the one that was meant.
            VerificationFailed: it does not hold what was hashed before.
        """
        sha256 = self._hash_before(offset)
        self._hashed = [(0, hashlib.sha256()), (offset, sha256.copy())]
        if not count and offset == self._outgoing.size:
            self._expect_content(sha256)
        return self._pieces(offset, count, sha256, may_stop=may_stop, md5=md5)

    def _pieces(
        self, offset: int, count: int, sha256: "_Hash", *, may_stop: bool, md5: "_Hash | None"
    ) -> Iterator[bytes]:
        is_last = offset + count == self._outgoing.size
        self._source.seek(offset)
        beside, here = md5, [sha256]
        if md5 is None and self._outgoing.size > _SMALL_FILE:
            beside, here = sha256, []
        left = count
        while left:
            if may_stop:
                self.expect_time()
            piece = self._read(left)
            self._pace(len(piece))
            # The slower hash goes on beside the sending; for a second one, and for small files of
            # which several are on their way, a thread costs more than it gains.
            if beside is not None:
                self._hashing.feed([beside], piece)
            for one in here:
                one.update(piece)
            left -= len(piece)
            if not left:
                self.expect_unchanged()
                if is_last:
                    self._hashing.settle()
                    self._expect_content(sha256)
                self._hashed.append((offset + count, sha256))
            yield piece

    def _hash_before(self, offset: int) -> "_Hash":
        """Return the hash of what lies before *offset*, read again as far as need be."""
        self._hashing.settle()
        at, known = max((one for one in self._hashed if one[0] <= offset), key=lambda one: one[0])
        sha256 = known.copy()
        self._source.seek(at)
        while at < offset:
            self.expect_time()
            piece = self._read(offset - at)
            sha256.update(piece)
            at += len(piece)
        return sha256

    def _read(self, most: int) -> bytes:
        piece = self._source.read(min(self._piece_bytes, most))
        if not piece:
            raise SourceChanged(f"{self._outgoing.path} became shorter")
        return piece

    def _expect_content(self, sha256: "_Hash") -> None:
        if sha256.hexdigest() != self._outgoing.sha256:
            raise VerificationFailed(f"{self._outgoing.path} does not hold what was read at first")


@contextmanager
def flowing(
    outgoing: Outgoing,
    *,
    stop: Callable[[], bool],
    pace: Callable[[int], None],
    bytes_per_second: int = 0,
) -> Iterator[Outflow]:
    """Open a file for one upload, if it is still the one that was meant; see `Outflow`.

    Raises:
        SourceMissing: it is gone.
        SourceChanged: it is another one by now.
    """
    with (
        reading(outgoing.path),
        outgoing.path.open("rb", buffering=0) as source,
        Outflow(source, outgoing, stop=stop, pace=pace, bytes_per_second=bytes_per_second) as flow,
    ):
        flow.expect_unchanged()
        yield flow
