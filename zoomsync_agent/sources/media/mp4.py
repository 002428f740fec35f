"""MP4, M4A and QuickTime: boxes that must add up exactly to the file."""

from dataclasses import dataclass
from typing import Final

from zoomsync_agent.core.readiness import Completeness, Structure
from zoomsync_agent.sources.media.reader import Reader

MAX_BOXES: Final = 200
"""Top-level boxes that are followed. A recording has about four; only fragments have more."""

_STARTS: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"})
_KNOWN: Final = _STARTS | {
    *(b"moof", b"mfra", b"meta", b"uuid", b"udta", b"sidx", b"ssix", b"prft", b"emsg", b"pdin")
}
_MAX_CHILDREN: Final = 48
_MAX_CUT_HEADER: Final = 64
_TAIL: Final = 8
_UNKNOWN_DURATIONS: Final = (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
_LONGEST_SECONDS: Final = 366 * 86_400


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    header: int
    size: int
    is_open: bool  # size 0: "to the end of the file"

    @property
    def end(self) -> int:
        return self.start + self.size

    @property
    def payload(self) -> int:
        return self.size - self.header


def _box_at(reader: Reader, offset: int, limit: int) -> _Box | None:
    """Return the box at *offset*; None where its header is cut off or impossible."""
    head = reader.at(offset, 16)
    if len(head) < 8:  # noqa: PLR2004 - size and kind
        return None
    size, kind, header = int.from_bytes(head[:4], "big"), head[4:8], 8
    if size == 0:
        return _Box(kind, offset, header, limit - offset, is_open=True)
    if size == 1:
        size, header = int.from_bytes(head[8:16], "big"), 16
        if len(head) < header:
            return None
    return _Box(kind, offset, header, size, is_open=False) if size >= header else None


def probe(reader: Reader) -> Structure:
    """Add up the boxes and compare with the size of the file."""
    boxes: list[_Box] = []
    offset = 0
    while offset < reader.size:
        if len(boxes) == MAX_BOXES:
            return _crowded(reader, boxes)
        found = _next(reader, boxes, offset)
        if isinstance(found, Structure):
            return found
        boxes.append(found)
        offset = found.end
    return _whole(reader, boxes)


def _next(reader: Reader, boxes: list[_Box], offset: int) -> _Box | Structure:  # noqa: PLR0911 - one return per rule
    """Return the top-level box at *offset*, or the verdict if the row breaks there."""
    kinds = {b.kind for b in boxes}
    has_all = b"moov" in kinds and b"mdat" in kinds
    if not any(reader.at(offset, 16)):
        # Room that was reserved in advance: the rest has not been written into it yet.
        return _incomplete(f"from byte {offset:,} on there are only zeros")
    box = _box_at(reader, offset, reader.size)
    if box is None:
        return (
            _unknown(f"something else follows after byte {offset:,}")
            if has_all and reader.size - offset > _MAX_CUT_HEADER
            else _incomplete("it ends in the middle of its structure")
        )
    if not boxes and box.kind not in _STARTS:
        return Structure(Completeness.FOREIGN, "it does not begin like an MP4")
    if box.is_open:
        if box.kind == b"mdat" and b"moov" not in kinds:
            return _incomplete("its length has not been entered yet")
        return _unknown("its last part does not say how long it is")
    if box.end > reader.size:
        if has_all and box.kind not in _KNOWN:
            return _unknown(f"something else follows after byte {offset:,}")
        return _incomplete(f"{box.end - reader.size:,} bytes are missing at its end")
    return box


def _crowded(reader: Reader, boxes: list[_Box]) -> Structure:
    """Decide about a long row of fragments by what stands at the very end."""
    moov = next((b for b in boxes if b.kind == b"moov"), None)
    tail = reader.at(reader.size - 16, 16)
    if moov is not None and len(tail) == 16 and tail[4:8] == b"mfro":  # noqa: PLR2004
        size = int.from_bytes(tail[12:16], "big")
        box = _box_at(reader, reader.size - size, reader.size)
        if box is not None and box.kind == b"mfra" and box.size == size:
            return Structure(
                Completeness.PROVEN, "its fragment index is there", _duration(reader, moov)
            )
    return _unknown("it has too many parts to follow")


def _whole(reader: Reader, boxes: list[_Box]) -> Structure:  # noqa: PLR0911 - one return per rule
    """Decide about boxes that add up exactly."""
    moov = next((b for b in boxes if b.kind == b"moov"), None)
    if moov is None:
        return _incomplete("its index, which is written last, is not there")
    media = [b for b in boxes if b.kind == b"mdat" and b.payload > 0]
    if not media:
        return _incomplete("it holds no picture or sound yet")
    duration = _duration(reader, moov)
    if any(b.kind == b"moof" for b in boxes):
        if boxes[-1].kind == b"mfra":
            return Structure(Completeness.PROVEN, "its fragment index is there", duration or None)
        # Fragments add up after each one: that says nothing about the next.
        return _unknown("it is written in fragments, and any of them may be the last", duration)
    if duration == 0.0:
        return _unknown("its index does not say how long it plays")
    if not any(reader.at(moov.start + moov.header, 16)):
        return _incomplete("its index has not been filled in yet")
    if not {b"mvhd", b"trak"} <= {b.kind for b in _children(reader, moov)}:
        return _unknown("its index cannot be read")
    for part in (moov, media[-1]):
        # Room that was reserved in advance adds up as well, before the rest is written into it.
        if part.payload >= _TAIL and not any(reader.at(part.end - _TAIL, _TAIL)):
            return _unknown("it ends in zeros", duration)
    return Structure(
        Completeness.PROVEN, "its parts add up to the last byte and its index is there", duration
    )


def _children(reader: Reader, parent: _Box) -> tuple[_Box, ...]:
    """Return the boxes inside *parent*; none, if they do not add up to it exactly."""
    offset = parent.start + parent.header
    found: list[_Box] = []
    while offset < parent.end:
        box = _box_at(reader, offset, parent.end)
        if box is None or box.is_open or box.end > parent.end or len(found) == _MAX_CHILDREN:
            return ()
        found.append(box)
        offset = box.end
    return tuple(found)


def _duration(reader: Reader, moov: _Box) -> float | None:
    """Return the seconds that the movie header tells: 0.0 where it says zero, None if unknown."""
    header = next((b for b in _children(reader, moov) if b.kind == b"mvhd"), None)
    if header is None:
        return None
    body = reader.at(header.start + header.header, min(header.payload, 32))
    long = body[:1] == b"\1"
    at, width = (20, 8) if long else (12, 4)
    if len(body) < at + 4 + width:
        return None
    scale = int.from_bytes(body[at : at + 4], "big")
    ticks = int.from_bytes(body[at + 4 : at + 4 + width], "big")
    if scale == 0 or ticks == _UNKNOWN_DURATIONS[long]:
        return None
    seconds = ticks / scale
    return seconds if seconds <= _LONGEST_SECONDS else None


def _incomplete(detail: str) -> Structure:
    return Structure(Completeness.INCOMPLETE, detail)


def _unknown(detail: str, duration: float | None = None) -> Structure:
    return Structure(Completeness.UNKNOWN, detail, duration or None)
