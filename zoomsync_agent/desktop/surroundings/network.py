"""Whether the network is paid by volume."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from zoomsync_agent.desktop import system_programs
from zoomsync_agent.desktop.bus import SYSTEM, Bus

NETWORK_MANAGER: Final = "org.freedesktop.NetworkManager"
NETWORK_PATH: Final = "/org/freedesktop/NetworkManager"
_METERED: Final = {1: True, 2: False, 3: True, 4: False}
"""NMMetered: yes, no, and the same as guesses; 0 is unknown."""
_COSTS: Final = {"unrestricted": False, "fixed": True, "variable": True}
"""NetworkCostType of Windows; it can also be Unknown."""
_INFORMATION: Final = "Windows.Networking.Connectivity.NetworkInformation"
_ASKING: Final = (
    f"[void][{_INFORMATION},Windows,ContentType=WindowsRuntime];"
    f"[{_INFORMATION}]::GetInternetConnectionProfile().GetConnectionCost().NetworkCostType"
)
"""`ConnectionCost` of the Windows Runtime, which PowerShell 5 loads by this form of name."""
_WINDOWS_SECONDS: Final = 300.0
"""A PowerShell takes half a second of processor time, so it is not asked more often."""
_PATIENCE_SECONDS: Final = 10.0
_NO_WINDOW: Final = 0x08000000


def is_metered(system_bus: str = SYSTEM) -> bool | None:
    """Return whether the network is paid by volume; None where that cannot be told, as on macOS.

    Args:
        system_bus: address of the system's message bus.
    """
    if sys.platform == "win32":
        return of_windows()
    return None if sys.platform == "darwin" else of_network_manager(system_bus)


def of_network_manager(system_bus: str = SYSTEM) -> bool | None:
    """Return the same as NetworkManager tells it.

    Args:
        system_bus: address of the system's message bus.
    """
    try:
        with Bus(system_bus) as bus:
            told = bus.property_of(NETWORK_MANAGER, NETWORK_PATH, NETWORK_MANAGER, "Metered")
    except OSError:
        return None
    return _METERED.get(told)


class _Windows:
    """Asks Windows, and remembers its answer for a while."""

    def __init__(self, ask: Callable[[], str], now: Callable[[], float]) -> None:
        self._ask = ask
        self._now = now
        self._asked_at: float | None = None
        self._answer: bool | None = None

    def __call__(self) -> bool | None:
        """Return whether the network is paid by volume; None where Windows does not tell."""
        now = self._now()
        if self._asked_at is None or now - self._asked_at >= _WINDOWS_SECONDS:
            self._asked_at = now
            try:
                self._answer = _COSTS.get(self._ask().strip().lower())
            except (OSError, subprocess.SubprocessError, ValueError):
                self._answer = None
        return self._answer


def _ask_windows() -> str:
    return subprocess.run(  # noqa: S603  the system's own program, and a text of ours
        [system_programs.powershell(), "-NoProfile", "-NonInteractive", "-Command", _ASKING],
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=True,
        creationflags=_NO_WINDOW if sys.platform == "win32" else 0,
    ).stdout


of_windows: Final = _Windows(_ask_windows, time.monotonic)
"""Returns whether the network is paid by volume, as Windows tells it."""
