"""What goes wrong with the stand-in, by itself and on purpose."""

import socket
import threading
import time
from urllib.parse import urlsplit

import httpx
import pytest

from tests.fakes.supabase_server import (
    Fault,
    answer,
    busy_assembly,
    cut_after,
    cut_before_body,
    delay,
    drop_finished,
    expire_token,
    html,
    lose_answer,
    short_patch,
    slow_assembly,
    wrong_location,
)

TUS = "/storage/v1/upload/resumable"
STREAM = "application/offset+octet-stream"
PATIENCE = 10.0


def eventually(condition):
    """Wait until something is so; the limit only ends a broken test."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        threading.Event().wait(0.005)


class Piece:
    """A PATCH on a connection of its own that stops in the middle until it is told to go on."""

    def __init__(self, person, url, offset, content, sent):
        self.answer = b""
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
        head = [
            f"PATCH {parts.path} HTTP/1.1",
            "Host: project",
            f"Authorization: {person.headers['Authorization']}",
            "Tus-Resumable: 1.0.0",
            f"Content-Type: {STREAM}",
            f"Upload-Offset: {offset}",
            f"Content-Length: {len(content)}",
        ]
        self._socket.sendall("\r\n".join([*head, "", ""]).encode() + content[:sent])

    def go_on(self, content):
        """Send more of the body."""
        self._socket.sendall(content)

    def read(self):
        """Read the answer and whatever follows until the connection ends."""
        while more := self._socket.recv(65_536):
            self.answer += more

    def leave(self):
        """Close the connection."""
        self._socket.close()


def test_what_had_come_is_kept_when_the_client_leaves(server, person):
    """Odd offsets are normal, and going on gives the same bytes."""
    data = bytes(range(256)) * 4_096
    url = person.create("a.mp4", len(data)).headers["location"]
    piece = Piece(person, url, 0, data, 777_777)
    piece.leave()
    eventually(lambda: person.offset(url) == 777_777)
    person.patch(url, 777_777, data[777_777:])
    assert server.objects[person.key("a.mp4")].data == data
    assert server.seen("PATCH")[0].status == 0
    assert server.seen("PATCH")[0].body_bytes == 777_777
    assert server.overlaps == []


def test_looking_cuts_a_piece_that_is_on_its_way(server, person):
    """Its client gets a short 204 and a closed connection; the overlap is written down."""
    url = person.create("a.mp4", 1_000).headers["location"]
    piece = Piece(person, url, 0, bytes(1_000), 100)
    upload = server.uploads[url.rpartition("/")[2]]
    eventually(lambda: upload.offset == 100)
    assert person.offset(url) == 100
    piece.read()
    piece.leave()
    assert piece.answer.startswith(b"HTTP/1.1 204 \r\n")
    assert b"upload-offset: 100\r\n" in piece.answer
    assert b"connection: close\r\n" in piece.answer
    assert server.overlaps == [urlsplit(url).path]


@pytest.mark.parametrize("leaves", [True, False])
def test_only_clients_that_stay_overlap(server, person, leaves):
    """A request of a client that has left, and that the server still works on, is no mistake."""
    gate = threading.Event()
    held = Fault(("PATCH", TUS), delay(gate))
    server.faults.append(held)
    url = person.create("a.mp4", 4).headers["location"]
    piece = Piece(person, url, 0, b"ab", 2)
    eventually(lambda: held.fired)
    if leaves:
        piece.leave()
    assert person.offset(url) == 0
    gate.set()
    eventually(lambda: server.seen("PATCH"))
    assert server.overlaps == ([] if leaves else [urlsplit(url).path])
    piece.leave()


def test_a_name_that_is_taken_meanwhile(server, person):
    """Is found taken at the end, and what is there stays."""
    url = person.create("a.mp4", 4).headers["location"]
    piece = Piece(person, url, 0, b"abcd", 2)
    upload = server.uploads[url.rpartition("/")[2]]
    eventually(lambda: upload.offset == 2)
    server.put_object(person.key("a.mp4"), b"there")
    piece.go_on(b"cd")
    eventually(lambda: server.seen("PATCH"))
    piece.leave()
    assert server.seen("PATCH")[0].status == 409
    assert server.objects[person.key("a.mp4")].data == b"there"


def test_who_comes_while_it_is_assembled_hears_that_it_is_busy(server, person):
    """503, then the finished upload."""
    over = threading.Event()
    slow = Fault(("PATCH", TUS), slow_assembly(over))
    server.faults.append(slow)
    url = person.create("a.mp4", 4).headers["location"]
    piece = Piece(person, url, 0, b"abcd", 4)
    upload = server.uploads[url.rpartition("/")[2]]
    eventually(lambda: upload.offset == 4)
    told = person.tus("HEAD", url)
    assert (told.status_code, told.headers["content-length"]) == (503, "22")
    assert server.objects == {}
    over.set()
    eventually(lambda: server.objects)
    assert person.offset(url) == 4
    piece.leave()
    assert slow.fired == 1


@pytest.mark.parametrize("drops", [True, False])
def test_who_leaves_while_it_is_assembled_may_lose_it(server, person, drops):
    """Newer servers delete the finished upload, older ones finish it."""
    server.drops_on_disconnect = drops
    slow = Fault(("PATCH", TUS), slow_assembly(threading.Event()))
    server.faults.append(slow)
    url = person.create("a.mp4", 4).headers["location"]
    piece = Piece(person, url, 0, b"abcd", 4)
    upload = server.uploads[url.rpartition("/")[2]]
    eventually(lambda: upload.offset == 4)
    piece.leave()
    eventually(lambda: server.seen("PATCH"))
    assert person.tus("HEAD", url).status_code == (404 if drops else 200)
    assert (person.key("a.mp4") in server.objects) is not drops
    assert slow.fired == 1


def test_the_later_of_two_standard_uploads_wins(server, person):
    """Permission is asked before the body, so both hear 200."""
    path = f"/object/recordings/{person.key('a.mp4')}"
    begun, go_on = threading.Event(), threading.Event()

    def slowly():
        yield b"one"
        begun.set()
        go_on.wait(PATIENCE)

    told, caught = [], []

    def catch(exchange, work):
        caught.append(exchange.request)
        return work()

    server.faults.append(Fault(("POST", "/storage/v1/object/"), catch))
    with httpx.Client(trust_env=False) as http:
        url = f"{server.url}/storage/v1{path}"
        headers = person.headers | {"Content-Type": "video/mp4"}

        def post():
            told.append(http.post(url, content=slowly(), headers=headers))

        thread = threading.Thread(target=post)
        thread.start()
        assert begun.wait(PATIENCE)
        # The first one's permission has been asked once its first bytes have been taken.
        eventually(lambda: caught and caught[0].body.taken == 3)
        assert person.storage("POST", path, content=b"two").status_code == 200
        assert server.objects[person.key("a.mp4")].data == b"two"
        go_on.set()
        thread.join(PATIENCE)
    assert told[0].status_code == 200
    assert server.objects[person.key("a.mp4")].data == b"one"


def test_an_answer_instead_of_work(server, person):
    """Nothing is done, once, and the fault says that it fired."""
    fault = Fault(("POST", TUS), answer(429, {"message": "slow down"}, {"retry-after": "7"}))
    server.faults.append(fault)
    told = person.create("a.mp4", 4)
    assert (told.status_code, told.headers["retry-after"]) == (429, "7")
    assert server.uploads == {}
    assert fault.fired == 1
    assert person.create("a.mp4", 4).status_code == 201
    assert fault.fired == 1


def test_a_page_of_html(server, person):
    """As many times as it is told to."""
    fault = Fault(lambda seen: seen.method == "GET", html(502), times=2)
    server.faults.append(fault)
    told = [person.storage("GET", "/status") for _ in range(3)]
    assert [one.status_code for one in told] == [502, 502, 200]
    assert told[0].text.startswith("<html>")
    assert fault.fired == 2


@pytest.mark.parametrize(
    ("action", "offset", "status"),
    [(cut_before_body(), 0, 0), (cut_after(3), 3, 0), (lose_answer(), 5, 0)],
)
def test_a_connection_that_ends(server, person, action, offset, status):
    """Before, within and after the body; the upload has what was read."""
    url = person.create("a.mp4", 10).headers["location"]
    fault = Fault(("PATCH", urlsplit(url).path), action)
    server.faults.append(fault)
    with pytest.raises(httpx.TransportError):
        person.patch(url, 0, b"abcde")
    assert fault.fired == 1
    assert person.offset(url) == offset
    assert server.seen("PATCH")[0].status == status


def test_a_cut_standard_upload_stores_nothing(server, person):
    """The object is all there or not there."""
    fault = Fault(("POST", "/storage/v1/object/"), cut_after(3))
    server.faults.append(fault)
    with pytest.raises(httpx.TransportError):
        person.storage("POST", f"/object/recordings/{person.key('a')}", content=b"abcdef")
    assert server.objects == {}
    assert fault.fired == 1


def test_a_short_piece(server, person):
    """The answer tells how much was kept, and the connection ends."""
    url = person.create("a.mp4", 10).headers["location"]
    server.faults.append(Fault(("PATCH", TUS), short_patch(4)))
    told = person.patch(url, 0, b"abcdefgh")
    assert (told.status_code, told.headers["upload-offset"]) == (204, "4")
    assert told.headers["connection"] == "close"
    assert person.patch(url, 4, b"efghij").headers["tus-complete"] == "1"
    assert server.objects[person.key("a.mp4")].data == b"abcdefghij"


def test_a_delay_ends_with_its_event(server, person):
    """And with the server, should nobody set it."""
    gate = threading.Event()
    fault = Fault(("GET", "/storage/v1/status"), delay(gate))
    server.faults += [fault, Fault(("GET", "/storage/v1/status"), delay(0.01))]
    told = []
    thread = threading.Thread(target=lambda: told.append(person.storage("GET", "/status")))
    thread.start()
    eventually(lambda: fault.fired)
    assert told == []
    gate.set()
    thread.join(PATIENCE)
    assert told[0].status_code == 200
    assert person.storage("GET", "/status").status_code == 200


def test_an_expired_token_looks_different_everywhere(server, person):
    """Storage 400, tus 400 with another order, the database 401, Auth 403."""
    server.faults += [Fault(lambda seen: True, expire_token(), times=4)]
    rest = person.storage("GET", "/object/info/recordings/a")
    assert rest.text == (
        '{"statusCode":"403","error":"Unauthorized",'
        '"message":"\\"exp\\" claim timestamp check failed","code":"AccessDenied"}'
    )
    assert person.create("a.mp4", 1).text.startswith('{"statusCode":"403","code"')
    rows = person.http.get(f"{server.url}/rest/v1/recordings", headers=person.headers)
    assert (rows.status_code, rows.json()["code"]) == (401, "PGRST303")
    assert rows.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert person.auth("GET", "/user").json()["error_code"] == "bad_jwt"


@pytest.mark.parametrize("on_head", [True, False])
def test_a_busy_assembly(server, person, on_head):
    """So many HEADs hear 503, then what is true."""
    url = person.create("a.mp4", 2).headers["location"]
    fault = Fault(("HEAD" if on_head else "PATCH", TUS), busy_assembly(2))
    server.faults.append(fault)
    if on_head:
        person.patch(url, 0, b"ab")
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            person.patch(url, 0, b"ab")
    told = [person.tus("HEAD", url).status_code for _ in range(3)]
    assert told == [503, 503, 200]
    assert fault.fired == 1


def test_a_wrong_address(server, person):
    """The path stays, the host is another one."""
    server.faults.append(Fault(("POST", TUS), wrong_location("https://inner.invalid:8000")))
    url = person.create("a.mp4", 2).headers["location"]
    assert url.startswith(f"https://inner.invalid:8000{TUS}/")


def test_a_finished_upload_that_is_dropped(server, person):
    """The client hears nothing and everything is to be sent again."""
    url = person.create("a.mp4", 2).headers["location"]
    fault = Fault(("PATCH", TUS), drop_finished())
    server.faults.append(fault)
    with pytest.raises(httpx.RemoteProtocolError):
        person.patch(url, 0, b"ab")
    assert fault.fired == 1
    assert person.tus("HEAD", url).status_code == 404
    assert server.objects == {}


def test_requests_are_written_down_when_they_have_ended(server, person):
    """Path as sent, query, headers, the answer's status, and how much of a body was read."""
    person.storage("POST", "/object/sign/recordings/a%20b?x=1", body={"expiresIn": 5})
    seen = server.requests[-1]
    assert (seen.method, seen.path) == ("POST", "/storage/v1/object/sign/recordings/a%20b")
    assert (seen.query, seen.status) == ({"x": "1"}, 400)
    assert seen.json() == {"expiresIn": 5}
    assert seen.body_bytes == len(seen.body)
    assert seen.headers["apikey"] == server.publishable_key
