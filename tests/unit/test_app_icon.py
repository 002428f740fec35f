"""The application's icon is what is drawn now, in every form that a system asks for."""

import re
from importlib import util
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

SCRIPT = Path(__file__).parents[2] / "assets" / "draw_app.py"
FOLDER = SCRIPT.parent / "app"
SVG = "{http://www.w3.org/2000/svg}"


def _drawing():
    spec = util.spec_from_file_location("draw_app", SCRIPT)
    found = util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


DRAWING = _drawing()


def far(one, other):
    """Return how far two pictures are from each other, per channel at most."""
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGBA"), other)).mean)


def of_svg(side):
    """Draw the figures of the file, as far as they are used in it."""
    root = ET.fromstring(DRAWING.SVG)  # noqa: S314  our own
    scale = 8 * side / 1000
    large = Image.new("RGBA", (8 * side, 8 * side))
    pen = ImageDraw.Draw(large)

    def points(node):
        numbers = [float(one) * scale for one in re.split(r"[ ,]", node.get("points"))]
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def stroke(line, node):
        width = float(node.get("stroke-width")) * scale
        pen.line(line, node.get("stroke"), round(width))
        for x, y in line:
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), "#ffffff")

    for node in root:
        if node.tag == f"{SVG}rect":
            x, y, width, height, radius = (
                float(node.get(name)) * scale for name in ("x", "y", "width", "height", "rx")
            )
            pen.rounded_rectangle((x, y, x + width, y + height), radius, node.get("fill"))
        elif node.tag == f"{SVG}polygon":
            pen.polygon(points(node), node.get("fill"))
            stroke([*points(node), points(node)[0]], node)
        elif node.tag == f"{SVG}polyline":
            stroke(points(node), node)
    return large.convert("RGBa").resize((side, side), Image.Resampling.BOX).convert("RGBA")


def test_the_vector_is_what_is_drawn_now():
    """Whoever changes the drawing draws it anew: python assets/draw_app.py."""
    assert (FOLDER / "zoomsync.svg").read_text("utf-8") == DRAWING.SVG


@pytest.mark.parametrize("size", [128, 256])
def test_vector_and_tray_show_the_same(size):
    """Two hands, one sign."""
    assert far(DRAWING.raster(size), of_svg(size)) < 2.0


@pytest.mark.parametrize("size", DRAWING.SIZES)
def test_every_raster_is_what_is_drawn_now(size):
    """In the sizes of an icon theme."""
    with Image.open(FOLDER / f"zoomsync-{size}.png") as kept:
        assert kept.size == (size, size)
        # Another release of Pillow may round the edges another way.
        assert far(kept, DRAWING.raster(size)) < 2.0


def test_windows_gets_all_sizes_in_one_file():
    """Each drawn for its size, not made small by whoever shows it."""
    with Image.open(FOLDER / "zoomsync.ico") as kept:
        assert kept.ico.sizes() == {(size, size) for size in DRAWING.ICO_SIZES}
        for size in DRAWING.ICO_SIZES:
            assert far(kept.ico.getimage((size, size)), DRAWING.raster(size)) < 2.0


def test_macos_gets_all_sizes_in_one_file():
    """And nothing but what the container may hold."""
    data = (FOLDER / "zoomsync.icns").read_bytes()
    assert data[:4] == b"icns"
    assert int.from_bytes(data[4:8], "big") == len(data)
    with Image.open(FOLDER / "zoomsync.icns") as kept:
        sides = {side * scale for side, _, scale in kept.info["sizes"]}
        assert sides == set(DRAWING.ICNS_SIZES)
        kept.size = (128, 128)
        kept.load(scale=1)
        assert far(kept, DRAWING.raster(128)) < 2.0


def test_there_is_no_picture_too_many():
    """What nobody asks for would be carried along for ever."""
    wanted = {f"zoomsync-{size}.png" for size in DRAWING.SIZES}
    wanted |= {"zoomsync.svg", "zoomsync.ico", "zoomsync.icns"}
    assert {path.name for path in FOLDER.iterdir()} == wanted
