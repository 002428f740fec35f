"""What goes wrong on purpose with any server: faults as objects, and how often each one fired."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from tests.fakes.http_server.messages import Answer, Seen, json_answer
from tests.fakes.http_server.wire import Request, Vanished

_TICK = 0.01


@dataclass(slots=True)
class Exchange:
    """One request; `stopping` is set when the server that it is for goes down."""

    request: Request
    stopping: threading.Event

    def wait(self, until: float | threading.Event, *, watching: bool = False) -> None:
        """Wait for seconds, or for an event; the end of the server ends it too.

        Args:
            until: how long.
            watching: end it also when the client closes the connection.

        Raises:
            Vanished: the client did.
        """
        event, left = (until, None) if isinstance(until, threading.Event) else (None, until)
        while not self.stopping.is_set():
            if event is not None and event.is_set():
                return
            if left is not None:
                if left <= 0:
                    return
                left -= _TICK
            if watching and self.request.wire.is_abandoned():
                raise Vanished
            self.stopping.wait(_TICK if left is None else min(_TICK, left + _TICK))


E = TypeVar("E", bound=Exchange)

Work = Callable[[], Answer]
"""Does what was asked and returns the answer; raises `Vanished` where nobody waits for it."""

Action = Callable[[E, Work], Answer | None]
"""Returns the answer, or None to close the connection without one."""


@dataclass(slots=True)
class Fault(Generic[E]):
    """One thing that goes wrong.

    Args:
        matches: which requests: a predicate, or a method (`*` for any) and the beginning of a path.
            The request's body has not been read then.
        action: what happens instead.
        times: how often; it then stays out of the way.

    `fired` counts how often it happened.
    """

    matches: Callable[[Seen], bool] | tuple[str, str]
    action: Action[E]
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
) -> Action[Exchange]:
    """Answer this, and do nothing of what was asked; the body is read and forgotten."""
    if isinstance(body, dict):
        ready = json_answer(body, status, headers)
    else:
        data = body.encode() if isinstance(body, str) else body
        ready = Answer(status, data, headers or {})

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.request.body.discard()
        # A copy: who dresses it for a HEAD takes its body away.
        return replace(ready, headers=dict(ready.headers))

    return act


def html(status: int) -> Action[Exchange]:
    """Answer with the page of a proxy in front."""
    page = f"<html>\r\n<head><title>{status}</title></head>\r\n<body>{status}</body>\r\n</html>\r\n"
    return answer(status, page, {"content-type": "text/html"})


def cut_before_body() -> Action[Exchange]:
    """Close the connection as soon as the head of the request is there."""
    return lambda exchange, work: None


def cut_after(n_bytes: int) -> Action[Exchange]:
    """Take *n_bytes* of the body, as far as they can be kept, and close the connection."""

    def act(exchange: Exchange, work: Work) -> Answer | None:
        exchange.request.body.cut_at = n_bytes
        work()
        return None

    return act


def lose_answer() -> Action[Exchange]:
    """Do all of it, and close the connection instead of answering."""

    def act(exchange: Exchange, work: Work) -> Answer | None:
        work()
        return None

    return act


def delay(until: float | threading.Event) -> Action[Exchange]:
    """Wait, in seconds or until the event is set, before the request is looked at."""

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.wait(until)
        return work()

    return act
