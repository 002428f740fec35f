"""Which errors an operation may answer, for the document of the API."""

from typing import Any, Final

_TEXTS: Final[dict[int, tuple[str, str, str, str, str]]] = {
    400: (
        "The request cannot be read, or was not sent to 127.0.0.1 or localhost.",
        "bad_request",
        "Bad Request",
        "The browser (or proxy) sent a request that this server could not understand.",
        "",
    ),
    401: (
        "Neither the token nor the cookie came with it.",
        "unauthorized",
        "Unauthorized",
        "The server could not verify that you are authorized to access the URL requested.",
        "",
    ),
    403: (
        "A write with the cookie that comes from another site.",
        "forbidden",
        "Forbidden",
        "This comes from another site.",
        "",
    ),
    404: (
        "No recording has this id, or several begin with it.",
        "not_found",
        "There is no such recording",
        "no recording has an id that begins with “5b1c”",
        "",
    ),
    409: (
        "It cannot be done as things are now; the answer says why and what helps.",
        "not_allowed",
        "This cannot be done now",
        "video1399019170.mp4 is failed: there is nothing to open",
        "",
    ),
    413: (
        "The body is larger than any that is described.",
        "request_entity_too_large",
        "Request Entity Too Large",
        "The data value transmitted exceeds the capacity limit.",
        "",
    ),
    415: (
        "The body is not JSON.",
        "unsupported_media_type",
        "Unsupported Media Type",
        "Send JSON, with Content-Type: application/json.",
        "",
    ),
    416: (
        "The file does not reach so far.",
        "requested_range_not_satisfiable",
        "Requested Range Not Satisfiable",
        "The server cannot provide the requested range.",
        "",
    ),
    422: (
        "A parameter or a field is not as it is described; the detail names it.",
        "invalid",
        "This request is not as it is described",
        "limit: Input should be less than or equal to 200",
        "See /docs.",
    ),
    500: (
        "A fault of the agent's own; its log tells more.",
        "unexpected",
        "The agent met a fault of its own",
        "",
        "If it repeats, please report it with the log file.",
    ),
    503: (
        "Not now, but later by itself: somebody does not answer, or the agent begins anew.",
        "remote_unavailable",
        "The server does not answer properly at the moment",
        "",
        "It is tried again by itself.",
    ),
}
_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {
        "WWW-Authenticate": {
            "description": "How to be let in.",
            "required": True,
            "schema": {"type": "string"},
        }
    },
    416: {
        "Content-Range": {
            "description": "How long the file is.",
            "required": True,
            "schema": {"type": "string", "pattern": r"^bytes \*/[0-9]+$"},
        }
    },
}
ALWAYS: Final = (400, 401, 500, 503)
WRITE: Final = (403, 413, 415)


def refusals(*statuses: int) -> dict[str | int, Any]:
    """Return how the document describes these errors."""
    return {status: _refusal(status) for status in statuses}


def _refusal(status: int) -> dict[str, Any]:
    description, code, title, detail, hint = _TEXTS[status]
    told: dict[str, Any] = {
        "description": description,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Refusal"},
                "example": {
                    "error": {"code": code, "title": title, "detail": detail, "hint": hint}
                },
            }
        },
    }
    if status in _HEADERS:
        told["headers"] = _HEADERS[status]
    return told
