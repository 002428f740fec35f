"""What a file's own name tells."""

import re
import unicodedata
from typing import Final

from zoomsync_agent.core.naming.text import one_line
from zoomsync_agent.core.recording import FilePart, Kind

MEDIA: Final = {
    ".mp4": Kind.VIDEO,
    ".webm": Kind.VIDEO,
    ".m4a": Kind.AUDIO,
    ".mp3": Kind.AUDIO,
    ".wav": Kind.AUDIO,
}
"""The endings of recordings. Any other ending, and so any half-finished file, is not taken."""

COMPANIONS: Final = {
    "chat": Kind.CHAT,
    "meeting_saved_chat": Kind.CHAT,
    "meeting_saved_new_chat": Kind.CHAT,
    "closed_caption": Kind.CAPTIONS,
    "meeting_saved_closed_caption": Kind.CAPTIONS,
}
"""The text files that Zoom itself writes beside a recording, without `.txt`."""

PORTAL_PREFIX: Final = re.compile(r"GMT([0-9]{8})-([0-9]{6})(?![0-9])", re.IGNORECASE)
"""How a download from Zoom's web portal begins: the start in UTC."""

_HIDDEN: Final = (".", "~$")
_ICLOUD_SUFFIX: Final = ".icloud"
_BROWSER_COPY: Final = re.compile(r"[ ]\([0-9]{1,3}\)$")
_RESOLUTION: Final = re.compile(r"[0-9]{2,5}x[0-9]{2,5}")
_TEXT_ROLES: Final = (".transcript", ".cc")

# A magic number of nine digits closes every current name; the digits before it count the parts.
_NUMBERED: Final = re.compile(r"(video|as)([0-9]{1,2})[0-9]{9}", re.IGNORECASE)
_SHORT: Final = re.compile(r"(video|audio)([0-9])", re.IGNORECASE)
_UNTIL_2021: Final = re.compile(r"(?:zoom|audio_only|video_only)(?:_([0-9]{1,2}))?", re.IGNORECASE)
# An index counts from 1, so a zero before the part digit belongs to an index of two digits.
_AUDIO: Final = re.compile(
    r"audio(?:(?P<name>.*?)(?:[1-9]0|[1-9]))?(?P<part>[0-9])[0-9]{9}", re.IGNORECASE
)


def real_name(name: str) -> str:
    """Return the name that a cloud placeholder stands for: `.a.mp4.icloud` is `a.mp4`."""
    if name.startswith(".") and name.endswith(_ICLOUD_SUFFIX):
        return name[1 : -len(_ICLOUD_SUFFIX)]
    return name


def placeholder_name(name: str) -> str:
    """Return the name of iCloud's placeholder for *name*: that of `a.mp4` is `.a.mp4.icloud`."""
    return f".{name}{_ICLOUD_SUFFIX}"


def file_part(name: str) -> FilePart | None:
    """Return what *name* tells, or None when it is not a file that the agent takes.

    Args:
        name: the last component of a path. Half-finished files (`.tmp`, `.zoom`, `.part`,
            `.crdownload`, `.download`), hidden ones and office locks are not taken.
    """
    name = unicodedata.normalize("NFC", name)
    stem, suffix = _split(name)
    if name.startswith(_HIDDEN) or not stem:
        return None
    if suffix in MEDIA:
        return _media(without_copy_mark(stem), MEDIA[suffix])
    kind = _text_kind(without_copy_mark(stem).lower(), suffix)
    return None if kind is None else FilePart(kind)


def is_media(name: str) -> bool:
    """Whether *name* is that of a recording in itself and not of a text beside one."""
    part = file_part(name)
    return part is not None and part.kind.is_media


def is_zooms_own(name: str) -> bool:
    """Whether Zoom's client chose *name*: it says nothing about the topic, its folder does."""
    stem, suffix = _split(unicodedata.normalize("NFC", name))
    stem = without_copy_mark(stem)
    if suffix in MEDIA:
        return any(pattern.fullmatch(stem) for pattern in (_NUMBERED, _UNTIL_2021, _AUDIO))
    return suffix == ".txt" and stem.lower() in COMPANIONS


def plain_stem(name: str) -> str:
    """Return *name* without its ending, and for a text without its role (`.transcript`, `.cc`).

    So `demo.mp4`, `demo.vtt` and `demo.transcript.vtt` give the same stem.
    """
    stem, suffix = _split(unicodedata.normalize("NFC", name))
    if suffix == ".vtt":
        stem = _without_role(stem)
    return stem


def without_copy_mark(stem: str) -> str:
    """Return *stem* without the ` (1)` that a browser adds to a second download."""
    return _BROWSER_COPY.sub("", stem)


def portal_words(stem: str) -> list[str]:
    """Return what stands between the time and the resolution of a portal download."""
    words = without_copy_mark(stem).split("_")[1:]
    while words and (not words[-1] or _RESOLUTION.fullmatch(words[-1])):
        words.pop()
    return words


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    return (stem, "." + ending.lower()) if dot else (name, "")


def _without_role(stem: str) -> str:
    unmarked = without_copy_mark(stem)
    for role in _TEXT_ROLES:
        if unmarked.lower().endswith(role):
            return unmarked[: -len(role)]
    return stem


def _text_kind(stem: str, suffix: str) -> Kind | None:
    if suffix == ".vtt":
        is_captions = stem.endswith((".cc", "closed_caption"))
        return Kind.CAPTIONS if is_captions else Kind.TRANSCRIPT
    if suffix != ".txt":
        return None
    if stem.endswith("newchat") or (PORTAL_PREFIX.match(stem) and "." not in stem):
        return Kind.CHAT  # the older portal named the chat like the recording
    return COMPANIONS.get(stem)


def _media(stem: str, kind: Kind) -> FilePart:
    if PORTAL_PREFIX.match(stem):
        words = portal_words(stem)
        shares = kind is Kind.VIDEO and bool(words) and words[-1].lower() == "as"
        return FilePart(kind, is_screen_share=shares)
    if match := _NUMBERED.fullmatch(stem) or _SHORT.fullmatch(stem):
        shares = kind is Kind.VIDEO and match[1].lower() == "as"
        return FilePart(kind, max(int(match[2]), 1), is_screen_share=shares)
    if match := _UNTIL_2021.fullmatch(stem):
        return FilePart(kind, int(match[1] or 0) + 1)
    if match := _AUDIO.fullmatch(stem):
        return FilePart(kind, max(int(match["part"]), 1), one_line(match["name"] or "") or None)
    return FilePart(kind)
