"""MP3: the byte count that an encoder leaves in the first frame, where there is one."""

from dataclasses import dataclass
from typing import Final

from zoomsync_agent.core.readiness import Completeness, Structure
from zoomsync_agent.sources.media.reader import Reader

_BITRATES: Final = {  # kilobits per second of layer III, for MPEG 1 and for MPEG 2 and 2.5
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8000),
}
_MONO: Final = 3
_MAX_TAGS: Final = 4
_SEARCH_BYTES: Final = 4096
_HAS_FRAMES: Final = 1
_HAS_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class _Frame:
    start: int
    length: int
    samples: int
    rate: int
    side_bytes: int


def probe(reader: Reader) -> Structure:  # noqa: PLR0911 - one return per rule
    """Compare the encoder's own byte count with the bytes that are there."""
    begin = _behind_tags(reader)
    if begin > reader.size:
        return Structure(Completeness.INCOMPLETE, "it ends inside its title and picture")
    frame = _first_frame(reader, begin)
    if frame is None:
        rest = reader.at(begin, _SEARCH_BYTES)
        if not any(rest):
            return Structure(Completeness.INCOMPLETE, "its sound is not there yet")
        return Structure(Completeness.UNKNOWN, "no sound was found at its beginning")
    frames, count = _counts(reader, frame)
    seconds = frames * frame.samples / frame.rate if frames else None
    if not count:
        return Structure(Completeness.UNKNOWN, "this format does not tell its own end", seconds)
    there = _end(reader) - frame.start
    if there < count:
        detail = f"{count - there:,} bytes are missing at its end"
        return Structure(Completeness.INCOMPLETE, detail)
    if there > count or not frames:
        return Structure(Completeness.UNKNOWN, "it goes on behind its announced end", seconds)
    return Structure(Completeness.PROVEN, "it is exactly as long as its header says", seconds)


def _behind_tags(reader: Reader) -> int:
    """Return the offset behind the ID3v2 tags."""
    offset = 0
    for _ in range(_MAX_TAGS):
        head = reader.at(offset, 10)
        if head[:3] != b"ID3":
            break
        if len(head) < 10:  # noqa: PLR2004 - a whole tag header
            return reader.size + 1
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        offset += 10 + size + (10 if head[5] & 0x10 else 0)
    return offset


def _first_frame(reader: Reader, begin: int) -> _Frame | None:
    """Return the first frame that is followed by another, or by the end of the file."""
    window = reader.at(begin, _SEARCH_BYTES)
    position = window.find(0xFF)
    while 0 <= position < len(window) - 3:
        frame = _frame(window[position : position + 4], begin + position)
        if frame is not None:
            follower = reader.at(frame.start + frame.length, 2)
            if len(follower) < 2 or (follower[0] == 0xFF and follower[1] >= 0xE0):  # noqa: PLR2004
                return frame
        position = window.find(0xFF, position + 1)
    return None


def _frame(head: bytes, start: int) -> _Frame | None:
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if head[1] < 0xE0 or version == 1 or layer != 1 or bitrate in (0, 15) or rate == 3:  # noqa: PLR2004
        return None
    is_first = version == 3  # noqa: PLR2004 - MPEG 1
    samples = 1152 if is_first else 576
    hertz = _RATES[version][rate]
    bits = _BITRATES[1 if is_first else 2][bitrate] * 1000
    length = samples // 8 * bits // hertz + (head[2] >> 1 & 1)
    is_mono = head[3] >> 6 == _MONO
    side = (17 if is_mono else 32) if is_first else (9 if is_mono else 17)
    return _Frame(start, length, samples, hertz, side)


def _counts(reader: Reader, frame: _Frame) -> tuple[int, int]:
    """Return frames and bytes as the Xing, Info or VBRI header tells them; 0 where it does not."""
    xing = reader.at(frame.start + 4 + frame.side_bytes, 16)
    if xing[:4] in (b"Xing", b"Info") and len(xing) == 16:  # noqa: PLR2004
        flags, fields = int.from_bytes(xing[4:8], "big"), [xing[8:12], xing[12:16]]
        frames = int.from_bytes(fields.pop(0), "big") if flags & _HAS_FRAMES else 0
        return frames, int.from_bytes(fields.pop(0), "big") if flags & _HAS_BYTES else 0
    vbri = reader.at(frame.start + 36, 18)
    if vbri[:4] == b"VBRI" and len(vbri) == 18:  # noqa: PLR2004
        return int.from_bytes(vbri[14:18], "big"), int.from_bytes(vbri[10:14], "big")
    return 0, 0


def _end(reader: Reader) -> int:
    """Return where the sound ends: before the ID3v1 and APE tags, if there are any."""
    end = reader.size
    if reader.at(end - 128, 3) == b"TAG":
        end -= 128
    footer = reader.at(end - 32, 32)
    if footer[:8] == b"APETAGEX" and len(footer) == 32:  # noqa: PLR2004
        has_header = footer[23] & 0x80
        end -= int.from_bytes(footer[12:16], "little") + (32 if has_header else 0)
    return max(end, 0)
