"""Users, sessions and refresh tokens, with the rules of supabase/auth about using them twice."""

import base64
import hashlib
import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.supabase_server.tokens import BadToken, Keys

REUSE_SECONDS: Final = 10.0
FLOW_SECONDS: Final = 300.0
CODE_SECONDS: Final = 3600.0


class AuthError(Exception):
    """Auth says no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can sign in."""

    id: str
    email: str
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A message with a code to sign in, which works once."""

    to: str
    code: str


@dataclass(slots=True)
class _Refresh:
    token: str
    parent: str
    used_at: float | None = None


@dataclass(slots=True)
class _Session:
    id: str
    user: User
    chain: list[_Refresh]

    @property
    def active(self) -> _Refresh | None:
        return next((one for one in reversed(self.chain) if one.used_at is None), None)


@dataclass(slots=True)
class _Flow:
    user: User
    provider: str
    challenge: str
    method: str
    created_at: float


class Accounts:
    """Who can sign in, and who has.

    Attributes:
        token_seconds: how long an access token holds.
        mails: every code that was sent, in order.
        providers: what GET /settings tells of ways to sign in.
        oauth_user: who a provider says has come; the first user if None.
        oauth_refusal: a provider refuses with this text instead.
    """

    def __init__(self, keys: Keys, clock: Callable[[], float]) -> None:
        self._keys = keys
        self._clock = clock
        self._guard = threading.RLock()
        self._users: dict[str, User] = {}
        self._sessions: dict[str, _Session] = {}
        self._flows: dict[str, _Flow] = {}
        self._codes: dict[str, tuple[str, float]] = {}
        self.token_seconds = 3600
        self.mails: list[Mail] = []
        self.providers: dict[str, bool] = {"email": True, "phone": False, "zoom": True}
        self.oauth_user: User | None = None
        self.oauth_refusal: str | None = None
        self.others: set[str] = set()
        """Ids of users who are known, and never sign in here."""

    def add_user(self, email: str, password: str = "") -> User:
        """Make an account; without a password only codes and providers sign it in."""
        with self._guard:
            user = User(str(uuid.uuid4()), email.lower(), password)
            self._users[user.email] = user
            return user

    def has_user(self, user_id: str) -> bool:
        """Return whether somebody has this id."""
        with self._guard:
            return user_id in self.others or any(one.id == user_id for one in self._users.values())

    def session_for(self, user: User, expires_in: int | None = None) -> dict[str, Any]:
        """Sign *user* in and return the answer that a client gets.

        Args:
            user: who.
            expires_in: seconds that the access token holds; may be negative.
        """
        with self._guard:
            session = _Session(str(uuid.uuid4()), user, [])
            self._sessions[session.id] = session
            self._renew(session, "")
            return self._answer(session, expires_in)

    @staticmethod
    def _renew(session: _Session, parent: str) -> None:
        session.chain.append(_Refresh(secrets.token_hex(6), parent))

    def _answer(self, session: _Session, expires_in: int | None = None) -> dict[str, Any]:
        seconds = self.token_seconds if expires_in is None else expires_in
        now = int(self._clock())
        user, active = session.user, session.active
        claims = {
            "iss": "auth/v1",
            "sub": user.id,
            "aud": "authenticated",
            "exp": now + seconds,
            "iat": now,
            "email": user.email,
            "phone": "",
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {},
            "role": "authenticated",
            "aal": "aal1",
            "session_id": session.id,
            "is_anonymous": False,
            "jti": secrets.token_hex(4),
        }
        return {
            "access_token": self._keys.sign(claims),
            "token_type": "bearer",
            "expires_in": seconds,
            "expires_at": now + seconds,
            "refresh_token": active.token if active else "",
            "user": user_json(user),
        }

    def by_password(self, email: str, password: str) -> dict[str, Any]:
        """Sign in with a password.

        Raises:
            AuthError: it is the wrong one, or nobody has that address.
        """
        user = self._users.get(email.lower())
        if user is None or not user.password or user.password != password:
            raise AuthError(400, "invalid_credentials", "Invalid login credentials")
        return self.session_for(user)

    def by_refresh(self, token: str) -> dict[str, Any]:
        """Give a new pair for a refresh token.

        A used one still works for 10 s, and the one before the active one always does, because the
        answer to it may have been lost; any other revokes the session.

        Raises:
            AuthError: it is unknown, or was used already.
        """
        with self._guard:
            session, refresh = self._find(token)
            if refresh.used_at is not None:
                active = session.active
                if active is not None and active.parent == token:
                    return self._answer(session)
                if active is None or self._clock() - refresh.used_at > REUSE_SECONDS:
                    self._spend(session)
                    message = "Invalid Refresh Token: Already Used"
                    raise AuthError(400, "refresh_token_already_used", message)
            self._spend(session)
            self._renew(session, token)
            return self._answer(session)

    def _find(self, token: str) -> tuple[_Session, _Refresh]:
        for session in self._sessions.values():
            for refresh in session.chain:
                if refresh.token == token:
                    return session, refresh
        message = "Invalid Refresh Token: Refresh Token Not Found"
        raise AuthError(400, "refresh_token_not_found", message)

    def _spend(self, session: _Session) -> None:
        for refresh in session.chain:
            if refresh.used_at is None:
                refresh.used_at = self._clock()

    def start_flow(self, provider: str, challenge: str, method: str) -> str:
        """Return the code with which a provider sends somebody back.

        Raises:
            AuthError: nobody can sign in this way.
        """
        if not self.providers.get(provider):
            message = "Unsupported provider: provider is not enabled"
            raise AuthError(400, "validation_failed", message)
        with self._guard:
            user = self.oauth_user or next(iter(self._users.values()), None)
            user = user or self.add_user("somebody@example.com")
            code = str(uuid.uuid4())
            self._flows[code] = _Flow(user, provider, challenge, method.lower(), self._clock())
            return code

    def by_code(self, code: str, verifier: str) -> dict[str, Any]:
        """Sign in with the code of a flow and what its challenge was made from (RFC 7636).

        Raises:
            AuthError: the flow is unknown or too old, or the verifier is another one's.
        """
        with self._guard:
            flow = self._flows.get(code)
            if flow is None:
                message = "invalid flow state, no valid flow state found"
                raise AuthError(404, "flow_state_not_found", message)
            if self._clock() - flow.created_at > FLOW_SECONDS:
                del self._flows[code]
                raise AuthError(
                    422, "flow_state_expired", "invalid flow state, flow state has expired"
                )
            if challenge_of(verifier, flow.method) != flow.challenge:
                message = "code challenge does not match previously saved code verifier"
                raise AuthError(400, "bad_code_verifier", message)
            del self._flows[code]
            once = {"provider_token": secrets.token_hex(16),
                    "provider_refresh_token": secrets.token_hex(16)}  # fmt: skip
            return self.session_for(flow.user) | once

    def send_code(self, email: str, *, create_user: bool) -> None:
        """Send a code of six digits.

        Raises:
            AuthError: nobody has that address, and no account is to be made.
        """
        with self._guard:
            if email.lower() not in self._users:
                if not create_user:
                    raise AuthError(422, "otp_disabled", "Signups not allowed for otp")
                self.add_user(email)
            code = f"{secrets.randbelow(10**6):06}"
            self._codes[email.lower()] = (code, self._clock())
            self.mails.append(Mail(email, code))

    def by_mailed_code(self, email: str, code: str) -> dict[str, Any]:
        """Sign in with a code that was sent.

        Raises:
            AuthError: it is wrong, old or used.
        """
        with self._guard:
            sent, when = self._codes.get(email.lower(), ("", 0.0))
            if not sent or sent != code or self._clock() - when > CODE_SECONDS:
                raise AuthError(403, "otp_expired", "Token has expired or is invalid")
            del self._codes[email.lower()]
            return self.session_for(self._users[email.lower()])

    def user_of(self, token: str) -> tuple[User, str]:
        """Return who *token* is for, and the session's id.

        Raises:
            AuthError: it is none, has expired, or its session has ended.
        """
        try:
            claims = self._keys.claims(token)
        except BadToken as exc:
            told = "token is expired" if "exp" in str(exc) else "signature is invalid"
            message = f"invalid JWT: unable to parse or verify signature, {told}"
            raise AuthError(403, "bad_jwt", message) from exc
        session = self._sessions.get(str(claims.get("session_id", "")))
        if session is None:
            message = "Session from session_id claim in JWT does not exist"
            raise AuthError(403, "session_not_found", message)
        return session.user, session.id

    def sign_out(self, token: str, scope: str) -> None:
        """End this session, all of the user's (`global`), or all but this one (`others`).

        Raises:
            AuthError: the token is not good for that.
        """
        with self._guard:
            user, own = self.user_of(token)
            ended = {
                key
                for key, session in self._sessions.items()
                if session.user.id == user.id
                and (scope == "global" or (key == own) != (scope == "others"))
            }
            for key in ended:
                del self._sessions[key]


def challenge_of(verifier: str, method: str) -> str:
    """Return the code challenge of *verifier* (RFC 7636, section 4.2)."""
    if method != "s256":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def user_json(user: User) -> dict[str, Any]:
    """Return a user as Auth shows one."""
    epoch = "2026-01-01T00:00:00Z"
    return {
        "id": user.id,
        "aud": "authenticated",
        "role": "authenticated",
        "email": user.email,
        "email_confirmed_at": epoch,
        "phone": "",
        "confirmed_at": epoch,
        "last_sign_in_at": epoch,
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {},
        "identities": [],
        "created_at": epoch,
        "updated_at": epoch,
        "is_anonymous": False,
    }
