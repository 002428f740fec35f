"""Signatures: those of Amazon's own examples, and those that botocore makes by itself.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring
Payload in a Single Chunk" and "Authenticating Requests: Using Query Parameters".
"""

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.s3.botocore_auth import HeaderAuth, new_request
from zoomsync_agent.s3.bucket import Bucket, escaped
from zoomsync_agent.s3.credentials import Keys
from zoomsync_agent.s3.signing import EMPTY, UNSIGNED, signed_headers, signed_link

AT = datetime(2013, 5, 24, tzinfo=UTC).timestamp()
KEYS = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
PLACE = "https://examplebucket.s3.amazonaws.com"
SCOPE = "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"


@pytest.mark.parametrize(
    ("address", "headers", "signed", "signature"),
    [
        (
            "/test.txt",
            {"Range": "bytes=0-9"},
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "/?lifecycle=",
            {},
            "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "/?max-keys=2&prefix=J",
            {},
            "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_examples_of_the_manual(address, headers, signed, signature):
    """Reading an object, a bucket's rules, a listing."""
    found = signed_headers(KEYS, "us-east-1", "GET", PLACE + address, headers, payload=EMPTY, at=AT)
    told = f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders={signed}, Signature={signature}"
    assert found.pop("Authorization") == told
    assert found == {**headers, "X-Amz-Date": "20130524T000000Z", "X-Amz-Content-SHA256": EMPTY}


def test_the_example_of_a_body():
    """With its hash, and with `Date` signed, which no request of ours carries."""
    payload = hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()
    auth = HeaderAuth(KEYS, "s3", "us-east-1", payload=payload, at=AT)
    url = f"{PLACE}/{escaped('test$file.text')}"
    headers = {
        "Date": "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": payload,
    }
    request = new_request("PUT", url, headers)
    request.context["timestamp"] = "20130524T000000Z"
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    expected = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    assert auth.signature(to_sign, request) == expected


def test_the_example_of_a_link():
    """For a day, by the time that was given."""
    link = signed_link(KEYS, "us-east-1", f"{PLACE}/test.txt", seconds=86_400, at=AT)
    told = {name: value[0] for name, value in parse_qs(urlsplit(link).query).items()}
    assert link.startswith(f"{PLACE}/test.txt?")
    assert told == {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": SCOPE.removeprefix("Credential="),
        "X-Amz-Date": "20130524T000000Z",
        "X-Amz-Expires": "86400",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    }


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30)
NAMES = st.text("abcdefghij-", min_size=1, max_size=20).map("x-amz-meta-{}".format)
MADE = st.builds(
    Keys,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=16, max_size=20),
    st.text(min_size=1, max_size=60),
    st.none() | st.text("abcdefghijklmnopqrstuvwxyz0123456789/+=", min_size=1, max_size=200),
)
TIMES = st.integers(0, 4_000_000_000)


@given(
    keys=MADE,
    key=st.text(min_size=1, max_size=40),
    query=st.dictionaries(TEXTS, st.text(max_size=20), max_size=4),
    headers=st.dictionaries(NAMES, TEXTS, max_size=3),
    method=st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE"]),
    body=st.binary(max_size=40),
    at=TIMES,
)
def test_headers_are_those_of_botocore(keys, key, query, headers, method, body, at):
    """Whatever the key, the query and the body, once it was given the hash and the time."""
    url = Bucket("recordings", "eu-central-1").object_url(escaped(key, safe="/"))
    if query:
        url += "?" + "&".join(f"{escaped(n)}={escaped(v)}" for n, v in sorted(query.items()))
    ours = signed_headers(
        keys, "eu-central-1", method, url, headers, payload=hashlib.sha256(body).hexdigest(), at=at
    )
    theirs = AWSRequest(method, url, headers=dict(headers), data=body)
    _at(at, lambda: S3SigV4Auth(keys, "s3", "eu-central-1").add_auth(theirs))
    assert ours == dict(theirs.headers.items())


@given(keys=MADE, key=st.text(min_size=1, max_size=40), seconds=st.integers(1, 604_800), at=TIMES)
def test_links_are_those_of_botocore(keys, key, seconds, at):
    """Whatever the key."""
    url = Bucket("recordings", "eu-central-1").object_url(key)
    ours = signed_link(keys, "eu-central-1", url, seconds=seconds, at=at)
    theirs = AWSRequest("GET", url)
    auth = S3SigV4QueryAuth(keys, "s3", "eu-central-1", expires=seconds)
    _at(at, lambda: auth.add_auth(theirs))
    assert ours == theirs.url


def _at(at, sign):
    """Sign while botocore takes *at* for the time."""
    with pytest.MonkeyPatch.context() as patch:
        moment = datetime.fromtimestamp(at, UTC)
        patch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
        sign()


def test_a_token_is_signed_along():
    """Temporary keys hold with it only."""
    keys = Keys(KEYS.access_key, KEYS.secret_key, "token")
    found = signed_headers(keys, "us-east-1", "GET", PLACE, {}, payload=UNSIGNED, at=AT)
    assert found["X-Amz-Security-Token"] == "token"
    assert "x-amz-security-token" in found["Authorization"]
    assert found["X-Amz-Content-SHA256"] == "UNSIGNED-PAYLOAD"
    link = signed_link(keys, "us-east-1", f"{PLACE}/x", seconds=1, at=AT)
    assert "X-Amz-Security-Token=token" in link


def test_keys_show_nothing_secret():
    """Neither the secret nor the token, wherever they are printed."""
    assert repr(Keys("AKIA", "hidden", "token")) == "Keys(access_key='AKIA')"
