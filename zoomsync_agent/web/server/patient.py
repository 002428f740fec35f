"""cheroot, with what it lacks: it makes nobody wait for those who are slow.

Loaded on the service's own thread: it costs a tenth of a second, and nothing waits for it.
"""

import contextlib
import logging
import math
import re
import time
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10, Server

from zoomsync_agent.web.server.lobby import Lobby
from zoomsync_agent.web.server.wire import (
    HEAD_BYTES,
    IDLE_SECONDS,
    MOST_CHUNKS,
    SMALL_BODY_BYTES,
    Chunks,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_log = logging.getLogger(__name__)
THREADS: Final = 16
"""As many requests at a time; `Pulse` may take up half of them."""
SHORT_ANSWER_BYTES: Final = 1 << 20
"""Who does not take so much within the deadline has stopped reading."""
_STOP_SECONDS: Final = 3
_BACKLOG: Final = 128
_QUIET_SECONDS: Final = 60.0
_MOST_KINDS: Final = 100
_NUMBERS: Final = re.compile(r"\d+")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH: Final = b"Content-Length"
_CODING: Final = b"Transfer-Encoding"
_ONCE: Final = frozenset({_LENGTH, b"Host"})
_MOST_DIGITS: Final = 18


class _Fields(dict[bytes, bytes]):
    """The lines of a request's head; what counts is said once, and in one way."""

    def __setitem__(self, name: bytes, value: bytes) -> None:
        if name in _ONCE and name in self:
            raise ValueError("A header comes twice.")
        if name == _LENGTH and not (value.isdigit() and len(value) <= _MOST_DIGITS):
            raise ValueError("Malformed Content-Length Header.")
        super().__setitem__(name, value)


class _Names(HeaderReader):
    """Reads no name that means another one to others."""

    def _transform_key(self, key_name: bytes) -> bytes:
        if not _NAME.fullmatch(key_name):
            raise ValueError("Illegal header line.")
        return key_name.title()


class _Request(HTTPRequest):
    """One request."""

    header_reader = _Names()
    is_upload = False

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.inheaders = _Fields()

    def parse_request(self) -> None:
        """Read the head; nothing is waited for but the body of an upload."""
        wire = self.conn.socket
        wire.read_seconds, wire.due = 0.0, math.inf
        super().parse_request()
        if self.ready and not self._is_plain():
            self.ready = False
            self.simple_response("400 Bad Request", "How long the body is, is said in two ways.")
        if self.ready and (self.chunked_read or self._length() > SMALL_BODY_BYTES):
            # cheroot would read what the application does not want, into memory.
            self.close_connection = True
            self.is_upload = self.path.decode("latin-1") in self.server.takes_files
            wire.read_seconds = IDLE_SECONDS if self.is_upload else 0.0

    def _is_plain(self) -> bool:
        coding = self.inheaders.get(_CODING)
        if coding is None:
            return True
        # cheroot does not read chunks for HTTP/1.0.
        return coding.lower() == b"chunked" and self.chunked_read and _LENGTH not in self.inheaders

    def _length(self) -> int:
        return int(self.inheaders.get(_LENGTH, 0))

    def send_headers(self) -> None:
        """Send the head of the answer; a short one must be gone before long."""
        length = dict(self.outheaders).get(b"Content-Length")
        if length is not None and int(length) <= SHORT_ANSWER_BYTES:
            self.conn.socket.due = time.monotonic() + self.server.deadline_seconds
        super().send_headers()


class _Connection(HTTPConnection):
    """One connection."""

    RequestHandlerClass = _Request

    def close(self) -> None:
        """Close it; that it is broken ends nobody's thread."""
        with contextlib.suppress(OSError):
            super().close()
        self.socket.close()


class _Gateway(Gateway_10):
    """Hands a request to the application."""

    def get_environ(self) -> Any:
        """Return what it is told; cheroot would read each chunk of a body into memory."""
        found = super().get_environ()  # type: ignore[no-untyped-call]
        if self.req.chunked_read:
            most = math.inf if self.req.is_upload else MOST_CHUNKS
            found["wsgi.input"] = Chunks(self.req.conn.rfile, most)
        return found


class Patient(Server):
    """The server.

    Args:
        address: where to listen.
        site: the application.
        deadline_seconds: so long a client has for its request, and for taking a short answer.
        takes_files: paths under which a large body is waited for.
    """

    def __init__(
        self,
        address: tuple[str, int],
        site: "WSGIApplication",
        *,
        deadline_seconds: float,
        takes_files: Collection[str],
    ) -> None:
        super().__init__(
            address,
            site,
            numthreads=THREADS,
            request_queue_size=_BACKLOG,
            timeout=IDLE_SECONDS,
            shutdown_timeout=_STOP_SECONDS,
            server_name="zoomsync",
        )
        self.gateway = _Gateway
        self.max_request_header_size = HEAD_BYTES
        self.deadline_seconds = deadline_seconds
        self.takes_files = takes_files
        self._said: dict[str, float] = {}

    def prepare(self) -> None:
        """Listen, and start the threads."""
        super().prepare()
        self._connections.close()  # type: ignore[has-type]
        self._connections = Lobby(
            self.socket,
            partial(_Connection, self),
            self.requests.put,
            self.error_log,
            seconds=self.deadline_seconds,
            takes_files=self.takes_files,
        )

    def serve(self) -> None:
        """Serve until the end.

        cheroot would begin again whatever goes wrong, without a pause; here that is the end, and
        the supervisor decides.
        """
        self._connections.run()
        while self._stopping_for_interrupt:  # type: ignore[attr-defined]
            time.sleep(0.1)
        if self.interrupt:
            raise self.interrupt

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Log what went wrong; once a minute, however often it does."""
        kind = _NUMBERS.sub("", msg)  # connections differ by their ports
        now = time.monotonic()
        if now - self._said.get(kind, -math.inf) < _QUIET_SECONDS:
            return
        if len(self._said) >= _MOST_KINDS:
            self._said.clear()
        self._said[kind] = now
        _log.log(level, "%s", msg, exc_info=traceback)
