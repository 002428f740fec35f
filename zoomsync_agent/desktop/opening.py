"""Opens folders in the desktop's file manager."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.desktop import system_programs

_PROGRAMS: Final = ("xdg-open", "gio")


def show(path: Path) -> None:
    """Open the folder that holds *path*; the file is marked where the system can do that.

    Raises:
        NotAllowed: there is no file manager.
    """
    _start(command_for(path), f"there is no file manager here; it lies in {path.parent}")


def show_folder(folder: Path) -> None:
    """Open *folder*.

    Raises:
        NotAllowed: there is no file manager.
    """
    _start(command_for_folder(folder), f"there is no file manager here; the folder is {folder}")


def _start(command: list[str] | None, why_not: str) -> None:
    if command is None:
        raise NotAllowed(why_not)
    try:
        subprocess.Popen(  # noqa: S603  the system's own program, and a path of the archive
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as exc:
        raise NotAllowed(f"{command[0]} does not start: {exc.strerror or exc}") from exc


def command_for(path: Path, *, platform: str = sys.platform) -> list[str] | None:
    """Return the program, with its arguments, that shows *path*; None where there is none."""
    if platform == "win32":
        return [system_programs.explorer(), f"/select,{path}"]
    if platform == "darwin":
        return ["open", "-R", str(path)]
    return _of_linux(path.parent)


def command_for_folder(folder: Path, *, platform: str = sys.platform) -> list[str] | None:
    """Return the program, with its arguments, that opens *folder*; None where there is none."""
    if platform == "win32":
        return [system_programs.explorer(), str(folder)]
    if platform == "darwin":
        return ["open", str(folder)]
    return _of_linux(folder)


def _of_linux(folder: Path) -> list[str] | None:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return None
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        return None
    extra = ["open"] if program.endswith("gio") else []
    return [program, *extra, str(folder)]
