"""One person's session with a project."""

from collections.abc import Callable
from pathlib import Path

from zoomsync_agent.core.account import Account
from zoomsync_agent.core.errors import SignInRequired
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.oauth.keeper import MARGIN_SECONDS, Keeper
from zoomsync_agent.oauth.kept import Session
from zoomsync_agent.ports import Clock, SecretStore
from zoomsync_agent.supabase.auth_client import AuthClient
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.refusals import Refusal

__all__ = ["MARGIN_SECONDS", "Session", "SessionKeeper"]


class _Auth:
    """The project's sign-in service, as the keeper of a session asks it."""

    signed_out = SignInRequired

    def __init__(self, project: Project, public_key: str) -> None:
        self._project = project
        self._key = public_key

    @property
    def who(self) -> str:
        """The project's host."""
        return self._project.host

    @property
    def entry(self) -> str:
        """One for each project."""
        return f"supabase.{self._project.host}"

    def refresh(self, session: Session) -> Grant | Refusal:
        """Spend the refresh token."""
        return AuthClient(self._project, self._key).refresh(session.refresh_token)

    def sign_out(self, session: Session) -> None:
        """End the session in the project."""
        AuthClient(self._project, self._key).sign_out(session.access_token)


class SessionKeeper(Keeper):
    """`Access` with a person's session.

    Args:
        project: the project.
        public_key: its publishable (or legacy anon) key.
        secrets: where the session is kept.
        lock_file: shared by all processes that share *secrets*.
        clock: tells the time.
        on_change: told when the account, as people see it, has become another one.
    """

    def __init__(
        self,
        project: Project,
        public_key: str,
        secrets: SecretStore,
        lock_file: Path,
        *,
        clock: Clock,
        on_change: Callable[[Account], None] = lambda _: None,
    ) -> None:
        super().__init__(
            _Auth(project, public_key), secrets, lock_file, clock=clock, on_change=on_change
        )
        self._key = public_key

    @property
    def api_key(self) -> str:
        """The project's public key."""
        return self._key
