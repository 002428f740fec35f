"""A keyring for child processes: a file that only the test reads, in place of the system's."""

import json
import os
from pathlib import Path
from typing import ClassVar

from keyring.backend import KeyringBackend

VARIABLE = "ZOOMSYNC_TESTS_KEYRING"


class Keyring(KeyringBackend):
    """Chosen by `PYTHON_KEYRING_BACKEND=tests.fakes.keyring_file.Keyring`."""

    priority: ClassVar[float] = 5.0

    def get_password(self, service: str, username: str) -> str | None:
        """Return an entry."""
        found = _read().get(f"{service} {username}")
        return None if found is None else str(found)

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep an entry."""
        _write({**_read(), f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        """Forget an entry."""
        _write({name: value for name, value in _read().items() if name != f"{service} {username}"})


def _path() -> Path:
    return Path(os.environ[VARIABLE])


def _read() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(_path().read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _write(entries: dict[str, str]) -> None:
    new = _path().with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(entries), "utf-8")
    new.replace(_path())
