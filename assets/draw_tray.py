"""Draws the sheets of the tray's icon: `python assets/draw_tray.py`, when `tray/art.py` changes.

A test says when they do not show what is drawn now.
"""

from pathlib import Path

from zoomsync_agent.tray import art, sheets
from zoomsync_agent.tray.looks import SIZES, STEPS, Face, Look

FOLDER = Path(__file__).parent / "tray"
WIDTH = max(SIZES)


def looks() -> list[Look]:
    """Return all looks that are drawn beforehand: those without the letter of a profile."""
    faces = [Look(face) for face in Face]
    return [*faces, *(Look(Face.WORKING, step) for step in range(1, STEPS + 1))]


def sheet(look: Look) -> list[bytes]:
    """Return the rows of a look's sheet."""
    rows = []
    for size in SIZES:
        pixels = art.draw(look, size).tobytes()
        lines = (pixels[at : at + 4 * size] for at in range(0, len(pixels), 4 * size))
        rows += [line.ljust(4 * WIDTH, b"\0") for line in lines]
    return rows


def main() -> None:
    """Draw all of them."""
    FOLDER.mkdir(exist_ok=True)
    for look in looks():
        (FOLDER / sheets.name_of(look)).write_bytes(sheets.encode(WIDTH, sheet(look)))


if __name__ == "__main__":
    main()
