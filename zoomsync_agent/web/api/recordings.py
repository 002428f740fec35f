"""Recordings: lists, one of them, its bytes, its story, and what can be done with it."""

from dataclasses import asdict
from typing import Any, Final

from flask import Response, redirect
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI

from zoomsync_agent.core import rows
from zoomsync_agent.core.activity import Event
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.web.api import asked, told
from zoomsync_agent.web.api.refusals import ALWAYS, WRITE, refusals
from zoomsync_agent.web.desk import Desk
from zoomsync_agent.web.sending import OTHER_TYPE, TYPES, send_recording

_TAG: Final = Tag(name="recordings", description="What is in the archive, or on its way to it.")
_KINDS: Final = sorted({*TYPES.values(), OTHER_TYPE})
_BYTES: Final = {"schema": {"type": "string", "format": "binary"}}
_LENGTH: Final = {"description": "Bytes that follow.", "schema": {"type": "string"}}
_CONTENT: Final[dict[str | int, Any]] = {
    200: {
        "description": "The whole file.",
        "headers": {
            "Accept-Ranges": {
                "description": "`bytes`: parts can be asked for.",
                "required": True,
                "schema": {"type": "string"},
            },
            "Content-Length": _LENGTH,
        },
        "content": dict.fromkeys(_KINDS, _BYTES),
    },
    206: {
        "description": "The part that `Range` asked for.",
        "headers": {
            "Content-Range": {
                "description": "Which part.",
                "required": True,
                "schema": {"type": "string", "pattern": "^bytes [0-9]+-[0-9]+/[0-9]+$"},
            },
            "Content-Length": _LENGTH,
        },
        "content": dict.fromkeys(_KINDS, _BYTES),
    },
    303: {
        "description": "It lies elsewhere; the link opens it for a while.",
        "headers": {
            "Location": {
                "description": "The link.",
                "required": True,
                "schema": {"type": "string", "format": "uri"},
            }
        },
    },
    304: {"description": "It is the one that you have, as `If-None-Match` names it."},
}
_RANGE: Final = {
    "name": "Range",
    "in": "header",
    "required": False,
    "description": "Which part of the file; one at a time.",
    "schema": {"type": "string", "pattern": "^bytes=([0-9]+-[0-9]*|-[0-9]+)$"},
    "example": "bytes=0-1048575",
}


def install(app: OpenAPI, desk: Desk) -> None:
    """Add the routes."""

    @app.get(
        "/recordings",
        tags=[_TAG],
        summary="List recordings",
        description="Pages are found by what their last recording is, not by counting, so that "
        "nothing is left out or told twice while recordings come in.",
        responses={200: told.Recordings, **refusals(*ALWAYS, 422)},
    )
    def list_recordings(query: asked.RecordingsQuery) -> dict[str, Any]:
        page = desk.control.library.listing(query.query())
        return {
            "recordings": [
                {**_columns(one.row), "hit": one.hit, "at": one.at} for one in page.found
            ],
            "next": page.next,
            "total": page.total,
        }

    @app.get(
        "/recordings/<recording_id>",
        tags=[_TAG],
        summary="Get one recording",
        description="With what was said in it, and the other recordings of its meeting.",
        responses={200: told.Recording, **refusals(*ALWAYS, 404, 409, 422)},
    )
    def get_recording(path: asked.RecordingPath, query: asked.RecordingQuery) -> dict[str, Any]:
        control = desk.control
        row = control.recording(path.recording_id)
        why_not = control.library.why_not(row)
        seconds = query.link_seconds
        return {
            **rows.as_dict(row),
            "variants": [_columns(one) for one in control.variants(row)],
            "why_not": None if why_not is None else asdict(why_not),
            "link": None if seconds is None else desk.link(row, seconds),
        }

    @app.get(
        "/recordings/<recording_id>/content",
        tags=[_TAG],
        summary="Get the bytes of a recording",
        description="From the archive if that is a folder, else by a link that ends.",
        responses={**_CONTENT, **refusals(*ALWAYS, 404, 409, 416, 422)},
        openapi_extensions={"parameters": [_RANGE]},
    )
    def get_content(path: asked.RecordingPath) -> Response:
        row = desk.control.recording(path.recording_id)
        found = desk.playable(row)
        if found.path is None:
            return redirect(found.url, code=303)  # type: ignore[return-value]
        return send_recording(found.path, row.file_name)

    @app.get(
        "/recordings/<recording_id>/history",
        tags=[_TAG],
        summary="Get what happened to a recording",
        description="From the moment at which it was found, the oldest first; with the receipts "
        "that say where it is and when that was last proven.",
        responses={200: told.History, **refusals(*ALWAYS, 404, 422)},
    )
    def get_history(path: asked.RecordingPath) -> dict[str, Any]:
        control = desk.control
        row = control.recording(path.recording_id)
        return {"events": [event_of(one) for one in control.library.history(row)]}

    @app.post(
        "/recordings/<recording_id>/retry",
        tags=[_TAG],
        summary="Try a recording again now",
        description="What failed, waits for somebody or for its next try, or was cancelled.",
        responses={200: told.Touched, **refusals(*ALWAYS, *WRITE, 404, 409, 422)},
    )
    def retry_recording(path: asked.RecordingPath) -> dict[str, Any]:
        control = desk.control
        row = control.recording(path.recording_id)
        return {"jobs": control.retry([_name(row)])}

    @app.post(
        "/recordings/<recording_id>/cancel",
        tags=[_TAG],
        summary="Cancel the upload of a recording",
        description="One under way ends at its next durable point; what is safe stays safe.",
        responses={200: told.Touched, **refusals(*ALWAYS, *WRITE, 404, 409, 422)},
    )
    def cancel_recording(path: asked.RecordingPath) -> dict[str, Any]:
        control = desk.control
        row = control.recording(path.recording_id)
        return {"jobs": control.cancel([_name(row)])}

    @app.patch(
        "/recordings/<recording_id>",
        tags=[_TAG],
        summary="Give a meeting another title",
        description="It holds for all recordings of the meeting. Files keep their names.",
        responses={200: told.Row, **refusals(*ALWAYS, *WRITE, 404, 409, 422)},
    )
    def rename_recording(path: asked.RecordingPath, body: asked.Rename) -> dict[str, Any]:
        control = desk.control
        row = control.recording(path.recording_id)
        return _columns(control.library.rename(row, body.meeting_title))


def event_of(event: Event) -> dict[str, Any]:
    """Return an event as it is told."""
    return {**asdict(event), "at": rows.iso(event.at)}


def _columns(row: RecordingRow) -> dict[str, Any]:
    """Return the columns of *row* without what was said, which can be megabytes."""
    columns = rows.as_dict(row)
    del columns["transcription_text"]
    return columns


def _name(row: RecordingRow) -> str:
    """Return what names the jobs of *row*; an id of digits alone could name another one."""
    return row.sha256 or row.recording_id
