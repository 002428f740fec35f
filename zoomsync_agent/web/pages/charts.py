"""Figures over time as shapes: what an SVG needs, and the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from zoomsync_agent.core.units import readable_size

WIDTH: Final = 600
HEIGHT: Final = 100
SPEED_SECONDS: Final = 5
"""So many seconds lie between two figures of the speed."""
_A_MINUTE: Final = 60 // SPEED_SECONDS
_GAP: Final = 4.0
_LEAST: Final = 2.0
"""A bar that stands for anything is at least so high."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it stands, how high it is, and what it says."""

    x: float
    y: float
    width: float
    height: float
    name: str
    value: str
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Days:
    """Bytes per day."""

    bars: tuple[Bar, ...]
    total: int
    most: int

    @property
    def words(self) -> str:
        """What the chart shows, for those who do not see it."""
        if not self.total:
            return "Nothing became safe in this time."
        best = max(self.bars, key=lambda bar: bar.height)
        return (
            f"{readable_size(self.total)} became safe in {len(self.bars)} days; "
            f"the most, {best.value}, on {best.name}."
        )


@dataclass(frozen=True, slots=True)
class Speed:
    """Bytes per second over the last minutes."""

    line: str
    area: str
    now: float
    most: float
    minutes: tuple[tuple[str, str], ...]
    """What the table says: which minute, and its mean."""
    span: int
    """How many minutes are shown."""

    @property
    def words(self) -> str:
        """What the chart shows, for those who do not see it."""
        time = "minute" if self.span == 1 else f"{self.span} minutes"
        if not self.most:
            return f"Nothing was sent or fetched in the last {time}."
        return f"{rate(self.now)} now; the most in the last {time} was {rate(self.most)}."


def days(found: Sequence[tuple[date, int]]) -> Days:
    """Return the chart of bytes per day."""
    most = max((size for _, size in found), default=0)
    step = WIDTH / max(1, len(found))
    bars = []
    for place, (day, size) in enumerate(found):
        height = max(_LEAST, size / most * HEIGHT) if size else _LEAST
        bars.append(
            Bar(
                x=round(place * step + _GAP / 2, 1),
                y=round(HEIGHT - height, 1),
                width=round(step - _GAP, 1),
                height=round(height, 1),
                name=f"{day.day} {day:%b %Y}",
                value=readable_size(size),
                is_empty=not size,
            )
        )
    return Days(tuple(bars), sum(size for _, size in found), most)


def speed(figures: Sequence[float]) -> Speed:
    """Return the chart of the speed; *figures* are the oldest first."""
    most = max(figures, default=0.0)
    step = WIDTH / max(1, len(figures) - 1)
    points = [
        f"{place * step:.1f},{HEIGHT - (figure / most * HEIGHT if most else 0):.1f}"
        for place, figure in enumerate(figures)
    ]
    line = "M" + " L".join(points) if points else ""
    area = f"{line} L{WIDTH},{HEIGHT} L0,{HEIGHT} Z" if points else ""
    parts = [figures[max(0, end - _A_MINUTE) : end] for end in range(len(figures), 0, -_A_MINUTE)]
    minutes = tuple(
        (_ago(number), rate(sum(part) / len(part))) for number, part in enumerate(parts)
    )
    now = figures[-1] if figures else 0.0
    return Speed(line, area, now, most, minutes, max(1, len(parts)))


def rate(bytes_per_second: float) -> str:
    """Return a speed in words."""
    return f"{readable_size(round(bytes_per_second))}/s"


def _ago(minutes: int) -> str:
    return "Last minute" if not minutes else f"{minutes + 1} minutes ago"
