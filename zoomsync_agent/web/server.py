"""Serves the site on loopback as a service that can be stopped.

cheroot is the server: it hands bodies on while they arrive, so that a recording of many gigabytes
goes to disk once, and it ends cleanly. What it lacks is added here: no thread is given to a client
before all of its request is there, but for the body of an upload. However many send however slowly,
those who do not are served.
"""

import contextlib
import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from zoomsync_agent.service import ThreadService

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from cheroot.server import HTTPConnection
    from cheroot.wsgi import Server

_log = logging.getLogger(__name__)
HOST: Final = "127.0.0.1"
THREADS: Final = 16
"""As many requests at a time; `Pulse` may take up half of them."""
HEAD_BYTES: Final = 16 * 1024
SMALL_BODY_BYTES: Final = 32 * 1024
"""A body of so much is waited for; Windows holds 64 KiB of a connection that nobody reads."""
DEADLINE_SECONDS: Final = 10.0
"""So long a client has for its request."""
MOST_WAITING: Final = 200
"""So many may be at it at a time; who has been longest is sent away for the next one."""
_IDLE_SECONDS: Final = 10
_STOP_SECONDS: Final = 3
_LOOK_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.05
_BACKLOG: Final = 128
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,19})[ \t]*\r\n", re.IGNORECASE)


class WebServer(ThreadService):
    """The site's server on loopback.

    Args:
        site: the application.
        port: where to listen; where it is taken, or 0, any that is free.
        on_url: told the address once it is known.
        on_stop: called when the server is to end, before it waits for those who are served.
        deadline_seconds: see `DEADLINE_SECONDS`.
    """

    def __init__(
        self,
        site: "WSGIApplication",
        port: int,
        on_url: Callable[[str], None],
        *,
        on_stop: Callable[[], None] = lambda: None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        super().__init__("web")
        self._site = site
        self._port = port
        self._on_url = on_url
        self._on_stop = on_stop
        self._deadline_seconds = deadline_seconds
        self._server: Server | None = None
        self._ending: threading.Thread | None = None

    def _run(self) -> None:
        lobby = _Lobby(self._deadline_seconds)
        server = self._bound(lobby)
        port = server.bind_addr[1]
        if self._port not in (0, port):
            _log.warning("port %d is taken; the page is at %d", self._port, port)
        try:
            self._server = server
            self._on_url(f"http://{HOST}:{port}/")
            with lobby:
                if not self._stopping.is_set():
                    server.serve()
        finally:
            self._end(server)
            self._server = self._ending = None

    def _wake(self) -> None:
        server = self._server
        if server is not None and self._ending is None:
            self._on_stop()
            # It waits for those who are served; whoever asks to stop does not.
            self._ending = threading.Thread(target=server.stop, name="web-stop", daemon=True)
            self._ending.start()

    def _end(self, server: "Server") -> None:
        """Return when nobody is served any more and the port is free."""
        ending = self._ending
        if ending is not None:
            ending.join()
        server.stop()

    def _bound(self, lobby: "_Lobby") -> "Server":
        server = _new_server(self._site, self._port if _is_free(self._port) else 0, lobby)
        server.prepare()
        return server


def _is_free(port: int) -> bool:
    """Return whether a port can be had. cheroot leaves a socket open where it cannot."""
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would allow two servers on one port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _new_server(site: "WSGIApplication", port: int, lobby: "_Lobby") -> "Server":
    # Loaded on the service's own thread: it costs a tenth of a second, and nothing waits for it.
    from cheroot import server, wsgi  # noqa: PLC0415

    class Request(server.HTTPRequest):
        """One request; the connection of a large body ends with it."""

        def parse_request(self) -> None:
            super().parse_request()
            if self.ready and (self.chunked_read or self._length() > SMALL_BODY_BYTES):
                # cheroot would read what the application does not want, into memory.
                self.close_connection = True

        def _length(self) -> int:
            return int(self.inheaders.get(b"Content-Length", 0))

    class Connection(server.HTTPConnection):
        """One connection."""

        RequestHandlerClass = Request

    class Patient(wsgi.Server):
        """The server; what it says goes to the log."""

        ConnectionClass = Connection

        def process_conn(self, conn: "HTTPConnection") -> None:
            """Give a connection to a thread, if all of its request is there."""
            lobby.enter(conn, super().process_conn, self._connections.put)  # type: ignore[attr-defined]

        def error_log(
            self, msg: str = "", level: int = logging.INFO, traceback: bool = False
        ) -> None:
            """Log what went wrong."""
            _log.log(level, "%s", msg, exc_info=traceback)

    found = Patient(
        (HOST, port),
        site,
        numthreads=THREADS,
        request_queue_size=_BACKLOG,
        timeout=_IDLE_SECONDS,
        shutdown_timeout=_STOP_SECONDS,
        server_name="zoomsync",
    )
    found.max_request_header_size = HEAD_BYTES
    found.expiration_interval = _LOOK_SECONDS
    found.keep_alive_conn_limit = MOST_WAITING
    return found


class _Lobby:
    """Where connections wait until all of their request is there. Thread-safe.

    Args:
        seconds: so long they may.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._guard = threading.Condition()
        self._waiting: dict[Any, tuple[float, Callable[[Any], None]]] = {}
        self._is_over = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> None:
        self._is_over = False
        self._thread = threading.Thread(target=self._look, name="lobby", daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._is_over = True
            self._guard.notify_all()
        if self._thread is not None:
            self._thread.join()
        for conn in list(self._waiting):
            conn.close()
        self._waiting.clear()

    def enter(
        self,
        conn: "HTTPConnection",
        serve: Callable[[Any], None],
        park: Callable[[Any], None],
    ) -> None:
        """Take a connection on which something may have come.

        Args:
            conn: the connection.
            serve: gives it to a thread.
            park: lets it be handed in again when something comes.
        """
        if conn.rfile.has_data():  # the next request came with the one before
            serve(conn)
            return
        there = _peek(conn.socket)
        if there is None:
            conn.last_used = time.time()
            park(conn)
        elif _is_whole(there):
            serve(conn)
        else:
            with self._guard:
                if len(self._waiting) >= MOST_WAITING:
                    oldest = next(iter(self._waiting))
                    del self._waiting[oldest]
                    oldest.close()
                self._waiting[conn] = (time.monotonic() + self._seconds, serve)
                self._guard.notify_all()

    def _look(self) -> None:
        while True:
            with self._guard:
                self._guard.wait_for(lambda: self._is_over or bool(self._waiting))
                if self._is_over:
                    return
                waiting = list(self._waiting.items())
            now = time.monotonic()
            for conn, (due, serve) in waiting:
                there = _peek(conn.socket)
                is_whole = there is not None and _is_whole(there)
                if not is_whole and now < due and there != b"":
                    continue
                with self._guard:
                    if self._waiting.pop(conn, None) is None:
                        continue
                if is_whole:
                    serve(conn)
                else:
                    conn.close()
            time.sleep(_POLL_SECONDS)


def _peek(connection: socket.socket) -> bytes | None:
    """Return what has come and was not read; empty at the other end's end, None for nothing yet."""
    before = connection.gettimeout()
    try:
        connection.setblocking(False)
        return connection.recv(HEAD_BYTES + SMALL_BODY_BYTES, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""
    finally:
        with contextlib.suppress(OSError):
            connection.settimeout(before)


def _is_whole(there: bytes) -> bool:
    """Return whether a thread has nothing to wait for but the body of an upload."""
    if not there:
        return True  # the other end has gone: a thread finds out and closes
    head, end, body = there.partition(_END)
    if not end:
        return len(there) >= HEAD_BYTES  # too long, which is refused
    found = _LENGTH.search(head + b"\r\n")
    length = int(found[1]) if found else 0
    return length > SMALL_BODY_BYTES or len(body) >= length
