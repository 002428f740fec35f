"""People, meetings and the files of their recordings, and how they look at a moment."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from tests.fakes import media
from tests.fakes.zoom import texts
from tests.fakes.zoom.contents import Content, Held, Pattern

TRASH_SECONDS: Final = 30 * 86_400
JPEG: Final = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9"


@dataclass(frozen=True, slots=True)
class FileKind:
    """A usual kind of file: what Zoom calls it in three ways."""

    file_type: str
    file_extension: str
    recording_type: str


FILE_KINDS: Final = {
    "video": FileKind("MP4", "MP4", "shared_screen_with_speaker_view"),
    "gallery": FileKind("MP4", "MP4", "gallery_view"),
    "speaker": FileKind("MP4", "MP4", "active_speaker"),
    "screen": FileKind("MP4", "MP4", "shared_screen"),
    "audio": FileKind("M4A", "M4A", "audio_only"),
    "chat": FileKind("CHAT", "TXT", "chat_file"),
    "transcript": FileKind("TRANSCRIPT", "VTT", "audio_transcript"),
    "captions": FileKind("CC", "VTT", "closed_caption"),
    "timeline": FileKind("TIMELINE", "JSON", "timeline"),
    "summary": FileKind("SUMMARY", "JSON", "summary"),
    "next_steps": FileKind("SUMMARY", "JSON", "summary_next_steps"),
    "chapters": FileKind("SUMMARY", "JSON", "summary_smart_chapters"),
    "poll": FileKind("CSV", "CSV", "poll"),
    "thumbnail": FileKind("TB", "JPG", "thumbnail"),
}


@dataclass(slots=True)
class User:
    """Somebody with a Zoom account.

    `kind` is 1 for Basic, which has no cloud recordings, and 2 for Licensed.
    """

    email: str
    first_name: str = "Jill"
    last_name: str = "Chill"
    account_id: str = "q6gBJVO5TzexKYTb_I2rpg"
    kind: int = 2
    is_admin: bool = False
    timezone: str = "Europe/Moscow"
    pmi: int = 3_542_471_135
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(slots=True)
class RecordingFile:
    """One file.

    Attributes:
        start, end: of what was recorded; `end` is None while it is.
        status: as it is told once the file is complete; None leaves it out.
        appears_at: before that it is nowhere.
        completes_at: before that it is being processed.
        told_size: what lists say instead of the true size.
        only_download_token: a person's own token is refused, a `download_access_token` is not.
        is_listed: False shows a transcript at its own address only.
        trashed_at: when it alone was moved to the trash.
        key: names it in addresses.
    """

    file_type: str
    file_extension: str
    recording_type: str
    content: Content
    start: float
    end: float | None
    status: str | None = "completed"
    appears_at: float = 0.0
    completes_at: float = 0.0
    told_size: int | None = None
    only_download_token: bool = False
    is_listed: bool = True
    trashed_at: float | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    key: str = field(default_factory=lambda: secrets.token_urlsafe(66))

    def is_complete(self, now: float) -> bool:
        """Return whether it is there to be fetched."""
        return self.is_there(now) and self.is_processed(now)

    def is_processed(self, now: float) -> bool:
        """Return whether Zoom is done with it, wherever it is."""
        return self.end is not None and self.completes_at <= now

    def is_there(self, now: float) -> bool:
        """Return whether it can be seen at all."""
        return self.appears_at <= now and self.trashed_at is None

    @property
    def path(self) -> str:
        """Path of its download, without what signs or dates it."""
        is_text = self.file_type == "TRANSCRIPT" and not self.is_listed
        return f"/rec/{'meeting/transcript/' if is_text else ''}download/{self.key}"

    @property
    def name(self) -> str:
        """What a browser would call it."""
        stamp = datetime.fromtimestamp(self.start, UTC).strftime("GMT%Y%m%d-%H%M%S")
        size = "_1920x1080" if self.file_type == "MP4" else ""
        return f"{stamp}_Recording{size}.{self.file_extension.lower() or 'bin'}"


@dataclass(slots=True)
class Summary:
    """What AI Companion made of a meeting; `refusal` is why it is not given."""

    overview: str
    details: tuple[tuple[str, str], ...] = ()
    next_steps: tuple[str, ...] = ()
    appears_at: float = 0.0
    is_edited: bool = False
    refusal: str | None = None

    def markdown(self) -> str:
        """Return the one text that is not deprecated."""
        parts = [f"## Quick recap\n{self.overview}"]
        parts += [f"## {label}\n{text}" for label, text in self.details]
        if self.next_steps:
            parts.append("## Next steps\n" + "\n".join(f"- {step}" for step in self.next_steps))
        return "\n\n".join(parts)


@dataclass(slots=True)
class Meeting:
    """One instance of a meeting, and its recording.

    Attributes:
        files: None where the recording was too short to be kept, or was none.
        participants: the separate sound of each, by name.
        is_running: it is being recorded now.
        trashed_at: when it was moved to the trash as a whole.
    """

    uuid: str
    number: int
    host: User
    topic: str
    start: float
    duration: int
    files: list[RecordingFile] | None
    kind: int = 2
    timezone: str = "UTC"
    passcode: str = "k3VY1D"
    summary: Summary | None = None
    participants: dict[str, RecordingFile] = field(default_factory=dict)
    is_running: bool = False
    trashed_at: float | None = None
    key: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def shown(self, now: float) -> list[RecordingFile]:
        """Return the files that lists show."""
        return [one for one in self.files or () if one.is_listed and one.is_there(now)]

    def trashed(self, now: float) -> list[RecordingFile]:
        """Return the files that alone are in the trash."""
        return [
            one
            for one in self.files or ()
            if one.trashed_at is not None and now - one.trashed_at < TRASH_SECONDS
        ]

    def went_along(self, now: float) -> list[RecordingFile]:
        """Return the files that are in the trash because the whole recording is."""
        return [one for one in self.files or () if one.is_there(now)]

    def is_shown(self, now: float) -> bool:
        """Return whether lists have it."""
        if self.trashed_at is not None or self.start > now:
            return False
        return self.files is None or bool(self.shown(now))

    def is_trashed(self, now: float) -> bool:
        """Return whether the trash has it, as a whole."""
        return self.trashed_at is not None and now - self.trashed_at < TRASH_SECONDS

    def every_file(self) -> list[RecordingFile]:
        """Return all of its files, whatever has become of them."""
        return [*(self.files or ()), *self.participants.values()]


def content_of(kind: FileKind, data: bytes | int | Content | None, name: str) -> Content:
    """Return the bytes of a file.

    Args:
        kind: decides what they look like.
        data: the bytes, or how many to make up; None for a few of the right kind.
        name: makes a file of made-up bytes differ from every other one.
    """
    if isinstance(data, bytes):
        return Held(data)
    if isinstance(data, int) and kind.file_type in ("MP4", "M4A"):
        return Pattern(data, name, is_audio=kind.file_type == "M4A")
    if data is not None and not isinstance(data, int):
        return data
    text = _usual(kind, name)
    if data is None:
        return Held(text)
    return Held((text * (data // len(text) + 1))[:data])


def _usual(kind: FileKind, name: str) -> bytes:
    """Return a few bytes that are what *kind* says."""
    if kind.file_type in ("MP4", "M4A"):
        return media.mp4(name.encode() + media.filler(1500), duration=60.0)
    said = texts.talk(name)
    usual = {
        "TRANSCRIPT": texts.transcript(said),
        "CC": texts.transcript(said, speakers=False),
        "CHAT": texts.chat(said),
        "TIMELINE": texts.timeline(said),
        "SUMMARY": texts.summary(kind.recording_type, name),
        "TB": JPEG + name.encode(),
    }
    poll = f"#,Question,Answer\r\n1,{name},Yes\r\n".encode()
    return usual.get(kind.file_type, poll)
