"""The sign-in to Zoom that begins and ends at the page."""

import secrets as random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zoomsync_agent.control import Control
from zoomsync_agent.core.account import Account, AccountState
from zoomsync_agent.core.errors import AgentError, SignInFailed
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.ports import SecretStore
from zoomsync_agent.service import beside
from zoomsync_agent.settings import Settings
from zoomsync_agent.web.desk import ZoomStatus

if TYPE_CHECKING:
    from zoomsync_agent.zoom.authorization import Challenge
    from zoomsync_agent.zoom.session import ZoomKeeper

_PATIENCE_SECONDS: Final = 600.0
"""So long a sign-in that was begun can be finished."""
_KEYRING_SECONDS: Final = 2.0
"""A keyring may wait for its password; the page does not."""


@dataclass(frozen=True, slots=True)
class _Begun:
    challenge: "Challenge"
    redirect_uri: str
    deadline: float


class WebSignIn:
    """One sign-in at a time. Thread-safe.

    Args:
        home: where everything lives.
        secrets: keeps the session, instead of the system's keyring.
    """

    def __init__(self, home: Home, secrets: SecretStore | None) -> None:
        self._home = home
        self._secrets = secrets
        self._guard = threading.Lock()
        self._begun: _Begun | None = None

    def status(self, settings: Settings, control: Control) -> ZoomStatus:
        """Return how it stands; scopes are told where the keyring answers at once."""
        who = control.zoom_account
        account = Account(AccountState.SIGNED_IN, who=who) if who else None
        return ZoomStatus(
            is_configured=not settings.zoom_problem,
            account=account,
            missing_scopes=self._missing(settings) if account else (),
            is_waiting=self._pending() is not None,
            problem=settings.zoom_problem,
        )

    def begin(self, settings: Settings, redirect_uri: str) -> str:
        """Return the address at which the user allows the app.

        Args:
            settings: name the app, and perhaps an address to come back to instead.
            redirect_uri: where the page takes the browser back.

        Raises:
            SettingsError: there is no app to sign in with.
            SecretsUnavailable: the sign-in could not be kept.
        """
        from zoomsync_agent.zoom.authorization import Authorization, Challenge  # noqa: PLC0415

        keeper = self._keeper(settings)
        keeper.expect_keyring()
        # The port, for a page in front that hands the answer on; see `oauth.loopback`.
        port = redirect_uri.split("://", 1)[-1].split("/", 1)[0].rpartition(":")[2]
        challenge = Challenge(f"{random.token_urlsafe(24)}.{port}")
        target = keeper.app.redirect_uri or redirect_uri
        with self._guard:
            self._begun = _Begun(challenge, target, time.monotonic() + _PATIENCE_SECONDS)
        return Authorization(keeper.app).link(challenge, target)

    def finish(self, settings: Settings, code: str, state: str) -> Account:
        """Spend a code.

        Args:
            settings: as at `begin`.
            code: what came; without *state* also what somebody pasted, an address or a code.
            state: what came with it.

        Raises:
            SignInFailed: nothing was begun, it belongs to another sign-in, or Zoom refuses.
        """
        from zoomsync_agent.app.zoom import account_changed  # noqa: PLC0415  httpx costs 80 ms
        from zoomsync_agent.zoom.authorization import code_in  # noqa: PLC0415
        from zoomsync_agent.zoom.sign_in import ZoomSignIn  # noqa: PLC0415

        begun = self._expect(state)
        if not state:
            code = code_in(code, begun.challenge)
        with self._guard:
            if self._begun is not begun:
                raise SignInFailed("This sign-in is finished already.")
            self._begun = None  # a code is good for one try
        account = ZoomSignIn(self._keeper(settings)).adopt(
            code, begun.challenge, begun.redirect_uri
        )
        account_changed(self._home, account)
        return account

    def fail(self, error: str, description: str, state: str) -> str:
        """Give up what was begun; return why Zoom refused.

        Raises:
            SignInFailed: *state* belongs to another sign-in.
        """
        from zoomsync_agent.zoom.refusals import Refusal, readable  # noqa: PLC0415

        begun = self._expect(state or "-")
        with self._guard:
            if self._begun is begun:
                self._begun = None
        refused = Refusal(error, readable(description)).error()
        return refused.detail or refused.title

    def sign_out(self, settings: Settings) -> None:
        """Sign out of Zoom, there and here."""
        from zoomsync_agent.app.zoom import account_changed  # noqa: PLC0415  httpx costs 80 ms

        account_changed(self._home, self._keeper(settings).sign_out())

    def _expect(self, state: str) -> _Begun:
        begun = self._pending()
        if begun is None:
            raise SignInFailed("No sign-in to Zoom is under way, or it took too long. Begin again.")
        if state and not random.compare_digest(state.encode(), begun.challenge.state.encode()):
            raise SignInFailed("This answer belongs to another sign-in. Begin again.")
        return begun

    def _pending(self) -> _Begun | None:
        with self._guard:
            begun = self._begun
        return begun if begun is not None and time.monotonic() < begun.deadline else None

    def _keeper(self, settings: Settings) -> "ZoomKeeper":
        from zoomsync_agent.app.zoom import zoom_keeper  # noqa: PLC0415  httpx costs 80 ms

        return zoom_keeper(settings, self._home, secrets=self._secrets)

    def _missing(self, settings: Settings) -> tuple[str, ...]:
        from zoomsync_agent.zoom.app import NEEDED, USEFUL  # noqa: PLC0415

        def ask() -> tuple[str, ...]:
            return tuple(self._keeper(settings).scopes().missing([*NEEDED, *USEFUL]))

        try:
            return beside(ask, "scopes").result(_KEYRING_SECONDS)
        except (AgentError, TimeoutError):
            return ()
