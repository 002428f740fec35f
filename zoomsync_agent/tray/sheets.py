"""Pictures that were drawn beforehand, so that nobody needs Pillow, and 9 MB, for the usual icons.

A sheet is a PNG file with one look in all sizes below each other, made by `assets/draw_tray.py`.
Source: W3C, *Portable Network Graphics*; of it only what our own files use is read: eight bits,
RGBA, rows that are not filtered.
"""

import struct
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from zoomsync_agent.tray.looks import SIZES, Look

Pixmap = tuple[int, int, bytes]
"""Width, height, and the pixels as ARGB32 in network order."""

_PACKAGED: Final = Path(__file__).resolve().parent.parent / "assets" / "tray"
_IN_TREE: Final = Path(__file__).resolve().parent.parent.parent / "assets" / "tray"
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = 4
_RGBA: Final = (8, 6, 0, 0, 0)
"""Bits of a channel, kind of colour, compression, filter, interlacing."""


def name_of(look: Look) -> str:
    """Return the name of the file that holds *look*."""
    return f"{look.face}-{look.step:02}.png" if look.step else f"{look.face}.png"


def pixmap(look: Look, size: int) -> Pixmap | None:
    """Return a look with *size* pixels a side; None where it was not drawn beforehand."""
    if look.letter or size not in SIZES:
        return None
    rows = _rows(name_of(look))
    if rows is None:
        return None
    top = sum(SIZES[: SIZES.index(size)])
    rgba = b"".join(row[: size * _CHANNELS] for row in rows[top : top + size])
    argb = bytearray(len(rgba))
    argb[0::4], argb[1::4], argb[2::4], argb[3::4] = rgba[3::4], rgba[0::4], rgba[1::4], rgba[2::4]
    return size, size, bytes(argb)


def encode(width: int, rows: list[bytes]) -> bytes:
    """Return a sheet as a file.

    Args:
        width: in pixels.
        rows: RGBA, each as long as *width* wants.
    """
    header = struct.pack(">IIBBBBB", width, len(rows), *_RGBA)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def decode(data: bytes) -> list[bytes]:
    """Return the rows of a sheet.

    Raises:
        ValueError: it is none of ours, or damaged.
    """
    if data[:8] != _SIGNATURE:
        raise ValueError("no PNG file")
    at, width, height, packed, kind = 8, 0, 0, b"", b""
    try:
        while at < len(data):
            (length,) = struct.unpack_from(">I", data, at)
            kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
            (told,) = struct.unpack_from(">I", data, at + 8 + length)
            if told != zlib.crc32(kind + body):
                raise ValueError("damaged")
            if kind == b"IHDR":
                width, height, *form = struct.unpack(">IIBBBBB", body)
                if tuple(form) != _RGBA:
                    raise ValueError("of another form")
            elif kind == b"IDAT":
                packed += body
            at += length + 12
        pixels = zlib.decompress(packed)
    except (struct.error, zlib.error) as exc:
        raise ValueError(str(exc)) from exc
    line = width * _CHANNELS + 1
    if kind != b"IEND" or not width or len(pixels) != line * height or any(pixels[::line]):
        raise ValueError("of another form")
    return [pixels[start + 1 : start + line] for start in range(0, len(pixels), line)]


@lru_cache(maxsize=1)
def _rows(name: str) -> list[bytes] | None:
    """Return the rows of a sheet; None where there is none that can be read."""
    folder = _PACKAGED if _PACKAGED.is_dir() else _IN_TREE
    try:
        return decode((folder / name).read_bytes())
    except (OSError, ValueError):
        return None
