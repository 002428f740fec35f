"""Where things live on this machine.

One variable, ``ZOOMSYNC_HOME``, moves everything that belongs to a profile: settings, data, logs,
lock, archive and the name under which secrets are kept. Tests and a second profile are therefore
the same feature.
"""

import errno
import hashlib
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import platformdirs

from zoomsync_agent.core.errors import FolderInvalid

APP_NAME: Final = "zoomsync"
HOME_VARIABLE: Final = "ZOOMSYNC_HOME"
PRIVATE: Final = 0o700


def user_home(environ: Mapping[str, str]) -> Path:
    """Return the user's home directory as *environ* tells it, else as the system does."""
    told = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    return Path(told) if told else Path.home()


def _profile_root(environ: Mapping[str, str]) -> Path | None:
    """Return the absolute ``ZOOMSYNC_HOME``, or None where it is unset or empty."""
    told = environ.get(HOME_VARIABLE, "").strip()
    if not told:
        return None
    if told == "~" or told.startswith(("~/", "~\\")):
        return (user_home(environ) / told[2:]).absolute()
    return Path(os.path.abspath(told))  # noqa: PTH100 - Path.absolute() would keep ".." in the name


def default_recordings_path(environ: Mapping[str, str], *, platform: str = sys.platform) -> Path:
    """Return the folder into which Zoom records unless told otherwise; it need not exist.

    On Windows the shell is asked for Documents, because OneDrive moves and translates it. Zoom for
    Linux ignores the localised Documents folder and, from a snap or flatpak, has one of its own.
    """
    candidates = recordings_candidates(environ, platform=platform)
    return next((path for path in candidates if path.is_dir()), candidates[0])


def recordings_candidates(
    environ: Mapping[str, str], *, platform: str = sys.platform
) -> tuple[Path, ...]:
    """Return the folders into which Zoom may record, the usual one first; none need exist."""
    user = user_home(environ)
    usual = user / "Documents" / "Zoom"
    if platform == "win32":
        documents = _known_documents()
        return (documents / "Zoom" if documents else usual,)
    if platform == "darwin":
        return (usual,)
    return (
        usual,
        user / "snap" / "zoom-client" / "current" / "Documents" / "Zoom",
        user / ".var" / "app" / "us.zoom.Zoom" / "Documents" / "Zoom",
        user / "Zoom",
    )


def default_archive_path(environ: Mapping[str, str]) -> Path:
    """Return the folder in which recordings are kept unless told otherwise.

    It lies in plain sight of the user and outside of Documents: it holds their recordings, not the
    agent's data, must outlive an uninstall, and must not be swept into a synchronised Documents
    folder without being asked.
    """
    root = _profile_root(environ)
    return root / "archive" if root else user_home(environ) / "Zoom Archive"


@dataclass(frozen=True, slots=True)
class Home:
    """Everything that belongs to one profile of the agent."""

    config: Path
    data: Path
    logs: Path
    service_name: str = APP_NAME
    """Under which secrets are kept in the keyring; differs for every ``ZOOMSYNC_HOME``."""
    default_recordings: Path = field(default_factory=lambda: default_recordings_path(os.environ))
    default_archive: Path = field(default_factory=lambda: default_archive_path(os.environ))

    @property
    def config_file(self) -> Path:
        """The settings that were written down."""
        return self.config / "config.toml"

    @property
    def env_file(self) -> Path:
        """Settings in the form of environment variables."""
        return self.config / ".env"

    @property
    def store_file(self) -> Path:
        """The queue and what is known of every recording file."""
        return self.data / "agent.db"

    @property
    def catalog_file(self) -> Path:
        """The catalog that needs no server."""
        return self.data / "catalog.db"

    @property
    def lock_file(self) -> Path:
        """Whoever holds it owns this home."""
        return self.data / "agent.lock"

    @property
    def log_file(self) -> Path:
        """The newest log; older ones lie beside it with a number behind."""
        return self.logs / "agent.log"

    def ensure(self) -> "Home":
        """Create the folders, readable by nobody but the user, and return self.

        Raises:
            FolderInvalid: a folder cannot be created or made private.
        """
        for folder in (self.config, self.data, self.logs):
            _make_private(folder)
        return self


def home(environ: Mapping[str, str]) -> Home:
    """Return the profile that *environ* selects. Nothing is created."""
    recordings, archive = default_recordings_path(environ), default_archive_path(environ)
    root = _profile_root(environ)
    if root is None:
        dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False, roaming=False)
        return Home(
            config=dirs.user_config_path,
            data=dirs.user_data_path,
            logs=dirs.user_log_path,
            default_recordings=recordings,
            default_archive=archive,
        )
    # A digest, because keyrings limit names in length and characters, and a path has neither limit.
    digest = hashlib.sha256(os.fsencode(os.path.normcase(root))).hexdigest()[:16]
    return Home(
        config=root / "config",
        data=root / "data",
        logs=root / "logs",
        service_name=f"{APP_NAME}-{digest}",
        default_recordings=recordings,
        default_archive=archive,
    )


def _make_private(folder: Path) -> None:
    try:
        for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
            missing.mkdir(mode=PRIVATE, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if sys.platform != "win32" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
            folder.chmod(PRIVATE)
    except OSError as exc:
        raise FolderInvalid(f"{folder}: {exc.strerror or exc}") from exc


if sys.platform == "win32":

    def _known_documents() -> Path | None:
        """Ask the shell for Documents; None if it does not tell."""
        import ctypes  # noqa: PLC0415 - only Windows pays for it
        from ctypes import wintypes  # noqa: PLC0415 - the same
        from uuid import UUID  # noqa: PLC0415 - the same

        shell, ole = ctypes.WinDLL("shell32"), ctypes.WinDLL("ole32")
        ask = shell.SHGetKnownFolderPath
        ask.argtypes = [
            ctypes.c_char_p,
            wintypes.DWORD,
            wintypes.HANDLE,
            ctypes.POINTER(ctypes.c_void_p),
        ]
        ask.restype = ctypes.c_long
        ole.CoTaskMemFree.argtypes = [ctypes.c_void_p]
        ole.CoTaskMemFree.restype = None
        documents = UUID("FDD39AD0-238F-46AF-ADB4-6C85480369C7").bytes_le
        dont_verify = 0x4000  # a redirected folder on an absent drive is still the right answer
        found = ctypes.c_void_p()
        try:
            failed = ask(documents, dont_verify, None, ctypes.byref(found))
            return None if failed or not found.value else Path(ctypes.wstring_at(found.value))
        finally:
            ole.CoTaskMemFree(found)

else:

    def _known_documents() -> Path | None:
        """Tell nothing: only Windows has known folders."""
        return None
