"""One file on its way: what became of a recording that was handed in."""

from dataclasses import asdict
from typing import Any, Final

from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI

from zoomsync_agent.web.api import asked, told
from zoomsync_agent.web.api.refusals import ALWAYS, WRITE, refusals
from zoomsync_agent.web.desk import Desk

_TAG: Final = Tag(name="jobs", description="Files on their way to the archive.")


def install(app: OpenAPI, desk: Desk) -> None:
    """Add the routes."""

    @app.get(
        "/jobs/<int:job_id>",
        tags=[_TAG],
        summary="Get how far a file is",
        description="By the number that handing it in told, or that /monitor/status tells.",
        responses={200: told.Job, **refusals(*ALWAYS, 404, 422)},
    )
    def get_job(path: asked.JobPath) -> dict[str, Any]:
        return asdict(desk.control.library.progress(path.job_id))

    @app.post(
        "/jobs/<int:job_id>/retry",
        tags=[_TAG],
        summary="Try it now",
        description="Also after it was cancelled. Nothing happens to one that is done.",
        responses={200: told.Touched, **refusals(*ALWAYS, *WRITE, 404, 409, 422)},
    )
    def retry_job(path: asked.JobPath) -> dict[str, Any]:
        return {"jobs": desk.control.retry([str(path.job_id)])}

    @app.post(
        "/jobs/<int:job_id>/cancel",
        tags=[_TAG],
        summary="Do not upload it after all",
        description="One that runs ends at its next durable point. `409` says that it is done.",
        responses={200: told.Touched, **refusals(*ALWAYS, *WRITE, 404, 409, 422)},
    )
    def cancel_job(path: asked.JobPath) -> dict[str, Any]:
        return {"jobs": desk.control.cancel([str(path.job_id)])}
