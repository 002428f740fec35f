"""Where the bytes of recordings are that are not on this computer."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zoomsync_agent.core.recording import MeetingKey
from zoomsync_agent.ports.stores import FileRecord


class Origin(Protocol):
    """Brings recordings here, or makes sure that they are. Raises only `AgentError`. Thread-safe.

    Most lie somewhere else, and what is here is a copy; what was handed in is an original.
    """

    @property
    def name(self) -> str:
        """Name of the source, as files and jobs have it."""
        ...

    def fetch(
        self, file: FileRecord, *, stop: Callable[[], bool], pace: Callable[[int], None]
    ) -> bool:
        """Bring *file* to its path; nothing lies there before all of it is there and proven.

        Goes on where it was broken off. Calls *pace* with the number of bytes before it takes
        them, and asks *stop* between pieces: told to stop it returns False and keeps what it has.
        A file that is there already, whole, is left as it is.

        Raises:
            SourceChanged: what lies there is another version than *file*.
            RecordingDeleted, HandedInLost: it is not there any more.
        """
        ...

    def release(self, file: FileRecord) -> None:
        """Free the room that *file* takes here.

        It is safe, by a receipt that has just been confirmed; a copy may also be unwanted.
        """
        ...


class CloudTrash(Protocol):
    """Moves what is safe here to the cloud's own trash. Raises only `AgentError`."""

    @property
    def account(self) -> str:
        """Who is signed in."""
        ...

    def holds_only(self, meeting: "CloudMeetingRecord", safe: Sequence[FileRecord]) -> bool:
        """Ask the cloud whether its copy is there, and finished, and nothing but *safe*."""
        ...

    def has(self, meeting: "CloudMeetingRecord") -> bool:
        """Ask the cloud whether its copy is where it was, and not in the trash."""
        ...

    def move(self, meeting: "CloudMeetingRecord") -> bool:
        """Move the cloud's copy to its trash; return whether there was one.

        Nothing is ever deleted.

        Raises:
            NetworkUnavailable, RemoteUnavailable: it may have been moved, or not.
            AgentError: it was not moved.
        """
        ...


@dataclass(frozen=True, slots=True)
class CloudMeetingRecord:
    """One remembered meeting of a cloud. Times are epoch seconds.

    `has_transcript` says whether a transcript
    is among its files, `trashed_at` when the cloud's copy was
    moved to the cloud's trash on the user's behalf.
    """

    key: MeetingKey
    account: str
    uuid: str
    topic: str
    host: str
    started_at: float | None
    ended_at: float | None
    has_transcript: bool = False
    trashed_at: float | None = None


@dataclass(frozen=True, slots=True)
class CloudFileRecord:
    """A remembered file of a cloud: its path, its whole meeting, whether lists leave it out."""

    path: str
    key: MeetingKey
    is_apart: bool


class CloudStore(Protocol):
    """Remembers the meetings of a cloud, and what is still expected of them."""

    def remember(
        self, meetings: Sequence[tuple[CloudMeetingRecord, float]], listed_at: float
    ) -> None:
        """Take note of meetings, each with the time at which to ask for what comes late.

        That time counts only for those that are new. One that was moved to the trash well before
        *listed_at*, when the cloud was asked, has been taken back.
        """
        ...

    def due(self, account: str, now: float, limit: int) -> list[CloudMeetingRecord]:
        """Return meetings to be asked for what comes late; only those whose files are taken."""
        ...

    def put_off(self, key: MeetingKey, until: float | None) -> None:
        """Take note of a look that found nothing; the next one is at *until*, or never."""
        ...

    def save_summary(
        self, key: MeetingKey, summary: str, action_items: Sequence[str], now: float
    ) -> int:
        """Keep the summary, and let the rows of the meeting tell it; return how many.

        A summary that is known already changes nothing.
        """
        ...

    def trashable(
        self, account: str, ended_before: float, limit: int, *, but: Collection[MeetingKey] = ()
    ) -> list[CloudMeetingRecord]:
        """Return meetings of which nothing more is expected and everything was brought home.

        Not those of *but*, nor those that somebody took back out of the trash.
        """
        ...

    def unsure(self, account: str) -> list[CloudMeetingRecord]:
        """Return meetings of which it is not known whether they were moved."""
        ...

    def doubtful(self, account: str, limit: int) -> list[CloudMeetingRecord]:
        """Return meetings with files that wait for another look, whatever day they are of."""
        ...

    def trashed(self) -> list[CloudMeetingRecord]:
        """Return the meetings whose cloud copy was moved to the trash, the newest first."""
        ...

    def set_trashed(
        self,
        key: MeetingKey,
        trashed_at: float | None,
        *,
        is_moved: bool = False,
        is_kept: bool = False,
    ) -> None:
        """Take note that a cloud copy is being moved, was moved, was not, or is kept."""
        ...

    def paths_of(self, key: MeetingKey) -> set[str]:
        """Return the paths of every file of a whole meeting that was ever told of."""
        ...

    def files_of(self, key: MeetingKey) -> list[FileRecord]:
        """Return every file of a whole meeting that the cloud still has."""
        ...

    def files_between(self, root: Path, first: float, last: float) -> list[CloudFileRecord]:
        """Return the files below *root* whose meetings began in this time."""
        ...

    def wanted(self) -> set[Path]:
        """Return the cloud files that are still to be sent."""
        ...

    def real_sizes(self) -> dict[str, tuple[int, int]]:
        """Return by path what the cloud wrongly says of a file's size, and how large it is."""
        ...

    def correct_size(self, path: Path, told: int, real: int) -> None:
        """Take note that the cloud wrongly says that a file has *told* bytes."""
        ...
