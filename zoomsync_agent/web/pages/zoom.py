"""The way back from Zoom's sign-in, and what is pasted where the browser does not find it.

Source: RFC 6749, 4.1.2. Whoever comes here from Zoom has no cookie, which is for requests of our
own pages; what lets them in is the `state` that the sign-in was begun with.
"""

from typing import TYPE_CHECKING

from flask import Flask, abort, render_template, request

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.web.pages.showing import done

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from zoomsync_agent.web.desk import Desk


def register(app: Flask, desk: "Desk") -> None:
    """Add the way back."""

    @app.route("/auth/zoom/callback", methods=["GET", "POST"])
    def come_back() -> tuple[str, int]:
        # A page in front, which has the answer from Zoom, posts it.
        told = request.values
        state, code, error = (told.get(name, "") for name in ("state", "code", "error"))
        if not state or not (code or error):
            abort(400, "There is no answer to a sign-in in this address.")
        try:
            if error:
                why = desk.fail_zoom(error, told.get("error_description", ""), state)
                return _farewell(f"The sign-in did not work. {why}", is_good=False), 200
            account = desk.finish_zoom(code, state)
        except AgentError as exc:
            said = exc.detail or exc.title
            return _farewell(f"The sign-in did not work. {said}", is_good=False), 409
        return _farewell(f"You are signed in to Zoom as {account.who or account.user_id}."), 200

    @app.post("/ui/zoom/paste")
    def paste() -> "Response":
        desk.finish_zoom(request.form.get("address", ""), "")
        return done("signed_in", to="/ui/setup/zoom" if desk.is_held else "/ui/settings")

    def _farewell(sentence: str, *, is_good: bool = True) -> str:
        back = "/ui/setup/zoom" if desk.is_held else "/"
        return render_template("back.html", sentence=sentence, is_good=is_good, back=back)
