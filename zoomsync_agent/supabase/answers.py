"""What the project's answers mean, whichever part of it answers.

REST Storage answers nearly every failure with HTTP 400 and tells the true status as a string in
the body; resumable uploads tell the true status, with text; a proxy in between may answer HTML.
"""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from zoomsync_agent import http
from zoomsync_agent.core.errors import (
    AgentError,
    DestinationFull,
    ProjectPaused,
    RemoteUnavailable,
)
from zoomsync_agent.supabase.project import Project

_PAGE: Final = "with a page of HTML"
_SHOWN: Final = 200
_PAYMENT: Final = 402
_PAUSED: Final = 540
_TRY_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525,
                               526, 527, 530, 544})  # fmt: skip
_ANOTHER_NAME: Final = "api.supabase.com"
"""Of the platform itself: where this resolves and a project does not, there is a network."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A failed answer, with the true status wherever it stood."""

    status: int
    code: str
    message: str
    retry_after: float | None = None

    @property
    def is_page(self) -> bool:
        """Whether it is a page of HTML: something in between answers, not the project."""
        return self.message.endswith(_PAGE)

    @property
    def is_expired_token(self) -> bool:
        """Whether only the token is too old; everything else about the request was in order."""
        return '"exp" claim timestamp check failed' in self.message or self.code in (
            "PGRST301",
            "PGRST303",
        )

    @property
    def is_refused_by_policy(self) -> bool:
        """Whether a row-level security policy, or the lack of one, refuses it."""
        return "row-level security" in self.message or self.code == "42501"


def answer_of(response: httpx.Response) -> Answer:
    """Return what a failed *response* says; its body must have been read."""
    status, code = response.status_code, ""
    message = response.text.strip()
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, Mapping):
        status, code, message = _told(body, status, message)
    elif message.startswith("<"):
        message = f"HTTP {status} {_PAGE}"
    return Answer(status, code, message[:_SHOWN], _seconds(response.headers.get("retry-after")))


def _told(body: Mapping[str, Any], status: int, text: str) -> tuple[int, str, str]:
    told = str(body.get("statusCode", ""))
    if told.isascii() and told.isdigit() and len(told) == 3:  # noqa: PLR2004  a status of HTTP
        status = int(told)
    code = body.get("code") or body.get("error_code") or body.get("error") or ""
    message = body.get("message") or body.get("msg") or body.get("error_description") or text
    return status, str(code), str(message)


def _seconds(retry_after: str | None) -> float | None:
    text = (retry_after or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None  # noqa: PLR2004


def general_error(answer: Answer, doing: str) -> AgentError | None:
    """Return the error of an *answer* that any part of the project may give, else None.

    Args:
        answer: what it said.
        doing: what was being done, as in ``upload``; begins the detail.
    """
    detail = f"{doing}: HTTP {answer.status} {answer.message}".rstrip()
    if answer.status == _PAYMENT:
        return DestinationFull(f"{detail} (the project's plan is used up)")
    if answer.status == _PAUSED:
        return ProjectPaused(detail)
    if answer.status in _TRY_LATER:
        return RemoteUnavailable(detail)
    return None


def network_error(exc: httpx.HTTPError, project: Project, doing: str) -> AgentError:
    """Return the error of a request that got no answer."""
    if project.ref and isinstance(exc, httpx.ConnectError) and _is_gone(project.host):
        return ProjectPaused(f"{project.host} is not known, though the network works")
    return http.network_error(exc, project.host, doing, setting="supabase_url")


def _is_gone(host: str) -> bool:
    return not _resolves(host) and _resolves(_ANOTHER_NAME)


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, 443)
    except (OSError, UnicodeError):
        return False
    return True
