"""Whether everything is in order: on this computer at once, at the other end when asked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from flask import Flask

from zoomsync_agent.doctor import Finding, Level
from zoomsync_agent.web.pages.showing import show

if TYPE_CHECKING:
    from zoomsync_agent.web.desk import Desk

_ORDER: Final = (Level.PROBLEM, Level.WARNING, Level.OK)


def register(app: Flask, desk: "Desk") -> None:
    """Add the page."""

    @app.get("/ui/health")
    def health() -> str:
        return _page(desk, desk.findings(), ())

    @app.post("/ui/health")
    def look_closer() -> str:
        return _page(desk, desk.findings(), desk.remote_findings(), has_asked=True)


def _page(
    desk: "Desk", here: Sequence[Finding], there: Sequence[Finding], *, has_asked: bool = False
) -> str:
    return show(
        "health.html",
        current="health",
        seen=desk.control.snapshot(limit=0),
        live_url="/ui/health",
        here=_sorted(here),
        there=_sorted(there),
        has_asked=has_asked,
        places=desk.places(),
        verdict=_verdict((*here, *there)),
    )


def _sorted(found: Sequence[Finding]) -> list[Finding]:
    """Return what was found, what is wrong first."""
    return sorted(found, key=lambda one: _ORDER.index(one.level))


def _verdict(found: Sequence[Finding]) -> tuple[Level, str]:
    problems = sum(one.level is Level.PROBLEM for one in found)
    warnings = sum(one.level is Level.WARNING for one in found)
    if problems:
        return Level.PROBLEM, f"{_count(problems, 'problem')} found."
    if warnings:
        return Level.WARNING, f"{_count(warnings, 'thing')} to look at; nothing is broken."
    return Level.OK, "Everything that was looked at is in order."


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
