"""What is needed to free room on this computer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zoomsync_agent.ports.stores import FileRecord


class LocalTrash(Protocol):
    """This computer's own trash, from which its user can take things back."""

    @property
    def refusal(self) -> str:
        """Why nothing at all can be moved on this computer; empty where something may be."""
        ...

    def move(self, path: Path) -> None:
        """Move a file to the trash. It is never deleted, and nothing else is touched.

        Raises:
            TrashUnavailable: it cannot be moved; it is where it was.
            SourceMissing: nothing lies there.
        """
        ...


@dataclass(frozen=True, slots=True)
class Keepsake:
    """One original on this computer, and how it stands with it. Times are epoch seconds.

    `is_done` says that every destination has taken this version of the file, `is_waiting` that some
    work with it is still to come, `is_cancelled` that somebody did not want it taken.
    `is_meeting_busy` says that another file of its folder is not finished. `restored_at` is when it
    was last taken back from the trash.
    """

    file: FileRecord
    recorded_at: float
    first_seen: float
    is_done: bool
    is_waiting: bool
    is_cancelled: bool
    is_meeting_busy: bool
    restored_at: float | None = None


class FreedStore(Protocol):
    """Remembers which originals were moved to the trash."""

    def originals(
        self, destinations: Collection[str], recorded_before: float
    ) -> Sequence[Keepsake]:
        """Return the files of this computer that are there and were recorded before a time."""
        ...

    def note(self, file: FileRecord, now: float) -> None:
        """Remember that a file is about to be moved."""
        ...

    def moved(self, file: FileRecord, now: float) -> None:
        """Remember that a file was moved, and that nothing lies there any more."""
        ...

    def forget(self, file: FileRecord) -> None:
        """Forget that a file was about to be moved: it was not."""
        ...

    def unsure(self) -> Sequence[FileRecord]:
        """Return the files of which it is not known whether they were moved."""
        ...

    def find_restored(self, now: float) -> int:
        """Take note of what was moved and is there again; return how much is."""
        ...
