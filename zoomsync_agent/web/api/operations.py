"""For who runs the agent: does it live, what are its figures, what changes."""

from typing import Any, Final

from flask import Response, request
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI

from zoomsync_agent import __version__
from zoomsync_agent.web.api import metrics, told
from zoomsync_agent.web.api.refusals import ALWAYS, refusals
from zoomsync_agent.web.desk import Desk
from zoomsync_agent.web.guard import Guard
from zoomsync_agent.web.pulse import CONTENT_TYPE, MOST_STREAMS, Pulse, snapshot_of
from zoomsync_agent.web.streaming import stream_of

HEALTH: Final = "/health"
_TAG: Final = Tag(name="operations", description="For who runs the agent.")
_METRICS: Final[dict[str | int, Any]] = {
    200: {
        "description": "Figures in the text format of Prometheus.",
        "content": {
            "text/plain": {
                "schema": {"type": "string"},
                "example": "# HELP zoomsync_safe_files Files in the archive.\n"
                "# TYPE zoomsync_safe_files gauge\nzoomsync_safe_files 128\n",
            }
        },
    }
}
_EVENTS: Final[dict[str | int, Any]] = {
    200: {
        "description": "Events without an end: `snapshot` with what /monitor/status tells, at once "
        "and whenever it has changed.",
        "content": {
            CONTENT_TYPE: {
                "schema": {
                    "type": "object",
                    "description": "Each event, by its fields.",
                    "properties": {
                        "id": {"type": "string", "description": "Counts up."},
                        "event": {"type": "string", "enum": ["snapshot"]},
                        "data": {
                            "type": "string",
                            "description": "JSON, with what /monitor/status tells.",
                        },
                    },
                    "required": ["id", "event", "data"],
                },
                "example": {"id": "1", "event": "snapshot", "data": '{"state": "idle"}'},
            }
        },
    }
}


def install(app: OpenAPI, desk: Desk, guard: Guard, pulse: Pulse) -> None:
    """Add the routes."""

    @app.get(
        HEALTH,
        tags=[_TAG],
        summary="Ask whether the agent lives",
        description="Needs no token. With one, or with the cookie, it also tells what was found on "
        "this computer.",
        security=[{}, {"token": []}, {"cookie": []}],
        responses={200: told.Health, **refusals(400, 500, 503)},
    )
    def get_health() -> dict[str, Any]:
        lives: dict[str, Any] = {"status": "ok", "version": __version__}
        if not guard.knows(request):
            return lives
        seen = desk.control.snapshot(limit=0)
        found = [finding.as_dict() for finding in desk.findings()]
        details = {"state": seen.state, "sentence": seen.sentence, "findings": found}
        return {**lives, "details": details}

    @app.get(
        "/metrics",
        tags=[_TAG],
        summary="Get figures for a monitor",
        description="Prometheus, text format 0.0.4. Give the monitor the token as a bearer token.",
        responses={**_METRICS, **refusals(*ALWAYS)},
    )
    def get_metrics() -> Response:
        text = metrics.exposition(snapshot_of(desk, limit=0), is_paused=desk.control.is_paused)
        return Response(text, content_type=metrics.CONTENT_TYPE)

    @app.get(
        "/events",
        tags=[_TAG],
        summary="Be told of changes",
        description=f"Server-sent events, for {MOST_STREAMS} listeners at a time. One more takes "
        "the place of the one that has listened longest, which gets an event `full` and ends.",
        responses={**_EVENTS, **refusals(*ALWAYS)},
    )
    def get_events() -> Response:
        return stream_of(pulse)
