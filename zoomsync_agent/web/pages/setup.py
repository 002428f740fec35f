"""The setup: folder, archive, Zoom, what is there already, and off it goes. No step needs scripts.

Each step is written down when it is taken, so that whoever leaves in the middle goes on there.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, abort, redirect, request

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.doctor import Level
from zoomsync_agent.supabase.keys import kind_of
from zoomsync_agent.web.pages.settings import plainly
from zoomsync_agent.web.pages.showing import done, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from zoomsync_agent.doctor import Finding
    from zoomsync_agent.web.desk import Desk

STEPS: Final = (
    ("folder", "Recordings"),
    ("archive", "Archive"),
    ("zoom", "Zoom’s cloud"),
    ("backlog", "What is there"),
    ("done", "Begin"),
)
ARCHIVES: Final[Mapping[str, tuple[str, ...]]] = {
    "folder": ("archive_path",),
    "supabase": ("supabase_url", "supabase_key", "supabase_bucket"),
    "s3": ("s3_bucket", "s3_endpoint", "s3_region", "s3_prefix"),
}
"""Which settings make each kind of archive."""
_HOME: Final = "/ui/setup"
_FOUND: Final = 303


def register(app: Flask, desk: "Desk") -> None:
    """Add the steps."""
    _register_first(app, desk)
    _register_archive(app, desk)
    _register_rest(app, desk)


def _register_first(app: Flask, desk: "Desk") -> None:
    @app.get(_HOME)
    def begin() -> str:
        return _folder(desk)

    @app.post(f"{_HOME}/folder")
    def take_folder() -> "str | Response":
        chosen = request.form.get("other", "").strip() or request.form.get("recordings_path", "")
        try:
            desk.change({"recordings_path": str(desk.expect_allowed(Path(chosen)))})
        except AgentError as exc:
            said = plainly(exc.detail, "recordings_path")
            if not Path(chosen).is_absolute():
                said = f"“{chosen}” is not a whole path, such as /home/you/Videos/Zoom."
            return _folder(desk, error=said, other=chosen)
        return redirect(f"{_HOME}/archive", _FOUND)


def _register_archive(app: Flask, desk: "Desk") -> None:
    @app.get(f"{_HOME}/archive")
    def choose_archive() -> str:
        return _step("archive", "setup_archive.html", chosen=desk.settings().destination)

    @app.get(f"{_HOME}/archive/<kind>")
    def describe_archive(kind: str) -> str:
        return _archive(desk, _known(kind))

    @app.post(f"{_HOME}/archive/<kind>")
    def take_archive(kind: str) -> "str | Response":
        names = ARCHIVES[_known(kind)]
        values = {name: request.form.get(name, "").strip() for name in names}
        values["destination"] = kind
        try:
            found = _tried(desk, kind, values)
            is_bad = any(one.level is Level.PROBLEM for one in found)
            if is_bad and "anyway" not in request.form:
                return _archive(desk, kind, values=values, found=found)
            desk.change(values)
            if keys := _keys():
                desk.keep_s3_keys(*keys)
        except AgentError as exc:
            error = exc.detail or exc.title
            return _archive(desk, kind, values=values, error=error)
        return redirect(f"{_HOME}/zoom", _FOUND)


def _tried(desk: "Desk", kind: str, values: Mapping[str, str]) -> "Sequence[Finding]":
    """Sign in, where something was entered for that, and try the archive."""
    form = request.form
    if kind == "supabase" and form.get("password"):
        desk.sign_in_supabase(form.get("email", "").strip(), form["password"], values)
    return desk.try_destination(values, _keys() if kind == "s3" else None)


def _keys() -> tuple[str, str] | None:
    """Return the access keys of a bucket that were entered, if any."""
    access, hidden = (request.form.get(name, "").strip() for name in ("access_key", "secret_key"))
    return (access, hidden) if hidden else None


def _register_rest(app: Flask, desk: "Desk") -> None:
    @app.get(f"{_HOME}/zoom")
    def ask_for_zoom() -> str:
        return _zoom(desk)

    @app.post(f"{_HOME}/zoom")
    def take_app() -> "str | Response":
        client_id = request.form.get("zoom_client_id", "").strip()
        if not client_id and not desk.settings().zoom_client_id:
            return _zoom(desk, error="Enter the app's client ID, or choose “Not now”.")
        try:
            desk.change({"zoom_client_id": client_id})
        except AgentError as exc:
            return _zoom(desk, error=plainly(exc.detail, "zoom_client_id"), client_id=client_id)
        return redirect(f"{_HOME}/zoom", _FOUND)

    @app.get(f"{_HOME}/backlog")
    def ask_for_backlog() -> str:
        return _backlog(desk)

    @app.post(f"{_HOME}/backlog")
    def take_backlog() -> "str | Response":
        days = request.form.get("days", "").strip()
        # Whoever enters a number of days means it.
        chosen = days or request.form.get("backfill", "")
        try:
            desk.change({"backfill": chosen})
        except AgentError:
            return _backlog(desk, error="Enter a number of days, from 1 to 36,500.")
        return redirect(f"{_HOME}/done", _FOUND)

    @app.get(f"{_HOME}/done")
    def sum_up() -> str:
        seen = desk.control.snapshot(limit=0)
        return _step("done", "setup_done.html", seen=seen, settings=desk.settings())

    @app.post(f"{_HOME}/begin")
    def go() -> "Response":
        desk.begin()
        return done("begun", to="/")


def _step(step: str, template: str, **values: Any) -> str:
    at = next(number for number, (name, _) in enumerate(STEPS) if name == step)
    return show(template, current="", live_url="", steps=STEPS, at=at, **values)


def _folder(desk: "Desk", *, error: str = "", other: str = "") -> str:
    folders = desk.recordings_folders()
    return _step("folder", "setup_folder.html", folders=folders, error=error, other=other)


def _archive(
    desk: "Desk",
    kind: str,
    *,
    values: Mapping[str, str] | None = None,
    found: "Sequence[Finding]" = (),
    error: str = "",
) -> str:
    settings = desk.settings()
    now = {name: str(getattr(settings, name) or "") for name in ARCHIVES[kind]}
    return _step(
        "archive",
        f"archive_{kind}.html",
        # Whoever pastes the wrong key must not find it in a page.
        values={**now, **{k: v for k, v in (values or {}).items() if not kind_of(v).is_secret}},
        found=found,
        error=error,
        email=request.form.get("email", ""),
        account=desk.supabase_account() if kind == "supabase" else None,
    )


def _zoom(desk: "Desk", *, error: str = "", client_id: str = "") -> str:
    client_id = client_id or desk.settings().zoom_client_id
    return _step("zoom", "setup_zoom.html", zoom=desk.zoom(), error=error, client_id=client_id)


def _backlog(desk: "Desk", *, error: str = "") -> str:
    chosen = str(desk.settings().backfill)
    return _step(
        "backlog",
        "setup_backlog.html",
        choices=desk.backlog(),
        chosen=chosen,
        error=error,
        has_limit=bool(desk.settings().bandwidth_limit),
        is_local=desk.settings().destination == "folder",
    )


def _known(kind: str) -> str:
    if kind not in ARCHIVES:
        abort(404)
    return kind
