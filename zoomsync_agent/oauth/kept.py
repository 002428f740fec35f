"""What is kept of a session, and the mark that tells other processes of a change."""

import contextlib
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path

from zoomsync_agent.oauth.grants import Grant


@dataclass(frozen=True, slots=True)
class Session:
    """What is needed to act for somebody.

    `expires_at` is in epoch seconds of this machine's own clock: the server's may differ. Without
    an access token it is 0: one must be asked for. `scope` and `place` are as `Grant` tells them.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    user_id: str
    email: str = ""
    scope: str = ""
    place: str = ""

    @classmethod
    def of(cls, grant: Grant, now: float) -> "Session":
        """Return the session that begins with *grant* at *now* (epoch seconds)."""
        return cls(
            grant.access_token,
            grant.refresh_token,
            now + grant.expires_in,
            grant.user_id,
            grant.email,
            grant.scope,
            grant.place,
        )

    def to_json(self) -> str:
        """Return it as it is kept; this text is a secret.

        The access token is kept too: a process that begins would else spend the refresh token at
        once, and whoever ends it in that moment loses the sign-in.
        """
        told = {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "expires_at": self.expires_at,
            "user_id": self.user_id,
            "email": self.email,
        }
        more = {"scope": self.scope, "place": self.place}
        return json.dumps(told | {name: value for name, value in more.items() if value})

    @classmethod
    def from_json(cls, text: str | None) -> "Session | None":
        """Return the session that `to_json` wrote; None for anything else."""
        try:
            told = json.loads(text or "")
            read = [told[name] for name in ("access_token", "refresh_token", "user_id", "email")]
            expires_at = float(told["expires_at"])
            scope, place = str(told.get("scope", "")), str(told.get("place", ""))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            return None
        if not all(isinstance(one, str) for one in read) or not math.isfinite(expires_at):
            return None
        access, refresh, user_id, email = read
        if not (refresh and user_id) or (not access and expires_at):
            return None
        return cls(access, refresh, expires_at, user_id, email, scope, place)


Mark = tuple[int, int, int] | None
"""What `os.stat` says of a marker; None while there is none."""


class Marker:
    """A file that grows with every change; looking at it costs one `stat`.

    Args:
        path: of the file; there is nothing in it that anybody could use.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def look(self) -> Mark:
        """Return what is another value after every change."""
        try:
            found = os.stat(self._path)  # noqa: PTH116  a Path costs more than the call
        except OSError:
            return None
        return found.st_size, found.st_mtime_ns, found.st_ino

    def touch(self) -> None:
        """Mark a change, if the disk takes it: others then notice it when they renew."""
        # One byte more each time: times are too coarse to tell two changes apart.
        with contextlib.suppress(OSError), self._path.open("ab") as file:
            file.write(b".")
