"""Where the browser comes back to: a listener on this computer, for one answer.

Source: RFC 8252, 7.3 (loopback redirection, any port). Where the service lets it, the address holds
a random part; where it does not, the answer must hold the `state` that it was asked with (RFC 6749,
10.12). Either way nobody who did not see it can hand in an answer of their own.
"""

import html
import secrets
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

HOST: Final = "127.0.0.1"
_MOST_FIELDS: Final = 20
_MOST_BYTES: Final = 1 << 14
_OUTCOME_SECONDS: Final = 45.0
_FAREWELL_SECONDS: Final = 3.0
_IDLE_SECONDS: Final = 5.0
_SLICE: Final = 0.5
_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>zoomsync</title>'
    '<meta name="viewport" content="width=device-width"><main><h1>zoomsync</h1><p>{text}</p>'
    "</main></html>"
)


@dataclass(frozen=True, slots=True)
class Callback:
    """How the browser came back: with a code, or with an error and what is said about it."""

    code: str = ""
    error: str = ""
    description: str = ""
    state: str = ""

    def __repr__(self) -> str:
        """Leave the code out: it is worth a session for some minutes."""
        return f"Callback(error={self.error!r}, description={self.description!r})"

    @classmethod
    def of(cls, query: str) -> "Callback | None":
        """Return what *query* tells; None if it tells neither a code nor an error."""
        try:
            fields = parse_qs(query, max_num_fields=_MOST_FIELDS, errors="replace")
        except ValueError:
            return None
        code, error, kind, description, state = (
            fields.get(name, [""])[0]
            for name in ("code", "error", "error_code", "error_description", "state")
        )
        if error or kind:
            return cls(error=kind or error, description=description, state=state)
        return cls(code=code, state=state) if code else None


class Loopback:
    """Listens until it is closed; a context manager.

    Args:
        path: what the address begins with, with a slash at both ends.
        is_fixed: *path* is all of the address, and without the slash at its end; an answer must
            then hold `state`.
        port: where to listen; 0 takes any that is free.

    Attributes:
        state: what an answer must hold, and at its end the port, for a page in front that hands the
            answer on; empty where the address is secret itself.
    """

    def __init__(self, path: str, *, is_fixed: bool = False, port: int = 0) -> None:
        self._path = path if is_fixed else f"{path}{secrets.token_urlsafe(24)}"
        self._start = f"/{secrets.token_urlsafe(24)}"
        self._link = ""
        self._callback: Callback | None = None
        self._outcome = "The sign-in was given up."
        self._came = threading.Event()
        self._decided = threading.Event()
        self._shown = threading.Event()
        self._taking = threading.Lock()
        self._server = _Server(self, port)
        random = secrets.token_urlsafe(24)
        self.state = f"{random}.{self._server.server_port}" if is_fixed else ""
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="sign-in", daemon=True
        )

    @property
    def address(self) -> str:
        """Where the browser is to be sent."""
        return f"http://{self._host}{self._path}"

    def start_at(self, link: str) -> str:
        """Return an address here that leads to *link*, once.

        A browser is opened with it: what a program is started with, every user of the machine can
        see, and whoever sees the link itself could sign in with it as somebody else.
        """
        self._link = link
        return f"http://{self._host}{self._start}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._decided.set()
        if self._came.is_set() and kind is not KeyboardInterrupt:
            # The browser is on its way to the page that says how it went.
            self._shown.wait(_FAREWELL_SECONDS)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, seconds: float) -> Callback | None:
        """Return how the browser came back; None if it did not within *seconds*."""
        deadline = time.monotonic() + seconds
        # In slices: on Windows Ctrl-C does not end a wait.
        while not self._came.wait(min(_SLICE, max(0.0, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                return None
        return self._callback

    def decide(self, outcome: str) -> None:
        """Set the sentence that the browser shows."""
        self._outcome = outcome
        self._decided.set()

    @property
    def _host(self) -> str:
        return f"{HOST}:{self._server.server_port}"

    def answer(self, host: str | None, target: str) -> tuple[int, str]:
        """Return status and text, or with 303 the place to go to, for one GET.

        Args:
            host: the header `Host`, which must be ours: a foreign name may have been rebound.
            target: path and query.
        """
        if host != self._host:
            return 400, "This is not the address of this page."
        url = urlsplit(target)
        if secrets.compare_digest(url.path.encode(), f"{self._path}/done".encode()):
            self._decided.wait(_OUTCOME_SECONDS)
            return 200, self._outcome
        if secrets.compare_digest(url.path.encode(), self._start.encode()):
            with self._taking:
                link, self._link = self._link, ""
            return (303, link) if link else (404, "This address has been used already.")
        if not secrets.compare_digest(url.path.encode(), self._path.encode()):
            return 404, "There is nothing here."
        found = Callback.of(url.query)
        if found is None or not self._is_asked_for(found):
            return 400, "There is no answer to this sign-in in this address. Begin again."
        with self._taking:
            if not self._came.is_set():
                self._callback = found
                self._came.set()
        return 303, f"{self._path}/done"

    def _is_asked_for(self, found: Callback) -> bool:
        return not self.state or secrets.compare_digest(found.state.encode(), self.state.encode())

    def shown(self) -> None:
        """Take note that the browser has the last page."""
        self._shown.set()


class _Server(ThreadingHTTPServer):
    # A thread for each connection: browsers open some and say nothing on them.
    daemon_threads = True
    # On Windows this would let another program listen here too.
    allow_reuse_address = False

    def __init__(self, loopback: Loopback, port: int) -> None:
        self.loopback = loopback
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking for the computer's name, which takes seconds on some."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a browser that hangs up is no fault, and the address is nobody's."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _IDLE_SECONDS
    server: _Server

    def do_POST(self) -> None:
        """Take the answer from a page in front, which has it from the service and posts it here."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            self.send_error(413)
            return
        form = self.rfile.read(int(length)).decode("ascii", "replace")
        self._answer(f"{urlsplit(self.path).path}?{form}")

    def do_GET(self) -> None:
        """Answer one request; the connection ends with it."""
        self._answer(self.path)

    def _answer(self, target: str) -> None:
        status, text = self.server.loopback.answer(self.headers.get("Host"), target)
        page = _PAGE.format(text=html.escape("" if status == 303 else text)).encode()  # noqa: PLR2004
        self.send_response(status)
        if status == 303:  # noqa: PLR2004  See Other
            self.send_header("Location", text)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(page)
        if status == 200:  # noqa: PLR2004  the last page
            self.wfile.flush()
            self.server.loopback.shown()

    def version_string(self) -> str:
        """Name the program and no versions."""
        return "zoomsync"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
        """Log nothing: the address holds the code."""
