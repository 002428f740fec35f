"""What was drawn beforehand is what would be drawn now."""

import io
import struct
import zlib
from importlib import util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from zoomsync_agent.tray import art, sheets
from zoomsync_agent.tray.looks import SIZES, Face, Look

SCRIPT = Path(__file__).parents[2] / "assets" / "draw_tray.py"
SHEETS = SCRIPT.parent / "tray"


def _drawing():
    spec = util.spec_from_file_location("draw_tray", SCRIPT)
    found = util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


DRAWING = _drawing()


@pytest.mark.parametrize("look", DRAWING.looks(), ids=sheets.name_of)
def test_every_sheet_shows_what_is_drawn_now(look):
    """Whoever changes the drawing draws them anew: python assets/draw_tray.py."""
    for size in SIZES:
        width, height, argb = sheets.pixmap(look, size)
        assert (width, height) == (size, size)
        alpha, red, green, blue = (
            Image.frombytes("L", (size, size), argb[number::4]) for number in range(4)
        )
        kept, now = Image.merge("RGBA", (red, green, blue, alpha)), art.draw(look, size)
        # Another release of Pillow may round the edges another way.
        assert max(ImageStat.Stat(ImageChops.difference(kept, now)).mean) < 2.0


def test_there_is_no_sheet_too_many():
    """What nobody asks for would be carried along for ever."""
    assert {one.name for one in SHEETS.iterdir()} == set(map(sheets.name_of, DRAWING.looks()))


def test_sheets_are_files_that_every_program_shows():
    """They can be looked at."""
    for path in SHEETS.iterdir():
        with Image.open(path) as image:
            image.load()
            assert image.size == (max(SIZES), sum(SIZES))
            assert image.mode == "RGBA"


def test_what_was_not_drawn_beforehand_is_none():
    """Letters of profiles, and sizes that no panel asks for."""
    assert sheets.pixmap(Look(Face.IDLE, letter="W"), 16) is None
    assert sheets.pixmap(Look(Face.IDLE), 17) is None
    assert sheets.pixmap(Look(Face.WORKING, 99), 16) is None


@given(
    width=st.integers(1, 9),
    pixels=st.lists(st.binary(min_size=36, max_size=36), min_size=1, max_size=9),
)
def test_what_is_encoded_is_decoded(width, pixels):
    """By us and by Pillow."""
    rows = [one[: width * 4] for one in pixels]
    data = sheets.encode(width, rows)
    assert sheets.decode(data) == rows
    with Image.open(io.BytesIO(data)) as image:
        assert image.tobytes() == b"".join(rows)


@given(data=st.binary(max_size=80))
def test_what_is_none_of_ours_is_refused(data):
    """Also where it begins like one."""
    whole = sheets.encode(2, [b"12345678"])
    for bad in (data, whole[:8] + data, whole[: max(8, len(whole) - 1 - len(data))]):
        with pytest.raises(ValueError, match=r"\S"):
            sheets.decode(bad)


def test_each_damaged_byte_is_noticed():
    """A sum stands behind each part."""
    whole = sheets.encode(2, [b"12345678", b"abcdefgh"])
    for at in range(len(whole)):
        bad = bytearray(whole)
        bad[at] ^= 1
        with pytest.raises(ValueError, match=r"\S"):
            sheets.decode(bytes(bad))


def test_filtered_rows_are_refused():
    """They would be shown as noise."""
    packed = zlib.compress(b"\1" + b"12345678")
    header = struct.pack(">IIBBBBB", 2, 1, 8, 6, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", packed))
    )
    with pytest.raises(ValueError, match="another form"):
        sheets.decode(data)
