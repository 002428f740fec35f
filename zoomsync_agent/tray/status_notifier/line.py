"""A connection to the session's bus that never waits for an answer.

jeepney's own connections throw away what arrives while they wait for a reply, and hosts do ask for
our properties before they answer a registration.
"""

import os
import socket
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

from jeepney import (  # type: ignore[import-untyped]
    HeaderFields,
    Message,
    MessageType,
    Parser,
    message_bus,
)
from jeepney.bus import get_bus  # type: ignore[import-untyped]
from jeepney.io.blocking import prep_socket  # type: ignore[import-untyped]

_AUTH_SECONDS: Final = 2.0
_SEND_SECONDS: Final = 2.0
"""A bus that takes nothing for so long is given up."""
_CHUNK: Final = 65_536

OnReply = Callable[[bool, tuple[Any, ...]], None]
"""Is handed whether it went well, and what came back."""


class LineLost(Exception):
    """There is no bus, or it has hung up, or it says what nobody understands."""


def bus_address(environment: Mapping[str, str] = os.environ) -> str:
    """Return where the session's bus is, as D-Bus writes addresses.

    Raises:
        LineLost: nothing says where.
    """
    told = environment.get("DBUS_SESSION_BUS_ADDRESS", "")
    if told:
        return told
    # Where systemd keeps it; a program that was started by cron or ssh is not told.
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    if runtime and (Path(runtime) / "bus").exists():
        return f"unix:path={runtime}/bus"
    raise LineLost("this session has no D-Bus")


class Unsendable(Exception):
    """A message that D-Bus cannot carry; nothing of it was sent."""


class Line:
    """One connection. Used on one thread.

    Args:
        address: of the bus.

    Raises:
        LineLost: nobody answers there.
    """

    def __init__(self, address: str) -> None:
        try:
            self._socket: socket.socket = prep_socket(get_bus(address), timeout=_AUTH_SECONDS)
        except Exception as exc:  # jeepney raises a dozen kinds of errors for bad addresses
            raise LineLost(f"the bus does not answer: {exc}") from exc
        self._socket.settimeout(_SEND_SECONDS)
        self._parser = Parser()
        self._serials = count(1)
        self._waiting: dict[int, OnReply] = {}
        try:
            self.ask(message_bus.Hello(), lambda _well, _body: None)
        except LineLost:
            self.close()
            raise

    def fileno(self) -> int:
        """Return what `select` waits for."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def send(self, message: Message) -> int:
        """Send a message; return its number.

        Raises:
            LineLost: the bus has hung up, or takes nothing.
            Unsendable: the message cannot be written down.
        """
        serial = next(self._serials)
        try:
            data = message.serialise(serial)
        except Exception as exc:  # a wrong type, a lone half of a character: anything may be raised
            raise Unsendable(str(exc)) from exc
        try:
            self._socket.sendall(data)
        except OSError as exc:
            raise LineLost(f"the bus takes nothing: {exc}") from exc
        return serial

    def ask(self, message: Message, on_reply: OnReply) -> None:
        """Send a call; *on_reply* is called from `received` when the answer comes, if it does."""
        self._waiting[self.send(message)] = on_reply

    def received(self) -> list[Message]:
        """Read what has come, call those who wait for answers, and return the rest.

        To be called when there is something to read.

        Raises:
            LineLost: the bus has hung up, or says what nobody understands.
        """
        try:
            data = self._socket.recv(_CHUNK)
        except OSError as exc:
            raise LineLost(f"the bus is gone: {exc}") from exc
        if not data:
            raise LineLost("the bus has hung up")
        return [message for message in self._parsed(data) if not self._is_answer(message)]

    def _parsed(self, data: bytes) -> list[Message]:
        messages = []
        try:
            self._parser.add_data(data)
            while (message := self._parser.get_next_message()) is not None:
                messages.append(message)
        except Exception as exc:  # whatever it was, nobody knows where the next message begins
            raise LineLost(f"the bus is not understood: {exc}") from exc
        return messages

    def _is_answer(self, message: Message) -> bool:
        kind = message.header.message_type
        if kind not in (MessageType.method_return, MessageType.error):
            return False
        number = message.header.fields.get(HeaderFields.reply_serial, -1)
        on_reply = self._waiting.pop(number, None)
        if on_reply is not None:
            on_reply(kind is MessageType.method_return, tuple(message.body))
        return True
