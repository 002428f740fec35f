"""Meetings and files as the REST interface tells them."""

from datetime import UTC, datetime
from typing import Any

from tests.fakes.zoom.recordings import Meeting, RecordingFile, Summary, User
from tests.fakes.zoom.state import State


def stamp(seconds: float) -> str:
    """Return a time as Zoom writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown_meeting(
    zoom: State, meeting: Meeting, files: list[RecordingFile] | None = None
) -> dict[str, Any]:
    """Return a meeting and its files; *files* are those of the trash."""
    now = zoom.clock()
    listed = meeting.shown(now) if files is None else files
    told: dict[str, Any] = {
        "uuid": meeting.uuid,
        "id": meeting.number,
        "account_id": meeting.host.account_id,
        "host_id": meeting.host.id,
        "topic": meeting.topic,
        "type": meeting.kind,
        "start_time": stamp(meeting.start),
        "timezone": meeting.timezone,
        "duration": int(now - meeting.start) // 60 if meeting.is_running else meeting.duration,
        "total_size": sum(_size(one) for one in listed),
        "recording_count": 0 if meeting.is_running else len(listed),
        "share_url": f"{zoom.zoom_url}/rec/share/{meeting.key}",
        "recording_play_passcode": meeting.passcode,
    }
    if meeting.files is not None:
        told["recording_files"] = [shown_file(zoom, meeting, one) for one in listed]
    return told


def _size(file: RecordingFile) -> int:
    return file.content.size if file.told_size is None else file.told_size


def shown_file(zoom: State, meeting: Meeting, file: RecordingFile) -> dict[str, Any]:
    """Return one file of a meeting."""
    told: dict[str, Any] = {
        "id": file.id,
        "meeting_id": meeting.uuid,
        "recording_start": stamp(file.start),
        "recording_end": "" if file.end is None else stamp(file.end),
        "file_type": file.file_type,
        "file_extension": file.file_extension,
        "file_size": _size(file),
        "play_url": f"{zoom.zoom_url}/rec/play/{file.key}",
        "download_url": zoom.download_url(file),
        "status": _status(file, zoom.clock()),
        "recording_type": file.recording_type,
        "deleted_time": _deleted(meeting, file),
    }
    if file.end is None:
        del told["recording_type"]
    if file.file_type == "TIMELINE":
        del told["play_url"]
    return {name: value for name, value in told.items() if value is not None}


def _status(file: RecordingFile, now: float) -> str | None:
    return "processing" if file.completes_at > now else file.status


def _deleted(meeting: Meeting, file: RecordingFile) -> str | None:
    when = file.trashed_at if meeting.trashed_at is None else meeting.trashed_at
    return None if when is None else stamp(when)


def shown_participant(zoom: State, name: str, file: RecordingFile) -> dict[str, Any]:
    """Return the separate sound of one person, which has no type and names no meeting."""
    told = {
        "id": file.id,
        "file_name": f"Audio only - {name}",
        "file_type": file.file_type,
        "file_size": _size(file),
        "play_url": f"{zoom.zoom_url}/rec/play/{file.key}",
        "download_url": zoom.download_url(file),
        "recording_start": stamp(file.start),
        "recording_end": stamp(file.end or file.start),
        "status": _status(file, zoom.clock()),
    }
    return {key: value for key, value in told.items() if value is not None}


def shown_user(user: User) -> dict[str, Any]:
    """Return a person."""
    return {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "display_name": user.name,
        "email": user.email,
        "type": user.kind,
        "role_name": "Admin" if user.is_admin else "Member",
        "role_id": "1" if user.is_admin else "2",
        "pmi": user.pmi,
        "use_pmi": False,
        "timezone": user.timezone,
        "verified": 1,
        "created_at": "2018-10-31T04:32:37Z",
        "user_created_at": "2018-10-31T04:32:37Z",
        "last_login_time": "2026-05-05T20:40:30Z",
        "language": "en-US",
        "status": "active",
        "account_id": user.account_id,
        "account_number": 10_009_239,
        "cluster": "us04",
        "personal_meeting_url": f"https://us04web.zoom.us/j/{user.pmi}",
    }


def shown_summary(zoom: State, meeting: Meeting, summary: Summary) -> dict[str, Any]:
    """Return what AI Companion wrote, in the form of today, in the deprecated one, or in both."""
    end = meeting.start + 60 * meeting.duration
    told: dict[str, Any] = {
        "meeting_host_id": meeting.host.id,
        "meeting_host_email": meeting.host.email,
        "meeting_uuid": meeting.uuid,
        "meeting_id": meeting.number,
        "meeting_topic": meeting.topic,
        "meeting_start_time": stamp(meeting.start),
        "meeting_end_time": stamp(end),
        "summary_start_time": stamp(meeting.start),
        "summary_end_time": stamp(end),
        "summary_created_time": stamp(max(end, summary.appears_at)),
        "summary_last_modified_time": stamp(max(end, summary.appears_at)),
        "summary_last_modified_user_id": meeting.host.id,
        "summary_last_modified_user_email": meeting.host.email,
        "summary_title": f"Meeting summary for {meeting.topic}",
        "summary_doc_url": f"https://docs.zoom.us/doc/{meeting.key}",
    }
    if zoom.summary_form in ("deprecated", "both"):
        told |= _deprecated(summary)
    if zoom.summary_form in ("content", "both"):
        told["summary_content"] = summary.markdown()
    return told


def _deprecated(summary: Summary) -> dict[str, Any]:
    steps = list(summary.next_steps)
    told: dict[str, Any] = {
        "summary_overview": summary.overview,
        "summary_details": [{"label": name, "summary": text} for name, text in summary.details],
        "next_steps": steps,
    }
    if summary.is_edited:
        details = "\n".join(f"{name}: {text}" for name, text in summary.details)
        told["edited_summary"] = {
            "summary_overview": f"{summary.overview} (edited)",
            "summary_details": details,
            "next_steps": steps,
        }
    return told
