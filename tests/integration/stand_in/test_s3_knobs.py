"""How the store that speaks S3 can be set, to be like one store or another."""

import base64
import hashlib
import zlib

import pytest
from botocore.exceptions import ClientError

BUCKET = "recordings"
PATH = f"/{BUCKET}/a"


def sha256(data):
    """Return a SHA-256 as headers show it."""
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def composite(*parts):
    """Return the SHA-256 of the SHA-256s of parts."""
    digests = b"".join(hashlib.sha256(part).digest() for part in parts)
    return f"{sha256(digests)}-{len(parts)}"


def is_md5(etag, data):
    """Return whether an ETag is the MD5 of *data*."""
    return etag.strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest()


def refusal(act, *args, **kwargs):
    """Return status and code of the refusal of an operation."""
    with pytest.raises(ClientError) as caught:
        act(*args, **kwargs)
    told = caught.value.response
    return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]


def whole(client, *parts, **more):
    """Upload *parts* as one object and return the answer to the completion."""
    about = {"Bucket": BUCKET, "Key": "a"}
    upload_id = client.create_multipart_upload(**about, **more)["UploadId"]
    told = []
    for number, data in enumerate(parts, 1):
        sums = {"ChecksumSHA256": sha256(data)} if more.get("ChecksumAlgorithm") else {}
        sent = client.upload_part(**about, UploadId=upload_id, PartNumber=number, Body=data, **sums)
        told.append({"PartNumber": number, "ETag": sent["ETag"]} | sums)
    made = {"Parts": told}
    return client.complete_multipart_upload(**about, UploadId=upload_id, MultipartUpload=made)


def test_a_body_must_be_what_was_signed(store, ask, said):
    """Unless the store does not look, or nothing was said of the body."""
    told = ask("PUT", PATH, b"data", sent=b"atad")
    assert (told.status_code, said(told, "Code")) == (400, "XAmzContentSHA256Mismatch")
    assert said(told, "S3ComputedContentSHA256") == hashlib.sha256(b"atad").hexdigest()
    assert not store.objects
    assert ask("PUT", PATH, b"x", payload="UNSIGNED-PAYLOAD").status_code == 200
    store.verifies_payload = False
    assert ask("PUT", PATH, b"data", sent=b"atad").status_code == 200
    assert store.objects["a"].data == b"atad"


def test_a_document_must_be_what_was_signed(store, ask, said):
    """A completion too."""
    upload = store.add_upload("a")
    told = ask("POST", f"{PATH}?uploadId={upload.id}", b"one", sent=b"two")
    assert said(told, "Code") == "XAmzContentSHA256Mismatch"


def test_a_checksum_is_kept_and_shown_to_who_asks(store, client):
    """HEAD and GET show it only where it is wished for."""
    told = client.put_object(Bucket=BUCKET, Key="a", Body=b"data", ChecksumSHA256=sha256(b"data"))
    assert (told["ChecksumSHA256"], told["ChecksumType"]) == (sha256(b"data"), "FULL_OBJECT")
    assert store.objects["a"].checksum_sha256 == sha256(b"data")
    about = {"Bucket": BUCKET, "Key": "a"}
    assert client.head_object(**about, ChecksumMode="ENABLED")["ChecksumSHA256"] == sha256(b"data")
    assert "ChecksumSHA256" not in client.head_object(**about)
    listed = client.list_objects_v2(Bucket=BUCKET)["Contents"][0]
    assert listed["ChecksumAlgorithm"] == ["SHA256"]
    ranged = client.get_object(**about, Range="bytes=0-1", ChecksumMode="ENABLED")
    assert "ChecksumSHA256" not in ranged


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-amz-checksum-sha256": sha256(b"else")}, "BadDigest"),
        ({"x-amz-checksum-sha256": "short"}, "InvalidRequest"),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
        ({"x-amz-checksum-crc32c": "AAAAAA=="}, "NotImplemented"),
        ({"x-amz-sdk-checksum-algorithm": "SHA256"}, "InvalidRequest"),
        (
            {"x-amz-checksum-sha256": sha256(b"data"), "x-amz-checksum-crc32": "AAAAAA=="},
            "InvalidRequest",
        ),
    ],
)
def test_a_checksum_must_be_right(store, ask, said, headers, code):
    """Nothing is stored otherwise."""
    assert said(ask("PUT", PATH, b"data", headers), "Code") == code
    assert not store.objects


def test_crc32_and_sha1_are_known_too(store, ask):
    """They are shown as they came."""
    crc = base64.b64encode(zlib.crc32(b"data").to_bytes(4, "big")).decode()
    sha1 = base64.b64encode(hashlib.sha1(b"data", usedforsecurity=False).digest()).decode()
    for name, value in (("crc32", crc), ("sha1", sha1)):
        told = ask("PUT", PATH, b"data", {f"x-amz-checksum-{name}": value})
        assert told.headers[f"x-amz-checksum-{name}"] == value
    assert store.objects["a"].checksums == {"sha1": sha1}


def test_parts_have_checksums_of_which_one_is_made(store, client):
    """Parts are listed with theirs; the object's is made of them."""
    about = {"Bucket": BUCKET, "Key": "m"}
    upload_id = client.create_multipart_upload(**about, ChecksumAlgorithm="SHA256")["UploadId"]
    client.upload_part(
        **about, UploadId=upload_id, PartNumber=1, Body=b"data", ChecksumSHA256=sha256(b"data")
    )
    listed = client.list_parts(**about, UploadId=upload_id)
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ("SHA256", "COMPOSITE")
    assert listed["Parts"][0]["ChecksumSHA256"] == sha256(b"data")
    uploads = client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert uploads[0]["ChecksumAlgorithm"] == "SHA256"
    told = whole(client, b"one.", b"two.", ChecksumAlgorithm="SHA256")
    assert told["ChecksumSHA256"] == composite(b"one.", b"two.")
    seen = client.head_object(Bucket=BUCKET, Key="a", ChecksumMode="ENABLED")
    assert (seen["ChecksumSHA256"], seen["ChecksumType"]) == (told["ChecksumSHA256"], "COMPOSITE")


def test_parts_have_the_checksum_that_the_upload_was_begun_with(store, client):
    """None where there is to be one, one where there is to be none: both are refused."""
    about = {"Bucket": BUCKET, "Key": "a"}
    summed = client.create_multipart_upload(**about, ChecksumAlgorithm="SHA256")["UploadId"]
    plain = client.create_multipart_upload(**about)["UploadId"]
    part = {"PartNumber": 1, "Body": b"data"}
    checksum = {"ChecksumSHA256": sha256(b"data")}
    act = client.upload_part
    assert refusal(act, **about, **part, UploadId=summed) == (400, "InvalidRequest")
    assert refusal(act, **about, **part, **checksum, UploadId=plain) == (400, "InvalidRequest")
    wrong = {"ChecksumSHA256": sha256(b"else")}
    assert refusal(act, **about, **part, **wrong, UploadId=summed) == (400, "BadDigest")
    assert not any(one.parts for one in store.uploads.values())
    etag = act(**about, **part, **checksum, UploadId=summed)["ETag"]
    for extra, code in (({}, "InvalidRequest"), (wrong, "InvalidPart")):
        made = {"Parts": [{"PartNumber": 1, "ETag": etag} | extra]}
        told = refusal(
            client.complete_multipart_upload, **about, UploadId=summed, MultipartUpload=made
        )
        assert told == (400, code)
    made = {"Parts": [{"PartNumber": 1, "ETag": etag} | checksum]}
    done = {"UploadId": summed, "MultipartUpload": made}
    act = client.complete_multipart_upload
    assert refusal(act, **about, **done, **wrong) == (400, "BadDigest")
    act(**about, **done, ChecksumSHA256=composite(b"data"))


def test_an_algorithm_that_nobody_knows_is_refused(ask, said):
    """Before an upload begins."""
    for name, code in (("MD4", "InvalidRequest"), ("CRC64NVME", "NotImplemented")):
        told = ask("POST", f"{PATH}?uploads", headers={"x-amz-checksum-algorithm": name})
        assert said(told, "Code") == code


def test_checksums_can_be_taken_on_trust(store, ask):
    """A store that only gives them back."""
    store.checksums = "echo"
    wrong = sha256(b"else")
    told = ask("PUT", PATH, b"data", {"x-amz-checksum-sha256": wrong})
    assert told.headers["x-amz-checksum-sha256"] == wrong
    assert store.objects["a"].checksum_sha256 == wrong


def test_checksums_can_be_passed_over(store, client):
    """A store that does not know of them."""
    store.checksums = "ignore"
    told = client.put_object(Bucket=BUCKET, Key="a", Body=b"data", ChecksumSHA256=sha256(b"else"))
    assert "ChecksumSHA256" not in told
    told = whole(client, b"one.", b"two.", ChecksumAlgorithm="SHA256")
    assert "ChecksumSHA256" not in told
    assert not store.objects["a"].checksums


def test_checksums_can_be_refused(store, ask, said):
    """A store that stumbles over them."""
    store.checksums = "refuse"
    upload = store.add_upload("a")
    part, done = (f"{PATH}?{more}uploadId={upload.id}" for more in ("partNumber=1&", ""))
    headers = {"x-amz-checksum-sha256": sha256(b"data")}
    for method, path in (("PUT", PATH), ("PUT", part), ("POST", done), ("POST", f"{PATH}?uploads")):
        told = ask(method, path, b"data", headers)
        assert (told.status_code, said(told, "Code")) == (501, "NotImplemented")
        assert said(told, "Header") == "x-amz-checksum-sha256"
    assert ask("PUT", PATH, b"data").status_code == 200


def test_a_write_can_wish_for_a_free_name(store, client):
    """Both ways to store something heed it, and an upload that is refused stays."""
    put = client.put_object
    put(Bucket=BUCKET, Key="a", Body=b"old", IfNoneMatch="*")
    told = refusal(put, Bucket=BUCKET, Key="a", Body=b"new", IfNoneMatch="*")
    assert told == (412, "PreconditionFailed")
    about = {"Bucket": BUCKET, "Key": "a"}
    upload_id = client.create_multipart_upload(**about)["UploadId"]
    etag = client.upload_part(**about, UploadId=upload_id, PartNumber=1, Body=b"new")["ETag"]
    done = {"UploadId": upload_id, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}}
    act = client.complete_multipart_upload
    assert refusal(act, **about, **done, IfNoneMatch="*") == (412, "PreconditionFailed")
    assert store.objects["a"].data == b"old"
    assert upload_id in store.uploads
    store.conditional_writes = False
    act(**about, **done, IfNoneMatch="*")
    assert store.objects["a"].data == b"new"


def test_a_name_that_is_taken_meanwhile_is_not_free(store, ask):
    """Whoever ends later hears so, however early it began."""
    headers = {
        "Host": f"127.0.0.1:{store.port}",
        "Content-Length": "4",
        "If-None-Match": "*",
    }
    connection = ask.begin("PUT", PATH, ask.sign("PUT", store.url + PATH, b"late", headers), b"la")
    assert ask("PUT", PATH, b"early").status_code == 200
    connection.send(b"te")
    assert connection.getresponse().status == 412
    connection.close()
    assert store.objects["a"].data == b"early"


def test_every_write_can_make_a_version(store, client):
    """Old ones stay; a deletion is a version too and can be deleted."""
    store.versioned = True
    about = {"Bucket": BUCKET, "Key": "a"}
    first, second = (client.put_object(**about, Body=data)["VersionId"] for data in (b"1", b"2"))
    assert client.head_object(**about)["VersionId"] == second
    assert client.get_object(**about, VersionId=first)["Body"].read() == b"1"
    gone = client.delete_object(**about)
    assert gone["DeleteMarker"]
    for act in (client.head_object, client.get_object):
        with pytest.raises(ClientError) as caught:
            act(**about)
        headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
        assert headers["x-amz-delete-marker"] == "true"
        assert headers["x-amz-version-id"] == gone["VersionId"]
    marker = {"VersionId": gone["VersionId"]}
    assert refusal(client.get_object, **about, **marker) == (405, "MethodNotAllowed")
    assert client.delete_object(**about, **marker)["DeleteMarker"]
    assert client.get_object(**about)["Body"].read() == b"2"
    client.delete_object(**about, VersionId=second)
    assert client.get_object(**about)["Body"].read() == b"1"
    assert refusal(client.get_object, **about, VersionId=second) == (404, "NoSuchVersion")
    client.delete_object(**about, VersionId=second)
    assert whole(client, b"3")["VersionId"] == client.head_object(**about)["VersionId"]


def test_a_name_whose_object_was_deleted_is_free(store, client):
    """The mark of a deletion is in nobody's way."""
    store.versioned = True
    about = {"Bucket": BUCKET, "Key": "a"}
    client.put_object(**about, Body=b"1")
    client.delete_object(**about)
    client.put_object(**about, Body=b"2", IfNoneMatch="*")
    assert store.objects["a"].data == b"2"


def test_versions_can_be_locked(store, client, ask, said):
    """A body needs a checksum then, and what is stored stays."""
    store.object_lock = True
    upload = store.add_upload("m")
    part = f"/{BUCKET}/m?partNumber=1&uploadId={upload.id}"
    md5 = base64.b64encode(hashlib.md5(b"data", usedforsecurity=False).digest()).decode()
    for path in (PATH, part):
        told = ask("PUT", path, b"data")
        assert (told.status_code, said(told, "Code")) == (400, "InvalidRequest")
        assert ask("PUT", path, b"data", {"Content-MD5": md5}).status_code == 200
    told = ask("PUT", PATH, b"data", {"x-amz-checksum-sha256": sha256(b"data")})
    version = told.headers["x-amz-version-id"]
    about = {"Bucket": BUCKET, "Key": "a"}
    assert refusal(client.delete_object, **about, VersionId=version) == (403, "AccessDenied")
    assert client.delete_object(**about)["DeleteMarker"]
    assert client.get_object(**about, VersionId=version)["Body"].read() == b"data"


def test_metadata_can_be_lost(store, client):
    """A store that keeps none of it."""
    store.keeps_metadata = False
    client.put_object(Bucket=BUCKET, Key="a", Body=b"data", Metadata={"x": "y"})
    assert client.head_object(Bucket=BUCKET, Key="a")["Metadata"] == {}
    whole(client, b"data", Metadata={"x": "y"})
    assert store.objects["a"].metadata == {}


@pytest.mark.parametrize(("kind", "is_plain"), [("AES256", True), ("aws:kms", False)])
def test_objects_can_be_encrypted(store, client, kind, is_plain):
    """Every answer says so; with a key of KMS no ETag is an MD5."""
    store.encryption = kind
    about = {"Bucket": BUCKET, "Key": "a"}
    told = client.put_object(**about, Body=b"data")
    assert is_md5(told["ETag"], b"data") == is_plain
    begun = client.create_multipart_upload(**about)
    part = client.upload_part(**about, UploadId=begun["UploadId"], PartNumber=1, Body=b"data")
    assert is_md5(part["ETag"], b"data") == is_plain
    done = whole(client, b"data")
    digest = hashlib.md5(b"data", usedforsecurity=False).digest()
    assert is_md5(done["ETag"].replace("-1", ""), digest) == is_plain
    seen = client.head_object(**about)
    for one in (told, begun, part, done, seen, client.get_object(**about)):
        assert one["ServerSideEncryption"] == kind
    assert ("SSEKMSKeyId" in seen) == (not is_plain)


def test_one_object_can_be_encrypted(store, client):
    """What a request says goes before what the bucket does."""
    about = {"Bucket": BUCKET, "Key": "a"}
    client.put_object(**about, Body=b"data", ServerSideEncryption="aws:kms")
    assert store.objects["a"].encryption == "aws:kms"


OPERATIONS = [
    ("s3:ListBucket", "head_bucket", {"Key": None}),
    ("s3:ListBucket", "list_objects_v2", {"Key": None}),
    ("s3:ListBucketMultipartUploads", "list_multipart_uploads", {"Key": None}),
    ("s3:PutObject", "put_object", {}),
    ("s3:GetObject", "get_object", {}),
    ("s3:GetObject", "head_object", {}),
    ("s3:GetObjectVersion", "get_object", {"VersionId": "x"}),
    ("s3:DeleteObject", "delete_object", {}),
    ("s3:DeleteObjectVersion", "delete_object", {"VersionId": "x"}),
    ("s3:PutObject", "create_multipart_upload", {}),
    ("s3:PutObject", "upload_part", {"PartNumber": 1, "UploadId": "x"}),
    ("s3:PutObject", "complete_multipart_upload", {"UploadId": "x", "MultipartUpload": {}}),
    ("s3:ListMultipartUploadParts", "list_parts", {"UploadId": "x"}),
    ("s3:AbortMultipartUpload", "abort_multipart_upload", {"UploadId": "x"}),
]


@pytest.mark.parametrize(("permission", "name", "more"), OPERATIONS)
def test_every_operation_needs_its_permission(store, client, permission, name, more):
    """Without it 403, whatever else is wrong with the request."""
    store.put_object("a", b"data")
    store.denied.add(permission)
    told = {"Bucket": BUCKET, "Key": "a"} | more
    status, code = refusal(getattr(client, name), **{k: v for k, v in told.items() if v})
    assert status == 403
    assert code in ("AccessDenied", "403")


def test_who_may_not_list_does_not_learn_what_is_missing(store, client):
    """What is there can be read; what is not is denied."""
    store.put_object("a", b"data")
    store.denied.add("s3:ListBucket")
    assert client.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"data"
    assert refusal(client.get_object, Bucket=BUCKET, Key="b") == (403, "AccessDenied")
    assert refusal(client.head_object, Bucket=BUCKET, Key="b") == (403, "403")


def test_a_disk_can_lie(store, client):
    """Everything about a body was right, and what is stored is something else."""
    store.spoils = True
    told = client.put_object(
        Bucket=BUCKET, Key="a", Body=b"data", ChecksumSHA256=sha256(b"data"),
        ContentMD5=base64.b64encode(hashlib.md5(b"data", usedforsecurity=False).digest()).decode(),
    )  # fmt: skip
    flipped = bytes(byte ^ 0xFF for byte in b"data")
    assert store.objects["a"].data == flipped
    assert is_md5(told["ETag"], flipped)
    whole(client, b"data", b"more")
    assert store.objects["a"].data == bytes(byte ^ 0xFF for byte in b"datamore")
