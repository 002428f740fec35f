"""What is known and what is to be done."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from zoomsync_agent.core.facts import UPLOAD
from zoomsync_agent.core.job import LOCAL, FileId, Job, JobId, State, Step
from zoomsync_agent.core.readiness import Verdict
from zoomsync_agent.core.recording import (
    Archived,
    FileIdentity,
    Kind,
    Meeting,
    MeetingKey,
    ObjectKey,
    Progress,
    Receipt,
    RecordingId,
)
from zoomsync_agent.ports.sources import KnownFile, Sighting


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One remembered recording file."""

    id: FileId
    path: Path
    root: Path
    identity: FileIdentity
    inode: int
    kind: Kind
    part: int
    participant: str | None
    meeting: Meeting
    duration_seconds: float | None
    verdict: Verdict
    is_gone: bool
    sha256: str | None
    source: str = LOCAL
    origin: str = ""

    @property
    def is_fetched(self) -> bool:
        """Whether somebody is asked for it before it is read; see `Origin`."""
        return self.source != LOCAL

    @property
    def is_copy(self) -> bool:
        """Whether its bytes lie elsewhere, so that what is here can be had again at any time.

        What was handed in is an original, like a recording of this computer.
        """
        return self.source not in (LOCAL, UPLOAD)


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed job with its file."""

    job: Job
    file: FileRecord


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is known of one content in one destination."""

    destination: str
    sha256: str
    scope: str
    key: ObjectKey
    job_id: JobId | None
    progress: Progress
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A sighting as intake decided about it; *priority* 0 goes before 1.

    `is_history` says that the file was there before the first start, whatever its verdict.
    """

    sighting: Sighting
    verdict: Verdict
    priority: int = 0
    is_history: bool = False


class FileStore(Protocol):
    """Remembers recording files."""

    def known(self, folder: Path | None) -> dict[str, KnownFile]:
        """Return the files remembered in *folder* itself, or everywhere, by path."""
        ...

    def history_among(self, sightings: Sequence[Sighting]) -> set[Path]:
        """Return the paths of those that are remembered as history.

        A file is remembered by its path, and by its identity where it lies at another path now.
        """
        ...

    def media_taken(self, meeting_key: MeetingKey) -> list[tuple[Verdict, bool]]:
        """Return how it was decided about the media of a meeting, and whether they are history."""
        ...

    def mark_gone(self, paths: Sequence[str]) -> None:
        """Remember that nothing lies at *paths* any more."""
        ...

    def get(self, file_id: FileId) -> FileRecord:
        """Return one file."""
        ...

    def set_hash(self, file_id: FileId, identity: FileIdentity, sha256: str) -> None:
        """Remember the content's hash of this version of the file."""
        ...

    def with_hash(self, sha256: str) -> list[FileRecord]:
        """Return the files of this content, those still there and of a dated meeting first."""
        ...

    def of_meeting(self, meeting_key: MeetingKey) -> list[FileRecord]:
        """Return the media files of a meeting that are hashed, and still there or freed."""
        ...

    def save_text(self, file: FileRecord, sha256: str, cues: str) -> None:
        """Keep what a text file says, as JSON."""
        ...

    def texts_of(self, meeting_key: MeetingKey) -> dict[Kind, list[str]]:
        """Return the texts of a meeting."""
        ...


@dataclass(frozen=True, slots=True)
class Summary:
    """What a cloud wrote about a meeting: a text, and what is to be done."""

    text: str = ""
    action_items: tuple[str, ...] = ()


class MeetingStore(Protocol):
    """What is known of meetings as a whole."""

    def summary_of(self, key: MeetingKey) -> Summary:
        """Return what a cloud wrote about a meeting; empty where it wrote nothing."""
        ...

    def title_of(self, key: MeetingKey | RecordingId) -> str:
        """Return the title that somebody gave to a meeting; empty where nobody did.

        A recording whose row has no meeting is named by its own id.
        """
        ...

    def group_of(self, file: FileRecord) -> MeetingKey:
        """Return the key that all recordings of a file's meeting share, wherever they were made.

        Once given it stays.
        """
        ...


class JobStore(Protocol):
    """The queue. A row is kept until it is finished, so a crash loses nothing."""

    def record(self, decided: Sequence[Decided], destinations: Sequence[str], now: float) -> int:
        """Remember files and, for those that are ready, one job per destination, at once.

        Returns how many jobs are new or ready again. A file that has its job gets no second one.
        """
        ...

    def claim(self, now: float, shut: Collection[str] = ()) -> Work | None:
        """Take the next due job of no *shut* gate; no other worker can take it too."""
        ...

    def claim_probe(self, gate: str, codes: Collection[str], now: float) -> Work | None:
        """Take one job of *gate* before its time: due, or waiting because of *codes*."""
        ...

    def hold(self, gate: str, codes: Collection[str], why: Job, until: float) -> None:
        """Let the ready jobs of *gate* wait until *until* for the same reason as *why*.

        A job that waits for a reason that is not one of *codes* keeps it.
        """
        ...

    def release_held(self, gates: Collection[str], codes: Collection[str]) -> int:
        """Make jobs of *gates* that wait because of *codes* ready; return how many."""
        ...

    def save(self, job: Job) -> None:
        """Store the outcome of a claimed job."""
        ...

    def advance(self, job: Job, step: Step) -> Job:
        """Store that a claimed job goes on with *step* and return it."""
        ...

    def next_due(self, now: float, shut: Collection[str] = ()) -> float | None:
        """Return in how many seconds the next ready job of no *shut* gate is due.

        None when there is none.
        """
        ...

    def recover_interrupted(self, now: float, *, was_orderly: bool = False) -> int:
        """Make jobs that were running at the last end ready again; return how many.

        Unless that end *was_orderly* it counts as a death of theirs.
        """
        ...

    def release_blocked(self, now: float, older_than: float, shut: Collection[str] = ()) -> int:
        """Make jobs that have been blocked for *older_than* seconds ready; return how many.

        Those of *shut* gates stay as they are.
        """
        ...

    def forgive(self, job_id: JobId) -> None:
        """Forget the deaths of a job that comes further."""
        ...

    def cancel_requested(self, job_id: JobId) -> bool:
        """Return whether somebody wants this running job to end."""
        ...

    def serve(self, destinations: Sequence[str], now: float) -> int:
        """Let every ready file have a job for each of *destinations*; return how many are new.

        What is unfinished for a destination that is not used any more is forgotten; it comes back
        should that one be used again.
        """
        ...

    def begin_anew(self, destination: str, now: float) -> int:
        """Let everything that is still here be brought to *destination* again; return how much.

        It has become another place under the same name; what the old one holds is left there.
        """
        ...

    def tell_again(self, destination: str, now: float) -> int:
        """Let the rows that have a copy in *destination* be published anew; return how many."""
        ...

    def reopen(self, stored: StoredObject, now: float) -> int:
        """Make the finished jobs of a lost object ready, where the file is still there."""
        ...

    def counts(self) -> dict[State, int]:
        """Return how many jobs are in each state."""
        ...


class Standing(NamedTuple):
    """The state of a file's job, and since when it has it, in epoch seconds."""

    state: State
    since: float


class HandedInStore(Protocol):
    """The queue, as far as it is about recordings that are handed in. What it writes is durable."""

    def take_in(self, seen: Sighting, now: float) -> JobId:
        """Remember a file and return its job, ready whatever became of it before."""
        ...

    def told_of(self, sha256: str) -> tuple[str, float | None] | None:
        """Return title and start of the meeting as they were told of a content before."""
        ...

    def standing_of(self, path: Path) -> Standing | None:
        """Return how it stands with a file; None where it has no job."""
        ...

    def gone(self, path: Path) -> None:
        """Remember that nothing lies at *path* any more."""
        ...


class ObjectStore(Protocol):
    """What is known of each content in each destination."""

    def find(self, destination: str, sha256: str, scope: str) -> StoredObject | None:
        """Return what is known."""
        ...

    def reserve(
        self, destination: str, sha256: str, scope: str, key: ObjectKey, job_id: JobId
    ) -> StoredObject:
        """Return the object, made if it is new; its `job_id` is the job that may send it.

        The caller's job gets it where nobody has it or the owner has no more work to do.
        """
        ...

    def rekey(self, stored: StoredObject, key: ObjectKey) -> StoredObject:
        """Give an object that is not there yet another key, and forget how far it was."""
        ...

    def rescope(self, destination: str, sha256: str, scope: str) -> None:
        """Give *scope* a stored text whose files are all gone: the meeting was renamed."""
        ...

    def restore(self, archived: Archived, scope: str) -> None:
        """Take up an object that the destination itself reported, for a rebuilt queue."""
        ...

    def save_progress(self, stored: StoredObject, progress: Progress) -> None:
        """Keep how far an upload is."""
        ...

    def receipts(self, destination: str) -> list[StoredObject]:
        """Return every object of a destination that has a receipt."""
        ...

    def abandoned(self) -> list[StoredObject]:
        """Return half-finished uploads whose job was cancelled, superseded or lost its file."""
        ...

    def unfinished(self, job_id: JobId) -> list[StoredObject]:
        """Return what a job was to send and has not sent."""
        ...

    def lose(self, stored: StoredObject) -> None:
        """Forget that an object is there, but not that it was."""
        ...

    def lost(self, destination: str) -> list[StoredObject]:
        """Return the objects that were there, with the receipts that they had."""
        ...

    def save_receipt(self, stored: StoredObject, receipt: Receipt | None) -> None:
        """Keep the proof, or forget one that no longer holds."""
        ...


class StateStore(Protocol):
    """Small facts by name."""

    def get(self, name: str) -> str | None:
        """Return the value, or None."""
        ...

    def set(self, name: str, value: str | None) -> None:
        """Store the value; None forgets it."""
        ...

    def stamp(self, now: float) -> float:
        """Return a time that is later than every one returned before, even if the clock jumps."""
        ...


def fact_about(fact: str, path: Path) -> str:
    """Return the name of the state that holds *fact* about *path*, whose name need not be text."""
    return f"{fact}:{path}".encode("utf-8", "backslashreplace").decode()
