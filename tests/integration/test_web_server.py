"""The server on loopback: patient with the slow, closed to the large, ended at once."""

import contextlib
import http.client
import json
import socket
import threading
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.fakes.page_world import PageWorld
from zoomsync_agent.web.server import HEAD_BYTES, MOST_WAITING, THREADS, WebServer


def _hello(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_METHOD']} {len(body)}".encode()]


class Served:
    """A server with an application of a test."""

    def __init__(self, app, port=0, **options):
        self.urls = []
        self._came = threading.Event()
        self.server = WebServer(app, port, self._told, **options)

    def _told(self, url):
        self.urls.append(url)
        self._came.set()

    def __enter__(self):
        self.server.start()
        assert self._came.wait(10), self.server.failure
        return self

    def __exit__(self, *_):
        self.server.stop(6.0)

    @property
    def port(self):
        """Where it listens."""
        return urlsplit(self.urls[-1]).port

    def connect(self):
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, method="GET", body=None, path="/"):
        """Ask once, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def test_it_listens_on_loopback_only_and_stops():
    """A taken port is no reason to have no page."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with Served(_hello, port=taken.getsockname()[1]) as served:
            assert urlsplit(served.urls[0]).hostname == "127.0.0.1"
            assert served.port != taken.getsockname()[1]
            assert served.ask() == (200, "GET 0")
            port = served.port
    assert not served.server.is_alive
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_it_can_be_started_again():
    """The supervisor brings back what died."""
    with Served(_hello) as served:
        served.ask()
        served.server.stop(6.0)
        served._came.clear()
        with served:
            assert served.ask() == (200, "GET 0")


@pytest.mark.parametrize("size", [0, 1, 1_000, 32 * 1024, 32 * 1024 + 1, 1_000_000])
def test_a_body_arrives_whole(size):
    """In one piece, or byte by byte as far as there is time."""
    with Served(_hello) as served:
        assert served.ask("POST", b"x" * size) == (200, f"POST {size}")
        with served.connect() as slow:
            slow.sendall(f"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n".encode())
            slow.sendall(b"Connection: close\r\n")
            time.sleep(0.1)
            slow.sendall(b"\r\n")
            for _ in range(min(size, 3)):
                time.sleep(0.05)
                slow.sendall(b"x")
            slow.sendall(b"x" * (size - min(size, 3)))
            assert f"POST {size}" in _read_all(slow)


def test_several_requests_come_on_one_connection():
    """As browsers send them, also two at once."""
    with Served(_hello) as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
        for count in (0, 5, 0):
            connection.request("POST", "/", body=b"y" * count)
            assert connection.getresponse().read() == f"POST {count}".encode()
        connection.close()
        with served.connect() as two:
            two.sendall(
                b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                b"GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            )
            assert _read_all(two).count("GET 0") == 2


def test_who_sends_slowly_keeps_nobody_waiting():
    """More of them than threads, in the head and in the body; all are sent away."""
    with ExitStack() as stack, Served(_hello, deadline_seconds=1.5) as served:
        slow = []
        for number in range(3 * THREADS):
            one = stack.enter_context(served.connect())
            one.sendall(
                b"GET / HTTP/1.1\r\nHos"
                if number % 2
                else b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nx"
            )
            slow.append(one)
        began = time.monotonic()
        for number in range(40):
            assert served.ask("POST", b"z" * 100) == (200, "POST 100")
            slow[number].sendall(b"t")
        assert time.monotonic() - began < 1.5  # none of the 40 waited for a deadline
        for one in slow:
            one.settimeout(6.0)
            assert one.recv(10) == b""
        assert served.ask() == (200, "GET 0")


def test_more_than_may_wait_do_not_pile_up():
    """Who has been longest is sent away for the next one."""
    with ExitStack() as stack, Served(_hello, deadline_seconds=60.0) as served:
        slow = [stack.enter_context(served.connect()) for _ in range(MOST_WAITING + 5)]
        for one in slow:
            one.sendall(b"GET ")
            time.sleep(0.001)
        slow[0].settimeout(5.0)
        assert slow[0].recv(10) == b""
        assert served.ask() == (200, "GET 0")


def test_a_head_that_is_too_long_is_refused():
    """Whatever comes after it."""
    with Served(_hello) as served, served.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * (HEAD_BYTES + 100) + b"\r\n\r\n")
        assert _read_all(client).split()[1] in ("413", "414", "400")
        assert served.ask() == (200, "GET 0")


def test_a_large_body_that_nobody_wants_is_not_read():
    """The answer comes at once, and the connection ends; nothing is gathered in memory."""

    def refuse(_environ, start_response):
        start_response("401 Unauthorized", [("Content-Length", "2")])
        return [b"no"]

    with Served(refuse) as served, served.connect() as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 1000
        )
        assert _read_all(client).startswith("HTTP/1.1 401")


@pytest.mark.parametrize(
    "junk",
    [b"\r\n\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"\0" * 200,
     b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
     b"POST / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", b"GET http://evil/ HTTP/1.1\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request_harms_nobody(junk):
    """Whatever a program sends to a port."""
    with Served(_hello, deadline_seconds=1.0) as served:
        with served.connect() as client:
            client.sendall(junk)
            client.shutdown(socket.SHUT_WR)
            _read_all(client)
        assert served.ask() == (200, "GET 0")


def test_a_fault_of_the_application_is_one_answer():
    """And the next request is served."""

    def broken(environ, start_response):
        if environ["PATH_INFO"] == "/broken":
            raise RuntimeError("a fault")
        return _hello(environ, start_response)

    with Served(broken) as served:
        assert served.ask(path="/broken")[0] == 500
        assert served.ask() == (200, "GET 0")


@pytest.mark.timeout(60)
def test_open_streams_do_not_hold_up_the_end(home, tmp_path):
    """Pages that are open when the agent ends are told so, and their threads end."""
    with PageWorld(home, tmp_path) as world, ExitStack() as stack:
        with world.serving() as link:
            port = urlsplit(link).port
            streams = []
            for _ in range(3):
                one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
                one.sendall(
                    b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                    + world.token.encode()
                    + b"\r\n\r\n"
                )
                streams.append(one)
            for one in streams:
                assert "event: snapshot" in _read_until(one, "event: snapshot")
            began = time.monotonic()
        assert time.monotonic() - began < 4.0
        assert not [one for one in threading.enumerate() if one.name == "pulse"]


@pytest.mark.timeout(60)
def test_a_change_reaches_who_looks(home, tmp_path):
    """Within about a second, once, and to each of those who look; too many are refused."""
    with PageWorld(home, tmp_path) as world, world.serving() as link, ExitStack() as stack:
        port = urlsplit(link).port
        asked = (
            b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
            + world.token.encode() + b"\r\n\r\n"
        )  # fmt: skip
        streams = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            for _ in range(8)
        ]
        for one in streams:
            one.sendall(asked)
            first = _read_until(one, "\n\n\r\n")
            assert "text/event-stream" in first
        with socket.create_connection(("127.0.0.1", port), timeout=10) as ninth:
            ninth.sendall(asked)
            assert "200 OK" in _read_until(ninth, "\r\n\r\n")
            assert "event: full" in _read_until(streams.pop(0), "event: full")
        world.control.pause(60.0)
        world.desk.release()
        for one in streams:
            told = _read_until(one, '"paused_until": "2')
            while "\n\n" not in told[told.index('"paused_until": "2') :]:
                told += one.recv(65536).decode()
            line = told[told.rindex("data: ", 0, told.index('"paused_until": "2')) + 6 :]
            assert json.loads(line[: line.index("\n\n")])["state"] == "paused"


def _read_all(client):
    """Return what comes until the other end closes, or says that this was all of it."""
    client.settimeout(3)
    found = b""
    with contextlib.suppress(OSError):
        while piece := client.recv(65536):
            found += piece
    return found.decode("latin-1")


def _read_until(client, text):
    client.settimeout(10)
    found = b""
    while text.encode() not in found:
        piece = client.recv(65536)
        assert piece, found
        found += piece
    return found.decode()
