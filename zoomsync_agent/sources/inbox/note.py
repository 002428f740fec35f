"""The small JSON file beside a recording that was handed in: all that a lost queue has to know."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from types import UnionType
from typing import Final, Self

from zoomsync_agent.core import naming
from zoomsync_agent.core.recording import FileIdentity
from zoomsync_agent.durable import make_durable

NAME: Final = "handed-in.json"
PARTIAL: Final = ".partial"
HASH_CHARS: Final = 20
"""So much of its content's hash names the folder of a recording."""
_TYPES: Final[dict[str, type | UnionType]] = {
    "name": str,
    "title": str,
    "started_at": int | float,
    "sha256": str,
    "size": int,
    "mtime_ns": int,
}


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of a recording; `sha256` is the beginning of it where no more is known."""

    name: str
    title: str
    started_at: float
    sha256: str
    size: int
    mtime_ns: int

    @property
    def identity(self) -> FileIdentity:
        """The identity that the file had when it was handed in, and is given back."""
        return FileIdentity.within(self.size, self.mtime_ns)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return what was noted in *folder*; None where that is nothing, or nothing readable."""
        try:
            told = json.loads((folder / NAME).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(told, dict) or told.keys() != _TYPES.keys():
            return None
        if not all(isinstance(told[name], kind) for name, kind in _TYPES.items()):
            return None
        found = cls(**told)
        is_here = Path(found.name).name == found.name and naming.is_media(found.name)
        return found if is_here and found.sha256.startswith(folder.name) else None

    @classmethod
    def guess(cls, folder: Path) -> Self | None:
        """Return what the file in *folder* tells by itself; None where there is none.

        Raises:
            OSError: the folder cannot be looked at.
        """
        for path in sorted(folder.iterdir()):
            if naming.is_media(path.name):
                seen = path.stat()
                return cls(
                    name=path.name,
                    title=path.stem,
                    started_at=seen.st_mtime,
                    sha256=folder.name,
                    size=seen.st_size,
                    mtime_ns=seen.st_mtime_ns,
                )
        return None

    def write(self, folder: Path) -> None:
        """Note it in *folder*, durably but for the name, which is the caller's to flush.

        Raises:
            OSError: it cannot be written.
        """
        partial = folder.parent / f"{secrets.token_hex(8)}{PARTIAL}"
        data = json.dumps(asdict(self), ensure_ascii=False, indent=2).encode("utf-8", "replace")
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as to:
                to.write(data + b"\n")
                to.flush()
                make_durable(to.fileno())
            partial.replace(folder / NAME)
        finally:
            partial.unlink(missing_ok=True)
