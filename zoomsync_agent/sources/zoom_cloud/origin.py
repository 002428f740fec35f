"""What a file of Zoom's cloud is found by, and how it is seen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from zoomsync_agent.core import naming
from zoomsync_agent.core.errors import RecordingDeleted
from zoomsync_agent.core.facts import ZOOM
from zoomsync_agent.core.readiness import Reason, Verdict
from zoomsync_agent.core.recording import FileIdentity, Meeting
from zoomsync_agent.ports import CloudMeetingRecord, Sighting
from zoomsync_agent.zoom.models import CloudFile, CloudMeeting

TRANSCRIPT_ID: Final = "transcript"
"""Stands for the id of a transcript that has none: no list shows it, it has its own address."""
_MEDIA: Final = ("MP4", "M4A")
_TOGETHER_SECONDS: Final = 10.0
"""Files of one segment say the same start, or nearly."""
_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Origin:
    """What Zoom finds a file by, and for whom it was listed.

    `is_apart` says that lists do not show it: the separate sound of one participant, a transcript
    with an address of its own.
    """

    account: str
    uuid: str
    file_id: str
    file_type: str
    is_apart: bool = False

    @property
    def text(self) -> str:
        """The origin as it is stored."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Self:
        """Return what `text` gave.

        Raises:
            RecordingDeleted: it cannot be read, so that nothing can be found by it.
        """
        try:
            told = json.loads(text)
            return cls(
                str(told["account"]),
                str(told["uuid"]),
                str(told["file_id"]),
                str(told["file_type"]),
                bool(told["is_apart"]),
            )
        except (ValueError, TypeError, KeyError) as exc:
            raise RecordingDeleted("it is not known where it came from") from exc


def true_size(file: CloudFile, path: Path, real_sizes: Mapping[str, tuple[int, int]]) -> int:
    """Return how large a file is, also where it is known that Zoom tells a wrong size of it.

    Args:
        file: as Zoom tells it.
        path: where it lies once it has been fetched.
        real_sizes: by path, what Zoom told when that was found out, and what is true.
    """
    told, real = real_sizes.get(str(path), (file.size, file.size))
    return real if told == file.size else file.size


def identity_of(meeting: CloudMeeting, file: CloudFile, size: int) -> FileIdentity:
    """Return what tells one version of a cloud file from the next: its size and its start."""
    start = file.started_at or meeting.started_at or 0.0
    return FileIdentity.within(size, int(start) * 1_000_000_000)


def sightings(
    meeting: CloudMeeting, account: str, root: Path, real_sizes: dict[str, tuple[int, int]]
) -> list[Sighting]:
    """Return the files of a meeting as they are seen now.

    Args:
        meeting: as Zoom tells it.
        account: who is signed in.
        root: the spool of that account.
        real_sizes: of files of which Zoom tells a wrong one, by path: what it tells, what is true.
    """
    segments = _segments(meeting)
    return [
        _sighting(meeting, one, account, root, segments[one.id], real_sizes)
        for one in meeting.files
        if one.id
    ]


def _sighting(
    meeting: CloudMeeting,
    file: CloudFile,
    account: str,
    root: Path,
    segment: tuple[int, float | None],
    real_sizes: dict[str, tuple[int, int]],
) -> Sighting:
    number, started_at = segment
    part = naming.cloud_part(file.type, file.name, number)
    name = naming.cloud_file_name(file.type, file.extension, file.recording_type, file.name)
    path = root / naming.short_hash(meeting.uuid) / naming.short_hash(file.id) / name
    size = true_size(file, path, real_sizes)
    ended_at = file.ended_at
    is_apart = bool(file.name) or file.id == TRANSCRIPT_ID
    begun = file.started_at
    return Sighting(
        path=path,
        root=root,
        identity=identity_of(meeting, file, size),
        inode=0,
        kind=part.kind,
        meeting=Meeting(
            naming.cloud_meeting_key(meeting.uuid, started_at),
            naming.one_line(meeting.topic) or naming.NO_TOPIC,
            started_at,
        ),
        verdict=_verdict(file),
        part=part.part,
        participant=part.participant,
        duration_seconds=ended_at - begun if ended_at and begun and ended_at > begun else None,
        source=ZOOM,
        origin=Origin(account, meeting.uuid, file.id, file.type, is_apart).text,
    )


def _verdict(file: CloudFile) -> Verdict:
    if file.is_finished:
        return Verdict(Reason.READY)
    is_running = file.ended_at is None and file.status != "processing"
    return Verdict(Reason.RECORDING if is_running else Reason.CONVERTING)


def _segments(meeting: CloudMeeting) -> dict[str, tuple[int, float | None]]:
    """Return by file which recording of the meeting it belongs to, from 1, and when that began.

    A recording that was stopped and started again is several, each with texts of its own whose
    times count from its own start.
    """
    starts: list[float] = []
    media = sorted(one.started_at for one in meeting.files if _begins(one) and one.started_at)
    for start in media:
        if not starts or start - starts[-1] > _TOGETHER_SECONDS:
            starts.append(start)
    return {one.id: _segment(one, starts, meeting) for one in meeting.files}


def _begins(file: CloudFile) -> bool:
    return file.type in _MEDIA and not file.name


def _segment(
    file: CloudFile, starts: Sequence[float], meeting: CloudMeeting
) -> tuple[int, float | None]:
    own = file.started_at
    if not starts:
        return 1, own or meeting.started_at
    begun = [start for start in starts if own is not None and start <= own + _TOGETHER_SECONDS]
    number = max(1, len(begun))
    return number, starts[number - 1]


def record_of(meeting: CloudMeeting, account: str) -> CloudMeetingRecord:
    """Return what is remembered of a meeting."""
    ends = [one.ended_at for one in meeting.files if one.ended_at is not None]
    planned = None
    if meeting.started_at is not None:
        planned = meeting.started_at + meeting.minutes * _MINUTE
    return CloudMeetingRecord(
        key=naming.cloud_meeting_key(meeting.uuid),
        account=account,
        uuid=meeting.uuid,
        topic=naming.one_line(meeting.topic),
        host=meeting.host_email,
        started_at=meeting.started_at,
        ended_at=max(ends, default=planned),
    )
