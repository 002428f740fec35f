"""The ways to sign in to the project; each ends in the keeper's session."""

from collections.abc import Callable
from typing import Final

from zoomsync_agent.core.account import Account
from zoomsync_agent.core.errors import AgentError, SetupIncomplete, SignInFailed
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.oauth.loopback import HOST, Callback, Loopback
from zoomsync_agent.supabase.auth_client import AuthClient, Ways
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.refusals import Refusal, readable
from zoomsync_agent.supabase.session import SessionKeeper

BROWSER_SECONDS: Final = 300.0
"""The service forgets a sign-in that was begun longer ago."""
_CALLBACK: Final = "/auth/supabase/callback/"
_DONE: Final = "You are signed in. You can close this window."


class SignIn:
    """Signs somebody in.

    Every way raises SecretsUnavailable before it asks anything of anybody if the session could not
    be kept, SignInFailed with the reason if the project refuses, SetupIncomplete if the project
    does not offer that way, and what `AuthClient` raises if it cannot be asked.

    Args:
        project: where.
        keeper: gets the session.
    """

    def __init__(self, project: Project, keeper: SessionKeeper) -> None:
        self._project = project
        self._keeper = keeper

    def ways(self) -> Ways:
        """Return the ways that the project offers."""
        return self._client().ways()

    def by_browser(
        self,
        provider: str,
        show: Callable[[str], None],
        *,
        opens: Callable[[str], object] | None = None,
        seconds: float = BROWSER_SECONDS,
    ) -> Account:
        """Sign in with an OAuth provider, in the system's browser (PKCE, RFC 7636 and 8252).

        Args:
            provider: as in ``zoom``.
            show: brings the address that it is given before the user.
            opens: opens an address in the browser; it leads there once, and others may see it.
            seconds: how long the user has.
        """
        self._keeper.expect_keyring()
        offered = self.ways().providers
        if provider not in offered:
            # The browser would end at an error page, and nobody would come back here.
            known = f"it offers {', '.join(offered)}" if offered else "it offers none"
            raise SetupIncomplete(f"The project does not offer “{readable(provider)}”: {known}.")
        client = self._client()
        with _listening() as listener:
            link = client.authorize_url(provider, listener.address)
            if opens is not None:
                opens(listener.start_at(link))
            show(link)
            came = listener.wait(seconds)
            if came is None:
                raise SignInFailed(_too_late(seconds))
            try:
                account = self._adopt(self._spend(client, came))
            except AgentError as exc:
                listener.decide(f"The sign-in did not work. {exc.detail}")
                raise
            listener.decide(_DONE)
        return account

    def send_code(self, email: str) -> None:
        """Have a code sent to the e-mail address of an account that exists."""
        self._keeper.expect_keyring()
        if refusal := self._client().send_code(email):
            raise refusal.error()

    def by_code(self, email: str, code: str) -> Account:
        """Sign in with the code from the mail; blanks in it do not count."""
        return self._adopt(self._client().verify_code(email, "".join(code.split())))

    def by_password(self, email: str, password: str) -> Account:
        """Sign in with a password."""
        self._keeper.expect_keyring()
        return self._adopt(self._client().password(email, password))

    def _client(self) -> AuthClient:
        return AuthClient(self._project, self._keeper.api_key)

    def _spend(self, client: AuthClient, came: Callback) -> Grant | Refusal:
        if came.error:
            return Refusal(came.error, readable(came.description) or came.error)
        return client.exchange(came.code)

    def _adopt(self, answer: Grant | Refusal) -> Account:
        if isinstance(answer, Refusal):
            raise answer.error()
        return self._keeper.adopt(answer)


def _listening() -> Loopback:
    try:
        return Loopback(_CALLBACK)
    except OSError as exc:
        raise SetupIncomplete(
            f"Nothing can listen on {HOST} for the browser: {exc.strerror or exc}. Sign in with "
            "--email instead."
        ) from exc


def _too_late(seconds: float) -> str:
    return (
        f"Nobody came back from the browser within {seconds / 60:.0f} minutes. If the browser "
        f"showed the project's own web site instead, add http://{HOST}:*/** to its redirect "
        "addresses (dashboard: Authentication, URL Configuration)."
    )
