"""The tray's pictures: told apart by their shapes, readable on light and dark."""

import itertools

import pytest
from PIL import Image, ImageChops

from zoomsync_agent.tray import art
from zoomsync_agent.tray.looks import SIZES, STEPS, Face, Look

LIGHT, DARK = (0xF0, 0xF0, 0xF0), (0x20, 0x20, 0x20)
FACES = [Look(face, STEPS // 2 if face is Face.WORKING else 0) for face in Face]


def on(ground, look, size):
    """Return the picture on a panel."""
    panel = Image.new("RGB", (size, size), ground)
    drawn = art.draw(look, size)
    panel.paste(drawn, (0, 0), drawn)
    return panel


def luminance(colour):
    """Return it as WCAG 2 defines it."""

    def linear(value):
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(one) for one in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """Return the contrast of two colours as WCAG 2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_no_two_faces_look_alike_without_colours():
    """At 16 pixels, in grey, by the shape alone: each pair differs in a tenth of its pixels."""
    shapes = {}
    for look in FACES:
        clear = art.draw(look, 16).getchannel("A").point(lambda value: 255 * (value > 127))
        grey = on(DARK, look, 16).convert("L").point(lambda value: 255 * (value > 150))
        shapes[look.face] = (clear, grey)
    for one, other in itertools.combinations(Face, 2):
        differing = sum(
            ImageChops.difference(a, b).histogram()[255]
            for a, b in zip(shapes[one], shapes[other], strict=True)
        )
        assert differing >= 26, (one, other, differing)


@pytest.mark.parametrize("ground", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("look", FACES, ids=[one.face for one in FACES])
def test_it_is_readable_on_light_and_dark(look, ground):
    """The outline stands out from the panel: 3 to 1, as WCAG asks of marks, for what is drawn."""
    panel, drawn = on(ground, look, 64), art.draw(look, 64)
    solid = [
        panel.getpixel((x, y))
        for x in range(64)
        for y in range(64)
        if drawn.getpixel((x, y))[3] == 255 and drawn.getpixel((x, y))[:3] != (255, 255, 255)
    ]
    assert len(solid) > 400
    readable = sum(contrast(one, ground) >= 3.0 for one in solid)
    assert readable / len(solid) > 0.9


def test_what_stands_on_a_ground_is_readable_there():
    """White signs have a contrast of 3 to their ground."""
    for colour in (art._TEAL, art._SLATE, art._AMBER, art._RED, art._INK):
        value = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
        assert contrast(value, (255, 255, 255)) >= 3.0, colour


@pytest.mark.parametrize("size", [*SIZES, 18, 20, 40, 128])
@pytest.mark.parametrize("look", [*FACES, Look(Face.IDLE, letter="W")], ids=str)
def test_it_fills_its_size_and_leaves_a_margin(look, size):
    """The right size; nothing is cut off at the border, and little of it is wasted."""
    drawn = art.draw(look, size)
    assert drawn.size == (size, size)
    assert drawn.mode == "RGBA"
    alpha = drawn.getchannel("A")
    left, top, right, bottom = alpha.point(lambda value: 255 * (value > 40)).getbbox()
    assert min(left, top, size - right, size - bottom) >= (1 if size >= 32 else 0)
    assert max(right - left, bottom - top) >= size * 0.7
    corners = [alpha.getpixel((x, y)) for x in (0, size - 1) for y in (0, size - 1)]
    assert corners == [0, 0, 0, 0]


@pytest.mark.parametrize("size", [16, 24, 64])
def test_the_ring_only_grows(size):
    """Each step adds to what is teal, and the last one closes it."""
    areas = []
    for step in range(STEPS + 1):
        drawn = art.draw(Look(Face.WORKING, step), size)
        areas.append(sum(drawn.getchannel("A").tobytes()))
    assert all(before < after for before, after in itertools.pairwise(areas))


def test_edges_are_not_darkened():
    """Where a colour fades out it stays the colour: no grey seam on light panels."""
    drawn = art.draw(Look(Face.IDLE), 24)
    half = [
        drawn.getpixel((x, y))
        for x in range(24)
        for y in range(24)
        if 20 < drawn.getpixel((x, y))[3] < 235
    ]
    assert half
    teal = tuple(int(art._TEAL[at : at + 2], 16) for at in (1, 3, 5))
    assert all(abs(a - b) <= 8 for one in half for a, b in zip(one[:3], teal, strict=True))


def test_letters_are_seen():
    """A profile's icon differs from the usual one, and from that of another letter."""
    drawn = {letter: art.draw(Look(Face.IDLE, letter=letter), 22).tobytes() for letter in "WSA*"}
    usual = art.draw(Look(Face.IDLE), 22).tobytes()
    assert len({*drawn.values(), usual}) == 5


@pytest.mark.parametrize("size", [0, -1, 5000])
def test_no_picture_of_no_size(size):
    """Somebody's mistake is named."""
    with pytest.raises(ValueError, match="pixels"):
        art.draw(Look(Face.IDLE), size)
