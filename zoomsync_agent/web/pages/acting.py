"""What people do: each is a form, and leads back to a page that says what was done."""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from flask import Flask, render_template, request

from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.desktop.zone import local_zone
from zoomsync_agent.web.pages.showing import done
from zoomsync_agent.zoom.app import CALLBACK

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from zoomsync_agent.web.desk import Desk

_HOUR_SECONDS: Final = 3600.0
_MORNING: Final = time(8)


def register(app: Flask, desk: "Desk") -> None:
    """Add the forms that belong to no page of their own."""
    _register_rests(app, desk)
    _register_files(app, desk)

    @app.post("/ui/zoom/sign-in")
    def sign_in_zoom() -> str:
        # A form that is redirected to another site is stopped by the page's own policy
        # (form-action), so the browser is sent there by a page of its own.
        return render_template(
            "leaving.html", where=desk.begin_zoom(f"{request.host_url.rstrip('/')}{CALLBACK}")
        )


def _register_rests(app: Flask, desk: "Desk") -> None:
    """Add what stops the agent's work, or its notices, and lets them go on."""

    @app.post("/ui/pause")
    def pause() -> "Response":
        desk.control.pause(_pause_seconds(request.form.get("for", "")))
        return done("paused")

    @app.post("/ui/resume")
    def resume() -> "Response":
        desk.control.resume()
        return done("resumed")

    @app.post("/ui/snooze")
    def snooze() -> "Response":
        how_long = request.form.get("for", "")
        seconds = 0.0 if how_long == "now" else _pause_seconds(how_long)
        if seconds is None:
            raise NotAllowed("notices are put off for an hour or until tomorrow")
        desk.control.quiet.snooze(seconds)
        return done("snoozed" if seconds else "noticing", to="/ui/settings")

    @app.post("/ui/monitor/start")
    def start() -> "Response":
        desk.control.watch(wanted=True)
        return done("watching")

    @app.post("/ui/monitor/stop")
    def stop() -> "Response":
        desk.control.watch(wanted=False)
        return done("unwatched")


def _register_files(app: Flask, desk: "Desk") -> None:
    """Add what is done about files."""

    @app.post("/ui/look")
    def look() -> "Response":
        desk.control.look()
        return done("looking")

    @app.post("/ui/retry")
    def retry() -> "Response":
        return done("retried", desk.control.retry(_jobs()))

    @app.post("/ui/cancel")
    def cancel() -> "Response":
        jobs = _jobs()
        if not jobs:
            raise NotAllowed("no file was named")
        return done("cancelled", desk.control.cancel(jobs))


def _jobs() -> list[str]:
    """Return the numbers of the jobs that a form names; none means all.

    Raises:
        NotAllowed: one is no number.
    """
    names = [name for name in request.form.get("jobs", "").split(",") if name]
    if not all(name.isascii() and name.isdigit() for name in names):
        raise NotAllowed("jobs are named by their numbers")
    return names


def _pause_seconds(how_long: str, *, now: datetime | None = None) -> float | None:
    """Return how long a pause lasts; None where it has no end.

    Raises:
        NotAllowed: it is none of the choices.
    """
    match how_long:
        case "hour":
            return _HOUR_SECONDS
        case "tomorrow":
            at = now or datetime.now(local_zone())
            morning = datetime.combine(at.date() + timedelta(days=1), _MORNING, at.tzinfo)
            return morning.timestamp() - at.timestamp()
        case "ever":
            return None
        case _:
            raise NotAllowed("a pause lasts an hour, until tomorrow, or until it is ended")
