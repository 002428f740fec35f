"""The agent as a whole: its start, its watch over itself, and its end."""

import os
import time
from collections.abc import Callable
from typing import Final

from zoomsync_agent.app.databases import Databases
from zoomsync_agent.app.parts import Parts
from zoomsync_agent.control import Control
from zoomsync_agent.core.errors import StoreDamaged
from zoomsync_agent.engine.supervisor import Supervisor
from zoomsync_agent.engine.worker import Log

STOP_SECONDS: Final = 5.0
FINISH_SECONDS: Final = 60.0
"""So much longer is waited where Storage puts a finished upload together."""
_LOOK_SECONDS: Final = 0.2


class Agent:
    """The wired agent. Nothing runs before `start`."""

    def __init__(
        self,
        databases: Databases,
        supervisor: Supervisor,
        control: Control,
        *,
        before_start: Callable[[], None],
        parts: Parts,
        log: Log,
    ) -> None:
        self._parts = parts
        self._databases = databases
        self._supervisor = supervisor
        self.control = control
        self._before_start = before_start
        self._log = log
        self._damage: StoreDamaged | None = None

    def start(self) -> None:
        """Recover what was interrupted and start every service."""
        self._before_start()
        self._supervisor.start()
        self._log.info("agent started", pid=os.getpid())

    def check(self) -> None:
        """Bring back services that died.

        Raises:
            StoreDamaged: a database was found damaged; only a new start helps.
        """
        self._supervisor.check()

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it works any more."""
        return self._supervisor.has_ended

    def suspect(self, damage: StoreDamaged, *, is_certain: bool = False) -> None:
        """Let the next start look at what was found damaged; see `Databases.suspect`."""
        self._damage = damage
        self._databases.suspect(damage, is_certain=is_certain)

    def stop(self) -> None:
        """Stop every service at its next durable point and close the databases."""
        self._supervisor.stop(STOP_SECONDS)
        self._await_finish()
        if self._damage is None and self._supervisor.damage is not None:
            self.suspect(self._supervisor.damage)
        if self._damage is None:
            self._databases.stopped(all_ended=self.has_ended)
        self._databases.close()
        self._parts.close()
        self._log.info("agent stopped")

    def _await_finish(self) -> None:
        """Give time to what would be lost if it were broken off now."""
        deadline = time.monotonic() + FINISH_SECONDS
        if self._parts.is_finishing():
            self._log.info("waiting for an upload that must not be broken off")
            while self._parts.is_finishing() and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
            self._supervisor.stop(STOP_SECONDS)
