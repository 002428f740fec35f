"""`Surroundings` of the computer that the agent runs on."""

import sys
from collections.abc import Callable

from zoomsync_agent.core.surroundings import Aspect, Conditions, Sign
from zoomsync_agent.desktop.bus import SYSTEM
from zoomsync_agent.desktop.surroundings import meeting, network, power
from zoomsync_agent.desktop.surroundings.signs import SystemSigns
from zoomsync_agent.ports import Service


class ThisComputer:
    """`Surroundings` as the operating system tells of them.

    Args:
        system_bus: address of the system's message bus, on Linux.
    """

    def __init__(self, system_bus: str = SYSTEM) -> None:
        self._system_bus = system_bus

    def look(self, asked: frozenset[Aspect]) -> Conditions:
        """Return what holds now of what is *asked*; None where it cannot be told."""
        return Conditions(
            on_battery=power.on_battery() if Aspect.BATTERY in asked else None,
            is_metered=network.is_metered(self._system_bus) if Aspect.METERED in asked else None,
            in_meeting=meeting.in_meeting() if Aspect.MEETING in asked else None,
        )

    def listener(self, heard: Callable[[Sign], None]) -> Service | None:
        """Return a service that hands on what the system tells by itself; None where it does not.

        Args:
            heard: told each sign.
        """
        return SystemSigns(heard, self._system_bus) if sys.platform == "linux" else None
