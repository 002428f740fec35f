"""Tokens that look like Zoom's: JSON Web Tokens of some 600 characters, not meant to be read."""

import secrets
from typing import Final, Literal

import jwt

_KEY: Final = secrets.token_hex(64)


def new_token(
    kind: Literal["access_token", "refresh_token"],
    *,
    client_id: str,
    user_id: str,
    account_id: str,
    code: str,
    issued: float,
    expires: float,
) -> str:
    """Return a token that no other one equals."""
    claims = {
        "ver": "8",
        "clientId": client_id,
        "code": code,
        "iss": f"urn:zoom:connect:clientid:{client_id}",
        "authenticationId": secrets.token_hex(8),
        "userId": user_id,
        "groupNumber": 0,
        "aud": "https://oauth.zoom.us",
        "accountId": account_id,
        "nbf": int(issued),
        "exp": int(expires),
        "tokenType": kind,
        "iat": int(issued),
        "jti": secrets.token_urlsafe(16),
        "toleranceId": 0,
    }
    headers = {"typ": None, "v": "2.0", "kid": secrets.token_hex(4)}
    return jwt.encode(claims, _KEY, algorithm="HS512", headers=headers)


def new_code() -> str:
    """Return an authorization code."""
    return secrets.token_urlsafe(16)
