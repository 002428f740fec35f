"""Folder and file name to meeting: its key, its title, its start."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import PurePath
from typing import Final

from zoomsync_agent.core.naming.files import (
    PORTAL_PREFIX,
    is_zooms_own,
    plain_stem,
    portal_words,
    without_copy_mark,
)
from zoomsync_agent.core.naming.text import one_line
from zoomsync_agent.core.recording import Meeting, MeetingKey

NO_TOPIC: Final = "Zoom meeting"
NO_NAME: Final = "Zoom recording"

_PARTICIPANTS: Final = "audio record"
_FOLDER: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2})\.([0-9]{2})\.([0-9]{2})(?![0-9])(.*)", re.DOTALL
)
_MEETING_NUMBER: Final = re.compile(r"(?:^|\s)[0-9]{9,11}$")
_LAST_YEAR_WITH_NUMBERS: Final = 2022
_YEARS: Final = range(1970, 9999)
"""The years that every system and every interface can write, in any zone."""
_PORTAL_LAYOUTS: Final = frozenset({"avo", "as", "gallery", "gvo"})
_PORTAL_NO_TOPIC: Final = ("recording", "recordingnewchat")

_CONCLUSIVE_SECONDS: Final = 86_400.0
"""A file changed more than a day after the start was copied: its time says nothing of the hour."""


def meeting(
    relative: PurePath,
    *,
    zone: tzinfo,
    ended_before: float | None = None,
    duration: float | None = None,
) -> Meeting:
    """Return what the path of a recording file tells about its meeting.

    The nearest folder that Zoom named wins, then the name of a web portal download (whose times
    are UTC). Any other file is foreign, and so is one of a year before 1970 or after 9998: it has
    no start. All files of one Zoom folder share one
    key. In a foreign folder and in the root a key covers one stem (`demo.mp4`, `demo.vtt`), so
    that no text reaches a recording it does not belong to; files named by Zoom in a renamed
    folder still share that folder's key. A folder that is moved or renamed gets a new key.

    Args:
        relative: the file, relative to the recordings folder.
        zone: where the computer was; Zoom writes local time without a zone.
        ended_before: when the file was last changed, in epoch seconds. With *duration* it decides
            between the two instants of an hour that the clocks repeat.
        duration: length of the recording in seconds.
    """
    folders = [_nfc(part) for part in relative.parts[:-1] if part != relative.anchor]
    while folders and folders[-1].casefold() == _PARTICIPANTS:
        folders.pop()
    name = _nfc(relative.name)
    for depth in range(len(folders), 0, -1):
        named = _zoom_folder(folders[:depth], zone, ended_before, duration)
        if named is not None:
            return named
    return _portal(name, folders) or _foreign(name, folders)


def nameless(relative: PurePath) -> Meeting:
    """Return what stands for the meeting of a file whose path could not be understood."""
    return Meeting(MeetingKey(f"undated-{short_hash(str(relative))}"), NO_NAME)


def _zoom_folder(
    folders: Sequence[str], zone: tzinfo, ended_before: float | None, duration: float | None
) -> Meeting | None:
    match = _FOLDER.fullmatch(folders[-1])
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    if year not in _YEARS:
        return None
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        start, is_ambiguous = _instant(local, ended_before, duration or 0.0)
    except (ValueError, OverflowError, OSError):  # 31 February, hour 25; a zone without an answer
        return None
    if start < 0:  # the first hours of 1970, east of Greenwich
        return None
    topic = one_line(match[7])
    if year <= _LAST_YEAR_WITH_NUMBERS:  # later, such digits belong to the topic
        topic = _MEETING_NUMBER.sub("", topic).rstrip()
    stamp = folders[-1][:19].replace(" ", "_")
    key = MeetingKey(f"{stamp}-{short_hash('/'.join(folders))}")
    return Meeting(key, topic or NO_TOPIC, start, is_ambiguous)


def _instant(local: datetime, ended_before: float | None, duration: float) -> tuple[float, bool]:
    first = local.replace(fold=0).timestamp()
    second = local.replace(fold=1).timestamp()
    if second <= first:  # an ordinary hour, or one that the clocks skipped
        return first, False
    if ended_before is not None:
        fitting = [at for at in (first, second) if at + duration <= ended_before]
        if fitting and ended_before - fitting[-1] - duration <= _CONCLUSIVE_SECONDS:
            return fitting[-1], False
    return first, True


def _portal(name: str, folders: Sequence[str]) -> Meeting | None:
    match = PORTAL_PREFIX.match(name)
    if match is None:
        return None
    day, clock = match.groups()
    try:
        start = datetime.strptime(day + clock, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    if start.year not in _YEARS:
        return None
    words = portal_words(without_copy_mark(plain_stem(name)))
    if words and words[0].lower() in _PORTAL_NO_TOPIC:
        words = []
    while words and words[-1].lower() in _PORTAL_LAYOUTS:
        words.pop()
    title = one_line("_".join(words)) or one_line(folders[-1] if folders else "") or NO_NAME
    return Meeting(MeetingKey(f"gmt{day}-{clock}"), title, start.timestamp())


def _foreign(name: str, folders: Sequence[str]) -> Meeting:
    stem = plain_stem(name)
    title = one_line(folders[-1] if folders else stem) or NO_NAME
    is_whole_folder = bool(folders) and is_zooms_own(name)
    scope = "/".join(folders) + ("" if is_whole_folder else f"/\0{stem}")
    return Meeting(MeetingKey(f"undated-{short_hash(scope)}"), title)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)  # macOS hands out decomposed names


def short_hash(text: str) -> str:
    """Return sixteen hexadecimal digits that stand for *text*."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
