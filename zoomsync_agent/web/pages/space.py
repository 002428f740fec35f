"""Room on this computer: which originals could go to the trash, and why others stay; at login."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from flask import Flask, request

from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.freeing import MANY, MOST_DAYS, SENTENCES, USUAL_DAYS
from zoomsync_agent.web.pages.showing import done, show

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from zoomsync_agent.web.desk import Desk

_SPACE: Final = "/ui/space"
_SHOWN: Final = 200
_DIGITS: Final = 5


def register(app: Flask, desk: "Desk") -> None:
    """Add the page, and the switch for the start at login."""

    @app.get(_SPACE)
    def space() -> "str | tuple[str, int]":
        try:
            return _page(desk, _days(desk, request.args.get("days", "")))
        except NotAllowed as exc:
            return _page(desk, _days(desk, ""), error=_said(exc.detail)), 422

    @app.post(_SPACE)
    def free() -> "str | tuple[str, int] | Response":
        days = _days(desk, request.form.get("days", ""))
        if not request.form.get("agreed"):
            return _page(desk, days, error="Confirm first that they are to be moved."), 422
        try:
            desk.free_room(days, request.form.get("seen", ""))
        except NotAllowed as exc:
            return _page(desk, days, error=_said(exc.detail)), 409
        return done("freeing", to=_SPACE)

    @app.post("/ui/at-login")
    def at_login() -> "Response":
        wanted = request.form.get("wanted") == "yes"
        desk.set_at_login(wanted=wanted)
        return done("at_login" if wanted else "not_at_login", to="/ui/settings")


def _said(detail: str) -> str:
    """Return why something was refused as a sentence."""
    return f"{detail[:1].upper()}{detail[1:].rstrip('.')}."


def _days(desk: "Desk", text: str) -> int:
    """Return how many days ago a recording must have been made, as asked for or as chosen."""
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) <= MOST_DAYS:
        return int(text)
    if text:
        raise NotAllowed(f"the days are a number from 0 to {MOST_DAYS}")
    chosen = desk.settings().free_space_after_days
    return USUAL_DAYS if isinstance(chosen, str) else chosen


def _page(desk: "Desk", days: int, *, error: str = "") -> str:
    plan = desk.room_plan(days)
    single = [one for one in plan.kept if one.why not in MANY]
    counted = Counter(one.why for one in plan.kept if one.why in MANY)
    return show(
        "space.html",
        current="settings",
        live_url="",
        seen=desk.control.snapshot(limit=0),
        plan=plan,
        shown=plan.moved[:_SHOWN],
        kept=single[:_SHOWN],
        more_kept=len(single) - _SHOWN,
        counted=[(count, SENTENCES[why]) for why, count in counted.items()],
        days=days,
        settings=desk.settings(),
        is_freeing=desk.is_freeing,
        freed=desk.freed,
        error=error,
    )
