"""What goes wrong on purpose with Zoom, beside what can with any server."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes import http_server
from tests.fakes.http_server import Answer, Seen, Vanished, Work, json_answer
from tests.fakes.zoom.pages import page
from tests.fakes.zoom.recordings import RecordingFile

if TYPE_CHECKING:
    from tests.fakes.zoom.state import State


@dataclass(slots=True)
class Exchange(http_server.Exchange):
    """One request and the Zoom that it is for."""

    zoom: "State"

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the request."""
        return self.request.query

    @property
    def token(self) -> str | None:
        """The token of the header Authorization; None without one."""
        kind, _, value = self.request.headers.get("authorization", "").partition(" ")
        return value.strip() if kind == "Bearer" else None

    def form(self) -> dict[str, str]:
        """Return the parameters of the query and of the body, which is a form."""
        return self.query | self.request.form()


Action = http_server.Action[Exchange]
Fault = http_server.Fault[Exchange]


def fetching(file: RecordingFile) -> Callable[[Seen], bool]:
    """Return a predicate for requests for the bytes of *file*, at Zoom and at the CDN."""
    return lambda seen: file.key in seen.path


def _instead(told: Answer) -> Action:
    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.request.body.discard()
        return Answer(told.status, told.body, dict(told.headers))

    return act


def api_error(status: int, code: int, message: str) -> Action:
    """Refuse as the REST interface does; code 200 comes with status 200 too."""
    return _instead(json_answer({"code": code, "message": message}, status))


def sign_in_page() -> Action:
    """Answer 200 with the page that asks a browser to sign in."""
    return _instead(page("Sign In | Zoom", "Sign in to your Zoom account"))


def passcode_page() -> Action:
    """Answer 200 with the page that asks for the passcode."""
    return _instead(page("Password Required - Zoom", "Enter the passcode to watch"))


def host_only_page() -> Action:
    """Answer 200 with the page that keeps a recording to its host."""
    return _instead(page("Zoom", "Only the host can download this recording."))


def forbidden_json(status: int = 200, code: int = 124) -> Action:
    """Answer with the JSON that others have saved as a video."""
    told = {"status": False, "errorCode": code, "errorMessage": "Forbidden"}
    return _instead(json_answer(told, status))


def stall_after(count: int, until: threading.Event | None = None) -> Action:
    """Send *count* bytes of the file, and no more until the event, or never."""

    def slow(exchange: Exchange, pieces: Iterator[bytes | memoryview]) -> Iterator[Any]:
        left = count
        for piece in pieces:
            if not 0 <= left <= len(piece):
                yield piece
            else:
                yield piece[:left]
                exchange.wait(until or threading.Event(), watching=True)
                if until is None:
                    raise Vanished
                yield piece[left:]
                left = -1
            left -= len(piece)

    return _changing(slow)


def break_after(count: int) -> Action:
    """Send *count* bytes of the file, and close the connection."""

    def cut(exchange: Exchange, pieces: Iterator[bytes | memoryview]) -> Iterator[Any]:
        yield from _first(pieces, count)
        raise Vanished

    return _changing(cut)


def short_body(count: int) -> Action:
    """Send only *count* bytes of the file, and say that this is all."""

    def act(exchange: Exchange, work: Work) -> Answer:
        told = work()
        told.headers["content-length"] = str(count)
        told.pieces = _first(iter(told.pieces), count)
        return told

    return act


def with_headers(**headers: str) -> Action:
    """Do all of it, and answer with other headers; `content_type` is `content-type`."""

    def act(exchange: Exchange, work: Work) -> Answer:
        told = work()
        told.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        return told

    return act


def _changing(
    change: Callable[[Exchange, Iterator[bytes | memoryview]], Iterator[Any]],
) -> Action:
    def act(exchange: Exchange, work: Work) -> Answer:
        told = work()
        told.pieces = change(exchange, iter(told.pieces))
        return told

    return act


def _first(pieces: Iterator[bytes | memoryview], count: int) -> Iterator[bytes | memoryview]:
    """Yield *count* bytes; what is left of the piece in which they end is lost."""
    for piece in pieces:
        yield piece[:count]
        count -= len(piece)
        if count <= 0:
            return
