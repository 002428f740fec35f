"""Who let which app do what: codes, tokens, and how they die."""

import base64
import hashlib
import secrets
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.fakes.zoom.errors import expired_token, invalid_token
from tests.fakes.zoom.recordings import Meeting, User
from tests.fakes.zoom.scopes import READ_SCOPES, TRASH_SCOPES
from tests.fakes.zoom.tokens import new_code, new_token

CALLBACK = "http://127.0.0.1/auth/zoom/callback"


class OAuthError(Exception):
    """A refusal of the token endpoint; without *reason* the answer has none."""

    def __init__(self, status: int, error: str, reason: str | None) -> None:
        super().__init__(f"{error}: {reason}")
        self.status = status
        self.error = error
        self.reason = reason


@dataclass(slots=True)
class Grant:
    """What one person let one app do, once."""

    user: User
    client_id: str
    scopes: tuple[str, ...]
    code: str
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code and what its exchange must bring along."""

    grant: Grant
    redirect_uri: str
    challenge: str
    method: str
    expires: float


@dataclass(frozen=True, slots=True)
class Token:
    """An access token or a refresh token."""

    grant: Grant
    expires: float


class Grants:
    """An app in the Marketplace, and who uses it.

    Attributes:
        client_id, client_secret: of the app as a confidential client.
        public_client_id: of the same app as a public client, which has no secret.
        redirect_uris: the allow list; the port of a loopback address does not count.
        scopes: what the app asks for, as set in the Marketplace.
        granted_scopes: what people leave of it; None is all.
        signed_in: whose browser it is; the first user if None.
        auto_consent: the page of consent presses "Allow" by itself.
        auto_decline: it presses "Decline".
        declines: where "Decline" leads: back to the app, or to a page of Zoom's and no further.
        blocked: a page of Zoom's own with this text instead of consent, and no callback: the app is
            not published, or an administrator has to allow it.
        shows_redirect_page: a wrong redirect address gets a page instead of JSON.
        refuses_clients: every client is unknown or has the wrong secret.
        invalid_client_status: how that is said, 400 or 401.
        stale_refresh_form: how a dead refresh token is refused; Zoom has done it in three ways.
        revokes_earlier: a new authorization ends the earlier ones of the same person and app.
        public_may_revoke: a public client may revoke by its id alone.
        code_life_seconds, access_life_seconds, refresh_life_seconds: by the clock.
        expires_in: what token answers say.
        tells_api_url: token answers have an `api_url`.
        told_api_url: another one than the stand-in's own.
    """

    def __init__(self, *, clock: Callable[[], float], guard: threading.RLock) -> None:
        self.clock = clock
        self.guard = guard
        self.client_id = "Cn1uZoomSyncTestsAbc12"
        self.client_secret = "stand-in-secret-for-tests-000001"  # noqa: S105  opens this alone
        self.public_client_id = "Pb7kZoomSyncPublicXy34"
        self.redirect_uris = [CALLBACK]
        self.scopes: list[str] = [*READ_SCOPES, *TRASH_SCOPES]
        self.granted_scopes: set[str] | None = None
        self.signed_in: User | None = None
        self.auto_consent = False
        self.auto_decline = False
        self.declines: Literal["redirect", "page"] = "redirect"
        self.blocked: str | None = None
        self.shows_redirect_page = False
        self.refuses_clients = False
        self.invalid_client_status = 401
        self.stale_refresh_form: Literal["reason", "bare", "old"] = "reason"
        self.revokes_earlier = True
        self.public_may_revoke = True
        self.code_life_seconds = 300.0
        self.access_life_seconds = 3600.0
        self.refresh_life_seconds = 90 * 86_400.0
        self.expires_in = 3599
        self.tells_api_url = True
        self.told_api_url: str | None = None
        self._codes: dict[str, Code] = {}
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self._download: dict[str, tuple[str, float]] = {}

    def allows_redirect(self, uri: str, *, with_pkce: bool) -> bool:
        """Return whether the app may be called back there."""
        parts = urlsplit(uri)
        if parts.hostname == "localhost" or parts.fragment:
            return False
        if parts.scheme == "http" and not with_pkce:
            return False
        return any(_same(urlsplit(known), parts) for known in self.redirect_uris)

    def authorize(
        self, user: User, client_id: str, redirect_uri: str, challenge: str, method: str
    ) -> str:
        """Let *user* allow the app; return the code."""
        code, kept = new_code(), self.granted_scopes
        told = tuple(name for name in self.scopes if kept is None or name in kept)
        with self.guard:
            grant = self.let(Grant(user, client_id, told, code))
            expires = self.clock() + self.code_life_seconds
            self._codes[code] = Code(grant, redirect_uri, challenge, method, expires)
        return code

    def let(self, grant: Grant) -> Grant:
        """Take note of an authorization; it may end those before it."""
        if self.revokes_earlier:
            self._revoke_all(grant.user, grant.client_id)
        return grant

    def _revoke_all(self, user: User, client_id: str) -> None:
        for token in (*self._access.values(), *self._refresh.values()):
            if token.grant.user is user and token.grant.client_id == client_id:
                token.grant.is_revoked = True

    def exchange(self, client_id: str, told: Mapping[str, str]) -> dict[str, Any]:
        """Give tokens for a code, which is then used up whatever comes of it.

        Raises:
            OAuthError: it is not good for that.
        """
        name = told.get("code", "")
        with self.guard:
            code = self._codes.pop(name, None)
            if code is None or code.grant.client_id != client_id or code.expires <= self.clock():
                raise OAuthError(400, "invalid_request", f"Invalid authorization code {name}")
            if told.get("redirect_uri") != code.redirect_uri:
                raise OAuthError(400, "invalid_request", "Redirect URI mismatch.")
            if not _fits(code, told.get("code_verifier")):
                raise OAuthError(400, "invalid_grant", "Invalid code verifier.")
            return self.tokens_for(code.grant)

    def refresh(self, client_id: str, name: str) -> dict[str, Any]:
        """Give new tokens for a refresh token, which is dead from now on.

        Raises:
            OAuthError: it was before.
        """
        with self.guard:
            token = self._refresh.get(name)
            if token is None or not self._is_alive(token) or token.grant.client_id != client_id:
                raise self.stale_refresh()
            del self._refresh[name]
            return self.tokens_for(token.grant)

    def stale_refresh(self) -> OAuthError:
        """Return the refusal of a refresh token that is not good any more."""
        if self.stale_refresh_form == "bare":
            return OAuthError(400, "invalid_grant", None)
        if self.stale_refresh_form == "old":
            return OAuthError(401, "invalid_request", "Invalid Token!")
        return OAuthError(400, "invalid_grant", "Invalid Token!")

    def tokens_for(self, grant: Grant) -> dict[str, Any]:
        """Return the answer with new tokens."""
        now = self.clock()
        about = {"client_id": grant.client_id, "user_id": grant.user.id}
        about |= {"account_id": grant.user.account_id, "code": grant.code}
        ends, last = now + self.access_life_seconds, now + self.refresh_life_seconds
        access = new_token("access_token", issued=now, expires=ends, **about)
        renewal = new_token("refresh_token", issued=now, expires=last, **about)
        with self.guard:
            self._access[access] = Token(grant, ends)
            self._refresh[renewal] = Token(grant, last)
        told = {
            "access_token": access,
            "token_type": "bearer",
            "refresh_token": renewal,
            "expires_in": self.expires_in,
            "scope": " ".join(grant.scopes),
        }
        if self.tells_api_url:
            told["api_url"] = self.told_api_url or self.api_url
        return told

    @property
    @abstractmethod
    def api_url(self) -> str:
        """Base of the REST interface, to which `/v2` is added."""

    def revoke(self, client_id: str, name: str) -> None:
        """End the authorization that an access token is of.

        Raises:
            OAuthError: it is none, or of another app.
        """
        with self.guard:
            token = self._access.get(name)
            if token is None or not self._is_alive(token) or token.grant.client_id != client_id:
                raise OAuthError(400, "invalid_request", "Invalid Token!")
            token.grant.is_revoked = True

    def revoke_user(self, user: User) -> None:
        """Let *user* remove the app in the Marketplace."""
        with self.guard:
            for client_id in (self.client_id, self.public_client_id):
                self._revoke_all(user, client_id)

    def grant_of(self, name: str) -> Grant:
        """Return the authorization that an access token is of.

        Raises:
            ApiError: it is none, or was good once.
        """
        with self.guard:
            token = self._access.get(name)
            if token is None or token.grant.is_revoked:
                raise invalid_token()
            if token.expires <= self.clock():
                raise expired_token()
            return token.grant

    def expire_access_tokens(self) -> None:
        """Let every access token have come to its end, earlier than was told."""
        with self.guard:
            ended = {name: Token(one.grant, 0.0) for name, one in self._access.items()}
            self._access = ended

    def download_token(self, meeting: Meeting, life: float) -> str:
        """Return a new token that opens the files of one meeting."""
        user, now = meeting.host, self.clock()
        name = new_token(
            "access_token",
            client_id=self.client_id,
            user_id=user.id,
            account_id=user.account_id,
            code=secrets.token_urlsafe(16),
            issued=now,
            expires=now + life,
        )
        with self.guard:
            self._download[name] = (meeting.uuid, now + life)
        return name

    def opens(self, name: str, meeting: Meeting) -> bool:
        """Return whether *name* is a token for the files of *meeting*."""
        with self.guard:
            known, expires = self._download.get(name, ("", 0.0))
        return known == meeting.uuid and expires > self.clock()

    def _is_alive(self, token: Token) -> bool:
        return not token.grant.is_revoked and token.expires > self.clock()


def challenge_of(verifier: str, method: str) -> str:
    """Return the code challenge of *verifier* (RFC 7636, section 4.2)."""
    if method != "S256":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _fits(code: Code, verifier: str | None) -> bool:
    if not code.challenge:
        return not verifier
    return verifier is not None and challenge_of(verifier, code.method) == code.challenge


def _same(known: Any, told: Any) -> bool:
    """Return whether an address is the one on the list; a loopback address may have any port."""
    if known.hostname in ("127.0.0.1", "::1"):
        known = known._replace(netloc=known.hostname)
        told = told._replace(netloc=told.hostname or "")
    return bool(known == told)
