"""What a Linux system tells by itself: sleep, power and network, over its message bus.

Sources: logind's `PrepareForSleep`, the properties of NetworkManager and UPower. On Windows and
macOS nothing is told; there the clock's jump shows a sleep, and probes find the network again.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from zoomsync_agent.core.surroundings import Sign
from zoomsync_agent.desktop.bus import PROPERTIES, SYSTEM, Bus, BusError, Waker
from zoomsync_agent.desktop.surroundings.network import NETWORK_MANAGER, NETWORK_PATH
from zoomsync_agent.service import ThreadService

if TYPE_CHECKING:
    from jeepney import Message  # type: ignore[import-untyped]

LOGIN: Final = "org.freedesktop.login1"
LOGIN_PATH: Final = "/org/freedesktop/login1"
POWER: Final = "org.freedesktop.UPower"
POWER_PATH: Final = "/org/freedesktop/UPower"
_AGAIN_SECONDS: Final = 120.0
"""Where there is no bus, as in many containers, it is looked for so often."""
_CONNECTED: Final = 50
"""NMState from which on there is a network of some kind."""
_NOWHERE: Final = (1, 2)
"""NMConnectivityState: none, and a portal that wants a sign-in."""


class SystemSigns(ThreadService):
    """Hands on what the system tells.

    Args:
        heard: told each sign.
        address: of the system's message bus.
    """

    def __init__(self, heard: Callable[[Sign], None], address: str = SYSTEM) -> None:
        super().__init__("signs")
        self._heard = heard
        self._address = address
        self._waker: Waker | None = None
        self._network: dict[str, Any] = {}

    def _wake(self) -> None:
        if self._waker is not None:
            self._waker.wake()

    def _run(self) -> None:
        waker = self._waker = Waker()
        try:
            while not self._stopping.is_set():
                try:
                    self._listen(waker)
                except OSError:  # no bus, or it was started anew
                    self._stopping.wait(_AGAIN_SECONDS)
        finally:
            self._waker = None
            waker.close()

    def _listen(self, waker: Waker) -> None:
        with Bus(self._address) as bus:
            self._subscribe(bus)
            self._network = _network_of(bus)
            for message in bus.signals(waker.socket):
                if "State" not in self._network and _path_of(message) == NETWORK_PATH:
                    self._take_network(_network_of(bus))  # it has come since, or can answer now
                self.take(message)

    def _subscribe(self, bus: Bus) -> None:
        from jeepney import MatchRule  # noqa: PLC0415  20 ms

        for service, path, interface, member in (
            (LOGIN, LOGIN_PATH, f"{LOGIN}.Manager", "PrepareForSleep"),
            (NETWORK_MANAGER, NETWORK_PATH, PROPERTIES, "PropertiesChanged"),
            (POWER, POWER_PATH, PROPERTIES, "PropertiesChanged"),
        ):
            bus.subscribe(
                MatchRule(
                    type="signal", sender=service, path=path, interface=interface, member=member
                )
            )

    def take(self, message: "Message") -> None:
        """Take in one signal."""
        path = _path_of(message)
        if path == LOGIN_PATH:
            if message.body == (False,):
                self._heard(Sign.WOKE)
        elif path == POWER_PATH:
            self._heard(Sign.CHANGED)
        elif path == NETWORK_PATH:
            self._take_network({name: value for name, (_, value) in message.body[1].items()})

    def _take_network(self, changed: dict[str, Any]) -> None:
        told: dict[str, Any] = {name: changed[name] for name in _ABOUT_NETWORK if name in changed}
        before, self._network = self._network, {**self._network, **told}
        if not told or before == self._network:
            return
        is_other = before.get("PrimaryConnection") != self._network.get("PrimaryConnection")
        if _is_online(self._network) and (is_other or not _is_online(before)):
            self._heard(Sign.ONLINE)
        self._heard(Sign.CHANGED)


_ABOUT_NETWORK: Final = ("State", "Connectivity", "Metered", "PrimaryConnection")


def _path_of(message: "Message") -> str | None:
    """Return the object that tells."""
    from jeepney import HeaderFields  # noqa: PLC0415  20 ms

    path: str | None = message.header.fields.get(HeaderFields.path)
    return path


def _network_of(bus: Bus) -> dict[str, Any]:
    """Return what NetworkManager says now; nothing where it is not there."""
    try:
        return {
            name: bus.property_of(NETWORK_MANAGER, NETWORK_PATH, NETWORK_MANAGER, name)
            for name in _ABOUT_NETWORK
        }
    except (BusError, TimeoutError):
        return {}


def _is_online(network: dict[str, Any]) -> bool:
    return network.get("State", 0) >= _CONNECTED and network.get("Connectivity", 0) not in _NOWHERE
