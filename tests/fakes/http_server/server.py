"""A server on the loopback: a socket, a thread for each connection, what was seen."""

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Generic, Self

from tests.fakes.http_server.faults import E, Fault
from tests.fakes.http_server.messages import Answer, Seen
from tests.fakes.http_server.wire import Malformed, Request, Vanished, Wire

_JOIN_SECONDS = 5.0


class HttpServer(ABC, Generic[E]):
    """A server on 127.0.0.1, as a context manager.

    Args:
        name: what its threads are called.
        port: 0 takes a free one.

    Attributes:
        requests: what was asked, in the order in which it was answered or broken off.
        faults: what goes wrong; the first one that fits a request happens.
        stopping: set when the server goes down; ends every wait.
        guard: held while requests change, and whatever else the server keeps.
    """

    def __init__(self, *, name: str, port: int = 0) -> None:
        self.requests: list[Seen] = []
        self.faults: list[Fault[E]] = []
        self.stopping = threading.Event()
        self.guard = threading.RLock()
        self._name = name
        self._wires: set[Wire] = set()
        self._threads: set[threading.Thread] = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._port = int(self._listener.getsockname()[1])
        self._acceptor = threading.Thread(target=self._accept, name=f"{name}-server")

    @abstractmethod
    def _open(self, request: Request) -> E:
        """Return what handlers and faults get to see of a request."""

    @abstractmethod
    def _respond(self, exchange: E) -> Answer:
        """Do what was asked.

        Raises:
            Vanished: the client went away.
        """

    def _begin(self, request: Request) -> None:
        """Hear of a request whose head is here."""

    def _dress(self, request: Request, answer: Answer) -> None:
        """Add what every answer has, also one that a fault gives."""

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return self._port

    @property
    def url(self) -> str:
        """Base address."""
        return f"http://127.0.0.1:{self.port}"

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
            name = f"{self._name}-connection"
            thread = threading.Thread(target=self._serve, args=(wire,), name=name)
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
            answer = self._answer(self._open(request))
            if answer is not None and not answer.early:
                request.body.discard()
        except Vanished:
            answer = None
        finally:
            if answer is not None:
                self._dress(request, answer)
                is_cut = request.body.is_stopped or request.wire.is_stopped
                answer.close = answer.close or request.closes or is_cut
            self._end(request, answer)
        if answer is None:
            return False
        request.wire.send(answer.encode(request.method))
        if request.method != "HEAD":
            for piece in answer.pieces:
                request.wire.send(piece)
        if answer.early:
            request.body.discard()
        return not answer.close

    def _answer(self, exchange: E) -> Answer | None:
        def work() -> Answer:
            return self._respond(exchange)

        seen = exchange.request.seen
        fault = next((one for one in list(self.faults) if one.takes(seen)), None)
        return work() if fault is None else fault.action(exchange, work)

    def _end(self, request: Request, answer: Answer | None) -> None:
        """Write the request down before the answer leaves: a test that has it may look at once."""
        seen = request.seen
        seen.status = 0 if answer is None else answer.status
        seen.body_bytes = request.body.taken
        seen.body = request.body.beginning
        with self.guard:
            self.requests.append(seen)
