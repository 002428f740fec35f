"""Signing in to Zoom through the browser, over whatever happens on the way.

Zoom shows a page of its own where it refuses an app or an address, and then nobody comes back; so
there is a time-out, and the address of the last page, or the code in it, can be pasted instead.
"""

import contextlib
import queue
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from zoomsync_agent.core.account import Account
from zoomsync_agent.core.errors import AgentError, SetupIncomplete, SignInFailed
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.oauth.loopback import HOST, Callback, Loopback
from zoomsync_agent.zoom.app import CALLBACK, NEEDED, Scopes, ZoomApp
from zoomsync_agent.zoom.authorization import Authorization, Challenge, code_in
from zoomsync_agent.zoom.people import whoami
from zoomsync_agent.zoom.refusals import Refusal, readable
from zoomsync_agent.zoom.session import ZoomKeeper

BROWSER_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.5
_DONE: Final = "You are signed in to Zoom. You can close this window."


class ZoomSignIn:
    """Signs somebody in.

    Args:
        keeper: gets the session.
    """

    def __init__(self, keeper: ZoomKeeper) -> None:
        self._keeper = keeper
        self._app = keeper.app

    def by_browser(
        self,
        show: Callable[[str], None],
        *,
        opens: Callable[[str], object] | None = None,
        pasted: "queue.Queue[str] | None" = None,
        seconds: float = BROWSER_SECONDS,
    ) -> Account:
        """Sign in in the system's browser.

        Args:
            show: brings the address that it is given before the user.
            opens: opens an address in the browser; it leads there once, and others may see it.
            pasted: what the user pastes meanwhile: the address of the last page, or a code.
            seconds: how long the user has.

        Raises:
            SecretsUnavailable: the sign-in could not be kept; nobody was asked anything.
            SignInFailed: it was refused, or nobody came back.
            SetupIncomplete: Zoom does not know the app or the address.
            NetworkUnavailable, RemoteUnavailable: Zoom gave no proper answer.
        """
        self._keeper.expect_keyring()
        with _listening(self._app) as listener:
            challenge = Challenge(listener.state)
            redirect_uri = self._app.redirect_uri or listener.address
            link = Authorization(self._app).link(challenge, redirect_uri)
            if opens is not None:
                opens(listener.start_at(link))
            show(link)
            came = _wait(listener, pasted, seconds)
            try:
                code = _code_of(came, challenge, seconds)
                account = self.adopt(code, challenge, redirect_uri)
            except AgentError as exc:
                listener.decide(f"The sign-in did not work. {exc.detail}")
                raise
            listener.decide(_DONE)
        return account

    def adopt(self, code: str, challenge: Challenge, redirect_uri: str) -> Account:
        """Spend a code that came back from the browser, and keep the session that it gives.

        Args:
            code: what came.
            challenge: with which the browser was sent.
            redirect_uri: where it was told to come back to.

        Raises:
            As `by_browser`.
        """
        answer = Authorization(self._app).exchange(code, challenge, redirect_uri)
        if not isinstance(answer, Grant):
            raise answer.error()
        missing = Scopes(answer.scope).missing(NEEDED)
        if missing:
            reasons = "; ".join(f"{scope} ({NEEDED[scope]})" for scope in missing)
            raise SetupIncomplete(
                f"the Zoom app lacks scopes: {reasons}. Add them in the Marketplace, then sign in "
                "again: a sign-in keeps the scopes that it began with"
            )
        person = whoami(answer.place or self._app.api, answer.access_token)
        if person is not None:
            answer = replace(answer, user_id=person.id, email=person.email)
        return self._keeper.adopt(answer)


def _wait(
    listener: Loopback, pasted: "queue.Queue[str] | None", seconds: float
) -> Callback | str | None:
    """Return how the browser came back, or what was pasted; None if nothing came in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        came = listener.wait(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
        if came is not None:
            return came
        if pasted is not None:
            with contextlib.suppress(queue.Empty):
                return pasted.get_nowait()
    return None


def _code_of(came: Callback | str | None, challenge: Challenge, seconds: float) -> str:
    if came is None:
        raise SignInFailed(
            f"Nobody came back from the browser within {seconds / 60:.0f} minutes. Start again: "
            "zoomsync sign-in zoom. If Zoom showed a page of its own (such as error 4,700), the "
            f"app in the Marketplace does not know the address http://{HOST}{CALLBACK}, or is not "
            "open to your account"
        )
    if isinstance(came, str):
        return code_in(came, challenge)
    if came.error:
        raise Refusal(came.error, readable(came.description)).error()
    return came.code


def _listening(app: ZoomApp) -> Loopback:
    """Listen where Zoom, or the page in front, will send the browser."""
    uri = urlsplit(app.redirect_uri)
    is_here = uri.hostname == HOST
    path = uri.path if is_here and uri.path else CALLBACK
    try:
        return Loopback(path, is_fixed=True, port=(uri.port or 0) if is_here else 0)
    except OSError as exc:
        raise SetupIncomplete(
            f"Nothing can listen on {HOST}:{uri.port or 0} for the browser: {exc.strerror or exc}"
        ) from exc
