"""The REST API for programs."""

from typing import TYPE_CHECKING, Final

from flask import Flask

from zoomsync_agent.web.api import (
    auth,
    computer,
    docs,
    document,
    jobs,
    monitor,
    operations,
    recordings,
    refusing,
    upload,
)
from zoomsync_agent.web.guard import Guard
from zoomsync_agent.web.pulse import Pulse

if TYPE_CHECKING:
    from zoomsync_agent.web.desk import Desk

_OPEN: Final = (operations.HEALTH,)
_FILES: Final = (upload.PATH,)


def create_api(desk: "Desk", guard: Guard, pulse: Pulse) -> Flask:
    """Return the API over *desk*."""
    app = document.create(guard.cookie)
    guard.install(app, is_api=True, open_paths=_OPEN, takes_files=_FILES)
    refusing.install(app, _FILES)

    @app.teardown_request
    def release(_error: BaseException | None) -> None:
        desk.release()

    auth.install(app, desk)
    upload.install(app, desk)
    recordings.install(app, desk)
    jobs.install(app, desk)
    monitor.install(app, desk)
    computer.install(app, desk)
    operations.install(app, desk, guard, pulse)
    docs.install(app)
    return app
