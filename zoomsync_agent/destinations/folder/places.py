"""Where files lie in a folder that is an archive."""

import sys
from pathlib import Path, PurePosixPath
from typing import Final

from zoomsync_agent.core.errors import NameRefused
from zoomsync_agent.core.file_urls import path_of
from zoomsync_agent.core.recording import ObjectKey, Receipt

_LONG: Final = 240
"""Windows opens no longer paths by their plain names (MAX_PATH, with room)."""
_AS_IT_IS: Final = "\\\\?\\"
_SHARE: Final = "\\\\"


def path_in(root: Path, key: ObjectKey) -> Path:
    """Return the file of *key*, in a form in which the system opens it.

    Raises:
        NameRefused: it would lie outside.
    """
    parts = PurePosixPath(key).parts
    if not parts or key.startswith("/") or ".." in parts:
        raise NameRefused(f"not a name inside the archive: {key}")
    return openable(root.joinpath(*parts))


def openable(path: Path, *, platform: str = sys.platform) -> Path:
    """Return a path in a form in which the system opens it, however long it is.

    Args:
        path: an absolute path.
        platform: as in `sys.platform`.
    """
    text = str(path)
    if platform != "win32" or len(text) <= _LONG or text.startswith(_AS_IT_IS):
        return path
    if text.startswith(_SHARE):
        return Path(f"{_AS_IT_IS}UNC\\{text.removeprefix(_SHARE)}")
    return Path(f"{_AS_IT_IS}{text}")


def paths_of(root: Path, receipt: Receipt) -> list[Path]:
    """Return where the file of a receipt may lie: in *root*, and in the archive of that time."""
    here = path_in(root, receipt.key)
    if receipt.url.startswith(root.as_uri() + "/"):
        return [here]
    elsewhere = path_of(receipt.url)
    return [here] if elsewhere is None else [here, openable(elsewhere)]


def size_of(path: Path) -> int | None:
    """Return the size of a file; None where there is none.

    Raises:
        OSError: it cannot be told.
    """
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
