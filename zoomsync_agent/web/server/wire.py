"""A request while it comes: how much of it is there, and a socket that makes nobody wait.

Source: RFC 9112, 6 (the body of a message) and 7.1 (chunks).
"""

import io
import math
import re
import socket
import time
from collections.abc import Collection
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

HEAD_BYTES: Final = 16 * 1024
SMALL_BODY_BYTES: Final = 32 * 1024
"""A body of so much is waited for; Windows holds 64 KiB of a connection that nobody reads."""
MOST_CHUNKS: Final = 64
"""Of a small body: each costs time to look at, again and again."""
IDLE_SECONDS: Final = 10
"""So long an upload or a download may stand still."""
_FRAMES_BYTES: Final = 1024
_PEEK_BYTES: Final = HEAD_BYTES + SMALL_BODY_BYTES + 2 * _FRAMES_BYTES
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n")
_CODING: Final = b"\r\ntransfer-encoding:"
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]{0,200})?\r\n")
_LONGEST_LINE: Final = 256
_LATE: Final = "timed out"  # cheroot knows it by this text


class Wire(socket.socket):
    """A client's socket, on which a thread waits only where it may, and only so long.

    Args:
        accepted: the same socket; it is not to be used any more.

    Attributes:
        read_seconds: so long a thread waits for what comes next. Not at all unless this is the body
            of an upload: all of any other request is there before a thread has to do with it, and
            where it is not, client and server have read its length differently.
        due: when all of an answer must have gone out.
    """

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.read_seconds = 0.0
        self.due = math.inf

    def peek(self) -> bytes | None:
        """Return what has come and was not read; empty at the other end's end, None for nothing."""
        self._allow(0.0)
        try:
            return self.recv(_PEEK_BYTES, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return b""

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        """Read as `socket.recv_into` does.

        Raises:
            TimeoutError: nothing has come.
        """
        self._allow(self.read_seconds)
        try:
            return super().recv_into(buffer, nbytes, flags)
        except BlockingIOError as exc:
            raise TimeoutError(_LATE) from exc

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        """Send as `socket.send` does.

        Raises:
            TimeoutError: the other end does not read.
        """
        left = self.due - time.monotonic()
        if left <= 0:
            raise TimeoutError(_LATE)
        self._allow(min(left, IDLE_SECONDS))
        return super().send(data, flags)

    def _allow(self, seconds: float) -> None:
        if self.gettimeout() != seconds:
            self.settimeout(seconds)


class Chunks(io.RawIOBase):
    """A body that comes in chunks, handed on in pieces however large those are.

    Args:
        source: the connection.
        most: so many there may be.
    """

    def __init__(self, source: IO[bytes], most: float = math.inf) -> None:
        super().__init__()
        self._source = source
        self._more = most
        self._left = 0
        self._is_over = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read a piece; 0 at the end of the body.

        Raises:
            ValueError: these are no chunks, or not all of them.
        """
        room = memoryview(buffer).cast("B")
        if not self._left and not self._is_over:
            self._begin()
        if self._is_over or not room:
            return 0
        data = self._source.read(min(len(room), self._left))
        if not data:
            raise ValueError("the body ends within a chunk")
        room[: len(data)] = data
        self._left -= len(data)
        if not self._left and self._source.read(2) != b"\r\n":
            raise ValueError("a chunk does not end where it should")
        return len(data)

    def _begin(self) -> None:
        line = _CHUNK.fullmatch(self._source.readline(_LONGEST_LINE))
        if line is None:
            raise ValueError("a chunk does not say how long it is")
        self._more -= 1
        if self._more < 0:
            raise ValueError("there are too many chunks")
        self._left = int(line[1], 16)
        self._is_over = not self._left  # what comes then is of no interest: the connection ends


def is_whole(there: bytes, takes_files: Collection[str]) -> bool:
    """Return whether all of a request has come that is waited for.

    Mistakes do no harm, see `Wire.read_seconds`; they cost the client its answer.

    Args:
        there: what has come.
        takes_files: paths under which a body is an upload, which nobody waits for here.
    """
    head, end, body = there.partition(_END)
    if len(head) > HEAD_BYTES:
        return True  # too much, which is refused
    if not end:
        return False
    lines = head.lower() + b"\r\n"
    if _CODING in lines:
        is_large = len(body) > SMALL_BODY_BYTES + _FRAMES_BYTES
        return is_large or _path(head) in takes_files or _are_all_there(body)
    found = _LENGTH.search(lines)
    length = int(found[1]) if found else 0
    return length > SMALL_BODY_BYTES or len(body) >= length


def _path(head: bytes) -> str:
    _method, _, rest = head.partition(b" ")
    return rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")


def _are_all_there(body: bytes) -> bool:
    """Return whether the last chunk has come, or what is none."""
    at = 0
    for _ in range(MOST_CHUNKS):
        line = _CHUNK.match(body, at)
        if line is None:
            return b"\n" in body[at : at + _LONGEST_LINE] or len(body) >= at + _LONGEST_LINE
        size = int(line[1], 16)
        if not size:
            return True
        at = line.end() + size + 2
    return True
