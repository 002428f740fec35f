"""Keys of the project and JSON Web Tokens, signed and checked for real (RFC 7519, HS256)."""

import secrets
from collections.abc import Callable
from typing import Any

import jwt

_DECADE = 315_360_000


class BadToken(Exception):
    """The token is refused; the text is what Storage says about it."""


class Keys:
    """The secret of a project and the four keys made from it.

    Args:
        clock: decides what has expired.
        jwt_secret: shared with PostgREST; made up if None.
    """

    def __init__(self, clock: Callable[[], float], jwt_secret: str | None = None) -> None:
        self._clock = clock
        self.jwt_secret = jwt_secret or secrets.token_hex(32)
        self.anon = self._of_role("anon")
        self.service = self._of_role("service_role")
        self.publishable = f"sb_publishable_{secrets.token_urlsafe(22)}"
        self.secret = f"sb_secret_{secrets.token_urlsafe(22)}"

    def _of_role(self, role: str) -> str:
        now = int(self._clock())
        return self.sign({"iss": "supabase", "role": role, "iat": now, "exp": now + _DECADE})

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a token that says *claims*."""
        return jwt.encode(claims, self.jwt_secret, algorithm="HS256")

    def claims(self, token: str) -> dict[str, Any]:
        """Return what *token* says.

        Raises:
            BadToken: it is no token, not of this project, or has expired.
        """
        options: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False}
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self.jwt_secret, algorithms=["HS256"], options=options
            )
        except jwt.InvalidSignatureError as exc:
            raise BadToken("signature verification failed") from exc
        except jwt.InvalidTokenError as exc:
            raise BadToken("Invalid Compact JWS") from exc
        if float(claims.get("exp", 0)) <= self._clock():
            raise BadToken('"exp" claim timestamp check failed')
        return claims

    def is_known(self, key: str) -> bool:
        """Return whether *key* is one of this project."""
        return key in (self.anon, self.service, self.publishable, self.secret)

    def token_of(self, key: str) -> str:
        """Return the token that the gateway puts in the place of *key*; a legacy key is one."""
        return {self.publishable: self.anon, self.secret: self.service}.get(key, key)
