"""Pages that say what cannot be done, and why."""

import logging
from typing import Final

from flask import Flask, render_template, request
from werkzeug.exceptions import HTTPException

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.web.errors import status_of
from zoomsync_agent.web.pages.words import for_page

_log = logging.getLogger(__name__)
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_TOO_LARGE: Final = 413
_FAULT: Final = 500
_TITLES: Final = {
    _UNAUTHORIZED: "This page is yours alone",
    403: "This is not allowed from there",
    _NOT_FOUND: "There is no such page",
    _TOO_LARGE: "That is more than this page takes",
    _FAULT: "Something went wrong here",
}
_DETAILS: Final = {
    _NOT_FOUND: "It may have been moved, or the address is incomplete.",
    _TOO_LARGE: "Recordings are handed in on the page of recordings; all else is short.",
    _FAULT: "It is a fault of the agent, and the log tells more. Nothing was lost.",
}


def register(app: Flask) -> None:
    """Show errors as pages."""

    @app.errorhandler(AgentError)
    def explain(error: AgentError) -> tuple[str, int]:
        detail = error.detail if error.detail != error.title else ""
        status = status_of(error)
        if status == _FAULT:
            _log.error("a page failed", exc_info=error)
        return _page(status, error.title, detail, for_page(error.hint)), status

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[str, int]:
        status = error.code or _FAULT
        title = _TITLES.get(status, error.name)
        return _page(status, title, _DETAILS.get(status, error.description or "")), status


def _page(status: int, title: str, detail: str, hint: str = "") -> str:
    return render_template(
        "error.html",
        status=status,
        title=title,
        detail=detail,
        hint=hint,
        is_stranger=status == _UNAUTHORIZED,
        had_key="key" in request.args,
        was_form=request.method == "POST",
    )
