"""The stand-in takes resumable uploads as the real project was seen to take them."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.supabase_server import (
    Bucket,
    Person,
    SupabaseServer,
    metadata_header,
)
from tests.fakes.supabase_server.intake import Intake
from tests.fakes.supabase_server.refusals import Refusal
from tests.fakes.supabase_server.tus_headers import parse_metadata

TUS = "/storage/v1/upload/resumable"
STREAM = "application/offset+octet-stream"
MIB = 1 << 20


def test_says_what_it_can_do_without_asking_who_wants_to_know(server, http):
    """OPTIONS tells the project's limit and needs no token."""
    server.max_size = 123
    told = http.options(server.url + TUS)
    assert told.status_code == 204
    assert told.headers["tus-max-size"] == "123"
    assert "checksum" not in told.headers["tus-extension"]


def test_takes_a_file_in_pieces_and_shows_it_when_it_is_whole(server, person):
    """The object appears with the last byte, with its facts, and never before."""
    data = bytes(range(256)) * 40
    made = person.create("a.mp4", len(data))
    url = made.headers["location"]
    assert made.status_code == 201
    assert made.reason_phrase == ""
    assert made.headers["transfer-encoding"] == "chunked"
    assert made.headers["content-type"] == "text/plain;charset=UTF-8"
    assert "upload-offset" not in made.headers
    first = person.patch(url, 0, data[:6_000])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "6000")
    assert "tus-complete" not in first.headers
    assert first.headers["upload-expires"].endswith("GMT")
    assert server.objects == {}
    assert list(server.uploads) == [url.rpartition("/")[2]]
    last = person.patch(url, 6_000, data[6_000:])
    assert (last.status_code, last.headers["tus-complete"]) == (204, "1")
    assert "upload-expires" not in last.headers
    stored = server.objects[person.key("a.mp4")]
    assert (stored.data, stored.size) == (data, len(data))
    assert (stored.content_type, stored.cache_control) == ("video/mp4", "max-age=3600")
    assert stored.metadata == {"topic": "Jour fixe"}
    assert stored.owner == person.user.id
    assert server.uploads == {}
    assert person.offset(url) == len(data)


def test_the_address_names_bucket_key_and_version(server, person):
    """The last part is base64url of them, and each create gives another one."""
    one, two = (person.create("a.mp4", 5).headers["location"] for _ in range(2))
    assert one != two
    name = one.rpartition("/")[2]
    decoded = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    assert decoded.startswith(f"recordings/{person.key('a.mp4')}/")


def test_head_tells_where_it_stands(server, person):
    """Offset, length and metadata, of which cacheControl was rewritten."""
    url = person.create("a.mp4", 10).headers["location"]
    person.patch(url, 0, b"abc")
    told = person.tus("HEAD", url)
    assert told.status_code == 200
    assert (told.headers["upload-offset"], told.headers["upload-length"]) == ("3", "10")
    metadata = parse_metadata(told.headers["upload-metadata"])
    assert metadata["cacheControl"] == "max-age=3600"
    assert told.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("change", "status", "body"),
    [
        ({"Upload_Metadata": None}, 400, "Metadata header is required"),
        ({"Upload_Metadata": "a b c"}, 400, "Invalid upload-metadata\n"),
        ({"Upload_Metadata": "bucketName cmVjb3JkaW5ncw=="}, 400, "Invalid key: "),
        ({"Upload_Metadata": "objectName YQ=="}, 400, "Bucket name invalid"),
        (
            {"Upload_Length": None},
            400,
            "Upload-Length or Upload-Defer-Length header required\n",
        ),
        ({"Upload_Length": "-1"}, 400, "Invalid upload-length\n"),
        ({"Upload_Length": "0"}, 404, "NotFound"),
        ({"Tus_Resumable": None}, 412, "Tus-Resumable Required\n"),
        ({"Tus_Resumable": "0.2.2"}, 400, "Invalid tus-resumable\n"),
    ],
)
def test_refuses_a_create_that_lacks_something(server, person, change, status, body):
    """With the true status and text."""
    told = person.create("a.mp4", 5, **change)
    assert (told.status_code, told.text) == (status, body)
    assert server.uploads == {}


def test_refuses_a_create_that_cannot_end_well(server, person):
    """Before a byte is sent: the folder, the bucket, the name, the size, the type."""
    other = person.create("", 5, key="somebody/a.mp4")
    assert (other.status_code, other.text) == (
        403,
        "new row violates row-level security policy",
    )
    missing = person.create("a.mp4", 5, bucket="nowhere")
    assert (missing.status_code, missing.text) == (404, "Bucket not found")
    bad = person.create("é.mp4", 5)
    assert (bad.status_code, bad.text) == (400, f"Invalid key: {person.key('é.mp4')}")
    server.buckets["recordings"] = Bucket(
        file_size_limit=100, allowed_mime_types=["audio/*", "text/vtt"]
    )
    large = person.create("a.mp4", 101)
    assert (large.status_code, large.text) == (413, "Maximum size exceeded\n")
    kind = person.create("a.mp4", 100)
    assert (kind.status_code, kind.text) == (415, "mime type video/mp4 is not supported")
    server.buckets["recordings"] = Bucket()
    server.max_size = 99
    assert person.create("a.mp4", 100).status_code == 413
    server.buckets["recordings"].file_size_limit = 200
    assert person.create("a.mp4", 100).status_code == 413
    server.put_object(person.key("a.mp4"), b"there")
    taken = person.create("a.mp4", 5)
    assert (taken.status_code, taken.text) == (409, "The resource already exists")
    del server.buckets["recordings"]
    assert person.create("b.mp4", 5).status_code == 404


@pytest.mark.parametrize(
    ("missing", "upsert", "status"),
    [
        ("insert", False, 403),
        ("select", False, 201),
        ("select", True, 403),
        ("update", True, 403),
        ("delete", True, 201),
    ],
)
def test_asks_the_policies(server, person, missing, upsert, status):
    """INSERT lets create; to replace takes SELECT and UPDATE too, even for a new name."""
    server.policies.discard(missing)
    assert person.create("a.mp4", 5, upsert=upsert).status_code == status


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (None, "Invalid Compact JWS"),
        ("Bearer junk", "Invalid Compact JWS"),
        ("Bearer sb_publishable_other", "Invalid Compact JWS"),
    ],
)
def test_who_is_not_known_hears_json(server, person, token, message):
    """HTTP 400 with the true status as a string, before anything of tus is looked at."""
    told = person.create("a.mp4", 5, Authorization=token, apikey="")
    assert told.status_code == 400
    assert told.text == (
        f'{{"statusCode":"403","code":"AccessDenied","error":"Unauthorized","message":"{message}"}}'
    )


def test_an_expired_token_hurts_no_offset(server, person, clock):
    """It is HTTP 400; with a new token the upload goes on."""
    url = person.create("a.mp4", 6).headers["location"]
    person.patch(url, 0, b"abc")
    clock.advance(3_601)
    told = person.patch(url, 3, b"def")
    assert told.status_code == 400
    assert told.json()["message"] == '"exp" claim timestamp check failed'
    head = person.tus("HEAD", url)
    assert (head.status_code, head.headers["content-length"]) == (400, "114")
    new = server.session_for(person.user)["access_token"]
    person.headers["Authorization"] = f"Bearer {new}"
    assert person.offset(url) == 3
    assert person.patch(url, 3, b"def").headers["tus-complete"] == "1"


def test_a_token_of_another_project_is_refused(server, person):
    """The signature is checked."""
    with SupabaseServer() as other:
        stolen = other.session_for(person.user)["access_token"]
    person.headers["Authorization"] = f"Bearer {stolen}"
    assert person.create("a.mp4", 5).json()["message"] == "signature verification failed"


def test_keys_of_the_project_are_tokens_to_the_gateway(server, person):
    """An opaque key in both headers passes as what it stands for."""
    for key, status in ((server.secret_key, 201), (server.publishable_key, 403)):
        told = person.create("a.mp4", 5, apikey=key, Authorization=f"Bearer {key}")
        assert told.status_code == status
    assert person.create("a.mp4", 5, apikey=server.secret_key, Authorization=None).is_success
    service = person.create("a.mp4", 5, Authorization=f"Bearer {server.service_key}")
    anon = person.create("a.mp4", 5, Authorization=f"Bearer {server.anon_key}")
    assert (service.status_code, anon.status_code) == (201, 403)
    server_key_as_user = person.create("a.mp4", 5, Authorization=f"Bearer {server.secret_key}")
    assert server_key_as_user.status_code == 400


@pytest.mark.parametrize(
    ("change", "status", "body"),
    [
        ({"Upload_Offset": None}, 403, "Upload-Offset header required\n"),
        ({"Upload_Offset": "4"}, 409, "Upload-Offset conflict\n"),
        ({"Content_Type": None}, 403, "Content-Type header required\n"),
        ({"Content_Type": "video/mp4"}, 400, "Invalid content-type\n"),
        ({"Tus_Resumable": None}, 412, "Tus-Resumable Required\n"),
    ],
)
def test_refuses_a_piece_that_lacks_something(server, person, change, status, body):
    """The body is read away, nothing is kept, and the connection goes on."""
    url = person.create("a.mp4", 6).headers["location"]
    told = person.patch(url, 0, b"abc", **change)
    assert (told.status_code, told.text) == (status, body)
    assert "upload-offset" not in told.headers
    assert told.headers["connection"] == "keep-alive"
    assert person.offset(url) == 0


@pytest.mark.parametrize("chunked", [False, True])
def test_more_than_was_announced_is_refused(server, person, chunked):
    """And leaves the offset where it was."""
    url = person.create("a.mp4", 4).headers["location"]
    person.patch(url, 0, b"ab")
    told = person.patch(url, 2, iter([b"cd", b"e"]) if chunked else b"cde")
    assert (told.status_code, told.text) == (413, "upload's size exceeded\n")
    assert person.offset(url) == 2
    assert person.patch(url, 2, b"cd").headers["tus-complete"] == "1"
    assert server.objects[person.key("a.mp4")].data == b"abcd"


def test_another_user_cannot_go_on_but_can_look(server, person, http):
    """PATCH and DELETE are asked of the policies, HEAD is not."""
    url = person.create("a.mp4", 4).headers["location"]
    other = Person(server, http, "b@example.com")
    assert other.patch(url, 0, b"abcd").status_code == 403
    assert other.tus("DELETE", url).status_code == 403
    assert other.offset(url) == 0


def test_two_addresses_of_one_object(server, person):
    """The first to finish wins; the other one's pieces meet 409, its HEAD still 200."""
    one, two = (person.create("a.mp4", 4).headers["location"] for _ in range(2))
    person.patch(two, 0, b"xx")
    person.patch(one, 0, b"abcd")
    told = person.patch(two, 2, b"xx")
    assert (told.status_code, told.text) == (409, "The resource already exists")
    assert person.offset(two) == 2
    assert server.objects[person.key("a.mp4")].data == b"abcd"


def test_replacing_must_be_said_every_time(server, person):
    """A piece without x-upsert meets 409; with it the last finisher wins and keeps the id."""
    before = server.put_object(person.key("a.mp4"), b"old")
    url = person.create("a.mp4", 4, upsert=True).headers["location"]
    assert person.patch(url, 0, b"abcd").status_code == 409
    assert person.patch(url, 0, b"abcd", x_upsert="true").status_code == 204
    after = server.objects[person.key("a.mp4")]
    assert (after.data, after.id) == (b"abcd", before.id)
    assert after.version != before.version
    again = person.patch(url, 4, b"", x_upsert="true")
    assert again.status_code == 500
    assert again.text.startswith("Something went wrong with that request\n")


def test_an_address_has_its_time(server, person, clock):
    """After it, counted from the creation, HEAD and PATCH are 410."""
    url = person.create("a.mp4", 4).headers["location"]
    clock.advance(86_399)
    person.headers["Authorization"] = f"Bearer {server.service_key}"
    assert person.patch(url, 0, b"ab").status_code == 204
    clock.advance(1)
    told = person.patch(url, 2, b"cd")
    assert (told.status_code, told.text) == (410, "The file for this url no longer exists\n")
    head = person.tus("HEAD", url)
    assert (head.status_code, head.headers["content-length"]) == (410, "39")


def test_a_finished_upload_has_its_time_too(server, person, clock):
    """Its address ends, its object does not."""
    url = person.create("a.mp4", 2).headers["location"]
    person.patch(url, 0, b"ab")
    clock.advance(86_400)
    person.headers["Authorization"] = f"Bearer {server.service_key}"
    assert person.tus("HEAD", url).status_code == 410
    assert person.key("a.mp4") in server.objects


def test_unknown_and_malformed_addresses(server, person):
    """Are 404 with 36 bytes and 400 with 17."""
    url = person.create("a.mp4", 4).headers["location"]
    assert person.tus("DELETE", url).status_code == 204
    gone = person.tus("HEAD", url)
    assert (gone.status_code, gone.headers["content-length"]) == (404, "36")
    assert person.patch(url, 0, b"ab").text == "The file for this url was not found\n"
    junk = person.tus("HEAD", f"{TUS}/junk")
    assert (junk.status_code, junk.headers["content-length"]) == (400, "17")
    assert server.uploads == {}


def test_what_is_finished_is_not_terminated(server, person):
    """409 or, with x-upsert, 400; the object stays."""
    url = person.create("a.mp4", 2).headers["location"]
    person.patch(url, 0, b"ab")
    assert person.tus("DELETE", url).status_code == 409
    told = person.tus("DELETE", url, x_upsert="true")
    assert told.text == "Cannot terminate an already completed upload"
    assert person.key("a.mp4") in server.objects


def test_a_create_may_bring_bytes(server, person):
    """With the right type they count, all of them finish it; with another type they do not."""
    for content, kind, offset in ((b"ab", STREAM, "2"), (b"abcd", STREAM, "4")):
        told = person.tus(
            "POST",
            TUS,
            content,
            Upload_Length="4",
            Upload_Metadata=metadata_header(
                bucketName="recordings", objectName=person.key(f"{len(content)}.mp4")
            ),
            Content_Type=kind,
        )
        assert (told.status_code, told.headers["upload-offset"]) == (201, offset)
    assert told.headers["tus-complete"] == "1"
    assert list(server.objects) == [person.key("4.mp4")]
    told = person.tus(
        "POST",
        TUS,
        b"abcd",
        Upload_Length="4",
        Upload_Metadata=metadata_header(bucketName="recordings", objectName=person.key("c.mp4")),
    )
    assert "upload-offset" not in told.headers


def test_the_length_may_come_later(server, person):
    """With Upload-Defer-Length, and the piece that brings it."""
    made = person.create("a.mp4", 0, Upload_Length=None, Upload_Defer_Length="1")
    url = made.headers["location"]
    person.patch(url, 0, b"ab")
    told = person.tus("HEAD", url)
    assert told.headers["upload-defer-length"] == "1"
    assert "upload-length" not in told.headers
    last = person.patch(url, 2, b"cd", Upload_Length="4")
    assert last.headers["tus-complete"] == "1"


def test_a_signed_token_uploads_one_object(server, person):
    """Under /sign/ it stands for whoever signed; elsewhere it is nothing."""
    signed = person.storage("POST", f"/object/upload/sign/recordings/{person.key('s.mp4')}")
    token = signed.json()["token"]
    sent = {"Authorization": None, "x_signature": token, "Upload_Length": "2"}
    sent["Upload_Metadata"] = metadata_header(
        bucketName="recordings", objectName=person.key("s.mp4")
    )
    assert person.tus("POST", TUS, apikey=None, **sent).status_code == 400
    made = person.tus("POST", f"{TUS}/sign", apikey=None, **sent)
    url = made.headers["location"]
    assert f"{TUS}/sign/" in url
    done = person.patch(url, 0, b"ab", apikey=None, Authorization=None, x_signature=token)
    assert done.headers["tus-complete"] == "1"
    assert server.objects[person.key("s.mp4")].owner == person.user.id
    sent["Upload_Metadata"] = metadata_header(
        bucketName="recordings", objectName=person.key("other.mp4")
    )
    assert person.tus("POST", f"{TUS}/sign", apikey=None, **sent).status_code == 400


def test_the_etag_is_that_of_the_parts(server, person):
    """A part is one piece of 5 to 50 MiB; a smaller one becomes part of the next."""
    pieces = [bytes([n]) * size for n, size in enumerate((5 * MIB, 100, 5 * MIB, 7))]
    url = person.create("a.mp4", sum(map(len, pieces))).headers["location"]
    offset = 0
    for piece in pieces:
        offset = int(person.patch(url, offset, piece).headers["upload-offset"])
    parts = [pieces[0], pieces[1] + pieces[2], pieces[3]]
    digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    whole = hashlib.md5(digests, usedforsecurity=False).hexdigest()
    assert server.objects[person.key("a.mp4")].etag == f'"{whole}-3"'


def test_a_server_with_files_differs(http):
    """No expiry is told, an empty file works, and the ETag is plain MD5."""
    with SupabaseServer(backend="file") as server:
        person = Person(server, http)
        made = person.create("empty.vtt", 0)
        assert (made.status_code, made.headers["tus-complete"]) == (201, "1")
        made = person.create("a.mp4", 2)
        assert "upload-expires" not in made.headers
        person.patch(made.headers["location"], 0, b"ab")
        digest = hashlib.md5(b"ab", usedforsecurity=False).hexdigest()
        assert server.objects[person.key("a.mp4")].etag == f'"{digest}"'


def test_a_sink_counts_and_hashes_and_keeps_nothing(http):
    """Size and ETag are those of the bytes that came."""
    for hashing in (True, False):
        with SupabaseServer(keep_bytes=False, hash=hashing) as server:
            person = Person(server, http)
            url = person.create("a.mp4", 3 * MIB).headers["location"]
            person.patch(url, 0, bytes(3 * MIB))
            stored = server.objects[person.key("a.mp4")]
            digest = hashlib.md5(bytes(3 * MIB), usedforsecurity=False).digest()
            whole = hashlib.md5(digest, usedforsecurity=False).hexdigest()
            assert (stored.data, stored.size) == (None, 3 * MIB)
            assert stored.etag == (f'"{whole}-1"' if hashing else '"unhashed"')


def test_a_piece_of_more_than_50_mib_is_several_parts():
    """And taking it back takes back its parts."""
    intake = Intake(keep=False, hashing=True, in_parts=True)
    mark = intake.mark()
    intake.add(memoryview(bytes(51 * MIB)))
    intake.rewind(mark)
    intake.add(memoryview(bytes(51 * MIB)))
    intake.end_request(final=True)
    parts = (bytes(50 * MIB), bytes(MIB))
    digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    whole = hashlib.md5(digests, usedforsecurity=False).hexdigest()
    assert intake.etag == f'"{whole}-2"'


@given(st.dictionaries(st.text("abcXYZ_.!", min_size=1), st.text()))
def test_metadata_comes_back_as_it_was(pairs):
    """Whatever a client may put there."""
    encoded = [f"{n} {base64.b64encode(v.encode()).decode()}".rstrip() for n, v in pairs.items()]
    if pairs:
        assert parse_metadata(",".join(encoded)) == pairs


@given(st.text(max_size=60))
def test_no_metadata_breaks_the_parser(header):
    """It is understood or refused."""
    try:
        found = parse_metadata(header)
    except Refusal as exc:
        found = {"refused": exc.status}
    assert found.get("refused", 400) == 400


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8), st.booleans())
def test_bytes_are_kept_however_they_come(pieces, in_parts):
    """And the mark leads back."""
    intake = Intake(keep=True, hashing=True, in_parts=in_parts)
    for piece in pieces:
        mark = intake.mark()
        intake.add(memoryview(b"not this"))
        intake.rewind(mark)
        intake.add(memoryview(piece))
        intake.end_request(final=False)
    intake.end_request(final=True)
    data = b"".join(pieces)
    assert bytes(intake.data) == data
    assert intake.size == len(data)
    if not in_parts:
        assert intake.etag == f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
    elif data:
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        whole = hashlib.md5(digest, usedforsecurity=False).hexdigest()
        assert intake.etag == f'"{whole}-1"'
