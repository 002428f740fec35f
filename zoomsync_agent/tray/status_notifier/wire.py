"""Names, paths and signatures of both interfaces, and how a message is read and answered."""

from dataclasses import dataclass
from typing import Any, Final

from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)

ITEM: Final = "org.kde.StatusNotifierItem"
ITEM_PATH: Final = "/StatusNotifierItem"
MENU: Final = "com.canonical.dbusmenu"
MENU_PATH: Final = "/MenuBar"
WATCHER: Final = "org.kde.StatusNotifierWatcher"
WATCHER_PATH: Final = "/StatusNotifierWatcher"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
INTROSPECTABLE: Final = "org.freedesktop.DBus.Introspectable"
PEER: Final = "org.freedesktop.DBus.Peer"
BUS: Final = "org.freedesktop.DBus"

_ERRORS: Final = "org.freedesktop.DBus.Error."
UNKNOWN_METHOD: Final = _ERRORS + "UnknownMethod"
UNKNOWN_OBJECT: Final = _ERRORS + "UnknownObject"
UNKNOWN_INTERFACE: Final = _ERRORS + "UnknownInterface"
UNKNOWN_PROPERTY: Final = _ERRORS + "UnknownProperty"
READ_ONLY: Final = _ERRORS + "PropertyReadOnly"
INVALID_ARGUMENTS: Final = _ERRORS + "InvalidArgs"
FAILED: Final = _ERRORS + "Failed"

Value = tuple[str, Any]
"""A variant: its signature and what it holds."""
Properties = dict[str, Value]


class Refused(Exception):
    """A call that cannot be answered; `name` is that of D-Bus's error."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Reply:
    """What a method returns, with its signature."""

    signature: str = ""
    body: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    """What hosts are told."""

    path: str
    interface: str
    member: str
    signature: str = ""
    body: tuple[Any, ...] = ()

    def message(self) -> Message:
        """Return it as it is sent."""
        address = DBusAddress(self.path, interface=self.interface)
        return new_signal(address, self.member, self.signature or None, self.body)


@dataclass(frozen=True, slots=True)
class Call:
    """A method that somebody calls: on what, which, and with what."""

    path: str
    interface: str
    member: str
    signature: str
    body: tuple[Any, ...]

    def expect(self, *signatures: str) -> tuple[Any, ...]:
        """Return the arguments.

        Raises:
            Refused: they are of none of these kinds.
        """
        if self.signature not in signatures:
            raise Refused(
                INVALID_ARGUMENTS, f"{self.member} takes ({' or '.join(signatures)}) as arguments"
            )
        return self.body


def call_of(message: Message) -> Call:
    """Return what is called; what a message leaves out is empty."""
    fields = message.header.fields
    return Call(
        path=fields.get(HeaderFields.path, ""),
        interface=fields.get(HeaderFields.interface, ""),
        member=fields.get(HeaderFields.member, ""),
        signature=fields.get(HeaderFields.signature, ""),
        body=tuple(message.body),
    )


def is_call(message: Message) -> bool:
    """Whether somebody calls a method."""
    return bool(message.header.message_type is MessageType.method_call)


def returned(message: Message, reply: Reply) -> Message:
    """Return the answer to *message*."""
    return new_method_return(message, reply.signature or None, reply.body)


def refused(message: Message, why: Refused) -> Message:
    """Return the error that answers *message*."""
    return new_error(message, why.name, "s", (why.detail,))


def watcher_call(member: str, signature: str, body: tuple[Any, ...]) -> Message:
    """Return a call of the watcher's own methods."""
    return new_method_call(DBusAddress(WATCHER_PATH, WATCHER, WATCHER), member, signature, body)


def watcher_property(name: str) -> Message:
    """Return a question for a property of the watcher."""
    address = DBusAddress(WATCHER_PATH, WATCHER, PROPERTIES)
    return new_method_call(address, "Get", "ss", (WATCHER, name))
