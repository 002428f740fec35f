"""What goes wrong on purpose with the store that speaks S3."""

import hashlib
import threading

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.fakes.s3_server import (
    Fault,
    answer,
    cut_after,
    cut_before_body,
    delay,
    error_in_200,
    error_in_200_but_done,
    html,
    lose_answer,
    on,
    s3_error,
    slow_down,
    spoil,
    wrong_etag,
)

BUCKET = "recordings"
PATH = f"/{BUCKET}/a"


def md5(data):
    """Return the ETag of one request's bytes."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def fail(store, matches, action, times=1):
    """Let something go wrong and return it."""
    store.faults.append(Fault(matches, action, times))
    return store.faults[-1]


@pytest.fixture
def upload(store, client):
    """An upload of one part that could be completed, and how."""
    begun = store.add_upload("m")
    about = {"Bucket": BUCKET, "Key": "m", "UploadId": begun.id}
    etag = client.upload_part(**about, PartNumber=1, Body=b"data")["ETag"]
    return about | {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}}


def test_a_refusal_in_the_words_of_s3(store, ask, said):
    """The body is read and forgotten, and the fault fires as often as it is to."""
    refused = s3_error(400, "Odd", "very", {"retry-after": "1"}, Region="x")
    fault = fail(store, ("PUT", PATH), refused, times=2)
    for _ in range(2):
        told = ask("PUT", PATH, b"data")
        assert (told.status_code, said(told, "Code")) == (400, "Odd")
        assert (said(told, "Message"), said(told, "Region")) == ("very", "x")
        assert said(told, "Resource") == PATH
        assert told.headers["retry-after"] == "1"
        assert said(told, "RequestId") == told.headers["x-amz-request-id"]
    assert (fault.fired, store.objects) == (2, {})
    assert ask("PUT", PATH, b"data").status_code == 200
    assert [one.body_bytes for one in store.seen("PUT")] == [4, 4, 4]


def test_a_refusal_of_a_head_has_no_body(store, ask):
    """As at AWS."""
    fail(store, ("HEAD", PATH), s3_error(403, "AccessDenied"))
    told = ask("HEAD", PATH)
    assert (told.status_code, told.content) == (403, b"")


def test_slow_down(store, client):
    """A store that has too much to do."""
    fail(store, on("PutObject"), slow_down())
    with pytest.raises(ClientError, match="SlowDown") as caught:
        client.put_object(Bucket=BUCKET, Key="a", Body=b"data")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("PUT", f"{PATH}?partNumber=1&uploadId=x", "UploadPart"),
        ("PUT", PATH, "PutObject"),
        ("POST", f"{PATH}?uploads", "CreateMultipartUpload"),
        ("GET", f"/{BUCKET}?list-type=2", "ListObjectsV2"),
        ("HEAD", f"/{BUCKET}", "HeadBucket"),
        ("GET", f"{PATH}?acl", None),
    ],
)
def test_a_fault_can_be_of_one_operation(store, ask, method, path, name):
    """Every other one stays as it is."""
    names = ("UploadPart", "PutObject", "CreateMultipartUpload", "ListObjectsV2", "HeadBucket")
    faults = {one: fail(store, on(one), answer(418)) for one in names}
    told = ask(method, path)
    assert [one for one, fault in faults.items() if fault.fired] == [name] * (name is not None)
    assert (told.status_code == 418) == (name is not None)


def test_an_error_in_an_answer_that_began_well(store, ask, said, upload):
    """Status 200, blanks, an error; the upload is where it was."""
    fault = fail(store, on("CompleteMultipartUpload"), error_in_200("SlowDown"))
    path = f"/{BUCKET}/m?uploadId={upload['UploadId']}"
    told = ask("POST", path, b"<CompleteMultipartUpload/>")
    assert (told.status_code, said(told, "Code")) == (200, "SlowDown")
    assert told.text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n \n \n<Error>')
    assert (fault.fired, store.objects) == (1, {})
    assert upload["UploadId"] in store.uploads


def test_a_library_takes_an_error_in_200_for_an_error(store, client, upload):
    """The library of AWS looks for it, whether it was done or not."""
    fail(store, on("CompleteMultipartUpload"), error_in_200())
    with pytest.raises(ClientError, match="InternalError"):
        client.complete_multipart_upload(**upload)
    fail(store, on("CompleteMultipartUpload"), error_in_200_but_done())
    with pytest.raises(ClientError, match="InternalError"):
        client.complete_multipart_upload(**upload)
    assert store.objects["m"].data == b"data"
    assert not store.uploads


def test_what_is_refused_anyway_is_refused_as_usual(store, ask, said):
    """An error in 200 stands in the place of a success only."""
    fail(store, on("CompleteMultipartUpload"), error_in_200_but_done())
    told = ask("POST", f"/{BUCKET}/m?uploadId=x", b"<CompleteMultipartUpload/>")
    assert (told.status_code, said(told, "Code")) == (404, "NoSuchUpload")


def test_an_etag_that_is_wrong(store, client, upload):
    """It is wrong in the answer alone."""
    fail(store, ("*", "/"), wrong_etag(), times=2)
    told = client.put_object(Bucket=BUCKET, Key="a", Body=b"data")
    assert told["ETag"] != store.objects["a"].etag == md5(b"data")
    told = client.complete_multipart_upload(**upload)
    assert told["ETag"] != store.objects["m"].etag
    assert store.objects["m"].data == b"data"


def test_bytes_that_are_spoiled(store, client, upload):
    """The body was right, what is stored is not; the next one is."""
    fail(store, on("PutObject"), spoil())
    client.put_object(Bucket=BUCKET, Key="a", Body=b"data")
    flipped = bytes(byte ^ 0xFF for byte in b"data")
    assert (store.objects["a"].data, store.objects["a"].etag) == (flipped, md5(flipped))
    client.put_object(Bucket=BUCKET, Key="a", Body=b"data")
    assert store.objects["a"].data == b"data"
    fail(store, on("UploadPart"), spoil())
    about = {name: upload[name] for name in ("Bucket", "Key", "UploadId")}
    client.upload_part(**about, PartNumber=2, Body=b"data")
    assert store.uploads[upload["UploadId"]].parts[2].data == flipped


def test_what_goes_wrong_with_any_server_does_with_this_one(store, ask):
    """Cuts, lost answers and pages of proxies."""
    for action, is_stored in (
        (cut_before_body(), False),
        (cut_after(2), False),
        (lose_answer(), True),
    ):
        fault = fail(store, on("PutObject"), action)
        with pytest.raises(httpx.TransportError):
            ask("PUT", PATH, b"data")
        assert fault.fired == 1
        assert ("a" in store.objects) == is_stored
    fail(store, on("GetObject"), html(502))
    told = ask("GET", PATH)
    assert (told.status_code, told.headers["content-type"]) == (502, "text/html")
    assert "date" in told.headers


def test_an_answer_can_be_late(store, ask):
    """It waits until the event is set."""
    event = threading.Event()
    fault = fail(store, on("PutObject"), delay(event))
    worker = threading.Thread(target=ask, args=("PUT", PATH, b"data"))
    worker.start()
    while not fault.fired:
        event.wait(0.005)
    assert not store.objects
    event.set()
    worker.join(10)
    assert store.objects["a"].data == b"data"
