"""The store that speaks S3, asked by AWS's own library."""

import hashlib
import io
import json
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

from tests.fakes.s3_server import S3Server

BUCKET = "recordings"


def md5(data):
    """Return the ETag of one request's bytes."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def md5_of_md5s(*parts):
    """Return the ETag of an upload in parts."""
    digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    return f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"'


def begin(client, key, **more):
    """Begin an upload and return its id."""
    return client.create_multipart_upload(Bucket=BUCKET, Key=key, **more)["UploadId"]


def send(client, key, upload_id, number, data):
    """Send a part and return what a completion says of it."""
    told = client.upload_part(
        Bucket=BUCKET, Key=key, UploadId=upload_id, PartNumber=number, Body=data
    )
    return {"PartNumber": number, "ETag": told["ETag"]}


def complete(client, key, upload_id, parts):
    """Complete an upload."""
    return client.complete_multipart_upload(
        Bucket=BUCKET, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
    )


def refusal(act, *args, **kwargs):
    """Return status and code of the refusal of an operation."""
    with pytest.raises(ClientError) as caught:
        act(*args, **kwargs)
    told = caught.value.response
    return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]


def test_an_object_comes_back_as_it_was_put(store, client):
    """Bytes, type, class and metadata are kept."""
    told = client.put_object(
        Bucket=BUCKET,
        Key="a.mp4",
        Body=b"hello",
        ContentType="video/mp4",
        StorageClass="STANDARD_IA",
        Metadata={"sha256": "abc", "topic": "Jour fixe"},
    )
    seen = client.get_object(Bucket=BUCKET, Key="a.mp4")
    head = client.head_object(Bucket=BUCKET, Key="a.mp4")
    assert told["ETag"] == seen["ETag"] == head["ETag"] == md5(b"hello")
    assert seen["Body"].read() == b"hello"
    assert head["ContentLength"] == 5
    assert head["ContentType"] == "video/mp4"
    assert head["StorageClass"] == "STANDARD_IA"
    assert head["Metadata"] == {"sha256": "abc", "topic": "Jour fixe"}
    stored = store.objects["a.mp4"]
    assert (stored.data, stored.size, stored.content_type) == (b"hello", 5, "video/mp4")
    assert "StorageClass" not in client.head_object(Bucket=BUCKET, Key=put(client, "plain"))


def put(client, key, data=b"x"):
    """Put an object and return its key."""
    client.put_object(Bucket=BUCKET, Key=key, Body=data)
    return key


@pytest.mark.parametrize(
    "key", ["a b+c.mp4", "ü/é–日.mp4", "a%41", "a//b/../c", "&<>\"'", "~!*()'=:,;@$", "tail/"]
)
def test_every_key_is_signed_stored_and_listed(store, client, key):
    """Whatever is in a key, it is the same everywhere."""
    put(client, key, b"data")
    assert store.objects[key].data == b"data"
    assert client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"data"
    assert [one["Key"] for one in client.list_objects_v2(Bucket=BUCKET)["Contents"]] == [key]
    upload_id = begin(client, key)
    assert client.list_multipart_uploads(Bucket=BUCKET)["Uploads"][0]["Key"] == key
    complete(client, key, upload_id, [send(client, key, upload_id, 1, b"more")])
    assert store.objects[key].data == b"more"


@pytest.mark.parametrize(
    ("wanted", "data", "told"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_a_range_is_answered_with_206(client, wanted, data, told):
    """A range is a part of the object."""
    put(client, "a", b"0123456789")
    seen = client.get_object(Bucket=BUCKET, Key="a", Range=wanted)
    assert (seen["ResponseMetadata"]["HTTPStatusCode"], seen["ContentRange"]) == (206, told)
    assert seen["Body"].read() == data


def test_a_range_behind_the_end_cannot_be_satisfied(client):
    """416 says how long the object is."""
    put(client, "a", b"0123456789")
    get = client.get_object
    assert refusal(get, Bucket=BUCKET, Key="a", Range="bytes=10-") == (416, "InvalidRange")


def test_a_read_can_be_for_one_state_of_the_object_only(client):
    """If-Match refuses another one, If-None-Match what is had already."""
    put(client, "a", b"1")
    get, about = client.get_object, {"Bucket": BUCKET, "Key": "a"}
    assert get(**about, IfMatch=md5(b"1"))["Body"].read() == b"1"
    assert refusal(get, **about, IfMatch=md5(b"2")) == (412, "PreconditionFailed")
    assert refusal(client.head_object, **about, IfNoneMatch=md5(b"1"))[0] == 304


def test_what_is_not_there_is_deleted_too(store, client):
    """Deleting answers 204 in any case; reading what is gone 404."""
    put(client, "a")
    for _ in range(2):
        told = client.delete_object(Bucket=BUCKET, Key="a")
        assert told["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert not store.objects
    assert refusal(client.get_object, Bucket=BUCKET, Key="a") == (404, "NoSuchKey")
    # The answer to HEAD has no body, so the code is the status.
    assert refusal(client.head_object, Bucket=BUCKET, Key="a") == (404, "404")


def test_a_listing_comes_in_pages_in_the_order_of_bytes(client):
    """Every key comes once, and the last page says so."""
    keys = ["Z", "a/1", "a/2", "é", "日", "\U0001f600"]
    for key in reversed(keys):
        put(client, key)
    pages = list(
        client.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, PaginationConfig={"PageSize": 2}
        )
    )
    assert [one["Key"] for page in pages for one in page["Contents"]] == keys
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert [page["KeyCount"] for page in pages] == [2, 2, 2]


def test_a_listing_is_cut_to_a_prefix_a_folder_and_a_start(client):
    """Prefix, delimiter, start and number are heeded together."""
    for key in ("a/1", "a/b/1", "a/b/2", "a/c", "b"):
        put(client, key)

    def names(**more):
        told = client.list_objects_v2(Bucket=BUCKET, **more)
        folders = [one["Prefix"] for one in told.get("CommonPrefixes", [])]
        return [one["Key"] for one in told.get("Contents", [])], folders

    assert names(Prefix="a/b/") == (["a/b/1", "a/b/2"], [])
    assert names(Prefix="a/", Delimiter="/") == (["a/1", "a/c"], ["a/b/"])
    assert names(Delimiter="/") == (["b"], ["a/"])
    assert names(StartAfter="a/b/1") == (["a/b/2", "a/c", "b"], [])
    assert names(MaxKeys=0) == ([], [])


def test_a_listing_shows_size_and_etag(client):
    """What a listing says of an object is what the object says."""
    put(client, "a", b"12345")
    one = client.list_objects_v2(Bucket=BUCKET)["Contents"][0]
    assert (one["Size"], one["ETag"], one["StorageClass"]) == (5, md5(b"12345"), "STANDARD")


@pytest.mark.parametrize(
    "query", ["continuation-token=%21", "max-keys=many", "max-keys=-1", "encoding-type=xml"]
)
def test_a_listing_refuses_what_makes_no_sense(ask, said, query):
    """A parameter that cannot be is named."""
    told = ask("GET", f"/{BUCKET}?list-type=2&{query}")
    assert (told.status_code, said(told, "Code")) == (400, "InvalidArgument")
    assert said(told, "ArgumentName") == query.partition("=")[0]


def test_parts_become_an_object(store, client):
    """The ETag is the MD5 of MD5s; a part that is sent again replaces the old one."""
    upload_id = begin(client, "m", ContentType="video/mp4", Metadata={"topic": "x"})
    parts = [send(client, "m", upload_id, number, b"%dold" % number) for number in (3, 1, 7)]
    parts[0] = send(client, "m", upload_id, 3, b"3new")
    told = complete(client, "m", upload_id, sorted(parts, key=lambda one: one["PartNumber"]))
    assert told["ETag"] == md5_of_md5s(b"1old", b"3new", b"7old")
    stored = store.objects["m"]
    assert (stored.data, stored.content_type) == (b"1old3new7old", "video/mp4")
    assert stored.metadata == {"topic": "x"}
    assert not store.uploads


def test_parts_that_a_completion_does_not_name_are_left_out(store, client):
    """Only what is named becomes the object."""
    upload_id = begin(client, "m")
    parts = [send(client, "m", upload_id, number, b"%d" % number * 4) for number in (1, 2, 3)]
    complete(client, "m", upload_id, [parts[0], parts[2]])
    assert store.objects["m"].data == b"11113333"


def test_the_transfer_manager_uploads_in_parts(store, client):
    """Several connections at once, as the library itself does it."""
    data = bytes(range(256)) * 80_000
    client.upload_fileobj(io.BytesIO(data), BUCKET, "m")
    assert store.objects["m"].data == data
    assert store.objects["m"].etag.endswith('-3"')


def test_parts_are_listed_in_pages(store, client):
    """Number, size and ETag of each part, and where the next page begins."""
    upload_id = begin(client, "m")
    for number in (2, 5, 9):
        send(client, "m", upload_id, number, b"x" * number)
    about = {"Bucket": BUCKET, "Key": "m", "UploadId": upload_id}
    first = client.list_parts(**about, MaxParts=2)
    rest = client.list_parts(**about, PartNumberMarker=first["NextPartNumberMarker"])
    assert [one["PartNumber"] for one in first["Parts"]] == [2, 5]
    assert (first["IsTruncated"], rest["IsTruncated"], rest["MaxParts"]) == (True, False, 1000)
    assert [(one["PartNumber"], one["Size"], one["ETag"]) for one in rest["Parts"]] == [
        (9, 9, md5(b"x" * 9))
    ]


def test_a_completion_names_what_is_there(store, client):
    """What is not here, out of order or too small is refused, and the upload stays."""
    upload_id = begin(client, "m")
    one, two = (send(client, "m", upload_id, number, b"data") for number in (1, 2))
    small = send(client, "m", upload_id, 3, b"abc")
    wrong = [
        ([one, {"PartNumber": 4, "ETag": one["ETag"]}], "InvalidPart"),
        ([one, two | {"ETag": md5(b"else")}], "InvalidPart"),
        ([two, one], "InvalidPartOrder"),
        ([one, one], "InvalidPartOrder"),
        ([one, small, two | {"PartNumber": 4}], "InvalidPart"),
    ]
    for parts, code in wrong:
        assert refusal(complete, client, "m", upload_id, parts) == (400, code)
    last = send(client, "m", upload_id, 4, b"")
    told = refusal(complete, client, "m", upload_id, [one, small, last])
    assert told == (400, "EntityTooSmall")
    assert not store.objects
    complete(client, "m", upload_id, [one, two, small])
    assert refusal(complete, client, "m", upload_id, [one]) == (404, "NoSuchUpload")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"<CompleteMultipartUpload/>", b"<Else><Part/></Else>"]
)
def test_a_completion_is_a_document_with_parts(store, ask, said, body):
    """Anything else is malformed."""
    upload = store.add_upload("m")
    told = ask("POST", f"/{BUCKET}/m?uploadId={upload.id}", body)
    assert (told.status_code, said(told, "Code")) == (400, "MalformedXML")


def test_a_completion_can_be_held_to_a_size(store, client):
    """What adds up to something else is no object."""
    upload_id = begin(client, "m")
    about = {"Bucket": BUCKET, "Key": "m", "UploadId": upload_id}
    parts = {"Parts": [send(client, "m", upload_id, 1, b"12345")]}
    act = client.complete_multipart_upload
    told = refusal(act, **about, MultipartUpload=parts, MpuObjectSize=4)
    assert told == (400, "InvalidRequest")
    act(**about, MultipartUpload=parts, MpuObjectSize=5)
    assert store.objects["m"].size == 5


def test_an_upload_that_is_given_up_is_gone(store, client):
    """Its parts too; giving it up again finds nothing."""
    upload_id = begin(client, "m")
    about = {"Bucket": BUCKET, "Key": "m", "UploadId": upload_id}
    send(client, "m", upload_id, 1, b"data")
    told = client.abort_multipart_upload(**about)
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert not store.uploads
    for act in (client.abort_multipart_upload, client.list_parts):
        assert refusal(act, **about) == (404, "NoSuchUpload")
    assert refusal(send, client, "m", upload_id, 1, b"data") == (404, "NoSuchUpload")


def test_an_upload_is_for_one_key(store, client):
    """With another key it is not there."""
    upload_id = begin(client, "m")
    assert refusal(send, client, "else", upload_id, 1, b"data") == (404, "NoSuchUpload")


@pytest.mark.parametrize("number", ["0", "10001", "-1", "one"])
def test_parts_are_numbered_from_1_to_10_000(store, ask, said, number):
    """No other number is taken."""
    upload = store.add_upload("m")
    told = ask("PUT", f"/{BUCKET}/m?partNumber={number}&uploadId={upload.id}", b"data")
    assert (told.status_code, said(told, "Code")) == (400, "InvalidArgument")


def test_uploads_are_listed_in_pages(store, client):
    """By key, then by when they were begun; a page goes on where the one before ended."""
    for key, begun in (("b", 30), ("a", 20), ("a", 10), ("a", 40), ("x", 50)):
        store.add_upload(key, initiated=begun)
    pages = client.get_paginator("list_multipart_uploads").paginate(
        Bucket=BUCKET, PaginationConfig={"PageSize": 2}
    )
    found = [one for page in pages for one in page["Uploads"]]
    assert [(one["Key"], one["Initiated"].timestamp()) for one in found] == [
        ("a", 10), ("a", 20), ("a", 40), ("b", 30), ("x", 50)
    ]  # fmt: skip
    cut = client.list_multipart_uploads(Bucket=BUCKET, Prefix="b")["Uploads"]
    assert [one["Key"] for one in cut] == ["b"]


def test_a_bucket_is_there_or_not(store, client):
    """The region of the one that is comes with it."""
    told = client.head_bucket(Bucket=BUCKET)
    assert told["BucketRegion"] == store.region
    assert refusal(client.head_bucket, Bucket="else") == (404, "404")
    assert refusal(client.put_object, Bucket="else", Key="a") == (404, "NoSuchBucket")


def test_a_link_lets_anybody_read_or_write_one_object(store, client, http):
    """The signature is in the address."""
    about = {"Bucket": BUCKET, "Key": "a b"}
    told = http.put(client.generate_presigned_url("put_object", about), content=b"data")
    assert told.status_code == 200
    link = client.generate_presigned_url("get_object", about)
    assert http.get(link).content == store.objects["a b"].data == b"data"
    assert http.head(link).status_code == 403


def test_the_bucket_can_be_in_the_host(store, ask, http):
    """Virtual-host style: the path is the key alone."""
    host = f"{BUCKET}.localhost:{store.port}"
    signed = ask.sign("PUT", f"http://{host}/a/b", b"data")
    told = http.put(f"{store.url}/a/b", content=b"data", headers=signed | {"Host": host})
    assert told.status_code == 200
    assert store.objects["a/b"].data == b"data"


def test_a_project_can_be_arranged_by_hand(store, client):
    """Objects come and go as if another program had been there."""
    stored = store.put_object("a", b"data", {"x": "y"})
    assert client.head_object(Bucket=BUCKET, Key="a")["Metadata"] == {"x": "y"}
    assert stored.etag == md5(b"data")
    store.remove_object("a")
    assert refusal(client.get_object, Bucket=BUCKET, Key="a") == (404, "NoSuchKey")


@pytest.mark.parametrize("is_hashed", [True, False])
def test_a_sink_counts_bytes_and_forgets_them(connect, is_hashed):
    """Without hashing no ETag is an MD5, and nothing is held against anything."""
    with S3Server(keep_bytes=False, hash=is_hashed, smallest_part=4) as store:
        client = connect(store.url, store.region, store.access_key, store.secret_key)
        told = client.put_object(Bucket=BUCKET, Key="a", Body=b"hello")
        upload_id = begin(client, "m")
        parts = [send(client, "m", upload_id, number, b"data") for number in (1, 2)]
        whole = complete(client, "m", upload_id, parts)
        assert [(one.data, one.size) for one in store.objects.values()] == [(None, 5), (None, 8)]
        assert (told["ETag"] == md5(b"hello")) == is_hashed
        assert (whole["ETag"] == md5_of_md5s(b"data", b"data")) == is_hashed
        assert len(told["ETag"]) == 34
        assert refusal(client.get_object, Bucket=BUCKET, Key="a") == (500, "InternalError")


def test_it_runs_as_a_process_of_its_own(connect):
    """It says where it is, and ends with its input."""
    command = [sys.executable, "-m", "tests.fakes.s3_server", "--sink", "--no-hash"]
    command += ["--checksums", "ignore", "--no-verify", "--port", "0"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        where = json.loads(process.stdout.readline())
        client = connect(where["url"], where["region"], where["access_key"], where["secret_key"])
        client.put_object(Bucket=where["bucket"], Key="a", Body=b"data")
        process.stdin.close()
        assert process.wait(10) == 0
