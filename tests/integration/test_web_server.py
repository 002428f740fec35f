"""The server on loopback: patient with the slow, closed to the large, ended at once."""

import contextlib
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fakes.page_world import PageWorld
from zoomsync_agent.web.server import WebServer, lobby, patient
from zoomsync_agent.web.server.lobby import MOST_OPEN, Lobby
from zoomsync_agent.web.server.patient import THREADS
from zoomsync_agent.web.server.wire import HEAD_BYTES, SMALL_BODY_BYTES

MIB = 1 << 20
FILES = "/files"


def _hello(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_METHOD']} {len(body)}".encode()]


def _count(environ, start_response):
    """Read the body in pieces, as uploads are."""
    size = 0
    while piece := environ["wsgi.input"].read(1 << 16):
        size += len(piece)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(size).encode()]


class Served:
    """A server with an application of a test."""

    def __init__(self, app, port=0, **options):
        self.urls = []
        self._came = threading.Event()
        self.server = WebServer(app, port, self._told, takes_files=(FILES,), **options)

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
        served.server.stop(30.0)
        served._came.clear()
        with served:
            assert served.ask() == (200, "GET 0")


@pytest.mark.parametrize("size", [0, 1, 1_000, 32 * 1024, 32 * 1024 + 1, 1_000_000])
def test_a_body_arrives_whole(size):
    """In one piece, or byte by byte as far as there is time."""
    with Served(_hello) as served:
        assert served.ask("POST", b"x" * size, path=FILES) == (200, f"POST {size}")
        with served.connect() as slow:
            slow.sendall(f"POST {FILES} HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n".encode())
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


def _head(*lines, ask="POST / HTTP/1.1"):
    return "\r\n".join([ask, "Host: h", *lines, "", ""]).encode()


WHOLE = _head(ask="GET / HTTP/1.1")
CHUNKED = "Transfer-Encoding: chunked"
SLOW = {
    "head": (b"GET / HTTP/1.1\r\nHos", b"t"),
    "long-head": (WHOLE[:-4] + b"\r\nX: " + b"a" * (HEAD_BYTES - len(WHOLE)), b"a"),
    "longer-head": (WHOLE[:-4] + b"\r\nX: " + b"a" * (HEAD_BYTES - len(WHOLE) + 1), b"a"),
    "body": (_head("Content-Length: 30000") + b"x", b"x"),
    "pipelined": (WHOLE + b"G", b"x"),
    "pipelined-body": (WHOLE + _head("Content-Length: 30000"), b"x"),
    "two-lengths": (_head("Content-Length: 0", "Content-Length: 30000"), b"x"),
    "blank": (_head("Content-Length : 30000"), b"x"),
    "signed": (_head("Content-Length: +30000"), b"x"),
    "grouped": (_head("Content-Length: 30_000"), b"x"),
    "folded": (_head("Content-Length: 0", " 30000"), b"x"),
    "chunked": (_head(CHUNKED), b"1\r\nx\r\n"),
    "many-chunks": (_head(CHUNKED) + b"1\r\nx\r\n" * 5000, b"1\r\nx\r\n"),
    "one-chunk": (_head(CHUNKED) + b"7000\r\n", b"x"),
    "coded-twice": (_head("Transfer-Encoding: ,chunked", "Content-Length: 0"), b"1\r\nx\r\n"),
    "both": (_head(CHUNKED, "Content-Length: 0"), b"1\r\nx\r\n"),
    "large": (_head("Content-Length: 99999999"), b"x"),
    "large-get": (_head("Content-Length: 99999999", ask="GET / HTTP/1.1"), b"x"),
    "old": (_head(CHUNKED, "Content-Length: 30000", ask="POST / HTTP/1.0"), b"x"),
    "expecting": (_head("Expect: 100-continue", "Content-Length: 30000"), b"x"),
}


@pytest.mark.parametrize("form", SLOW)
def test_who_sends_slowly_keeps_nobody_waiting(form):
    """More of them than threads, a byte at a time, however they put it; all are sent away."""
    begin, more = SLOW[form]
    with ExitStack() as stack, Served(_hello, deadline_seconds=1.5) as served:
        slow = [stack.enter_context(served.connect()) for _ in range(3 * THREADS)]
        for one in slow:
            one.sendall(begin)
        time.sleep(0.3)
        began = time.monotonic()
        for one in slow[:40]:
            asked = time.monotonic()
            assert served.ask("POST", b"z" * 100) == (200, "POST 100")
            assert time.monotonic() - asked < 1.0, "it has waited for a deadline"
            with contextlib.suppress(ConnectionError):
                one.sendall(more)
        for one in slow:
            _read_to_the_end(one, until=began + 6.0)
        assert served.ask() == (200, "GET 0")


def test_the_body_of_an_upload_may_take_its_time():
    """Longer than a request, as long as something comes; other paths go on beside it."""
    with ExitStack() as stack, Served(_count, deadline_seconds=0.5) as served:
        for line, data in ((CHUNKED, b"3\r\nxyz\r\n"), ("Content-Length: 40000", b"x" * 4000)):
            slow = stack.enter_context(served.connect())
            slow.sendall(_head(line, ask=f"POST {FILES}?name=a HTTP/1.1"))
            for _ in range(10):
                slow.sendall(data)
                time.sleep(0.15)
            slow.sendall(b"0\r\n\r\n" if line == CHUNKED else b"")
            assert _read_all(slow).split("\r\n\r\n")[1].split("\r\n")[1] in ("30", "40000")
            assert served.ask() == (200, "0")


def test_small_bodies_in_chunks_arrive_whole():
    """As some programs send JSON; the connection ends with them."""
    with Served(_hello) as served:
        whole = b"5;note=1\r\nhello\r\nA \r\n0123456789\r\n0\r\n\r\n"
        for pieces in ([whole], [bytes([byte]) for byte in whole]):
            with served.connect() as client:
                client.sendall(_head(CHUNKED))
                for piece in pieces:
                    client.sendall(piece)
                    time.sleep(0.001)
                assert "POST 15" in _read_all(client)


@pytest.mark.parametrize(
    "data",
    [b"x\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n",
     b"ffffffffffffffff\r\n", b"5\nhello\r\n0\r\n\r\n", b"5\r\nhel", b"5" * 300, b""],
)  # fmt: skip
def test_chunks_that_are_none_are_not_taken(data):
    """The application is told, and what it made of them is not known as whole."""
    seen = []

    def upload(environ, start_response):
        try:
            environ["wsgi.input"].read()
        except ValueError as exc:
            seen.append(exc)
        return _count({"wsgi.input": _Nothing()}, start_response)

    with Served(upload) as served:
        with served.connect() as client:
            client.sendall(_head(CHUNKED, ask=f"POST {FILES} HTTP/1.1") + data)
            client.shutdown(socket.SHUT_WR)
            _read_all(client)
        assert len(seen) == 1


class _Nothing:
    """A body that is empty."""

    def read(self, _size=-1):
        """Return nothing."""
        return b""


@pytest.mark.timeout(120)
def test_one_chunk_is_never_in_memory():
    """However large it says it is."""
    size = 96 * MIB
    piece = b"x" * MIB
    with Served(_count) as served, served.connect() as client:
        tracemalloc.start()
        try:
            client.sendall(_head(CHUNKED, ask=f"POST {FILES} HTTP/1.1") + b"%x\r\n" % size)
            for _ in range(size // MIB):
                client.sendall(piece)
            client.sendall(b"\r\n0\r\n\r\n")
            client.settimeout(30)
            assert str(size) in _read_until(client, str(size))
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 8 * MIB


@pytest.mark.parametrize("size", [5, SMALL_BODY_BYTES + 1])
def test_who_asks_first_is_told_to_go_on(size):
    """`Expect: 100-continue`, as curl sends it with uploads; small bodies come unasked in time."""
    with Served(_hello) as served, served.connect() as client:
        client.sendall(
            _head("Expect: 100-continue", f"Content-Length: {size}", ask=f"POST {FILES} HTTP/1.1")
        )
        if size > SMALL_BODY_BYTES:
            assert "100 Continue" in _read_until(client, "\r\n\r\n")
        client.sendall(b"x" * size)
        assert f"POST {size}" in _read_until(client, f"POST {size}")


def test_old_programs_are_answered():
    """HTTP/1.0, with and without keeping the connection."""

    def short(environ, start_response):
        environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", "5")])
        return [b"short"]

    with Served(short) as served, served.connect() as client:
        for _ in range(2):
            client.sendall(
                _head("Connection: Keep-Alive", "Content-Length: 2", ask="POST / HTTP/1.0") + b"xy"
            )
            assert "Keep-Alive" in _read_until(client, "short")
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert _read_all(client).endswith("short")


@pytest.mark.parametrize(
    "lines",
    [("Content-Length: 3", "Content-Length: 3"), ("Content-Length : 3",), ("Content-Length: +3",),
     ("Content-Length: -3",), ("Content-Length: 0x3",), ("Content-Length: 1_0",),
     ("Content-Length: 3, 3",), ("Content-Length:",), ("Content-Length: 0", "\t3"),
     ("Content-Length: " + "1" * 30,), ("Content-Length: 3", CHUNKED), (CHUNKED, CHUNKED),
     ("Transfer-Encoding:",), ("Transfer-Encoding: chunked, chunked",), ("Host: evil",),
     ("X Y: 3",), (": 3",)],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused(lines):
    """The application sees none of it, and nothing of the connection is read as a request."""
    asked = []

    def site(environ, start_response):
        asked.append(environ)
        return _hello(environ, start_response)

    with Served(site, deadline_seconds=1.0) as served, served.connect() as client:
        client.sendall(_head(*lines) + b"xyz" + WHOLE)
        assert _read_all(client).startswith("HTTP/1.1 400")
        assert asked == []


def test_who_does_not_read_keeps_no_thread(monkeypatch):
    """A short answer is taken within the deadline, or the connection ends."""
    monkeypatch.setattr(patient, "SHORT_ANSWER_BYTES", 64 * MIB)

    def large(_environ, start_response):
        start_response("200 OK", [("Content-Length", str(64 * MIB))])
        return [bytes(MIB)] * 64

    with Served(large, deadline_seconds=1.0) as served, served.connect() as client:
        client.sendall(WHOLE)
        began = time.monotonic()
        size = 0
        with contextlib.suppress(ConnectionError):
            while piece := client.recv(1024):
                size += len(piece)
                if time.monotonic() - began < 3.0:
                    time.sleep(0.05)
        assert size < 64 * MIB


def test_what_takes_long_is_sent_whole():
    """Streams, and what is larger than a short answer."""

    def stream(_environ, start_response):
        start_response("200 OK", [])
        for _ in range(8):
            yield b"news "
            time.sleep(0.1)

    with Served(stream, deadline_seconds=0.3) as served:
        assert served.ask()[1] == "news " * 8


def test_more_than_may_wait_do_not_pile_up():
    """Who has been longest is sent away for the next one, whether silent or slow."""
    with ExitStack() as stack, Served(_hello, deadline_seconds=60.0) as served:
        many = []
        for number in range(MOST_OPEN + 5):
            one = stack.enter_context(served.connect())
            one.sendall(b"GET " if number % 2 else b"")
            many.append(one)
            time.sleep(0.001)
        for one in many[:3]:
            one.settimeout(5.0)
            assert one.recv(10) == b""
        assert served.ask() == (200, "GET 0")


def test_the_silent_are_sent_away_in_the_end():
    """Also those that have been answered."""
    with Served(_hello, deadline_seconds=0.5) as served:
        with served.connect() as silent, served.connect() as answered:
            answered.sendall(WHOLE)
            _read_until(answered, "GET 0")
            for one in (silent, answered):
                _read_to_the_end(one, until=time.monotonic() + 3.0)
        assert served.ask() == (200, "GET 0")


def test_it_ends_at_once_while_many_wait(monkeypatch):
    """All of them are told; and it can be started again. No time of its own is waited out."""
    monkeypatch.setattr(lobby, "_LAST_SECONDS", 60.0)
    monkeypatch.setattr(patient, "_STOP_SECONDS", 60)
    with ExitStack() as stack, Served(_hello, deadline_seconds=60.0) as served:
        many = [stack.enter_context(served.connect()) for _ in range(60)]
        for one in many[::2]:
            one.sendall(b"GET ")
        time.sleep(0.2)
        began = time.monotonic()
        served.server.stop(30.0)
        assert not served.server.is_alive
        assert time.monotonic() - began < 15.0
        for one in many:
            _read_to_the_end(one, until=began + 30.0)
        served._came.clear()
        with served:
            assert served.ask() == (200, "GET 0")


def test_a_download_does_not_hold_up_the_end():
    """Though its client goes on reading."""

    def endless(_environ, start_response):
        start_response("200 OK", [("Content-Length", str(1 << 40))])
        while True:
            yield bytes(MIB)

    with Served(endless) as served, served.connect() as client:
        client.sendall(WHOLE)
        _read_until(client, "\r\n\r\n")
        reading = threading.Thread(
            target=_read_to_the_end, args=(client,), kwargs={"until": time.monotonic() + 20.0}
        )
        reading.start()
        served.server.stop(30.0)
        assert not served.server.is_alive
        reading.join()


def test_who_breaks_off_harms_nobody():
    """Silent, amid a request, and before the answer."""
    linger = "hh" if sys.platform == "win32" else "ii"
    with Served(_hello) as served:
        for begin in (b"", b"GET ", WHOLE, WHOLE + b"G", _head("Content-Length: 50000")) * 10:
            with served.connect() as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(linger, 1, 0))
                one.sendall(begin)
        assert served.ask() == (200, "GET 0")
        assert served.server.is_alive


def test_a_fault_over_one_connection_ends_that_one(monkeypatch):
    """The others go on."""
    original = lobby.is_whole

    def faulty(there, takes_files):
        if b"/fault" in there:
            raise RuntimeError("a fault")
        return original(there, takes_files)

    monkeypatch.setattr(lobby, "is_whole", faulty)
    with Served(_hello) as served:
        with served.connect() as client:
            client.sendall(_head(ask="GET /fault HTTP/1.1"))
            assert client.recv(10) == b""
        assert served.ask() == (200, "GET 0")


def test_a_fault_of_the_lobby_ends_the_service(monkeypatch):
    """The supervisor is to know, and brings it back at the same address."""

    def faulty(_self):
        raise RuntimeError("a fault")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Served(_hello, port=port) as served:
        assert served.ask() == (200, "GET 0")
        with monkeypatch.context() as patched:
            patched.setattr(Lobby, "_patience", faulty)
            with served.connect() as client:
                _read_to_the_end(client, until=time.monotonic() + 5.0)
            served.server._thread.join(5.0)
        assert not served.server.is_alive
        assert str(served.server.failure) == "a fault"
        served._came.clear()
        with served:
            assert served.port == port
            assert served.ask() == (200, "GET 0")


def test_what_repeats_itself_is_said_once_a_minute(caplog):
    """Whoever can make the page stumble cannot fill the disk."""

    def broken(_environ, _start_response):
        raise RuntimeError("a fault")

    with Served(broken) as served:
        for _ in range(5):
            assert served.ask()[0] == 500
    assert [one.message for one in caplog.records] == ["RuntimeError('a fault')"]


CHILD = """
import logging, os, resource, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
from zoomsync_agent.web.server import WebServer
lines = []
handler = logging.Handler()
handler.emit = lambda record: lines.append(record.getMessage())
logging.getLogger().addHandler(handler)
def site(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
server = WebServer(site, 0, lambda url: print(url, flush=True))
server.start()
held = []
for line in sys.stdin:
    if line == "take\\n":
        try:
            while True:
                held.append(open(os.devnull))
        except OSError as exc:
            print(len(held), flush=True)
    elif line == "drop\\n":
        for one in held:
            one.close()
        print("dropped", flush=True)
    elif line == "told\\n":
        print(len(lines), time.process_time(), flush=True)
server.stop(5.0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_flood_of_silent_connections_leaves_the_agent_its_descriptors():
    """And where it has none for other reasons, it neither spins nor fills the log."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, "128"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    ) as child:
        port = urlsplit(child.stdout.readline().strip()).port

        def tell(line):
            child.stdin.write(f"{line}\n")
            child.stdin.flush()
            return child.stdout.readline().split()

        def connect():
            return socket.create_connection(("127.0.0.1", port), timeout=10)

        def answer():
            with connect() as one:
                one.sendall(WHOLE)
                return "200 OK" in _read_until(one, "\r\n\r\n")

        with ExitStack() as stack:
            for _ in range(300):
                stack.enter_context(connect())
                time.sleep(0.002)
            assert answer()
            assert int(tell("take")[0]) > 40  # half of all, but for what Python itself holds
        with ExitStack() as stack:
            for _ in range(3):
                time.sleep(0.3)
                tell("take")  # what those have left who are gone
            _lines, before = tell("told")
            for _ in range(100):
                stack.enter_context(connect())
            time.sleep(2.0)
            lines, after = tell("told")
            assert int(lines) == 1
            assert float(after) - float(before) < 0.5
            tell("drop")
            assert answer()
        child.stdin.close()
        assert child.wait(20) == 0


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


@pytest.mark.parametrize(
    ("has_token", "line", "status", "code"),
    [
        (False, "Content-Length: 99999999", 401, "unauthorized"),
        (False, CHUNKED, 401, "unauthorized"),
        (True, "Content-Length: 99999999", 413, "request_entity_too_large"),
        (True, CHUNKED, 400, "bad_request"),  # cut off where it is too much
        (True, "Content-Length: 40000", 413, "request_entity_too_large"),
    ],
)
def test_the_api_refuses_what_is_too_large_as_described(
    home, tmp_path, has_token, line, status, code
):
    """The application answers, without waiting for what it does not want."""
    with PageWorld(home, tmp_path) as world, world.serving() as link:
        token = world.token if has_token else ""
        with socket.create_connection(("127.0.0.1", urlsplit(link).port), timeout=10) as client:
            client.sendall(
                _head(
                    f"Authorization: Bearer {token}",
                    "Content-Type: application/json",
                    line,
                    ask="POST /monitor/stop HTTP/1.1",
                ).replace(b"Host: h", b"Host: 127.0.0.1")
                + (b"9c40\r\n" if line == CHUNKED else b"")
                + b" " * 39_000
            )
            answer = _read_all(client)
        assert answer.split()[1] == str(status), answer
        assert json.loads(answer.split("\r\n\r\n")[1])["error"]["code"] == code


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


def _read_to_the_end(client, *, until):
    """Return once the other end has closed."""
    with contextlib.suppress(ConnectionError):
        while True:
            client.settimeout(max(0.01, until - time.monotonic()))
            if not client.recv(65536):
                return


def _read_until(client, text):
    client.settimeout(10)
    found = b""
    while text.encode() not in found:
        piece = client.recv(65536)
        assert piece, found
        found += piece
    return found.decode()
