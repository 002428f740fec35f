"""Zoom's API, as far as the agent uses it. Thread-safe.

Source: Zoom API reference, Cloud Recording; published answers for what it leaves out.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
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
from zoomsync_agent.zoom.models import CloudMeeting, meeting_of
from zoomsync_agent.zoom.refusals import readable
from zoomsync_agent.zoom.session import ZoomKeeper
from zoomsync_agent.zoom.summaries import MeetingSummary, summary_of

WINDOW_DAYS: Final = 28
"""Zoom silently leaves out what is more than a month before the end of a window: a February."""
_PAGE: Final = 300
_TIMEOUT: Final = httpx.Timeout(60.0, connect=15.0)
_TRIES: Final = 4
_WAITS: Final = (1.0, 2.0, 4.0)
_AT_ONCE: Final = 4
"""So many requests at a time, whoever asks."""
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_NO_SCOPE: Final = "4711"
_DENIED: Final = "200"
_PAGE_EXPIRED: Final = "next page token"
_LONGEST_WAIT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Window:
    """UTC days of which recordings are listed, both included."""

    first: date
    last: date


def windows(since: date, until: date) -> Iterator[Window]:
    """Yield windows that cover all days, the newest first, none longer than Zoom takes."""
    last = until
    while last >= since:
        first = max(since, last - timedelta(days=WINDOW_DAYS - 1))
        yield Window(first, last)
        last = first - timedelta(days=1)


class PageExpired(Exception):
    """The list has to be read again from its beginning."""


class ZoomClient:
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

    @property
    def is_account_wide(self) -> bool:
        """Whether recordings of the whole account may be listed.

        Raises:
            SignInRequired, SecretsUnavailable: nobody is signed in, or that cannot be read.
        """
        return self._keeper.scopes().is_account_wide

    @property
    def email(self) -> str:
        """The address of whoever is signed in; empty where it is not known.

        Raises:
            SignInRequired, SecretsUnavailable: nobody is signed in, or that cannot be read.
        """
        return self._keeper.session().email

    @property
    def user_id(self) -> str:
        """The id of whoever is signed in.

        Raises:
            SignInRequired, SecretsUnavailable: nobody is signed in, or that cannot be read.
        """
        return self._keeper.user_id

    def allows(self, scope: str) -> bool:
        """Return whether *scope* was granted.

        Raises:
            SignInRequired, SecretsUnavailable: nobody is signed in, or that cannot be read.
        """
        return self._keeper.scopes().allow(scope)

    def token(self) -> str:
        """Return a bearer token for downloads.

        Raises:
            AgentError: there is none.
        """
        return self._keeper.token()

    # --- what is there ---------------------------------------------------------------------

    def meetings(self, window: Window, *, account_wide: bool = False) -> list[CloudMeeting]:
        """Return the recordings of meetings that began in *window*, whole and in no known order.

        All pages are read at once: their tokens live for a quarter of an hour.

        Args:
            window: of at most `WINDOW_DAYS`.
            account_wide: those of everybody in the account.

        Raises:
            AgentError: Zoom does not tell; nothing is known then.
        """
        for _ in range(_TRIES):
            try:
                return list(self._all_pages(window, account_wide=account_wide))
            except PageExpired:
                continue
        raise RemoteUnavailable("list cloud recordings: the list ended again and again")

    def _all_pages(self, window: Window, *, account_wide: bool) -> Iterator[CloudMeeting]:
        whose = "accounts/me" if account_wide else "users/me"
        token = ""
        asked: set[str] = set()
        while True:
            params = {
                "from": window.first.isoformat(),
                "to": window.last.isoformat(),
                "page_size": str(_PAGE),
            }
            if token:
                params["next_page_token"] = token
            told = self._get(f"/{whose}/recordings", params, Category.MEDIUM, "list recordings")
            _expect_window(told, window)
            found = told.get("meetings")
            for one in found if isinstance(found, list) else ():
                meeting = meeting_of(one)
                if meeting is not None:
                    yield meeting
            token = str(told.get("next_page_token") or "")
            if not token:
                return
            if token in asked:
                raise RemoteUnavailable("list recordings: Zoom names the same page again and again")
            asked.add(token)

    def meeting(self, uuid: str) -> tuple[CloudMeeting, str] | None:
        """Return one recording as it is now, and a token for its files where Zoom gives one.

        None where there is none, or it lies in the trash.
        """
        told = self._find(
            f"/meetings/{encoded(uuid)}/recordings",
            {"include_fields": "download_access_token", "ttl": "86400"},
            Category.LIGHT,
            "look at a recording",
        )
        meeting = meeting_of(told) if told is not None else None
        if meeting is None:
            return None
        token = (told or {}).get("download_access_token")
        return meeting, token if isinstance(token, str) else ""

    def summary(self, uuid: str) -> MeetingSummary | None:
        """Return what AI Companion wrote about a meeting; None where it wrote nothing (yet).

        Raises:
            AgentError: Zoom does not tell.
        """
        told = self._find(
            f"/meetings/{encoded(uuid)}/meeting_summary", {}, Category.LIGHT, "ask for a summary"
        )
        return summary_of(told) if told is not None else None

    # --- asking ----------------------------------------------------------------------------

    def _find(
        self, path: str, params: Mapping[str, str], category: Category, doing: str
    ) -> dict[str, Any] | None:
        try:
            return self._get(path, params, category, doing)
        except _NotFound:
            return None

    def _get(
        self, path: str, params: Mapping[str, str], category: Category, doing: str
    ) -> dict[str, Any]:
        is_renewed = False
        for attempt in range(_TRIES):
            token = self._keeper.token()
            response = self._once(path, params, category, token, doing)
            told = _told(response)
            if response.status_code == _UNAUTHORIZED and not is_renewed:
                is_renewed = True
                self._keeper.renew(token)
                continue
            again = self._again(response, category, attempt)
            if again is None:
                return _result(response, told, doing)
            self._wait(again)
        raise RemoteUnavailable(f"{doing}: Zoom is not to be had just now")

    def _again(self, response: httpx.Response, category: Category, attempt: int) -> float | None:
        """Return in how many seconds to ask once more; None where the answer stands."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        seconds = self._limits.heard(category, response.status_code, headers)
        if until := self._limits.parked_until:
            raise ZoomParked(_parked(until))
        if response.status_code == _TOO_MANY:
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
    ) -> httpx.Response:
        if until := self._limits.parked_until:
            raise ZoomParked(_parked(until))
        pause = self._limits.wait(category)
        if pause > 0:
            self._wait(pause)
        api = self._keeper.api()
        query = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in params.items())
        # Put together here: what is encoded twice must leave as it is.
        url = f"{api}{path}" + (f"?{query}" if query else "")
        with self._at_once:
            try:
                return self._http(api).get(
                    url,
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


def encoded(uuid: str) -> str:
    """Return a meeting's UUID as it stands in a path.

    Encoded twice: one that begins with a slash, or holds two in a row, is not found otherwise, and
    all others are found either way.
    """
    return quote(quote(uuid, safe=""), safe="")


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
        if told is None and status != 204:  # noqa: PLR2004  No Content
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


def _expect_window(told: Mapping[str, Any], window: Window) -> None:
    """Make sure that Zoom listed what it was asked for, and not silently a part of it.

    Raises:
        RemoteUnavailable: it did not.
    """
    echoed = told.get("from")
    if isinstance(echoed, str) and echoed[:10] > window.first.isoformat():
        raise RemoteUnavailable(
            f"list recordings: Zoom listed from {echoed[:10]} and not from {window.first}"
        )


def _parked(until: float) -> str:
    at = datetime.fromtimestamp(until, UTC)
    return f"the daily limit is used up, by this or another app; it ends at {at:%Y-%m-%d %H:%M} UTC"
