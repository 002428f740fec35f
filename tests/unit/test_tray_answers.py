"""What the tray answers on the bus: the menu as a table, the icon, and whatever else is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageFlag,
    MessageType,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.low_level import Parser

from zoomsync_agent.tray.status_notifier import wire
from zoomsync_agent.tray.status_notifier.answering import Switchboard
from zoomsync_agent.tray.status_notifier.dbusmenu import MenuTable
from zoomsync_agent.tray.status_notifier.item import ItemFace, Shown, opens_menu_on_click
from zoomsync_agent.tray.status_notifier.items import Item
from zoomsync_agent.tray.status_notifier.wire import Call, Refused

MENU = (
    Item("status", "All is_well"),
    Item("line"),
    Item("more", "More", children=(Item("deep", "Deep"), Item("deeper", "Deeper"))),
    Item("check", "Check", is_checked=True),
    Item("off", "Off", is_enabled=False),
)


class World:
    """A menu and an icon that answer, and what they did."""

    def __init__(self, items=MENU):
        self.pressed, self.faults, self.opened, self.activated = [], [], [], []
        self.table = MenuTable(lambda one: self.pressed.append(one.key), self._opens)
        self.table.update(items)
        self.face = ItemFace("zoomsync", lambda: self.activated.append(1), opens_menu=True)
        self.face.update(Shown(title="zoomsync", is_visible=True), None)
        self.board = Switchboard(self.face, self.table, self.faults.append)

    def _opens(self):
        self.opened.append(1)

    def ask(self, path, interface, member, signature="", *body):
        """Call; return the answer as it would arrive, through the wire's own format."""
        message = new_method_call(
            DBusAddress(path, "x.y", interface or None), member, signature or None, body
        )
        message.header.serial = 7
        (answer,) = self.board.answer(message)
        return arrived(answer)

    def menu(self, member, signature="", *body):
        """Call the menu; return what it returns."""
        reply = self.table.answer(Call(wire.MENU_PATH, wire.MENU, member, signature, body))
        return reply.body[0] if len(reply.body) == 1 else reply.body

    def number(self, key):
        """Return the number of an item."""
        return self.table._numbers[key]


def arrived(message):
    """Return a message as it is after its journey."""
    parser = Parser()
    parser.add_data(message.serialise(serial=9))
    return parser.get_next_message()


def error_of(message):
    """Return the name of an error."""
    assert message.header.message_type is MessageType.error
    return message.header.fields[HeaderFields.error_name].rsplit(".", 1)[-1]


def test_the_layout_is_the_menu():
    """Numbers, properties and what is below; an underscore is one, and no mark of a letter."""
    revision, (number, properties, children) = World().menu("GetLayout", "iias", 0, -1, [])
    assert (revision, number) == (2, 0)
    assert properties == {"children-display": ("s", "submenu")}
    nodes = [node for _, node in children]
    assert nodes[0][1] == {"label": ("s", "All is__well"), "enabled": ("b", True)}
    assert nodes[1][1] == {"type": ("s", "separator")}
    assert nodes[2][1]["children-display"] == ("s", "submenu")
    assert [node[1]["label"][1] for _, node in nodes[2][2]] == ["Deep", "Deeper"]
    assert nodes[3][1]["toggle-type"] == ("s", "checkmark")
    assert nodes[3][1]["toggle-state"] == ("i", 1)
    assert nodes[4][1]["enabled"] == ("b", False)


def test_the_layout_is_as_deep_as_it_is_asked_for():
    """Depth 0 is the item alone, 1 its children; names choose the properties."""
    world = World()
    assert world.menu("GetLayout", "iias", 0, 0, [])[1][2] == []
    _, (_, _, children) = world.menu("GetLayout", "iias", 0, 1, ["enabled"])
    assert [node[2] for _, node in children] == [[]] * 5
    assert children[0][1][1] == {"enabled": ("b", True)}
    _, (number, _, below) = world.menu("GetLayout", "iias", world.number("more"), -1, [])
    assert number == world.number("more")
    assert len(below) == 2


def test_properties_are_given_for_many():
    """All where none is named; unknown items are left out."""
    world = World()
    everything = world.menu("GetGroupProperties", "aias", [], [])
    assert len(everything) == 8
    some = world.menu("GetGroupProperties", "aias", [world.number("deep"), 99], ["label"])
    assert some == [(world.number("deep"), {"label": ("s", "Deep")})]
    assert world.menu("GetProperty", "is", world.number("off"), "enabled") == ("b", False)


def test_a_click_presses():
    """The item that can be clicked, once; not one that is off, or is a submenu."""
    world = World()
    for key in ("status", "off", "more", "deep"):
        world.menu("Event", "isvu", world.number(key), "clicked", ("i", 0), 0)
    world.menu("Event", "isvu", world.number("check"), "hovered", ("i", 0), 0)
    assert world.pressed == ["status", "deep"]


def test_a_group_of_events():
    """What is unknown is named; where all are, it is an error."""
    world = World()
    known, unknown = (world.number("check"), "clicked", ("i", 0), 0), (99, "clicked", ("i", 0), 0)
    assert world.menu("EventGroup", "a(isvu)", [known, unknown]) == [99]
    assert world.pressed == ["check"]
    with pytest.raises(Refused):
        world.menu("EventGroup", "a(isvu)", [unknown])


def test_about_to_show_answers_at_once():
    """Nothing has to be asked for again; whoever keeps it fresh is told."""
    world = World()
    assert world.menu("AboutToShow", "i", 0) is False
    assert world.menu("AboutToShowGroup", "ai", [0, 99]) == ([], [99])
    world.menu("Event", "isvu", 0, "opened", ("i", 0), 0)
    assert len(world.opened) == 3


items = st.recursive(
    st.builds(
        Item,
        key=st.sampled_from("abcdefghij"),
        label=st.sampled_from(["", "x", "y_", "z"]),
        is_enabled=st.booleans(),
        is_checked=st.none() | st.booleans(),
    ),
    lambda below: st.builds(
        Item,
        key=st.sampled_from("klmnopqrst"),
        label=st.just("more"),
        children=st.lists(below, max_size=3).map(tuple),
    ),
    max_leaves=6,
)


def unique(found):
    """Return items whose keys are unique in the whole tree."""
    seen = set()

    def kept(several):
        fresh = []
        for one in several:
            if one.key not in seen:
                seen.add(one.key)
                fresh.append(
                    Item(
                        one.key,
                        one.label,
                        one.is_enabled,
                        one.is_checked,
                        children=kept(one.children),
                    )
                )
        return tuple(fresh)

    return kept(found)


menus = st.lists(items, max_size=5).map(unique)


class Host:
    """A panel's idea of the menu: the layout, kept up to date only by what it is told."""

    def __init__(self, table):
        self.table = table
        self.read()

    def read(self):
        """Ask for all of it."""
        reply = self.table.answer(Call(wire.MENU_PATH, wire.MENU, "GetLayout", "iias", (0, -1, [])))
        self.layout = reply.body[1]
        self.properties = {}
        self._take(self.layout)

    def _take(self, node):
        self.properties[node[0]] = dict(node[1])
        for _, child in node[2]:
            self._take(child)

    def hear(self, signals):
        """Take in what is told."""
        for signal in signals:
            if signal.member == "LayoutUpdated":
                self.read()
            else:
                updated, removed = signal.body
                for number, properties in updated:
                    self.properties[number].update(properties)
                for number, names in removed:
                    for name in names:
                        del self.properties[number][name]


@given(st.lists(menus, min_size=2, max_size=6))
def test_who_listens_knows_the_menu(several):
    """After any changes, a host that only listened knows what one knows that asks afresh."""
    table = MenuTable(lambda _: None)
    table.update(several[0])
    host = Host(table)
    for items_now in several[1:]:
        before = table.revision
        signals = table.update(items_now)
        host.hear(signals)
        fresh = Host(table)
        assert host.properties == fresh.properties
        assert (table.revision != before) == any(s.member == "LayoutUpdated" for s in signals)
        assert not table.update(items_now)


@given(menus, menus)
def test_numbers_belong_to_keys(one, other):
    """An item that stays keeps its number, whatever comes and goes around it."""
    table = MenuTable(lambda _: None)
    table.update(one)
    before = dict(table._numbers)
    table.update(other)
    assert {key: table._numbers[key] for key in before} == before


words = st.sampled_from(
    [wire.MENU, wire.ITEM, wire.PROPERTIES, wire.PEER, wire.INTROSPECTABLE, "", "a.b"]
)
members = st.sampled_from(
    [
        "GetLayout",
        "GetGroupProperties",
        "GetProperty",
        "Event",
        "EventGroup",
        "AboutToShow",
        "AboutToShowGroup",
        "Activate",
        "SecondaryActivate",
        "ContextMenu",
        "Scroll",
        "Get",
        "GetAll",
        "Set",
        "Ping",
        "Introspect",
        "Explode",
    ]
)
numbers = st.integers(-(2**31), 2**31 - 1)
names = st.sampled_from(["", "label", "Id", "Menu", wire.ITEM, wire.MENU, "clicked", "ü"])
events = st.tuples(numbers, names, st.just(("i", 0)), st.integers(0, 9))
bodies = st.one_of(
    st.tuples(st.just(""), st.just(())),
    st.tuples(st.just("iias"), st.tuples(numbers, numbers, st.lists(names, max_size=2))),
    st.tuples(st.just("aias"), st.tuples(st.lists(numbers), st.lists(names, max_size=2))),
    st.tuples(st.just("is"), st.tuples(numbers, names)),
    st.tuples(st.just("isvu"), events),
    st.tuples(st.just("a(isvu)"), st.tuples(st.lists(events, max_size=3))),
    st.tuples(st.just("i"), st.tuples(numbers)),
    st.tuples(st.just("ai"), st.tuples(st.lists(numbers))),
    st.tuples(st.just("ii"), st.tuples(numbers, numbers)),
    st.tuples(st.just("s"), st.tuples(names)),
    st.tuples(st.just("ss"), st.tuples(names, names)),
    st.tuples(st.just("ssv"), st.tuples(names, names, st.just(("i", 0)))),
)
paths = st.sampled_from([wire.MENU_PATH, wire.ITEM_PATH, "/", "/Nowhere"])


@given(paths, words, members, bodies)
def test_whatever_is_called_is_answered(path, interface, member, body):
    """By one message that D-Bus can carry; and nothing here is at fault."""
    world = World()
    answer = world.ask(path, interface, member, body[0], *body[1])
    assert answer.header.message_type in (MessageType.method_return, MessageType.error)
    assert not world.faults


def test_nobody_is_answered_who_does_not_wait():
    """A call that wants no reply has its effect and no answer; signals and replies have neither."""
    world = World()
    address = DBusAddress(wire.ITEM_PATH, "x.y", wire.ITEM)
    message = new_method_call(address, "Activate", "ii", (0, 0))
    message.header.flags |= MessageFlag.no_reply_expected
    assert world.board.answer(message) == []
    assert world.activated
    call = new_method_call(address, "Activate", "ii", (0, 0))
    call.header.serial = 3
    for other in (new_signal(address, "NewIcon"), new_method_return(call)):
        assert world.board.answer(other) == []


def test_a_fault_of_ours_is_an_error_for_who_asked():
    """A picture that cannot be drawn: the caller is told, the tray goes on, somebody notes it."""
    world = World()

    def fail(_size):
        raise RuntimeError("no paint")

    world.face.update(Shown(picture=1, is_visible=True), fail)
    asked = world.ask(wire.ITEM_PATH, wire.PROPERTIES, "GetAll", "s", wire.ITEM)
    assert error_of(asked) == "Failed"
    assert [str(one) for one in world.faults] == ["no paint"]
    assert world.ask("/", wire.PEER, "Ping").header.message_type is MessageType.method_return


def test_nothing_can_be_set():
    """By anybody."""
    told = World().ask(
        wire.ITEM_PATH, wire.PROPERTIES, "Set", "ssv", wire.ITEM, "Title", ("s", "x")
    )
    assert error_of(told) == "PropertyReadOnly"


def test_it_describes_itself():
    """Every property and method, for hosts that ask first."""
    import xml.etree.ElementTree as ET

    world = World()
    for path, interface in ((wire.ITEM_PATH, wire.ITEM), (wire.MENU_PATH, wire.MENU)):
        (text,) = world.ask(path, wire.INTROSPECTABLE, "Introspect").body
        (found,) = ET.fromstring(text).findall("interface")  # noqa: S314  our own
        assert found.get("name") == interface
        named = {one.get("name") for one in found.findall("property")}
        (told,) = world.ask(path, wire.PROPERTIES, "GetAll", "s", interface).body
        assert named == set(told)
        if interface == wire.MENU:
            assert {one.get("name") for one in found.findall("method")} == set(world.table._methods)
    (text,) = world.ask("/", wire.INTROSPECTABLE, "Introspect").body
    assert "StatusNotifierItem" in text


@pytest.mark.parametrize(
    ("desktops", "opens"),
    [("XFCE", True), ("KDE", False), ("ubuntu:GNOME", True), ("", True), ("X-Thing:kde", False)],
)
def test_a_left_click_is_what_people_expect(desktops, opens):
    """Plasma's own way, the menu elsewhere."""
    assert opens_menu_on_click(desktops) is opens


def test_the_icon_tells_what_changed_and_nothing_else():
    """A state is told with its word; a title with its tip."""
    face = ItemFace("zoomsync", lambda: None, opens_menu=True)

    def told(**shown):
        found = face.update(Shown(is_visible=True, **shown), lambda size: size)
        return [(one.member, *one.body) for one in found]

    assert told(title="a") == [
        ("NewIcon",),
        ("NewTitle",),
        ("NewToolTip",),
        ("NewStatus", "Active"),
    ]
    assert told(title="a") == []
    assert told(title="a", tip="b") == [("NewToolTip",)]
    assert told(title="a", tip="b", is_urgent=True) == [
        ("NewAttentionIcon",),
        ("NewStatus", "NeedsAttention"),
    ]
    assert told(title="a", tip="b", is_urgent=True, picture=2) == [
        ("NewIcon",),
        ("NewAttentionIcon",),
    ]
    hidden = face.update(Shown(title="a", tip="b", picture=2), lambda size: size)
    assert [one.body for one in hidden] == [("Passive",)]
