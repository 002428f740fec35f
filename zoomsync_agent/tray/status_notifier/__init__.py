"""A tray icon for Linux over D-Bus alone: no GTK, no screen, no second main loop.

It has the interface of pystray's `Icon`, but does not import pystray: that chooses a back end while
it is imported, and raises where there is no screen. Sources: freedesktop.org, *StatusNotifierItem*;
the interface `com.canonical.dbusmenu` as in libdbusmenu's dbus-menu.xml.
"""

from zoomsync_agent.tray.status_notifier.icon import Icon
from zoomsync_agent.tray.status_notifier.items import Item

__all__ = ["Icon", "Item"]
