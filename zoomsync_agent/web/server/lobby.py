"""Where connections are while no thread is at them: those that are silent, and those that are slow.

One thread, the server's own, lets them in, listens to all of them, and gives one to a thread when
all of its request is there.
"""

import contextlib
import errno
import logging
import selectors
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final, Protocol

from zoomsync_agent.web.server.wire import Wire, is_whole

if TYPE_CHECKING:
    from cheroot.server import HTTPConnection

MOST_OPEN: Final = 200
"""So many connections there are at a time; who has waited longest is sent away for the next one."""
_FEWEST: Final = 16
_FIRST_LOOK_SECONDS: Final = 0.002
"""Many programs send a head and then its body; they are not to wait for `_LOOK_SECONDS`."""
_LOOK_SECONDS: Final = 0.05
_REST: Final = 4
"""After looking at the slow, so many times as long is spent on others."""
_SHUT_SECONDS: Final = 1.0
_LAST_SECONDS: Final = 2.0
_TOO_MANY: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Complain(Protocol):
    """Says in the log what went wrong."""

    def __call__(self, msg: str, level: int = ..., traceback: bool = ...) -> None:
        """Say it."""


class Lobby:
    """Takes the place of cheroot's `ConnectionManager`.

    `put`, `stop` and `close` are called by other threads than that of `run`.

    Args:
        door: the listening socket.
        connect: makes a connection of what came in.
        serve: gives one to a thread, which closes it or hands it back with `put`.
        complain: told what went wrong.
        seconds: so long a request may take, and so long a connection may be silent.
        takes_files: see `is_whole`.
    """

    def __init__(
        self,
        door: socket.socket,
        connect: Callable[[Wire], "HTTPConnection"],
        serve: Callable[["HTTPConnection"], None],
        complain: Complain,
        *,
        seconds: float,
        takes_files: Collection[str],
    ) -> None:
        self._door = door
        self._connect = connect
        self._serve = serve
        self._complain = complain
        self._seconds = seconds
        self._takes_files = takes_files
        self._most = _room()
        self._waiting: dict[Any, float] = {}
        self._silent: set[Any] = set()
        self._slow: set[Any] = set()
        self._served: set[Any] = set()
        self._back: deque[Any] = deque()
        self._looks_at = 0.0
        self._pause = _LOOK_SECONDS
        self._opens_at: float | None = 0.0
        self._guard = threading.Lock()
        self._runs = threading.Lock()
        self._is_over = False
        self._selector = selectors.DefaultSelector()
        # Select does not notice on every system what another thread adds to it.
        self._bell, self._cord = socket.socketpair()
        for one in (self._bell, self._cord, door):
            one.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ, self._take_back)

    @property
    def can_add_keepalive_connection(self) -> bool:
        """Whether a connection may stay when it has been answered."""
        return not self._is_over

    def put(self, conn: "HTTPConnection") -> None:
        """Take a connection back that has been served."""
        with self._guard:
            if not self._is_over:
                self._back.append(conn)
                self._ring()
                return
        conn.close()

    def stop(self) -> None:
        """Let nobody in any more; return when `run` has."""
        with self._guard:
            self._is_over = True
            self._ring()
        with self._runs:
            return

    def close(self) -> None:
        """Send everybody away; those who are being served soon, for a download may take hours."""
        due = time.monotonic() + _LAST_SECONDS
        for conn in self._served:
            conn.socket.due = min(conn.socket.due, due)
        for conn in (*self._waiting, *self._back):
            conn.close()
        self._selector.close()
        self._bell.close()
        self._cord.close()

    def run(self) -> None:
        """Let connections in, and give them to threads, until the end."""
        with self._runs:
            while not self._is_over:
                self._look()

    def _look(self) -> None:
        now = time.monotonic()
        if self._opens_at is not None and now >= self._opens_at:
            self._opens_at = None
            self._selector.register(self._door, selectors.EVENT_READ, self._accept)
        if self._slow and now >= self._looks_at:
            for conn in list(self._slow):
                self._consider(conn)
            took = time.monotonic() - now
            self._looks_at = now + took + max(self._pause, _REST * took)
            self._pause = min(2 * self._pause, _LOOK_SECONDS)
        while (first := next(iter(self._waiting), None)) and self._waiting[first] <= now:
            self._send_away(first)
        for key, _ in self._selector.select(self._patience()):
            key.data()

    def _patience(self) -> float | None:
        """Return how long nothing is to be done unless something comes."""
        moments = [*list(self._waiting.values())[:1]]
        if self._slow:
            moments.append(self._looks_at)
        if self._opens_at is not None:
            moments.append(self._opens_at)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _accept(self) -> None:
        self._served = {one for one in self._served if one.socket.fileno() >= 0}
        if len(self._waiting) + len(self._served) >= self._most:
            if not self._waiting:
                self._shut(_LOOK_SECONDS)
                return
            self._send_away(next(iter(self._waiting)))
        try:
            accepted, (host, port) = self._door.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return  # gone again
        except OSError as exc:
            if exc.errno not in _TOO_MANY:
                raise
            # The whole agent has no descriptors left; asking again at once would not help it.
            self._complain(f"no connection can be taken: {exc}", logging.WARNING)
            self._shut(_SHUT_SECONDS)
            if self._waiting:
                self._send_away(next(iter(self._waiting)))
            return
        conn = self._connect(Wire(accepted))
        conn.remote_addr, conn.remote_port = host, port
        self._enter(conn)

    def _shut(self, seconds: float) -> None:
        """Let the next ones wait outside."""
        self._selector.unregister(self._door)
        self._opens_at = time.monotonic() + seconds

    def _take_back(self) -> None:
        with contextlib.suppress(OSError):
            self._bell.recv(4096)
        while self._back:
            conn = self._back.popleft()
            self._served.discard(conn)
            self._enter(conn)

    def _enter(self, conn: Any) -> None:
        self._waiting[conn] = time.monotonic() + self._seconds
        self._consider(conn)

    def _consider(self, conn: Any) -> None:
        """Give a connection to a thread, send it away, or let it wait."""
        if conn not in self._waiting:
            return  # sent away after it had been heard
        try:
            # What came with the request before has been read with it.
            held = conn.rfile.peek() if conn.rfile.has_data() else b""
            come = conn.socket.peek()
            if come is None and not held:
                self._listen(conn)
            elif is_whole(held + (come or b""), self._takes_files):
                self._leave(conn)
                self._served.add(conn)
                self._serve(conn)
            elif come == b"":
                self._send_away(conn)
            elif conn not in self._slow:
                self._leave(conn)
                self._watch(conn)
        except Exception as exc:  # noqa: BLE001  one connection is no reason to end all others
            self._complain(repr(exc), logging.ERROR, traceback=True)
            self._send_away(conn)

    def _listen(self, conn: Any) -> None:
        if conn not in self._silent:
            self._selector.register(conn.socket, selectors.EVENT_READ, lambda: self._consider(conn))
            self._silent.add(conn)

    def _watch(self, conn: Any) -> None:
        """Look again and again; there is no being told when more comes of what was not read."""
        now = time.monotonic()
        self._slow.add(conn)
        self._waiting[conn] = now + self._seconds
        self._pause = _FIRST_LOOK_SECONDS
        self._looks_at = min(self._looks_at, now + self._pause)

    def _leave(self, conn: Any) -> None:
        self._waiting.pop(conn, None)
        self._slow.discard(conn)
        if conn in self._silent:
            self._silent.remove(conn)
            self._selector.unregister(conn.socket)

    def _send_away(self, conn: Any) -> None:
        self._leave(conn)
        conn.close()

    def _ring(self) -> None:
        with contextlib.suppress(OSError):  # full is loud enough
            self._cord.send(b"\0")


def _room() -> int:
    """Return how many connections there may be: half of what the process may have open is left."""
    if sys.platform == "win32":
        return MOST_OPEN
    import resource  # noqa: PLC0415  there is none on Windows

    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_OPEN
    return max(_FEWEST, min(MOST_OPEN, soft // 2))
