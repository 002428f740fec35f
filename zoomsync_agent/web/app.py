"""The Flask application: collaborators come in as arguments, nothing is global."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from zoomsync_agent import __version__
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.units import readable_size
from zoomsync_agent.web import guard

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from zoomsync_agent.control import Control

_HERE = Path(__file__).parent
_SHOWN = 100


def create_app(control: "Control", token: str) -> Flask:
    """Return the page over *control*, guarded by *token*."""
    app = Flask(
        __name__,
        template_folder=str(_HERE / "templates"),
        static_folder=str(_HERE / "static"),
    )
    app.jinja_env.filters["readable_size"] = readable_size
    app.jinja_env.filters["local_time"] = _local_time
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    guard.install(app, token)

    @app.teardown_request
    def release(_error: BaseException | None) -> None:
        # Every request has a thread of its own, which ends with it.
        control.release()

    @app.get("/")
    def overview() -> str:
        return render_template(
            "overview.html",
            seen=control.snapshot(limit=_SHOWN),
            recordings=control.recordings(limit=_SHOWN),
        )

    @app.post("/pause")
    def pause() -> "Response":
        hours = request.form.get("hours", type=float)
        try:
            control.pause(None if hours is None else hours * 3600)
        except NotAllowed as exc:
            abort(400, exc.detail)
        return redirect(url_for("overview"), code=303)

    @app.post("/resume")
    def resume() -> "Response":
        control.resume()
        return redirect(url_for("overview"), code=303)

    @app.post("/retry")
    def retry() -> "Response":
        control.retry()
        return redirect(url_for("overview"), code=303)

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "ok", "version": __version__}

    @app.errorhandler(HTTPException)
    def explain(error: HTTPException) -> tuple[str, int]:
        return render_template("refused.html", error=error), error.code or 500

    return app


def _local_time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
