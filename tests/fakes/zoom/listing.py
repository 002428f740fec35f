"""Lists of recordings: windows of UTC days, cut to a month, in pages."""

import calendar
import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any, Final

from tests.fakes.http_server import Answer, json_answer
from tests.fakes.zoom.errors import ApiError, invalid_field, no_permission
from tests.fakes.zoom.recordings import Meeting, RecordingFile, User
from tests.fakes.zoom.showing import shown_meeting
from tests.fakes.zoom.state import State

_USUAL: Final = 30
_MOST: Final = 300
_Found = tuple[Meeting, list[RecordingFile] | None]


def of_user(zoom: State, user: User, query: dict[str, str]) -> Answer:
    """List what a person has recorded.

    Raises:
        ApiError: a parameter is wrong, or the person has no cloud recordings.
    """
    if user.kind < 2 and zoom.basic_list == "refused":
        text = "Only available for Paid account."
        raise no_permission(zoom.no_permission_status, text)
    mine = (one for one in zoom.meetings.values() if one.host is user)
    return _listed(zoom, () if user.kind < 2 else mine, query, user.id, _plain)


def of_account(zoom: State, account_id: str, query: dict[str, str]) -> Answer:
    """List what everybody of an account has recorded.

    Raises:
        ApiError: a parameter is wrong.
    """
    everybody = (one for one in zoom.meetings.values() if one.host.account_id == account_id)
    return _listed(zoom, everybody, query, account_id, _with_host)


def _plain(meeting: Meeting, told: dict[str, Any]) -> dict[str, Any]:
    return told


def _with_host(meeting: Meeting, told: dict[str, Any]) -> dict[str, Any]:
    return told | {"host_email": meeting.host.email}


def _listed(
    zoom: State,
    meetings: Iterable[Meeting],
    query: dict[str, str],
    whose: str,
    finish: Callable[[Meeting, dict[str, Any]], dict[str, Any]],
) -> Answer:
    size = _page_size(query)
    number = query.get("meeting_id")
    asked = [one for one in meetings if number is None or str(one.number) == number]
    echoed: dict[str, str] = {}
    found: list[_Found]
    if query.get("trash") == "true":
        found = _trash(zoom, asked, query.get("trash_type", "meeting_recordings"))
    else:
        first, last = _window(zoom, query)
        echoed = {"from": first.isoformat(), "to": last.isoformat()}
        found = [(one, None) for one in asked if _is_within(zoom, one, first, last)]
    found.sort(key=_scattered if zoom.shuffles else _newest_first)
    question = (whose, number, query.get("trash"), query.get("trash_type"), *echoed.values())
    begin = zoom.pages.begin(question, query.get("next_page_token", ""))
    page, end = found[begin : begin + size], begin + size
    told: dict[str, Any] = {
        **echoed,
        "page_count": -(-len(found) // size),
        "page_size": size,
        "total_records": len(found),
        "next_page_token": zoom.pages.issue(question, end) if end < len(found) else "",
        "meetings": [finish(one, shown_meeting(zoom, one, files)) for one, files in page],
    }
    if zoom.omits_empty_list and not told["meetings"]:
        del told["meetings"]
    return json_answer(told)


def _newest_first(found: _Found) -> Any:
    return -found[0].start, found[0].uuid


def _scattered(found: _Found) -> Any:
    return hashlib.sha256(found[0].uuid.encode()).digest()


def _page_size(query: dict[str, str]) -> int:
    text = query.get("page_size", str(_USUAL))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST):
        raise invalid_field("page_size", f"The value must be between 1 and {_MOST}.")
    return int(text)


def _window(zoom: State, query: dict[str, str]) -> tuple[date, date]:
    """Return the first and the last day; more than a month loses its beginning without a word."""
    today = datetime.fromtimestamp(zoom.clock(), UTC).date()
    last = _day(query, "to") or today
    first = _day(query, "from") or (last if "to" in query else today)
    if first > last:
        raise invalid_field("from", "The from date is later than the to date.")
    return max(first, month_before(last)), last


def _day(query: dict[str, str], name: str) -> date | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as exc:
        raise invalid_field(name, "Invalid date format. Use yyyy-MM-dd.") from exc


def month_before(day: date) -> date:
    """Return the same day of the month before, or that month's last one."""
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _is_within(zoom: State, meeting: Meeting, first: date, last: date) -> bool:
    now = zoom.clock()
    day = datetime.fromtimestamp(meeting.start, UTC).date()
    if not (first <= day <= last and meeting.is_shown(now)):
        return False
    if not zoom.hides_processing or meeting.is_running or meeting.files is None:
        return True
    return any(one.is_complete(now) for one in meeting.shown(now))


def _trash(zoom: State, meetings: list[Meeting], kind: str) -> list[_Found]:
    """Return what is in the trash, which knows no days."""
    now = zoom.clock()
    if kind == "meeting_recordings":
        return [(one, one.went_along(now)) for one in meetings if one.is_trashed(now)]
    if kind == "recording_file":
        return [(one, one.trashed(now)) for one in meetings if _has_trashed(one, now)]
    raise ApiError(400, 300, "Invalid trash_type.")


def _has_trashed(meeting: Meeting, now: float) -> bool:
    return meeting.trashed_at is None and bool(meeting.trashed(now))
