"""Where things live on this machine.

One variable, ``ZOOMSYNC_HOME``, moves everything that belongs to the user: settings, data, logs,
lock, archive and the name under which secrets are kept. Another, ``ZOOMSYNC_PROFILE``, selects one
of several such sets, each with a name, beside the usual one.
"""

import errno
import hashlib
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import platformdirs

from zoomsync_agent.core.errors import FolderInvalid, NotAllowed

APP_NAME: Final = "zoomsync"
HOME_VARIABLE: Final = "ZOOMSYNC_HOME"
PROFILE_VARIABLE: Final = "ZOOMSYNC_PROFILE"
USUAL: Final = "default"
"""What the profile without a name may be called."""
PRIVATE: Final = 0o700
_PROFILES: Final = "profiles"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,31}")
_DEVICES: Final = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")
"""Names that no folder can have on Windows."""


def profile_name(text: str) -> str:
    """Return the name of a profile as it is kept, in lower case; empty for the usual one.

    Raises:
        NotAllowed: no profile can be called that.
    """
    name = text.strip().lower()
    if name in ("", USUAL):
        return ""
    if _DEVICES.fullmatch(name):
        raise NotAllowed(f"“{text.strip()}” is a name that Windows keeps for itself")
    if _NAME.fullmatch(name) is None:
        raise NotAllowed(
            f"“{text.strip()}” is no name of a profile: up to 32 letters, digits, - and _"
        )
    return name


def user_home(environ: Mapping[str, str]) -> Path:
    """Return the user's home directory as *environ* tells it, else as the system does."""
    told = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    return Path(told) if told else Path.home()


def _home_root(environ: Mapping[str, str]) -> Path | None:
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
    root, profile = _home_root(environ), profile_name(environ.get(PROFILE_VARIABLE, ""))
    if root is not None:
        return _below(root, profile) / "archive"
    return user_home(environ) / (f"Zoom Archive ({profile})" if profile else "Zoom Archive")


def _below(folder: Path, profile: str) -> Path:
    """Return where in *folder* everything of a profile lies."""
    return folder / _PROFILES / profile if profile else folder


@dataclass(frozen=True, slots=True)
class Home:
    """Everything that belongs to one profile of the agent."""

    config: Path
    data: Path
    logs: Path
    service_name: str = APP_NAME
    """Under which secrets are kept in the keyring; differs for every ``ZOOMSYNC_HOME`` and profile.

    It also names the entry that starts the agent at login.
    """
    profile: str = ""
    """The profile's name; empty for the usual one."""
    root: Path | None = None
    """The ``ZOOMSYNC_HOME`` in which it lies, if any."""
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
    """Return the home and profile that *environ* selects. Nothing is created.

    Raises:
        NotAllowed: no profile can be called what ``ZOOMSYNC_PROFILE`` says.
    """
    recordings, archive = default_recordings_path(environ), default_archive_path(environ)
    root, profile = _home_root(environ), profile_name(environ.get(PROFILE_VARIABLE, ""))
    if root is None:
        dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False, roaming=False)
        return Home(
            config=_below(dirs.user_config_path, profile),
            data=_below(dirs.user_data_path, profile),
            logs=_below(dirs.user_log_path, profile),
            service_name=f"{APP_NAME}.{profile}" if profile else APP_NAME,
            profile=profile,
            default_recordings=recordings,
            default_archive=archive,
        )
    own = _below(root, profile)
    # A digest, because keyrings limit names in length and characters, and a path has neither limit.
    digest = hashlib.sha256(os.fsencode(os.path.normcase(own))).hexdigest()[:16]
    return Home(
        config=own / "config",
        data=own / "data",
        logs=own / "logs",
        service_name=f"{APP_NAME}-{digest}",
        profile=profile,
        root=root,
        default_recordings=recordings,
        default_archive=archive,
    )


def homes(environ: Mapping[str, str]) -> list[Home]:
    """Return every profile that is there, the usual one first, beside the one that is selected."""
    usual = home({**environ, PROFILE_VARIABLE: ""})
    place = (usual.root or usual.config) / _PROFILES
    names = {home(environ).profile}
    try:
        found = [one.name for one in place.iterdir() if one.is_dir()]
    except OSError:
        found = []
    for name in found:
        try:
            known = profile_name(name)
        except NotAllowed:
            continue  # whatever it is, it was not made here
        if known == name:
            names.add(known)
    return [usual, *(home({**environ, PROFILE_VARIABLE: one}) for one in sorted(names - {""}))]


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
