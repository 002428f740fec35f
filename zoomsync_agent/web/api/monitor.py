"""The agent at work: how it stands, and how it is stopped, started and pointed elsewhere."""

from pathlib import Path
from typing import Any, Final

from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI

from zoomsync_agent.core.errors import FolderInvalid
from zoomsync_agent.web.api import asked, told
from zoomsync_agent.web.api.recordings import event_of
from zoomsync_agent.web.api.refusals import ALWAYS, WRITE, refusals
from zoomsync_agent.web.desk import Desk
from zoomsync_agent.web.pulse import snapshot_of

_TAG: Final = Tag(name="monitor", description="What the agent does, and whether it is to.")


def install(app: OpenAPI, desk: Desk) -> None:
    """Add the routes."""

    @app.get(
        "/monitor/status",
        tags=[_TAG],
        summary="Get what the agent is doing",
        description="The same as tray, page and command line show; /events tells when it changes.",
        responses={200: told.Status, **refusals(*ALWAYS)},
    )
    def get_status() -> dict[str, Any]:
        return snapshot_of(desk)

    @app.post(
        "/monitor/start",
        tags=[_TAG],
        summary="Look for new recordings",
        description="What has appeared meanwhile is found. Nothing happens where it does already.",
        responses={200: told.Status, **refusals(*ALWAYS, *WRITE, 409)},
    )
    def start_monitor() -> dict[str, Any]:
        desk.control.watch(wanted=True)
        return snapshot_of(desk)

    @app.post(
        "/monitor/stop",
        tags=[_TAG],
        summary="Look for no new recordings",
        description="What has been found is still uploaded. It holds over a restart.",
        responses={200: told.Status, **refusals(*ALWAYS, *WRITE, 409)},
    )
    def stop_monitor() -> dict[str, Any]:
        desk.control.watch(wanted=False)
        return snapshot_of(desk)

    @app.post(
        "/monitor/pause",
        tags=[_TAG],
        summary="Move no bytes",
        description="For a while, or until it is ended. Recordings are still found.",
        responses={200: told.Status, **refusals(*ALWAYS, *WRITE, 409, 422)},
    )
    def pause(body: asked.PauseFor) -> dict[str, Any]:
        desk.control.pause(body.seconds)
        return snapshot_of(desk)

    @app.post(
        "/monitor/resume",
        tags=[_TAG],
        summary="End a pause",
        description="Nothing happens where there is none.",
        responses={200: told.Status, **refusals(*ALWAYS, *WRITE, 409)},
    )
    def resume() -> dict[str, Any]:
        desk.control.resume()
        return snapshot_of(desk)

    @app.post(
        "/monitor/snooze",
        tags=[_TAG],
        summary="Let no notice appear on the desktop for a while",
        description="What happens meanwhile is told afterwards; page and tray tell it at once.",
        responses={200: told.Status, **refusals(*ALWAYS, *WRITE, 409, 422)},
    )
    def snooze(body: asked.SnoozeFor) -> dict[str, Any]:
        desk.control.quiet.snooze(body.seconds)
        return snapshot_of(desk)

    @app.put(
        "/monitor/path",
        tags=[_TAG],
        summary="Choose the recordings folder",
        description="It is written into the settings, and the agent takes it up at once.",
        responses={200: told.Watched, **refusals(*ALWAYS, *WRITE, 409, 422)},
    )
    def set_path(body: asked.WatchedPath) -> dict[str, Any]:
        found = _folder(desk, body.path)
        desk.change({"recordings_path": str(found)})
        return {"recordings_path": str(found)}

    @app.get(
        "/activity",
        tags=[_TAG],
        summary="Read the journal",
        description="What happened, the newest first.",
        responses={200: told.Activity, **refusals(*ALWAYS, 422)},
    )
    def list_activity(query: asked.ActivityQuery) -> dict[str, Any]:
        page = desk.control.library.activity(
            before=query.before, happenings=query.happening, text=query.q, limit=query.limit
        )
        return {"events": [event_of(one) for one in page.events], "before": page.before}


def _folder(desk: Desk, text: str) -> Path:
    """Return the folder that *text* names.

    Raises:
        FolderInvalid: it names none.
        NotAllowed: it is none of the user's.
    """
    path = Path(text)
    if not path.is_absolute():
        raise FolderInvalid(f"{text} is no whole path")
    found = desk.expect_allowed(path)
    try:
        is_folder = found.is_dir()
    except (OSError, ValueError):  # too long, say
        is_folder = False
    if not is_folder:
        raise FolderInvalid(f"{text} is no folder that exists")
    return found
