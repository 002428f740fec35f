"""One agent per home.

The lock is the operating system's own, so it is gone when its holder is, however that ended. Beside
it lies a small file that says who holds the lock; it counts for nothing while the lock is free.
"""

import contextlib
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from filelock import FileLock, Timeout

from zoomsync_agent.core.errors import AlreadyRunning, FolderInvalid
from zoomsync_agent.desktop.paths import Home

GRACE_SECONDS: Final = 0.5
"""`holder` must take the lock for an instant to learn that it is free; an agent that starts at this
very moment waits that long before it believes in another agent."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who owns a home. Only what is known is filled in; `started_at` is in epoch seconds."""

    pid: int | None = None
    started_at: float | None = None
    command: str = ""
    port: int | None = None
    url: str = ""

    def __str__(self) -> str:
        """Say who it is, as in ``process 4711 since 2026-11-23 09:15:00``."""
        if self.pid is None:
            return "another process"
        if self.started_at is None:
            return f"process {self.pid}"
        since = datetime.fromtimestamp(self.started_at, UTC).astimezone()
        return f"process {self.pid} since {since:%Y-%m-%d %H:%M:%S}"


class InstanceLock:
    """The right to be the agent of a home.

    Usable as a context manager. May be released from another thread than the one that acquired it.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = _lock(home)
        self._holder: Holder | None = None

    def acquire(self) -> Self:
        """Take the lock and say who took it.

        Raises:
            AlreadyRunning: another agent holds it; the detail names its process and since when.
            FolderInvalid: there can be no lock in this home.
        """
        self._home.ensure()
        try:
            self._lock.acquire(timeout=GRACE_SECONDS, poll_interval=0.02)
        except Timeout as exc:
            raise AlreadyRunning(f"{_read(self._home)} owns {self._home.data}") from exc
        except (OSError, NotImplementedError) as exc:
            raise FolderInvalid(f"{self._home.lock_file} cannot be locked: {exc}") from exc
        self.announce(pid=os.getpid(), started_at=time.time(), command=_command())
        return self

    def announce(self, **info: Any) -> None:
        """Add to what others learn about the holder, such as ``port`` and ``url``.

        A file that cannot be written costs others that knowledge, and nothing else.

        Raises:
            TypeError: *info* has a field that `Holder` does not know.
            RuntimeError: the lock is not held.
        """
        if not self._lock.is_locked:
            raise RuntimeError("only the holder of the lock can announce")
        self._holder = replace(self._holder or Holder(), **info)
        with contextlib.suppress(OSError):
            _write(_info_file(self._home), self._holder)

    def release(self) -> None:
        """Give the lock back; without effect if it is not held."""
        if self._lock.is_locked:
            # First the file: afterwards it could already be the next holder's.
            with contextlib.suppress(OSError):
                _info_file(self._home).unlink(missing_ok=True)
            self._lock.release(force=True)
            self._holder = None

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def holder(home: Home) -> Holder | None:
    """Return who holds the lock of *home*, or None if it is free, whatever the file says.

    The holder is known by no more than its existence while it has not yet said who it is.

    Raises:
        FolderInvalid: the lock cannot be looked at.
    """
    if not home.lock_file.exists():
        return None
    probe = _lock(home)
    try:
        probe.acquire(blocking=False)
    except Timeout:
        return _read(home)
    except (OSError, NotImplementedError) as exc:
        raise FolderInvalid(f"{home.lock_file} cannot be looked at: {exc}") from exc
    probe.release(force=True)
    return None


def _lock(home: Home) -> FileLock:
    return FileLock(home.lock_file, mode=0o600, thread_local=False)


def _info_file(home: Home) -> Path:
    return home.lock_file.with_name(home.lock_file.name + ".json")


def _command() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _write(path: Path, info: Holder) -> None:
    text = json.dumps(
        {
            "pid": info.pid,
            "started_at": info.started_at,
            "command": info.command,
            "port": info.port,
            "url": info.url,
        }
    )
    descriptor, name = tempfile.mkstemp(prefix=path.name, suffix=".tmp", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _read(home: Home) -> Holder:
    """Return what the file tells; an empty `Holder` if it was left behind by a dead process."""
    import psutil  # noqa: PLC0415 - 15 ms that are only due when somebody holds the lock

    try:
        told = json.loads(_info_file(home).read_text(encoding="utf-8"))
        found = Holder(
            pid=int(told["pid"]),
            started_at=float(told["started_at"]),
            command=str(told.get("command", "")),
            port=None if told.get("port") is None else int(told["port"]),
            url=str(told.get("url", "")),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Holder()
    return found if found.pid is not None and psutil.pid_exists(found.pid) else Holder()
