"""What goes wrong on purpose with a project, beside what can with any server."""

import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.fakes import http_server
from tests.fakes.http_server import Answer, Request, Work, json_answer
from tests.fakes.supabase_server.intake import Upload
from tests.fakes.supabase_server.state import State


@dataclass(slots=True)
class Exchange(http_server.Exchange):
    """One request and the project it is for.

    `assembly` is how long the finished upload is being put together, in seconds or until set.
    """

    state: State
    assembly: float | threading.Event = 0.0


Action = http_server.Action[Exchange]
Fault = http_server.Fault[Exchange]


def slow_assembly(until: float | threading.Event) -> Action:
    """Let the last PATCH take its time after the last byte; HEADs meanwhile hear 503.

    A client that leaves meanwhile loses its upload, unless `drops_on_disconnect` is off.
    """

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.assembly = until
        return work()

    return act


def expire_token(rest_code: str = "PGRST303") -> Action:
    """Answer as to a token that is too old, which every part of a project does in its own way.

    Args:
        rest_code: what the database's interface says; older ones say `PGRST301`.
    """

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.request.body.discard()
        return expired_answer(exchange.request, rest_code)

    return act


def expired_answer(request: Request, rest_code: str = "PGRST303") -> Answer:
    """Return what the part of the project that *request* is for says of an expired token."""
    text = '"exp" claim timestamp check failed'
    if request.seen.path.startswith("/rest/v1"):
        told = {"code": rest_code, "details": None, "hint": None, "message": "JWT expired"}
        why = 'Bearer error="invalid_token", error_description="JWT expired"'
        return json_answer(told, 401, {"www-authenticate": why})
    if request.seen.path.startswith("/auth/v1"):
        message = "invalid JWT: unable to parse or verify signature, token is expired"
        if "x-supabase-api-version" in request.headers:
            return json_answer({"code": "bad_jwt", "message": message}, 403)
        return json_answer({"code": 403, "error_code": "bad_jwt", "msg": message}, 403)
    if "/upload/resumable" in request.seen.path:
        return json_answer(
            {"statusCode": "403", "code": "AccessDenied", "error": "Unauthorized", "message": text},
            400,
        )
    return json_answer(
        {"statusCode": "403", "error": "Unauthorized", "message": text, "code": "AccessDenied"}, 400
    )


def short_patch(n: int) -> Action:
    """Keep only *n* bytes of the body, say so with a 204, and close the connection."""

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.request.body.stop_at = n
        return work()

    return act


def busy_assembly(n: int) -> Action:
    """Let the next *n* HEADs of an upload hear that it is busy.

    On a HEAD this one is the first of them. On anything else the work is done and the answer lost,
    as when a proxy gives up while an upload is being assembled.
    """

    def act(exchange: Exchange, work: Work) -> Answer | None:
        is_head = exchange.request.method == "HEAD"
        done = None if is_head else work()
        del done
        with exchange.state.guard:
            exchange.state.busy_heads[exchange.request.seen.path] = n
        return work() if is_head else None

    return act


def wrong_location(url: str) -> Action:
    """Let the address of a new upload begin with *url* instead of the project's own."""

    def act(exchange: Exchange, work: Work) -> Answer:
        done = work()
        if "location" in done.headers:
            parts = urlsplit(done.headers["location"])
            done.headers["location"] = url.rstrip("/") + parts.path
        return done

    return act


def drop_finished() -> Action:
    """Do all of it, delete the upload if it is finished now, and close without an answer.

    Storage 1.69.9 and later do that when the client leaves during the assembly.
    """

    def act(exchange: Exchange, work: Work) -> Answer | None:
        work()
        upload = upload_at(exchange.state, exchange.request.seen.path)
        if upload is not None and upload.is_finished:
            exchange.state.drop_upload(upload)
        return None

    return act


def upload_at(state: State, path: str) -> Upload | None:
    """Return the upload whose address has this path."""
    with state.guard:
        return state.all_uploads.get(path.rpartition("/")[2])
