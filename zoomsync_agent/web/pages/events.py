"""News for open pages."""

from flask import Flask, Response, abort

from zoomsync_agent.web.pulse import CONTENT_TYPE, Pulse


def register(app: Flask, pulse: Pulse) -> None:
    """Add the stream."""

    @app.get("/ui/events")
    def events() -> Response:
        stream = pulse.stream()
        if stream is None:
            abort(503, "The agent ends.")
        return Response(stream, content_type=CONTENT_TYPE, headers={"X-Accel-Buffering": "no"})
