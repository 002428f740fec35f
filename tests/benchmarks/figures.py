"""What a benchmark yields, and how it is printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_HEADINGS: Final = ("figure", "value", "target", "met", "note")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. *target* is the most that it should be; None where it only informs."""

    name: str
    value: float
    unit: str
    target: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is kept; None without one."""
        return None if self.target is None else self.value <= self.target

    def as_dict(self) -> dict[str, Any]:
        """Return what --json prints."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "target": self.target,
            "met": self.is_met,
            "note": self.note,
        }


def table(figures: Sequence[Figure]) -> str:
    """Return the figures in columns."""
    rows = [_HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _row(figure: Figure) -> tuple[str, ...]:
    target = "" if figure.target is None else f"≤ {_number(figure.target)} {figure.unit}"
    met = {None: "", True: "yes", False: "NO"}[figure.is_met]
    return (figure.name, f"{_number(figure.value)} {figure.unit}", target, met, figure.note)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
