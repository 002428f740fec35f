"""Zoom's API, as far as the agent uses it. Thread-safe.

Source: Zoom API reference, Cloud Recording; published answers for what it leaves out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import quote

from zoomsync_agent.core.errors import RemoteUnavailable
from zoomsync_agent.zoom.asking import Asker, PageExpired
from zoomsync_agent.zoom.limits import Category, RateLimits
from zoomsync_agent.zoom.models import CloudMeeting, meeting_of
from zoomsync_agent.zoom.session import ZoomKeeper
from zoomsync_agent.zoom.summaries import MeetingSummary, summary_of

WINDOW_DAYS: Final = 28
"""Zoom silently leaves out what is more than a month before the end of a window: a February."""
_PAGE: Final = 300
_TRIES: Final = 4


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
        self._asker = Asker(keeper, limits, wait)

    def close(self) -> None:
        """Close the connections."""
        self._asker.close()

    def interrupt(self, *, is_over: bool) -> None:
        """Let nobody wait any more while the agent ends; *is_over* False lets them again."""
        self._asker.interrupt(is_over=is_over)

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
            told = self._asker.ask(
                f"/{whose}/recordings", params, Category.MEDIUM, "list recordings"
            )
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
        told = self._asker.find(
            f"/meetings/{encoded(uuid)}/recordings",
            {"include_fields": "download_access_token", "ttl": "86400"},
            Category.LIGHT,
            "look at a recording",
        )
        if told is None:
            return None
        meeting = meeting_of(told)
        if meeting is None:
            raise RemoteUnavailable("look at a recording: the answer names no meeting")
        token = told.get("download_access_token")
        return meeting, token if isinstance(token, str) else ""

    def summary(self, uuid: str) -> MeetingSummary | None:
        """Return what AI Companion wrote about a meeting; None where it wrote nothing (yet).

        Raises:
            AgentError: Zoom does not tell.
        """
        told = self._asker.find(
            f"/meetings/{encoded(uuid)}/meeting_summary", {}, Category.LIGHT, "ask for a summary"
        )
        return summary_of(told) if told is not None else None

    def transcript(self, uuid: str) -> str | None:
        """Return where the transcript of a meeting is that no list shows; None where there is none.

        Raises:
            AgentError: Zoom does not tell.
        """
        told = self._asker.find(
            f"/meetings/{encoded(uuid)}/transcript", {}, Category.MEDIUM, "ask for a transcript"
        )
        url = (told or {}).get("download_url")
        return url if isinstance(url, str) and url and (told or {}).get("can_download") else None

    def trash(self, uuid: str) -> bool:
        """Move a recording to Zoom's trash, whole; return whether there was one.

        Zoom keeps it there for 30 days. Nothing here ever asks Zoom to delete anything.

        Raises:
            AgentError: that could not be done.
        """
        path = f"/meetings/{encoded(uuid)}/recordings"
        told = self._asker.find(
            path, {"action": "trash"}, Category.LIGHT, "move to Zoom's trash", method="DELETE"
        )
        return told is not None

    def recover(self, uuid: str) -> bool:
        """Take a recording back out of Zoom's trash; return whether it was there.

        Raises:
            AgentError: that could not be done.
        """
        path = f"/meetings/{encoded(uuid)}/recordings/status"
        told = self._asker.find(
            path, {}, Category.LIGHT, "take back from Zoom's trash", method="PUT",
            body={"action": "recover"},
        )  # fmt: skip
        return told is not None


def encoded(uuid: str) -> str:
    """Return a meeting's UUID as it stands in a path.

    Encoded twice: one that begins with a slash, or holds two in a row, is not found otherwise, and
    all others are found either way.
    """
    return quote(quote(uuid, safe=""), safe="")


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
