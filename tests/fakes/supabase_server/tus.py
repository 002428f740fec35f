"""Resumable uploads, as Supabase Storage speaks them.

Source: tus resumable upload protocol 1.0.0, https://tus.io/protocols/resumable-upload, and what
Storage 1.70 was seen to answer. Failures are text with their true status; only who is not let in
at all hears JSON with status 400.
"""

import base64
import json
import uuid
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, Final

from tests.fakes.http_server.messages import Answer, json_answer
from tests.fakes.http_server.wire import Vanished
from tests.fakes.supabase_server.faults import Exchange
from tests.fakes.supabase_server.intake import Upload
from tests.fakes.supabase_server.refusals import Refusal, no_bucket
from tests.fakes.supabase_server.state import Caller, State, check_key, is_bucket_name
from tests.fakes.supabase_server.tokens import BadToken
from tests.fakes.supabase_server.tus_headers import (
    DIGITS,
    announced_length,
    fault,
    format_metadata,
    named,
    parse_metadata,
)

BASE: Final = "/storage/v1/upload/resumable"
_SIGNED: Final = f"{BASE}/sign"
_TEXT: Final = "text/plain;charset=UTF-8"
_STREAM: Final = "application/offset+octet-stream"
_ALWAYS: Final = {
    "tus-resumable": "1.0.0",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": (
        "Authorization, Content-Type, Location, Tus-Extension, Tus-Max-Size, Tus-Resumable, "
        "Tus-Version, Upload-Concat, Upload-Defer-Length, Upload-Length, Upload-Metadata, "
        "Upload-Offset, X-HTTP-Method-Override, X-Requested-With, X-Forwarded-Host, "
        "X-Forwarded-Proto, Forwarded,"
    ),
}
_EXTENSIONS: Final = "creation,creation-with-upload,creation-defer-length,termination,expiration"
_GONE_TEXT: Final = (
    "Something went wrong with that request\nThe specified upload does not exist. The upload ID may"
    " be invalid, or the upload may have been aborted or completed.\n"
)


def is_tus(path: str) -> bool:
    """Return whether resumable uploads answer at this path."""
    return path == BASE or path.startswith(f"{BASE}/")


def is_upload(path: str) -> bool:
    """Return whether the path is the address of one upload."""
    return is_tus(path) and path not in (BASE, _SIGNED, f"{BASE}/", f"{_SIGNED}/")


def handle(exchange: Exchange) -> Answer:
    """Answer a request for resumable uploads.

    Raises:
        Vanished: the client went away; what had come of an upload is kept.
    """
    request = exchange.request
    if request.method == "OPTIONS":
        return _options(exchange.state)
    try:
        caller, claims = _let_in(exchange)
    except Refusal as refusal:
        return json_answer(
            {"statusCode": str(refusal.status), "code": refusal.code, "error": refusal.error,
             "message": refusal.message}, 400
        )  # fmt: skip
    try:
        _check_version(exchange)
        work = _METHODS.get(request.method)
        if work is None or is_upload(request.seen.path) == (request.method == "POST"):
            raise fault(404, "Not found\n")
        answer = work(exchange, caller, claims)
    except Refusal as refusal:
        answer = Answer(refusal.status, refusal.message.encode())
    answer.headers = _ALWAYS | {"content-type": _TEXT} | answer.headers
    if answer.status == 204:
        del answer.headers["content-type"]
    answer.reason = ""
    return answer


def _options(state: State) -> Answer:
    told = {
        "tus-version": "1.0.0",
        "tus-extension": _EXTENSIONS,
        "tus-max-size": str(state.max_size),
        "access-control-allow-methods": "POST, HEAD, PATCH, OPTIONS, DELETE",
        "access-control-max-age": "86400",
    }
    return Answer(204, headers=_ALWAYS | told, reason="")


def _let_in(exchange: Exchange) -> tuple[Caller, dict[str, Any]]:
    request, state = exchange.request, exchange.state
    signature = request.headers.get("x-signature")
    is_signed = request.seen.path.startswith(_SIGNED)
    if not is_signed or not signature:
        return state.caller(request.bearer or ""), {}
    try:
        claims = state.keys.claims(signature)
    except BadToken as exc:
        raise Refusal(403, "Unauthorized", "AccessDenied", str(exc)) from exc
    return Caller("service_role", str(claims.get("owner", ""))), claims


def _check_version(exchange: Exchange) -> None:
    version = exchange.request.headers.get("tus-resumable")
    if version is None:
        raise fault(412, "Tus-Resumable Required\n")
    if version != "1.0.0":
        raise fault(400, "Invalid tus-resumable\n")


def _is_upsert(exchange: Exchange, claims: dict[str, Any]) -> bool:
    if claims:
        return bool(claims.get("upsert"))
    return exchange.request.headers.get("x-upsert") == "true"


def _create(exchange: Exchange, caller: Caller, claims: dict[str, Any]) -> Answer:
    state, headers = exchange.state, exchange.request.headers
    length = announced_length(headers)
    if "upload-metadata" not in headers:
        raise fault(400, "Metadata header is required")
    metadata = parse_metadata(headers["upload-metadata"])
    bucket, key = metadata.get("bucketName", ""), metadata.get("objectName", "")
    if not is_bucket_name(bucket):
        raise fault(400, "Bucket name invalid")
    check_key(key)
    if claims and claims.get("url") != f"{bucket}/{key}":
        raise Refusal(400, "InvalidSignature", "InvalidSignature", "Invalid signature")
    if bucket not in state.buckets:
        raise no_bucket()
    if length is not None and length > state.size_limit(bucket):
        raise fault(413, "Maximum size exceeded\n")
    upsert = _is_upsert(exchange, claims)
    state.expect_writable(caller, bucket, key, upsert=upsert)
    state.expect_mime(bucket, metadata.get("contentType"))
    if length == 0 and state.backend == "s3":
        raise fault(404, "NotFound")
    return _created(exchange, _new_upload(state, caller, bucket, key, length, metadata))


def _new_upload(
    state: State, caller: Caller, bucket: str, key: str, length: int | None, told: dict[str, str]
) -> Upload:
    cache = told.get("cacheControl", "")
    metadata = told | {
        "cacheControl": f"max-age={cache}" if DIGITS.fullmatch(cache) else "no-cache"
    }
    version = str(uuid.uuid4())
    name = base64.urlsafe_b64encode(f"{bucket}/{key}/{version}".encode()).decode().rstrip("=")
    upload = Upload(
        name,
        bucket,
        key,
        version,
        length,
        metadata,
        caller.user_id,
        state.clock() + state.url_life_seconds,
        state.new_intake(in_parts=True),
    )
    with state.guard:
        state.all_uploads[name] = upload
    return upload


def _created(exchange: Exchange, upload: Upload) -> Answer:
    request, state = exchange.request, exchange.state
    proto = request.headers.get("x-forwarded-proto", "http")
    host = request.headers.get("x-forwarded-host") or request.headers.get("host", "")
    base = _SIGNED if request.seen.path.startswith(_SIGNED) else BASE
    headers = {"location": f"{proto}://{host}{base}/{upload.id}"}
    if request.headers.get("content-type") == _STREAM and request.body.length != 0:
        with upload.turn.held(request, state.lock_wait_seconds):
            _receive(exchange, upload)
            if upload.offset == upload.length:
                _finish(exchange, upload)
        headers["upload-offset"] = str(upload.offset)
    elif upload.length == 0:
        _finish(exchange, upload)
    return Answer(201, headers=headers | _progress(state, upload), chunked=True)


def _progress(state: State, upload: Upload) -> dict[str, str]:
    if upload.is_finished:
        return {"tus-complete": "1"}
    if state.backend == "file":
        return {}
    return {"upload-expires": formatdate(upload.expires_at, usegmt=True)}


def _upload(exchange: Exchange) -> Upload:
    """Find the upload of the request's path, unless it is unknown or too old."""
    state = exchange.state
    name = exchange.request.seen.path.rpartition("/")[2]
    with state.guard:
        upload = state.all_uploads.get(name)
    if upload is None:
        named(name)
        raise fault(404, "The file for this url was not found\n")
    if upload.expires_at <= state.clock():
        raise fault(410, "The file for this url no longer exists\n")
    return upload


def _head(exchange: Exchange, caller: Caller, claims: dict[str, Any]) -> Answer:
    state = exchange.state
    path = exchange.request.seen.path
    with state.guard:
        busy = state.busy_heads.get(path, 0)
        if busy:
            state.busy_heads[path] = busy - 1
            raise fault(503, "acquiring lock timeout")
    upload = _upload(exchange)
    with upload.turn.held(exchange.request, state.lock_wait_seconds):
        upload = _upload(exchange)
        headers = {
            "cache-control": "no-store",
            "upload-offset": str(upload.offset),
            "upload-metadata": format_metadata(upload.metadata),
        }
        if upload.length is None:
            headers["upload-defer-length"] = "1"
        else:
            headers["upload-length"] = str(upload.length)
    return Answer(200, headers=headers)


def _patch(exchange: Exchange, caller: Caller, claims: dict[str, Any]) -> Answer:
    request, state = exchange.request, exchange.state
    bucket, key = named(request.seen.path.rpartition("/")[2])
    told = request.headers.get("upload-offset")
    if told is None:
        raise fault(403, "Upload-Offset header required\n")
    if not DIGITS.fullmatch(told):
        raise fault(400, "Invalid upload-offset\n")
    if "content-type" not in request.headers:
        raise fault(403, "Content-Type header required\n")
    if request.headers["content-type"] != _STREAM:
        raise fault(400, "Invalid content-type\n")
    state.expect_writable(caller, bucket, key, upsert=_is_upsert(exchange, claims))
    upload = _upload(exchange)
    with upload.turn.held(request, state.lock_wait_seconds):
        upload = _upload(exchange)
        if int(told) != upload.offset:
            raise fault(409, "Upload-Offset conflict\n")
        if upload.is_finished:
            raise fault(500, _GONE_TEXT)
        _settle_length(exchange, upload)
        _receive(exchange, upload)
        if upload.offset == upload.length:
            state.expect_writable(caller, bucket, key, upsert=_is_upsert(exchange, claims))
            _finish(exchange, upload)
        headers = {"upload-offset": str(upload.offset)} | _progress(state, upload)
    return Answer(204, headers=headers)


def _settle_length(exchange: Exchange, upload: Upload) -> None:
    told = exchange.request.headers.get("upload-length")
    if told is None or upload.length is not None:
        return
    if not DIGITS.fullmatch(told) or int(told) < upload.offset:
        raise fault(400, "Invalid upload-length\n")
    if int(told) > exchange.state.size_limit(upload.bucket):
        raise fault(413, "Maximum size exceeded\n")
    upload.length = int(told)


def _receive(exchange: Exchange, upload: Upload) -> None:
    """Take the body into the upload; what came before the client vanished stays."""
    body = exchange.request.body
    most = exchange.state.max_size if upload.length is None else upload.length
    if body.length is not None and upload.offset + body.length > most:
        raise fault(413, "upload's size exceeded\n")
    before = upload.intake.mark()
    with upload.turn.receiving():
        try:
            fits = upload.intake.take(body, most)
        finally:
            upload.intake.end_request(final=upload.offset == upload.length)
    if not fits:
        upload.intake.rewind(before)
        raise fault(413, "upload's size exceeded\n")


def _finish(exchange: Exchange, upload: Upload) -> None:
    """Make the object visible; a client that leaves before loses it where Storage does so."""
    state = exchange.state
    try:
        exchange.wait(exchange.assembly, watching=True)
    except Vanished:
        if state.drops_on_disconnect:
            state.drop_upload(upload)
            raise
        _store(state, upload)
        raise
    _store(state, upload)


def _store(state: State, upload: Upload) -> None:
    try:
        metadata = json.loads(upload.metadata.get("metadata") or "{}")
    except ValueError:
        metadata = {}
    state.store(
        upload.bucket,
        upload.key,
        upload.intake,
        owner=upload.owner,
        content_type=upload.metadata.get("contentType"),
        cache_control=upload.metadata["cacheControl"],
        metadata=metadata if isinstance(metadata, dict) else {},
        version=upload.version,
    )
    upload.intake.data = None
    upload.is_finished = True


def _terminate(exchange: Exchange, caller: Caller, claims: dict[str, Any]) -> Answer:
    state, upsert = exchange.state, _is_upsert(exchange, claims)
    bucket, key = named(exchange.request.seen.path.rpartition("/")[2])
    state.expect_writable(caller, bucket, key, upsert=upsert)
    upload = _upload(exchange)
    if upload.is_finished:
        raise fault(400, "Cannot terminate an already completed upload")
    with upload.turn.held(exchange.request, state.lock_wait_seconds), state.guard:
        state.all_uploads.pop(upload.id, None)
    return Answer(204)


_METHODS: Final[dict[str, Callable[[Exchange, Caller, dict[str, Any]], Answer]]] = {
    "POST": _create,
    "HEAD": _head,
    "PATCH": _patch,
    "DELETE": _terminate,
}
