"""Kinds of API keys, told apart without asking anybody.

Source: Supabase, "Understanding API keys"; legacy keys are JSON Web Tokens (RFC 7519) whose role
stands in the payload, the new ones say by their prefix what they are.
"""

import base64
import binascii
import json
import re
from enum import StrEnum
from typing import Final

_PUBLISHABLE: Final = re.compile(r"sb_publishable_[A-Za-z0-9_-]+")


class KeyKind(StrEnum):
    """What a key may do."""

    PUBLISHABLE = "publishable"
    ANON = "anon"
    SECRET = "secret"  # noqa: S105  a kind, not a key
    SERVICE_ROLE = "service_role"
    UNKNOWN = "unknown"

    @property
    def is_public(self) -> bool:
        """Whether the key is made for programs in the hands of users."""
        return self in (KeyKind.PUBLISHABLE, KeyKind.ANON)

    @property
    def is_secret(self) -> bool:
        """Whether the key passes every policy."""
        return self in (KeyKind.SECRET, KeyKind.SERVICE_ROLE)


def kind_of(key: str) -> KeyKind:
    """Return what *key* is by its form; it may still be a key of another project."""
    if _PUBLISHABLE.fullmatch(key):
        return KeyKind.PUBLISHABLE
    if key.startswith("sb_secret_"):
        return KeyKind.SECRET
    role = claims_of(key).get("role")
    if role == "anon":
        return KeyKind.ANON
    return KeyKind.SERVICE_ROLE if role == "service_role" else KeyKind.UNKNOWN


def claims_of(token: str) -> dict[str, object]:
    """Return what a JSON Web Token says of itself, unverified; empty if it is none."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  header, payload and signature
        return {}
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}
