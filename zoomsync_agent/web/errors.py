"""Errors of the agent on the web: a status, and one shape for all of them."""

from typing import Any, Final

from werkzeug.exceptions import HTTPException

from zoomsync_agent.core.errors import (
    ActionNeeded,
    AgentError,
    AlreadyRunning,
    FolderInvalid,
    NotAllowed,
    NotFound,
    PermanentError,
    SettingsError,
    SignInRequired,
    StoreDamaged,
    TransientError,
    UsageError,
)

_STATUSES: Final[tuple[tuple[type[AgentError], int], ...]] = (
    (NotFound, 404),
    (SettingsError, 422),
    (FolderInvalid, 422),
    (NotAllowed, 409),
    (AlreadyRunning, 409),
    (StoreDamaged, 503),
    (UsageError, 422),
    (SignInRequired, 409),
    (ActionNeeded, 409),
    (PermanentError, 409),
    (TransientError, 503),
)
"""The first that fits. None of them is 401 or 403: those are about who asks, not about accounts of
the agent's."""


_DETAILS: Final = {401: "Nobody is let in without the token or the cookie."}
_HINTS: Final = {
    400: "See /docs.",
    401: "Send “Authorization: Bearer …”; zoomsync open --token prints the token.",
}


def status_of(error: AgentError) -> int:
    """Return the status that says *error*."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def shape_of(error: AgentError) -> dict[str, Any]:
    """Return *error* as every interface tells it; see `cli.output.fail`."""
    return {
        "error": {
            "code": error.code,
            "title": error.title,
            "detail": error.detail,
            "hint": error.hint,
        }
    }


def shape_of_refusal(error: HTTPException) -> dict[str, Any]:
    """Return a refusal of the web's own in the same shape."""
    return {
        "error": {
            "code": error.name.lower().replace(" ", "_"),
            "title": error.name,
            "detail": _DETAILS.get(error.code or 0, error.description or ""),
            "hint": _HINTS.get(error.code or 0, ""),
        }
    }
