"""This computer: whether the agent starts at login, and room for new recordings."""

from collections import Counter
from typing import Any, Final

from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI

from zoomsync_agent.core.freeing import SENTENCES, Plan
from zoomsync_agent.web.api import asked, told
from zoomsync_agent.web.api.refusals import ALWAYS, WRITE, refusals
from zoomsync_agent.web.desk import Desk

_TAG: Final = Tag(name="computer", description="What the agent may do with this computer.")
_LISTED: Final = 1000
"""Whoever has more originals than that wants their number and their bytes."""


def install(app: OpenAPI, desk: Desk) -> None:
    """Add the routes."""

    @app.get(
        "/computer/login",
        tags=[_TAG],
        summary="Ask whether the agent starts at login",
        description="Of this home; another profile has a start of its own.",
        responses={200: told.AtLogin, **refusals(*ALWAYS)},
    )
    def get_at_login() -> dict[str, Any]:
        return {"is_on": desk.is_at_login}

    @app.put(
        "/computer/login",
        tags=[_TAG],
        summary="Start the agent at login, or do not",
        description="The answer tells how it is now. An entry that led nowhere is written anew.",
        responses={200: told.AtLogin, **refusals(*ALWAYS, *WRITE, 409, 422)},
    )
    def set_at_login(body: asked.AtLogin) -> dict[str, Any]:
        desk.set_at_login(wanted=body.is_on)
        return {"is_on": desk.is_at_login}

    @app.get(
        "/computer/space",
        tags=[_TAG],
        summary="See which originals could go to this computer's trash",
        description="Those that are safe in the archive; before one is moved its copy is read "
        "again. Nothing is moved by asking.",
        responses={200: told.Space, **refusals(*ALWAYS, 422)},
    )
    def get_space(query: asked.SpaceQuery) -> dict[str, Any]:
        return _space(desk, query.days, desk.room_plan(query.days))

    @app.post(
        "/computer/space",
        tags=[_TAG],
        summary="Move originals that are safe to this computer's trash",
        description="Begins it; how it goes on is told by asking again. `seen` names the list that "
        "was shown: if it is another one by now nothing is moved, and never anything else.",
        responses={200: told.Space, **refusals(*ALWAYS, *WRITE, 409, 422)},
    )
    def free_space(body: asked.FreeSpace) -> dict[str, Any]:
        return _space(desk, body.days, desk.free_room(body.days, body.seen))


def _space(desk: Desk, days: int, plan: Plan) -> dict[str, Any]:
    freed = desk.freed
    return {
        "days": days,
        "seen": plan.digest,
        "movable": _amount(plan),
        "originals": [
            {"path": one.shown, "meeting_title": one.title, "size": one.size}
            for one in plan.moved[:_LISTED]
        ],
        "kept": _kept(plan),
        "problem": plan.problem,
        "is_freeing": desk.is_freeing,
        "freed": None
        if freed is None
        else {**_amount(freed), "problem": freed.problem, "kept": _kept(freed)},
    }


def _kept(plan: Plan) -> list[dict[str, Any]]:
    counted = Counter(one.why for one in plan.kept)
    return [
        {"why": why, "sentence": SENTENCES[why], "files": count} for why, count in counted.items()
    ]


def _amount(plan: Plan) -> dict[str, int]:
    return {"files": len(plan.moved), "size": plan.size}
