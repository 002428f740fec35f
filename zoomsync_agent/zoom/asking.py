"""One question to Zoom's API and its answer: paced, tried again, understood. Thread-safe.

Source: Zoom API reference, "Errors" and "API rate limits"; published answers for what they leave
out.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from zoomsync_agent.core.errors import (
    AgentError,
    RemoteUnavailable,
    ScopeMissing,
    ZoomDenied,
    ZoomParked,
    ZoomSignInRequired,
)
from zoomsync_agent.http import network_error, new_client
from zoomsync_agent.zoom.limits import Category, RateLimits
from zoomsync_agent.zoom.refusals import readable
from zoomsync_agent.zoom.session import ZoomKeeper

_TIMEOUT: Final = httpx.Timeout(60.0, connect=15.0)
_TRIES: Final = 4
_WAITS: Final = (1.0, 2.0, 4.0)
_AT_ONCE: Final = 20
"""So many requests at a time, whoever asks: those of a sweep, and a few of fetching."""
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_NO_SCOPE: Final = "4711"
_DENIED: Final = "200"
_PAGE_EXPIRED: Final = "next page token"
_LONGEST_WAIT: Final = 60.0


class PageExpired(Exception):
    """The list has to be read again from its beginning."""


class Asker:
    """Asks Zoom as whoever is signed in.

    Args:
        keeper: who that is.
        limits: paces the requests.
        wait: sleeps for so many seconds, instead of a way of waiting that `interrupt` ends.
    """

    def __init__(
        self,
        keeper: ZoomKeeper,
        limits: RateLimits,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._keeper = keeper
        self._limits = limits
        self._interrupted = threading.Event()
        self._wait = wait or self._sleep
        self._at_once = threading.BoundedSemaphore(_AT_ONCE)
        self._guard = threading.Lock()
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Close the connections."""
        with self._guard:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def interrupt(self, *, is_over: bool) -> None:
        """Let nobody wait any more while the agent ends; *is_over* False lets them again."""
        if is_over:
            self._interrupted.set()
        else:
            self._interrupted.clear()

    def _sleep(self, seconds: float) -> None:
        if self._interrupted.wait(seconds):
            raise RemoteUnavailable("the agent ends")

    def find(
        self,
        path: str,
        params: Mapping[str, str],
        category: Category,
        doing: str,
        *,
        method: str = "GET",
        body: Mapping[str, str] | None = None,
    ) -> dict[str, Any] | None:
        """Return what `ask` returns, or None where there is no such thing."""
        try:
            return self._asked(path, params, category, doing, method, body)
        except _NotFound:
            return None

    def ask(
        self,
        path: str,
        params: Mapping[str, str],
        category: Category,
        doing: str,
        *,
        method: str = "GET",
        body: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return what Zoom answers; asked again where that may help.

        Args:
            path: below the version, encoded.
            params: of the query.
            category: how heavy Zoom calls the method.
            doing: what is being done; begins the detail of an error.
            method: of HTTP.
            body: sent as JSON.

        Raises:
            AgentError: Zoom says no, or nothing.
            PageExpired: the token of a page has ended.
        """
        try:
            return self._asked(path, params, category, doing, method, body)
        except _NotFound as exc:
            raise RemoteUnavailable(str(exc)) from exc

    def _asked(
        self,
        path: str,
        params: Mapping[str, str],
        category: Category,
        doing: str,
        method: str,
        body: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        is_renewed = False
        for attempt in range(_TRIES):
            token = self._keeper.token()
            response = self._once(path, params, category, token, doing, method, body)
            told = _told(response)
            if response.status_code == _UNAUTHORIZED and not is_renewed:
                is_renewed = True
                self._keeper.renew(token)
                continue
            again = self._again(response, category, attempt)
            if again is None:
                return _result(response, told, doing)
            if attempt + 1 < _TRIES:
                self._wait(again)
        raise RemoteUnavailable(f"{doing}: Zoom is not to be had just now")

    def _again(self, response: httpx.Response, category: Category, attempt: int) -> float | None:
        """Return in how many seconds to ask once more; None where the answer stands."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        seconds = self._limits.heard(category, response.status_code, headers)
        if response.status_code == _TOO_MANY:
            if until := self._limits.parked_until:
                raise ZoomParked(_parked(until))
            return min(seconds, _LONGEST_WAIT)
        if response.status_code >= _SERVER_FAULT and attempt < len(_WAITS):
            return _WAITS[attempt]
        return None

    def _once(
        self,
        path: str,
        params: Mapping[str, str],
        category: Category,
        token: str,
        doing: str,
        method: str,
        body: Mapping[str, str] | None,
    ) -> httpx.Response:
        if until := self._limits.parked_until:
            raise ZoomParked(_parked(until))
        while pause := self._limits.wait(category):
            self._wait(pause)
        api = self._keeper.api()
        query = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in params.items())
        # Put together here: what is encoded twice must leave as it is.
        url = f"{api}{path}" + (f"?{query}" if query else "")
        with self._at_once:
            try:
                return self._http(api).request(
                    method,
                    url,
                    json=body,
                    headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
                    timeout=_TIMEOUT,
                )
            except httpx.HTTPError as exc:
                host = urlsplit(api).hostname or ""
                raise network_error(exc, host, doing, setting="the network") from exc

    def _http(self, api: str) -> httpx.Client:
        with self._guard:
            if self._client is None:
                self._client = new_client(api)
            return self._client


class _NotFound(Exception):
    """There is no such thing."""


def _told(response: httpx.Response) -> dict[str, Any] | None:
    try:
        told = response.json()
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _result(response: httpx.Response, told: dict[str, Any] | None, doing: str) -> dict[str, Any]:
    """Return what an answer that stands says.

    Raises:
        AgentError, PageExpired, _NotFound: what it says is no.
    """
    status = response.status_code
    code = str((told or {}).get("code", "")) if told is not None else ""
    message = readable(str((told or {}).get("message", "")))
    is_said_no = code == _DENIED and "meetings" not in (told or {})
    if response.is_success and not is_said_no:
        if told is None and response.content:
            raise RemoteUnavailable(f"{doing}: HTTP {status} without JSON")
        return told or {}
    detail = f"{doing}: HTTP {status} {code} {message}".rstrip()
    tracking = response.headers.get("x-zm-trackingid", "")
    if tracking:
        detail += f" ({readable(tracking)})"
    raise _error(status, code, message, detail)


def _error(status: int, code: str, message: str, detail: str) -> AgentError | Exception:
    if status == _UNAUTHORIZED:
        return ZoomSignInRequired(detail)
    if code == _NO_SCOPE or "does not contain scopes" in message:
        return ScopeMissing(detail)
    if _PAGE_EXPIRED in message.lower():
        return PageExpired(detail)
    if status == _NOT_FOUND:
        return _NotFound(detail)
    if status in (400, 403) or code == _DENIED:
        return ZoomDenied(detail)
    return RemoteUnavailable(detail)


def _parked(until: float) -> str:
    at = datetime.fromtimestamp(until, UTC)
    return f"the daily limit is used up, by this or another app; it ends at {at:%Y-%m-%d %H:%M} UTC"
