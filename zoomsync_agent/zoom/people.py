"""Who is signed in to Zoom.

Source: Zoom API, `GET /users/me`.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from zoomsync_agent.core.errors import RemoteUnavailable
from zoomsync_agent.http import network_error, new_client

_TIMEOUT: Final = httpx.Timeout(30.0, connect=15.0)
_BASIC: Final = 1


@dataclass(frozen=True, slots=True)
class Person:
    """A Zoom user. `is_basic` says that the plan has no cloud recordings."""

    id: str
    email: str = ""
    account_id: str = ""
    is_basic: bool = False


def whoami(api: str, token: str) -> Person | None:
    """Return who a token is for; None where the app may not ask for that.

    Args:
        api: base address of the API, without the version.
        token: an access token that has just been given.

    Raises:
        NetworkUnavailable, RemoteUnavailable: Zoom gave no proper answer.
    """
    doing = "ask Zoom who is signed in"
    with new_client(api) as client:
        try:
            response = client.get(
                f"{api}/v2/users/me",
                headers={"Authorization": f"Bearer {token}"},
                timeout=_TIMEOUT,
            )
        except httpx.HTTPError as exc:
            host = urlsplit(api).hostname or ""
            raise network_error(exc, host, doing, setting="the network") from exc
    try:
        told: Any = response.json()
    except (ValueError, RecursionError) as exc:
        raise RemoteUnavailable(f"{doing}: HTTP {response.status_code} without JSON") from exc
    if not response.is_success or not isinstance(told, dict) or not told.get("id"):
        if response.status_code >= 500 or response.status_code == 429:  # noqa: PLR2004  HTTP's own
            raise RemoteUnavailable(f"{doing}: HTTP {response.status_code}")
        return None
    return Person(
        str(told["id"]),
        str(told.get("email") or ""),
        str(told.get("account_id") or ""),
        told.get("type") == _BASIC,
    )
