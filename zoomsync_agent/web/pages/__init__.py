"""The pages for people: rendered here, with every action a form; scripts only add comfort."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Flask
from jinja2 import StrictUndefined

from zoomsync_agent.web.guard import Guard
from zoomsync_agent.web.pages import (
    acting,
    activity,
    events,
    health,
    overview,
    recording,
    recordings,
    refusing,
    settings,
    setup,
    showing,
    space,
    uploads,
    words,
    zoom,
)
from zoomsync_agent.web.pulse import Pulse

if TYPE_CHECKING:
    from zoomsync_agent.web.desk import Desk

_HERE: Final = Path(__file__).parents[1]
_OPEN: Final = ("/auth/zoom/callback", "/static/page.css", "/static/icon.svg")
"""What whoever is not let in needs to read why, and where Zoom sends the browser back to."""


def create_pages(desk: "Desk", guard: Guard, pulse: Pulse) -> Flask:
    """Return the pages over *desk*."""
    app = Flask(
        "zoomsync_agent.web",
        template_folder=str(_HERE / "templates"),
        static_folder=str(_HERE / "static"),
        static_url_path="/static",
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    guard.install(app, open_paths=_OPEN, takes_files=(uploads.PATH,))
    words.register(app)
    showing.register(app)
    refusing.register(app)

    @app.teardown_request
    def release(_error: BaseException | None) -> None:
        # Every request has a thread of its own, which ends with it.
        desk.release()

    overview.register(app, desk)
    acting.register(app, desk)
    recordings.register(app, desk)
    recording.register(app, desk)
    uploads.register(app, desk)
    activity.register(app, desk)
    health.register(app, desk)
    events.register(app, pulse)
    setup.register(app, desk)
    settings.register(app, desk)
    space.register(app, desk)
    zoom.register(app, desk)
    return app
