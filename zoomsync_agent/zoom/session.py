"""One person's sign-in to Zoom, kept in the keyring."""

from collections.abc import Callable
from pathlib import Path

from zoomsync_agent.core.account import Account
from zoomsync_agent.core.errors import ZoomSignInRequired
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.oauth.keeper import Keeper
from zoomsync_agent.oauth.kept import Session
from zoomsync_agent.ports import Clock, SecretStore
from zoomsync_agent.zoom.app import Scopes, ZoomApp
from zoomsync_agent.zoom.authorization import Authorization
from zoomsync_agent.zoom.refusals import Refusal


class _Zoom:
    """Zoom's sign-in, as the keeper of a session asks it."""

    who = "Zoom"
    signed_out = ZoomSignInRequired

    def __init__(self, app: ZoomApp) -> None:
        self._app = app

    @property
    def entry(self) -> str:
        """One for each app: tokens of one are nothing to another."""
        return f"zoom.{self._app.client_id}"

    def refresh(self, session: Session) -> Grant | Refusal:
        """Spend the refresh token."""
        return Authorization(self._app).refresh(session)

    def sign_out(self, session: Session) -> None:
        """Revoke the tokens; that takes an access token, and one that has not come to its end."""
        authorization = Authorization(self._app)
        if session.access_token and authorization.revoke(session.access_token) is None:
            return
        answer = authorization.refresh(session)
        if isinstance(answer, Grant):
            authorization.revoke(answer.access_token)


class ZoomKeeper(Keeper):
    """Somebody's sign-in to Zoom.

    Args:
        app: as which app.
        secrets: where the tokens are kept.
        lock_file: shared by all processes that share *secrets*.
        clock: tells the time.
        on_change: told when the account, as people see it, has become another one.
    """

    def __init__(
        self,
        app: ZoomApp,
        secrets: SecretStore,
        lock_file: Path,
        *,
        clock: Clock,
        on_change: Callable[[Account], None] = lambda _: None,
    ) -> None:
        super().__init__(_Zoom(app), secrets, lock_file, clock=clock, on_change=on_change)
        self.app = app

    def scopes(self) -> Scopes:
        """Return what was granted.

        Raises:
            SignInRequired: nobody is signed in.
            SecretsUnavailable: it cannot be read who is.
        """
        return Scopes(self.session().scope)

    def api(self) -> str:
        """Return the base address of the API for whoever is signed in.

        Raises:
            As `scopes`.
        """
        return (self.session().place or self.app.api) + "/v2"
