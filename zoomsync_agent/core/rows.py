"""A catalog row as every interface shows it: columns by name, times in ISO 8601 UTC."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from zoomsync_agent.core.recording import (
    Kind,
    MeetingKey,
    ObjectKey,
    ProcessingStatus,
    RecordingId,
    RecordingRow,
)

GIVEN_TITLE: Final = "given_title"
"""Name of one more column beside an object: the title that somebody gave to its meeting."""


def iso(moment: float | None) -> str | None:
    """Return epoch seconds as ISO 8601 UTC."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()


def epoch(text: str | None) -> float | None:
    """Return ISO 8601 as epoch seconds; a time without a zone is UTC.

    Raises:
        ValueError: *text* is not ISO 8601.
    """
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def as_dict(row: RecordingRow) -> dict[str, Any]:
    """Return the columns of *row* in their order."""
    return {
        "recording_id": row.recording_id,
        "user_id": row.user_id,
        "file_url": row.file_url,
        "meeting_title": row.meeting_title,
        "file_name": row.file_name,
        "file_size": row.file_size,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "processing_status": str(row.processing_status),
        "transcription_text": row.transcription_text,
        "summary": row.summary,
        "action_items": list(row.action_items),
        "sha256": row.sha256,
        "started_at": iso(row.started_at),
        "duration_seconds": row.duration_seconds,
        "kind": str(row.kind),
        "part": row.part,
        "participant": row.participant,
        "source": row.source,
        "meeting_key": row.meeting_key,
        "destination": row.destination,
        "object_key": row.object_key,
        "device": row.device,
    }


def from_dict(columns: Mapping[str, Any]) -> RecordingRow:
    """Return the row that `as_dict` wrote; columns of a newer version are left out.

    Raises:
        KeyError, TypeError, ValueError: a column is missing or does not hold what it should.
    """
    return RecordingRow(
        recording_id=RecordingId(str(columns["recording_id"])),
        user_id=str(columns["user_id"]),
        file_url=str(columns["file_url"]),
        meeting_title=str(columns["meeting_title"]),
        file_name=str(columns["file_name"]),
        file_size=_whole(columns["file_size"]),
        created_at=_moment(columns["created_at"]),
        updated_at=_moment(columns["updated_at"]),
        processing_status=ProcessingStatus(columns["processing_status"]),
        transcription_text=str(columns.get("transcription_text") or ""),
        summary=str(columns.get("summary") or ""),
        action_items=tuple(str(item) for item in columns.get("action_items") or ()),
        sha256=str(columns.get("sha256") or ""),
        started_at=epoch(columns.get("started_at")),
        duration_seconds=columns.get("duration_seconds"),
        kind=Kind(columns.get("kind") or Kind.VIDEO),
        part=_whole(columns.get("part") or 1),
        participant=columns.get("participant"),
        source=str(columns.get("source") or "local"),
        meeting_key=MeetingKey(str(columns.get("meeting_key") or "")),
        destination=str(columns.get("destination") or ""),
        object_key=ObjectKey(str(columns.get("object_key") or "")),
        device=str(columns.get("device") or ""),
    )


def _whole(number: Any) -> int:
    try:
        return int(number)
    except OverflowError as exc:  # JSON as Python writes it knows Infinity
        raise ValueError("a number has no end") from exc


def _moment(text: Any) -> float:
    moment = epoch(str(text))
    if moment is None:
        raise ValueError("a time is missing")
    return moment
