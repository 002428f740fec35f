"""The stand-in itself: Zoom and its CDN on the loopback."""

import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.fakes.http_server import Answer, HttpServer, Request
from tests.fakes.zoom import downloads, oauth, rest
from tests.fakes.zoom.cdn import Cdn
from tests.fakes.zoom.faults import Exchange
from tests.fakes.zoom.grants import Grant
from tests.fakes.zoom.limits import Plan
from tests.fakes.zoom.pages import page
from tests.fakes.zoom.recordings import User
from tests.fakes.zoom.state import State


class ZoomServer(State, HttpServer[Exchange]):
    """Zoom on 127.0.0.1, as a context manager: OAuth, the REST interface, downloads.

    What can be changed while it runs are the attributes of `State`, `Grants` and `Library`; what
    goes wrong once are `faults`.

    Args:
        clock: decides what has expired and what has appeared, in seconds since 1970.
        plan: whose rate limits are enforced; None enforces none, as is right while a clock stands.
        port: 0 takes a free one.

    Attributes:
        cdn: the server behind downloads, with `requests` and `faults` of its own.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.time, plan: Plan | None = None, port: int = 0
    ) -> None:
        HttpServer.__init__(self, name="zoom", port=port)
        State.__init__(self, clock=clock, plan=plan, guard=self.guard)
        self.cdn = Cdn(self)

    @property
    def zoom_url(self) -> str:
        """Base address of Zoom: sign-in, and downloads."""
        return self.url

    @property
    def api_url(self) -> str:
        """Base of the REST interface, to which `/v2` is added."""
        return self.url

    @property
    def cdn_url(self) -> str:
        """Base address of the CDN."""
        return f"http://{self.cdn_host}:{self.cdn.port}"

    def sign_in(
        self, user: User | None = None, scopes: list[str] | None = None, *, public: bool = True
    ) -> dict[str, Any]:
        """Let *user* have signed in, without a browser; the answer with tokens.

        Args:
            user: the first one if None.
            scopes: what was granted; all that the app asks for if None.
            public: whether it is the public client's.
        """
        client_id = self.public_client_id if public else self.client_id
        told = tuple(self.scopes if scopes is None else scopes)
        grant = Grant(user or self.first_user, client_id, told, "stand-in")
        with self.guard:
            return self.tokens_for(self.let(grant))

    def __enter__(self) -> Self:
        self.cdn.__enter__()
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self.cdn.close()

    def _open(self, request: Request) -> Exchange:
        return Exchange(request, self.stopping, self)

    def _respond(self, exchange: Exchange) -> Answer:
        path = exchange.request.seen.path
        if path.startswith("/oauth/"):
            return oauth.handle(exchange)
        if path.startswith(rest.PREFIX):
            return rest.handle(exchange)
        if path.startswith(downloads.PREFIXES):
            return downloads.handle(exchange)
        return page("Page not found - Zoom", "This page does not exist.", 404)

    def _dress(self, request: Request, answer: Answer) -> None:
        """Zoom names every answer, so that its support can find it."""
        told = f"v=2.0;clid=us06;rid=WEB_{uuid.uuid4().hex}"
        answer.headers = {"x-zm-trackingid": told} | answer.headers
