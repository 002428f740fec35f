"""Names for what lies in a cloud, where nothing has a path."""

import re
from typing import Final

from zoomsync_agent.core.naming.meetings import short_hash
from zoomsync_agent.core.naming.text import one_line
from zoomsync_agent.core.recording import FilePart, Kind, MeetingKey

PREFIX: Final = "zoom-"
_KINDS: Final = {
    "MP4": Kind.VIDEO,
    "M4A": Kind.AUDIO,
    "TRANSCRIPT": Kind.TRANSCRIPT,
    "CC": Kind.CAPTIONS,
    "CHAT": Kind.CHAT,
}
"""By Zoom's word for the type; of any other nothing is read."""
_EXTENSIONS: Final = {
    "TRANSCRIPT": "vtt",
    "CC": "vtt",
    "CHAT": "txt",
    "CHAT_MESSAGE": "txt",
    "TIMELINE": "json",
    "SUMMARY": "json",
    "TB": "jpg",
}
"""For answers that name no extension."""
_PLAIN: Final = re.compile(r"[^A-Za-z0-9]+")
_PARTICIPANT: Final = re.compile(r"^audio only\s*-\s*", re.IGNORECASE)
_DEVICE: Final = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])", re.IGNORECASE
)
_LONGEST: Final = 60


def cloud_meeting_key(uuid: str, started_at: float | None = None) -> MeetingKey:
    """Return the key of one recording of a meeting in Zoom's cloud.

    Args:
        uuid: of the meeting's instance.
        started_at: of the recording, in epoch seconds: one that was stopped and started again is
            several. None gives the key of the whole meeting.
    """
    key = f"{PREFIX}{short_hash(uuid)}"
    return MeetingKey(key if started_at is None else f"{key}-{int(started_at):x}")


def whole_meeting(key: MeetingKey) -> MeetingKey:
    """Return the key of the meeting of which *key* is a segment; any other key as it is."""
    if not key.startswith(PREFIX):
        return key
    return MeetingKey("-".join(key.split("-")[:2]))


def cloud_part(file_type: str, name: str, segment: int) -> FilePart:
    """Return what Zoom tells of a file.

    Args:
        file_type: Zoom's word for it, such as MP4.
        name: of the separate sound of one participant; empty for all others.
        segment: of the recording, from 1.
    """
    participant = one_line(_PARTICIPANT.sub("", name)) or None
    return FilePart(_KINDS.get(file_type, Kind.OTHER), segment, participant)


def cloud_file_name(file_type: str, extension: str, recording_type: str, name: str) -> str:
    """Return a file name that tells a person what a file of a cloud recording is.

    Args:
        file_type: Zoom's word for it, such as MP4.
        extension: Zoom's, such as MP4; may be empty.
        recording_type: Zoom's, such as shared_screen_with_speaker_view(CC); may be empty.
        name: of the separate sound of one participant; empty for all others.
    """
    ending = _PLAIN.sub("", extension or _EXTENSIONS.get(file_type, file_type)).lower()[:8]
    words = one_line(name) or _PLAIN.sub("_", recording_type).strip("_")
    words = words or one_line(file_type.lower())
    stem = "".join("_" if char in '\\/:*?"<>|.' else char for char in words)[:_LONGEST].strip()
    # Not a name that Windows keeps for itself, such as that of somebody called Con.
    safe = f"_{stem}" if _DEVICE.fullmatch(stem) else stem
    return ".".join(filter(None, (safe or "recording", ending)))
