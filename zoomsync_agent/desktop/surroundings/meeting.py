"""Whether a Zoom meeting runs: Zoom starts a helper of its own for each meeting."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Final

_HELPERS: Final = {
    "win32": frozenset({"cpthost.exe"}),
    "darwin": frozenset({"cpthost"}),
    # Shipped with the client for Linux; the names in /proc end after 15 characters.
    "linux": frozenset({"aomhost", "cpthost"}),
}


def in_meeting() -> bool | None:
    """Return whether a meeting runs on this computer; None where processes cannot be listed.

    It says nothing of meetings in a browser.
    """
    helpers = _HELPERS.get(sys.platform, _HELPERS["linux"])
    try:
        return is_among(helpers, _of_linux() if sys.platform == "linux" else _of_others())
    except OSError:
        return None


def is_among(helpers: frozenset[str], names: Iterable[str]) -> bool:
    """Return whether one of *helpers* is among the *names* of processes, in whatever case."""
    return any(name.lower() in helpers for name in names)


def _of_linux(processes: str = "/proc") -> Iterator[str]:
    """Yield the names of all processes; psutil costs ten times as much."""
    for entry in os.listdir(processes):  # noqa: PTH208  a Path for each costs more than all else
        if not entry.isdecimal():
            continue
        try:
            comm = os.open(f"{processes}/{entry}/comm", os.O_RDONLY)
        except OSError:  # it has ended meanwhile
            continue
        try:
            yield os.read(comm, 64).rstrip(b"\n").decode("utf-8", "replace")
        except OSError:
            continue
        finally:
            os.close(comm)


def _of_others() -> Iterator[str]:
    import psutil  # noqa: PLC0415  15 ms

    try:
        for process in psutil.process_iter(["name"]):
            yield process.info["name"] or ""
    except psutil.Error as exc:
        raise OSError(str(exc)) from exc
