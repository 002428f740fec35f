"""What is known of the desktop's tray: whether there is one, and whether it has our icon."""

from collections.abc import Callable
from typing import Any, Final

from jeepney import (  # type: ignore[import-untyped]
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    message_bus,
)

from zoomsync_agent.tray.status_notifier import wire
from zoomsync_agent.tray.status_notifier.line import Line

NO_BUS: Final = "There is no desktop session here that could show an icon."
NO_WATCHER: Final = (
    "This desktop has no tray for icons. On GNOME the extension AppIndicator makes room for them."
)
NO_HOST: Final = "This desktop's panel shows no tray."
REFUSED: Final = "This desktop's tray does not take the icon."


class Panel:
    """Asks whether there is a tray, registers the icon, and does so again when another one comes.

    Args:
        line: a fresh connection.
        on_change: is called when `is_hosted` may be another one.
    """

    def __init__(self, line: Line, on_change: Callable[[], None]) -> None:
        self._line = line
        self._on_change = on_change
        self._has_watcher = False
        self._has_host = False
        self._is_registered = False
        self._round = 0
        self._begin()

    @property
    def is_hosted(self) -> bool:
        """Whether the icon is in somebody's tray."""
        return self._has_watcher and self._has_host and self._is_registered

    @property
    def reason(self) -> str:
        """Why there is no icon to be seen; empty where there is one."""
        if not self._has_watcher:
            return NO_WATCHER
        if not self._has_host:
            return NO_HOST
        return "" if self._is_registered else REFUSED

    def heard(self, message: Message) -> None:
        """Take in a signal of the bus or of the watcher."""
        if message.header.message_type is not MessageType.signal:
            return
        fields = message.header.fields
        member, body = fields.get(HeaderFields.member, ""), tuple(message.body)
        interface, sender = fields.get(HeaderFields.interface), fields.get(HeaderFields.sender)
        if interface == wire.BUS and sender == wire.BUS and member == "NameOwnerChanged":
            if len(body) == 3 and body[0] == wire.WATCHER:  # noqa: PLR2004  name, old, new
                self._watcher_changed(is_there=bool(body[2]))
        elif interface == wire.WATCHER and member.startswith("StatusNotifierHost"):
            self._ask_for_host()

    def _begin(self) -> None:
        bus_says = MatchRule(
            type="signal", sender=wire.BUS, interface=wire.BUS, member="NameOwnerChanged"
        )
        bus_says.add_arg_condition(0, wire.WATCHER)
        watcher_says = MatchRule(type="signal", sender=wire.WATCHER, interface=wire.WATCHER)
        for rule in (bus_says, watcher_says):
            self._line.send(message_bus.AddMatch(rule))
        self._line.ask(message_bus.NameHasOwner(wire.WATCHER), self._told_of_watcher)

    def _told_of_watcher(self, is_well: bool, body: tuple[Any, ...]) -> None:
        if is_well and body[:1] == (True,) and not self._has_watcher:
            self._watcher_changed(is_there=True)
        else:
            self._on_change()

    def _watcher_changed(self, *, is_there: bool) -> None:
        self._round += 1
        self._has_watcher = is_there
        self._has_host = self._is_registered = False
        if is_there:
            self._register()
            self._ask_for_host()
        self._on_change()

    def _register(self) -> None:
        asked_in = self._round

        def told(is_well: bool, _: tuple[Any, ...]) -> None:
            if asked_in == self._round:
                self._is_registered = is_well
                self._on_change()

        # With the path of the object: the watcher then takes our connection's own name.
        call = wire.watcher_call("RegisterStatusNotifierItem", "s", (wire.ITEM_PATH,))
        self._line.ask(call, told)

    def _ask_for_host(self) -> None:
        asked_in = self._round

        def told(is_well: bool, body: tuple[Any, ...]) -> None:
            if asked_in == self._round:
                # A watcher that does not say is taken for one that shows icons itself.
                self._has_host = not is_well or body[:1] == (("b", True),)
                self._on_change()

        self._line.ask(wire.watcher_property("IsStatusNotifierHostRegistered"), told)
