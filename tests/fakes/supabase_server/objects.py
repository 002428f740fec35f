"""Storage's REST interface: which handler answers, and how a refusal looks.

Nearly every failure is HTTP 400 with the true status as a string in the body.
"""

import re
from collections.abc import Callable
from typing import Final

from tests.fakes.http_server.messages import Answer, json_answer
from tests.fakes.supabase_server import listing, managing, reading, writing
from tests.fakes.supabase_server.faults import Exchange
from tests.fakes.supabase_server.refusals import Refusal, too_large
from tests.fakes.supabase_server.state import Caller

_BASE: Final = "/storage/v1"

Handler = Callable[[Exchange, Caller, str, str], Answer]

_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", r"/bucket", managing.buckets),
    ("POST", r"/bucket", managing.new_bucket),
    ("GET", r"/bucket/(?P<bucket>[^/]+)", managing.bucket),
    ("POST", r"/object/move", managing.move),
    ("POST", r"/object/copy", managing.copy),
    ("POST", r"/object/list/(?P<bucket>[^/]+)", listing.entries),
    ("POST", r"/object/list-v2/(?P<bucket>[^/]+)", listing.pages),
    ("POST", r"/object/sign/(?P<bucket>[^/]+)", reading.sign_many),
    ("POST", r"/object/sign/(?P<bucket>[^/]+)/(?P<key>.+)", reading.sign),
    ("POST", r"/object/upload/sign/(?P<bucket>[^/]+)/(?P<key>.+)", writing.sign_upload),
    ("GET", r"/object/info/(?:authenticated/)?(?P<bucket>[^/]+)/(?P<key>.+)", reading.info),
    ("GET", r"/object/authenticated/(?P<bucket>[^/]+)/(?P<key>.+)", reading.download),
    ("HEAD", r"/object/authenticated/(?P<bucket>[^/]+)/(?P<key>.+)", reading.head),
    ("POST", r"/object/(?P<bucket>[^/]+)/(?P<key>.+)", writing.create),
    ("PUT", r"/object/(?P<bucket>[^/]+)/(?P<key>.+)", writing.replace),
    ("GET", r"/object/(?P<bucket>[^/]+)/(?P<key>.+)", reading.download),
    ("HEAD", r"/object/(?P<bucket>[^/]+)/(?P<key>.+)", reading.head),
    ("DELETE", r"/object/(?P<bucket>[^/]+)/(?P<key>.+)", managing.delete),
    ("DELETE", r"/object/(?P<bucket>[^/]+)", managing.delete_many),
)

_OPEN_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", r"/status", reading.status),
    ("GET", r"/object/sign/(?P<bucket>[^/]+)/(?P<key>.+)", reading.signed),
    ("HEAD", r"/object/sign/(?P<bucket>[^/]+)/(?P<key>.+)", reading.signed),
    ("PUT", r"/object/upload/sign/(?P<bucket>[^/]+)/(?P<key>.+)", writing.signed_upload),
    ("GET", r"/object/public/(?P<bucket>[^/]+)/(?P<key>.+)", reading.public),
    ("HEAD", r"/object/public/(?P<bucket>[^/]+)/(?P<key>.+)", reading.public),
)


def handle(exchange: Exchange) -> Answer:
    """Answer a request for Storage that is not about resumable uploads.

    Raises:
        Vanished: the client went away; nothing is stored.
    """
    request = exchange.request
    path = request.path.removeprefix(_BASE)
    try:
        found = _find(_OPEN_ROUTES, request.method, path)
        if found is not None:
            return found[0](exchange, Caller("anon"), *found[1])
        found = _find(_ROUTES, request.method, path)
        if found is None:
            message = f"Route {request.method}:{path} not found"
            told = {"message": message, "error": "Not Found", "statusCode": 404}
            return json_answer(told, 404)
        return found[0](exchange, _caller(exchange), *found[1])
    except Refusal as refusal:
        return _refused(request.method, refusal)


def _caller(exchange: Exchange) -> Caller:
    bearer = exchange.request.bearer
    if bearer is None:
        message = "headers must have required property 'authorization'"
        raise Refusal(400, "Error", "InvalidRequest", message)
    return exchange.state.caller(bearer)


def _find(
    routes: tuple[tuple[str, str, Handler], ...], method: str, path: str
) -> tuple[Handler, tuple[str, str]] | None:
    for wanted, pattern, handler in routes:
        match = re.fullmatch(pattern, path, re.DOTALL) if wanted == method else None
        if match is not None:
            named = match.groupdict()
            return handler, (named.get("bucket", ""), named.get("key", ""))
    return None


def _refused(method: str, refusal: Refusal) -> Answer:
    if method == "HEAD":
        return Answer(400)
    told = {
        "statusCode": str(refusal.status),
        "error": refusal.error,
        "message": refusal.message,
        "code": refusal.code,
    }
    answer = json_answer(told, 400)
    answer.early = refusal.code == too_large().code
    return answer
