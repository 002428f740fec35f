"""Whether the computer runs on battery."""

import sys
from pathlib import Path
from typing import Final

_SUPPLIES: Final = Path("/sys/class/power_supply")
_MAINS: Final = ("mains", "usb", "wireless")
_OF_A_DEVICE: Final = "device"
"""What powers a mouse or a headset, and not the computer."""


def on_battery() -> bool | None:
    """Return whether the computer runs on battery; None where that cannot be told."""
    return of_linux() if sys.platform == "linux" else _of_others()


def of_linux(supplies: Path = _SUPPLIES) -> bool | None:
    """Return the same from sysfs, by *Documentation/ABI/testing/sysfs-class-power*.

    A computer without a battery does not run on one. Where no mains tell, as with some adapters,
    a battery that discharges does.

    Args:
        supplies: the folder with one entry for each supply.
    """
    try:
        found = [{name: _read(one / name) for name in _FILES} for one in supplies.iterdir()]
    except OSError:
        return None
    own = [one for one in found if one["scope"] != _OF_A_DEVICE]
    batteries = [one["status"] for one in own if one["type"] == "battery"]
    mains = [one["online"] == "1" for one in own if one["type"] in _MAINS and one["online"]]
    if not batteries or any(mains):
        return False
    return bool(mains) or "discharging" in batteries


_FILES: Final = ("type", "scope", "status", "online")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip().lower()
    except (OSError, ValueError):
        return ""


def _of_others() -> bool | None:
    """Return the same as psutil tells it on Windows and macOS."""
    import psutil  # noqa: PLC0415  15 ms

    try:
        battery = psutil.sensors_battery()
    except (OSError, ValueError, RuntimeError, AttributeError):
        return None
    plugged = getattr(battery, "power_plugged", True)  # there may be no battery at all
    return None if plugged is None else not plugged
