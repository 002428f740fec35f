"""Recordings that are handed in over the REST API: whole, or not at all, and never in memory."""

import contextlib
import http.client
import io
import socket
import struct
import threading
import time
import tracemalloc
from urllib.parse import urlsplit

import pytest

from tests.fakes.api_client import ApiClient
from tests.fakes.page_world import AUDIO, VIDEO, PageWorld
from zoomsync_agent.app.desk import AppDesk
from zoomsync_agent.core.errors import NotAllowed

MIB = 1 << 20
PATH = "/upload/recording"
BOUNDARY = "----seam"


@pytest.fixture
def world(home, tmp_path):
    """Give somebody's agent with its page."""
    with PageWorld(home, tmp_path) as found:
        yield found


@pytest.fixture
def api(world):
    """Give a program that has the token."""
    return ApiClient(world.site, world.token)


def _kept(world):
    """Return the recordings that lie in the inbox, finished or not."""
    found = (world.home.data / "inbox").rglob("*")
    return [one for one in found if one.is_file() and one.suffix != ".json"]


def _expect_nothing(world):
    assert _kept(world) == []
    assert world.control.snapshot().queued.files == 0


# --- what is handed in comes home ----------------------------------------------------------


def test_a_recording_is_handed_in_as_a_body(api, world):
    """It is queued, and the agent brings it to the archive."""
    world.recordings.mkdir()
    answer = api.post(
        PATH,
        query_string={
            "file_name": "C:\\calls\\Weekly.mp4",
            "meeting_title": "Größe",
            "started_at": "2026-11-23T09:15:00Z",
        },
        data=VIDEO.read_bytes(),
        content_type="video/mp4",
    )

    assert answer.status_code == 202, answer.text
    told = answer.json
    assert told == {
        "file_name": "Weekly.mp4",
        "meeting_title": "Größe",
        "size": VIDEO.stat().st_size,
        "kind": "video",
        "job_id": told["job_id"],
    }
    waiting = world.control.snapshot().waiting
    assert [one.job_id for one in waiting] == [told["job_id"]]
    world.sync()
    row = world.control.recordings()[0]
    assert (row.meeting_title, row.started_at) == ("Größe", 1_795_425_300.0)
    assert (world.archive / row.object_key).read_bytes() == VIDEO.read_bytes()


def test_a_recording_is_handed_in_as_a_form(api, world):
    """As browsers and curl send it; what the form says counts more than the parameters."""
    answer = api.post(
        f"{PATH}?meeting_title=Other",
        data={
            "meeting_title": "Weekly",
            "started_at": "2026-11-23",
            "file": (io.BytesIO(AUDIO.read_bytes()), "audio only.m4a"),
        },
    )

    assert answer.status_code == 202, answer.text
    assert (answer.json["file_name"], answer.json["kind"]) == ("audio only.m4a", "audio")
    assert answer.json["meeting_title"] == "Weekly"
    (kept,) = _kept(world)
    assert kept.read_bytes() == AUDIO.read_bytes()


def test_what_is_not_said_is_made_up(api):
    """The title from the name."""
    answer = api.post(f"{PATH}?file_name=Weekly.mp4", data=VIDEO.read_bytes())

    assert (answer.status_code, answer.json["meeting_title"]) == (202, "Weekly")


def test_the_name_in_a_form_can_be_another_one(api):
    """For programs that send a file without a name of its own."""
    answer = api.post(
        PATH, data={"file_name": "Daily.mp4", "file": (io.BytesIO(VIDEO.read_bytes()), "blob")}
    )

    assert (answer.status_code, answer.json["file_name"]) == (202, "Daily.mp4")


def test_the_page_of_the_user_may_hand_in_and_no_other_page(world):
    """With the cookie: a form of another site could send one unasked."""
    browser = world.client()
    for origin, status in (("https://evil.example", 403), ("http://127.0.0.1", 202)):
        answer = browser.post(
            PATH,
            base_url="http://127.0.0.1",
            headers={"Origin": origin},
            data={"file": (io.BytesIO(VIDEO.read_bytes()), "a.mp4")},
        )
        assert answer.status_code == status, answer.text
        assert len(_kept(world)) == (status == 202)
    assert world.stranger().post(f"{PATH}?file_name=a.mp4", data=b"").status_code == 401


# --- what is none is refused ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a.mp4", b"", 409),
        ("a.mp4", b"not a recording at all", 409),
        ("a.mp4", VIDEO.read_bytes()[:-100], 409),
        ("a.mp4", b"<html>" + VIDEO.read_bytes(), 409),
        ("a.exe", VIDEO.read_bytes(), 409),
        ("a", VIDEO.read_bytes(), 409),
        ("notes.txt", b"hello", 409),
        ("", VIDEO.read_bytes(), 422),
        ("x" * 256, VIDEO.read_bytes(), 422),
        ("a\n.mp4", VIDEO.read_bytes(), 422),
    ],
)
@pytest.mark.parametrize("is_form", [True, False])
def test_what_is_no_recording_is_not_kept(api, world, is_form, name, content, status):
    """By its name, or by what is in it."""
    if is_form:
        fields = {"file_name": name, "file": (io.BytesIO(content), "" if not name else "b.mp4")}
        answer = api.post(PATH, data=fields)
        status = 409 if not name else status  # a form whose file has no name has no file
    else:
        answer = api.post(PATH, query_string={"file_name": name}, data=content)

    assert answer.status_code == status, answer.text
    assert answer.json["error"]["detail"]
    _expect_nothing(world)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"started_at": "soon"}, "started_at"),
        ({"meeting_title": "x" * 201}, "meeting_title"),
        ({"colour": "red"}, "colour"),
    ],
)
@pytest.mark.parametrize("is_form", [True, False])
def test_what_is_said_of_it_must_be_as_described(api, world, is_form, query, field):
    """In the address and in a form alike."""
    if is_form:
        answer = api.post(PATH, data={**query, "file": (io.BytesIO(VIDEO.read_bytes()), "a.mp4")})
    else:
        answer = api.post(
            PATH, query_string={"file_name": "a.mp4", **query}, data=VIDEO.read_bytes()
        )

    assert answer.status_code == 422
    assert field in answer.json["error"]["detail"]
    _expect_nothing(world)


def _form(*parts, end=True):
    """Return a form, byte by byte."""
    made = b"".join(
        b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n"
        % (BOUNDARY.encode(), head, data)
        for head, data in parts
    )
    return made + (b"--%s--\r\n" % BOUNDARY.encode() if end else b"")


FILE = (b'name="file"; filename="a.mp4"', VIDEO.read_bytes())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing of a form",
        _form(),
        _form((b'name="meeting_title"', b"x")),
        _form(FILE, (b'name="meeting_title"', b"x")),
        _form(FILE, FILE),
        _form(FILE, end=False),
        _form((b'name="file"', VIDEO.read_bytes()[:100])),
        _form((b'name="meeting_title"', b"x" * MIB), FILE),
        _form(FILE)[:-50_000],
    ],
    ids=["empty", "text", "bare", "no-file", "late", "two", "no-end", "no-name", "long", "cut"],
)
def test_a_form_that_is_none_is_refused(api, world, body):
    """Wherever it goes wrong, nothing is kept of it."""
    answer = api.post(PATH, data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}")

    assert answer.status_code in (409, 422), answer.text
    _expect_nothing(world)
    whole = api.post(
        PATH, data=_form(FILE), content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )
    assert whole.status_code == 202, "the form itself is right"


def test_a_form_without_a_seam_is_refused(api, world):
    """Nothing could be told apart."""
    answer = api.post(PATH, data=_form(FILE), content_type="multipart/form-data")

    assert answer.status_code == 409
    _expect_nothing(world)


# --- over a real connection ----------------------------------------------------------------


@contextlib.contextmanager
def _receiving(world, monkeypatch):
    """Serve; give the address, and what becomes of what is handed in."""
    outcomes = []
    original = AppDesk.receive

    def receive(self, *args, **more):
        try:
            found = original(self, *args, **more)
        except BaseException as exc:
            outcomes.append(exc)
            raise
        outcomes.append(found)
        return found

    monkeypatch.setattr(AppDesk, "receive", receive)
    with world.serving() as link:
        parts = urlsplit(link)
        yield (parts.hostname, parts.port), outcomes


def _padded(size):
    """Yield a whole recording of *size* bytes, in pieces: the sample, and a box to be skipped."""
    sample = VIDEO.read_bytes()
    left = size - len(sample)
    yield sample + struct.pack(">I4s", left, b"free")
    left -= 8
    piece = bytes(MIB)
    while left:
        yield piece[: min(left, len(piece))]
        left -= min(left, len(piece))


@pytest.mark.parametrize("kind", ["raw", "chunked", "form"])
def test_a_large_recording_is_never_in_memory(world, monkeypatch, kind):
    """96 MiB pass through a few; every byte arrives."""
    size = 96 * MIB
    headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "video/mp4"}
    head, tail = b"", b""
    if kind == "form":
        head = _form((FILE[0], b""), end=False)[:-2]
        tail = b"\r\n--%s--\r\n" % BOUNDARY.encode()
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
    if kind != "chunked":
        headers["Content-Length"] = str(size + len(head) + len(tail))

    def body():
        yield from (piece for piece in [head] if piece)
        yield from _padded(size)
        yield from (piece for piece in [tail] if piece)

    with _receiving(world, monkeypatch) as (address, outcomes):
        connection = http.client.HTTPConnection(*address, timeout=60)
        tracemalloc.start()
        try:
            connection.request("POST", f"{PATH}?file_name=a.mp4", body=body(), headers=headers)
            answer = connection.getresponse()
            told = answer.read()
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            connection.close()

    assert answer.status == 202, told
    assert [one.size for one in outcomes] == [size]
    assert [one.stat().st_size for one in _kept(world)] == [size]
    assert peak < 16 * MIB


@pytest.mark.parametrize("kind", ["raw", "chunked", "form"])
def test_a_connection_that_breaks_leaves_nothing(world, monkeypatch, kind):
    """Wherever it does: neither a file nor a job."""
    content = VIDEO.read_bytes()
    half = content[: len(content) // 2]
    lines = [
        f"POST {PATH}?file_name=a.mp4 HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {world.token}",
        {
            "raw": f"Content-Length: {len(content)}",
            "chunked": "Transfer-Encoding: chunked",
            "form": f"Content-Length: {len(_form(FILE))}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        }[kind],
    ]
    sent = {
        "raw": half,
        "chunked": b"%x\r\n%s\r\n" % (len(half), half),
        "form": _form((FILE[0], half), end=False),
    }[kind]

    with _receiving(world, monkeypatch) as (address, outcomes):
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + sent)
        deadline = time.monotonic() + 20
        while not outcomes and time.monotonic() < deadline:
            threading.Event().wait(0.02)

    assert [type(one) for one in outcomes] == [NotAllowed], "the fault has fired"
    _expect_nothing(world)
