"""The smallest valid media files, made in memory, with a content of any size."""

import struct
from typing import Final

MPEG1_128K_44100_STEREO: Final = b"\xff\xfb\x90\x00"
MP3_FRAME_BYTES: Final = 417
MP3_FRAME_SECONDS: Final = 1152 / 44_100


def box(kind: bytes, body: bytes = b"", *, wide: bool = False) -> bytes:
    """Return one MP4 box; *wide* writes its size with 64 bits."""
    if wide:
        return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), kind) + body


def moov(duration: float | None, *, version: int = 0, scale: int = 1000) -> bytes:
    """Return an index that says *duration* seconds; None writes "unknown"."""
    width = 8 if version else 4
    ticks = (1 << 8 * width) - 1 if duration is None else round(duration * scale)
    times = bytes(2 * width) + scale.to_bytes(4, "big") + ticks.to_bytes(width, "big")
    header = box(b"mvhd", bytes([version, 0, 0, 0]) + times + bytes(80))
    return box(b"moov", header + box(b"trak", filler(40)))


def mp4(
    payload: bytes | int = 1000,
    *,
    duration: float | None = 3.0,
    moov_first: bool = False,
    fragmented: bool = False,
    version: int = 0,
) -> bytes:
    """Return an MP4; an integer asks for so many bytes of content, none of them zero.

    The index stands at the end as Zoom writes it, or with *moov_first* at the beginning.
    """
    content = filler(payload) if isinstance(payload, int) else payload
    start = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
    index, media = moov(duration, version=version), box(b"mdat", content)
    if fragmented:
        return start + index + box(b"moof", box(b"mfhd", bytes(8))) + media
    return start + index + media if moov_first else start + media + index


def mfra() -> bytes:
    """Return the index that ends a fragmented MP4."""
    return box(b"mfra", box(b"mfro", bytes(4) + (24).to_bytes(4, "big")))


def filler(count: int) -> bytes:
    """Return *count* bytes, none of them zero and different in each place of a page."""
    row = bytes(range(1, 252))
    return (row * (count // len(row) + 1))[:count]


def wav(seconds: float = 1.0, *, rate: int = 8000, kind: bytes = b"RIFF") -> bytes:
    """Return a WAV with one channel of 16 bits; *kind* may be `RIFX` or `RF64` too."""
    order = ">" if kind == b"RIFX" else "<"
    samples = filler(round(seconds * rate) * 2)
    layout = struct.pack(order + "HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    body = b"WAVE"
    if kind == b"RF64":
        whole = 4 + 36 + 24 + 8 + len(samples)
        sizes = struct.pack("<QQQI", whole, len(samples), len(samples) // 2, 0)
        body += b"ds64" + struct.pack("<I", len(sizes)) + sizes
    body += b"fmt " + struct.pack(order + "I", len(layout)) + layout
    announced = 0xFFFFFFFF if kind == b"RF64" else len(samples)
    body += b"data" + struct.pack(order + "I", announced) + samples
    return kind + struct.pack(order + "I", 0xFFFFFFFF if kind == b"RF64" else len(body)) + body


def element(ident: int, body: bytes, *, known_size: bool = True) -> bytes:
    """Return one EBML element with a size of eight bytes."""
    name = ident.to_bytes((ident.bit_length() + 7) // 8, "big")
    size = (1 << 56) - 1 if not known_size else len(body)
    return name + (1 << 56 | size).to_bytes(8, "big") + body


def webm(payload: bytes | int = 1000, *, seconds: float = 2.0, known_size: bool = True) -> bytes:
    """Return a WebM; without *known_size* it is written as browsers record."""
    content = filler(payload) if isinstance(payload, int) else payload
    scale = element(0x2AD7B1, (1_000_000).to_bytes(3, "big"))
    info = element(0x1549A966, scale + element(0x4489, struct.pack(">d", seconds * 1000)))
    cluster = element(0x1F43B675, content)
    header = element(0x1A45DFA3, element(0x4282, b"webm"))
    return header + element(0x18538067, info + cluster, known_size=known_size)


def mp3(*, frames: int = 20, xing: bool = True, title: bool = False) -> bytes:
    """Return an MP3 of *frames* frames; *xing* puts the encoder's counts into the first."""
    frame = MPEG1_128K_44100_STEREO + filler(MP3_FRAME_BYTES - 4)
    sound = frame * frames
    if xing:
        counts = struct.pack(">4sIII", b"Xing", 3, frames, MP3_FRAME_BYTES * (frames + 1))
        first = MPEG1_128K_44100_STEREO + bytes(32) + counts
        sound = first.ljust(MP3_FRAME_BYTES, b"\0") + sound
    return (b"ID3\4\0\0\0\0\1\0" + bytes(128) if title else b"") + sound
