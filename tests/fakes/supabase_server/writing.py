"""Standard uploads: one request, one object."""

import base64
import json
import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final

from tests.fakes.http_server.messages import Answer, json_answer
from tests.fakes.supabase_server.faults import Exchange
from tests.fakes.supabase_server.refusals import Refusal, too_large
from tests.fakes.supabase_server.state import Caller
from tests.fakes.supabase_server.tokens import BadToken

_SIGNED_SECONDS: Final = 7_200
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')


def create(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Store an object; replace one only where the header x-upsert says so.

    Raises:
        Refusal: permission, name, bucket, size or type are against it.
        Vanished: the client went away; nothing is stored.
    """
    upsert = exchange.request.headers.get("x-upsert") == "true"
    return _upload(exchange, caller, bucket, key, upsert=upsert)


def replace(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Store an object, whether there is one or not; raises as `create`."""
    return _upload(exchange, caller, bucket, key, upsert=True)


def _upload(exchange: Exchange, caller: Caller, bucket: str, key: str, *, upsert: bool) -> Answer:
    """Permission is asked before the body is read and not again: the later one of two wins."""
    state, request = exchange.state, exchange.request
    state.expect_writable(caller, bucket, key, upsert=upsert)
    limit = state.size_limit(bucket)
    kind = request.headers.get("content-type", "application/octet-stream")
    intake = state.new_intake(in_parts=False)
    if kind.startswith("multipart/form-data"):
        mime, cache, metadata, data = _form(request.body.read(), kind)
        if len(data) > limit:
            raise too_large()
        state.expect_mime(bucket, mime)
        intake.add(memoryview(data))
    else:
        mime, cache = kind, request.headers.get("cache-control", "no-cache")
        metadata = _metadata_of(request.headers.get("x-metadata"))
        if (request.body.length or 0) > limit:
            raise too_large()
        state.expect_mime(bucket, mime)
        if not intake.take(request.body, limit):
            raise too_large()
    stored = state.store(
        bucket, key, intake, owner=caller.user_id, content_type=mime, cache_control=cache,
        metadata=metadata,
    )  # fmt: skip
    return json_answer({"Key": f"{bucket}/{key}", "Id": stored.id})


def _metadata_of(header: str | None) -> dict[str, Any]:
    try:
        value = json.loads(base64.b64decode(header or ""))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _form(body: bytes, kind: str) -> tuple[str, str, dict[str, Any], bytes]:
    """Return type, cache control, metadata and bytes of a form; fields after the file are lost."""
    match = _BOUNDARY.search(kind)
    if match is None:
        raise Refusal(400, "Error", "InvalidRequest", "Multipart: Boundary not found")
    fields: dict[str, str] = {}
    # A delimiter stands at the beginning of a line (RFC 2046, section 5.1.1).
    for part in (b"\r\n" + body).split(f"\r\n--{match[1]}".encode())[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = BytesParser(policy=HTTP).parsebytes(head + b"\r\n\r\n")
        if headers.get_filename() is None:
            name = headers.get_param("name", header="content-disposition")
            fields[str(name)] = data.decode()
            continue
        mime = fields.get("contentType") or headers.get("content-type") or ""
        cache = fields.get("cacheControl", "")
        control = f"max-age={cache}" if cache.isdigit() else "no-cache"
        return str(mime) or "application/octet-stream", control, _json(fields), data
    raise Refusal(400, "Error", "InvalidRequest", "No file found in the form")


def _json(fields: dict[str, str]) -> dict[str, Any]:
    try:
        value = json.loads(fields.get("metadata") or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def sign_upload(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return an address, and a token, with which anybody can upload this one object.

    Raises:
        Refusal: the caller could not.
    """
    state = exchange.state
    upsert = exchange.request.headers.get("x-upsert") == "true"
    state.expect_writable(caller, bucket, key, upsert=upsert)
    now = int(state.clock())
    token = state.keys.sign({
        "url": f"{bucket}/{key}",
        "owner": caller.user_id,
        "upsert": upsert,
        "iat": now,
        "exp": now + _SIGNED_SECONDS,
    })  # fmt: skip
    url = f"/object/upload/sign/{bucket}/{key}?token={token}"
    return json_answer({"url": url, "token": token})


def signed_upload(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Store an object for whom the token was signed.

    Raises:
        Refusal: the token is not for this, or something else is against it.
        Vanished: the client went away; nothing is stored.
    """
    state = exchange.state
    try:
        claims = state.keys.claims(exchange.request.query.get("token", ""))
    except BadToken as exc:
        raise Refusal(400, "InvalidJWT", "InvalidJWT", str(exc)) from exc
    if claims.get("url") != f"{bucket}/{key}" or "upsert" not in claims:
        raise Refusal(400, "InvalidSignature", "InvalidSignature", "Invalid signature")
    owner = Caller("service_role", str(claims.get("owner", "")))
    return _upload(exchange, owner, bucket, key, upsert=bool(claims["upsert"]))
