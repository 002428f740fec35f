"""Bounded reading, and what the first bytes of a file say about it."""

import codecs
from typing import BinaryIO, Final

MAX_READS: Final = 600
"""Reads in one file. A recording needs about ten; on a slow network each one is a round trip."""

MAX_READ_BYTES: Final = 16_384


class TooManyReads(Exception):
    """The structure goes on longer than a look is worth."""


class Reader:
    """Small pieces of a file of *size* bytes, at most `MAX_READS` of them."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self._file = file
        self._left = MAX_READS

    def at(self, offset: int, count: int) -> bytes:
        """Return up to *count* bytes from *offset*; fewer where the file ends.

        Raises:
            TooManyReads: the file was read too often.
            OSError: the file cannot be read.
        """
        count = min(count, MAX_READ_BYTES, self.size - offset)
        if offset < 0 or count <= 0:
            return b""
        if self._left <= 0:
            raise TooManyReads
        self._left -= 1
        self._file.seek(offset)
        return self._file.read(count) or b""


_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a database"),
    (b"\x1a\x45\xdf\xa3", "WebM"),
    (b"OggS", "Ogg"),
    (b"fLaC", "FLAC"),
    (b"ID3", "MP3"),
)

_MIN_TEXT: Final = 16
_CONTROL: Final = frozenset(range(0x20)) - frozenset(b"\t\n\r")


def content_of(head: bytes) -> str:
    """Return what a file that begins with *head* certainly is; empty where it is not certain."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[4:8] == b"ftyp":
        return "MP4"
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE":
        return "WAV"
    return _text_in(head)


def _text_in(head: bytes) -> str:
    """Recognise error pages and messages that were saved under the name of a recording."""
    if len(head) < _MIN_TEXT or not _CONTROL.isdisjoint(head):
        return ""
    try:
        # The head may end in the middle of a character.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head).lstrip().casefold()
    except UnicodeDecodeError:
        return ""
    if text.startswith(("<!doctype html", "<html")):
        return "a web page"
    return "text"
