"""News as an answer: the stream of the pulse."""

from flask import Response, request
from werkzeug.exceptions import ServiceUnavailable

from zoomsync_agent.web.pulse import CONTENT_TYPE, Pulse


def stream_of(pulse: Pulse) -> Response:
    """Return the stream of what people see.

    Raises:
        ServiceUnavailable: the agent ends.
    """
    # Nothing of a stream is read where only its head is asked for, and nobody would close it.
    events = iter(()) if request.method == "HEAD" else pulse.stream()
    if events is None:
        raise ServiceUnavailable("The agent ends.")
    answer = Response(events, content_type=CONTENT_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer
