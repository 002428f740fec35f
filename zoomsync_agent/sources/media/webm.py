"""WebM and Matroska: the size of the segment against the size of the file."""

import math
import struct
from dataclasses import dataclass
from typing import Final

from zoomsync_agent.core.readiness import Completeness, Structure
from zoomsync_agent.sources.media.reader import Reader

_EBML: Final = 0x1A45DFA3
_SEGMENT: Final = 0x18538067
_INFO: Final = 0x1549A966
_CLUSTER: Final = 0x1F43B675
_SCALE: Final = 0x2AD7B1
_DURATION: Final = 0x4489
_DEFAULT_SCALE: Final = 1_000_000  # nanoseconds per tick
_MAX_CHILDREN: Final = 48
_MAX_ID_BYTES: Final = 4
_MAX_SIZE_BYTES: Final = 8
_LONGEST_SECONDS: Final = 366 * 86_400


@dataclass(frozen=True, slots=True)
class _Element:
    ident: int
    body: int
    size: int | None  # None: unknown, "until something else begins"

    @property
    def end(self) -> int | None:
        return None if self.size is None else self.body + self.size


def _element_at(reader: Reader, offset: int) -> _Element | None:
    head = reader.at(offset, _MAX_ID_BYTES + _MAX_SIZE_BYTES)
    if not head:
        return None
    id_length = 9 - head[0].bit_length()
    if id_length > _MAX_ID_BYTES or len(head) <= id_length:
        return None
    first = head[id_length]
    length = 9 - first.bit_length()
    if length > _MAX_SIZE_BYTES or len(head) < id_length + length:
        return None
    raw = int.from_bytes(head[id_length : id_length + length], "big")
    mask = (1 << (7 * length)) - 1
    size = raw & mask
    ident = int.from_bytes(head[:id_length], "big")
    return _Element(ident, offset + id_length + length, None if size == mask else size)


def probe(reader: Reader) -> Structure:  # noqa: PLR0911 - one return per rule
    """Add header and segment and compare with the size of the file."""
    header = _element_at(reader, 0)
    if reader.at(0, 4) != _EBML.to_bytes(4, "big")[: reader.size]:
        return Structure(Completeness.FOREIGN, "it does not begin like a WebM film")
    segment = None if header is None or header.end is None else _element_at(reader, header.end)
    if segment is None:
        return Structure(Completeness.INCOMPLETE, "its header is not there yet")
    if segment.ident != _SEGMENT:
        return Structure(Completeness.UNKNOWN, "its structure is not known")
    seconds = _duration(reader, segment)
    if segment.end is None:
        # Browsers record like this and never come back to enter the length.
        return Structure(Completeness.UNKNOWN, "it does not say how long it is", seconds)
    if segment.size == 0:
        return Structure(Completeness.INCOMPLETE, "its length has not been entered yet")
    if segment.end > reader.size:
        missing = f"{segment.end - reader.size:,} bytes are missing at its end"
        return Structure(Completeness.INCOMPLETE, missing)
    if segment.end < reader.size:
        return Structure(Completeness.UNKNOWN, "it goes on behind its announced end", seconds)
    return Structure(Completeness.PROVEN, "it is exactly as long as its header says", seconds)


def _duration(reader: Reader, segment: _Element) -> float | None:
    offset = segment.body
    for _ in range(_MAX_CHILDREN):
        child = _element_at(reader, offset)
        if child is None or child.end is None or child.ident == _CLUSTER:
            return None
        if child.ident == _INFO:
            return _duration_in(reader, child)
        offset = child.end
    return None


def _duration_in(reader: Reader, info: _Element) -> float | None:
    offset, scale, ticks = info.body, _DEFAULT_SCALE, None
    for _ in range(_MAX_CHILDREN):
        child = _element_at(reader, offset)
        if child is None or child.size is None or offset >= info.body + (info.size or 0):
            break
        body = reader.at(child.body, min(child.size, 8))
        if child.ident == _SCALE:
            scale = int.from_bytes(body, "big")
        elif child.ident == _DURATION and child.size in (4, 8) and len(body) == child.size:
            ticks = float(struct.unpack(">f" if child.size == 4 else ">d", body)[0])  # noqa: PLR2004
        offset = child.body + child.size
    if ticks is None or not math.isfinite(ticks):
        return None
    seconds = ticks * scale / 1e9
    return seconds if 0 < seconds <= _LONGEST_SECONDS else None
