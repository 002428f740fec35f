"""What Zoom tells of recordings, as far as the agent goes by it; read with patience.

Source: Zoom API reference (Cloud Recording) and published answers, which differ from it: numbers
where it promises strings, keys that are missing while a meeting runs, values that it does not list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from zoomsync_agent.core.rows import epoch

_COMPLETED: Final = ("completed", "")


@dataclass(frozen=True, slots=True)
class CloudFile:
    """One file of a cloud recording. Times are epoch seconds, None where Zoom tells none.

    `type` and `recording_type` are Zoom's own words, in capitals and as they are.
    """

    id: str
    type: str
    extension: str
    recording_type: str
    size: int
    download_url: str
    status: str
    started_at: float | None = None
    ended_at: float | None = None
    name: str = ""
    """Of a participant's separate sound, as Zoom calls it."""

    @property
    def is_finished(self) -> bool:
        """Whether Zoom will not change it any more."""
        return bool(
            self.status in _COMPLETED
            and self.id
            and self.type
            and self.size > 0
            and self.download_url
            and (self.ended_at is not None or self.type not in ("MP4", "M4A"))
        )


@dataclass(frozen=True, slots=True)
class CloudMeeting:
    """One meeting's recording in Zoom's cloud.

    `uuid` names this instance, `number` the meeting, which may be held again and again.
    """

    uuid: str
    number: str
    topic: str
    started_at: float | None
    minutes: int
    host_id: str
    host_email: str
    files: tuple[CloudFile, ...] = ()
    kind: int = 0

    @property
    def size(self) -> int:
        """Bytes of all finished files."""
        return sum(one.size for one in self.files if one.is_finished)


def meeting_of(told: Any) -> CloudMeeting | None:
    """Return a meeting as a list or a single answer tells it; None where it is none."""
    if not isinstance(told, Mapping) or not _text(told, "uuid"):
        return None
    listed = [_file(one) for key in ("recording_files", "participant_audio_files")
              for one in _list(told.get(key))]  # fmt: skip
    return CloudMeeting(
        _text(told, "uuid"),
        _text(told, "id"),
        _text(told, "topic"),
        moment(told.get("start_time")),
        _number(told.get("duration")),
        _text(told, "host_id"),
        _text(told, "host_email"),
        tuple(one for one in listed if one is not None),
        _number(told.get("type")),
    )


def _file(told: Any) -> CloudFile | None:
    if not isinstance(told, Mapping):
        return None
    return CloudFile(
        _text(told, "id"),
        _text(told, "file_type").upper(),
        _text(told, "file_extension").upper(),
        _text(told, "recording_type"),
        _number(told.get("file_size")),
        _text(told, "download_url"),
        _text(told, "status").lower(),
        moment(told.get("recording_start")),
        moment(told.get("recording_end")),
        _text(told, "file_name"),
    )


def moment(text: object) -> float | None:
    """Return a time that Zoom tells, in epoch seconds; None where it tells none."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return epoch(text)
    except (ValueError, OverflowError):
        return None


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    # Half characters are text in JSON, and in nothing that keeps or sends it.
    return str(value).encode("utf-8", "replace").decode()


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return 0
    try:
        return max(0, int(value))
    except (ValueError, OverflowError):
        return 0


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
