"""Starts the agent at login: an entry of the desktop, a launch agent, or a value of the registry.

Each home has an entry of its own, and the entry names the very program that wrote it. Nothing is
started or ended by writing or removing one.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.desktop.login_entries import (
    DesktopEntry,
    Entry,
    LaunchAgent,
    RunValue,
    system_registry,
)
from zoomsync_agent.desktop.paths import APP_NAME, Home, user_home

_TITLE: Final = "zoomsync"


@dataclass(frozen=True, slots=True)
class AtLogin:
    """How it stands with the start at login.

    `problem` says what is wrong with the entry, as a sentence; empty where nothing is.
    """

    is_on: bool
    place: str
    problem: str = ""


class Autostart:
    """The start of one home's agent at login.

    Args:
        home: whose agent.
        entry: where the system keeps it; this system's by default.
        command: what is started; this program by default.
    """

    def __init__(
        self, home: Home, *, entry: Entry | None = None, command: Sequence[str] | None = None
    ) -> None:
        self._entry = entry or entry_of(home)
        self._command = list(command or command_of(home))

    def status(self) -> AtLogin:
        """Return how it stands.

        Raises:
            NotAllowed: it cannot be found out.
        """
        try:
            found = self._entry.read()
        except OSError as exc:
            raise NotAllowed(f"{self._entry.place}: {exc.strerror or exc}") from exc
        return AtLogin(found is not None, self._entry.place, self._problem(found))

    def set(self, *, wanted: bool) -> None:
        """Start the agent at login, or do not; an entry that is wrong is written anew.

        Raises:
            NotAllowed: it cannot be written, or the system cannot start this program.
        """
        try:
            if wanted:
                self._entry.write(self._command)
            else:
                self._entry.remove()
        except (OSError, ValueError) as exc:
            told = exc.strerror if isinstance(exc, OSError) else None
            raise NotAllowed(f"{self._entry.place}: {told or exc}") from exc

    def _problem(self, found: list[str] | None) -> str:
        if found is None or found == self._command:
            return ""
        if not found:
            return "The entry is damaged, so nothing is started at login."
        if not os.path.isfile(found[0]):  # noqa: PTH113  False where `Path` would raise
            return f"The program that is started at login is not there any more: {found[0]}"
        return f"Another program, or another version of it, is started at login: {found[0]}"


# --- what is started ---------------------------------------------------------------------------


def command_of(
    home: Home,
    *,
    environ: Mapping[str, str] | None = None,
    executable: str = sys.executable,
    platform: str = sys.platform,
    is_frozen: bool | None = None,
) -> list[str]:
    """Return the command that starts the agent of *home* at login, with this very program.

    See `program_of` for the arguments.
    """
    program = program_of(
        home,
        environ=environ,
        executable=executable,
        platform=platform,
        is_frozen=is_frozen,
        has_console=False,
    )
    return [*program, "run", "--at-login"]


def program_of(
    home: Home,
    *,
    environ: Mapping[str, str] | None = None,
    executable: str = sys.executable,
    platform: str = sys.platform,
    is_frozen: bool | None = None,
    has_console: bool = True,
) -> list[str]:
    """Return how this very program is called for *home*, up to the command.

    Args:
        home: whose agent.
        environ: tells the home, and the file of a program that is mounted to be run.
        executable: the interpreter, or the program where it is a bundle.
        platform: the system.
        is_frozen: whether the program is a bundle; this one's by default.
        has_console: whether it is to have one, where there are programs with and without.
    """
    environ = os.environ if environ is None else environ
    frozen = bool(getattr(sys, "frozen", False)) if is_frozen is None else is_frozen
    program = _program(environ, executable, platform, is_frozen=frozen, has_console=has_console)
    if home.root is not None:
        program += ["--home", str(home.root)]
    if home.profile:
        program += ["--profile", home.profile]
    return program


def _program(
    environ: Mapping[str, str],
    executable: str,
    platform: str,
    *,
    is_frozen: bool,
    has_console: bool,
) -> list[str]:
    here = Path(executable)
    if is_frozen and platform == "win32":
        # A bundle has two programs: one that can be read, and one that opens no console.
        other = here.with_name(f"{APP_NAME}.exe" if has_console else f"{APP_NAME}w.exe")
        return [str(other) if other.is_file() else executable]
    if is_frozen:
        return [environ.get("APPIMAGE") or executable]
    if platform == "win32":
        windowless = here.with_name("pythonw.exe")  # the other one opens a console
        return [str(windowless if windowless.is_file() else here), "-m", "zoomsync_agent"]
    script = here.with_name(APP_NAME)
    return [str(script)] if script.is_file() else [executable, "-m", "zoomsync_agent"]


def entry_of(
    home: Home, *, environ: Mapping[str, str] | None = None, platform: str = sys.platform
) -> Entry:
    """Return where this system keeps the entry of *home*."""
    environ = os.environ if environ is None else environ
    if platform == "win32":
        return RunValue(home.service_name, system_registry())
    if platform == "darwin":
        label = f"org.{APP_NAME}.{home.service_name}"
        return LaunchAgent(user_home(environ) / "Library" / "LaunchAgents" / f"{label}.plist")
    told = environ.get("XDG_CONFIG_HOME", "")
    config = Path(told) if told.startswith("/") else user_home(environ) / ".config"
    title = f"{_TITLE} ({home.profile})" if home.profile else _TITLE
    return DesktopEntry(config / "autostart" / f"{home.service_name}.desktop", title)
