"""The journal: what happened, the newest first."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from flask import Flask, request

from zoomsync_agent.core.activity import Happening
from zoomsync_agent.web.pages.showing import show

if TYPE_CHECKING:
    from zoomsync_agent.web.desk import Desk

_ACTIVITY: Final = "/ui/activity"
_PAGE: Final = 100
_MOST_DIGITS: Final = 18
_LONGEST: Final = 200
_KINDS: Final[dict[str, tuple[str, Collection[Happening]]]] = {
    "": ("Everything", ()),
    "safe": ("Became safe", (Happening.SAFE,)),
    "trouble": ("Trouble", (Happening.BLOCKED, Happening.FAILED, Happening.LOST)),
    "found": ("Found", (Happening.FOUND,)),
    "freed": ("Space freed", (Happening.FREED, Happening.RESTORED)),
    "done": (
        "Done by you",
        (
            Happening.CANCELLED,
            Happening.RETRIED,
            Happening.RENAMED,
            Happening.PAUSED,
            Happening.RESUMED,
            Happening.WATCHING,
            Happening.NOT_WATCHING,
            Happening.SETTINGS,
            Happening.SIGNED_IN,
            Happening.SIGNED_OUT,
        ),
    ),
}
_MARKS: Final = {
    Happening.SAFE: "safe",
    Happening.BLOCKED: "warn",
    Happening.FAILED: "failed",
    Happening.LOST: "lost",
    Happening.CANCELLED: "stopped",
    Happening.PAUSED: "paused",
    Happening.NOT_WATCHING: "stopped",
    Happening.FOUND: "working",
}


def register(app: Flask, desk: "Desk") -> None:
    """Add the page."""

    @app.get(_ACTIVITY)
    def activity() -> str:
        kind = request.args.get("kind", "")
        kind = kind if kind in _KINDS else ""
        text = request.args.get("q", "").strip()[:_LONGEST]
        told = request.args.get("before", "")
        is_number = told.isascii() and told.isdigit() and len(told) <= _MOST_DIGITS
        before = int(told) if is_number else None
        page = desk.control.library.activity(
            before=before, happenings=_KINDS[kind][1], text=text, limit=_PAGE
        )
        kept = {key: value for key, value in (("kind", kind), ("q", text)) if value}
        return show(
            "activity.html",
            current="activity",
            seen=desk.control.snapshot(limit=0),
            events=page.events,
            marks=_MARKS,
            kind=kind,
            text=text,
            kinds=[(key, word) for key, (word, _) in _KINDS.items()],
            older="" if page.before is None else _with(kept | {"before": str(page.before)}),
            newest="" if before is None else _with(kept),
        )


def _with(kept: dict[str, str]) -> str:
    return f"{_ACTIVITY}?{urlencode(kept)}" if kept else _ACTIVITY
