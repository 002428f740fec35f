"""The way back from Zoom's sign-in, and what is pasted where the browser does not find it.

Source: RFC 6749, 4.1.2. Whoever comes here from Zoom has no cookie, which is for requests of our
own pages; what lets them in is the `state` that the sign-in was begun with. The answer leads on at
once, so that neither code nor state stays in the address or the history of the browser.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Flask, abort, redirect, render_template, request

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.web.pages.showing import done
from zoomsync_agent.zoom.app import CALLBACK

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from zoomsync_agent.web.desk import Desk


_OK: Final = 200
_SEE_OTHER: Final = 303
_CONFLICT: Final = 409
_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a sign-in went."""

    sentence: str
    status: int
    is_good: bool


class _Outcomes:
    """The last few, each under a name that only the browser knows which is led there."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: OrderedDict[str, _Outcome] = OrderedDict()

    def keep(self, outcome: _Outcome) -> str:
        """Keep *outcome*; return its name."""
        name = secrets.token_urlsafe(18)
        with self._guard:
            self._kept[name] = outcome
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return name

    def find(self, name: str) -> _Outcome | None:
        """Return what is kept under *name*."""
        with self._guard:
            return self._kept.get(name)


def register(app: Flask, desk: "Desk") -> None:
    """Add the way back."""
    outcomes = _Outcomes()

    @app.route(CALLBACK, methods=["GET", "POST"])
    def come_back() -> "Response | tuple[str, int]":
        # A page in front, which has the answer from Zoom, posts it.
        told = request.values
        known = outcomes.find(told.get("done", ""))
        if known is not None:
            back = "/ui/setup/zoom" if desk.is_held else "/"
            return render_template("back.html", outcome=known, back=back), known.status
        state, code, error = (told.get(name, "") for name in ("state", "code", "error"))
        if not state or not (code or error):
            abort(400, "There is no answer to a sign-in in this address.")
        try:
            if error:
                why = desk.fail_zoom(error, told.get("error_description", ""), state)
                outcome = _Outcome(f"The sign-in did not work. {why}", _OK, is_good=False)
            else:
                account = desk.finish_zoom(code, state)
                said = f"You are signed in to Zoom as {account.who or account.user_id}."
                outcome = _Outcome(said, _OK, is_good=True)
        except AgentError as exc:
            said = f"The sign-in did not work. {exc.detail or exc.title}"
            outcome = _Outcome(said, _CONFLICT, is_good=False)
        return redirect(f"{CALLBACK}?done={outcomes.keep(outcome)}", _SEE_OTHER)

    @app.post("/ui/zoom/paste")
    def paste() -> "Response":
        desk.finish_zoom(request.form.get("address", ""), "")
        return done("signed_in", to="/ui/setup/zoom" if desk.is_held else "/ui/settings")
