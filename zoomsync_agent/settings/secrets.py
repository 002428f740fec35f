"""Secrets that a machine without a user is given: from the environment or an ``.env`` file.

They are no settings: ``config show`` does not know them, and nothing writes them into config.toml.
"""

import io
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from zoomsync_agent.core.errors import SettingsError
from zoomsync_agent.settings.layers import Places, read_text

SERVICE_KEY: Final = "SUPABASE_SERVICE_KEY"
DATABASE_URL: Final = "DATABASE_URL"
ZOOM_CLIENT_SECRET: Final = "ZOOM_CLIENT_SECRET"  # noqa: S105  a name, not a secret
AWS_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
SUPABASE_S3_KEYS: Final = ("SUPABASE_S3_ACCESS_KEY_ID", "SUPABASE_S3_SECRET_ACCESS_KEY")
_ALIASES: Final = {SERVICE_KEY: ("SUPABASE_SERVICE_ROLE_KEY",)}
_OTHERS: Final = stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret, and where it was read from as people are told."""

    value: str = field(repr=False)
    source: str


def secret(home: Places, environ: Mapping[str, str], name: str) -> Secret | None:
    """Return the secret that is called *name*, or None; the environment wins.

    Args:
        home: whose ``.env`` is read; that of the current folder may be another program's.
        environ: the environment variables.
        name: of the variable; an older name of the same is understood too.

    Raises:
        SettingsError: a file that holds it cannot be read, or others may read it.
    """
    names = (name, *_ALIASES.get(name, ()))
    for one in names:
        if environ.get(one, "").strip():
            return Secret(environ[one].strip(), "the environment")
    found = _values(home.env_file)
    for one in names:
        if found.get(one, "").strip():
            _expect_private(home.env_file, one)
            return Secret(found[one].strip(), str(home.env_file))
    return None


def _values(path: Path) -> dict[str, str]:
    lines = parse_stream(io.StringIO(read_text(path) or ""))
    return {line.key: line.value or "" for line in lines if line.key is not None}


def _expect_private(path: Path, name: str) -> None:
    """Refuse a file with a secret that every user of this machine may read."""
    if sys.platform != "win32" and os.stat(path).st_mode & _OTHERS:  # noqa: PTH116  follows links
        raise SettingsError(
            f"{path} holds {name}, and other users of this machine may read it: chmod 600 {path}"
        )
