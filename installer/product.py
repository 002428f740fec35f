"""What all packages have in common: names, the version from its one place, folders."""

import re
import sys
from pathlib import Path
from typing import Final

NAME: Final = "zoomsync"
PROJECT: Final = "zoomsync_agent"
SUMMARY: Final = "Brings every finished Zoom recording home"
AUTHORS: Final = "The zoomsync_agent authors"
APP_ID: Final = "org.zoomsync.zoomsync"
"""The bundle's name on macOS, and the component's in AppStream."""

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent
DIST: Final = ROOT / "dist"
WORK: Final = ROOT / "build"


class CannotBuildHere(Exception):
    """A part cannot be made on this machine; its text says why, and where it can be."""


class BuildFailed(Exception):
    """A part could not be made though everything for it is here."""


_VERSION: Final = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
_NUMBER: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def version() -> str:
    """Return the version, which stands in `zoomsync_agent/__init__.py` and nowhere else.

    Raises:
        ValueError: it does not stand there.
    """
    found = _VERSION.search((ROOT / PROJECT / "__init__.py").read_text("utf-8"))
    if found is None:
        raise ValueError("zoomsync_agent/__init__.py says no version")
    return found[1]


def version_numbers(text: str) -> tuple[int, int, int, int]:
    """Return a version as Windows wants it: four numbers.

    Raises:
        ValueError: *text* does not begin with three.
    """
    found = _NUMBER.match(text)
    if found is None:
        raise ValueError(f"{text} does not begin with three numbers")
    return int(found[1]), int(found[2]), int(found[3]), 0


def debian_version(text: str) -> str:
    """Return a version as Debian sorts it: what comes before a release sorts before it."""
    return re.sub(r"[.-]?(a|b|rc|dev)\.?(\d+)", r"~\1\2", text)


def architecture(machine: str) -> str:
    """Return how packages call the processor that the system calls *machine*."""
    return {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(
        machine.lower(), machine.lower()
    )


def system(platform: str = sys.platform) -> str:
    """Return how the names of packages call a system."""
    return {"win32": "windows", "darwin": "macos"}.get(platform, "linux")
