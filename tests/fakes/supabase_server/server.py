"""The stand-in itself: a socket on the loopback, a thread for each connection, what was seen."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self

from tests.fakes.supabase_server import gateway, tus
from tests.fakes.supabase_server.accounts import Mail, User
from tests.fakes.supabase_server.faults import Exchange, Fault
from tests.fakes.supabase_server.messages import Answer, Seen
from tests.fakes.supabase_server.state import State
from tests.fakes.supabase_server.wire import Malformed, Request, Vanished, Wire

_JOIN_SECONDS = 5.0


class SupabaseServer(State):
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
        requests: what was asked, in the order in which it was answered or broken off.
        overlaps: paths of uploads on which a request came while another one, whose client had not
            left, was at work; known when that one has ended.
        faults: what goes wrong; the first one that fits a request happens.
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
        super().__init__(
            bucket=bucket,
            keep_bytes=keep_bytes,
            hashing=hash,
            url_life_seconds=url_life_seconds,
            backend=backend,
            clock=clock,
            jwt_secret=jwt_secret,
        )
        self.rest_url = rest_url
        self.requests: list[Seen] = []
        self.overlaps: list[str] = []
        self.faults: list[Fault] = []
        self._in_flight: dict[str, list[Request]] = {}
        self._overtaken: set[int] = set()
        self._wires: set[Wire] = set()
        self._threads: set[threading.Thread] = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._port = int(self._listener.getsockname()[1])
        self._acceptor = threading.Thread(target=self._accept, name="supabase-server")

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return self._port

    @property
    def url(self) -> str:
        """Base address of the project."""
        return f"http://127.0.0.1:{self.port}"

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

    def seen(self, method: str, prefix: str = "") -> list[Seen]:
        """Return the requests of this method whose paths begin with *prefix*."""
        with self.guard:
            return [
                one for one in self.requests if one.method == method and one.path.startswith(prefix)
            ]

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection and wait for the threads."""
        self.stopping.set()
        # A listening socket that is only closed does not wake its accept() everywhere.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            pass
        self._acceptor.join(_JOIN_SECONDS)
        self._listener.close()
        with self.guard:
            for wire in self._wires:
                wire.hang_up()
            threads = list(self._threads)
        for thread in threads:
            thread.join(_JOIN_SECONDS)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self.stopping.is_set():
                sock.close()
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = Wire(sock)
            thread = threading.Thread(target=self._serve, args=(wire,), name="supabase-connection")
            with self.guard:
                self._wires.add(wire)
                self._threads.add(thread)
            thread.start()

    def _serve(self, wire: Wire) -> None:
        try:
            while not self.stopping.is_set():
                request = wire.request()
                if request is None or not self._exchange(request):
                    return
        except Malformed:
            with contextlib.suppress(Vanished):
                wire.send(Answer(400, close=True).encode("GET"))
        except Vanished:
            pass
        finally:
            wire.close()
            with self.guard:
                self._wires.discard(wire)
                self._threads.discard(threading.current_thread())

    def _exchange(self, request: Request) -> bool:
        """Answer one request; return whether the connection goes on."""
        self._begin(request)
        answer: Answer | None = None
        try:
            answer = self._answer(Exchange(request, self))
            if answer is not None and not answer.early:
                request.body.discard()
        except Vanished:
            answer = None
        finally:
            if answer is not None:
                is_cut = request.body.is_stopped or request.wire.is_stopped
                answer.close = answer.close or request.closes or is_cut
            self._end(request, answer)
        if answer is None:
            return False
        request.wire.send(answer.encode(request.method))
        if answer.early:
            request.body.discard()
        return not answer.close

    def _answer(self, exchange: Exchange) -> Answer | None:
        def work() -> Answer:
            return gateway.route(exchange, self.rest_url)

        seen = exchange.request.seen
        fault = next((one for one in list(self.faults) if one.takes(seen)), None)
        return work() if fault is None else fault.action(exchange, work)

    def _begin(self, request: Request) -> None:
        path = request.seen.path
        if not tus.is_upload(path) or request.method == "OPTIONS":
            return
        with self.guard:
            others = self._in_flight.setdefault(path, [])
            self._overtaken.update(id(other) for other in others)
            others.append(request)

    def _end(self, request: Request, answer: Answer | None) -> None:
        """Write the request down before the answer leaves: a test that has it may look at once."""
        seen = request.seen
        seen.status = 0 if answer is None else answer.status
        seen.body_bytes = request.body.taken
        seen.body = request.body.beginning
        with self.guard:
            self.requests.append(seen)
            others = self._in_flight.get(seen.path, [])
            self._in_flight[seen.path] = [one for one in others if one is not request]
            # Whether a client has left shows only behind the last byte that it sent, so now.
            is_alive = request.wire.is_stopped or not request.wire.is_abandoned()
            if id(request) in self._overtaken and is_alive:
                self.overlaps.append(seen.path)
            self._overtaken.discard(id(request))
