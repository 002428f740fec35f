"""The small JSON file beside each file of an archive folder: what it is, in the row's own words."""

import contextlib
import hashlib
import json
import os
import stat
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from zoomsync_agent.durable import flush_folder, make_durable

SUFFIX = ".json"


class Descriptions:
    """Writes and reads what lies beside files; to be shared by all uploaders."""

    def __init__(self) -> None:
        # Two uploaders may tell of one recording at once: its own job and that of its chat.
        self._writing = threading.Lock()

    def write(self, path: Path, described: Mapping[str, Any]) -> None:
        """Describe the file at *path*, if it is there; older never replaces newer."""
        with self._writing:
            try:
                mode = stat.S_IMODE(path.stat().st_mode)
            except FileNotFoundError:
                return
            there = read(path)
            if there == described or _is_newer(there, described):
                return
            _replace(sidecar(path), described, mode)


def sidecar(path: Path) -> Path:
    """Return where the description of *path* lies."""
    return path.with_name(path.name + SUFFIX)


def read(path: Path) -> dict[str, Any]:
    """Return what lies beside *path*; empty where that is nothing, or nothing readable."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        loaded = json.loads(sidecar(path).read_text("utf-8"))
        if isinstance(loaded, dict):
            return loaded
    return {}


def _replace(target: Path, described: Mapping[str, Any], mode: int) -> None:
    text = json.dumps(described, ensure_ascii=False, indent=2) + "\n"
    # A name that the next try uses too, so that a crash leaves nothing for ever.
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()
    partial = target.with_name(f".{digest[:32]}{SUFFIX}.partial")
    with partial.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        if sys.platform != "win32":
            # It holds what was said in the meeting: as private as the recording itself.
            with contextlib.suppress(OSError):
                os.fchmod(file.fileno(), mode | 0o600)
        file.write(text)
        file.flush()
        make_durable(file.fileno())
    partial.replace(target)
    flush_folder(target.parent)


def _is_newer(there: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    try:
        return datetime.fromisoformat(there["updated_at"]) > datetime.fromisoformat(
            new["updated_at"]
        )
    except (KeyError, TypeError, ValueError):
        return False  # texts have no time, and what cannot be read is replaced
