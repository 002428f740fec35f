"""What a store's answers mean, whatever they are made of."""

import string

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomsync_agent.core.errors import (
    AgentError,
    ClockWrong,
    CredentialsRefused,
    DestinationDenied,
    DestinationFull,
    RemoteUnavailable,
    SetupIncomplete,
)
from zoomsync_agent.s3.answers import Answer, answer_of, children, document, meaning, number_of
from zoomsync_agent.s3.bucket import Bucket

BUCKET = Bucket("recordings", "eu-central-1")
NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def said(code, status=400, **fields):
    """Return a refusal as a store words it."""
    more = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return httpx.Response(status, text=f"<Error><Code>{code}</Code>{more}</Error>")


def error_of(answer):
    """Return what a refusal means."""
    return meaning(answer, BUCKET, "upload of x", "s3:PutObject")


CODES = {
    "SlowDown": (503, RemoteUnavailable, True),
    "InternalError": (500, RemoteUnavailable, True),
    "RequestTimeout": (400, RemoteUnavailable, True),
    "OperationAborted": (409, RemoteUnavailable, True),
    "ConditionalRequestConflict": (409, RemoteUnavailable, True),
    "TooManyRequests": (429, RemoteUnavailable, True),
    "RequestTimeTooSkewed": (403, ClockWrong, False),
    "ExpiredToken": (400, CredentialsRefused, False),
    "InvalidToken": (400, CredentialsRefused, False),
    "InvalidAccessKeyId": (403, CredentialsRefused, False),
    "SignatureDoesNotMatch": (403, CredentialsRefused, False),
    "AccessDenied": (403, DestinationDenied, False),
    "AllAccessDisabled": (403, DestinationDenied, False),
    "NoSuchBucket": (404, SetupIncomplete, False),
    "PermanentRedirect": (301, SetupIncomplete, False),
    "AuthorizationHeaderMalformed": (400, SetupIncomplete, False),
    "IllegalLocationConstraintException": (400, SetupIncomplete, False),
    "InvalidBucketName": (400, SetupIncomplete, False),
    "InvalidRequest": (400, SetupIncomplete, False),
    "NotImplemented": (501, SetupIncomplete, False),
    "QuotaExceeded": (403, DestinationFull, False),
    "XMinioStorageFull": (507, DestinationFull, False),
    "StorageQuotaExceeded": (500, DestinationFull, False),
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("namespace", ["", NAMESPACE])
def test_what_each_code_means(code, namespace):
    """Whether the store writes the namespace or not."""
    status, error, is_transient = CODES[code]
    text = (
        f'<?xml version="1.0"?>\n<Error{namespace}><Code>{code}</Code><Message>m</Message></Error>'
    )
    answer = answer_of(httpx.Response(status, text=text))
    assert (answer.code, answer.message, answer.status) == (code, "m", status)
    assert answer.is_transient is is_transient
    assert answer.is_about_keys is (error is CredentialsRefused)
    assert type(error_of(answer)) is error


@pytest.mark.parametrize(
    ("status", "error", "is_transient"),
    [
        (301, SetupIncomplete, False),
        (307, SetupIncomplete, False),
        (308, SetupIncomplete, False),
        (400, RemoteUnavailable, False),
        (401, DestinationDenied, False),
        (402, DestinationFull, False),
        (403, DestinationDenied, False),
        (404, RemoteUnavailable, False),
        (418, RemoteUnavailable, False),
        (429, RemoteUnavailable, True),
        (500, RemoteUnavailable, True),
        (501, RemoteUnavailable, False),
        (503, RemoteUnavailable, True),
        (507, DestinationFull, False),
    ],
)
@pytest.mark.parametrize("body", [b"", b"no", b"<Error><Cod", b"{}"])
def test_what_a_status_without_words_means(status, error, is_transient, body):
    """As after a HEAD."""
    answer = answer_of(httpx.Response(status, content=body))
    assert answer.code == ""
    assert answer.is_transient is is_transient
    assert type(error_of(answer)) is error


@pytest.mark.parametrize(
    "page",
    [
        "<html><head></head><body>x</body></html>",
        "<html>\r\n<head><title>502</title></head>\r\n<body><hr></body></html>",
        '<!DOCTYPE html>\n<html lang="en"><body>',
        '\n <HTML xmlns="http://www.w3.org/1999/xhtml"><body/></HTML>',
    ],
)
@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 502])
def test_a_page_is_not_the_store(page, status):
    """Well-formed or not; whoever stands in between has to be waited for."""
    response = httpx.Response(status, text=page)
    answer = answer_of(response)
    assert answer.is_page
    assert document(response) is None
    error = error_of(answer)
    assert type(error) is RemoteUnavailable
    assert "<" not in error.detail


def test_a_region_is_told_by_the_document_or_by_a_header():
    """Each is an order that can be copied."""
    wanted = "zoomsync config set s3_region eu-west-3"
    told = answer_of(said("PermanentRedirect", 301, Region="eu-west-3"))
    assert error_of(told).detail.endswith(wanted)
    response = httpx.Response(301, headers={"x-amz-bucket-region": "eu-west-3"})
    assert error_of(answer_of(response)).detail.endswith(wanted)
    same = answer_of(said("AuthorizationHeaderMalformed", Region="eu-central-1"))
    assert "S3_ENDPOINT_URL" in error_of(same).detail


def test_what_is_not_allowed_is_named():
    """The action as it is granted, and the bucket."""
    error = error_of(answer_of(said("AccessDenied", 403, Message="Access Denied")))
    assert error.detail == (
        "upload of x: HTTP 403 AccessDenied Access Denied (needs s3:PutObject on the bucket "
        "“recordings”)"
    )


def test_a_session_that_has_ended_is_about_keys():
    """Supabase calls it a denied access."""
    answer = answer_of(said("AccessDenied", 403, Message='"exp" claim timestamp check failed'))
    assert answer.is_about_keys
    assert type(error_of(answer)) is CredentialsRefused


@pytest.mark.parametrize(
    ("date", "when"),
    [
        ("Fri, 24 May 2013 00:00:00 GMT", 1_369_353_600.0),
        ("", None),
        ("now", None),
        ("Fri, 99 May 2013 00:00:00 GMT", None),
        ("Fri, 24 May 99999 00:00:00 GMT", None),
    ],
)
def test_the_time_of_the_store_is_told_by_each_answer(date, when):
    """Where it is one."""
    assert answer_of(httpx.Response(403, headers={"date": date})).server_time == when


PIECES = [*"<>/=\"'&;!?[] \n", "Error", "Code", "xmlns", "html", "&#x", "<![CDATA["]
ANY_BODY = st.binary(max_size=400) | st.lists(st.sampled_from(PIECES), max_size=60).map(
    lambda pieces: "".join(pieces).encode()
)
ANY_HEADER = st.text(string.printable.replace("\n", "").replace("\r", ""), max_size=40)


@given(status=st.integers(200, 599), body=ANY_BODY, date=ANY_HEADER, kind=ANY_HEADER)
@example(status=400, body=b"<a>" * 100_000, date="", kind="")
@example(status=400, body=b'<?xml version="1.0" encoding="x"?><a/>', date="", kind="")
@example(status=400, body=b'<?xml version="1.0" encoding="utf-7"?><a/>', date="", kind="")
@example(
    status=400,
    body=b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
    date="",
    kind="",
)
@example(status=400, body=b"\xff\xfe<\x00", date="Fri, 24 May 0000 00:00:00 -0000", kind="a")
@example(status=403, body=b"<html", date="", kind="text/html; charset=zlib")
@example(status=403, body=b"<html", date="", kind="text/html; charset=base64")
def test_any_answer_has_a_meaning(status, body, date, kind):
    """Bytes of every sort, headers of every sort: an error of ours, in a line or so."""
    response = httpx.Response(status, content=body, headers={"date": date, "content-type": kind})
    error = error_of(answer_of(response))
    assert isinstance(error, AgentError)
    assert error.detail
    assert len(error.detail) < 1_000


@given(st.text(max_size=30) | st.integers().map(str))
@example("²")
@example("٣")
@example("9" * 5_000)
def test_a_number_is_one_or_none(text):
    """Digits of every alphabet pass for numbers in Python, and not here."""
    found = number_of(text)
    assert found is None or str(found) == text.lstrip("0") or (found == 0 and not text.strip("0"))


def test_an_answer_without_an_end_is_no_document():
    """So much no store says."""
    assert document(httpx.Response(200, content=b"<a>" + b" " * (17 << 20) + b"</a>")) is None


def test_the_fields_of_a_document():
    """Without namespaces and without blanks around them."""
    told = document(httpx.Response(200, text=f"\n<A{NAMESPACE}><B> x </B><C/></A>"))
    assert list(children(told)) == [("B", "x"), ("C", "")]


def test_an_answer_is_one_line():
    """As far as it is known."""
    assert Answer(503, "SlowDown", "Reduce").text == "HTTP 503 SlowDown Reduce"
    assert Answer(403).text == "HTTP 403"
