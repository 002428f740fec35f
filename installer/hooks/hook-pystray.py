"""Finds pystray without importing it: that asks for a screen, which a builder may lack."""

import sys

_BACK_ENDS = {
    "win32": ["pystray._win32", "pystray._util.win32"],
    "darwin": ["pystray._darwin"],
}
hiddenimports = [
    "pystray._base",
    "pystray._dummy",
    *_BACK_ENDS.get(sys.platform, ["pystray._xorg", "pystray._util.notify_dbus"]),
]
