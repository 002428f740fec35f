"""What the structure of a media file proves about its end."""

from collections.abc import Callable
from typing import BinaryIO, Final

from zoomsync_agent.core.readiness import Completeness, Structure
from zoomsync_agent.sources.media import mp3, mp4, wav, webm
from zoomsync_agent.sources.media.reader import Reader, TooManyReads, content_of

__all__ = ["Completeness", "Structure", "probe"]

_PROBES: Final[dict[str, tuple[str, Callable[[Reader], Structure]]]] = {
    **dict.fromkeys((".mp4", ".m4a", ".m4v", ".mov"), ("MP4", mp4.probe)),
    ".wav": ("WAV", wav.probe),
    **dict.fromkeys((".webm", ".mkv"), ("WebM", webm.probe)),
    ".mp3": ("MP3", mp3.probe),
}


def probe(file: BinaryIO, size: int, suffix: str) -> Structure:
    """Look into *file*, which holds *size* bytes and whose name ends in *suffix* (".mp4").

    Reads a bounded number of small pieces, whatever the file holds, and never complains about
    content.

    Raises:
        OSError: the file cannot be read.
    """
    if size <= 0:
        return Structure(Completeness.EMPTY, "there are no bytes")
    reader = Reader(file, size)
    try:
        head = reader.at(0, 512)
        if not any(head):
            return Structure(Completeness.INCOMPLETE, "it begins with zeros instead of content")
        expected, look = _PROBES.get(suffix.casefold(), ("", None))
        found = content_of(head)
        if found and found != expected and (expected or found not in _MEDIA):
            return Structure(Completeness.FOREIGN, f"it holds {_ARTICLES.get(found, found)}")
        if look is None:
            return Structure(Completeness.UNKNOWN, "this format does not tell its own end")
        return look(reader)
    except TooManyReads:
        return Structure(Completeness.UNKNOWN, "it has too many parts to follow")


_MEDIA: Final = frozenset({"MP4", "WAV", "WebM", "MP3", "Ogg", "FLAC"})
_ARTICLES: Final = {
    "MP4": "an MP4",
    "WAV": "a WAV sound",
    "WebM": "a WebM or Matroska film",
    "MP3": "an MP3",
    "Ogg": "an Ogg film or sound",
    "FLAC": "a FLAC sound",
}
