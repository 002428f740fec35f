"""Whom the store that speaks S3 lets in, and what it takes from them."""

import hashlib
import time
from base64 import b64encode

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.s3_server import S3Server

BUCKET = "recordings"
PATH = f"/{BUCKET}/a"
WRONG_KEY = {"secret_key": "else"}
WITH_TOKEN = {"token": "token"}
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.fixture
def clock():
    """A clock that stands still where the signers' clock is."""
    return ManualClock(time.time())


@pytest.fixture
def store(clock):
    """A store with that clock."""
    with S3Server(smallest_part=4, clock=clock.now) as running:
        yield running


def eventually(condition):
    """Wait until something is so; the limit only ends a broken test."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def test_nobody_comes_without_a_signature(store, http, said):
    """An unsigned request is denied."""
    told = http.put(store.url + PATH, content=b"data")
    assert (told.status_code, said(told, "Code")) == (403, "AccessDenied")
    assert not store.objects


def test_a_refusal_is_a_document(store, ask, said):
    """It says what, why, where and which request it was."""
    told = ask("GET", PATH)
    assert told.headers["content-type"] == "application/xml"
    assert said(told, "Code") == "NoSuchKey"
    assert said(told, "Message") == "The specified key does not exist."
    assert said(told, "Key") == "a"
    assert said(told, "Resource") == PATH
    assert said(told, "RequestId") == told.headers["x-amz-request-id"]


def test_a_refusal_of_a_head_has_no_body(ask):
    """Only the status says what is the matter."""
    told = ask("HEAD", PATH)
    assert (told.status_code, told.content) == (404, b"")


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"access_key": "AKIAELSE"}, 403, "InvalidAccessKeyId"),
        ({"secret_key": "else"}, 403, "SignatureDoesNotMatch"),
        ({"region": "us-east-1"}, 400, "AuthorizationHeaderMalformed"),
        ({"token": "unknown"}, 400, "InvalidToken"),
        ({"extra": {"X-Amz-Date": "20260101T000000Z"}}, 400, "AuthorizationHeaderMalformed"),
        ({"extra": {"X-Amz-Date": "yesterday"}}, 403, "AccessDenied"),
        ({"extra": {"X-Amz-Date": "20269999T000000Z"}}, 403, "AccessDenied"),
        ({"extra": {"X-Amz-Date": None}}, 403, "AccessDenied"),
        ({"extra": {"X-Amz-Content-SHA256": None}}, 400, "InvalidRequest"),
        ({"extra": {"X-Amz-Content-SHA256": EMPTY}}, 403, "SignatureDoesNotMatch"),
        ({"extra": {"x-amz-meta-more": "x"}}, 403, "AccessDenied"),
        ({"extra": {"Authorization": "AWS key:signature"}}, 400, "InvalidRequest"),
        ({"extra": {"Authorization": "Bearer token"}}, 400, "InvalidRequest"),
        ({"payload": "nonsense"}, 400, "InvalidArgument"),
        ({"payload": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, 501, "NotImplemented"),
    ],
)
def test_a_signature_must_be_right_in_all_of_its_parts(store, ask, said, wrong, status, code):
    """Every mistake has the answer that it has at AWS, and nothing is stored."""
    told = ask("PUT", PATH, b"data", **wrong)
    assert (told.status_code, said(told, "Code")) == (status, code)
    assert not store.objects


def test_a_wrong_region_hears_the_right_one(store, ask, said):
    """A client can go on with that."""
    assert said(ask("GET", PATH, region="us-east-1"), "Region") == store.region


def test_what_should_have_been_signed_is_told(ask, said):
    """Whoever is looking for a mistake sees the other side of it."""
    told = ask("GET", f"{PATH}?x=1", **WRONG_KEY)
    assert said(told, "StringToSign").startswith("AWS4-HMAC-SHA256\n")
    assert said(told, "CanonicalRequest").startswith(f"GET\n{PATH}\nx=1\nhost:")
    assert len(said(told, "SignatureProvided")) == 64


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("host;", "", "AccessDenied"),
        (", Signature=", ", Signed=", "AuthorizationHeaderMalformed"),
        ("/s3/", "/sqs/", "AuthorizationHeaderMalformed"),
        ("/aws4_request", "/aws3_request", "AuthorizationHeaderMalformed"),
        ("/s3/aws4_request", "", "AuthorizationHeaderMalformed"),
        ("Signature=", "Signature=0", "SignatureDoesNotMatch"),
    ],
)
def test_the_header_must_be_right_in_all_of_its_parts(store, ask, http, said, old, new, code):
    """A header that is changed opens nothing."""
    url = store.url + PATH
    signed = ask.sign("GET", url)
    changed = signed["Authorization"].replace(old, new)
    assert changed != signed["Authorization"]
    told = http.get(url, headers=signed | {"Authorization": changed})
    assert said(told, "Code") == code


@pytest.mark.parametrize("seconds", [960, -960])
def test_a_clock_that_is_wrong_is_told_the_time(store, clock, ask, said, seconds):
    """More than a quarter of an hour off is refused, with both times and the header Date."""
    clock.jump(seconds)
    told = ask("GET", PATH)
    assert (told.status_code, said(told, "Code")) == (403, "RequestTimeTooSkewed")
    assert said(told, "MaxAllowedSkewMilliseconds") == "900000"
    server_time = time.strptime(said(told, "ServerTime"), "%Y-%m-%dT%H:%M:%SZ")
    assert time.strptime(told.headers["date"], "%a, %d %b %Y %H:%M:%S GMT")[:6] == server_time[:6]
    request_time = time.strptime(said(told, "RequestTime"), "%Y%m%dT%H%M%SZ")
    assert 900 < abs(time.mktime(server_time) - time.mktime(request_time)) < 1_000


def test_a_clock_that_is_a_little_off_does_no_harm(clock, ask):
    """A quarter of an hour is forgiven."""
    clock.jump(880)
    assert ask("PUT", PATH, b"data").status_code == 200


def test_a_token_is_part_of_the_signature(store, ask, said):
    """It opens while it is known, and says so when it has expired."""
    store.session_tokens.add("token")
    assert ask("PUT", PATH, b"data", **WITH_TOKEN).status_code == 200
    told = ask("GET", PATH, extra={"X-Amz-Security-Token": "token"})
    assert said(told, "Code") == "AccessDenied"
    store.expired_tokens.add("token")
    told = ask("GET", PATH, **WITH_TOKEN)
    assert (told.status_code, said(told, "Code")) == (400, "ExpiredToken")


@pytest.fixture
def link(client):
    """Make a link for reading."""

    def make(seconds=60):
        about = {"Bucket": BUCKET, "Key": "a"}
        return client.generate_presigned_url("get_object", about, ExpiresIn=seconds)

    return make


def test_a_link_ends_when_it_says(store, clock, http, said, link):
    """Afterwards it says when that was."""
    store.put_object("a", b"data")
    made = link(60)
    assert http.get(made).content == b"data"
    clock.advance(600)
    told = http.get(made)
    assert told.status_code == 403
    assert said(told, "Message") == "Request has expired"
    assert said(told, "X-Amz-Expires") == "60"
    assert said(told, "Expires") < said(told, "ServerTime")


def test_a_link_does_not_begin_in_the_future(clock, http, said, link):
    """A clock that runs ahead makes no links for later."""
    clock.jump(-1_000)
    told = http.get(link(6_000))
    assert (told.status_code, said(told, "Code")) == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=61", "SignatureDoesNotMatch"),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801", "AuthorizationQueryParametersError"),
        ("X-Amz-Expires=60", "X-Amz-Expires=soon", "AuthorizationQueryParametersError"),
        ("X-Amz-Expires=60", "x=1", "AuthorizationQueryParametersError"),
        ("eu-central-1", "us-east-1", "AuthorizationQueryParametersError"),
        ("X-Amz-Date=2", "X-Amz-Date=x", "AuthorizationQueryParametersError"),
        ("/a?", "/b?", "SignatureDoesNotMatch"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=x", None),
    ],
)
def test_a_link_is_for_what_it_was_made_for(store, http, said, link, old, new, code):
    """A link that is changed opens nothing."""
    store.put_object("a", b"data")
    made = link(60)
    assert old in made
    told = http.get(made.replace(old, new))
    assert said(told, "Code") == (code or "AuthorizationQueryParametersError")


def test_a_link_alone_is_a_signature(store, http, said, link):
    """A header beside it is one too many."""
    told = http.get(link(), headers={"Authorization": "x"})
    assert (told.status_code, said(told, "Code")) == (400, "InvalidArgument")


def test_a_length_must_be_told(store, ask, said):
    """A body without one, or in chunks, is refused."""
    signed = ask.sign("PUT", store.url + PATH, headers={"Host": f"127.0.0.1:{store.port}"})
    connection = ask.begin("PUT", PATH, signed)
    told = connection.getresponse()
    assert (told.status, b"MissingContentLength" in told.read()) == (411, True)
    connection.close()
    told = ask("PUT", PATH, b"data", sent=iter([b"data"]))
    assert (told.status_code, said(told, "Code")) == (501, "NotImplemented")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b64encode(hashlib.md5(b"else", usedforsecurity=False).digest()), "BadDigest"),
        (b"not base64!", "InvalidDigest"),
        (b64encode(b"short"), "InvalidDigest"),
    ],
)
def test_an_md5_that_comes_along_must_be_right(store, ask, said, value, code):
    """Nothing is stored otherwise."""
    told = ask("PUT", PATH, b"data", {"Content-MD5": value.decode()})
    assert (told.status_code, said(told, "Code")) == (400, code)
    assert not store.objects
    right = b64encode(hashlib.md5(b"data", usedforsecurity=False).digest()).decode()
    assert ask("PUT", PATH, b"data", {"Content-MD5": right}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-amz-meta-long": "x" * 2_048}, "MetadataTooLarge"),
        ({"x-amz-storage-class": "ATTIC"}, "InvalidStorageClass"),
        ({"x-amz-copy-source": "/a/b"}, "NotImplemented"),
        ({"If-None-Match": '"etag"'}, "NotImplemented"),
    ],
)
def test_headers_that_cannot_be_kept_are_refused(store, ask, said, headers, code):
    """Whatever is not known is not passed over."""
    assert said(ask("PUT", PATH, b"data", headers), "Code") == code
    assert not store.objects


def test_names_and_bodies_have_a_largest_size(store, ask, said):
    """A body is refused before it is read."""
    assert said(ask("PUT", f"/{BUCKET}/{'k' * 1_025}", b"data"), "Code") == "KeyTooLongError"
    store.largest_body = 3
    told = ask("PUT", PATH, b"data")
    assert (told.status_code, said(told, "Code")) == (400, "EntityTooLarge")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", f"{PATH}?acl"), ("PUT", f"{PATH}?tagging"), ("GET", f"/{BUCKET}?versions"),
     ("PUT", f"/{BUCKET}"), ("GET", f"/{BUCKET}"), ("GET", "/"), ("POST", PATH)],
)  # fmt: skip
def test_an_operation_that_is_not_played_says_so(ask, method, path):
    """Nothing is taken for something else."""
    assert ask(method, path).status_code == 501


def test_a_body_that_breaks_off_leaves_nothing(store, ask):
    """Neither of an object nor of a part."""
    upload = store.add_upload("m")
    for path in (PATH, f"/{BUCKET}/m?partNumber=1&uploadId={upload.id}"):
        headers = {"Host": f"127.0.0.1:{store.port}", "Content-Length": "8"}
        signed = ask.sign("PUT", store.url + path, b"datadata", headers)
        ask.begin("PUT", path, signed, b"data").close()
    eventually(lambda: len(store.requests) == 2)
    assert [(one.status, one.body_bytes) for one in store.requests] == [(0, 4), (0, 4)]
    assert not store.objects
    assert not upload.parts
