"""The desktop's own dialog in which a folder is chosen.

On Linux that is the portal's, which every desktop brings (org.freedesktop.portal.FileChooser of
xdg-desktop-portal), else that of a small program. No text of ours ever passes through a shell.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.file_urls import path_of
from zoomsync_agent.desktop import system_programs
from zoomsync_agent.desktop.bus import SESSION, Bus, BusError, Waker

if TYPE_CHECKING:
    from jeepney import Message  # type: ignore[import-untyped]

TIMEOUT_SECONDS: Final = 600.0
"""A dialog that nobody has answered by then is closed."""
_SERVICE: Final = "org.freedesktop.portal.Desktop"
_OBJECT: Final = "/org/freedesktop/portal/desktop"
_CHOOSER: Final = "org.freedesktop.portal.FileChooser"
_REQUEST: Final = "org.freedesktop.portal.Request"
_OPENING_SECONDS: Final = 60.0
"""So long the portal may take to open its dialog; the first one of a session starts a program."""
_WITH_FOLDERS: Final = 3
"""Since this version of the portal folders can be chosen."""
_CHOSEN: Final = 0
_CANCELLED: Final = 1
_NONE: Final = "no dialog for folders can be opened here"
_OF_MACOS: Final = """
on run argv
    set asked to POSIX file (item 2 of argv)
    return POSIX path of (choose folder with prompt (item 1 of argv) default location asked)
end run
"""
_CANCELLED_ON_MACOS: Final = "-128"
_OF_WINDOWS: Final = """
[Console]::OutputEncoding = [Text.Encoding]::UTF8
Add-Type -AssemblyName System.Windows.Forms
$dialog = New-Object System.Windows.Forms.FolderBrowserDialog
$dialog.Description = $env:ZOOMSYNC_DIALOG_TITLE
$dialog.SelectedPath = $env:ZOOMSYNC_DIALOG_START
$owner = New-Object System.Windows.Forms.Form -Property @{TopMost = $true}
if ($dialog.ShowDialog($owner) -eq 'OK') { [Console]::Out.Write($dialog.SelectedPath) }
"""


class _NoPortal(Exception):
    """There is no portal that could ask."""


def choose(
    title: str,
    start: Path,
    *,
    timeout: float = TIMEOUT_SECONDS,
    environ: Mapping[str, str] | None = None,
    platform: str = sys.platform,
) -> Path | None:
    """Let the user choose a folder; return None where they choose none.

    Args:
        title: what is asked.
        start: the folder that is shown at first, or the nearest one above it that is there.
        timeout: after so many seconds without an answer the dialog is closed.
        environ: tells the desktop.
        platform: the system.

    Raises:
        NotAllowed: no dialog can be opened here, or what was chosen is no folder of this computer.
    """
    environ = os.environ if environ is None else environ
    there = _nearest(start)
    if platform == "darwin":
        return _of_macos(title, there, timeout)
    if platform == "win32":
        return _of_windows(title, there, timeout, environ)
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        raise NotAllowed(_NONE)
    try:
        return _of_portal(title, there, timeout, environ)
    except _NoPortal:
        return _of_program(title, there, timeout, environ)


def _nearest(start: Path) -> Path:
    """Return the folder itself, or the nearest one above it that is there."""
    for one in (start, *start.parents):
        with contextlib.suppress(OSError):
            if one.is_dir():
                return one
    return Path.home()


# --- the portal --------------------------------------------------------------------------------


def _of_portal(title: str, start: Path, timeout: float, environ: Mapping[str, str]) -> Path | None:
    try:
        with Bus(environ.get("DBUS_SESSION_BUS_ADDRESS") or SESSION) as bus:
            version = bus.property_of(_SERVICE, _OBJECT, _CHOOSER, "version")
            if not isinstance(version, int) or version < _WITH_FOLDERS:
                raise _NoPortal
            return _ask_portal(bus, bus.owner_of(_SERVICE), title, start, timeout)
    except (BusError, TimeoutError) as exc:
        raise _NoPortal from exc


def _ask_portal(bus: Bus, owner: str, title: str, start: Path, timeout: float) -> Path | None:
    """Ask; only what *owner*, the portal, sends is an answer."""
    from jeepney import DBusAddress, MatchRule, new_method_call  # noqa: PLC0415  20 ms

    # Before the question: the answer may be quicker than ours to what it is called.
    bus.subscribe(MatchRule(type="signal", interface=_REQUEST, member="Response"))
    options = {
        "directory": ("b", True),
        "modal": ("b", True),
        "current_folder": ("ay", os.fsencode(start) + b"\0"),
    }
    chooser = DBusAddress(_OBJECT, _SERVICE, _CHOOSER)
    question = new_method_call(chooser, "OpenFile", "ssa{sv}", ("", title, options))
    try:
        told = bus.ask(question, seconds=min(timeout, _OPENING_SECONDS))
    except TimeoutError as exc:
        # Its dialog may be open, or open any moment: a second one beside it would be a riddle.
        raise NotAllowed("the desktop's dialog for folders does not open") from exc
    if len(told) != 1 or not isinstance(told[0], str):
        raise _NoPortal
    handle = told[0]
    answer = _answer_to(bus, owner, handle, timeout)
    if answer is None:
        with contextlib.suppress(BusError, TimeoutError):
            bus.ask(new_method_call(DBusAddress(handle, _SERVICE, _REQUEST), "Close"))
        return None
    code, results = answer.body
    if code == _CANCELLED:
        return None
    kind, uris = results.get("uris", ("as", []))
    if code != _CHOSEN or kind != "as" or len(uris) != 1:
        raise _NoPortal
    found = path_of(uris[0])
    if found is None:
        raise NotAllowed(f"{uris[0]} is no folder of this computer")
    return found


def _answer_to(bus: Bus, owner: str, handle: str, timeout: float) -> "Message | None":
    """Return the answer of the user, as *owner* tells it; None where there is none in time."""
    from jeepney import HeaderFields  # noqa: PLC0415  20 ms

    waker = Waker()
    timer = threading.Timer(timeout, waker.wake)
    timer.start()
    try:
        for signal in bus.signals(waker.socket):
            fields = signal.header.fields
            # What is sent to this connection alone arrives whatever was subscribed.
            told = (
                fields.get(HeaderFields.sender),
                fields.get(HeaderFields.path),
                fields.get(HeaderFields.interface),
                fields.get(HeaderFields.member),
                fields.get(HeaderFields.signature),
            )
            if told == (owner, handle, _REQUEST, "Response", "ua{sv}"):
                return signal
        return None
    finally:
        timer.cancel()
        timer.join()
        waker.close()


# --- programs ----------------------------------------------------------------------------------


def _of_program(title: str, start: Path, timeout: float, environ: Mapping[str, str]) -> Path | None:
    zenity = ["--file-selection", "--directory", f"--title={title}", f"--filename={start}/"]
    kdialog = ["--title", title, "--getexistingdirectory", str(start)]
    known = [("zenity", zenity), ("kdialog", kdialog)]
    if "KDE" in environ.get("XDG_CURRENT_DESKTOP", ""):
        known.reverse()
    for name, arguments in known:
        program = shutil.which(name, path=environ.get("PATH"))
        if program is not None:
            done = _run([program, *arguments], timeout, environ)
            return _chosen(done, is_cancelled=done is None or done.returncode == _CANCELLED)
    raise NotAllowed(_NONE)


def _of_macos(title: str, start: Path, timeout: float) -> Path | None:
    done = _run(["osascript", "-e", _OF_MACOS, title, str(start)], timeout, os.environ)
    is_cancelled = done is None or _CANCELLED_ON_MACOS in done.stderr.decode(errors="replace")
    return _chosen(done, is_cancelled=is_cancelled)


def _of_windows(title: str, start: Path, timeout: float, environ: Mapping[str, str]) -> Path | None:
    told = {**environ, "ZOOMSYNC_DIALOG_TITLE": title, "ZOOMSYNC_DIALOG_START": str(start)}
    program = system_programs.powershell(environ)
    command = [program, "-NoProfile", "-STA", "-Command", _OF_WINDOWS]
    done = _run(command, timeout, told)
    return _chosen(done, is_cancelled=done is None or not (done.returncode or done.stdout))


def _run(
    command: list[str], timeout: float, environ: Mapping[str, str]
) -> "subprocess.CompletedProcess[bytes] | None":
    """Return what a program has answered; None where it did not in time, and was ended."""
    try:
        return subprocess.run(  # noqa: S603  the system's own programs; no shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            env=dict(environ),
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as exc:
        raise NotAllowed(f"{_NONE}: {exc.strerror or exc}") from exc


def _chosen(
    done: "subprocess.CompletedProcess[bytes] | None", *, is_cancelled: bool
) -> Path | None:
    """Return the folder that a program has printed."""
    if done is None or is_cancelled:
        return None
    path = Path(os.fsdecode(done.stdout.removesuffix(b"\n").removesuffix(b"\r")))
    if done.returncode or not path.is_absolute():
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise NotAllowed(f"{_NONE}: {told[-1] if told else done.returncode}")
    return path
