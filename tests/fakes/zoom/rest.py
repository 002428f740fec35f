"""The REST interface: which call a path is, who asks, how often already."""

from typing import Final

from tests.fakes.http_server import Answer
from tests.fakes.zoom import meetings, scopes, trash
from tests.fakes.zoom.asking import Asked, Handler
from tests.fakes.zoom.errors import ApiError, no_endpoint
from tests.fakes.zoom.faults import Exchange
from tests.fakes.zoom.limits import RateLimited
from tests.fakes.zoom.scopes import Call

PREFIX: Final = "/v2/"

_ROUTES: Final[dict[tuple[str, str], tuple[Call, Handler]]] = {
    ("GET", "users/*"): (scopes.USER, meetings.user),
    ("GET", "users/*/recordings"): (scopes.LIST, meetings.user_recordings),
    ("GET", "accounts/*/recordings"): (scopes.ACCOUNT, meetings.account_recordings),
    ("GET", "meetings/*/recordings"): (scopes.FILES, meetings.recordings),
    ("GET", "meetings/*/transcript"): (scopes.TRANSCRIPT, meetings.transcript),
    ("GET", "meetings/*/meeting_summary"): (scopes.SUMMARY, meetings.summary),
    ("DELETE", "meetings/*/recordings"): (scopes.DELETE, trash.delete_meeting),
    ("DELETE", "meetings/*/recordings/*"): (scopes.DELETE_FILE, trash.delete_file),
    ("PUT", "meetings/*/recordings/status"): (scopes.RECOVER, trash.recover_meeting),
    ("PUT", "meetings/*/recordings/*/status"): (scopes.RECOVER_FILE, trash.recover_file),
}


def handle(exchange: Exchange) -> Answer:
    """Answer a request under /v2.

    Raises:
        Vanished: the client went away.
    """
    zoom, headers = exchange.zoom, dict[str, str]()
    try:
        call, handler, names = _route(exchange)
        body = exchange.request.json()
        with zoom.guard:
            grant = zoom.grant_of(exchange.token or "")
            headers = zoom.limits.take(grant.user.account_id, call.category)
            asked = Asked(exchange, grant, call, names, body)
            asked.expect_let()
            answer = handler(asked)
    except ApiError as error:
        answer = error.answer()
    except RateLimited as limited:
        answer = limited.answer
    answer.headers |= headers
    return answer


def _route(exchange: Exchange) -> tuple[Call, Handler, tuple[str, ...]]:
    """Return what the path as it was sent names: an encoded slash is part of a name.

    Raises:
        ApiError: nothing.
    """
    request = exchange.request
    parts = request.seen.path.removeprefix(PREFIX).split("/")
    for (method, pattern), (call, handler) in _ROUTES.items():
        shape = pattern.split("/")
        if method != request.method or len(shape) != len(parts):
            continue
        pairs = list(zip(shape, parts, strict=True))
        if all(wanted in ("*", part) for wanted, part in pairs):
            return call, handler, tuple(part for wanted, part in pairs if wanted == "*")
    raise no_endpoint()
