"""Frees room on this computer by itself, where the user asked for that; `engine.freer` does it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import AgentError, StoreDamaged
from zoomsync_agent.core.facts import FREEING_PROBLEM
from zoomsync_agent.core.freeing import DAY_SECONDS
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.recording import FileIdentity
from zoomsync_agent.engine.audit import AfterAudit
from zoomsync_agent.engine.freer import Freer
from zoomsync_agent.engine.pause import Pause
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, Keepsake, StateStore

_AGAIN_SECONDS: Final = DAY_SECONDS
"""A file that was refused is not read again by itself before so long."""


class Freeing(AfterAudit):
    """The service that frees room where the user asked for that, once an hour.

    Args:
        freer: does it.
        state: told what stands in the way.
        days: how many days after it was made, and found, an original is moved.
        clock: the time.
        log: where events go.
        held: tells which gates the surroundings hold.
    """

    def __init__(
        self,
        freer: Freer,
        state: StateStore,
        *,
        days: int | None,
        clock: Clock,
        log: Log,
        held: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        super().__init__("freeing", state, waits=days is not None)
        self._freer = freer
        self._days = days
        self._clock = clock
        self._log = log
        self._pause = Pause(state, clock)
        self._held = held
        self._refused: dict[tuple[int, FileIdentity], float] = {}

    @property
    def _must_wait(self) -> bool:
        """Whether people, or what is around, want nothing to be read now."""
        return self._pause.is_paused or not self._freer.gates.isdisjoint(self._held())

    def tick(self) -> None:
        """Free what may be freed."""
        problem: Problem | None = None
        try:
            self._freer.settle()
            if self._days is not None and not self._must_wait:
                self._freer.expect_trash()
                self._free(self._days)
        except StoreDamaged:
            raise
        except AgentError as exc:
            problem = Problem.of(exc)
            self._log.warning("no room freed", detail=exc.detail)
        self._state.set(FREEING_PROBLEM, problem.text if problem else None)

    def _free(self, days: int) -> None:
        now = self._clock.now()
        self._refused = {
            key: at for key, at in self._refused.items() if 0 <= now - at < _AGAIN_SECONDS
        }
        tried: dict[Path, tuple[int, FileIdentity]] = {}

        def spared(one: Keepsake) -> bool:
            key = (one.file.id, one.file.identity)
            tried[one.file.path] = key
            return key in self._refused

        done = self._freer.free(
            days,
            stop=lambda: self._stopping.is_set() or self._must_wait,
            spared=spared,
        )
        for kept in done.kept:
            if kept.original.path in tried:
                self._refused[tried[kept.original.path]] = now
                self._log.warning("not freed", why=str(kept.why), detail=kept.detail)
