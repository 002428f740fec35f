"""The gateway in front of a project: keys, and which part answers.

Storage lets everybody in and checks tokens itself; the database and Auth want a key of the project.
"""

import http.client
from typing import Final
from urllib.parse import urlsplit

from tests.fakes.http_server.messages import Answer, json_answer
from tests.fakes.http_server.wire import Request
from tests.fakes.supabase_server import auth, objects, s3, tus
from tests.fakes.supabase_server.faults import Exchange

_HOP: Final = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "host", "content-length",
})  # fmt: skip
_OPEN: Final = ("/auth/v1/authorize", "/auth/v1/callback", "/auth/v1/.well-known/jwks.json")


def route(exchange: Exchange, rest_url: str | None) -> Answer:
    """Answer one request.

    Args:
        exchange: the request.
        rest_url: where PostgREST listens, if there is one.

    Raises:
        Vanished: the client went away.
    """
    request = exchange.request
    path = request.seen.path
    if path.startswith("/storage/v1/"):
        if s3.is_s3(path):
            return s3.handle(exchange)
        _swap_opaque(exchange)
        return tus.handle(exchange) if tus.is_tus(path) else objects.handle(exchange)
    if path.startswith(("/auth/v1/", "/rest/v1")):
        refused = None if path in _OPEN else _refusal(exchange)
        if refused is not None:
            return refused
        if path.startswith("/auth/v1/"):
            return auth.handle(exchange)
        return _rest(exchange, rest_url)
    return json_answer({"message": "no Route matched with those values"}, 404)


def _swap_opaque(exchange: Exchange) -> None:
    """Put an internal token in the place of an opaque key, as the gateway does."""
    request, keys = exchange.request, exchange.state.keys
    key = request.headers.get("apikey", "")
    if key in (keys.publishable, keys.secret) and request.bearer in (None, key):
        request.headers["authorization"] = f"Bearer {keys.token_of(key)}"


def _refusal(exchange: Exchange) -> Answer | None:
    request, keys = exchange.request, exchange.state.keys
    key = request.headers.get("apikey") or request.query.get("apikey")
    if not key:
        hint = "No `apikey` request header or url param was found."
        return json_answer({"message": "No API key found in request", "hint": hint}, 401)
    if not keys.is_known(key):
        hint = "Double check your Supabase `anon` or `service_role` API key."
        return json_answer({"message": "Invalid API key", "hint": hint}, 401)
    if request.bearer in (None, key):
        request.headers["authorization"] = f"Bearer {keys.token_of(key)}"
    return None


def _rest(exchange: Exchange, rest_url: str | None) -> Answer:
    request = exchange.request
    if rest_url is None:
        table = request.path.removeprefix("/rest/v1").strip("/")
        message = f"Could not find the table 'public.{table}' in the schema cache"
        told = {"code": "PGRST205", "details": None, "hint": None, "message": message}
        return json_answer(told, 404)
    body = request.body.read()
    try:
        return _forward(request, rest_url, body)
    except (OSError, http.client.HTTPException):
        page = b"<html><head><title>502 Bad Gateway</title></head></html>"
        return Answer(502, page, {"content-type": "text/html"})


def _forward(request: Request, rest_url: str, body: bytes) -> Answer:
    base = urlsplit(rest_url)
    target = base.path.rstrip("/") + (request.seen.path.removeprefix("/rest/v1") or "/")
    if request.raw_query:
        target += f"?{request.raw_query}"
    headers = {name: value for name, value in request.headers.items() if name not in _HOP}
    upstream = http.client.HTTPConnection(base.hostname or "", base.port, timeout=30)
    try:
        upstream.request(request.method, target, body or None, headers)
        response = upstream.getresponse()
        data = response.read()
        told = {
            name.lower(): value for name, value in response.getheaders() if name.lower() not in _HOP
        }
        if request.method == "HEAD" and (length := response.getheader("content-length")):
            told["content-length"] = length
        return Answer(response.status, data, told, response.reason)
    finally:
        upstream.close()
