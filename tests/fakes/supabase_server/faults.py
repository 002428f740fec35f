"""What goes wrong on purpose: faults as objects, and how many times each one fired."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.supabase_server.intake import Upload
from tests.fakes.supabase_server.messages import Answer, Seen, json_answer
from tests.fakes.supabase_server.state import State
from tests.fakes.supabase_server.wire import Request, Vanished

_TICK = 0.01


@dataclass(slots=True)
class Exchange:
    """One request and the project it is for.

    `assembly` is how long the finished upload is being put together, in seconds or until set.
    """

    request: Request
    state: State
    assembly: float | threading.Event = 0.0

    def wait(self, until: float | threading.Event, *, watching: bool = False) -> None:
        """Wait for seconds, or for an event; the end of the server ends it too.

        Args:
            until: how long.
            watching: end it also when the client closes the connection.

        Raises:
            Vanished: the client did.
        """
        event, left = (until, None) if isinstance(until, threading.Event) else (None, until)
        while not self.state.stopping.is_set():
            if event is not None and event.is_set():
                return
            if left is not None:
                if left <= 0:
                    return
                left -= _TICK
            if watching and self.request.wire.is_abandoned():
                raise Vanished
            self.state.stopping.wait(_TICK if left is None else min(_TICK, left + _TICK))


Work = Callable[[], Answer]
"""Does what was asked and returns the answer; raises `Vanished` where nobody waits for it."""

Action = Callable[[Exchange, Work], Answer | None]
"""Returns the answer, or None to close the connection without one."""


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong.

    Args:
        matches: which requests: a predicate, or a method (`*` for any) and the beginning of a path.
            The request's body has not been read then.
        action: what happens instead.
        times: how often; it then stays out of the way.

    `fired` counts how often it happened.
    """

    matches: Callable[[Seen], bool] | tuple[str, str]
    action: Action
    times: int = 1
    fired: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def takes(self, seen: Seen) -> bool:
        """Return whether it happens to this request, and count it."""
        with self._guard:
            if self.fired >= self.times or not self._fits(seen):
                return False
            self.fired += 1
            return True

    def _fits(self, seen: Seen) -> bool:
        if callable(self.matches):
            return self.matches(seen)
        method, prefix = self.matches
        return method in ("*", seen.method) and seen.path.startswith(prefix)


def answer(
    status: int, body: bytes | str | dict[str, Any] = b"", headers: dict[str, str] | None = None
) -> Action:
    """Answer this, and do nothing of what was asked; the body is read and forgotten."""
    if isinstance(body, dict):
        ready = json_answer(body, status, headers)
    else:
        data = body.encode() if isinstance(body, str) else body
        ready = Answer(status, data, headers or {})

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.request.body.discard()
        return ready

    return act


def html(status: int) -> Action:
    """Answer with the page of a proxy in front."""
    page = f"<html>\r\n<head><title>{status}</title></head>\r\n<body>{status}</body>\r\n</html>\r\n"
    return answer(status, page, {"content-type": "text/html"})


def cut_before_body() -> Action:
    """Close the connection as soon as the head of the request is there."""
    return lambda exchange, work: None


def cut_after(n_bytes: int) -> Action:
    """Take *n_bytes* of the body, which a resumable upload keeps, and close the connection."""

    def act(exchange: Exchange, work: Work) -> Answer | None:
        exchange.request.body.cut_at = n_bytes
        work()
        return None

    return act


def lose_answer() -> Action:
    """Do all of it, and close the connection instead of answering."""

    def act(exchange: Exchange, work: Work) -> Answer | None:
        work()
        return None

    return act


def delay(until: float | threading.Event) -> Action:
    """Wait, in seconds or until the event is set, before the request is looked at."""

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.wait(until)
        return work()

    return act


def slow_assembly(until: float | threading.Event) -> Action:
    """Let the last PATCH take its time after the last byte; HEADs meanwhile hear 503.

    A client that leaves meanwhile loses its upload, unless `drops_on_disconnect` is off.
    """

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.assembly = until
        return work()

    return act


def expire_token(rest_code: str = "PGRST303") -> Action:
    """Answer as to a token that is too old, which every part of a project does in its own way.

    Args:
        rest_code: what the database's interface says; older ones say `PGRST301`.
    """

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.request.body.discard()
        return expired_answer(exchange.request, rest_code)

    return act


def expired_answer(request: Request, rest_code: str = "PGRST303") -> Answer:
    """Return what the part of the project that *request* is for says of an expired token."""
    text = '"exp" claim timestamp check failed'
    if request.seen.path.startswith("/rest/v1"):
        told = {"code": rest_code, "details": None, "hint": None, "message": "JWT expired"}
        why = 'Bearer error="invalid_token", error_description="JWT expired"'
        return json_answer(told, 401, {"www-authenticate": why})
    if request.seen.path.startswith("/auth/v1"):
        message = "invalid JWT: unable to parse or verify signature, token is expired"
        if "x-supabase-api-version" in request.headers:
            return json_answer({"code": "bad_jwt", "message": message}, 403)
        return json_answer({"code": 403, "error_code": "bad_jwt", "msg": message}, 403)
    if "/upload/resumable" in request.seen.path:
        return json_answer(
            {"statusCode": "403", "code": "AccessDenied", "error": "Unauthorized", "message": text},
            400,
        )
    return json_answer(
        {"statusCode": "403", "error": "Unauthorized", "message": text, "code": "AccessDenied"}, 400
    )


def short_patch(n: int) -> Action:
    """Keep only *n* bytes of the body, say so with a 204, and close the connection."""

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.request.body.stop_at = n
        return work()

    return act


def busy_assembly(n: int) -> Action:
    """Let the next *n* HEADs of an upload hear that it is busy.

    On a HEAD this one is the first of them. On anything else the work is done and the answer lost,
    as when a proxy gives up while an upload is being assembled.
    """

    def act(exchange: Exchange, work: Work) -> Answer | None:
        is_head = exchange.request.method == "HEAD"
        done = None if is_head else work()
        del done
        with exchange.state.guard:
            exchange.state.busy_heads[exchange.request.seen.path] = n
        return work() if is_head else None

    return act


def wrong_location(url: str) -> Action:
    """Let the address of a new upload begin with *url* instead of the project's own."""

    def act(exchange: Exchange, work: Work) -> Answer:
        done = work()
        if "location" in done.headers:
            parts = urlsplit(done.headers["location"])
            done.headers["location"] = url.rstrip("/") + parts.path
        return done

    return act


def drop_finished() -> Action:
    """Do all of it, delete the upload if it is finished now, and close without an answer.

    Storage 1.69.9 and later do that when the client leaves during the assembly.
    """

    def act(exchange: Exchange, work: Work) -> Answer | None:
        work()
        upload = upload_at(exchange.state, exchange.request.seen.path)
        if upload is not None and upload.is_finished:
            exchange.state.drop_upload(upload)
        return None

    return act


def upload_at(state: State, path: str) -> Upload | None:
    """Return the upload whose address has this path."""
    with state.guard:
        return state.all_uploads.get(path.rpartition("/")[2])
