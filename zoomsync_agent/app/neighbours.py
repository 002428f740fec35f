"""What the other profiles of this user still need of the recordings folder.

All profiles have the same folder unless somebody chooses another one, so an original that is safe
for one of them may be the only copy for the next.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.desktop.paths import HOME_VARIABLE, PROFILE_VARIABLE, USUAL, Home, homes
from zoomsync_agent.engine.originals import Claims
from zoomsync_agent.ports import FileRecord
from zoomsync_agent.settings import Settings, load
from zoomsync_agent.settings.model import BY_ENV

_BUSY_SECONDS: Final = 5.0


@contextlib.contextmanager
def claims_beside(home: Home) -> Iterator[Claims]:
    """Give what tells for which other profile a file has to stay, and why.

    Args:
        home: whose own claims do not count.
    """
    with contextlib.ExitStack() as opened:
        root = {HOME_VARIABLE: str(home.root)} if home.root is not None else {}
        there = homes({**os.environ, **root})
        others = [_Neighbour(one, opened) for one in there if one.profile != home.profile]
        used = [one for one in others if one.is_used]

        def claim(file: FileRecord) -> str | None:
            return next((why for one in used if (why := one.claim(file)) is not None), None)

        yield claim


def shares(one: Path, other: Path) -> bool:
    """Return whether two folders are one, or one of them lies in the other."""
    return _lies_in(one, other) or _lies_in(other, one)


def _lies_in(path: Path, folder: Path) -> bool:
    return _real(path).is_relative_to(_real(folder))


def _real(path: Path) -> Path:
    return Path(os.path.normcase(os.path.realpath(path)))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a profile's settings say, as far as it matters here."""

    recordings: frozenset[Path]
    archives: frozenset[Path]
    destinations: frozenset[str]


class _Neighbour:
    """One other profile.

    Args:
        home: its own.
        opened: closes its database.
    """

    def __init__(self, home: Home, opened: contextlib.ExitStack) -> None:
        self._home = home
        self._name = f"“{home.profile or USUAL}”"
        self._opened = opened
        self._queue: sqlite3.Connection | None = None
        try:
            self._chosen: _Chosen | None = _chosen_of(home)
        except AgentError:
            self._chosen = None

    @property
    def is_used(self) -> bool:
        """Whether anybody has ever set it up, or let it work."""
        try:
            if self._home.config_file.exists() or self._home.env_file.exists():
                return True
        except OSError:
            return True  # somebody has, who lets nobody look
        return self._asked("SELECT 1 FROM files LIMIT 1") is not False

    def claim(self, file: FileRecord) -> str | None:
        """Return why a file has to stay for this profile; None where it need not."""
        if self._chosen is None:
            return f"the settings of the profile {self._name} cannot be read"
        real = _real(file.path)
        if any(real.is_relative_to(archive) for archive in self._chosen.archives):
            return f"it lies in the archive of the profile {self._name}"
        if not any(real.is_relative_to(folder) for folder in self._chosen.recordings):
            return None
        has_it = self._asked(
            "SELECT 1 FROM objects WHERE sha256 = ? AND verified_at IS NOT NULL "
            "AND destination IN (SELECT value FROM json_each(?))",
            file.sha256 or "",
            json.dumps(sorted(self._chosen.destinations)),
        )
        if has_it is None:
            return f"the database of the profile {self._name} cannot be read"
        return None if has_it else f"the profile {self._name} has not brought it home yet"

    def _asked(self, sql: str, *parameters: str) -> bool | None:
        """Return whether its queue has such a row; None where it cannot be read."""
        try:
            if self._queue is None:
                if not self._home.store_file.exists():
                    return False
                # Only to read: what is wrong with it is for its own agent to mend.
                address = f"{self._home.store_file.as_uri()}?mode=ro"
                self._queue = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)
                self._opened.callback(self._queue.close)
            return self._queue.execute(sql, parameters).fetchone() is not None
        except (sqlite3.Error, OSError):
            return None


def _chosen_of(home: Home) -> _Chosen:
    """Return what a profile works with: with the variables of this environment, and without them.

    Raises:
        AgentError: its settings cannot be read.
    """
    environ = {**os.environ, PROFILE_VARIABLE: home.profile}
    plain = {name: value for name, value in environ.items() if name.upper() not in BY_ENV}
    found: list[Settings] = [load(home, one, cwd=home.config) for one in (environ, plain)]
    return _Chosen(
        frozenset(_real(one.recordings_path) for one in found),
        frozenset(_real(one.archive_path) for one in found),
        frozenset(one.destination for one in found),
    )
