"""Folders that belong to the user: where a page may look, and where not."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

_MOST: Final = 500
"""So many folders are listed of one folder."""
_ABOVE_DRIVES: Final = ("/media", "/run/media", "/mnt", "/Volumes")


def roots() -> list[Path]:
    """Return the user's own folder, and where drives appear."""
    found = [Path.home()]
    if sys.platform == "win32":
        found += [Path(drive) for drive in os.listdrives()]
    else:
        found += [Path(one) for one in _ABOVE_DRIVES]
    return [one.resolve() for one in found if _is_folder(one)]


def resolved(path: Path) -> Path | None:
    """Return *path* without links and dots; None where it is none that can be looked at."""
    try:
        return path.expanduser().resolve() if path.is_absolute() or str(path)[:1] == "~" else None
    except (OSError, RuntimeError, ValueError):
        return None


def is_within(path: Path, places: Iterable[Path]) -> bool:
    """Return whether *path*, resolved, is one of *places* or lies below one."""
    return any(path == one or path.is_relative_to(one) for one in places)


def folders_in(path: Path) -> Sequence[Path]:
    """Return the folders in *path*, by name, without hidden ones and links; none if unreadable."""
    try:
        with os.scandir(path) as found:
            names = [
                one.name
                for one in found
                if not one.name.startswith(".") and one.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return ()
    return [path / name for name in sorted(names, key=str.casefold)[:_MOST]]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
