"""The S3 endpoint of a project's Storage."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.fakes.clock import ManualClock
from tests.fakes.supabase_server import Fault, SupabaseServer, cut_after, lose_answer

BUCKET = "recordings"
BASE = "/storage/v1/s3"


@pytest.fixture
def clock():
    """A clock that stands still at the present, because signers have their own."""
    return ManualClock(datetime.now(UTC).timestamp())


@pytest.fixture
def server(clock):
    """A project that takes parts of 4 bytes."""
    with SupabaseServer(clock=clock.now) as running:
        running.s3_smallest_part = 4
        yield running


@pytest.fixture
def as_user(connect, server, person):
    """Make clients of somebody signed in."""

    def make(secret=None, token=None, region="auto"):
        token = token or person.session["access_token"]
        url, tenant = server.url + BASE, server.tenant_id
        return connect(url, region, tenant, secret or tenant, token)

    return make


@pytest.fixture
def user(as_user):
    """A client of somebody signed in."""
    return as_user()


@pytest.fixture
def plain(connect, server):
    """A client with plain keys."""
    return connect(server.url + BASE, "us-east-1", server.s3_access_key, server.s3_secret_key)


def status(act, *args, **kwargs):
    """Return the status of the refusal of an operation."""
    with pytest.raises(ClientError) as caught:
        act(*args, **kwargs)
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def begin(client, key, **more):
    """Begin an upload and return what names it."""
    told = client.create_multipart_upload(Bucket=BUCKET, Key=key, **more)
    return {"Bucket": BUCKET, "Key": key, "UploadId": told["UploadId"]}


def send(client, about, number, data):
    """Send a part and return what a completion says of it."""
    return {
        "PartNumber": number,
        "ETag": client.upload_part(**about, PartNumber=number, Body=data)["ETag"],
    }


def test_an_object_comes_back_as_it_was_put(server, person, user):
    """REST and S3 are two ways to the same objects."""
    key = person.key("a b.mp4")
    about = {"Bucket": BUCKET, "Key": key}
    told = user.put_object(
        **about, Body=b"hello", ContentType="video/mp4", CacheControl="x", Metadata={"topic": "y"}
    )
    assert told["ETag"] == f'"{hashlib.md5(b"hello", usedforsecurity=False).hexdigest()}"'
    head = user.head_object(**about)
    assert (head["ContentLength"], head["ContentType"]) == (5, "video/mp4")
    assert (head["CacheControl"], head["Metadata"]) == ("x", {"topic": "y"})
    assert user.get_object(**about)["Body"].read() == b"hello"
    assert user.get_object(**about, Range="bytes=1-2")["Body"].read() == b"el"
    info = person.storage("GET", f"/object/info/{BUCKET}/{key}").json()
    assert (info["size"], info["metadata"]) == (5, {"topic": "y"})
    assert server.objects[key].owner == person.user.id


def test_every_write_replaces_what_was_there(server, person, user):
    """A condition is passed over."""
    key = person.key("a")
    for data in (b"1", b"2"):
        user.put_object(Bucket=BUCKET, Key=key, Body=data, IfNoneMatch="*")
    assert server.objects[key].data == b"2"
    about = begin(user, key)
    parts = {"Parts": [send(user, about, 1, b"3")]}
    user.complete_multipart_upload(**about, MultipartUpload=parts, IfNoneMatch="*")
    assert server.objects[key].data == b"3"


def test_parts_become_an_object(server, person, user):
    """The ETag is the MD5 of MD5s, and the metadata is that of the beginning."""
    key = person.key("m")
    about = begin(user, key, ContentType="video/mp4", Metadata={"topic": "x"})
    parts = [send(user, about, number, data) for number, data in ((1, b"old."), (2, b"two"))]
    parts[0] = send(user, about, 1, b"one.")
    told = user.complete_multipart_upload(**about, MultipartUpload={"Parts": parts})
    digests = [hashlib.md5(data, usedforsecurity=False).digest() for data in (b"one.", b"two")]
    etag = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    info = person.storage("GET", f"/object/info/{BUCKET}/{key}").json()
    assert told["ETag"] == info["etag"] == f'"{etag}-2"'
    assert (info["size"], info["metadata"]) == (7, {"topic": "x"})
    assert server.objects[key].data == b"one.two"
    assert not server.s3_uploads


def test_metadata_can_be_lost(server, person, user):
    """As where Storage is older."""
    server.s3_keeps_metadata = False
    user.put_object(Bucket=BUCKET, Key=person.key("a"), Body=b"x", Metadata={"topic": "x"})
    begin(user, person.key("b"), Metadata={"topic": "x"})
    assert server.objects[person.key("a")].metadata == {}
    assert [one.metadata for one in server.s3_uploads.values()] == [{}]


def test_metadata_that_a_header_cannot_hold_is_counted(server, person, user):
    """What REST stored need not be text."""
    stored = server.put_object(person.key("a"), b"x")
    stored.metadata = {"ok": "yes", "number": 1, "umlaut": "ü"}
    told = user.head_object(Bucket=BUCKET, Key=person.key("a"))
    assert (told["Metadata"], told["MissingMeta"]) == ({"ok": "yes"}, 2)


def test_a_user_sees_no_parts_and_plain_keys_see_no_sizes(person, user, plain):
    """Nobody has a policy for the tables of uploads."""
    about = begin(user, person.key("m"))
    for number in (1, 2, 3):
        send(user, about, number, b"data")
    assert "Parts" not in user.list_parts(**about)
    assert "Uploads" not in user.list_multipart_uploads(Bucket=BUCKET)
    first = plain.list_parts(**about, MaxParts=2)
    rest = plain.list_parts(**about, PartNumberMarker=first["NextPartNumberMarker"])
    parts = first["Parts"] + rest["Parts"]
    assert [one["PartNumber"] for one in parts] == [1, 2, 3]
    assert {"ETag", "LastModified", "PartNumber"} == set(parts[0])
    uploads = plain.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert [one["UploadId"] for one in uploads] == [about["UploadId"]]


def test_an_upload_can_be_given_up(server, person, user):
    """Afterwards it is not there."""
    about = begin(user, person.key("m"))
    user.abort_multipart_upload(**about)
    assert not server.s3_uploads
    assert status(user.abort_multipart_upload, **about) == 404
    assert status(user.list_parts, **about) == 404
    assert status(send, user, about, 1, b"data") == 404


def test_a_completion_names_what_is_there(server, person, user):
    """What the store behind Storage refuses is refused."""
    about = begin(user, person.key("m"))
    one, two = (send(user, about, number, b"abc") for number in (1, 2))
    act = user.complete_multipart_upload
    for parts in ([one, two], [two, one], [one | {"ETag": '"else"'}]):
        assert status(act, **about, MultipartUpload={"Parts": parts}) == 400
    assert not server.objects
    act(**about, MultipartUpload={"Parts": [two]})
    assert status(act, **about, MultipartUpload={"Parts": [two]}) == 404


def test_a_user_keeps_to_the_folder_of_their_own(server, person, user, plain):
    """Plain keys do not have to."""
    other = {"Bucket": BUCKET, "Key": "somebody/else"}
    server.put_object("somebody/else", b"theirs")
    assert status(user.put_object, **other, Body=b"x") == 403
    assert status(user.create_multipart_upload, **other) == 403
    assert status(user.get_object, **other) == 404
    assert status(user.head_object, **other) == 404
    user.delete_object(**other)
    assert server.objects["somebody/else"].data == b"theirs"
    about = begin(plain, "somebody/else")
    assert status(send, user, about, 1, b"data") == 403
    assert status(user.abort_multipart_upload, **about) == 403
    user.put_object(Bucket=BUCKET, Key=person.key("a"), Body=b"x")
    seen = user.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [one["Key"] for one in seen] == [person.key("a")]
    assert len(plain.list_objects_v2(Bucket=BUCKET)["Contents"]) == 2
    assert plain.get_object(**other)["Body"].read() == b"theirs"
    plain.delete_object(**other)
    assert "somebody/else" not in server.objects


def test_writing_needs_the_policies_for_replacing(server, person, user):
    """Every write may replace something, so all three are asked for."""
    for policy in ("insert", "select", "update"):
        server.policies = {"select", "insert", "update", "delete"} - {policy}
        assert status(user.put_object, Bucket=BUCKET, Key=person.key("a")) == 403


def test_a_bucket_is_seen_with_plain_keys_only(server, user, plain):
    """A user has no policy for buckets, but can list what is in one."""
    assert plain.head_bucket(Bucket=BUCKET)["BucketRegion"] == server.s3_region
    assert status(user.head_bucket, Bucket=BUCKET) == 404
    assert status(plain.head_bucket, Bucket="else") == 404
    for act in ("list_objects_v2", "list_multipart_uploads"):
        assert status(getattr(user, act), Bucket="else") == 404
    assert status(plain.put_object, Bucket="else", Key="a") == 404
    assert status(plain.delete_object, Bucket="else", Key="a") == 404


def test_whoever_brings_a_token_signs_with_the_tenant_or_the_old_public_key(server, as_user):
    """Never with the new public key; older servers know only one of the two."""
    tenant, anon = server.tenant_id, server.anon_key

    def let_in():
        good = []
        for secret in (tenant, anon, server.publishable_key):
            try:
                as_user(secret).list_objects_v2(Bucket=BUCKET)
            except ClientError:
                continue
            else:
                good.append(secret)
        return good

    assert let_in() == [tenant, anon]
    server.s3_secrets_accepted.discard("tenant")
    assert let_in() == [anon]


@pytest.mark.parametrize(
    ("region", "is_good"),
    [("auto", True), ("us-east-1", True), ("eu-central-1", True), ("eu-west-1", False)],
)
def test_a_region_that_is_not_known_makes_another_signature(as_user, region, is_good):
    """It is not named in the refusal."""
    act = as_user(region=region).list_objects_v2
    if is_good:
        act(Bucket=BUCKET)
    else:
        assert status(act, Bucket=BUCKET) == 403


@pytest.fixture
def ask(asker, server, http):
    """Ask without a library in between."""
    known = {"access_key": server.s3_access_key, "secret_key": server.s3_secret_key}
    return asker(server.url, http, region="auto", **known)


def test_refusals_have_a_namespace_and_their_true_status(server, person, ask, http, said):
    """What is wrong with the credentials is said, where a client can read it."""
    expired = server.session_for(person.user, -1)["access_token"]
    path = f"{BASE}/{BUCKET}/{person.key('a')}"
    tenant = {"access_key": server.tenant_id, "secret_key": server.tenant_id}
    for wrong, code in (
        ({"access_key": "else"}, "InvalidAccessKeyId"),
        ({"secret_key": "else"}, "SignatureDoesNotMatch"),
        (tenant | {"token": expired, "secret_key": "else"}, "SignatureDoesNotMatch"),
        (tenant | {"token": expired, "access_key": "else"}, "AccessDenied"),
        (tenant | {"token": expired}, "AccessDenied"),
        (tenant | {"token": "junk"}, "AccessDenied"),
    ):
        told = ask("GET", path, **wrong)
        assert (told.status_code, said(told, "Code")) == (403, code)
        assert '<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Resource>' in told.text
        assert said(told, "Resource") == path.removeprefix(f"{BASE}/")
    told = ask("GET", path, **tenant, token=expired)
    assert said(told, "Message") == '"exp" claim timestamp check failed'
    assert said(http.get(server.url + path), "Message") == "Missing signature"
    told = http.get(server.url + path, headers={"Authorization": "AWS4-HMAC-SHA256 x"})
    assert (told.status_code, said(told, "Code")) == (400, "InvalidSignature")


def test_only_the_hash_is_signed_and_the_body_is_not_looked_at(server, ask):
    """Nor are checksums, nor headers without a signature."""
    sums = {"Content-MD5": "x", "x-amz-checksum-sha256": "x", "x-amz-meta-more": "x"}
    told = ask("PUT", f"{BASE}/{BUCKET}/a/b", b"data", sent=b"atad", extra=sums)
    assert told.status_code == 200
    assert server.objects["a/b"].data == b"atad"
    assert not any(name.startswith("x-amz-checksum") for name in told.headers)


def test_a_link_works_until_it_ends(server, person, user, http, clock, said):
    """Also one that is signed with somebody's token."""
    server.put_object(person.key("a"), b"data")
    about = {"Bucket": BUCKET, "Key": person.key("a")}
    link = user.generate_presigned_url("get_object", about, ExpiresIn=60)
    assert http.get(link).content == b"data"
    clock.advance(timedelta(minutes=2).total_seconds())
    told = http.get(link)
    assert (told.status_code, said(told, "Code")) == (400, "ExpiredToken")


def test_sizes_are_limited(server, person, user, ask, said):
    """Bytes of a part that is sent again count once more."""
    server.buckets[BUCKET].file_size_limit = 10
    told = ask("PUT", f"{BASE}/{BUCKET}/{person.key('a')}", b"x" * 11)
    assert (told.status_code, said(told, "Code")) == (413, "EntityTooLarge")
    about = begin(user, person.key("m"))
    for _ in range(2):
        send(user, about, 1, b"abcd")
    assert status(send, user, about, 1, b"abcd") == 413
    assert not server.objects


def test_types_and_names_are_checked(server, person, plain):
    """As everywhere in Storage."""
    server.buckets[BUCKET].allowed_mime_types = ["video/*"]
    about = {"Bucket": BUCKET, "Key": person.key("a")}
    for act in (plain.put_object, plain.create_multipart_upload):
        assert status(act, **about, ContentType="text/plain") == 415
        assert status(act, Bucket=BUCKET, Key="ü", ContentType="video/mp4") == 400
        act(**about, ContentType="video/mp4")


def test_a_body_that_breaks_off_leaves_nothing(server, person, ask, user):
    """Neither of an object nor of a part, and it does not count against the limit."""
    about = begin(user, person.key("m"))
    part = f"{person.key('m')}?partNumber=1&uploadId={about['UploadId']}"
    for place in (person.key("a"), part):
        fault = Fault(("PUT", BASE), cut_after(2))
        server.faults.append(fault)
        with pytest.raises(Exception, match=r"disconnected|closed|reset|pipe"):
            ask("PUT", f"{BASE}/{BUCKET}/{place}", b"data")
        assert fault.fired == 1
    assert not server.objects
    upload = server.s3_uploads[about["UploadId"]]
    assert (upload.parts, upload.progress) == ({}, 0)


def test_a_part_needs_a_length(server, plain, ask, said):
    """It has to be known before the bytes come."""
    about = begin(plain, "a/b")
    path = f"{BASE}/{BUCKET}/a/b?partNumber=1&uploadId={about['UploadId']}"
    told = ask("PUT", path, b"data", sent=iter([b"data"]))
    assert (told.status_code, said(told, "Code")) == (400, "MissingContentLength")


def test_there_need_not_be_an_endpoint(server, ask):
    """Then the route is unknown."""
    server.s3_enabled = False
    told = ask("GET", f"{BASE}/{BUCKET}/a")
    assert (told.status_code, told.json()["error"]) == (404, "Not Found")
    assert told.json()["message"] == f"Route GET:/s3/{BUCKET}/a not found"


def test_a_lost_answer_is_a_fault_here_too(server, ask):
    """Faults of any server fit."""
    server.faults.append(Fault(("PUT", BASE), lose_answer()))
    with pytest.raises(Exception, match=r"disconnected|closed|reset"):
        ask("PUT", f"{BASE}/{BUCKET}/a/b", b"data")
    assert server.objects["a/b"].data == b"data"


@pytest.mark.parametrize("is_hashed", [True, False])
def test_a_sink_counts_bytes_and_forgets_them(connect, is_hashed):
    """As the rest of the project does."""
    with SupabaseServer(keep_bytes=False, hash=is_hashed) as server:
        keys = (server.s3_access_key, server.s3_secret_key)
        client = connect(server.url + BASE, "auto", *keys)
        about = begin(client, "a/b")
        parts = {"Parts": [send(client, about, 1, b"data")]}
        etag = client.complete_multipart_upload(**about, MultipartUpload=parts)["ETag"]
        stored = server.objects["a/b"]
        assert (stored.data, stored.size) == (None, 4)
        assert ("unhashed" in etag) != is_hashed
        assert status(client.get_object, Bucket=BUCKET, Key="a/b") == 500
