"""Answers what is called on the bus. Whatever comes, there is an answer, and nothing is raised."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from jeepney import Message, MessageFlag  # type: ignore[import-untyped]

from zoomsync_agent.tray.status_notifier import wire
from zoomsync_agent.tray.status_notifier.wire import Call, Properties, Refused, Reply

_ARGUMENTS: Final = {
    wire.ITEM: (
        '<method name="Activate"><arg type="i" direction="in"/><arg type="i" direction="in"/>'
        "</method>"
        '<method name="SecondaryActivate"><arg type="i" direction="in"/>'
        '<arg type="i" direction="in"/></method>'
        '<method name="ContextMenu"><arg type="i" direction="in"/><arg type="i" direction="in"/>'
        "</method>"
        '<method name="Scroll"><arg type="i" direction="in"/><arg type="s" direction="in"/>'
        "</method>"
        '<signal name="NewTitle"/><signal name="NewIcon"/><signal name="NewAttentionIcon"/>'
        '<signal name="NewToolTip"/><signal name="NewStatus"><arg type="s"/></signal>'
    ),
    wire.MENU: (
        '<method name="GetLayout"><arg type="i" direction="in"/><arg type="i" direction="in"/>'
        '<arg type="as" direction="in"/><arg type="u" direction="out"/>'
        '<arg type="(ia{sv}av)" direction="out"/></method>'
        '<method name="GetGroupProperties"><arg type="ai" direction="in"/>'
        '<arg type="as" direction="in"/><arg type="a(ia{sv})" direction="out"/></method>'
        '<method name="GetProperty"><arg type="i" direction="in"/><arg type="s" direction="in"/>'
        '<arg type="v" direction="out"/></method>'
        '<method name="Event"><arg type="i" direction="in"/><arg type="s" direction="in"/>'
        '<arg type="v" direction="in"/><arg type="u" direction="in"/></method>'
        '<method name="EventGroup"><arg type="a(isvu)" direction="in"/>'
        '<arg type="ai" direction="out"/></method>'
        '<method name="AboutToShow"><arg type="i" direction="in"/><arg type="b" direction="out"/>'
        "</method>"
        '<method name="AboutToShowGroup"><arg type="ai" direction="in"/>'
        '<arg type="ai" direction="out"/><arg type="ai" direction="out"/></method>'
        '<signal name="ItemsPropertiesUpdated"><arg type="a(ia{sv})"/><arg type="a(ias)"/></signal>'
        '<signal name="LayoutUpdated"><arg type="u"/><arg type="i"/></signal>'
    ),
}


class Answerer(Protocol):
    """An object of ours with one interface."""

    def properties(self) -> Properties:
        """Return all of its properties."""
        ...

    def answer(self, call: Call) -> Reply:
        """Answer a call of its methods; raises `Refused`."""
        ...


class Switchboard:
    """Finds who answers.

    Args:
        item: the icon.
        menu: its menu.
        on_fault: is told of what should not have happened.
    """

    def __init__(
        self, item: Answerer, menu: Answerer, on_fault: Callable[[Exception], object]
    ) -> None:
        self._objects = {wire.ITEM_PATH: (wire.ITEM, item), wire.MENU_PATH: (wire.MENU, menu)}
        self._on_fault = on_fault

    def answer(self, message: Message) -> list[Message]:
        """Return what is to be sent for a message that came in; most often one message."""
        if not wire.is_call(message):
            return []
        try:
            answer = self._answer(message)
        except Refused as why:
            answer = wire.refused(message, why)
        except Exception as exc:  # noqa: BLE001  whoever calls is told, and the tray goes on
            self._on_fault(exc)
            answer = wire.refused(message, Refused(wire.FAILED, "this went wrong here"))
        return [] if message.header.flags & MessageFlag.no_reply_expected else [answer]

    def _answer(self, message: Message) -> Message:
        call = wire.call_of(message)
        reply = self._reply(call)
        return wire.returned(message, reply)

    def _reply(self, call: Call) -> Reply:
        if call.interface == wire.PEER and call.member == "Ping":
            return Reply()
        if call.interface == wire.INTROSPECTABLE and call.member == "Introspect":
            return Reply("s", (self._introspected(call.path),))
        if call.path not in self._objects:
            raise Refused(wire.UNKNOWN_OBJECT, f"there is no object {call.path}")
        interface, who = self._objects[call.path]
        if call.interface == wire.PROPERTIES:
            return _property(call, interface, who)
        # Whoever names no interface means the only one that there is.
        if call.interface not in ("", interface):
            raise Refused(wire.UNKNOWN_INTERFACE, f"there is no {call.interface} at {call.path}")
        return who.answer(call)

    def _introspected(self, path: str) -> str:
        if path in self._objects:
            interface, who = self._objects[path]
            properties = "".join(
                f'<property name="{name}" type="{value[0]}" access="read"/>'
                for name, value in who.properties().items()
            )
            inner = f'<interface name="{interface}">{_ARGUMENTS[interface]}{properties}</interface>'
        elif path == "/":
            inner = "".join(f'<node name="{one[1:]}"/>' for one in self._objects)
        else:
            inner = ""
        return f"<node>{inner}</node>"


def _property(call: Call, interface: str, who: Answerer) -> Reply:
    match call.member:
        case "GetAll":
            (asked,) = call.expect("s")
            _expect_interface(asked, interface)
            return Reply("a{sv}", (who.properties(),))
        case "Get":
            asked, name = call.expect("ss")
            _expect_interface(asked, interface)
            properties = who.properties()
            if name not in properties:
                raise Refused(wire.UNKNOWN_PROPERTY, f"{interface} has no property {name}")
            value: Any = properties[name]
            return Reply("v", (value,))
        case "Set":
            raise Refused(wire.READ_ONLY, "nothing here can be set")
        case _:
            raise Refused(wire.UNKNOWN_METHOD, f"{wire.PROPERTIES} has no method {call.member}")


def _expect_interface(asked: str, interface: str) -> None:
    if asked not in ("", interface):
        raise Refused(wire.UNKNOWN_INTERFACE, f"there is no interface {asked} here")
