"""The list of recordings: searched, filtered, sorted, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlencode

from flask import Flask, request

from zoomsync_agent.core.listing import Found, Query, Sort
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.desktop.zone import local_zone
from zoomsync_agent.web.pages.showing import show
from zoomsync_agent.web.pages.words import KINDS, SOURCES, STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoomsync_agent.web.desk import Desk

_RECORDINGS: Final = "/ui/recordings"
_PAGE: Final = 50
_LONGEST: Final = 200
"""So many characters of what is searched for count."""
_ANY: Final = ("", "Any")
_SORTS: Final = (
    ("", "Newest first"),
    ("oldest", "Oldest first"),
    ("title", "Title"),
    ("largest", "Largest first"),
    ("updated", "Changed last"),
)
_BEST: Final = ("", "Best hits first")
_NEWEST: Final = ("newest", "Newest first")
_ORDERS: Final[dict[str, tuple[Sort | None, bool]]] = {
    "": (None, False),
    "newest": (Sort.STARTED, False),
    "oldest": (Sort.STARTED, True),
    "title": (Sort.TITLE, True),
    "largest": (Sort.SIZE, False),
    "updated": (Sort.UPDATED, False),
}
_FIELDS: Final = ("q", "status", "source", "kind", "since", "until", "sort")


_E = TypeVar("_E", ProcessingStatus, Kind)


@dataclass(frozen=True, slots=True)
class Group:
    """Recordings of one meeting that follow each other in a list."""

    first: Found
    more: tuple[Found, ...] = ()


def register(app: Flask, desk: "Desk") -> None:
    """Add the page."""

    @app.get(_RECORDINGS)
    def recordings() -> str:
        asked = {name: request.args.get(name, "").strip() for name in _FIELDS}
        query = query_of(asked)
        page = desk.control.library.listing(query)
        kept = {name: value for name, value in asked.items() if value}
        is_filtered = bool(kept.keys() - {"q", "sort"})
        return show(
            "recordings.html",
            current="recordings",
            seen=desk.control.snapshot(limit=0),
            asked=asked,
            is_asked=bool(kept.keys() - {"sort"}),
            is_filtered=is_filtered,
            groups=groups(page.found),
            total=page.total,
            href=href,
            next=_with(kept, cursor=page.next) if page.next else "",
            first=_with(kept) if query.cursor else "",
            choices=_choices(asked),
        )


def query_of(asked: "Mapping[str, str]") -> Query:
    """Return what the form asks for; what no choice of it is counts as not chosen."""
    sort, ascending = _ORDERS.get(asked["sort"], (None, False))
    until = _midnight(asked["until"])
    return Query(
        text=asked["q"][:_LONGEST],
        status=_one_of(ProcessingStatus, asked["status"]),
        source=asked["source"] if asked["source"] in SOURCES else None,
        kind=_one_of(Kind, asked["kind"]),
        since=_epoch(_midnight(asked["since"])),
        until=_epoch(until + timedelta(days=1) if until else None),
        sort=sort,
        ascending=ascending,
        cursor=request.args.get("cursor", ""),
        limit=_PAGE,
    )


def groups(found: Sequence[Found]) -> list[Group]:
    """Return recordings of one meeting that follow each other as one."""
    grouped: list[Group] = []
    for one in found:
        key = one.row.meeting_key
        if grouped and key and grouped[-1].first.row.meeting_key == key:
            grouped[-1] = replace(grouped[-1], more=(*grouped[-1].more, one))
        else:
            grouped.append(Group(one))
    return grouped


def href(one: Found, text: str = "", *, at: float | None = None) -> str:
    """Return the address of a recording, with what was searched for and the second of it."""
    told = {"q": text} if text else {}
    if at is not None:
        told["t"] = f"{at:.0f}"
    anchor = "#player" if at is not None else ""
    return f"{_RECORDINGS}/{one.row.recording_id}{'?' if told else ''}{urlencode(told)}{anchor}"


def _with(kept: "Mapping[str, str]", **more: str) -> str:
    told = {**kept, **more}
    return f"{_RECORDINGS}?{urlencode(told)}" if told else _RECORDINGS


def _choices(asked: "Mapping[str, str]") -> dict[str, Sequence[tuple[Any, str]]]:
    sorts = (_BEST, _NEWEST, *_SORTS[1:]) if asked["q"] else _SORTS
    media = [(kind, word) for kind, word in KINDS.items() if kind.is_media]
    return {
        "status": [_ANY, *STATUSES.items()],
        "source": [_ANY, *SOURCES.items()],
        "kind": [_ANY, *media],
        "sort": sorts,
    }


def _one_of(kinds: type[_E], text: str) -> _E | None:
    return next((kind for kind in kinds if kind == text), None)


def _midnight(text: str) -> datetime | None:
    """Return the beginning of a day in the user's zone; None for what is no day."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=local_zone())
    except ValueError:
        return None


def _epoch(at: datetime | None) -> float | None:
    try:
        return None if at is None else at.timestamp()
    except (OverflowError, ValueError, OSError):
        return None
