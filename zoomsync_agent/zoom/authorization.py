"""Zoom's OAuth 2.0: authorization code with PKCE, renewal, end.

Source: RFC 6749, RFC 7636 (S256), RFC 8252 (loopback redirection); Zoom, "OAuth 2.0" and "PKCE
support for public and confidential clients". No `scope` is sent: Zoom refuses one that differs from
the app's own.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx

from zoomsync_agent.core.errors import RemoteUnavailable, SignInFailed
from zoomsync_agent.http import network_error, new_client
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.oauth.kept import Session
from zoomsync_agent.zoom.app import ZoomApp
from zoomsync_agent.zoom.refusals import Refusal, refusal_of

_REFUSED: Final = 400
_SERVER_FAULT: Final = 500
_TOO_MANY: Final = 429
_HOUR: Final = 3600
_TIMEOUT: Final = httpx.Timeout(30.0, connect=15.0)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What proves that whoever spends a code is whoever asked for it."""

    state: str = field(repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)

    @property
    def s256(self) -> str:
        """The code challenge (RFC 7636, 4.2)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Authorization:
    """Asks Zoom's sign-in; one conversation, closed afterwards.

    Every call raises NetworkUnavailable or RemoteUnavailable where there is no proper answer: then
    it is not known whether a token was spent. A `Refusal` is an answer and therefore returned.

    Args:
        app: as which app.
    """

    def __init__(self, app: ZoomApp) -> None:
        self._app = app

    def link(self, challenge: Challenge, redirect_uri: str) -> str:
        """Return the address at which the user allows the app."""
        return f"{self._app.oauth}/oauth/authorize?" + urlencode(
            {
                "response_type": "code",
                "client_id": self._app.client_id,
                "redirect_uri": redirect_uri,
                "state": challenge.state,
                "code_challenge": challenge.s256,
                "code_challenge_method": "S256",
            }
        )

    def exchange(self, code: str, challenge: Challenge, redirect_uri: str) -> Grant | Refusal:
        """Spend the code that the browser brought back."""
        return self._granted(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": challenge.verifier,
                "redirect_uri": redirect_uri,
            },
            "sign in to Zoom",
        )

    def refresh(self, session: Session) -> Grant | Refusal:
        """Spend a refresh token; it is dead afterwards, whether its successor arrives or not."""
        return self._granted(
            {"grant_type": "refresh_token", "refresh_token": session.refresh_token},
            "renew the sign-in to Zoom",
            before=session,
        )

    def revoke(self, access_token: str) -> Refusal | None:
        """End the session that an access token is of; Zoom takes no refresh token for that."""
        told = self._post("/oauth/revoke", {"token": access_token}, "sign out of Zoom")
        return told if isinstance(told, Refusal) else None

    def _granted(
        self, fields: Mapping[str, str], doing: str, before: Session | None = None
    ) -> Grant | Refusal:
        told = self._post("/oauth/token", fields, doing)
        if isinstance(told, Refusal):
            return told
        access, refresh = told.get("access_token"), told.get("refresh_token")
        if not isinstance(access, str) or not isinstance(refresh, str) or not access or not refresh:
            raise RemoteUnavailable(f"{doing}: Zoom gave no tokens")
        expires = told.get("expires_in")
        return Grant(
            access,
            refresh,
            expires if isinstance(expires, int) and 0 < expires <= 24 * _HOUR else _HOUR,
            # Zoom tells who it is only when it is asked; see `Person`.
            before.user_id if before else "unknown",
            before.email if before else "",
            str(told.get("scope") or (before.scope if before else "")),
            self._api(told.get("api_url")) or (before.place if before else ""),
        )

    def _post(self, path: str, fields: Mapping[str, str], doing: str) -> dict[str, Any] | Refusal:
        app = self._app
        form = {**fields, **({"client_id": app.client_id} if app.is_public else {})}
        host = urlsplit(app.oauth).hostname or ""
        with new_client(app.oauth) as client:
            try:
                response = client.post(
                    f"{app.oauth}{path}",
                    data=form,
                    auth=(
                        httpx.USE_CLIENT_DEFAULT
                        if app.is_public
                        else (app.client_id, app.client_secret)
                    ),
                    headers={"Accept": "application/json"},
                    timeout=_TIMEOUT,
                )
            except httpx.HTTPError as exc:
                raise network_error(exc, host, doing, setting="the network") from exc
        status = response.status_code
        if status >= _SERVER_FAULT or status == _TOO_MANY:
            raise RemoteUnavailable(f"{doing}: HTTP {status}")
        if not response.is_success:
            refusal = refusal_of(response.text)
            if refusal is None:
                raise RemoteUnavailable(f"{doing}: HTTP {status} without a word of Zoom's")
            return refusal
        try:
            told = response.json()
        except (ValueError, RecursionError) as exc:
            raise RemoteUnavailable(f"{doing}: the answer is no JSON") from exc
        if not isinstance(told, dict):
            raise RemoteUnavailable(f"{doing}: the answer is none of Zoom's")
        refusal = refusal_of(response.text)
        return refusal if refusal is not None and "access_token" not in told else told

    def _api(self, url: object) -> str:
        """Return the API's address that sign-in named, if it is one of Zoom's; else nothing.

        Every token is sent there, so it must belong to whoever gave the token.
        """
        if not isinstance(url, str):
            return ""
        try:
            parts = urlsplit(url)
            host, known = parts.hostname or "", urlsplit(self._app.oauth)
        except ValueError:
            return ""
        is_zoom = parts.scheme == "https" and (host == "zoom.us" or host.endswith(".zoom.us"))
        is_known = (parts.scheme, host) == (known.scheme, known.hostname)
        return f"{parts.scheme}://{parts.netloc}" if is_zoom or is_known else ""


def code_in(text: str, challenge: Challenge) -> str:
    """Return the code in what somebody pasted: the address of the last page, or the code alone.

    Raises:
        SignInFailed: there is none, or it belongs to another sign-in.
    """
    from urllib.parse import parse_qs  # noqa: PLC0415  only where somebody pastes

    pasted = text.strip()
    if "code=" not in pasted:
        if not pasted or any(char.isspace() for char in pasted):
            raise SignInFailed("There is no code in this.")
        return pasted
    query = parse_qs(pasted.partition("?")[2] or pasted)
    code, state = query.get("code", [""])[0], query.get("state", [""])[0]
    if state and not secrets.compare_digest(state.encode(), challenge.state.encode()):
        raise SignInFailed("This code belongs to another sign-in. Begin again.")
    if not code:
        raise SignInFailed("There is no code in this.")
    return code
