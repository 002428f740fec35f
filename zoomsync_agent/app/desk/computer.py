"""What the page can do with this computer: the start at login, and room."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import AgentError, NotAllowed, StoreDamaged
from zoomsync_agent.core.freeing import Plan
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.desktop.autostart import Autostart
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.service import beside
from zoomsync_agent.settings import Settings

_STOP_SECONDS: Final = 5.0


class ComputerDesk:
    """The part of `AppDesk` that is about this computer."""

    _home: Home
    _settings: Settings

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._no_more = threading.Event()
        self._freeing: Future[Plan] | None = None

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
        """
        from zoomsync_agent.app import freeing  # noqa: PLC0415  only who looks pays for it

        try:
            return freeing.plan(self._settings, self._home, days)
        except StoreDamaged:
            raise
        except AgentError as exc:
            return Plan(problem=Problem.of(exc).sentence)

    def free_room(self, days: int) -> None:
        """Begin to move originals that are safe to the trash of this computer.

        Args:
            days: how many days ago a recording must have been made.

        Raises:
            NotAllowed: it is being done already.
        """
        from zoomsync_agent.app import freeing  # noqa: PLC0415  as above

        settings, home = self._settings, self._home
        with self._guard:
            if self.is_freeing or self._no_more.is_set():
                raise NotAllowed("space is being freed already")
            # Every recording is read whole: nobody waits for that in front of a page.
            self._freeing = beside(
                lambda: freeing.free(settings, home, days, stop=self._no_more.is_set), "free-space"
            )

    @property
    def is_freeing(self) -> bool:
        """Whether originals are being moved because somebody asked for it."""
        return self._freeing is not None and not self._freeing.done()

    @property
    def freed(self) -> Plan | None:
        """What came of it the last time that somebody asked; None where nobody did in this run."""
        if self._freeing is None or not self._freeing.done():
            return None
        try:
            return self._freeing.result(0)
        except AgentError as exc:
            return Plan(problem=Problem.of(exc).sentence)

    def stop_freeing(self) -> None:
        """Let it end at the next piece, and wait for that a little."""
        with self._guard:
            self._no_more.set()
        if self._freeing is not None:
            self._freeing.exception(_STOP_SECONDS)
