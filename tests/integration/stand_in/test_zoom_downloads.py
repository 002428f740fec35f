"""The stand-in for Zoom gives files away as Zoom does, and other things in their place."""

import threading
import time
import tracemalloc
from urllib.parse import urlsplit

import httpx
import pytest

from tests.fakes.zoom import (
    ADMIN_SCOPES,
    FILE_KINDS,
    Fault,
    Held,
    Pattern,
    ZoomServer,
    all_of,
    break_after,
    fetching,
    forbidden_json,
    host_only_page,
    html,
    passcode_page,
    sha256_of,
    short_body,
    sign_in_page,
    stall_after,
    with_headers,
)

MIB = 1 << 20


@pytest.fixture
def zoom(clock):
    """A Zoom with one person."""
    with ZoomServer(clock=clock.now) as running:
        running.add_user()
        yield running


@pytest.fixture
def meeting(zoom):
    """A meeting with a video."""
    return zoom.add_meeting(files=("video",))


@pytest.fixture
def file(meeting):
    """That video."""
    return meeting.files[0]


@pytest.fixture
def fetch(zoom, http):
    """What asks for the bytes of a file, and follows where it is sent, without its token."""
    return Fetch(zoom, http)


class Fetch:
    """Somebody who downloads."""

    def __init__(self, zoom, http):
        self.zoom = zoom
        self.http = http
        self.token = zoom.sign_in()["access_token"]

    def first(self, file, token=None, **headers):
        """Ask at the address of the list."""
        told = {"authorization": f"Bearer {token or self.token}"} | headers
        return self.http.get(self.zoom.download_url(file), headers=told)

    def __call__(self, file, token=None, **headers):
        """Ask, and ask again where that leads."""
        told = self.first(file, token, **headers)
        if told.status_code != 302:
            return told
        return self.http.get(told.headers["location"], headers=headers)

    def until_it_breaks(self, file, **more):
        """Return what comes of a file before it breaks off, and how it does."""
        url, got = self.first(file).headers["location"], b""
        with self.http.stream("GET", url, **more) as answer:
            assert answer.headers["content-length"] == str(file.content.size)
            try:
                for piece in answer.iter_raw():
                    got += piece
            except httpx.TransportError as error:
                return got, error
        return got, None


def test_a_download_leads_to_another_host(zoom, fetch, file):
    """Which gives the bytes for the signature alone."""
    told = fetch.first(file)
    assert (told.status_code, told.content) == (302, b"")
    there = urlsplit(told.headers["location"])
    assert there.netloc == f"localhost:{zoom.cdn.port}"
    assert there.netloc != urlsplit(zoom.zoom_url).netloc
    assert {"Policy", "Signature", "Key-Pair-Id"} <= {
        one.partition("=")[0] for one in there.query.split("&")
    }
    answer = fetch(file)
    assert answer.status_code == 200
    assert answer.content == all_of(file.content)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(file.content.size)
    name = "GMT20270114-080000_Recording_1920x1080.mp4"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert there.path.endswith(f"/{name}")
    assert zoom.leaked == []
    assert zoom.served == [(file.id, 0, file.content.size)]
    zoom.cdn_host = "127.0.0.1"
    assert urlsplit(fetch.first(file).headers["location"]).netloc == f"127.0.0.1:{zoom.cdn.port}"


def test_the_bytes_at_once(zoom, fetch, file):
    """Without another host; ranges are given here too."""
    zoom.redirects = False
    answer = fetch.first(file)
    assert (answer.status_code, answer.content) == (200, all_of(file.content))
    assert fetch.first(file, range="bytes=0-7").content[4:] == b"ftyp"
    assert zoom.cdn.requests == []


def test_a_token_in_the_query(zoom, http, file):
    """Works, though it is seen in logs."""
    token = zoom.sign_in()["access_token"]
    url = zoom.download_url(file)
    assert http.get(url, params={"access_token": token}).status_code == 302
    assert http.post(url, params={"access_token": token}).status_code == 405


def test_a_token_must_not_travel_on(zoom, fetch, http, file):
    """It is refused and written down, or only written down."""
    url = fetch.first(file).headers["location"]
    headers = {"authorization": f"Bearer {fetch.token}"}
    refused = http.get(url, headers=headers)
    assert refused.status_code == 400
    assert b"Only one auth mechanism allowed" in refused.content
    zoom.cdn_refuses_bearer = False
    assert http.get(url, headers=headers).status_code == 200
    assert zoom.leaked == [f"Bearer {fetch.token}"] * 2
    assert http.get(f"{url}&access_token=x").status_code == 200
    assert zoom.leaked[-1] == "x"


def test_signed_addresses_do_not_last(zoom, fetch, http, clock, file):
    """Nor are they good for anything else; a new one is a request away."""
    url = fetch.first(file).headers["location"]
    other = zoom.add_file(zoom.add_meeting(), "video")
    assert http.get(url.replace(file.key, other.key)).status_code == 403
    assert http.get(url.partition("?")[0]).status_code == 403
    assert http.get(f"{zoom.cdn_url}/elsewhere").status_code == 403
    assert http.post(url).status_code == 403
    clock.advance(299)
    assert http.get(url).status_code == 200
    clock.advance(1)
    late = http.get(url)
    assert late.status_code == 403
    assert late.headers["content-type"] == "text/xml"
    assert b"<Code>AccessDenied</Code>" in late.content
    zoom.signed_url_life = 1
    url = fetch.first(file).headers["location"]
    clock.advance(1)
    assert http.get(url).status_code == 403
    assert fetch(file).status_code == 200


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-", 0, None),
        ("bytes=100-", 100, None),
        ("bytes=10-19", 10, 20),
        ("bytes=-5", -5, None),
    ],
)
def test_ranges(zoom, fetch, file, asked, begin, end):
    """206, and which bytes of how many."""
    whole = all_of(file.content)
    answer = fetch(file, range=asked)
    assert answer.status_code == 206
    assert answer.content == whole[begin:end]
    first = begin % len(whole)
    last = first + len(answer.content) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"
    assert zoom.served == [(file.id, first, len(answer.content))]


def test_a_range_that_is_none(zoom, fetch, file):
    """416 behind the end; everything where ranges are not honoured."""
    size = file.content.size
    answer = fetch(file, range=f"bytes={size}-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"
    zoom.honours_range = False
    answer = fetch(file, range="bytes=100-")
    assert (answer.status_code, len(answer.content)) == (200, size)


def test_who_may_not(zoom, fetch, http, file, clock):
    """Nobody gets a page with 200, a stranger and an old token JSON with 401."""
    page = http.get(zoom.download_url(file))
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "Sign In" in page.text
    forbidden = {"status": False, "errorCode": 401, "errorMessage": "Forbidden"}
    other = zoom.sign_in(zoom.add_user("other@example.com"))["access_token"]
    told = fetch(file, other)
    assert (told.status_code, told.json()) == (401, forbidden)
    few = zoom.sign_in(scopes=["cloud_recording:read:list_user_recordings"])["access_token"]
    assert fetch(file, few).json() == forbidden
    admin = zoom.add_user("admin@example.com", is_admin=True)
    assert fetch(file, zoom.sign_in(admin, list(ADMIN_SCOPES))["access_token"]).status_code == 200
    told = fetch(file, "made up")
    assert (told.status_code, told.json()["errorCode"]) == (401, 124)
    old = zoom.sign_in()["access_token"]
    clock.advance(3_600)
    zoom.refusals_as_200 = True
    told = fetch(file, old)
    assert (told.status_code, told.json()["errorCode"]) == (200, 124)


def test_a_download_access_token(zoom, fetch, meeting, file, clock):
    """Opens what a person's own token does not, for its meeting and its time."""
    file.only_download_token = True
    assert fetch(file).status_code == 401
    token = zoom.download_token(meeting, 60)
    assert fetch(file, token).content == all_of(file.content)
    other = zoom.add_meeting(files=("video",))
    assert fetch(other.files[0], token).status_code == 401
    clock.advance(60)
    assert fetch(file, token).status_code == 401


def test_a_participant_s_sound(zoom, fetch, meeting):
    """Is fetched like any other file."""
    file = zoom.add_participant(meeting, "Ann", b"sound")
    answer = fetch(file)
    assert (answer.content, answer.headers["content-type"]) == (b"sound", "audio/mp4")


def test_a_transcript_that_no_list_shows(zoom, fetch, meeting):
    """Has an address of its own."""
    file = zoom.add_file(meeting, "transcript", is_listed=False)
    assert "/rec/meeting/transcript/download/" in zoom.download_url(file)
    answer = fetch(file)
    assert answer.content.startswith(b"WEBVTT")
    assert answer.headers["content-type"] == "text/vtt"


@pytest.mark.parametrize(
    ("kind", "beginning"),
    [
        ("video", b"\0\0\0\x1cftyp"),
        ("audio", b"\0\0\0\x1cftyp"),
        ("transcript", b"WEBVTT\r\n\r\n1\r\n00:00:04.500 --> 00:00:07.250\r\nAnn Smith: Good"),
        ("captions", b"WEBVTT\r\n\r\n1\r\n00:00:04.500 --> 00:00:07.250\r\nGood"),
        ("chat", b"00:00:30\tAnn Smith:\tGood"),
        ("timeline", b'{"timeline": [{"ts": "00:00:04.120"'),
        ("summary", b'{"overview"'),
        ("next_steps", b'{"items"'),
        ("poll", b"#,Question"),
        ("thumbnail", b"\xff\xd8\xff"),
    ],
)
def test_what_is_in_files(zoom, fetch, meeting, kind, beginning):
    """They are what they say."""
    assert fetch(zoom.add_file(meeting, kind)).content.startswith(beginning)


@pytest.mark.parametrize("kind", ["deleted", "trashed", "with its meeting", "forgotten", "late"])
def test_a_file_that_is_not_there(zoom, fetch, meeting, file, clock, kind):
    """404, or a page with 200."""
    match kind:
        case "deleted":
            zoom.forget(meeting, file)
        case "trashed":
            file.trashed_at = clock.now()
        case "with its meeting":
            meeting.trashed_at = clock.now()
        case "forgotten":
            zoom.forget(meeting)
        case "late":
            file.appears_at = clock.now() + 1
    assert fetch(file).status_code == 404
    zoom.deleted_download = "page"
    told = fetch(file)
    assert told.status_code == 200
    assert "does not exist" in told.text
    url = f"{zoom.zoom_url}/rec/download/unknown"
    headers = {"authorization": f"Bearer {fetch.token}"}
    assert fetch.http.get(url, headers=headers).text == told.text


def test_a_file_that_is_not_ready(zoom, fetch, file, clock):
    """Has an address already, with a page at it."""
    file.completes_at = clock.now() + 60
    told = fetch(file)
    assert (told.status_code, "being processed" in told.text) == (200, True)
    (running,) = zoom.start_recording().files
    assert "being processed" in fetch(running).text
    clock.advance(60)
    assert fetch(file).content == all_of(file.content)


def test_addresses_of_lists_that_do_not_last(zoom, fetch, http, file, clock):
    """A new list has a new one."""
    zoom.download_url_life = 60
    url, headers = zoom.download_url(file), {"authorization": f"Bearer {fetch.token}"}
    clock.advance(59)
    assert http.get(url, headers=headers).status_code == 302
    clock.advance(1)
    assert "This link has expired" in http.get(url, headers=headers).text
    assert fetch(file).content == all_of(file.content)


def test_a_vanity_host(zoom, file):
    """Addresses lie where the customer's name is."""
    zoom.download_base = "http://customer.zoom.test"
    assert zoom.download_url(file) == f"http://customer.zoom.test/rec/download/{file.key}"


@pytest.mark.parametrize(
    ("fault", "status", "kind", "text"),
    [
        (sign_in_page(), 200, "text/html", "<title>Sign In | Zoom</title>"),
        (passcode_page(), 200, "text/html", "<title>Password Required - Zoom</title>"),
        (host_only_page(), 200, "text/html", "Only the host can download this recording"),
        (forbidden_json(), 200, "application/json", '"errorCode":124'),
        (forbidden_json(401, 401), 401, "application/json", '"errorCode":401'),
        (html(502), 502, "text/html", "502"),
    ],
)
def test_what_comes_in_the_place_of_a_file(zoom, fetch, file, fault, status, kind, text):
    """Once; then the file."""
    put = Fault(fetching(file), fault)
    zoom.faults.append(put)
    told = fetch(file)
    assert told.status_code == status
    assert told.headers["content-type"].startswith(kind)
    assert text in told.text
    assert put.fired == 1
    assert fetch(file).content == all_of(file.content)


def test_a_fault_of_one_file(zoom, fetch, meeting, file):
    """Leaves the others alone."""
    other = zoom.add_file(meeting, "audio")
    zoom.cdn.faults.append(Fault(fetching(file), html(500)))
    assert fetch(other).status_code == 200
    assert fetch(file).status_code == 500


def test_a_download_that_breaks_off(zoom, fetch, meeting):
    """The client has what came; the rest is a range away."""
    file = zoom.add_file(meeting, "video", MIB)
    zoom.cdn.faults.append(Fault(("GET", "/cdn/"), break_after(1_000)))
    got, why = fetch.until_it_breaks(file)
    assert isinstance(why, httpx.RemoteProtocolError)
    assert len(got) == 1_000
    rest = fetch(file, range="bytes=1000-")
    assert got + rest.content == all_of(file.content)


def test_a_download_that_stalls(zoom, fetch, meeting):
    """Nothing more comes, until the client leaves or an event is set."""
    file = zoom.add_file(meeting, "video", MIB)
    zoom.cdn.faults.append(Fault(fetching(file), stall_after(5_000)))
    got, why = fetch.until_it_breaks(file, timeout=1.0)
    assert isinstance(why, httpx.ReadTimeout)
    assert len(got) == 5_000
    going_on = threading.Event()
    zoom.cdn.faults.append(Fault(fetching(file), stall_after(5_000, going_on)))
    begun = time.monotonic()
    threading.Timer(0.2, going_on.set).start()
    assert fetch(file).content == all_of(file.content)
    assert time.monotonic() - begun > 0.15


def test_a_server_that_ends_while_a_download_stalls(clock, http):
    """Waits for nobody."""
    with ZoomServer(clock=clock.now) as zoom:
        file = zoom.add_meeting(files=("video",)).files[0]
        zoom.redirects = False
        zoom.faults.append(Fault(fetching(file), stall_after(10)))
        token = zoom.sign_in()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        with http.stream("GET", zoom.download_url(file), headers=headers) as answer:
            assert answer.status_code == 200
            begun = time.monotonic()
            zoom.close()
    assert time.monotonic() - begun < 20


def test_fewer_bytes_than_the_list_says(zoom, fetch, file):
    """A body that is whole and still too short, even empty; or a list that is wrong."""
    zoom.cdn.faults.append(Fault(fetching(file), short_body(100)))
    assert fetch(file).content == all_of(file.content)[:100]
    zoom.cdn.faults.append(Fault(fetching(file), short_body(0)))
    assert fetch(file).content == b""
    file.told_size = 5
    assert len(fetch(file).content) == file.content.size != 5


def test_a_wrong_content_type(zoom, fetch, file):
    """With the right bytes."""
    zoom.cdn.faults.append(Fault(fetching(file), with_headers(content_type="text/html")))
    answer = fetch(file)
    assert answer.headers["content-type"] == "text/html"
    assert answer.content == all_of(file.content)


def test_a_file_that_becomes_another_one(zoom, fetch, file):
    """Under the same id and address."""
    before = fetch(file)
    zoom.replace_data(file, 9_000)
    after = fetch(file)
    assert len(after.content) == 9_000
    assert after.content != before.content
    assert after.headers["etag"] != before.headers["etag"]
    zoom.replace_data(file, b"")
    assert fetch(file).content == b""


def test_content_that_nobody_keeps(zoom, fetch, meeting):
    """A pattern is the same wherever it is cut, and another one for each file."""
    one = zoom.add_file(meeting, "video", 3 * MIB)
    two = zoom.add_file(meeting, "audio", 3 * MIB)
    whole = fetch(one).content
    assert len(whole) == 3 * MIB
    assert whole[4:8] == b"ftyp"
    assert b"moov" in whole[:400]
    assert whole[-MIB:].count(0) == 0
    assert fetch(two).content != whole
    for begin, end in ((0, 10), (100, 400), (MIB - 7, 2 * MIB + 9), (3 * MIB - 1, 3 * MIB)):
        assert fetch(one, range=f"bytes={begin}-{end - 1}").content == whole[begin:end]
    assert sha256_of(one.content) == sha256_of(Held(whole))
    text = zoom.add_file(meeting, "transcript", 5_000)
    assert len(fetch(text).content) == 5_000
    with pytest.raises(ValueError, match="too few"):
        Pattern(100, "name")


def test_no_two_files_are_the_same(zoom):
    """Neither of one meeting nor of two."""
    for _ in range(2):
        meeting = zoom.add_meeting(files=tuple(FILE_KINDS))
        zoom.add_file(meeting, "poll")
    hashes = {sha256_of(file.content) for file in zoom.complete_files()}
    assert len(hashes) == len(zoom.complete_files()) == 2 * (len(FILE_KINDS) + 1)


def test_a_large_file_takes_no_memory(zoom, fetch, meeting):
    """It is made while it is sent."""
    file = zoom.add_file(meeting, "video", 200 * MIB)
    url = fetch.first(file).headers["location"]
    tracemalloc.start()
    try:
        with fetch.http.stream("GET", url) as answer:
            count = sum(len(piece) for piece in answer.iter_raw(MIB))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 200 * MIB
    assert peak < 20 * MIB


def test_only_the_head_of_a_file(zoom, fetch, http, file):
    """Says what would come."""
    url = fetch.first(file).headers["location"]
    answer = http.head(url)
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(file.content.size)
    assert http.get(url).content == all_of(file.content)
