"""Whether there is a tray of the old kind, over X11. Source: *System Tray Protocol*."""

import os
from collections.abc import Mapping
from importlib.util import find_spec


def is_usable(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether there is one, and PyGObject with which pystray can show an icon there.

    pystray's way without PyGObject receives no click (desktops of that kind get no icon then).
    """
    if not environment.get("DISPLAY") or find_spec("gi") is None:
        return False
    return has_owner(environment["DISPLAY"])


def has_owner(display_name: str) -> bool:
    """Whether somebody owns the tray of that screen."""
    try:
        from Xlib import display  # type: ignore[import-untyped]  # noqa: PLC0415  seldom needed
    except ImportError:
        return False
    try:
        screen = display.Display(display_name)
        try:
            name = f"_NET_SYSTEM_TRAY_S{screen.get_default_screen()}"
            owner = screen.get_selection_owner(screen.intern_atom(name))
            return bool(owner and owner.id)
        finally:
            screen.close()
    except Exception:  # noqa: BLE001  there are many ways in which a screen cannot be asked
        return False
