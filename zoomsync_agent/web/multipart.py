"""A form with a file, read as it comes.

A recording may be larger than any memory or temporary folder, so what the file holds goes straight
to where it is kept. Werkzeug 3.1 can read forms in pieces too, but lets a stray byte into a file
whose end arrives in two of them (`MultipartDecoder`, a boundary with half of the line's end).

Source: RFC 7578.
"""

import io
from typing import IO, TYPE_CHECKING, Final

from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header

from zoomsync_agent.core.errors import NotAllowed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE: Final = 256 << 10
"""So many bytes are read at a time."""
_MOST_TEXT: Final = 8 << 10
"""So many bytes a field may hold that is no file."""
_BLANK: Final = b"\r\n\r\n"
_MORE: Final = b"\r\n"
_LAST: Final = b"--"
_NOT_WHOLE: Final = "the recording did not arrive whole; nothing of it is kept"


class Form(io.RawIOBase):
    """A form whose last field is a file; after `read_fields`, what that file holds.

    Args:
        stream: the body.
        boundary: what parts its fields.

    Raises:
        NotAllowed: nothing parts them.
    """

    def __init__(self, stream: IO[bytes], boundary: str) -> None:
        super().__init__()
        if not boundary:
            raise NotAllowed("this is no form with a file")
        self._stream = stream
        self._mark = b"\r\n--" + boundary.encode("latin-1", "replace")
        self._held = bytearray(b"\r\n")  # the first mark has no line before it
        self._is_over = False
        self.fields: dict[str, str] = {}

    def read_fields(self) -> str:
        """Read up to the file, and return the file's name.

        Raises:
            NotAllowed: there is none.
        """
        self._until(self._mark)
        while self._behind_mark() == _MORE:
            head = self._until(_BLANK)
            _, told = parse_options_header(_disposition(head))
            if "filename" in told:
                if told["filename"]:
                    return told["filename"]
                break
            self.fields[told.get("name", "")] = self._until(self._mark).decode("utf-8", "replace")
        raise NotAllowed("no file was chosen")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read a piece of the file; 0 at its end.

        Raises:
            NotAllowed: the body ended before the file did.
        """
        if self._is_over:
            return 0
        room = memoryview(buffer).cast("B")
        while True:
            end = self._held.find(self._mark)
            # What may be the beginning of the mark is held back.
            sure = end if end >= 0 else len(self._held) - len(self._mark) + 1
            if sure > 0:
                size = min(sure, len(room))
                room[:size] = self._held[:size]
                del self._held[:size]
                return size
            if end == 0:
                del self._held[: len(self._mark)]
                if self._behind_mark() != _LAST:
                    raise NotAllowed("the file is not the last field of the form")
                self._is_over = True
                return 0
            self._receive()

    def _until(self, mark: bytes) -> bytes:
        """Return what comes before *mark*, and leave both behind.

        Raises:
            NotAllowed: it is too long, or the body ends before.
        """
        while (end := self._held.find(mark)) < 0:
            if len(self._held) > _MOST_TEXT + PIECE:
                raise NotAllowed("a field of the form is too long")
            self._receive()
        if end > _MOST_TEXT:
            raise NotAllowed("a field of the form is too long")
        found = bytes(self._held[:end])
        del self._held[: end + len(mark)]
        return found

    def _behind_mark(self) -> bytes:
        while len(self._held) < len(_LAST):
            self._receive()
        found = bytes(self._held[: len(_LAST)])
        del self._held[: len(_LAST)]
        return found

    def _receive(self) -> None:
        """Take what comes next of the body.

        Raises:
            NotAllowed: nothing does.
        """
        try:
            data = self._stream.read(PIECE)
        except (OSError, ValueError, HTTPException) as exc:
            raise NotAllowed(_NOT_WHOLE) from exc
        if not data:
            raise NotAllowed(_NOT_WHOLE)
        self._held += data


def _disposition(head: bytes) -> str:
    """Return the header that names a field."""
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return value.strip()
    raise NotAllowed("a field of the form has no name")
