"""The names that the agent gives: recording ids and object keys."""

import re
import unicodedata
import uuid
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final

from zoomsync_agent.core.naming.text import is_control, is_surrogate
from zoomsync_agent.core.recording import Meeting, ObjectKey, RecordingId

COMPONENT_BYTES: Final = 180
"""The longest component in UTF-8: file systems allow 255, encrypting ones as few as 143 to 190."""

UNDATED: Final = "undated"

_NAMESPACE: Final = uuid.UUID("6f0c3f0e-5d0b-5c57-9a35-2f7d5c1b8e40")
_FORBIDDEN: Final = frozenset('\\/:*?"<>|')
_RESERVED: Final = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])", re.IGNORECASE
)
_LAST_TWO_OF_PLANE: Final = 0xFFFE  # no characters, and refused by macOS
_EXTENSION: Final = re.compile(r"[A-Za-z0-9]{1,8}")
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9]+")
_NOT_AN_OWNER: Final = re.compile(r"[^A-Za-z0-9_-]+")
_READABLE_HASH: Final = 12
_ASCII_HASH: Final = 16
_OWNER_CHARS: Final = 64
_SLUG_CHARS: Final = 60


class KeyStyle(StrEnum):
    """For whom an object key is made."""

    READABLE = "readable"
    """For people who open the folder: year, start and title; any character that is safe."""
    ASCII = "ascii"
    """For a store of several owners: the owner first, as its policies want, and plain characters
    only."""
    PLAIN = "plain"
    """For a store of one owner: as for people, in plain characters only."""


def recording_id(user_id: str, sha256: str) -> RecordingId:
    """Return the id of a content that *user_id* owns: the same on every machine, at any time."""
    owner = user_id.encode("utf-8", "backslashreplace").decode()
    return RecordingId(str(uuid.uuid5(_NAMESPACE, f"{owner}\n{sha256.lower()}")))


def object_key(
    meeting: Meeting,
    file_name: str,
    sha256: str,
    *,
    style: KeyStyle,
    zone: tzinfo,
    user_id: str = "",
) -> ObjectKey:
    """Return the name that a recording file has in a destination.

    A part of the content's hash is always in it, so that different contents never share a key.

    Args:
        meeting: gives start and title; any text is a valid title.
        file_name: the last component of the file's path; any text.
        sha256: of the content, in hex.
        style: READABLE gives `2026/2026-03-14 10.00.05 Weekly Sync/video1399019170-<hash>.mp4`,
            ASCII gives `<user_id>/2026/03/<hash>-weekly-sync.mp4`, PLAIN gives
            `2026/2026-03-14-100005-weekly-sync/video1399019170-<hash>.mp4`; without a start,
            `undated` stands in place of the date.
        zone: the start is written in its local time, as Zoom writes it.
        user_id: the first component of an ASCII key; left out if empty.
    """
    start = _local(meeting.started_at, zone)
    if style is KeyStyle.ASCII:
        return _ascii_key(meeting.title, start, file_name, sha256.lower(), user_id)
    if style is KeyStyle.PLAIN:
        return _plain_key(meeting.title, start, file_name, sha256.lower())
    return _readable_key(meeting.title, start, file_name, sha256.lower())


def _local(started_at: float | None, zone: tzinfo) -> datetime | None:
    if started_at is None:
        return None
    try:
        return datetime.fromtimestamp(started_at, zone)
    except (ValueError, OverflowError, OSError):  # outside the years 1 to 9999, or not a number
        return None


def _readable_key(title: str, start: datetime | None, file_name: str, sha256: str) -> ObjectKey:
    if start is None:
        top, folder = UNDATED, _component(title)
    else:
        clock = f"{start.hour:02}.{start.minute:02}.{start.second:02}"
        stamp = f"{start.year:04}-{start.month:02}-{start.day:02} {clock}"
        top, folder = f"{start.year:04}", _component(f"{stamp} {title.strip()}")
    stem, extension = _split(file_name)
    file = _component(stem, ending=f"-{sha256[:_READABLE_HASH]}{extension}")
    return ObjectKey(f"{top}/{folder}/{file}")


def safe_file_name(name: str, most: int = COMPONENT_BYTES) -> str:
    """Return *name* as a file name that every system can hold, in *most* bytes of UTF-8."""
    stem, extension = _split(name)
    return _component(stem, ending=extension, most=most)


def _component(text: str, *, ending: str = "", most: int = COMPONENT_BYTES) -> str:
    """Return *text* + *ending* as a file or folder name that every system can hold."""
    safe = "".join(_safe(char) for char in unicodedata.normalize("NFC", text)).strip()
    if safe.startswith("."):  # hidden, or the folder itself
        safe = "_" + safe[1:]
    room = most - len(ending.encode()) - 1  # one for the underscore below
    cut = safe.encode()[:room].decode(errors="ignore").rstrip(". ") or "_"
    name = cut + ending
    # Windows looks at what stands before the first dot: `con.mp4` is the console too.
    return f"_{name}" if _RESERVED.fullmatch(name.partition(".")[0].rstrip()) else name


def _safe(char: str) -> str:
    is_no_char = (
        is_surrogate(char)
        or ord(char) & _LAST_TWO_OF_PLANE == _LAST_TWO_OF_PLANE
        or "\ufdd0" <= char <= "\ufdef"
    )
    return "_" if is_no_char or char in _FORBIDDEN or is_control(char) else char


def _split(file_name: str) -> tuple[str, str]:
    stem, dot, ending = file_name.rpartition(".")
    if stem and dot and _EXTENSION.fullmatch(ending):
        return stem, f".{ending.lower()}"
    return file_name, ""


def owner_folder(user_id: str) -> str:
    """Return the first component of every ASCII key of *user_id*."""
    return _NOT_AN_OWNER.sub("-", user_id)[:_OWNER_CHARS]


def _ascii_key(
    title: str, start: datetime | None, file_name: str, sha256: str, user_id: str
) -> ObjectKey:
    slug = _slug(title) or "recording"
    owner = owner_folder(user_id)
    when = UNDATED if start is None else f"{start.year:04}/{start.month:02}"
    file = f"{sha256[:_ASCII_HASH]}-{slug}{_split(file_name)[1]}"
    return ObjectKey("/".join(filter(None, (owner, when, file))))


def _plain_key(title: str, start: datetime | None, file_name: str, sha256: str) -> ObjectKey:
    stem, extension = _split(file_name)
    slug = _slug(title) or "recording"
    file = f"{_slug(stem) or 'file'}-{sha256[:_READABLE_HASH]}{extension}"
    if start is None:
        return ObjectKey(f"{UNDATED}/{slug}/{file}")
    clock = f"{start.hour:02}{start.minute:02}{start.second:02}"
    stamp = f"{start.year:04}-{start.month:02}-{start.day:02}-{clock}"
    return ObjectKey(f"{start.year:04}/{stamp}-{slug}/{file}")


def _slug(text: str) -> str:
    """Return *text* in lower-case letters, digits and hyphens; empty where it has none of them."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _NOT_PLAIN.sub("-", plain).lower().strip("-")[:_SLUG_CHARS].strip("-")
