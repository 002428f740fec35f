"""Bytes on their way in, and who may bring them: one request at a time for one upload."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.http_server.wire import Body, Request
from tests.fakes.supabase_server.refusals import Refusal

SMALLEST_PART: Final = 5 << 20
LARGEST_PART: Final = 50 << 20
_REAL_WAIT: Final = 3.5
_REAL_TIMEOUT: Final = 5.0


class Intake:
    """Bytes of one object on their way in, and the ETag they will have.

    Args:
        keep: False only counts them.
        hashing: False leaves the ETag out.
        in_parts: as S3 does with several requests: each of 5 to 50 MiB, a smaller one grows.
    """

    def __init__(self, *, keep: bool, hashing: bool, in_parts: bool) -> None:
        self.size = 0
        self.data = bytearray() if keep else None
        self._hashing = hashing
        self._in_parts = in_parts
        self._part = hashlib.md5(usedforsecurity=False)
        self._part_size = 0
        self._digests: list[bytes] = []

    @property
    def is_looked_at(self) -> bool:
        """Whether the bytes matter, and not only their number."""
        return self._hashing or self.data is not None

    def take(self, body: Body, most: int | None = None) -> bool:
        """Take the rest of *body*; False where it is more than *most* bytes.

        Raises:
            Vanished: the client went away; what had come is here.
        """
        for piece in body.pieces(looked_at=self.is_looked_at):
            if most is not None and self.size + len(piece) > most:
                return False
            self.add(piece)
        return True

    def add(self, piece: memoryview) -> None:
        """Take one piece."""
        self.size += len(piece)
        if self.data is not None:
            self.data += piece
        while self._hashing and piece:
            room = LARGEST_PART - self._part_size if self._in_parts else len(piece)
            self._part.update(piece[:room])
            self._part_size += len(piece[:room])
            piece = piece[room:]
            if self._in_parts and self._part_size == LARGEST_PART:
                self._close_part()

    def end_request(self, *, final: bool) -> None:
        """Close the part where it is large enough, or the last one."""
        if self._in_parts and self._part_size and (final or self._part_size >= SMALLEST_PART):
            self._close_part()

    def _close_part(self) -> None:
        self._digests.append(self._part.digest())
        self._part = hashlib.md5(usedforsecurity=False)
        self._part_size = 0

    def mark(self) -> tuple[Any, ...]:
        """Return what `rewind` needs to come back here."""
        return self.size, self._part.copy(), self._part_size, len(self._digests)

    def rewind(self, mark: tuple[Any, ...]) -> None:
        """Forget what came after *mark*."""
        self.size, self._part, self._part_size, count = mark
        del self._digests[count:]
        if self.data is not None:
            del self.data[self.size :]

    @property
    def digest(self) -> bytes:
        """MD5 of all that came in one request; empty where there was no hashing."""
        return self._part.digest() if self._hashing else b""

    @property
    def etag(self) -> str:
        """The ETag with its quotes; no MD5 where there was no hashing."""
        if not self._hashing:
            return '"unhashed"'
        if not self._in_parts:
            return f'"{self._part.hexdigest()}"'
        whole = hashlib.md5(b"".join(self._digests), usedforsecurity=False).hexdigest()
        return f'"{whole}-{len(self._digests)}"'


class Turn:
    """One request at a time for one upload, and how the next one gets its turn."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holder: Request | None = None
        self._is_receiving = False

    @contextmanager
    def held(self, request: Request, wait: float) -> Iterator[None]:
        """Take the turn; after *wait* seconds a body that is still coming is cut.

        Raises:
            Refusal: whoever has the turn does not give it up in time.
        """
        started = time.monotonic()
        with self._changed:
            while self._holder is not None:
                waited = time.monotonic() - started
                if waited >= wait * _REAL_TIMEOUT / _REAL_WAIT:
                    raise Refusal(503, "", "", "acquiring lock timeout")
                if waited >= wait and self._is_receiving:
                    self._holder.wire.stop_reading()
                self._changed.wait(0.01)
            self._holder = request
        try:
            yield
        finally:
            with self._changed:
                self._holder = None
                self._changed.notify_all()

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Be ready to be cut meanwhile."""
        with self._changed:
            self._is_receiving = True
        try:
            yield
        finally:
            with self._changed:
                self._is_receiving = False


@dataclass(slots=True)
class Upload:
    """A resumable upload. `length` is None while the client has not told it."""

    id: str
    bucket: str
    key: str
    version: str
    length: int | None
    metadata: dict[str, str]
    owner: str
    expires_at: float
    intake: Intake
    is_finished: bool = False
    turn: Turn = field(default_factory=Turn)

    @property
    def offset(self) -> int:
        """How many bytes are here."""
        return self.intake.size
