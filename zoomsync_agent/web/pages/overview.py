"""The first page: how it stands, what is being done, and what needs somebody."""

from typing import TYPE_CHECKING, Final

from flask import Flask

from zoomsync_agent.core.snapshot import Snapshot
from zoomsync_agent.web.pages import charts, queue, words
from zoomsync_agent.web.pages.showing import show

if TYPE_CHECKING:
    from zoomsync_agent.web.desk import Desk

_RELOAD_SECONDS: Final = 10
"""Where there are no scripts."""
_DAYS: Final = 30


def register(app: Flask, desk: "Desk") -> None:
    """Add the page."""

    @app.get("/")
    def overview() -> str:
        control = desk.control
        seen = control.snapshot(limit=queue.LIMIT)
        speeds = desk.speeds()
        waiting = queue.groups(seen.waiting)
        needs = queue.needs(seen, waiting)
        return show(
            "overview.html",
            current="overview",
            seen=seen,
            refresh=_RELOAD_SECONDS,
            sentence=words.headline(seen, len(needs)),
            is_set_up=desk.is_set_up and not desk.is_held,
            is_held=desk.is_held,
            is_paused=seen.is_paused,
            is_cut=len(seen.waiting) >= queue.LIMIT,
            needs=needs,
            moving=queue.moving(seen.active, speeds),
            waiting=queue.rest(waiting, needs),
            sentence_of=queue.sentence_of,
            speed=charts.speed(speeds),
            days=charts.days(control.library.days(_DAYS)),
            rate=charts.rate,
            facts=_facts(seen),
        )


def _facts(seen: Snapshot) -> list[tuple[str, str]]:
    """Return where the agent works, and for whom."""
    facts = [("Recordings folder", seen.recordings_path), ("Archive", seen.archive)]
    if seen.account is not None:
        facts.append(("Project account", seen.account.who or seen.account.detail or "Signed out"))
    if seen.zoom_account is not None:
        facts.append(("Zoom’s cloud", seen.zoom_account or "Nobody is signed in"))
    return facts
