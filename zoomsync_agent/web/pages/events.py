"""News for open pages."""

from flask import Flask, Response

from zoomsync_agent.web.pulse import Pulse
from zoomsync_agent.web.streaming import stream_of


def register(app: Flask, pulse: Pulse) -> None:
    """Add the stream."""

    @app.get("/ui/events")
    def events() -> Response:
        return stream_of(pulse)
