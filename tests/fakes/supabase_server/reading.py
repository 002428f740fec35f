"""Reading objects back: facts, bytes, signed links."""

import re
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import quote

from tests.fakes.http_server.messages import Answer, json_answer
from tests.fakes.http_server.ranges import span
from tests.fakes.supabase_server.faults import Exchange
from tests.fakes.supabase_server.refusals import Refusal, no_bucket, no_object
from tests.fakes.supabase_server.state import Caller, State, StoredObject, iso
from tests.fakes.supabase_server.tokens import BadToken

_HIDDEN: Final = "Either the object does not exist or you do not have access to it"


def status(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Say that Storage is up."""
    return Answer(200)


def info(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return what is known of an object.

    Raises:
        Refusal: it is missing or hidden.
    """
    stored = exchange.state.visible(caller, bucket, key)
    told = {
        "id": stored.id,
        "name": key,
        "version": stored.version,
        "bucket_id": bucket,
        "size": stored.size,
        "content_type": stored.content_type,
        "cache_control": stored.cache_control,
        "etag": stored.etag,
        "metadata": stored.metadata,
        "last_modified": iso(stored.updated_at),
        "created_at": iso(stored.created_at),
    }
    return json_answer(told, headers=_validators(stored))


def _validators(stored: StoredObject) -> dict[str, str]:
    return {"etag": stored.etag, "last-modified": formatdate(stored.updated_at, usegmt=True)}


def head(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return the headers of an object.

    Raises:
        Refusal: it is missing or hidden.
    """
    stored = exchange.state.visible(caller, bucket, key)
    return Answer(200, headers=headers_of(stored) | {"content-length": str(stored.size)})


def download(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return the bytes of an object, or a range of them.

    Raises:
        Refusal: it is missing or hidden.
    """
    return bytes_of(exchange, exchange.state.visible(caller, bucket, key))


def public(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return the bytes of an object of a public bucket.

    Raises:
        Refusal: the bucket is private or missing, or the object is.
    """
    found = exchange.state.buckets.get(bucket)
    if found is None or not found.public:
        raise no_bucket()
    return bytes_of(exchange, _stored(exchange.state, bucket, key))


def _stored(state: State, bucket: str, key: str) -> StoredObject:
    stored = state.shelf(bucket).get(key)
    if stored is None:
        raise no_object()
    return stored


def headers_of(stored: StoredObject) -> dict[str, str]:
    """Return the headers that say what an object is."""
    return _validators(stored) | {
        "content-type": stored.content_type,
        "cache-control": stored.cache_control,
        "accept-ranges": "bytes",
    }


def bytes_of(
    exchange: Exchange, stored: StoredObject, more: dict[str, str] | None = None
) -> Answer:
    """Answer with bytes; a server that does not keep them says so (a stand-in's own failure).

    Raises:
        Refusal: the object has no such range.
    """
    if stored.data is None:
        raise Refusal(500, "Internal", "InternalError", "bytes are not kept here")
    headers = headers_of(stored) | (more or {})
    wanted = span(exchange.request.headers.get("range"), stored.size)
    if wanted is None:
        return Answer(200, stored.data, headers)
    first, last = wanted
    if first > last:
        message = "The requested range is not satisfiable"
        raise Refusal(416, "InvalidRange", "InvalidRange", message)
    headers["content-range"] = f"bytes {first}-{last}/{stored.size}"
    return Answer(206, stored.data[first : last + 1], headers)


def _link(state: State, bucket: str, key: str, seconds: int) -> str:
    now = int(state.clock())
    claims = {"url": f"{bucket}/{key}", "scope": "download", "iat": now, "exp": now + seconds}
    return f"/object/sign/{bucket}/{quote(key)}?token={state.keys.sign(claims)}"


def sign(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return a link, relative to Storage's base, that works for a while.

    Raises:
        Refusal: the object is missing or hidden, or no time is told.
        Vanished: the client went away.
    """
    seconds = _seconds(exchange.request.json())
    exchange.state.visible(caller, bucket, key)
    return json_answer({"signedURL": _link(exchange.state, bucket, key, seconds)})


def _seconds(body: dict[str, Any]) -> int:
    """A number, also as text: the vendor's own client sends it so."""
    seconds = str(body.get("expiresIn"))
    if not re.fullmatch("[0-9]{1,12}", seconds) or int(seconds) < 1:
        message = "body must have required property 'expiresIn'"
        raise Refusal(400, "Error", "InvalidRequest", message)
    return int(seconds)


def sign_many(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return links for several objects; one that cannot be seen has none.

    Raises:
        Refusal: no time is told.
        Vanished: the client went away.
    """
    state, body = exchange.state, exchange.request.json()
    seconds, told = _seconds(body), []
    for path in map(str, body.get("paths", [])):
        try:
            state.visible(caller, bucket, path)
        except Refusal:
            told.append({"error": _HIDDEN, "path": path, "signedURL": None})
        else:
            link = _link(state, bucket, path, seconds)
            told.append({"error": None, "path": path, "signedURL": link})
    return json_answer(told)


def signed(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return the bytes that a link is for, to whoever has it.

    Raises:
        Refusal: the link has expired, was changed, or is for something else.
    """
    state, query = exchange.state, exchange.request.query
    try:
        claims = state.keys.claims(query.get("token", ""))
    except BadToken as exc:
        raise Refusal(400, "InvalidJWT", "InvalidJWT", str(exc)) from exc
    if claims.get("scope") != "download" or claims.get("url") != f"{bucket}/{key}":
        raise Refusal(400, "InvalidSignature", "InvalidSignature", "Invalid signature")
    more = {"expires": formatdate(float(claims["exp"]), usegmt=True)}
    if "download" in query:
        name = quote(query["download"] or key.rpartition("/")[2])
        more["content-disposition"] = f"attachment; filename={name}; filename*=UTF-8''{name};"
    return bytes_of(exchange, _stored(state, bucket, key), more)
