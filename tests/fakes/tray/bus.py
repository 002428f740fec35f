"""A session bus of its own, and a panel on it: StatusNotifierWatcher and reader of menus."""

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest
from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

from tests.fakes.process import wait_for

_WATCHER: Final = "org.kde.StatusNotifierWatcher"
_ITEM: Final = "org.kde.StatusNotifierItem"
_MENU: Final = "com.canonical.dbusmenu"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_REPLY_SECONDS: Final = 10.0


class SessionBus:
    """A real bus; a context manager. It can die and come back at the same address.

    Args:
        place: the folder of its socket; a short path.
        environment: for the programs that it starts; None: that of the tests.
    """

    def __init__(self, place: Path, environment: Mapping[str, str] | None = None) -> None:
        self._socket = place / "bus"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it is."""
        return f"unix:path={self._socket}"

    def start(self) -> None:
        """Let it be there."""
        program = shutil.which("dbus-daemon")
        if program is None:
            pytest.skip("dbus-daemon is not installed")
        command = [program, "--session", "--nofork", "--nopidfile", f"--address={self.address}"]
        self._process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, env=self._environment, start_new_session=True
        )
        wait_for("the bus is there", self._is_there)

    def kill(self) -> None:
        """Let it die."""
        if self._process is not None:
            # What it has started is of its group.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            self._process = None
        self._socket.unlink(missing_ok=True)

    def _is_there(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._socket)) == 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


class FakePanel:
    """A panel with a tray; a context manager. It answers on a thread of its own, as panels do.

    Args:
        address: of the bus.
        has_host: whether it says that somebody shows icons.
        asks_first: whether it asks for properties before it answers a registration, as GNOME does.
    """

    def __init__(self, address: str, *, has_host: bool = True, asks_first: bool = True) -> None:
        self._address = address
        self._has_host = has_host
        self._asks_first = asks_first
        self.registered: list[tuple[str, str]] = []
        """Connection and path of each icon, in the order of their coming."""
        self.signals: deque[tuple[str, tuple[Any, ...]]] = deque()
        """What icons told, with what came with it."""
        self._replies: dict[int, Message] = {}
        self._news = threading.Condition()
        self._send_lock = threading.Lock()

    def __enter__(self) -> Self:
        self._line = open_dbus_connection(self._address)
        for interface in (_ITEM, _MENU):
            rule = MatchRule(type="signal", interface=interface)
            self._line.send_and_get_reply(message_bus.AddMatch(rule))
        self._line.send_and_get_reply(message_bus.RequestName(_WATCHER))
        self._here, self._there = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="fake-panel", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._there.close()
        self._thread.join(10)
        self._here.close()
        with contextlib.suppress(OSError):
            self._line.close()

    # --- what a test asks ------------------------------------------------------------------

    def wait_for_icon(self, count: int = 1) -> None:
        """Wait until so many icons have registered."""
        wait_for("an icon registers", lambda: len(self.registered) >= count)

    def show_icons(self, *, has_host: bool) -> None:
        """Let there be somebody who shows icons, or nobody; and say so."""
        self._has_host = has_host
        member = f"StatusNotifierHost{'Registered' if has_host else 'Unregistered'}"
        address = DBusAddress("/StatusNotifierWatcher", interface=_WATCHER)
        with self._send_lock:
            self._line.send(new_signal(address, member))

    def call(self, path: str, interface: str, member: str, signature: str, *body: Any) -> Any:
        """Call the icon that registered last; return what it answers.

        Raises:
            RuntimeError: it answers with an error; its name, and what it says.
        """
        sender, _ = self.registered[-1]
        message = new_method_call(
            DBusAddress(path, sender, interface), member, signature or None, body
        )
        serial = next(self._line.outgoing_serial)
        with self._send_lock:
            self._line.send(message, serial)
        with self._news:
            assert self._news.wait_for(lambda: serial in self._replies, _REPLY_SECONDS), member
            reply = self._replies.pop(serial)
        if reply.header.message_type is MessageType.error:
            raise RuntimeError(reply.header.fields[HeaderFields.error_name], *reply.body)
        return reply.body[0] if len(reply.body) == 1 else reply.body

    def properties(self) -> dict[str, Any]:
        """Return the icon's properties, without their signatures."""
        found = self.call(self.registered[-1][1], _PROPERTIES, "GetAll", "s", _ITEM)
        return {name: value for name, (_, value) in found.items()}

    def menu(self) -> list[dict[str, Any]]:
        """Return the menu from its top down: number, depth and properties of each item."""
        path = self.properties()["Menu"]
        _, root = self.call(path, _MENU, "GetLayout", "iias", 0, -1, [])
        rows: list[dict[str, Any]] = []

        def walk(node: Any, depth: int) -> None:
            number, properties, children = node
            shown = {name: value for name, (_, value) in properties.items()}
            rows.append({"number": number, "depth": depth, **shown})
            for _, child in children:
                walk(child, depth + 1)

        walk(root, 0)
        return rows[1:]

    def labels(self) -> list[str]:
        """Return the labels of the menu from its top down, as people read them."""
        return [row["label"].replace("__", "_") for row in self.menu() if "label" in row]

    def number_of(self, label: str) -> int:
        """Return the number of the item with this label."""
        written = label.replace("_", "__")
        return next(int(row["number"]) for row in self.menu() if row.get("label") == written)

    def is_marked(self, label: str) -> bool:
        """Return whether the item with this label has a mark."""
        number = self.number_of(label)
        return any(row["number"] == number and row.get("toggle-state") == 1 for row in self.menu())

    def click(self, label: str) -> None:
        """Click the item with this label."""
        path = self.properties()["Menu"]
        number = self.number_of(label)
        self.call(path, _MENU, "Event", "isvu", number, "clicked", ("i", 0), int(time.time()))

    def told(self, member: str) -> list[tuple[Any, ...]]:
        """Return what came with each signal of this name so far."""
        with self._news:
            return [body for name, body in self.signals if name == member]

    def forget(self) -> None:
        """Forget the signals so far."""
        with self._news:
            self.signals.clear()

    # --- what icons ask --------------------------------------------------------------------

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            heard: list[Any] = []
            while self._here not in heard:
                # What came along with the last reply is in the parser already.
                with contextlib.suppress(TimeoutError):
                    while True:
                        self._heard(self._line.receive(timeout=0))
                heard, _, _ = select.select([self._line.sock, self._here], [], [])

    def _heard(self, message: Message) -> None:
        fields = message.header.fields
        kind = message.header.message_type
        if kind is MessageType.signal:
            with self._news:
                self.signals.append((fields[HeaderFields.member], tuple(message.body)))
        elif kind is MessageType.method_call:
            self._answer(message, fields)
        else:
            with self._news:
                self._replies[fields[HeaderFields.reply_serial]] = message
                self._news.notify_all()

    def _answer(self, message: Message, fields: dict[Any, Any]) -> None:
        member, sender = fields[HeaderFields.member], fields[HeaderFields.sender]
        if member == "RegisterStatusNotifierItem":
            told = message.body[0]
            path = told if told.startswith("/") else "/StatusNotifierItem"
            if self._asks_first:
                address = DBusAddress(path, sender, _PROPERTIES)
                self._send(new_method_call(address, "GetAll", "s", (_ITEM,)))
            self.registered.append((sender, path))
            self._send(new_method_return(message))
        elif member == "Get" and message.body[1] == "IsStatusNotifierHostRegistered":
            self._send(new_method_return(message, "v", (("b", self._has_host),)))
        else:
            self._send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"))

    def _send(self, message: Message) -> None:
        with self._send_lock:
            self._line.send(message)
