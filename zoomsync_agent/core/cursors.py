"""Where a page of a list ended, as text that names the place and the order it belongs to."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from zoomsync_agent.core.errors import UsageError

_LONGEST: Final = 20_000
_MOST: Final = 2**63

Key = str | int | float


@dataclass(frozen=True, slots=True)
class Mark:
    """The last recording of a page: its order, its keys there, and its id, which breaks ties."""

    order: str
    keys: tuple[Key, ...]
    recording_id: str

    @property
    def cursor(self) -> str:
        """The mark as text of letters, digits, `-` and `_`."""
        plain = json.dumps([self.order, *self.keys, self.recording_id], separators=(",", ":"))
        return base64.urlsafe_b64encode(plain.encode("ascii")).rstrip(b"=").decode("ascii")


def read(cursor: str, orders: Mapping[str, Sequence[type]]) -> Mark | None:
    """Return what a page ended with; None for the first page.

    Args:
        cursor: what a page gave; empty for the first page.
        orders: the orders that are asked for now, and what the keys of each are.

    Raises:
        UsageError: it is no cursor, or one of another order.
    """
    if not cursor:
        return None
    order, *values = _values(cursor)
    if order not in orders:
        raise UsageError("this cursor belongs to another list; begin at the first page")
    kinds = (*orders[order], str)
    if len(values) != len(kinds) or not all(map(_is_a, values, kinds)):
        _refuse()
    *keys, recording_id = values
    return Mark(order, tuple(keys), recording_id)


def _values(cursor: str) -> list[Any]:
    """Return the list of values in *cursor*, the first of them text."""
    if len(cursor) > _LONGEST:
        _refuse()
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        plain = base64.b64decode(padded, altchars=b"-_", validate=True)
        values = json.loads(plain, parse_constant=lambda _name: _refuse())
    except (ValueError, RecursionError) as exc:
        raise UsageError("this is no cursor of a list") from exc
    if not isinstance(values, list) or not values or not isinstance(values[0], str):
        _refuse()
    return values


def _is_a(value: object, kind: type) -> bool:
    """Return whether *value* is of *kind*, and one that a column can hold."""
    if kind is str:
        return isinstance(value, str) and _is_text(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if kind is int and not isinstance(value, int):
        return False
    return -_MOST <= value < _MOST


def _is_text(value: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _refuse() -> NoReturn:
    raise UsageError("this is no cursor of a list")
