"""What the page can do with this computer: the start at login, and room."""

from collections.abc import Sequence
from pathlib import Path

from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.freeing import Plan
from zoomsync_agent.desktop.autostart import Autostart
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.settings import Settings


class ComputerDesk:
    """The part of `AppDesk` that is about this computer."""

    _home: Home
    _settings: Settings

    def places(self) -> Sequence[tuple[str, Path]]:
        """Return where settings, data and logs lie, with their names for people."""
        return [
            ("Settings", self._home.config_file),
            ("Data", self._home.data),
            ("Log", self._settings.log_file or self._home.log_file),
        ]

    @property
    def is_at_login(self) -> bool | None:
        """Whether the agent starts at login; None where that cannot be had."""
        try:
            return Autostart(self._home).status().is_on
        except NotAllowed:
            return None

    def set_at_login(self, *, wanted: bool) -> None:
        """Start the agent at login, or do not; an entry that is wrong is written anew.

        Raises:
            NotAllowed: the system refuses.
        """
        Autostart(self._home).set(wanted=wanted)

    def room_plan(self, days: int) -> Plan:
        """Return which originals would be moved to the trash, and which stay and why.

        Args:
            days: how many days ago a recording must have been made.

        Raises:
            AgentError: it cannot be told.
        """
        from zoomsync_agent.app import freeing  # noqa: PLC0415  only who looks pays for it

        return freeing.plan(self._settings, self._home, days)

    def free_room(self, days: int) -> Plan:
        """Move originals that are safe to the trash of this computer; may take minutes.

        Args:
            days: how many days ago a recording must have been made.

        Raises:
            AgentError: the destination cannot be reached; what was moved before stays moved.
        """
        from zoomsync_agent.app import freeing  # noqa: PLC0415  as above

        return freeing.free(self._settings, self._home, days)
