"""The stand-in itself: a project, and what was asked of it."""

import time
from collections.abc import Callable
from typing import Any, Literal

from tests.fakes.http_server import Answer, HttpServer, Request
from tests.fakes.supabase_server import gateway, tus
from tests.fakes.supabase_server.accounts import Mail, User
from tests.fakes.supabase_server.faults import Exchange
from tests.fakes.supabase_server.state import State


class SupabaseServer(State, HttpServer[Exchange]):
    """A Supabase project on 127.0.0.1, as a context manager.

    Args:
        bucket: name of the bucket.
        rest_url: base address of a PostgREST that knows the same `jwt_secret`; without one every
            table is unknown.
        keep_bytes: False counts the bytes of objects and forgets them.
        hash: False leaves MD5 out too, so that an ETag says nothing.
        url_life_seconds: how long an upload can be gone on with after its creation.
        backend: `s3` as hosted, or `file`.
        clock: decides what has expired, in seconds since 1970.
        jwt_secret: signs tokens; made up if None.
        port: 0 takes a free one.

    Attributes:
        overlaps: paths of uploads on which a request came while another one, whose client had not
            left, was at work; known when that one has ended.
    """

    def __init__(
        self,
        *,
        bucket: str = "recordings",
        rest_url: str | None = None,
        keep_bytes: bool = True,
        hash: bool = True,  # noqa: A002  says best what it switches
        url_life_seconds: float = 86_400,
        backend: Literal["s3", "file"] = "s3",
        clock: Callable[[], float] = time.time,
        jwt_secret: str | None = None,
        port: int = 0,
    ) -> None:
        HttpServer.__init__(self, name="supabase", port=port)
        State.__init__(
            self,
            bucket=bucket,
            keep_bytes=keep_bytes,
            hashing=hash,
            url_life_seconds=url_life_seconds,
            backend=backend,
            clock=clock,
            jwt_secret=jwt_secret,
            guard=self.guard,
        )
        self.rest_url = rest_url
        self.overlaps: list[str] = []
        self._in_flight: dict[str, list[Request]] = {}
        self._overtaken: set[int] = set()

    @property
    def jwt_secret(self) -> str:
        """Signs the tokens of the project."""
        return self.keys.jwt_secret

    @property
    def anon_key(self) -> str:
        """The legacy public key, a token of the role `anon`."""
        return self.keys.anon

    @property
    def publishable_key(self) -> str:
        """The public key."""
        return self.keys.publishable

    @property
    def service_key(self) -> str:
        """The legacy secret key, a token of the role `service_role`."""
        return self.keys.service

    @property
    def secret_key(self) -> str:
        """The secret key."""
        return self.keys.secret

    @property
    def mails(self) -> list[Mail]:
        """Codes that were sent, in order."""
        return self.accounts.mails

    @property
    def providers(self) -> dict[str, bool]:
        """Ways to sign in, as the settings tell them."""
        return self.accounts.providers

    def add_user(self, email: str, password: str = "") -> User:
        """Make an account; without a password only codes and providers sign it in."""
        return self.accounts.add_user(email, password)

    def session_for(self, user: User, expires_in: int = 3600) -> dict[str, Any]:
        """Sign *user* in; the answer of Auth, with tokens that hold for *expires_in* seconds."""
        return self.accounts.session_for(user, expires_in)

    def _open(self, request: Request) -> Exchange:
        return Exchange(request, self.stopping, self)

    def _respond(self, exchange: Exchange) -> Answer:
        return gateway.route(exchange, self.rest_url)

    def _begin(self, request: Request) -> None:
        path = request.seen.path
        if not tus.is_upload(path) or request.method == "OPTIONS":
            return
        with self.guard:
            others = self._in_flight.setdefault(path, [])
            self._overtaken.update(id(other) for other in others)
            others.append(request)

    def _end(self, request: Request, answer: Answer | None) -> None:
        path = request.seen.path
        with self.guard:
            super()._end(request, answer)
            others = self._in_flight.get(path, [])
            self._in_flight[path] = [one for one in others if one is not request]
            # Whether a client has left shows only behind the last byte that it sent, so now.
            is_alive = request.wire.is_stopped or not request.wire.is_abandoned()
            if id(request) in self._overtaken and is_alive:
                self.overlaps.append(path)
            self._overtaken.discard(id(request))
