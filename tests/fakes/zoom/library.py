"""The recordings of an account: how a test puts them there, and how they grow."""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from random import Random

from tests.fakes.zoom.contents import Content
from tests.fakes.zoom.recordings import (
    FILE_KINDS,
    FileKind,
    Meeting,
    RecordingFile,
    Summary,
    User,
    content_of,
)
from tests.fakes.zoom.uuids import KINDS, UuidKind, new_uuid

_FIRST_NUMBER = 82_400_944_973


class Library:
    """People and what they have recorded.

    Attributes:
        users: by id.
        meetings: by UUID; each instance of a recurring one is one of its own.
        deleted: UUIDs of meetings and ids of files that are gone for ever.
        guard: held while any of these change.
    """

    def __init__(self, *, clock: Callable[[], float], guard: threading.RLock) -> None:
        self.clock = clock
        self.guard = guard
        self.users: dict[str, User] = {}
        self.meetings: dict[str, Meeting] = {}
        self.deleted: set[str] = set()
        self._files: dict[str, tuple[Meeting, RecordingFile]] = {}
        self._random = Random(1)  # noqa: S311  the same names every time
        self._kinds: Iterator[UuidKind] = itertools.cycle(KINDS)
        self._numbers = itertools.count(_FIRST_NUMBER)
        self._counts = itertools.count(1)

    def add_user(
        self, email: str = "jchill@example.com", *, kind: int = 2, is_admin: bool = False
    ) -> User:
        """Make an account of a person; *kind* 1 is Basic, 2 Licensed."""
        user = User(email, kind=kind, is_admin=is_admin)
        with self.guard:
            self.users[user.id] = user
        return user

    @property
    def first_user(self) -> User:
        """Whom meetings belong to if nobody says; made when first asked for."""
        with self.guard:
            return next(iter(self.users.values())) if self.users else self.add_user()

    def add_meeting(
        self,
        topic: str = "Weekly",
        start: datetime | float | None = None,
        duration_minutes: int = 30,
        files: Sequence[str] | None = ("video", "audio"),
        *,
        user: User | None = None,
        uuid: str | None = None,
        uuid_kind: UuidKind | None = None,
        number: int | None = None,
        kind: int = 2,
    ) -> Meeting:
        """Put the recording of a meeting there.

        Args:
            topic: its name.
            start: a day ago if None.
            duration_minutes: whole minutes, 0 for less than one.
            files: names of `FILE_KINDS`; None for a recording that was too short.
            user: the host; the first one if None.
            uuid: made up if None.
            uuid_kind: which kind of UUID; all four in turn if None.
            number: the meeting's number, which instances of a recurring meeting share.
            kind: Zoom's number for it; 1 instant, 2 scheduled, 4 in the personal room.
        """
        with self.guard:
            begun = self.clock() - 86_400 if start is None else _seconds(start)
            usual = next(self._kinds) if uuid_kind is None else uuid_kind
            name = uuid or new_uuid(self._random, usual)
            host = user or self.first_user
            known = number or next(self._numbers)
            meeting = Meeting(name, known, host, topic, begun, duration_minutes, None, kind)
            if files is not None:
                meeting.files = []
            for one in files or ():
                self.add_file(meeting, one)
            self.meetings[name] = meeting
        return meeting

    def add_file(
        self,
        meeting: Meeting,
        kind: str = "video",
        data: bytes | int | Content | None = None,
        *,
        file_type: str | None = None,
        file_extension: str | None = None,
        recording_type: str | None = None,
        status: str | None = "completed",
        start: datetime | float | None = None,
        end: datetime | float | None = None,
        appears_at: float = 0.0,
        completes_at: float = 0.0,
        is_listed: bool = True,
    ) -> RecordingFile:
        """Put one file there.

        Args:
            meeting: whose recording it belongs to.
            kind: a name of `FILE_KINDS`; what follows changes it.
            data: its bytes, or how many to make up while they are sent.
            file_type: as Zoom tells it; may be something nobody knows.
            file_extension: likewise.
            recording_type: likewise.
            status: as it is told once it is complete; None leaves it out.
            start: that of the meeting if None; a second segment has a later one.
            end: that of the meeting if None.
            appears_at: before that it is nowhere, as a late transcript.
            completes_at: before that it is being processed.
            is_listed: False shows a transcript at its own address only.
        """
        usual = FILE_KINDS[kind]
        kind_of_file = FileKind(
            usual.file_type if file_type is None else file_type,
            usual.file_extension if file_extension is None else file_extension,
            usual.recording_type if recording_type is None else recording_type,
        )
        begun = meeting.start if start is None else _seconds(start)
        over = meeting.start + 60 * meeting.duration if end is None else _seconds(end)
        content = content_of(usual, data, f"{meeting.uuid} {kind} {next(self._counts)}")
        file = RecordingFile(
            kind_of_file.file_type,
            kind_of_file.file_extension,
            kind_of_file.recording_type,
            content,
            begun,
            max(over, begun + 1),
            status,
            appears_at,
            completes_at,
            is_listed=is_listed,
        )
        self._keep(meeting, file)
        with self.guard:
            meeting.files = [*(meeting.files or ()), file]
        return file

    def add_participant(
        self, meeting: Meeting, name: str, data: bytes | int | Content | None = None
    ) -> RecordingFile:
        """Put the separate sound of one person there."""
        content = content_of(FILE_KINDS["audio"], data, f"{meeting.uuid} {name}")
        end = meeting.start + 60 * meeting.duration
        file = RecordingFile("M4A", "M4A", "", content, meeting.start, end)
        self._keep(meeting, file)
        with self.guard:
            meeting.participants[name] = file
        return file

    def add_summary(
        self,
        meeting: Meeting,
        overview: str = "The plan was agreed.",
        details: Sequence[tuple[str, str]] = (("The plan", "A draft is ready."),),
        next_steps: Sequence[str] = ("Ann Smith: send the draft",),
        *,
        appears_at: float = 0.0,
        is_edited: bool = False,
        refusal: str | None = None,
    ) -> Summary:
        """Let AI Companion have summed the meeting up; *refusal* is why nobody gets it."""
        steps = tuple(next_steps)
        meeting.summary = Summary(overview, tuple(details), steps, appears_at, is_edited, refusal)
        return meeting.summary

    def start_recording(
        self, topic: str = "Weekly", *, user: User | None = None, number: int | None = None
    ) -> Meeting:
        """Begin a meeting that is recorded; lists show it, with one file that is none yet."""
        meeting = self.add_meeting(topic, self.clock(), 0, (), user=user, number=number)
        content = content_of(FILE_KINDS["video"], b"", "")
        file = RecordingFile("", "", "", content, meeting.start + 1, None, None)
        self._keep(meeting, file)
        with self.guard:
            meeting.is_running, meeting.files = True, [file]
        return meeting

    def finish(
        self,
        meeting: Meeting,
        files: Sequence[str] | None = ("video", "audio"),
        *,
        duration_minutes: int | None = None,
        ready_after: float = 0.0,
    ) -> None:
        """End a meeting.

        Args:
            meeting: one that is running.
            files: what becomes of it; None if it was too short.
            duration_minutes: by the clock if None.
            ready_after: so many seconds the files are being processed.
        """
        with self.guard:
            now = self.clock()
            lasted = int(now - meeting.start) // 60
            meeting.duration = lasted if duration_minutes is None else duration_minutes
            meeting.is_running = False
            meeting.files = None if files is None else []
            for one in files or ():
                self.add_file(meeting, one, completes_at=now + ready_after)

    def replace_data(self, file: RecordingFile, data: bytes | int | Content) -> None:
        """Let a file become another one, larger or not, under the same id."""
        kind = FileKind(file.file_type, file.file_extension, file.recording_type)
        file.content = content_of(kind, data, f"{file.id} {next(self._counts)}")

    def complete_files(self, user: User | None = None) -> list[RecordingFile]:
        """Return the files that lists show as complete now, of one user or of all."""
        with self.guard:
            now = self.clock()
            return [
                file
                for meeting in self.meetings.values()
                if meeting.is_shown(now) and user in (None, meeting.host)
                for file in meeting.shown(now)
                if file.is_complete(now)
            ]

    def file_with(self, key: str) -> tuple[Meeting, RecordingFile] | None:
        """Return whose address has this key."""
        with self.guard:
            return self._files.get(key)

    def instances(self, number: int) -> list[Meeting]:
        """Return the instances of a meeting, the latest one first."""
        with self.guard:
            found = [one for one in self.meetings.values() if one.number == number]
        return sorted(found, key=lambda one: one.start, reverse=True)

    def forget(self, meeting: Meeting, file: RecordingFile | None = None) -> None:
        """Delete a recording, or one file of it, for ever."""
        with self.guard:
            if file is None:
                self.deleted.add(meeting.uuid)
                meeting.files, meeting.trashed_at = [], None
                return
            self.deleted.add(file.id)
            meeting.files = [one for one in meeting.files or () if one is not file]

    def _keep(self, meeting: Meeting, file: RecordingFile) -> None:
        with self.guard:
            self._files[file.key] = (meeting, file)


def _seconds(when: datetime | float) -> float:
    return when.timestamp() if isinstance(when, datetime) else float(when)
