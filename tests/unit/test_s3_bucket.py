"""Where a bucket is, and how keys stand in its addresses."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.s3.bucket import Bucket, escaped


@pytest.mark.parametrize(
    ("bucket", "url"),
    [
        (Bucket("b"), "https://b.s3.us-east-1.amazonaws.com"),
        (Bucket("b", "eu-central-1"), "https://b.s3.eu-central-1.amazonaws.com"),
        (Bucket("b", "cn-north-1"), "https://b.s3.cn-north-1.amazonaws.com.cn"),
        (Bucket("b", "us-gov-west-1"), "https://b.s3.us-gov-west-1.amazonaws.com"),
        (
            Bucket("my.dotted.b", "eu-west-1", is_path_style=True),
            "https://s3.eu-west-1.amazonaws.com/my.dotted.b",
        ),
        (
            Bucket("b", endpoint="https://s3.example.com", is_path_style=True),
            "https://s3.example.com/b",
        ),
        (Bucket("b", endpoint="https://s3.example.com"), "https://b.s3.example.com"),
        (
            Bucket("b", endpoint="http://127.0.0.1:9000", is_path_style=True),
            "http://127.0.0.1:9000/b",
        ),
        (Bucket("b", endpoint="http://localhost:9000"), "http://b.localhost:9000"),
        (
            Bucket("b", endpoint="https://x.example.com/s3", is_path_style=True),
            "https://x.example.com/s3/b",
        ),
    ],
)
def test_where_a_bucket_is(bucket, url):
    """In the host or in the path, at Amazon or elsewhere, China included."""
    assert bucket.url == url
    assert bucket.object_url("a/b.mp4") == f"{url}/a/b.mp4"
    assert bucket.place == f"{url}/"


@pytest.mark.parametrize(
    ("endpoint", "is_aws", "host"),
    [
        ("", True, "s3.eu-west-1.amazonaws.com"),
        ("https://s3.eu-west-1.amazonaws.com", True, "s3.eu-west-1.amazonaws.com"),
        ("https://s3.cn-north-1.amazonaws.com.cn", True, "s3.cn-north-1.amazonaws.com.cn"),
        ("https://s3.example.com:9000", False, "s3.example.com"),
        ("https://amazonaws.com.example.org", False, "amazonaws.com.example.org"),
        ("https://notamazonaws.com", False, "notamazonaws.com"),
        ("http://[::1]:9000", False, "::1"),
    ],
)
def test_whose_store_it_is(endpoint, is_aws, host):
    """Only Amazon's own is known to prove what it keeps."""
    bucket = Bucket("b", "eu-west-1", endpoint)
    assert (bucket.is_aws, bucket.host) == (is_aws, host)


def test_a_prefix_begins_every_key():
    """It belongs to the place: another one is another archive."""
    bucket = Bucket("b", prefix="zoom/ann/")
    assert bucket.object_url("2026/x.mp4").endswith("/zoom/ann/2026/x.mp4")
    assert bucket.place != Bucket("b").place
    assert bucket.place == bucket.object_url("")


@given(st.text(max_size=60))
def test_any_key_stands_in_an_address(key):
    """As unreserved characters and their escapes alone, and comes out of it as it was."""
    url = Bucket("b").object_url(key)
    parts = urlsplit(url)
    assert unquote(parts.path.removeprefix("/")) == key
    assert url.isascii()
    assert (parts.query, parts.fragment) == ("", "")
    kept = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/%")
    assert set(parts.path) <= kept


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a b+c", "a%20b%2Bc"),
        ("~-._", "~-._"),
        ("a/b", "a%2Fb"),
        ("ü", "%C3%BC"),
        ("%", "%25"),
        ("*'()!", "%2A%27%28%29%21"),
    ],
)
def test_what_is_signed_is_escaped_as_amazon_does(text, told):
    """Upper-case hex, a blank as %20, and nothing but unreserved characters left."""
    assert escaped(text) == told
    assert escaped(text, safe="/") == told.replace("%2F", "/")
