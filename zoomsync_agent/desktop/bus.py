"""A message bus of the desktop, by the D-Bus specification: questions with an end, and signals.

A connection is one thread's. jeepney drops what arrives while it waits for an answer, so that is
done here.
"""

import contextlib
import socket
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from jeepney import MatchRule, Message  # type: ignore[import-untyped]

ANSWER_SECONDS: Final = 2.0
"""Nobody is waited for longer."""
SYSTEM: Final = "SYSTEM"
SESSION: Final = "SESSION"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"


class BusError(OSError):
    """There is no bus, no such service, or no answer of it."""


class Bus:
    """One connection to a bus; a context manager.

    Args:
        address: of the bus; `SYSTEM` and `SESSION` are found as the specification says.

    Raises:
        BusError: there is no bus.
    """

    def __init__(self, address: str) -> None:
        with _naming_errors():
            from jeepney.io.blocking import (  # type: ignore[import-untyped]  # noqa: PLC0415
                open_dbus_connection,
            )

            self._connection = open_dbus_connection(address)
        self._signals: deque[Message] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def subscribe(self, rule: "MatchRule") -> None:
        """Let the bus deliver the signals that *rule* describes.

        Raises:
            BusError: the bus refuses.
        """
        from jeepney import message_bus  # noqa: PLC0415  20 ms

        self.ask(message_bus.AddMatch(rule))

    def ask(self, question: "Message", *, seconds: float = ANSWER_SECONDS) -> tuple[Any, ...]:
        """Return the body of the answer to a call.

        Args:
            question: the call.
            seconds: so long the answer is waited for.

        Raises:
            BusError: it is an error.
            TimeoutError: none comes.
        """
        from jeepney import HeaderFields, MessageType  # noqa: PLC0415  20 ms

        deadline = time.monotonic() + seconds
        with _naming_errors():
            serial = next(self._connection.outgoing_serial)
            self._connection.send(question, serial)
            while True:
                left = max(0.0, deadline - time.monotonic())
                message = self._connection.receive(timeout=left)
                if message.header.fields.get(HeaderFields.reply_serial) == serial:
                    break
                self._keep(message)
        if message.header.message_type is MessageType.error:
            name = message.header.fields.get(HeaderFields.error_name, "an error")
            raise BusError(f"{name}: {message.body[0] if message.body else ''}")
        return tuple(message.body)

    def property_of(self, service: str, path: str, interface: str, name: str) -> Any:
        """Return the value of a property.

        Raises:
            BusError: there is none.
        """
        from jeepney import DBusAddress, new_method_call  # noqa: PLC0415  20 ms

        whom = DBusAddress(path, service, PROPERTIES)
        (variant,) = self.ask(new_method_call(whom, "Get", "ss", (interface, name)))
        return variant[1]

    def owner_of(self, service: str) -> str:
        """Return the unique name of whoever owns *service* now; what it sends bears that name.

        Raises:
            BusError: nobody does.
        """
        from jeepney import message_bus  # noqa: PLC0415  20 ms

        (owner,) = self.ask(message_bus.GetNameOwner(service))
        return str(owner)

    def signals(self, wake: socket.socket) -> "Iterator[Message]":
        """Yield signals as they come; end when something can be read from *wake*.

        Raises:
            BusError: the bus is gone.
        """
        import selectors  # noqa: PLC0415  used by jeepney anyway

        with selectors.DefaultSelector() as selector:
            selector.register(wake, selectors.EVENT_READ)
            selector.register(self._connection.sock, selectors.EVENT_READ)
            while True:
                while self._signals:
                    yield self._signals.popleft()
                ready = [key.fileobj for key, _ in selector.select()]
                if wake in ready:
                    return
                self._receive_all()

    def _receive_all(self) -> None:
        """Take in all that has arrived."""
        with _naming_errors(), contextlib.suppress(TimeoutError):
            while True:
                self._keep(self._connection.receive(timeout=0))

    def _keep(self, message: "Message") -> None:
        from jeepney import MessageType  # noqa: PLC0415  20 ms

        if message.header.message_type is MessageType.signal:
            self._signals.append(message)


@contextlib.contextmanager
def _naming_errors() -> Iterator[None]:
    """Name whatever goes wrong between here and the bus; jeepney's errors are of many kinds."""
    try:
        yield
    except (BusError, TimeoutError):
        raise
    except Exception as exc:
        raise BusError(f"{type(exc).__name__}: {exc}") from exc


class Waker:
    """Ends a wait for signals from another thread, and can be used again."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self._there.setblocking(False)

    @property
    def socket(self) -> socket.socket:
        """What can be read from when it was woken."""
        return self._here

    def wake(self) -> None:
        """End the wait, or the next one."""
        with contextlib.suppress(OSError):  # full: it is woken already
            self._there.send(b"!")

    def clear(self) -> None:
        """Begin anew."""
        with contextlib.suppress(BlockingIOError):
            while self._here.recv(64):
                pass

    def close(self) -> None:
        """Give the sockets back."""
        self._here.close()
        self._there.close()
