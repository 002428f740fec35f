"""Errors of every kind, told in one shape."""

import logging
from typing import TYPE_CHECKING, Final, NoReturn

from flask import Flask, Response, abort, jsonify, make_response, request
from pydantic import ValidationError
from werkzeug.exceptions import BadRequest, HTTPException, Unauthorized

from zoomsync_agent.core.errors import AgentError, Unexpected
from zoomsync_agent.web.errors import shape_of, shape_of_refusal, status_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_log = logging.getLogger(__name__)
_MOST_TOLD: Final = 8
_NO_OBJECT: Final = "the body must be a JSON object"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask, files: tuple[str, ...]) -> None:
    """Let *app* tell every error in one shape.

    Args:
        app: the application.
        files: paths under which a body is no JSON.
    """

    @app.before_request
    def look_at_body() -> None:
        if request.routing_exception is None and request.path not in files:
            _expect_object()

    @app.errorhandler(AgentError)
    def explain(error: AgentError) -> Response:
        return _answer(shape_of(error), status_of(error))

    @app.errorhandler(HTTPException)
    def explain_refusal(error: HTTPException) -> Response:
        answer = _answer(shape_of_refusal(error), error.code or 500)
        for name, value in error.get_headers():
            if name not in ("Content-Type", "Content-Length"):
                answer.headers[name] = value  # says what is allowed, or how long the file is
        if isinstance(error, Unauthorized):
            answer.headers["WWW-Authenticate"] = 'Bearer realm="zoomsync"'
        return answer

    @app.errorhandler(Exception)
    def explain_fault(error: Exception) -> Response:
        _log.error("request failed", extra={"path": request.path}, exc_info=error)
        told = shape_of(Unexpected())
        told["error"]["title"] = "The agent met a fault of its own"
        told["error"]["hint"] = "If it repeats, please report it with the log file."
        return _answer(told, 500)


def refusal_of(error: ValidationError) -> Response:
    """Return what says which fields are not as they are described."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    told = list(dict.fromkeys(_sentence(one) for one in found if one["type"] != "none_required"))
    more = [f"and {len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
    return _invalid("; ".join([*told[:_MOST_TOLD], *more]))


def refuse(detail: str) -> NoReturn:
    """End a request whose parameters or body cannot be used."""
    abort(_invalid(detail))


def _expect_object() -> None:
    """Refuse a body that is no JSON object before anybody looks for fields in it."""
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if request.method in _SAFE or not has_body:
        return
    try:
        body = request.get_json()
    except RecursionError:
        abort(400, "This JSON is nested too deep.")
    except BadRequest:
        abort(400, "The body is no JSON.")
    if not isinstance(body, dict):
        refuse(_NO_OBJECT)


def _invalid(detail: str) -> Response:
    told = {
        "code": "invalid",
        "title": "This request is not as it is described",
        "detail": detail,
        "hint": "See /docs.",
    }
    return _answer({"error": told}, 422)


def _sentence(found: "ErrorDetails") -> str:
    # Only the field's own name: which of several kinds was tried is nobody's concern.
    where = next((part for part in map(str, found["loc"]) if part.islower()), "")
    is_no_object = found["type"] in ("model_type", "model_attributes_type", "dict_type")
    said = _NO_OBJECT if is_no_object else found["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def _answer(told: dict[str, dict[str, str]], status: int) -> Response:
    return make_response(jsonify(told), status)
