"""Where recordings appear, and what is seen of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from zoomsync_agent.core.job import LOCAL
from zoomsync_agent.core.readiness import Verdict
from zoomsync_agent.core.recording import (
    FileIdentity,
    Kind,
    Meeting,
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One recording file as it was seen at a moment, with the decision about it.

    `source` names where recordings come from. One that is not on this computer yet lies at `path`
    once it has been fetched, and `origin` is what its source finds it by.
    """

    path: Path
    root: Path
    identity: FileIdentity
    inode: int
    kind: Kind
    meeting: Meeting
    verdict: Verdict
    part: int = 1
    participant: str | None = None
    duration_seconds: float | None = None
    source: str = LOCAL
    origin: str = ""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the store remembers of a path. A settled file needs no second look while it is equal.

    `verdict` is the last one about a file that is not settled, without the time of another look.
    """

    identity: FileIdentity
    is_settled: bool
    verdict: Verdict | None = None

    def says(self, sighting: Sighting) -> bool:
        """Return whether *sighting* tells nothing that is not remembered."""
        told = replace(sighting.verdict, recheck_seconds=None)
        return self.identity == sighting.identity and self.verdict == told


class SourceListener(Protocol):
    """Who is told what a source sees. May be called from the source's own thread only."""

    def known(self, folder: Path | None) -> Mapping[str, KnownFile]:
        """Return the files remembered in *folder* itself, or everywhere, by path."""
        ...

    def seen(self, sightings: Sequence[Sighting]) -> None:
        """Take note of files as they are now."""
        ...

    def gone(self, paths: Sequence[str]) -> None:
        """Take note that nothing lies at *paths* any more."""
        ...

    def swept(self, root: Path) -> None:
        """Take note that the whole of *root* has been looked through."""
        ...

    def root_state(self, root: Path, problem: str) -> None:
        """Take note of what keeps *root* from being read; empty when nothing does."""
        ...


class RecordingSource(Protocol):
    """A place where recordings appear.

    `start` returns at once; what is already there is reported as well as what comes. A file that
    is reported twice unchanged is harmless. Nothing that a file or folder holds ends the source.
    """

    @property
    def name(self) -> str:
        """Name of the service."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether the source still works."""
        ...

    def start(self) -> None:
        """Begin to look."""
        ...

    def stop(self, timeout: float) -> None:
        """Stop looking; return when the thread has ended or after *timeout* seconds."""
        ...

    def look_soon(self) -> None:
        """Look through everything as soon as possible."""
        ...
