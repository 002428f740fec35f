"""Storage's endpoint that speaks S3: which handler answers, and how a refusal looks.

Source: what supabase/storage 1.70 was seen to answer, and its source. Checksums, conditions of
writes and the hash of the body are not looked at; policies are.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

from tests.fakes.http_server import Answer, json_answer
from tests.fakes.s3_server import documents, listing, multipart
from tests.fakes.s3_server.documents import branch, document, leaf
from tests.fakes.s3_server.errors import S3Error
from tests.fakes.s3_server.operations import operation
from tests.fakes.s3_server.state import StoredObject as Listed
from tests.fakes.supabase_server import reading
from tests.fakes.supabase_server.faults import Exchange
from tests.fakes.supabase_server.refusals import Refusal, no_bucket, too_large
from tests.fakes.supabase_server.s3_access import caller_of
from tests.fakes.supabase_server.state import Caller, State

_BASE: Final = "/storage/v1/s3"
_META: Final = "x-amz-meta-"
_XML: Final = {"content-type": "application/xml; charset=utf-8"}

Handler = Callable[[Exchange, Caller, str, str], Answer]


def is_s3(path: str) -> bool:
    """Return whether the S3 endpoint answers at this path."""
    return path == _BASE or path.startswith(f"{_BASE}/")


def handle(exchange: Exchange) -> Answer:
    """Answer a request in the language of S3.

    Raises:
        Vanished: the client went away; nothing is stored.
    """
    request, state = exchange.request, exchange.state
    place = request.path.removeprefix(_BASE).strip("/")
    if not state.s3_enabled:
        message = f"Route {request.method}:{request.path.removeprefix('/storage/v1')} not found"
        told = {"message": message, "error": "Not Found", "statusCode": 404}
        return json_answer(told, 404)
    bucket, _, key = place.partition("/")
    try:
        caller = caller_of(state, request)
        name = operation(request.method, request.query, has_key=bool(key))
        return _HANDLERS[name](exchange, caller, bucket, key)
    except Refusal as refusal:
        return _refused(place, refusal.status, refusal.code, refusal.message)
    except S3Error as error:
        # What the store behind Storage says loses its code on the way.
        return _refused(place, error.status, "S3Error", error.message)


def _refused(place: str, status: int, code: str, message: str) -> Answer:
    told = (leaf("Resource", place), leaf("Code", code), leaf("Message", message))
    answer = Answer(status, document(branch("Error", *told)), dict(_XML))
    answer.early = code == too_large().code
    return answer


def _expect_bucket(state: State, bucket: str) -> None:
    if bucket not in state.buckets:
        raise no_bucket()


def _metadata(state: State, headers: Mapping[str, str]) -> dict[str, str]:
    if not state.s3_keeps_metadata:
        return {}
    return {
        name.removeprefix(_META): value for name, value in headers.items() if name.startswith(_META)
    }


def _head_bucket(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """A user without a policy for buckets sees none."""
    if bucket not in exchange.state.buckets or caller.role != "service_role":
        raise no_bucket()
    return Answer(200, headers={"x-amz-bucket-region": exchange.state.s3_region})


def _list(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    state = exchange.state
    _expect_bucket(state, bucket)
    with state.guard:
        seen = {
            name: Listed(None, stored.etag, stored.size, last_modified=stored.updated_at)
            for name, stored in state.shelf(bucket).items()
            if state.may(caller, bucket, name, "select")
        }
    return Answer(200, listing.objects_document(bucket, exchange.request.query, seen), dict(_XML))


def _list_uploads(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Nobody has a policy for the table of uploads, so only plain keys show them."""
    state = exchange.state
    _expect_bucket(state, bucket)
    with state.guard:
        kept = [one for one in state.s3_uploads.values() if one.bucket == bucket]
    seen = kept if caller.role == "service_role" else []
    return Answer(200, listing.uploads_document(bucket, exchange.request.query, seen), dict(_XML))


def _shown(exchange: Exchange, caller: Caller, bucket: str, key: str) -> dict[str, str]:
    """Return the metadata of an object as headers; what headers cannot hold is only counted."""
    kept = exchange.state.visible(caller, bucket, key).metadata
    told = {
        f"{_META}{name.lower()}": value
        for name, value in kept.items()
        if isinstance(value, str) and value.isascii() and value.isprintable()
    }
    missing = len(kept) - len(told)
    return told | ({"x-amz-missing-meta": str(missing)} if missing else {})


def _head(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    answer = reading.head(exchange, caller, bucket, key)
    answer.headers |= _shown(exchange, caller, bucket, key)
    return answer


def _get(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    stored = exchange.state.visible(caller, bucket, key)
    return reading.bytes_of(exchange, stored, _shown(exchange, caller, bucket, key))


def _delete(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """What is not there, or not for this caller, is as good as deleted."""
    state = exchange.state
    _expect_bucket(state, bucket)
    with state.guard:
        if key in state.shelf(bucket) and state.may(caller, bucket, key, "select", "delete"):
            del state.shelf(bucket)[key]
    return Answer(204)


def _put(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    state, request = exchange.state, exchange.request
    headers, limit = request.headers, state.size_limit(bucket)
    if "x-amz-copy-source" in headers:
        raise S3Error(501, "NotImplemented", "The stand-in does not copy")
    state.expect_writable(caller, bucket, key, upsert=True)
    if (request.body.length or 0) > limit:
        raise too_large()
    state.expect_mime(bucket, headers.get("content-type"))
    intake = state.new_intake(in_parts=False)
    if not intake.take(request.body, limit):
        raise too_large()
    stored = state.store(
        bucket,
        key,
        intake,
        owner=caller.user_id,
        content_type=headers.get("content-type"),
        cache_control=headers.get("cache-control", "no-cache"),
        metadata=_metadata(state, headers),
    )
    return Answer(200, headers={"etag": stored.etag})


def _create(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    state, headers = exchange.state, exchange.request.headers
    state.expect_writable(caller, bucket, key, upsert=True)
    state.expect_mime(bucket, headers.get("content-type"))
    exchange.request.body.discard()
    upload = multipart.Upload(
        secrets.token_urlsafe(48),
        key,
        state.clock(),
        metadata=_metadata(state, headers),
        headers=dict(headers),
        bucket=bucket,
    )
    with state.guard:
        state.s3_uploads[upload.id] = upload
    return Answer(200, documents.initiated(bucket, key, upload.id), dict(_XML))


def _upload(exchange: Exchange, bucket: str, key: str) -> multipart.Upload:
    with exchange.state.guard:
        found = exchange.state.s3_uploads.get(exchange.request.query["uploadId"])
    if found is None or (found.bucket, found.key) != (bucket, key):
        raise Refusal(404, "", "NoSuchUpload", "Upload not found")
    return found


def _send_part(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Bytes of a part that is sent again count once more against the limit."""
    state, request = exchange.state, exchange.request
    number, upload = multipart.part_number(request.query), _upload(exchange, bucket, key)
    state.expect_writable(caller, bucket, key, upsert=True)
    size = request.body.length
    if size is None or "content-length" not in request.headers:
        message = "You must provide the Content-Length HTTP header."
        raise Refusal(400, "", "MissingContentLength", message)
    with state.guard:
        if upload.progress + size > state.size_limit(bucket):
            raise too_large()
        upload.progress += size
    intake, is_whole = state.new_intake(in_parts=False), False
    try:
        is_whole = intake.take(request.body)
    finally:
        if not is_whole:
            upload.progress -= size
    data = None if intake.data is None else bytes(intake.data)
    part = multipart.Part(data, intake.etag, size, intake.digest, None, state.clock())
    with state.guard:
        _upload(exchange, bucket, key).parts[number] = part
    return Answer(200, headers={"etag": part.etag})


def _list_parts(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Sizes are not told; nobody has a policy for the table, so only plain keys show any part."""
    upload, query = _upload(exchange, bucket, key), exchange.request.query
    with exchange.state.guard:
        seen = dict(upload.parts) if caller.role == "service_role" else {}
    page = listing.parts_page(seen, query)
    root = branch(
        "ListPartsResult",
        leaf("Bucket", bucket),
        leaf("Key", key),
        leaf("UploadId", upload.id),
        leaf("PartNumberMarker", page.after) if page.after else None,
        leaf("NextPartNumberMarker", page.shown[-1][0]) if page.is_truncated else None,
        leaf("MaxParts", page.most),
        leaf("IsTruncated", str(page.is_truncated).lower()),
        *(
            branch(
                "Part",
                leaf("PartNumber", number),
                leaf("LastModified", documents.iso(part.uploaded)),
                leaf("ETag", part.etag),
            )
            for number, part in page.shown
        ),
    )
    return Answer(200, document(root), dict(_XML))


def _complete(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    state, upload = exchange.state, _upload(exchange, bucket, key)
    state.expect_writable(caller, bucket, key, upsert=True)
    wanted = documents.wanted_parts(exchange.request.body.read())
    with state.guard:
        parts = multipart.chosen(_upload(exchange, bucket, key), wanted, state.s3_smallest_part)
        is_hashed = all(part.md5 for part in parts)
        stored = state.store(
            bucket,
            key,
            multipart.joined(parts, None if is_hashed else "unhashed"),
            owner=caller.user_id,
            content_type=upload.headers.get("content-type"),
            cache_control=upload.headers.get("cache-control", "no-cache"),
            metadata=dict(upload.metadata),
        )
        del state.s3_uploads[upload.id]
    body = documents.completed(f"{bucket}/{key}", bucket, key, stored.etag)
    return Answer(200, body, dict(_XML))


def _abort(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    state, upload = exchange.state, _upload(exchange, bucket, key)
    state.expect_writable(caller, bucket, key, upsert=True)
    with state.guard:
        state.s3_uploads.pop(upload.id, None)
    return Answer(200)


_HANDLERS: Final[Mapping[str, Handler]] = {
    "HeadBucket": _head_bucket,
    "ListObjectsV2": _list,
    "ListMultipartUploads": _list_uploads,
    "PutObject": _put,
    "GetObject": _get,
    "HeadObject": _head,
    "DeleteObject": _delete,
    "CreateMultipartUpload": _create,
    "UploadPart": _send_part,
    "ListParts": _list_parts,
    "CompleteMultipartUpload": _complete,
    "AbortMultipartUpload": _abort,
}
