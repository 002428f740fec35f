"""How a page is shown: whole, or the parts that change; and what is said after something was done.

What is said comes from a table: no text of an address is ever shown.
"""

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from flask import Flask, redirect, render_template, request

from zoomsync_agent import __version__
from zoomsync_agent.core.snapshot import Snapshot

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

FRAGMENT: Final = "X-Fragment"
"""The header by which a script of ours asks for nothing but what changes."""
NAVIGATION: Final = (
    ("overview", "/", "Overview"),
    ("recordings", "/ui/recordings", "Recordings"),
    ("activity", "/ui/activity", "Activity"),
    ("health", "/ui/health", "Health"),
    ("settings", "/ui/settings", "Settings"),
)
_NOTE: Final = "note"
_COUNT: Final = "n"
_MOST: Final = 9
_BACK: Final = re.compile(r"/|/ui/[A-Za-z0-9/_-]{0,200}")
NOTES: Final[dict[str, tuple[str, str]]] = {
    "at_login": ("The agent starts when you log in.",) * 2,
    "begun": ("Everything is set up. The agent begins.",) * 2,
    "cancelled": ("1 file is not uploaded.", "{n} files are not uploaded."),
    "freeing": ("Originals are being moved to the trash, each when it has been read.",) * 2,
    "kept": ("The access keys are kept in the keyring.",) * 2,
    "later": (
        "1 setting is saved. It is taken up when the agent is started the next time.",
        "{n} settings are saved. Some are taken up when the agent is started the next time.",
    ),
    "looking": ("The recordings folder is being looked through.",) * 2,
    "not_at_login": ("The agent does not start when you log in.",) * 2,
    "noticing": ("Notices appear on the desktop again.",) * 2,
    "opened": ("The folder is open in your file manager.",) * 2,
    "paused": ("Paused. No new byte moves until you resume, or the pause ends.",) * 2,
    "received": ("The recording is here and waits for its upload.",) * 2,
    "renamed": ("The meeting has its new title.",) * 2,
    "resumed": ("Uploads go on.",) * 2,
    "retried": ("1 file is tried again.", "{n} files are tried again."),
    "saved": ("1 setting is saved and taken up.", "{n} settings are saved and taken up."),
    "signed_in": ("You are signed in.",) * 2,
    "signed_out": ("You are signed out.",) * 2,
    "snoozed": ("No notice appears for a while; what happens is told afterwards.",) * 2,
    "untried": ("The access keys are kept, but could not be tried; Health tells more.",) * 2,
    "unchanged": ("Nothing was changed.",) * 2,
    "watching": ("New recordings are taken up as they appear.",) * 2,
    "unwatched": ("New recordings are left where they are until you start monitoring again.",) * 2,
}
"""What can be said after something was done: about one, and about any other number."""


def register(app: Flask) -> None:
    """Let every template know the frame's own values."""

    @app.context_processor
    def frame() -> dict[str, Any]:
        return {
            "layout": "fragment.html" if is_fragment() else "base.html",
            "navigation": NAVIGATION,
            "version": __version__,
            "current": "",
            "note": "",
            "seen": None,
            "live_url": "",
            "refresh": 0,
            "is_stranger": False,
        }


def is_fragment() -> bool:
    """Return whether only what changes is asked for."""
    return request.headers.get(FRAGMENT) == "live"


def show(
    template: str,
    *,
    current: str,
    seen: Snapshot | None = None,
    live_url: str | None = None,
    refresh: int = 0,
    **values: Any,
) -> str:
    """Return a page.

    Args:
        template: its file.
        current: its place in the navigation.
        seen: the snapshot, whose state the title tells.
        live_url: where the page's present state is asked for while it is open; the page's own
            address where None, never where empty.
        refresh: after so many seconds the page is loaded anew where there are no scripts; 0: not.
        values: what the template shows.
    """
    if live_url is None:
        kept = [(k, v) for k, v in request.args.items(multi=True) if k not in (_NOTE, _COUNT)]
        live_url = request.path + (f"?{urlencode(kept)}" if kept else "")
    return render_template(
        template,
        current=current,
        seen=seen,
        note=_note(),
        live_url=live_url,
        refresh=refresh,
        **values,
    )


def done(note: str, count: int | None = None, *, to: str = "") -> "Response":
    """Return the answer to a form: back to a page, which says what was done.

    Args:
        note: what, as `NOTES` says it.
        count: how many; where None, nothing is counted.
        to: the page; where empty, the one that the form names as `back`.
    """
    told = {_NOTE: note} | ({} if count is None else {_COUNT: str(count)})
    return redirect(f"{to or back()}?{urlencode(told)}", code=303)


def back() -> str:
    """Return the page of ours that a form was sent from, as far as it says so."""
    named = request.form.get("back", "")
    return named if _BACK.fullmatch(named) else "/"


def _note() -> str:
    one, many = NOTES.get(request.args.get(_NOTE, ""), ("", ""))
    told = request.args.get(_COUNT, "1")
    count = int(told) if told.isascii() and told.isdigit() and len(told) <= _MOST else 1
    return one if count == 1 else many.format(n=f"{count:,}")
