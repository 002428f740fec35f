"""HTTP/1.1 as far as the stand-in needs it: large pieces, and an end wherever a test wants one.

Source: RFC 9112. No proxies, no trailers, no pipelining beyond what a buffer happens to hold.
"""

import contextlib
import json
import select
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from tests.fakes.http_server.messages import Seen

_PIECE: Final = 1 << 20
_HEAD: Final = 1 << 16
_SHOWN: Final = 1 << 16
# Linux: the kernel drops what nobody looks at instead of copying it (tcp(7)).
_DROP: Final = socket.MSG_TRUNC if sys.platform == "linux" else 0
_GONE: Final = getattr(select, "POLLRDHUP", 0)


class Vanished(Exception):
    """The client closed the connection, or a fault makes it look so."""


class Malformed(Exception):
    """What arrived is not HTTP/1.1."""


class Wire:
    """One connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = memoryview(bytearray(_PIECE))
        self._ahead = b""
        self.is_stopped = False
        self._is_ended = False

    def request(self) -> "Request | None":
        """Wait for the next request; None where the client has closed instead.

        Raises:
            Malformed: it is no request.
            Vanished: it broke off within the head.
        """
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, version = lines[0].split(" ")
            pairs = [line.split(":", 1) for line in lines[1:]]
            headers = {name.lower(): value.strip() for name, value in pairs}
            chunked = headers.get("transfer-encoding", "").lower() == "chunked"
            length = None if chunked else int(headers.get("content-length", "0"))
        except ValueError as exc:
            raise Malformed(lines[0][:100]) from exc
        path, _, raw_query = target.partition("?")
        query = dict(parse_qsl(raw_query, keep_blank_values=True))
        if headers.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        seen = Seen(method, path, query, headers)
        closes = version == "HTTP/1.0" or headers.get("connection", "").lower() == "close"
        return Request(seen, Body(self, length), raw_query, self, closes)

    def _until(self, mark: bytes) -> bytes | None:
        data = self._ahead
        while mark not in data:
            if len(data) > _HEAD:
                raise Malformed("the head is too long")
            more = self._receive()
            if not more and not data:
                return None
            if not more:
                raise Vanished
            data += more
        found, _, self._ahead = data.partition(mark)
        return found

    def line(self) -> bytes:
        """Return the next line, without its end.

        Raises:
            Vanished: it broke off.
        """
        found = self._until(b"\r\n")
        if found is None:
            raise Vanished
        return found

    def _receive(self) -> bytes:
        try:
            data = self._sock.recv(_HEAD)
        except OSError:
            data = b""
        self._is_ended = not data
        return data

    def some(self, most: int, *, looked_at: bool) -> memoryview:
        """Return 1 to *most* bytes, valid until the next call; empty at the end.

        Args:
            most: no more bytes than these.
            looked_at: False where only the number counts; the bytes are then anything.
        """
        if self._ahead:
            piece, self._ahead = self._ahead[:most], self._ahead[most:]
            return memoryview(piece)
        try:
            count = self._sock.recv_into(self._buffer, min(most, _PIECE), 0 if looked_at else _DROP)
        except OSError:
            count = 0
        self._is_ended = not count
        return self._buffer[:count]

    def send(self, data: bytes | memoryview) -> None:
        """Send all of *data*.

        Raises:
            Vanished: nobody takes it.
        """
        try:
            self._sock.sendall(data)
        except OSError as exc:
            raise Vanished from exc

    def stop_reading(self) -> None:
        """End the body that is being read in another thread."""
        self.is_stopped = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RD)

    def is_abandoned(self) -> bool:
        """Return whether the client has closed its end, as far as that can be seen.

        What it sent before and nobody has read may hide it.
        """
        if self._is_ended:
            return True
        try:
            return self._has_left()
        except (OSError, ValueError):
            return True

    def _has_left(self) -> bool:
        if not _GONE:
            readable, _, _ = select.select([self._sock], [], [], 0)
            return bool(readable) and not self._sock.recv(1, socket.MSG_PEEK)
        poll = select.poll()
        poll.register(self._sock, _GONE)
        return any(event & (_GONE | select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))

    def close(self) -> None:
        """Close the connection, at once, whoever is waiting for it."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def hang_up(self) -> None:
        """Wake whoever waits for the client; what was waiting closes the connection itself."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)


class Body:
    """Body of one request, taken from the connection as it is asked for.

    Attributes:
        length: in bytes; None where it comes in chunks of unknown sum.
        taken: how many bytes were read.
        cut_at: after so many bytes the client seems to vanish.
        stop_at: after so many bytes the server stops listening.
        is_stopped: the server stopped listening before the end.
    """

    def __init__(self, wire: Wire, length: int | None) -> None:
        self._wire = wire
        self._left = length or 0
        self._in_chunk = False
        self.length = length
        self.taken = 0
        self.cut_at: int | None = None
        self.stop_at: int | None = None
        self.is_stopped = False
        self.is_whole = length == 0
        self.beginning = b""

    def pieces(self, *, looked_at: bool = True) -> Iterator[memoryview]:
        """Yield what is left of the body; each piece is valid until the next one.

        Raises:
            Vanished: the client went away in the middle.
        """
        if self.is_whole or self.is_stopped:
            return
        yield from self._chunks(looked_at) if self.length is None else self._bytes(looked_at)
        self.is_whole = not self.is_stopped

    def _chunks(self, looked_at: bool) -> Iterator[memoryview]:
        """Yield the rest; whoever stopped in the middle of a chunk goes on there (section 7.1)."""
        while True:
            if self._in_chunk:
                yield from self._bytes(looked_at)
                if self.is_stopped:
                    return
                self._wire.line()
                self._in_chunk = False
            try:
                self._left = int(self._wire.line().partition(b";")[0], 16)
            except ValueError as exc:
                raise Vanished from exc
            if not self._left:
                self._wire.line()
                return
            self._in_chunk = True

    def _bytes(self, looked_at: bool) -> Iterator[memoryview]:
        while self._left:
            if self.cut_at is not None and self.taken >= self.cut_at:
                raise Vanished
            if self._wire.is_stopped or (self.stop_at is not None and self.taken >= self.stop_at):
                self.is_stopped = True
                return
            ends = [at - self.taken for at in (self.cut_at, self.stop_at) if at is not None]
            piece = self._wire.some(min(self._left, *ends, self._left), looked_at=looked_at)
            if not piece and self._wire.is_stopped:
                self.is_stopped = True
                return
            if not piece:
                raise Vanished
            self.taken += len(piece)
            self._left -= len(piece)
            yield piece

    def read(self) -> bytes:
        """Return all of the body.

        Raises:
            Vanished: the client went away in the middle.
        """
        data = b"".join(bytes(piece) for piece in self.pieces())
        self.beginning = data[:_SHOWN]
        return data

    def discard(self) -> None:
        """Read what is left and forget it.

        Raises:
            Vanished: the client went away in the middle.
        """
        for _ in self.pieces(looked_at=False):
            pass


@dataclass(slots=True)
class Request:
    """One request whose body may not have been read yet."""

    seen: Seen
    body: Body
    raw_query: str
    wire: Wire
    closes: bool
    """The client wants the connection closed afterwards."""

    @property
    def method(self) -> str:
        """GET, PATCH and the like."""
        return self.seen.method

    @property
    def path(self) -> str:
        """Path of the request with its percent-encoding undone."""
        return unquote(self.seen.path)

    @property
    def headers(self) -> dict[str, str]:
        """Headers by their names in lower case."""
        return self.seen.headers

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the query."""
        return self.seen.query

    @property
    def bearer(self) -> str | None:
        """The token of the header Authorization; None without the header."""
        value = self.headers.get("authorization")
        return None if value is None else value.removeprefix("Bearer ").strip()

    def json(self) -> dict[str, Any]:
        """Read the body as a JSON object; empty where it is none.

        Raises:
            Vanished: the client went away in the middle.
        """
        try:
            value = json.loads(self.body.read() or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def form(self) -> dict[str, str]:
        """Read the body as a form; empty where it is none.

        Raises:
            Vanished: the client went away in the middle.
        """
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        text = self.body.read().decode("utf-8", "replace")
        is_form = kind == "application/x-www-form-urlencoded"
        return dict(parse_qsl(text, keep_blank_values=True)) if is_form else {}
