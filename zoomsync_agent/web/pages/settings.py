"""Everything that can be chosen, with help at each field; and the accounts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args, get_origin

from flask import Flask, abort, redirect, request

from zoomsync_agent.core.errors import AgentError, SettingsError
from zoomsync_agent.settings import Settings
from zoomsync_agent.supabase.keys import kind_of
from zoomsync_agent.web.pages.labels import CHOICES, LABELS, RARE
from zoomsync_agent.web.pages.showing import done, show

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from zoomsync_agent.settings import Origin
    from zoomsync_agent.web.desk import Desk

_GROUPS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    (
        "recordings",
        "Recordings",
        ("recordings_path", "backfill", "quiet", "reconcile", "poll", "free_space"),
    ),
    ("archive", "Archive", ("destination", "archive_path", "verify", "bandwidth", "workers")),
    ("supabase", "Supabase", ("supabase", "catalog", "chunk_size")),
    ("s3", "S3", ("s3_",)),
    ("zoom", "Zoom’s cloud", ("zoom_", "spool_")),
    ("quiet", "Power, network and notices", ("pause_on", "meeting", "notify")),
    ("computer", "This computer and its page", ("",)),
)
"""Which settings stand together: those whose names begin so and stand in no group before."""
_FOLDERS: Final = ("recordings_path", "archive_path", "spool_path")
_BACK: Final = {"setup": "/ui/setup", "settings": "/ui/settings"}
_FOUND: Final = 303
_LATER: Final = frozenset({"port", "page_origins", "log_file", "log_level"})
"""What the page and the log take up only when the whole program begins anew."""
_NOT_ALLOWED: Final = re.compile(r'^\S+ is "?(.*?)"?, which is not allowed \(allowed: (.*)\)$')
"""How the settings say it."""
_UNITS: Final = (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10))


@dataclass(frozen=True, slots=True)
class Field:
    """One setting as the page shows it.

    `shown` is what it is now, `value` what somebody has typed instead; `overruled` says where it is
    set instead, if anywhere; `is_rare` is one that hardly anybody needs.
    """

    name: str
    label: str
    value: str
    shown: str
    help: str
    allowed: str
    env: str
    choices: tuple[str, ...] = ()
    overruled: str = ""
    error: str = ""
    is_folder: bool = False
    is_rare: bool = False
    is_default: bool = True

    @property
    def is_noticed(self) -> bool:
        """Whether it must be seen, rare or not."""
        return bool(self.error) or not self.is_default or self.value != self.shown


def register(app: Flask, desk: "Desk") -> None:
    """Add the page, and the one on which a folder is chosen."""
    app.jinja_env.filters.update(choice=lambda word: (word, CHOICES.get(word, word)))
    _register_settings(app, desk)
    _register_accounts(app, desk)
    _register_folders(app, desk)


def _register_settings(app: Flask, desk: "Desk") -> None:
    @app.get("/ui/settings")
    def settings() -> str:
        return _page(desk)

    @app.post("/ui/settings")
    def save() -> "str | tuple[str, int] | Response":
        before = {one.name: _text(one) for one in desk.origins()}
        # What was shown comes along: what somebody else has changed meanwhile is not changed back.
        changed = {
            name: value.strip()
            for name, value in request.form.items()
            if name in before and value.strip() != request.form.get(f"{name}.was", before[name])
        }
        if not changed:
            return done("unchanged", to="/ui/settings")
        try:
            desk.change(changed)
        except SettingsError as exc:
            told = {name: value for name, value in changed.items() if not kind_of(value).is_secret}
            return _page(desk, asked=told, errors=_by_field(exc.detail, changed)), 422
        note = "later" if _LATER.intersection(changed) else "saved"
        return done(note, len(changed), to="/ui/settings")


def _register_accounts(app: Flask, desk: "Desk") -> None:
    @app.post("/ui/supabase/sign-in")
    def sign_in() -> "Response":
        desk.sign_in_supabase(request.form.get("email", ""), request.form.get("password", ""))
        return done("signed_in", to="/ui/settings")

    @app.post("/ui/s3/keys")
    def keep_keys() -> "Response":
        form = request.form
        keys = (form.get("access_key", "").strip(), form.get("secret_key", "").strip())
        told = desk.keep_s3_keys(*keys)
        return done("untried" if told else "kept", to="/ui/settings")

    @app.post("/ui/zoom/sign-out")
    def sign_out() -> "Response":
        desk.sign_out_zoom()
        return done("signed_out", to="/ui/settings")


def _register_folders(app: Flask, desk: "Desk") -> None:
    @app.get("/ui/folders")
    def browse() -> str:
        name, back = _asked(request.args)
        there = request.args.get("path", "")
        try:
            here = desk.expect_allowed(Path(there)) if there else _begin(desk, name)
        except AgentError:
            here = Path.home()
        above, below = desk.subfolders(here)
        return show(
            "folders.html",
            current="settings",
            live_url="",
            name=name,
            label=LABELS[name],
            back=back,
            here=here,
            above=above,
            below=below,
        )

    @app.post("/ui/folders")
    def choose() -> "Response":
        name, back = _asked(request.form)
        chosen = desk.expect_allowed(Path(request.form.get("path", "")))
        inside = request.form.get("inside", "").strip()
        if inside:
            chosen = desk.expect_allowed(chosen / inside)
        desk.change({name: str(chosen)})
        return redirect(_BACK[back], _FOUND)


def _asked(values: Mapping[str, str]) -> tuple[str, str]:
    """Return which setting is to be chosen, and where to go back to."""
    name, back = values.get("for", ""), values.get("back", "settings")
    if name not in _FOLDERS or back not in _BACK:
        abort(404)
    return name, back


def _begin(desk: "Desk", name: str) -> Path:
    """Return where to begin to look: the folder that is set, or the nearest one above it."""
    path = getattr(desk.settings(), name) or Path.home()
    there = next((one for one in (path, *path.parents) if one.is_dir()), Path.home())
    return desk.expect_allowed(there)


def _page(
    desk: "Desk",
    *,
    asked: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    errors = errors or {}
    origins = {one.name: one for one in desk.origins()}
    groups = [
        (key, title, [_field(origins[name], asked or {}, errors) for name in names])
        for key, title, names in _grouped(list(origins))
    ]
    used = _used(desk.settings())
    return show(
        "settings.html",
        current="settings",
        live_url="",
        groups=[
            (key, title, fields, key in used or any(one.error for one in fields))
            for key, title, fields in groups
        ],
        error=errors.get("", ""),
        wrong=[one for _, _, fields in groups for one in fields if one.error],
        seen=desk.control.snapshot(limit=0),
        settings=desk.settings(),
        account=desk.supabase_account(),
        zoom=desk.zoom(),
        at_login=desk.is_at_login,
        snoozed_until=desk.control.quiet.snoozed_until,
        is_held=desk.is_held,
    )


def _used(settings: Settings) -> set[str]:
    """Return the groups that are open at first: those that matter with these settings."""
    return {
        "recordings",
        "archive",
        *(["supabase"] if settings.uses_supabase else []),
        *(["s3"] if settings.destination == "s3" else []),
        *(["zoom"] if settings.zoom_client_id else []),
    }


def _grouped(names: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each group with its settings; every setting stands in exactly one."""
    left = names
    for key, title, beginnings in _GROUPS:
        mine = [name for name in left if name.startswith(beginnings)]
        left = [name for name in left if name not in mine]
        yield key, title, mine


def _field(one: "Origin", asked: Mapping[str, str], errors: Mapping[str, str]) -> Field:
    is_free = one.source in ("default", "command line") or one.source.endswith("config.toml")
    return Field(
        name=one.name,
        label=LABELS[one.name],
        value=asked.get(one.name, _text(one)),
        shown=_text(one),
        help=one.description,
        allowed=one.allowed,
        env=one.env,
        choices=_choices(one.name),
        overruled="" if is_free else one.source,
        error=errors.get(one.name, ""),
        is_folder=one.name in _FOLDERS,
        is_rare=one.name in RARE,
        is_default=one.source == "default",
    )


def _choices(name: str) -> tuple[str, ...]:
    """Return all values that a setting can have; empty where they are not a few words."""
    kind = Settings.model_fields[name].annotation
    return tuple(map(str, get_args(kind))) if get_origin(kind) is Literal else ()


def _text(one: "Origin") -> str:
    """Return a value as it stands in a field, and as the setting takes it."""
    value = one.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and value and "bytes" in one.allowed:
        for unit, size in _UNITS:
            if value % size == 0:
                return f"{value // size}{unit}"
    return "" if value is None else str(value)


def _by_field(detail: str, changed: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong, by setting; under "" what is of several."""
    found: dict[str, str] = {}
    for line in detail.splitlines():
        # Where a setting has an option of the command line, it is named by that.
        bare = line.removeprefix("--")
        name = next((one for one in changed if bare.startswith((f"{one} ", f"{one}:"))), "")
        said = plainly(bare, name) if name else line
        found[name] = f"{found[name]} {said}" if name in found else said
    return found


def plainly(line: str, name: str) -> str:
    """Return what is wrong about a setting, for whoever sees its field."""

    def told(match: re.Match[str]) -> str:
        what = f"“{match[1]}”" if match[1] else "Nothing"
        return f"{what} is not allowed here. Allowed: {match[2]}."

    return _NOT_ALLOWED.sub(told, line.removeprefix(f"{name}:").strip())
