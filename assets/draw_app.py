"""Draws the application's icon: `python assets/draw_app.py`, when `tray/art.py` changes.

It is the face that the tray shows when all is safe: what was recorded, on its tray. The drawing
itself is `zoomsync.svg`; the rasters are made by the tray's own hand, which draws the same figures.
A test says when they are not what is drawn now, and when the two hands do not agree.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from zoomsync_agent.tray import art
from zoomsync_agent.tray.looks import Face, Look

if TYPE_CHECKING:
    from PIL.Image import Image

FOLDER = Path(__file__).parent / "app"
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
"""Those of the icon theme hicolor."""
ICO_SIZES = (16, 24, 32, 48, 64, 256)
"""Those that Windows shows."""
ICNS_SIZES = (32, 64, 128, 256, 512, 1024)
"""Those that macOS shows; the largest is 512 on a fine display."""
TEAL, WHITE = "#1c92a2", "#ffffff"
SVG = f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="0 0 1000 1000">
  <title>zoomsync</title>
  <rect x="62.5" y="62.5" width="875" height="875" rx="220" fill="{TEAL}"/>
  <polygon points="400,240 400,580 690,410" fill="{WHITE}" stroke="{WHITE}" stroke-width="70"
    stroke-linejoin="round"/>
  <polyline points="240,620 240,760 760,760 760,620" fill="none" stroke="{WHITE}"
    stroke-width="95" stroke-linecap="round" stroke-linejoin="round"/>
</svg>
"""


def raster(size: int) -> "Image":
    """Return the icon with *size* pixels a side."""
    return art.draw(Look(Face.IDLE), size)


def main() -> None:
    """Draw all of it."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "zoomsync.svg").write_text(SVG, "utf-8", newline="\n")
    for size in SIZES:
        raster(size).save(FOLDER / f"zoomsync-{size}.png", optimize=True)
    *small, large = [raster(size) for size in ICO_SIZES]
    large.save(
        FOLDER / "zoomsync.ico", append_images=small, sizes=[(size, size) for size in ICO_SIZES]
    )
    *small, large = [raster(size) for size in ICNS_SIZES]
    large.save(FOLDER / "zoomsync.icns", append_images=small)


if __name__ == "__main__":
    main()
