"""A recording that is handed in over the page."""

import io
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from flask import Flask, request

from zoomsync_agent.desktop.zone import local_zone
from zoomsync_agent.web.multipart import PIECE, Form
from zoomsync_agent.web.pages.showing import done, show
from zoomsync_agent.web.paths import UPLOADS

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from zoomsync_agent.web.desk import Desk

PATH: Final = UPLOADS[1]


def register(app: Flask, desk: "Desk") -> None:
    """Add the page."""

    @app.get(PATH)
    def upload() -> str:
        return show("upload.html", current="recordings", live_url="")

    @app.post(PATH)
    def receive() -> "Response":
        form = Form(request.stream, request.mimetype_params.get("boundary", ""))
        name = form.read_fields()
        desk.receive(
            cast("BinaryIO", io.BufferedReader(form, PIECE)),
            name,
            title=form.fields.get("title", "").strip(),
            started_at=_moment(form.fields.get("started", "")),
        )
        return done("received", to="/ui/recordings")


def _moment(text: str) -> float | None:
    """Return what a field for date and time holds, in epoch seconds."""
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=local_zone()).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
