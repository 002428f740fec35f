"""The menu as hosts see it: numbered items, and what they are told when something changes.

An item keeps its number as long as the icon lives, so that a menu that is open is changed in place.
Source: `com.canonical.dbusmenu`, dbus-menu.xml of libdbusmenu.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from zoomsync_agent.tray.status_notifier.items import Item
from zoomsync_agent.tray.status_notifier.wire import (
    INVALID_ARGUMENTS,
    MENU,
    MENU_PATH,
    UNKNOWN_METHOD,
    UNKNOWN_PROPERTY,
    Call,
    Properties,
    Refused,
    Reply,
    Signal,
)

_ROOT: Final = 0
_ROOT_PROPERTIES: Final[Properties] = {"children-display": ("s", "submenu")}
_VERSION: Final = 3
_MOST_NUMBER: Final = 2**31
_Node = tuple[int, Properties, list[Any]]


class MenuTable:
    """Items by their numbers.

    Args:
        press: is handed the item that was clicked; must return at once.
        about_to_show: is called when somebody opens the menu; must return at once.
    """

    def __init__(
        self,
        press: Callable[[Item], None],
        about_to_show: Callable[[], object] = lambda: None,
    ) -> None:
        self._press = press
        self._about_to_show = about_to_show
        self._items: tuple[Item, ...] = ()
        self._numbers: dict[str, int] = {}
        self._by_number: dict[int, Item] = {}
        self._revision = 1
        self._methods: dict[str, Callable[[Call], Reply]] = {
            "GetLayout": self._get_layout,
            "GetGroupProperties": self._get_group_properties,
            "GetProperty": self._get_property,
            "Event": self._event,
            "EventGroup": self._event_group,
            "AboutToShow": self._about,
            "AboutToShowGroup": self._about_group,
        }

    @property
    def revision(self) -> int:
        """Number of the layout; grows with each that is another one."""
        return self._revision

    @property
    def items(self) -> tuple[Item, ...]:
        """The items as they are now."""
        return self._items

    def properties(self) -> Properties:
        """Return the properties of the menu as a whole."""
        return {
            "Version": ("u", _VERSION),
            "TextDirection": ("s", "ltr"),
            "Status": ("s", "normal"),
            "IconThemePath": ("as", []),
        }

    def update(self, items: tuple[Item, ...]) -> list[Signal]:
        """Take up *items*; return what hosts must be told: nothing where nothing is to be seen."""
        before = {number: _properties(item) for number, item in self._by_number.items()}
        structure = self._structure(self._items)
        self._items = items
        self._by_number = {self._number(item): item for item in _walk(items)}
        signals = []
        updated, removed = _differences(before, self._by_number)
        if updated or removed:
            body = (updated, removed)
            signals.append(
                Signal(MENU_PATH, MENU, "ItemsPropertiesUpdated", "a(ia{sv})a(ias)", body)
            )
        if self._structure(items) != structure:
            self._revision = self._revision % (_MOST_NUMBER - 1) + 1
            signals.append(Signal(MENU_PATH, MENU, "LayoutUpdated", "ui", (self._revision, _ROOT)))
        return signals

    def answer(self, call: Call) -> Reply:
        """Answer a call of this interface.

        Raises:
            Refused: there is no such method or item, or the arguments are others.
        """
        method = self._methods.get(call.member)
        if method is None:
            raise Refused(UNKNOWN_METHOD, f"{MENU} has no method {call.member}")
        return method(call)

    # --- what is asked ---------------------------------------------------------------------

    def _get_layout(self, call: Call) -> Reply:
        parent, depth, names = call.expect("iias")
        node = self._node(parent, depth, frozenset(names))
        return Reply("u(ia{sv}av)", (self._revision, node))

    def _get_group_properties(self, call: Call) -> Reply:
        numbers, names = call.expect("aias")
        wanted = numbers or [_ROOT, *self._by_number]
        known = [one for one in wanted if one == _ROOT or one in self._by_number]
        chosen = frozenset(names)
        found = [(one, _chosen(self._properties_of(one), chosen)) for one in known]
        return Reply("a(ia{sv})", (found,))

    def _get_property(self, call: Call) -> Reply:
        number, name = call.expect("is")
        properties = self._properties_of(number)
        if name not in properties:
            raise Refused(UNKNOWN_PROPERTY, f"item {number} has no property {name}")
        return Reply("v", (properties[name],))

    def _event(self, call: Call) -> Reply:
        number, kind, _data, _when = call.expect("isvu")
        self._happened(number, kind)
        return Reply()

    def _event_group(self, call: Call) -> Reply:
        (events,) = call.expect("a(isvu)")
        unknown = []
        for number, kind, _data, _when in events:
            try:
                self._happened(number, kind)
            except Refused:
                unknown.append(number)
        if events and len(unknown) == len(events):
            raise Refused(INVALID_ARGUMENTS, "there is none of these items")
        return Reply("ai", (unknown,))

    def _about(self, call: Call) -> Reply:
        (number,) = call.expect("i")
        self._expect(number)
        self._about_to_show()
        # What is known here has been told; nothing has to be asked for again.
        return Reply("b", (False,))

    def _about_group(self, call: Call) -> Reply:
        (numbers,) = call.expect("ai")
        unknown = [one for one in numbers if one != _ROOT and one not in self._by_number]
        self._about_to_show()
        return Reply("aiai", ([], unknown))

    def _happened(self, number: int, kind: str) -> None:
        self._expect(number)
        item = self._by_number.get(number)
        if kind == "opened":
            self._about_to_show()
        elif kind == "clicked" and item is not None and item.is_enabled and not item.children:
            self._press(item)

    # --- what there is ---------------------------------------------------------------------

    def _number(self, item: Item) -> int:
        return self._numbers.setdefault(item.key, len(self._numbers) + 1)

    def _expect(self, number: int) -> None:
        if number != _ROOT and number not in self._by_number:
            raise Refused(INVALID_ARGUMENTS, f"there is no item {number}")

    def _properties_of(self, number: int) -> Properties:
        self._expect(number)
        return _ROOT_PROPERTIES if number == _ROOT else _properties(self._by_number[number])

    def _node(self, number: int, depth: int, names: frozenset[str]) -> _Node:
        """Return an item with what is below it, *depth* levels of it; all where negative."""
        properties = _chosen(self._properties_of(number), names)
        below = self._items if number == _ROOT else self._by_number[number].children
        children: list[Any] = []
        if depth != 0:
            nodes = (self._node(self._number(one), depth - 1, names) for one in below)
            children = [("(ia{sv}av)", node) for node in nodes]
        return number, properties, children

    def _structure(self, items: Sequence[Item]) -> list[Any]:
        return [(self._number(one), self._structure(one.children)) for one in items]


def _walk(items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _walk(item.children)


def _properties(item: Item) -> Properties:
    if not item.label:
        return {"type": ("s", "separator")}
    properties: Properties = {
        # A single underscore would mark the letter that opens the item.
        "label": ("s", item.label.replace("_", "__")),
        "enabled": ("b", item.is_enabled),
    }
    if item.is_checked is not None:
        properties["toggle-type"] = ("s", "radio" if item.is_radio else "checkmark")
        properties["toggle-state"] = ("i", int(item.is_checked))
    if item.children:
        properties["children-display"] = ("s", "submenu")
    return properties


def _chosen(properties: Properties, names: frozenset[str]) -> Properties:
    if not names:
        return properties
    return {name: value for name, value in properties.items() if name in names}


def _differences(
    before: dict[int, Properties], now: dict[int, Item]
) -> tuple[list[tuple[int, Properties]], list[tuple[int, list[str]]]]:
    """Return what has changed of the items that were there before, and what they no longer have."""
    updated, removed = [], []
    for number, item in now.items():
        if number not in before:
            continue
        properties, old = _properties(item), before[number]
        new = {name: value for name, value in properties.items() if old.get(name) != value}
        if new:
            updated.append((number, new))
        gone = [name for name in old if name not in properties]
        if gone:
            removed.append((number, gone))
    return updated, removed
