"""What stands between the tray and whatever the desktop offers for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from zoomsync_agent.tray.looks import Face, Look
from zoomsync_agent.tray.menu import Entry


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is to be seen.

    Attributes:
        look: the picture.
        name: what the icon is called; names the profile.
        tip: the sentence that is said when the pointer rests on it.
        menu: its entries.
    """

    look: Look
    name: str
    tip: str
    menu: tuple[Entry, ...]

    @property
    def is_urgent(self) -> bool:
        """Whether somebody is needed."""
        return self.look.face in (Face.NEEDS_YOU, Face.ERROR)

    @property
    def title(self) -> str:
        """Name and sentence in one, for desktops that know nothing else."""
        return f"{self.name}: {self.tip}" if self.tip else self.name


class Log(Protocol):
    """What the tray says to the log: short constant events with key-values."""

    def info(self, event: str, **fields: object) -> object:
        """Note an event."""
        ...

    def warning(self, event: str, **fields: object) -> object:
        """Note an event that somebody may want to know."""
        ...

    def exception(self, event: str, **fields: object) -> object:
        """Note a fault with its traceback."""
        ...


OnEntry = Callable[[Entry], None]
"""Is handed the entry that was clicked; returns at once."""


class Front(Protocol):
    """An icon with its menu."""

    def run(self) -> None:
        """Hold this thread, which is the main one, until `stop`; may raise anything."""
        ...

    def show(self, scene: Scene) -> None:
        """Show this from now on; from any thread, and it is seen to that the right one does it."""
        ...

    def stop(self) -> None:
        """Let `run` return; from any thread, also before it was called."""
        ...

    def notify(self, title: str, text: str) -> bool:
        """Show a notice beside the icon; return whether that can be done here."""
        ...
