"""What a menu is made of, and how a menu in pystray's shape is read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

_SEPARATOR_TEXT: Final = "- - - -"
"""By this text is a line between groups known in pystray."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the menu; two are equal when they look the same.

    Attributes:
        key: names it, alone in the whole menu, as long as the icon lives.
        label: what people read; empty for a line between groups.
        is_enabled: whether it can be clicked.
        is_checked: whether it has its mark; None where it is nothing to check.
        is_radio: whether its mark is one of several of which one is set.
        is_default: whether a click on the icon itself does the same.
        children: its submenu.
        press: does what a click asks for; must return at once.
    """

    key: str
    label: str = ""
    is_enabled: bool = True
    is_checked: bool | None = None
    is_radio: bool = False
    is_default: bool = False
    children: tuple["Item", ...] = ()
    press: Callable[[], None] | None = field(default=None, compare=False)


def read(menu: Any, icon: Any) -> tuple[Item, ...]:
    """Return the items of a menu.

    Args:
        menu: items; or an object in the shape of `pystray.Menu`, or an iterable of such objects as
            `pystray.MenuItem`; or None. There an item is named by its place.
        icon: is handed to what such an item does.
    """
    if menu is None:
        return ()
    if isinstance(menu, tuple) and all(isinstance(one, Item) for one in menu):
        return menu
    return _foreign(getattr(menu, "items", menu), icon, "")


def _foreign(items: Iterable[Any], icon: Any, above: str) -> tuple[Item, ...]:
    read_items = []
    for place, one in enumerate(items):
        key = f"{above}{place}"
        if not one.visible:
            continue
        if str(one.text) == _SEPARATOR_TEXT:
            read_items.append(Item(key))
            continue
        submenu = one.submenu
        read_items.append(
            Item(
                key=key,
                label=str(one.text) or " ",
                is_enabled=bool(one.enabled),
                is_checked=one.checked,
                is_radio=bool(one.radio),
                is_default=bool(one.default),
                children=_foreign(submenu.items, icon, f"{key}.") if submenu else (),
                press=None if submenu else partial(one, icon),
            )
        )
    return tuple(read_items)
