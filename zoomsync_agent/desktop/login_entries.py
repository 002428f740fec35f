"""Where each system keeps what it starts at login, and in which form."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.durable import replace_file

RUN_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
"""Where Windows' own settings note which programs of `RUN_KEY` are switched off."""
_LONGEST_RUN: Final = 260
"""Windows starts no longer command line from there."""
_COMMENT: Final = "Brings every finished Zoom recording home"
_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_UNESCAPES: Final = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_QUOTED: Final = re.compile(r'(["`$\\])')
_PLAIN: Final = re.compile(r"[A-Za-z0-9_@+:,./=-]+")
_LINE: Final = re.compile(r"^([A-Za-z0-9-]+)[ \t]*=[ \t]*(.*?)[ \t]*$", re.MULTILINE)


class Registry(Protocol):
    """The part of the registry that belongs to the user. What is not there is None."""

    def get(self, key: str, name: str) -> str | bytes | None:
        """Return a value."""
        ...

    def set(self, key: str, name: str, value: str) -> None:
        """Write a value; its key is made where there is none."""
        ...

    def delete(self, key: str, name: str) -> None:
        """Remove a value, should it be there."""
        ...


class Entry(Protocol):
    """Where one system keeps what it starts at login. Raises `OSError`."""

    @property
    def place(self) -> str:
        """Where the entry is, for people."""
        ...

    def read(self) -> list[str] | None:
        """Return the command of the entry; empty where it is none, None where nothing starts."""
        ...

    def write(self, command: Sequence[str]) -> None:
        """Let *command* be started at login.

        Raises:
            NotAllowed: the system cannot start such a command.
        """
        ...

    def remove(self) -> None:
        """Let nothing be started, should there be an entry."""
        ...


# --- Linux -------------------------------------------------------------------------------------


class DesktopEntry:
    """An entry as freedesktop.org's Autostart and Desktop Entry specifications have it.

    Args:
        path: the file.
        title: what the desktop's settings call it.
    """

    def __init__(self, path: Path, title: str) -> None:
        self._path = path
        self._title = title

    @property
    def place(self) -> str:
        """The file."""
        return str(self._path)

    def read(self) -> list[str] | None:
        """Return the command, unless somebody has switched the entry off."""
        try:
            text = self._path.read_text("utf-8", "surrogateescape")
        except (FileNotFoundError, NotADirectoryError):
            return None
        found = dict(_LINE.findall(text))
        is_off = found.get("Hidden") == "true"
        if is_off or found.get("X-GNOME-Autostart-enabled") == "false":
            return None
        return exec_parsed(found.get("Exec", ""))

    def write(self, command: Sequence[str]) -> None:
        """Write the file, whole or not at all."""
        if set("=%") & set(command[0]):
            # The specification forbids the one, and GLib does not find programs with the other.
            raise NotAllowed(f"desktops start no program with “=” or “%” in its path: {command[0]}")
        text = (
            "[Desktop Entry]\n"
            "Type=Application\n"
            "Version=1.0\n"
            f"Name={self._title}\n"
            f"Comment={_COMMENT}\n"
            f"Exec={exec_line(command)}\n"
            "Terminal=false\n"
            "X-GNOME-Autostart-enabled=true\n"
        )
        _replace(self._path, text.encode("utf-8"))

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


def exec_line(command: Sequence[str]) -> str:
    """Return *command* as the value of `Exec`: quoted arguments, doubled `%`, escaped as a string.

    See https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html.
    """
    line = " ".join(map(_argument, command))
    return "".join(_ESCAPES.get(char, char) for char in line)


def _argument(text: str) -> str:
    doubled = text.replace("%", "%%")
    if _PLAIN.fullmatch(text):
        return doubled
    return '"' + _QUOTED.sub(r"\\\1", doubled) + '"'


def exec_parsed(value: str) -> list[str]:
    """Return the command that a value of `Exec` means; empty where it means none."""
    line = re.sub(
        r"\\(.)", lambda match: _UNESCAPES.get(match[1], match[0]), value, flags=re.DOTALL
    )
    found: list[str] = []
    part: str | None = None
    is_quoted = is_escaped = False
    for char in line:
        if is_escaped:
            part, is_escaped = (part or "") + char, False
        elif is_quoted and char == "\\":
            is_escaped = True
        elif char == '"':
            part, is_quoted = part or "", not is_quoted
        elif char == " " and not is_quoted:
            found += [] if part is None else [part]
            part = None
        else:
            part = (part or "") + char
    found += [] if part is None else [part]
    return [] if is_quoted else [one.replace("%%", "%") for one in found]


# --- macOS -------------------------------------------------------------------------------------


class LaunchAgent:
    """A property list that launchd reads at login; see launchd.plist(5).

    Args:
        path: the file; its name without the ending is the label.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        """The file."""
        return str(self._path)

    def read(self) -> list[str] | None:
        """Return the command, unless it is switched off."""
        import plistlib  # noqa: PLC0415  an XML parser that only a Mac needs
        from xml.parsers.expat import ExpatError  # noqa: PLC0415  the same

        try:
            found = plistlib.loads(self._path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (plistlib.InvalidFileException, ExpatError, ValueError):
            return []
        if not isinstance(found, dict):
            return []
        if found.get("Disabled") is True or not found.get("RunAtLoad"):
            return None
        command = found.get("ProgramArguments")
        if not isinstance(command, list) or not all(isinstance(one, str) for one in command):
            return []
        return command

    def write(self, command: Sequence[str]) -> None:
        """Write the file, whole or not at all."""
        import plistlib  # noqa: PLC0415  as above

        told = {
            "Label": self._path.stem,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "LimitLoadToSessionType": "Aqua",  # there is nobody to be shown anything elsewhere
        }
        _replace(self._path, plistlib.dumps(told))

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


# --- Windows -----------------------------------------------------------------------------------


class RunValue:
    """A value of the key from which Windows starts the user's programs.

    Args:
        name: of the value.
        registry: the user's.
    """

    def __init__(self, name: str, registry: Registry) -> None:
        self._name = name
        self._registry = registry

    @property
    def place(self) -> str:
        """The value."""
        return f"HKCU\\{RUN_KEY}\\{self._name}"

    def read(self) -> list[str] | None:
        """Return the command, unless somebody has switched it off in Windows' settings."""
        found = self._registry.get(RUN_KEY, self._name)
        approved = self._registry.get(APPROVED_KEY, self._name)
        if found is None or (isinstance(approved, bytes) and approved[:1] and approved[0] & 1):
            return None
        return _arguments(found) if isinstance(found, str) else []

    def write(self, command: Sequence[str]) -> None:
        """Write the value, and take back that somebody had switched it off."""
        line = subprocess.list2cmdline(command)
        if len(line) > _LONGEST_RUN:
            raise NotAllowed(
                f"Windows starts no command at login that is longer than {_LONGEST_RUN} "
                f"characters, and this one has {len(line)}: {line}"
            )
        self._registry.set(RUN_KEY, self._name, line)
        self._registry.delete(APPROVED_KEY, self._name)

    def remove(self) -> None:
        """Remove the value."""
        self._registry.delete(RUN_KEY, self._name)
        self._registry.delete(APPROVED_KEY, self._name)


def _arguments(line: str) -> list[str]:
    """Return the arguments of a command line, as Microsoft's C library reads them.

    Backslashes count only before a quotation mark: two of them are one, an odd one escapes it.
    """
    found: list[str] = []
    part: str | None = None
    is_quoted = False
    for slashes, char in re.findall(r"(\\*)([^\\]|$)", line):
        is_mark = char == '"'
        if slashes:
            kept = len(slashes) // 2 if is_mark else len(slashes)
            part = (part or "") + "\\" * kept
        if is_mark and len(slashes) % 2 == 0:
            part, is_quoted = part or "", not is_quoted
        elif char in " \t" and char and not is_quoted:
            found += [] if part is None else [part]
            part = None
        elif char:
            part = (part or "") + char
    return found + ([] if part is None else [part])


if sys.platform == "win32":

    class _SystemRegistry:
        """`Registry` over the real one."""

        def get(self, key: str, name: str) -> str | bytes | None:
            """Return a value."""
            import winreg  # noqa: PLC0415  Windows only

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                    found = winreg.QueryValueEx(opened, name)[0]
            except FileNotFoundError:
                return None
            return found if isinstance(found, (str, bytes)) else None

        def set(self, key: str, name: str, value: str) -> None:
            """Write a value."""
            import winreg  # noqa: PLC0415  Windows only

            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
                winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, value)

        def delete(self, key: str, name: str) -> None:
            """Remove a value."""
            import winreg  # noqa: PLC0415  Windows only

            try:
                access = winreg.KEY_SET_VALUE
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, access) as opened:
                    winreg.DeleteValue(opened, name)
            except FileNotFoundError:
                return

    def system_registry() -> Registry:
        """Return the registry of this user."""
        return _SystemRegistry()

else:

    def system_registry() -> Registry:
        """Refuse: only Windows has one."""
        raise NotAllowed("there is no registry on this system")


def _replace(path: Path, data: bytes) -> None:
    """Write a file that is there whole, or as it was before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data, mode=0o644)  # no file that others could write is taken
