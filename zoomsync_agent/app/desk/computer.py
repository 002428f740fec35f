"""What the page can do with this computer: the start at login, and room."""

import math
import threading
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import AgentError, NotAllowed, StoreDamaged
from zoomsync_agent.core.freeing import Original, Plan
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.desktop.autostart import Autostart
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.service import beside
from zoomsync_agent.settings import Settings

_STOP_SECONDS: Final = 4.0
_FAULT: Final = (
    "The agent met a fault of its own; the log file tells more. What was moved before that lies in "
    "the trash, everything else is where it was."
)


class ComputerDesk:
    """The part of `AppDesk` that is about this computer."""

    _home: Home
    _settings: Settings

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._no_more = threading.Event()
        self._freeing: Future[Plan] | None = None
        self._stop_by = math.inf
        self._damage: StoreDamaged | None = None

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
        except StoreDamaged as exc:
            self._damage = exc
            raise
        except AgentError as exc:
            return Plan(problem=Problem.of(exc).sentence)

    def free_room(self, days: int, seen: str) -> Plan:
        """Begin to move originals that are safe to the trash of this computer.

        Args:
            days: how many days ago a recording must have been made.
            seen: names the plan that somebody has agreed to; nothing else is moved.

        Returns:
            That plan.

        Raises:
            NotAllowed: it is being done already, there is nothing to move, or another plan by now.
        """
        settings, home = self._settings, self._home
        plan = self.room_plan(days)
        if plan.problem:
            raise NotAllowed(plan.problem)
        if plan.digest != seen:
            raise NotAllowed("the list has changed meanwhile; look at it again")
        if not plan.moved:
            raise NotAllowed("there is nothing to move")
        with self._guard:
            if self.is_freeing or self._no_more.is_set():
                raise NotAllowed("space is being freed already")
            # Every recording is read whole: nobody waits for that in front of a page.
            work = partial(self._done, settings, home, days, plan.moved)
            self._freeing = beside(work, "free-space")
        return plan

    def _done(
        self, settings: Settings, home: Home, days: int, agreed: Collection[Original]
    ) -> Plan:
        """Move what is safe; return what came of it, or why it was broken off."""
        from zoomsync_agent.app import freeing  # noqa: PLC0415  as above
        from zoomsync_agent.desktop import logs  # noqa: PLC0415  structlog costs 150 ms

        try:
            return freeing.free(settings, home, days, agreed=agreed, stop=self._no_more.is_set)
        except AgentError as exc:
            if isinstance(exc, StoreDamaged):
                self._damage = exc
            return Plan(problem=Problem.of(exc).sentence)
        except Exception:  # noqa: BLE001  told on the page, and in the log
            logs.get_logger("freeing").exception("no room freed")
            return Plan(problem=_FAULT)

    def check(self) -> None:
        """Hand on, once, that a database was found damaged here.

        Raises:
            StoreDamaged: only another start of the agent mends it.
        """
        damage, self._damage = self._damage, None
        if damage is not None:
            raise damage

    @property
    def is_freeing(self) -> bool:
        """Whether originals are being moved because somebody asked for it."""
        return self._freeing is not None and not self._freeing.done()

    @property
    def freed(self) -> Plan | None:
        """What came of it the last time that somebody asked; None where nobody did in this run."""
        if self._freeing is None or not self._freeing.done():
            return None
        return self._freeing.result(0)

    def ask_to_stop(self) -> None:
        """Let it end at the next piece; nothing begins any more."""
        with self._guard:
            if not self._no_more.is_set():
                self._stop_by = time.monotonic() + _STOP_SECONDS
                self._no_more.set()

    def stop_freeing(self) -> None:
        """Let it end, and wait for that a little, counted from when it was first asked to.

        What does not end by then, such as a disk that does not answer, may be cut off anywhere: a
        move is noted before it is done.
        """
        self.ask_to_stop()
        if self._freeing is not None:
            wait([self._freeing], max(0.0, self._stop_by - time.monotonic()))
