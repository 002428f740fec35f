"""The tray: one icon and its menu, on whatever the desktop offers for them."""

from zoomsync_agent.tray.desk import Recent, TrayDesk, View
from zoomsync_agent.tray.tray import Tray

__all__ = ["Recent", "Tray", "TrayDesk", "View"]
