"""What an `OSError` means to the agent, told apart by whose file it was.

Reading the source and writing the destination fail with the same errors but mean different
things, so they are two edges.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import (
    AgentError,
    DestinationDenied,
    DestinationFull,
    DestinationUnavailable,
    DiskFull,
    NameRefused,
    SourceBusy,
    SourceDamaged,
    SourceDenied,
    SourceMissing,
    SpoolUnusable,
)

_NO_PLACE: Final = {
    errno.ENOTDIR: "cannot be a folder: a part of its path is a file",
    errno.EROFS: "is read-only",
}
_SHARING_VIOLATIONS: Final = frozenset({32, 33})
"""Windows: another program has the file open or a range of it locked."""


def source_error(exc: OSError, path: Path) -> AgentError:
    """Name what went wrong while *path* was read."""
    if getattr(exc, "winerror", None) in _SHARING_VIOLATIONS:
        return SourceBusy(str(path))
    if isinstance(exc, FileNotFoundError | NotADirectoryError):
        return SourceMissing(str(path))
    if isinstance(exc, PermissionError) or exc.errno == errno.ELOOP:
        return SourceDenied(str(path))
    if exc.errno == errno.EIO:
        return SourceDamaged(f"{path}: {exc.strerror or exc}")
    return SourceBusy(f"{path}: {exc.strerror or exc}")


def destination_error(exc: OSError, root: Path) -> AgentError:
    """Name what went wrong while something below *root* was written."""
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return DestinationFull(f"no room left in {root}")
    is_shared = getattr(exc, "winerror", None) in _SHARING_VIOLATIONS  # a virus scanner reads it
    if isinstance(exc, PermissionError) and not is_shared:
        return DestinationDenied(f"{root}: {exc.strerror or exc}")
    if exc.errno in _NO_PLACE:
        return DestinationDenied(f"{root} {_NO_PLACE[exc.errno]}")
    if exc.errno == errno.EFBIG:
        return DestinationFull(f"the file system of {root} cannot hold a file of this size")
    if exc.errno in (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ):
        return NameRefused(f"{root}: {exc.strerror or exc}")
    return DestinationUnavailable(f"{root}: {exc.strerror or exc}")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn every `OSError` inside into what it says about the source."""
    try:
        yield
    except OSError as exc:
        raise source_error(exc, path) from exc


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Turn every `OSError` inside into what it says about the destination."""
    try:
        yield
    except OSError as exc:
        raise destination_error(exc, root) from exc


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """Turn every `OSError` inside into what it says about a folder of the agent's own."""
    try:
        yield
    except AgentError:
        raise
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"no room left in {folder}") from exc
        raise SpoolUnusable(f"{folder}: {exc.strerror or exc}") from exc
