"""Services of a Linux desktop on a bus of the tests: what the system tells, and what is shown."""

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

from tests.fakes.process import wait_for
from zoomsync_agent.desktop.bus import Waker

_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
Answer = tuple[str | None, tuple[Any, ...]]


class BusService:
    """Owns a name on a bus and answers there, on a thread; a context manager.

    A call that nobody expects is answered with an error and makes the test fail at the end.

    Args:
        address: of the bus.
        name: that it owns.
        path: of its one object.
        properties: interface, and name to signature and value.
    """

    def __init__(
        self,
        address: str,
        name: str,
        path: str,
        properties: Mapping[str, dict[str, tuple[str, Any]]] | None = None,
    ) -> None:
        self._address = address
        self._name = name
        self.path = path
        self.properties = {key: dict(value) for key, value in (properties or {}).items()}
        self.methods: dict[str, Callable[..., Answer]] = {}
        self.unexpected: list[str] = []
        self.calls: list[str] = []
        self.asker = ""
        """Unique name of whoever asked last."""
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._waker = Waker()
        self._thread = threading.Thread(target=self._serve, name=f"fake {name}")

    def __enter__(self) -> Self:
        self._connection = open_dbus_connection(self._address)
        reply = self._connection.send_and_get_reply(message_bus.RequestName(self._name))
        assert reply.body == (1,), f"{self._name} is taken"
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(10.0)
        self._waker.close()
        self._connection.close()
        if error is None:
            assert not self.unexpected

    def tell(
        self, interface: str, member: str, signature: str | None, body: tuple[Any, ...]
    ) -> None:
        """Send a signal."""
        emitter = DBusAddress(self.path, interface=interface)
        with self._guard:
            self._connection.send(new_signal(emitter, member, signature, body))

    def change(self, interface: str, **values: Any) -> None:
        """Let properties change, and tell it."""
        known = self.properties[interface]
        changed = {name: (known[name][0], value) for name, value in values.items()}
        known.update(changed)
        self.tell(_PROPERTIES, "PropertiesChanged", "sa{sv}as", (interface, changed, []))

    def is_listened_to(self, rule_part: str) -> bool:
        """Return whether some asked question names *rule_part*."""
        return any(rule_part in one for one in self.calls)

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                message = self._connection.receive(timeout=0.02)
            except TimeoutError:
                continue
            except (OSError, ValueError):
                return  # the bus has died
            if message.header.message_type is MessageType.method_call:
                answer = self._answer(message)
                with self._guard:
                    self._connection.send(answer)

    def _answer(self, message: Message) -> Message:
        fields = message.header.fields
        member = fields[HeaderFields.member]
        self.calls.append(f"{member} {message.body}")
        self.asker = fields[HeaderFields.sender]
        if member == "Get" and fields[HeaderFields.interface] == _PROPERTIES:
            interface, name = message.body
            try:
                value = self.properties[interface][name]
            except KeyError:
                return new_error(
                    message, "org.freedesktop.DBus.Error.UnknownProperty", "s", (name,)
                )
            return new_method_return(message, "v", (value,))
        method = self.methods.get(member)
        if method is None:
            self.unexpected.append(member)
            return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "s", (member,))
        signature, body = method(*message.body)
        return new_method_return(message, signature, body)


class NotificationDaemon(BusService):
    """A daemon by the *Desktop Notifications Specification* that keeps what it shows.

    Args:
        address: of the bus.
        capabilities: what it can.
    """

    def __init__(
        self, address: str, capabilities: tuple[str, ...] = ("body", "body-markup", "actions")
    ) -> None:
        name = "org.freedesktop.Notifications"
        super().__init__(address, name, "/org/freedesktop/Notifications")
        self.shown: list[dict[str, Any]] = []
        self._capabilities = capabilities
        self.methods = {"GetCapabilities": self._able, "Notify": self._notify}

    def _able(self) -> Answer:
        return "as", (list(self._capabilities),)

    def _notify(
        self,
        app: str,
        replaces: int,
        icon: str,
        summary: str,
        body: str,
        actions: list[str],
        hints: dict[str, Any],
        timeout: int,
    ) -> Answer:
        assert not actions or "actions" in self._capabilities
        assert not replaces or replaces in [one["id"] for one in self.shown]
        number = replaces or len({one["id"] for one in self.shown}) + 1
        self.shown.append(
            {
                "id": number,
                "replaces": replaces,
                "app": app,
                "icon": icon,
                "summary": summary,
                "body": body,
                "actions": actions,
                "hints": {name: value for name, (_, value) in hints.items()},
                "timeout": timeout,
            }
        )
        return "u", (number,)

    def wait_shown(self, count: int) -> list[dict[str, Any]]:
        """Return what was shown, once there are so many."""
        wait_for(f"{count} notices are shown", lambda: len(self.shown) >= count, 20.0)
        return list(self.shown)

    def click(self, number: int, action: str = "default") -> None:
        """Let somebody click."""
        self.tell("org.freedesktop.Notifications", "ActionInvoked", "us", (number, action))

    def dismiss(self, number: int) -> None:
        """Let somebody close it."""
        self.tell("org.freedesktop.Notifications", "NotificationClosed", "uu", (number, 2))
