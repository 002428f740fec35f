"""Signing in to Zoom, for programs that send their user's browser themselves."""

from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlsplit

from flask import request
from flask_openapi3.models.operation import Operation
from flask_openapi3.models.path_item import PathItem
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI

from zoomsync_agent.core.errors import SignInFailed
from zoomsync_agent.oauth.loopback import HOST, Callback
from zoomsync_agent.web.api import asked, told
from zoomsync_agent.web.api.refusals import ALWAYS, WRITE, refusals
from zoomsync_agent.web.desk import Desk
from zoomsync_agent.zoom.app import CALLBACK

_TAG: Final = Tag(name="auth", description="Signing in to Zoom's cloud.")
_PAGE: Final = {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>…"}}


def install(app: OpenAPI, desk: Desk) -> None:
    """Add the routes, and describe the one that the pages answer."""

    @app.post(
        "/auth/zoom/authorize",
        tags=[_TAG],
        summary="Begin a sign-in to Zoom",
        description="Send the user's browser to the address; it comes back to "
        f"{CALLBACK}. A sign-in that was begun before is forgotten.",
        responses={200: told.AuthorizeUrl, **refusals(*ALWAYS, *WRITE, 409, 422)},
    )
    def begin_zoom() -> dict[str, Any]:
        # Not as the Host header says it: Zoom compares it with what the app names.
        here = f"http://{HOST}:{request.environ['SERVER_PORT']}{CALLBACK}"
        return {"authorize_url": desk.begin_zoom(here)}

    @app.post(
        "/auth/zoom/token",
        tags=[_TAG],
        summary="Finish a sign-in to Zoom",
        description="For a browser that could not come back: with `code` and `state`, or with the "
        "whole address of the last page. No token is told; it is kept in the keyring.",
        responses={200: told.Account, **refusals(*ALWAYS, *WRITE, 409, 422)},
    )
    def finish_zoom(body: asked.ZoomToken) -> dict[str, Any]:
        came = body.root
        if isinstance(came, asked.ZoomCode):
            return asdict(desk.finish_zoom(came.code, came.state))
        found = _came_back(came.address)
        if found.error:
            raise SignInFailed(desk.fail_zoom(found.error, found.description, found.state))
        return asdict(desk.finish_zoom(found.code, found.state))

    @app.get(
        "/auth/zoom/status",
        tags=[_TAG],
        summary="Get how it stands with Zoom's cloud",
        description="Who is signed in, and what is missing.",
        responses={200: told.ZoomStatus, **refusals(*ALWAYS)},
    )
    def get_zoom_status() -> dict[str, Any]:
        return asdict(desk.zoom())

    app.paths[CALLBACK] = PathItem(get=_callback())


def _came_back(address: str) -> Callback:
    """Return how the browser came back.

    Raises:
        SignInFailed: the address does not tell.
    """
    try:
        found = Callback.of(urlsplit(address.strip()).query)
    except ValueError:
        found = None
    if found is None:
        raise SignInFailed("There is no code in this address.")
    return found


def _callback() -> Operation:
    parameters = [
        ("code", "Spent for a session."),
        ("state", "With which the sign-in was begun; nothing is looked at without it."),
        ("error", "Why Zoom let nobody in."),
        ("error_description", "The same in words."),
    ]
    return Operation.model_validate(
        {
            "tags": [_TAG.name],
            "operationId": "zoom_came_back",
            "summary": "Where Zoom sends the browser",
            "description": "A page for people. Whoever does not know `state` changes nothing here, "
            "so it needs neither token nor cookie.",
            "security": [{}],
            "parameters": [
                {
                    "name": name,
                    "in": "query",
                    "required": False,
                    "description": said,
                    "schema": {"type": "string"},
                }
                for name, said in parameters
            ],
            "responses": {
                "200": {"description": "It is done.", "content": _PAGE},
                "303": {
                    "description": "It is done; the page without what came is elsewhere.",
                    "headers": {
                        "Location": {"description": "Where.", "schema": {"type": "string"}}
                    },
                },
                **{
                    status: {"description": said, "content": _PAGE}
                    for status, said in (
                        ("400", "This is no answer of Zoom's."),
                        ("409", "Nothing was begun, or Zoom let nobody in; the page says why."),
                        ("422", "There is no app to sign in with."),
                        ("500", "A fault of the agent's own."),
                        ("503", "Zoom does not answer now."),
                    )
                },
            },
        }
    )
