"""Into the trash and back."""

from tests.fakes.http_server import Answer
from tests.fakes.zoom.asking import Asked
from tests.fakes.zoom.errors import ApiError, invalid_field, no_recording
from tests.fakes.zoom.recordings import Meeting, RecordingFile


def delete_meeting(asked: Asked) -> Answer:
    """DELETE /meetings/{}/recordings."""
    zoom, meeting, is_for_ever = asked.zoom, asked.meeting(), _is_for_ever(asked)
    now = zoom.clock()
    if is_for_ever and meeting.is_trashed(now):
        zoom.forget(meeting)
        return Answer(204)
    if not meeting.is_shown(now):
        raise no_recording()
    _expect_complete(meeting, meeting.shown(now), now)
    if is_for_ever:
        zoom.forget(meeting)
    else:
        meeting.trashed_at = now
    return Answer(204)


def delete_file(asked: Asked) -> Answer:
    """DELETE /meetings/{}/recordings/{}."""
    zoom, meeting, is_for_ever = asked.zoom, asked.meeting(), _is_for_ever(asked)
    now = zoom.clock()
    found = [] if meeting.trashed_at is not None else meeting.shown(now)
    if is_for_ever:
        found += meeting.trashed(now)
    file = _named(found, asked.names[1])
    _expect_complete(meeting, [file], now)
    if is_for_ever:
        zoom.forget(meeting, file)
    else:
        file.trashed_at = now
    return Answer(204)


def recover_meeting(asked: Asked) -> Answer:
    """PUT /meetings/{}/recordings/status."""
    meeting = asked.meeting()
    _expect_recover(asked)
    if not meeting.is_trashed(asked.zoom.clock()):
        raise no_recording()
    meeting.trashed_at = None
    return Answer(200)


def recover_file(asked: Asked) -> Answer:
    """PUT /meetings/{}/recordings/{}/status."""
    meeting = asked.meeting()
    _expect_recover(asked)
    _named(meeting.trashed(asked.zoom.clock()), asked.names[1]).trashed_at = None
    return Answer(204)


def _is_for_ever(asked: Asked) -> bool:
    action = asked.query.get("action", "trash")
    if action not in ("trash", "delete"):
        raise invalid_field("action", "Invalid field.")
    return action == "delete"


def _expect_complete(meeting: Meeting, files: list[RecordingFile], now: float) -> None:
    if meeting.is_running or not all(one.is_processed(now) for one in files):
        raise ApiError(400, 3303, "You can only delete completed recordings.")


def _expect_recover(asked: Asked) -> None:
    if asked.body.get("action") != "recover":
        raise invalid_field("action", "Invalid field.")
    if asked.zoom.storage_full:
        raise ApiError(400, 3309, "Not enough cloud storage available.")


def _named(files: list[RecordingFile], name: str) -> RecordingFile:
    for one in files:
        if one.id == name:
            return one
    raise no_recording()
