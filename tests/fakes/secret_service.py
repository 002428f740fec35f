"""A real Secret Service: a D-Bus session with a GNOME Keyring of its own, unlocked.

Where the programs are not installed the tests that need them are skipped, which is a failure in CI.
"""

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest

_PROGRAMS: Final = ("dbus-run-session", "gnome-keyring-daemon")
_WAIT_SECONDS: Final = 30.0
# It lives as long as its standard input is open, so nothing stays should the tests be killed.
_SESSION: Final = """
printf throw-away | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null &
keyring=$!
printf '%s\\n' "$DBUS_SESSION_BUS_ADDRESS"
cat >/dev/null
kill "$keyring"
wait "$keyring"
"""
_FOLDERS: Final = {
    "XDG_RUNTIME_DIR": "run",
    "XDG_DATA_HOME": "data",
    "XDG_CONFIG_HOME": "config",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "state",
}


class SecretService:
    """Somebody's desktop session, as far as secrets go; a context manager.

    Args:
        place: the folder that holds all of it; a short path, because sockets lie in it.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._process: subprocess.Popen[str] | None = None
        self._address = ""

    @property
    def variables(self) -> dict[str, str]:
        """What makes a process one of this session."""
        return self._folders | {"DBUS_SESSION_BUS_ADDRESS": self._address}

    @property
    def file(self) -> Path:
        """Where the keyring keeps what it holds, encrypted."""
        return self._place / "data" / "keyrings" / "login.keyring"

    def entries(self) -> dict[str, str]:
        """Return every secret of every collection by the name of its entry."""
        from secretstorage import get_all_collections

        with self._connected() as bus:
            items = [item for one in get_all_collections(bus) for item in one.get_all_items()]
            return {one.get_attributes()["username"]: one.get_secret().decode() for one in items}

    def text(self) -> str:
        """Return all secrets in a row; one that was kept in parts stands there whole."""
        entries = self.entries()
        return "".join(entries[name] for name in sorted(entries, key=lambda one: (len(one), one)))

    def __enter__(self) -> Self:
        for program in _PROGRAMS:
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed")
        for folder in self._folders.values():
            Path(folder).mkdir(mode=0o700, parents=True)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._place)} | self._folders
        with (self._place / "session.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["dbus-run-session", "--", "sh", "-c", _SESSION],  # noqa: S607  found above
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                text=True,
            )
        try:
            self._wait(self._process)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def _folders(self) -> dict[str, str]:
        return {name: str(self._place / folder) for name, folder in _FOLDERS.items()}

    def _wait(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self._address = process.stdout.readline().strip()
        deadline = time.monotonic() + _WAIT_SECONDS
        while not (self._address and self._is_ready()):
            if time.monotonic() > deadline or process.poll() is not None:
                said = (self._place / "session.log").read_text(errors="replace")
                raise RuntimeError(f"the Secret Service did not start:\n{said}")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        """Whether the keyring is there and open; nobody but ours is started by the question."""
        from jeepney import message_bus  # type: ignore[import-untyped]
        from secretstorage import Collection
        from secretstorage.exceptions import ItemNotFoundException

        with self._connected() as bus:
            question = message_bus.NameHasOwner("org.freedesktop.secrets")
            if not bus.send_and_get_reply(question).body[0]:
                return False
            try:
                return not Collection(bus).is_locked()
            except ItemNotFoundException:
                return False

    def _connected(self) -> contextlib.closing[Any]:
        from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

        return contextlib.closing(open_dbus_connection(self._address))

    def _end(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=_WAIT_SECONDS)
            self._process = None
