"""Recordings that are handed in."""

import io
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any, BinaryIO, Final, cast

from flask import Response, abort, jsonify, make_response, request
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI
from pydantic import ValidationError
from werkzeug.exceptions import ClientDisconnected

from zoomsync_agent.web.api import asked, told
from zoomsync_agent.web.api.refusals import ALWAYS, refusals
from zoomsync_agent.web.api.refusing import refusal_of, refuse
from zoomsync_agent.web.desk import Desk
from zoomsync_agent.web.multipart import PIECE, Form
from zoomsync_agent.web.paths import UPLOADS

PATH: Final = UPLOADS[0]
_TAG: Final = Tag(name="upload", description="Recordings that come from elsewhere.")
_FORM: Final = "multipart/form-data"
_RAW: Final = ("application/octet-stream", "audio/mp4", "video/mp4")
_BINARY: Final = {"type": "string", "format": "binary"}
_SHOWN: Final = "(the bytes of weekly-sync.mp4)"


def install(app: OpenAPI, desk: Desk) -> None:
    """Add the route."""

    @app.post(
        PATH,
        tags=[_TAG],
        summary="Hand in a recording",
        description="As the body itself, or as the last part, `file`, of a form whose other parts "
        "count more than the parameters. It is written to disk while it comes, looked into, and "
        "queued; its job brings it to the archive, and /jobs tells how far it is. `409` says that "
        "it is no whole recording, that "
        "the form has no file at its end, or that there is no room.",
        responses={202: told.Received, **refusals(*ALWAYS, 403, 409, 413, 422)},
        openapi_extensions={"requestBody": _body()},
    )
    def upload_recording(query: asked.UploadQuery) -> Response:
        stream: io.RawIOBase = _Raw(request.stream)
        size = request.content_length
        name = query.file_name
        if request.mimetype == _FORM:
            form = Form(request.stream, request.mimetype_params.get("boundary", ""))
            its_name = form.read_fields()
            query = _with(query, form.fields)
            # How long the file itself is, nobody has said.
            stream, size, name = form, None, query.file_name or its_name
        if not name:
            refuse("file_name: a recording needs a name")
        received = desk.receive(
            cast("BinaryIO", io.BufferedReader(stream, PIECE)),
            name,
            title=query.meeting_title,
            started_at=query.begun,
            size=size,
        )
        return make_response(jsonify(asdict(received)), 202)


class _Raw(io.RawIOBase):
    """A body, with one kind of error for a connection that breaks: `OSError`."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read what comes next; 0 at the end."""
        try:
            data = self._stream.read(len(buffer))
        except ClientDisconnected as exc:
            raise OSError("the connection broke") from exc
        except ValueError as exc:  # pieces that do not add up
            raise OSError("the body is cut into pieces of other lengths than were said") from exc
        buffer[: len(data)] = data
        return len(data)


def _with(query: asked.UploadQuery, fields: Mapping[str, str]) -> asked.UploadQuery:
    """Return *query* with the fields of a form, which count more."""
    given = {name: request.args[name] for name in query.model_fields_set}
    try:
        return asked.UploadQuery.model_validate({**given, **fields})
    except ValidationError as exc:
        abort(refusal_of(exc))


def _body() -> dict[str, Any]:
    """Describe what may be sent."""
    fields = asked.UploadQuery.model_json_schema()["properties"]
    form = {
        "type": "object",
        "properties": {**fields, "file": _BINARY},
        "required": ["file"],
        "additionalProperties": False,
    }
    return {
        "required": True,
        "content": {
            _FORM: {"schema": form, "example": {"meeting_title": "Weekly sync", "file": _SHOWN}},
            **{kind: {"schema": _BINARY, "example": _SHOWN} for kind in _RAW},
        },
    }
