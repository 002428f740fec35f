"""Draws the icon: each face with a shape of its own, crisp at every size, on light and dark panels.

Everything is drawn in units of one side, eight times as large as it is wanted, and then made small.
Grounds are neither light nor dark (a luminance of 0.15 to 0.25), so that they stand out from both;
what stands on them is white. Colours alone tell nothing.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from zoomsync_agent.tray.looks import STEPS, Face, Look

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

_FINER: Final = 8
_EDGE: Final = 1 / 16
"""Nothing is drawn nearer to the border."""

_TEAL: Final = "#1c92a2"
_SLATE: Final = "#74838b"
_AMBER: Final = "#b9770e"
_RED: Final = "#d9483f"
_GREY: Final = "#7c868b"
_INK: Final = "#7a5cc4"
_WHITE: Final = "#ffffff"
_CLEAR: Final = (0, 0, 0, 0)

Point = tuple[float, float]
_Pen = Callable[["_Sheet", Look], None]


@lru_cache(maxsize=8)
def draw(look: Look, size: int) -> "Image":
    """Return the picture of *look* with *size* pixels a side; nobody may change it.

    Raises:
        ValueError: *size* is none that can be drawn.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415  18 ms that only a tray needs

    if not 0 < size <= 1024:  # noqa: PLR2004  far beyond any panel
        raise ValueError(f"no icon of {size} pixels")
    large = Image.new("RGBA", (size * _FINER, size * _FINER), _CLEAR)
    sheet = _Sheet(ImageDraw.Draw(large), size * _FINER)
    _PENS[look.face](sheet, look)
    if look.letter:
        _badge(sheet, look.letter)
    # Colours are weighed by how much of them covers: else clear pixels would darken the edges.
    return large.convert("RGBa").resize((size, size), Image.Resampling.BOX).convert("RGBA")


class _Sheet:
    """A square on which 0 to 1 is one side."""

    def __init__(self, pen: "ImageDraw", side: int) -> None:
        self.pen = pen
        self.side = side

    def at(self, *points: Point) -> list[Point]:
        return [(x * self.side, y * self.side) for x, y in points]

    def box(self, left: float, top: float, right: float, bottom: float) -> list[Point]:
        return self.at((left, top), (right - 1 / self.side, bottom - 1 / self.side))

    def disc(self, centre: Point, radius: float, fill: str | tuple[int, ...]) -> None:
        x, y = centre
        self.pen.ellipse(self.box(x - radius, y - radius, x + radius, y + radius), fill=fill)

    def stroke(self, points: Sequence[Point], width: float, fill: str | tuple[int, ...]) -> None:
        """Draw a line through *points*, with round ends and bends."""
        self.pen.line(self.at(*points), fill=fill, width=round(width * self.side))
        for point in points:
            self.disc(point, width / 2, fill)

    def slab(
        self, left: float, top: float, right: float, bottom: float, radius: float, fill: str
    ) -> None:
        self.pen.rounded_rectangle(
            self.box(left, top, right, bottom), radius=radius * self.side, fill=fill
        )

    def shape(self, points: Sequence[Point], rounding: float, fill: str) -> None:
        """Fill a polygon; its corners are rounded outwards by *rounding*."""
        self.pen.polygon(self.at(*points), fill=fill)
        self.stroke([*points, points[0]], rounding * 2, fill)

    def arc(self, radius: float, width: float, share: float, fill: str) -> None:
        """Draw a ring round the middle, clockwise from the top, as far as *share* of it."""
        if share <= 0:
            return
        box = self.box(0.5 - radius, 0.5 - radius, 0.5 + radius, 0.5 + radius)
        self.pen.arc(box, -90, -90 + 360 * share, fill=fill, width=round(width * self.side))
        for turn in (0.0, share):
            angle = math.tau * turn - math.pi / 2
            middle = radius - width / 2
            end = (0.5 + middle * math.cos(angle), 0.5 + middle * math.sin(angle))
            self.disc(end, width / 2, fill)


def _idle(sheet: _Sheet, _: Look) -> None:
    """Draw the page's own sign: what was recorded, on its tray."""
    sheet.slab(_EDGE, _EDGE, 1 - _EDGE, 1 - _EDGE, 0.22, _TEAL)
    sheet.shape([(0.40, 0.24), (0.40, 0.58), (0.69, 0.41)], 0.035, _WHITE)
    sheet.stroke([(0.24, 0.62), (0.24, 0.76), (0.76, 0.76), (0.76, 0.62)], 0.095, _WHITE)


def _working(sheet: _Sheet, look: Look) -> None:
    """Draw a ring that closes, round an arrow that brings something down; thin is what is left."""
    box = sheet.box(0.12, 0.12, 0.88, 0.88)
    sheet.pen.arc(box, 0, 360, fill=_SLATE, width=round(0.05 * sheet.side))
    sheet.arc(0.5 - _EDGE, 0.145, look.step / STEPS, _TEAL)
    sheet.stroke([(0.5, 0.31), (0.5, 0.58)], 0.11, _TEAL)
    sheet.shape([(0.36, 0.55), (0.64, 0.55), (0.5, 0.70)], 0.03, _TEAL)


def _paused(sheet: _Sheet, _: Look) -> None:
    sheet.disc((0.5, 0.5), 0.5 - _EDGE, _SLATE)
    sheet.slab(0.315, 0.29, 0.44, 0.71, 0.04, _WHITE)
    sheet.slab(0.56, 0.29, 0.685, 0.71, 0.04, _WHITE)


def _needs_you(sheet: _Sheet, _: Look) -> None:
    sheet.shape([(0.5, 0.16), (0.87, 0.84), (0.13, 0.84)], 0.065, _AMBER)
    sheet.stroke([(0.5, 0.39), (0.5, 0.59)], 0.12, _WHITE)
    sheet.disc((0.5, 0.755), 0.068, _WHITE)


def _error(sheet: _Sheet, _: Look) -> None:
    near, far = 0.31, 0.69
    corners = [(near, _EDGE), (far, _EDGE), (1 - _EDGE, near), (1 - _EDGE, far)]
    corners += [(1 - x, 1 - y) for x, y in corners]
    sheet.pen.polygon(sheet.at(*corners), fill=_RED)
    sheet.stroke([(0.34, 0.34), (0.66, 0.66)], 0.125, _WHITE)
    sheet.stroke([(0.66, 0.34), (0.34, 0.66)], 0.125, _WHITE)


def _offline(sheet: _Sheet, _: Look) -> None:
    """Draw a cloud that is struck through."""
    sheet.disc((0.30, 0.59), 0.20, _GREY)
    sheet.disc((0.53, 0.45), 0.27, _GREY)
    sheet.disc((0.745, 0.60), 0.19, _GREY)
    sheet.slab(0.28, 0.55, 0.76, 0.79, 0.08, _GREY)
    sheet.stroke([(0.22, 0.17), (0.87, 0.82)], 0.20, _CLEAR)
    sheet.stroke([(0.17, 0.20), (0.80, 0.83)], 0.10, _GREY)


def _stopped(sheet: _Sheet, _: Look) -> None:
    """Draw what is at rest as an outline."""
    sheet.slab(_EDGE, _EDGE, 1 - _EDGE, 1 - _EDGE, 0.22, _GREY)
    sheet.pen.rounded_rectangle(
        sheet.box(0.19, 0.19, 0.81, 0.81), radius=0.11 * sheet.side, fill=_CLEAR
    )
    sheet.slab(0.36, 0.36, 0.64, 0.64, 0.04, _GREY)


def _badge(sheet: _Sheet, letter: str) -> None:
    """Put the letter of a profile into the lower left corner, with air around it."""
    from PIL import ImageFont  # noqa: PLC0415  only who has profiles needs it

    centre, radius = (0.29, 0.71), 0.25
    sheet.disc(centre, radius + 0.05, _CLEAR)
    sheet.disc(centre, radius, _INK)
    font = ImageFont.load_default(round(0.42 * sheet.side))
    x, y = sheet.at(centre)[0]
    sheet.pen.text(
        (x, y), letter, fill=_WHITE, font=font, anchor="mm", stroke_width=sheet.side // 64
    )


_PENS: Final[dict[Face, _Pen]] = {
    Face.IDLE: _idle,
    Face.WORKING: _working,
    Face.PAUSED: _paused,
    Face.NEEDS_YOU: _needs_you,
    Face.ERROR: _error,
    Face.OFFLINE: _offline,
    Face.STOPPED: _stopped,
}
