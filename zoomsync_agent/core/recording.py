"""A recording and its files, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NewType, Protocol, Self

RecordingId = NewType("RecordingId", str)
MeetingKey = NewType("MeetingKey", str)
ObjectKey = NewType("ObjectKey", str)


_MOST: Final = 2**63 - 1
"""The largest number that a column of the queue holds: as nanoseconds, the year 2262."""


class Kind(StrEnum):
    """What a recording file holds."""

    VIDEO = "video"
    AUDIO = "audio"
    TRANSCRIPT = "transcript"
    CAPTIONS = "captions"
    CHAT = "chat"
    OTHER = "other"
    """What a cloud keeps beside a recording and nobody reads here: time line, poll, picture."""

    @property
    def is_media(self) -> bool:
        """Whether the file is a recording in itself; text belongs to the media beside it."""
        return self in (Kind.VIDEO, Kind.AUDIO)


class ProcessingStatus(StrEnum):
    """How far a recording is, as the catalog column `processing_status` says it."""

    UPLOADING = "uploading"
    COMPLETED = "completed"
    FAILED = "failed"


class Status(Protocol):
    """What `os.stat` says, as far as it tells one version of a file from the next."""

    @property
    def st_size(self) -> int:
        """Bytes."""
        ...

    @property
    def st_mtime_ns(self) -> int:
        """Nanoseconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What tells one version of a file from the next without reading it."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: Status) -> Self:
        """Return the identity in *status*, with a time that every column holds.

        A time beyond 2262 becomes the last one that fits. Whoever compares a file with what is
        remembered of it must ask here, or such a file would never be the same.
        """
        return cls.within(status.st_size, status.st_mtime_ns)

    @classmethod
    def within(cls, size: int, mtime_ns: int) -> Self:
        """Return the identity of these figures, as far as a column holds them."""
        return cls(max(0, min(size, _MOST)), max(-_MOST, min(mtime_ns, _MOST)))


def partial_of(path: Path) -> Path:
    """Return where a file is while it is being downloaded."""
    return path.with_name(f"{path.name}.part")


@dataclass(frozen=True, slots=True)
class Meeting:
    """What names and folders tell about a meeting.

    `started_at` is in epoch seconds, or None where no name tells it. `started_is_ambiguous` says
    that the local time exists twice (the hour that the clocks go back) and nothing decided.
    """

    key: MeetingKey
    title: str
    started_at: float | None = None
    started_is_ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class FilePart:
    """What a file's own name tells: kind, part of the meeting (from 1), separate participant."""

    kind: Kind
    part: int = 1
    participant: str | None = None
    is_screen_share: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload is: durable bytes, and what names the half-finished upload."""

    offset: int
    resume_token: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One file as it is handed to a destination.

    `size` and `mtime_ns` were taken when the content was hashed; `sha256` is in lower-case hex.
    """

    path: Path
    key: ObjectKey
    size: int
    mtime_ns: int
    sha256: str
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that the destination has the whole object."""

    destination: str
    key: ObjectKey
    size: int
    sha256: str
    url: str
    verified_at: float


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """A row of the catalog. The first twelve columns are the dashboard's contract.

    Times are epoch seconds here and ISO 8601 UTC in every interface.
    """

    recording_id: RecordingId
    user_id: str
    file_url: str
    meeting_title: str
    file_name: str
    file_size: int
    created_at: float
    updated_at: float
    processing_status: ProcessingStatus
    transcription_text: str = ""
    summary: str = ""
    action_items: tuple[str, ...] = ()
    sha256: str = ""
    started_at: float | None = None
    duration_seconds: float | None = None
    kind: Kind = Kind.VIDEO
    part: int = 1
    participant: str | None = None
    source: str = "local"
    meeting_key: MeetingKey = MeetingKey("")
    destination: str = ""
    object_key: ObjectKey = ObjectKey("")
    device: str = ""


@dataclass(frozen=True, slots=True)
class Archived:
    """One object that a destination found when asked what it holds.

    `described` is what was kept beside the object, empty where nothing was.
    """

    receipt: Receipt
    described: Mapping[str, Any] = field(default_factory=dict)
