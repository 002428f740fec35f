"""One person's session: kept in the keyring, renewed in time, shared by all processes of a home."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from filelock import FileLock, Timeout

from zoomsync_agent.core.account import Account, AccountState
from zoomsync_agent.core.errors import (
    AgentError,
    RemoteUnavailable,
    SecretsUnavailable,
    SignInRequired,
)
from zoomsync_agent.oauth.grants import Grant, Refusal
from zoomsync_agent.oauth.kept import Mark, Marker, Session
from zoomsync_agent.ports import Clock, SecretStore

MARGIN_SECONDS: Final = 120.0
"""A token that is handed out holds at least that long."""
_LOCK_SECONDS: Final = 90.0
"""Longer than another process needs to renew over a bad network."""
_UNSAVED: Final = (
    "The keyring could not be written: the sign-in lasts until the agent ends, unless it can be "
    "written before."
)


class Authority(Protocol):
    """The service at which somebody is signed in."""

    @property
    def who(self) -> str:
        """Its name, as people are told."""
        ...

    @property
    def entry(self) -> str:
        """Under this name the keyring keeps its session."""
        ...

    @property
    def signed_out(self) -> type[SignInRequired]:
        """What is raised while nobody is signed in."""
        ...

    def refresh(self, session: Session) -> Grant | Refusal:
        """Spend the refresh token.

        Raises:
            AgentError: there is no proper answer; it may or may not have been spent.
        """
        ...

    def sign_out(self, session: Session) -> object:
        """End the session there.

        Raises:
            AgentError: that could not be done.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known, as of one look at the marker; `why` there is no session."""

    session: Session | None
    mark: Mark
    why: str = ""
    is_saved: bool = True


class Keeper:
    """One person's session with one service.

    Who spends a refresh token holds *lock_file*, in whichever process it is, and reads the keyring
    again first: a refresh token works once, and one that is spent twice may end the session. A
    marker beside the lock grows with every change, so that the other processes notice one for the
    price of a `stat`; there is nothing secret in it.

    Args:
        authority: the service.
        secrets: where the session is kept.
        lock_file: shared by all processes that share *secrets*.
        clock: tells the time.
        on_change: told when the account, as people see it, has become another one; on the thread
            that noticed.
    """

    def __init__(
        self,
        authority: Authority,
        secrets: SecretStore,
        lock_file: Path,
        *,
        clock: Clock,
        on_change: Callable[[Account], None] = lambda _: None,
    ) -> None:
        self._authority = authority
        self._secrets = secrets
        self._lock_file = lock_file
        self._marker = Marker(lock_file.with_name(lock_file.name + ".changes"))
        self._clock = clock
        self._on_change = on_change
        self._entry = authority.entry
        # Held while a token is spent or stored; taken before `_state`, never inside it.
        self._changing = threading.Lock()
        # Held for moments, and while the keyring is read; never over the network.
        self._state = threading.RLock()
        self._seen: _Seen | None = None
        self._told: Account | None = None
        self._refused = ""

    @property
    def user_id(self) -> str:
        """Who is signed in.

        Raises:
            SignInRequired: nobody.
            SecretsUnavailable: it cannot be read who.
        """
        with self._telling():
            return self._session().user_id

    def session(self) -> Session:
        """Return the session as it is; its access token may have ended.

        Raises:
            SignInRequired: nobody is signed in.
            SecretsUnavailable: it cannot be read who is.
        """
        with self._telling():
            return self._session()

    def token(self) -> str:
        """Return a bearer token that holds for at least two minutes.

        Raises:
            SignInRequired: nobody is signed in, or the server ended the session.
            SecretsUnavailable: the keyring cannot be read.
            NetworkUnavailable, RemoteUnavailable: it could not be renewed just now.
            ProjectPaused, SetupIncomplete, DestinationFull: the project does not let anybody in.
        """
        with self._telling():
            session = self._session()
            if self._is_fresh(session) and self._is_settled:
                return session.access_token
            with self._alone():
                session = self._read_again()
                if not self._is_fresh(session):
                    session = self._renewed(session)
                self._save()
                return session.access_token

    def renew(self, refused: str) -> str:
        """Return another token than *refused*.

        Raises:
            As `token`; SignInRequired also where there is no other one.
        """
        with self._telling(), self._alone():
            session = self._read_again()
            if session.access_token == refused or not self._is_fresh(session):
                session = self._renewed(session)
            self._save()
            if session.access_token == refused:
                raise self._authority.signed_out(
                    f"{self._authority.who} refuses the token that it has just given."
                )
            return session.access_token

    def finish(self, seconds: float) -> bool:
        """Wait until no token is being spent or stored; return whether that is so.

        Whoever ends the process in the middle of it loses the sign-in: the old token is spent, and
        the new one is nowhere yet.
        """
        if not self._changing.acquire(timeout=seconds):
            return False
        self._changing.release()
        return True

    def account(self) -> Account:
        """Return who we are, without asking the network. Never raises."""
        try:
            with self._state:
                return self._as_told(self._look())
        except AgentError as exc:
            return Account(AccountState.UNKNOWN, detail=exc.detail or exc.title)

    def expect_keyring(self) -> None:
        """Fail where a session could not be kept, before anybody takes the trouble to sign in.

        Raises:
            SecretsUnavailable: the keyring is locked or missing.
        """
        self._secrets.get(self._entry)

    def adopt(self, grant: Grant) -> Account:
        """Begin the session of somebody who has just signed in; it replaces any other one.

        Raises:
            SecretsUnavailable: it cannot be kept; whoever was signed in before still is.
        """
        with self._telling(), self._alone():
            with self._state:
                self._look()
            self._store(Session.of(grant, self._clock.now()))
        return self.account()

    def sign_out(self) -> Account:
        """End the session at the server, if it can be reached, and forget it here anyway.

        Raises:
            SecretsUnavailable: the keyring cannot be read, or still holds the session.
        """
        with self._telling(), self._alone():
            with self._state:
                session = self._look(again=True).session
            if session is not None:
                # Whatever the server says: nothing of the session stays here.
                with contextlib.suppress(AgentError):
                    self._authority.sign_out(session)
            if failed := self._forget(session, f"Nobody is signed in to {self._authority.who}."):
                raise failed
        return self.account()

    @property
    def _is_settled(self) -> bool:
        return self._seen is not None and self._seen.is_saved

    def _is_fresh(self, session: Session) -> bool:
        return session.expires_at - self._clock.now() >= MARGIN_SECONDS

    def _session(self) -> Session:
        with self._state:
            return self._expect(self._look())

    def _read_again(self) -> Session:
        """Return the session as it is now that no other process can change it."""
        with self._state:
            return self._expect(self._look(again=True))

    def _expect(self, seen: _Seen) -> Session:
        if seen.session is None:
            raise self._authority.signed_out(seen.why)
        return seen.session

    def _look(self, *, again: bool = False) -> _Seen:
        """Return what is known, from the keyring where it changed since the last look.

        With *again* the keyring is read even if no change was marked: a full disk takes no marks.

        Raises:
            SecretsUnavailable: somebody changed the session, and it cannot be read.
        """
        # Before the keyring: what is stored in between is then noticed by the next look.
        mark = self._marker.look()
        seen = self._seen
        is_known = seen is not None and seen.mark == mark
        if is_known and seen is not None and not (again and seen.is_saved):
            return seen
        try:
            session = Session.from_json(self._secrets.get(self._entry))
        except SecretsUnavailable:
            if is_known and seen is not None:
                return seen
            raise
        if session is not None and session.refresh_token == self._refused:
            session = None
        self._seen = _Seen(session, mark, "" if session else self._why(seen))
        # What is found at first is no change.
        self._told = self._told or self._as_told(self._seen)
        return self._seen

    def _why(self, before: _Seen | None) -> str:
        if before is not None and before.session is None and before.why:
            return before.why
        if before is not None and before.session is not None:
            return f"Somebody signed out of {self._authority.who} in another window."
        return f"Nobody is signed in to {self._authority.who}."

    def _renewed(self, session: Session) -> Session:
        """Spend the refresh token; the caller is alone, and calls `_save` before anything else."""
        answer = self._authority.refresh(session)
        if not isinstance(answer, Grant) and answer.ends_session:
            # What does not know our lock may have been faster.
            with self._state:
                other = self._look(again=True).session
            if other is not None and other.refresh_token != session.refresh_token:
                if self._is_fresh(other):
                    return other
                session = other
                answer = self._authority.refresh(other)
        if isinstance(answer, Grant):
            renewed = Session.of(answer, self._clock.now())
            with self._state:
                self._seen = _Seen(renewed, self._marker.look(), is_saved=False)
            return renewed
        if not answer.ends_session:
            raise RemoteUnavailable(f"renew the sign-in: {answer.code} {answer.message}".rstrip())
        self._forget(session, answer.why_ended)
        raise self._authority.signed_out(answer.why_ended)

    def _save(self) -> None:
        """Try to keep what is only in memory; the caller is alone."""
        with self._state:
            seen = self._seen
            if seen is not None and seen.session is not None and not seen.is_saved:
                with contextlib.suppress(SecretsUnavailable):
                    self._store(seen.session)

    def _store(self, session: Session) -> None:
        self._secrets.set(self._entry, session.to_json())
        self._refused = ""
        self._now_seen(session, "")

    def _forget(self, session: Session | None, why: str) -> SecretsUnavailable | None:
        """Take the session out of memory and keyring; return why the keyring did not let it go."""
        self._refused = session.refresh_token if session else ""
        failed = None
        try:
            self._secrets.delete(self._entry)
        except SecretsUnavailable as exc:
            failed = exc
        self._now_seen(None, why)
        return failed

    def _now_seen(self, session: Session | None, why: str) -> None:
        with self._state:
            self._marker.touch()
            self._seen = _Seen(session, self._marker.look(), why)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold what every process of this home holds before it changes the session."""
        with self._changing:
            lock = FileLock(self._lock_file, mode=0o600, thread_local=False)
            try:
                self._lock_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock.acquire(timeout=_LOCK_SECONDS, poll_interval=0.02)
            except Timeout:
                raise RemoteUnavailable(
                    "another process of the agent is still renewing the sign-in"
                ) from None
            except (OSError, NotImplementedError) as exc:
                raise SecretsUnavailable(f"{self._lock_file} cannot be locked: {exc}") from exc
            try:
                yield
            finally:
                lock.release(force=True)

    def _as_told(self, seen: _Seen) -> Account:
        if seen.session is None:
            return Account(AccountState.SIGNED_OUT, detail=seen.why)
        return Account(
            AccountState.SIGNED_IN,
            seen.session.user_id,
            seen.session.email,
            "" if seen.is_saved else _UNSAVED,
        )

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell, once everything is let go of, whether the account is another one than before."""
        try:
            yield
        finally:
            with self._state:
                before = self._told
                if self._seen is not None:
                    self._told = self._as_told(self._seen)
                now = self._told
            if now is not None and now != before:
                self._on_change(now)
