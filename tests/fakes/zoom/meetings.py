"""What the REST interface tells of people and of one meeting."""

from typing import Any, Final

from tests.fakes.http_server import Answer, json_answer
from tests.fakes.zoom import listing
from tests.fakes.zoom.asking import Asked
from tests.fakes.zoom.errors import ApiError, invalid_field, no_meeting, no_permission, no_recording
from tests.fakes.zoom.recordings import Meeting, RecordingFile
from tests.fakes.zoom.showing import (
    shown_meeting,
    shown_participant,
    shown_summary,
    shown_user,
    stamp,
)

_LONGEST_LIFE: Final = 604_800
_USUAL_LIFE: Final = 3_600


def user(asked: Asked) -> Answer:
    """GET /users/me."""
    return json_answer(shown_user(asked.user()))


def user_recordings(asked: Asked) -> Answer:
    """GET /users/me/recordings."""
    return listing.of_user(asked.zoom, asked.user(), asked.query)


def account_recordings(asked: Asked) -> Answer:
    """GET /accounts/me/recordings."""
    own = asked.grant.user.account_id
    if asked.names[0] not in ("me", own):
        raise ApiError(404, 2001, f"Account does not exist: {asked.names[0]}.")
    return listing.of_account(asked.zoom, own, asked.query)


def recordings(asked: Asked) -> Answer:
    """GET /meetings/{}/recordings: the files, and a token for them if it is asked for."""
    zoom, meeting = asked.zoom, asked.meeting()
    life = _life(asked.query)
    if not meeting.is_shown(zoom.clock()):
        raise no_recording()
    told = shown_meeting(zoom, meeting)
    told["password"] = meeting.passcode
    if meeting.participants:
        told["participant_audio_files"] = [
            shown_participant(zoom, name, one)
            for name, one in meeting.participants.items()
            if one.is_there(zoom.clock())
        ]
    wanted = asked.query.get("include_fields", "").split(",")
    if "download_access_token" in wanted and zoom.gives_download_tokens:
        told["download_access_token"] = zoom.download_token(meeting, life)
    return json_answer(told)


def _life(query: dict[str, str]) -> int:
    text = query.get("ttl", str(_USUAL_LIFE))
    if not (text.isascii() and text.isdigit() and int(text) <= _LONGEST_LIFE):
        raise invalid_field("ttl", f"The value must be between 0 and {_LONGEST_LIFE}.")
    return int(text)


def transcript(asked: Asked) -> Answer:
    """GET /meetings/{}/transcript: where it is, or why it is not."""
    zoom = asked.zoom
    try:
        meeting = asked.meeting()
    except ApiError as exc:
        raise ApiError(404, 3322, "This meeting transcript does not exist.") from exc
    told: dict[str, Any] = {
        "meeting_id": meeting.uuid,
        "account_id": meeting.host.account_id,
        "meeting_topic": meeting.topic,
        "host_id": meeting.host.id,
        "auto_delete": False,
    }
    file = next((one for one in meeting.files or () if one.file_type == "TRANSCRIPT"), None)
    reason = _restriction(meeting, file, zoom.clock())
    if reason is not None or file is None:
        return json_answer(told | {"can_download": False, "download_restriction_reason": reason})
    told["transcript_created_time"] = stamp(max(file.end or 0.0, file.appears_at))
    return json_answer(told | {"can_download": True, "download_url": zoom.download_url(file)})


def _restriction(meeting: Meeting, file: RecordingFile | None, now: float) -> str | None:
    if meeting.trashed_at is not None or (file is not None and file.trashed_at is not None):
        return "DELETED_OR_TRASHED"
    if file is None:
        return "NOT_READY" if meeting.is_running else "NO_TRANSCRIPT_DATA"
    return None if file.is_complete(now) else "NOT_READY"


def summary(asked: Asked) -> Answer:
    """GET /meetings/{}/meeting_summary: wants an instance, not a number."""
    zoom = asked.zoom
    if asked.names[0].isdigit():
        raise ApiError(400, 300, "Invalid meeting ID.")
    meeting = asked.meeting()
    if meeting.host.kind < 2:
        raise no_permission(400, "Only available for Paid account.")
    known = meeting.summary
    if known is None or known.appears_at > zoom.clock():
        raise no_meeting(meeting.uuid)
    if known.refusal is not None:
        raise ApiError(403, 2305, known.refusal)
    return json_answer(shown_summary(zoom, meeting, known))
