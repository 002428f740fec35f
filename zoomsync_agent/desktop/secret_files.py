"""Secrets in files, for a machine on which nobody unlocks a keyring.

A folder that the environment names is used instead of the keyring: one file for each secret, in a
folder of its own for each home and profile. Whatever others could read or exchange is refused.
"""

import contextlib
import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from zoomsync_agent.core.errors import SecretsUnavailable
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.secrets import KeyringSecrets
from zoomsync_agent.durable import NEW_SUFFIX, flush_folder, replace_file
from zoomsync_agent.ports import SecretStore

VARIABLE: Final = "ZOOMSYNC_SECRETS_DIR"
"""Names the folder; without it secrets are in the keyring."""
_OTHERS: Final = 0o077
_MOST_BYTES: Final = 4 << 20
_LEFT_SECONDS: Final = 60.0
"""Nobody writes one secret for so long."""


def secret_store(home: Home, environ: Mapping[str, str] | None = None) -> SecretStore:
    """Return where the secrets of *home* are kept: files where the environment says so.

    Args:
        home: whose secrets.
        environ: the environment variables.
    """
    told = (os.environ if environ is None else environ).get(VARIABLE, "").strip()
    return FileSecrets(Path(told), home.service_name) if told else KeyringSecrets(home.service_name)


class FileSecrets:
    """`SecretStore` in a folder that belongs to its user alone.

    On Windows, which has no modes, the folder is as private as its owner has made it.

    Args:
        folder: the folder for all homes, an absolute path; made if it is not there.
        name: of the folder in it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._top = folder
        self._folder = folder / name

    def get(self, name: str) -> str | None:
        """Return the secret, or None if there is none.

        Raises:
            SecretsUnavailable: it cannot be read, or others could read or exchange it.
        """
        with self._naming_errors():
            if not self._is_there():
                return None
            path = self._path(name)
            wanted = os.O_RDONLY
            if sys.platform == "win32":
                wanted |= os.O_BINARY | os.O_NOINHERIT
            else:
                wanted |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            try:
                descriptor = os.open(path, wanted)
            except FileNotFoundError:
                return None
            with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123  it is open already
                _expect_private(path, os.fstat(descriptor), is_folder=False)
                data = file.read(_MOST_BYTES)
            return data.decode("utf-8")

    def set(self, name: str, value: str) -> None:
        """Keep the secret; when this returns it is durable.

        Raises:
            SecretsUnavailable: it could not be kept; what was there before still is.
        """
        with self._naming_errors():
            data = value.encode("utf-8")
            if len(data) > _MOST_BYTES:
                raise SecretsUnavailable("The secret is too long for a file.")
            self._make()
            self._clear()
            path = self._path(name)
            replace_file(path, data)
            flush_folder(self._folder)

    def delete(self, name: str) -> None:
        """Forget the secret, should there be one.

        Raises:
            SecretsUnavailable: the folder cannot be written.
        """
        with self._naming_errors():
            if self._is_there():
                self._clear()
                self._path(name).unlink(missing_ok=True)
                flush_folder(self._folder)

    def _clear(self) -> None:
        """Remove what a process left behind that was killed while it wrote."""
        for left in self._folder.glob(f".*{NEW_SUFFIX}"):
            with contextlib.suppress(OSError):
                if time.time() - left.lstat().st_mtime > _LEFT_SECONDS:
                    left.unlink()

    def _path(self, name: str) -> Path:
        file = quote(name, safe="").replace(".", "%2E")
        if not file:
            raise SecretsUnavailable("A secret has a name.")
        return self._folder / file

    def _is_there(self) -> bool:
        """Return whether there is a folder, which is private then."""
        if not self._top.is_absolute():
            raise SecretsUnavailable(f"{VARIABLE} is no absolute path: {self._top}")
        for folder in (self._top, self._folder):
            try:
                found = folder.lstat()
            except FileNotFoundError:
                return False
            _expect_private(folder, found, is_folder=True)
        return True

    def _make(self) -> None:
        if self._is_there():
            return
        for folder in (self._top, self._folder):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                flush_folder(folder.parent)
        self._is_there()

    @contextlib.contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except UnicodeError as exc:
            raise SecretsUnavailable(f"A file in {self._folder} is no text.") from exc
        except OSError as exc:
            raise SecretsUnavailable(f"{self._folder}: {exc.strerror or exc}") from exc


def _expect_private(path: Path, found: os.stat_result, *, is_folder: bool) -> None:
    """Refuse what is a link, belongs to somebody else, or is open to others.

    Raises:
        SecretsUnavailable: it is.
    """
    is_right = stat.S_ISDIR(found.st_mode) if is_folder else stat.S_ISREG(found.st_mode)
    if not is_right or (not is_folder and found.st_nlink != 1):
        kind = "folder" if is_folder else "file of its own"
        raise SecretsUnavailable(f"{path} is no {kind}, or a link; secrets are not kept there.")
    if sys.platform == "win32":
        return
    if found.st_uid != os.geteuid():
        raise SecretsUnavailable(f"{path} belongs to somebody else; secrets are not kept there.")
    if found.st_mode & _OTHERS:
        mode = "700" if is_folder else "600"
        raise SecretsUnavailable(f"Others may open {path}: chmod {mode} {path}")
