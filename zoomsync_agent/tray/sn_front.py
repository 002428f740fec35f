"""The tray on Linux: our own icon over D-Bus."""

from functools import partial
from typing import Any

from zoomsync_agent.tray import sheets
from zoomsync_agent.tray.front import OnEntry, Scene
from zoomsync_agent.tray.looks import Look
from zoomsync_agent.tray.menu import Entry
from zoomsync_agent.tray.status_notifier import Icon, Item
from zoomsync_agent.tray.status_notifier.icon import Listeners


class StatusNotifierFront:
    """`Front` over a StatusNotifierItem.

    Args:
        icon_id: by which the desktop knows the icon again; of one profile only.
        scene: what is shown at first.
        on_entry: is handed what was clicked.
        listeners: who is told of tray and bus.
        patience: seconds that a tray may take to appear.
    """

    def __init__(
        self,
        icon_id: str,
        scene: Scene,
        on_entry: OnEntry,
        *,
        listeners: Listeners,
        patience: float,
    ) -> None:
        self._on_entry = on_entry
        self._scene: Scene | None = None
        self._icon = Icon(icon_id, title=scene.name, listeners=listeners, patience=patience)
        self.show(scene)

    def run(self) -> None:
        """Hold this thread until `stop`; whatever becomes of panel and bus, nothing is raised."""
        self._icon.run()

    def show(self, scene: Scene) -> None:
        """Show this from now on."""
        before, self._scene = self._scene, scene
        self._icon.show(
            scene.look,
            partial(_painted, scene.look),
            title=scene.name,
            tip=scene.tip,
            is_urgent=scene.is_urgent,
        )
        if before is None or before.menu != scene.menu:
            self._icon.menu = tuple(self._item(entry) for entry in scene.menu)

    def stop(self) -> None:
        """Let `run` return."""
        self._icon.stop()

    def notify(self, title: str, text: str) -> bool:  # noqa: ARG002  of the interface
        """Return False: the notices of Linux have a way of their own."""
        return False

    def _item(self, entry: Entry) -> Item:
        return Item(
            key=entry.key,
            label=entry.label,
            is_enabled=entry.is_enabled,
            is_checked=entry.is_checked,
            is_default=entry.is_default,
            children=tuple(self._item(one) for one in entry.children),
            press=None if entry.action is None else partial(self._on_entry, entry),
        )


def _painted(look: Look, size: int) -> Any:
    """Return a picture: as it was drawn beforehand, or drawn now."""
    found = sheets.pixmap(look, size)
    if found is not None:
        return found
    from zoomsync_agent.tray import art  # noqa: PLC0415  Pillow, 9 MB

    return art.draw(look, size)
