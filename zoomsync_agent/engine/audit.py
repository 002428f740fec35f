"""Looks whether what was archived is still there.

"Safe" must stay true: whoever reads it deletes originals. So every receipt is looked at when the
agent starts and now and then later, and one of them every minute to notice an archive that went
away. What is gone is uploaded again where the original is still here.
"""

import math
import random
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from zoomsync_agent.core.errors import AgentError, StoreDamaged
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.recording import Receipt
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.publishing import Publisher
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, Destination, JobStore, ObjectStore, StateStore, StoredObject
from zoomsync_agent.service import ThreadService

TICK_SECONDS: Final = 60.0
FULL_SECONDS: Final = 3600.0
AGAIN_SECONDS: Final = 30.0
"""After so long everything is looked at once more where somebody asks for it."""
MOST_MISSES: Final = 20
"""After so many lost objects that are still gone the rest is not looked at this time."""
LOOK_SECONDS: Final = 3600.0
"""So often those look that wait for the first audit."""
LAST_AUDIT: Final = "last_audit"
"""Name of the state that says that this run of the agent has gone through all receipts once.

Those that could not be looked at too: `DESTINATION_PROBLEM` tells of that.
"""
DESTINATION_PROBLEM: Final = "destination_problem"
"""Name of the state that says why the archive cannot be looked at."""


class Audit(ThreadService):
    """The service that looks.

    Args:
        objects: the receipts.
        jobs: gets the work again where something is gone.
        state: told why a destination cannot be looked at.
        publisher: told what is gone, and what has another address.
        destinations: by name.
        clock: the time.
        bell: wakes the workers.
        log: where events go.
    """

    def __init__(
        self,
        objects: ObjectStore,
        jobs: JobStore,
        state: StateStore,
        publisher: Publisher,
        destinations: Mapping[str, Destination],
        *,
        clock: Clock,
        bell: Bell,
        log: Log,
    ) -> None:
        super().__init__("audit")
        self._objects = objects
        self._jobs = jobs
        self._state = state
        self._publisher = publisher
        self._destinations = destinations
        self._clock = clock
        self._bell = bell
        self._log = log
        self._full_at = 0.0
        self._last_full = -math.inf
        self._is_asked = False
        self._soon = threading.Event()
        self._then: list[Callable[[], object]] = []

    def then(self, do: Callable[[], object]) -> None:
        """Call *do* each time that all receipts have been gone through."""
        self._then.append(do)

    def look_soon(self) -> None:
        """Look at all receipts at once: something may have changed, or somebody wants to know."""
        self._is_asked = True
        self._soon.set()

    def _wake(self) -> None:
        self._soon.set()

    def _run(self) -> None:
        self._full_at = 0.0
        while not self._stopping.is_set():
            self._soon.clear()
            self.tick()
            self._soon.wait(TICK_SECONDS)

    def tick(self) -> None:
        """Look at one receipt, or at all where that is due."""
        now = self._clock.monotonic()
        is_asked = self._is_asked and now - self._last_full >= AGAIN_SECONDS
        is_full = now >= self._full_at or is_asked
        problem: Problem | None = None
        for name, destination in self._destinations.items():
            held = [(one, one.receipt) for one in self._objects.receipts(name) if one.receipt]
            if not is_full:
                held = random.sample(held, min(1, len(held)))
            try:
                now_held = destination.check_all([receipt for _, receipt in held])
                for (stored, receipt), found in zip(held, now_held, strict=True):
                    if self._stopping.is_set():
                        return
                    self._judge(stored, receipt, found)
                if is_full:
                    self._look_for_lost(name, destination)
            except StoreDamaged:
                raise
            except AgentError as exc:
                problem = Problem.of(exc)
        if problem != Problem.read(self._state.get(DESTINATION_PROBLEM)):
            self._state.set(DESTINATION_PROBLEM, problem.text if problem else None)
            self._log.warning("archive looked at", problem=problem.detail if problem else "none")
        if is_full:
            self._last_full, self._is_asked = now, False
            self._note()
        # After trouble everything is looked at as soon as that is possible.
        self._full_at = 0.0 if problem else (now + FULL_SECONDS if is_full else self._full_at)

    def _note(self) -> None:
        """Take note that all receipts have been gone through."""
        self._state.set(LAST_AUDIT, repr(self._clock.now()))
        for do in self._then:
            do()

    def _look_for_lost(self, name: str, destination: Destination) -> None:
        """Take up again what was gone and is there: a restored archive, a policy put right.

        Where a few at random are still gone the others wait for another time: an archive that was
        emptied must not be asked for each of ten thousand objects every hour.
        """
        lost = self._objects.lost(name)
        random.shuffle(lost)
        misses = 0
        for stored in lost:
            if self._stopping.is_set() or stored.receipt is None or misses >= MOST_MISSES:
                return
            found = destination.check(stored.receipt)
            if found is None:
                misses += 1
            else:
                self._objects.save_receipt(stored, replace(found, verified_at=self._clock.now()))
                self._publisher.found(stored, found)
                self._log.info("in the archive again", key=stored.key)

    def _judge(self, stored: StoredObject, receipt: Receipt, found: Receipt | None) -> None:
        """Act on what a receipt is worth now."""
        if found is None:
            self._objects.lose(stored)
            self._publisher.lost(stored)
            again = self._jobs.reopen(stored, self._clock.now())
            self._log.warning("no longer in the archive", key=stored.key, uploaded_again=again)
            if again:
                self._bell.ring()
        elif found.url != receipt.url:
            self._objects.save_receipt(stored, found)
            self._publisher.moved(stored, found)


class AfterAudit(ThreadService):
    """A service that looks once an hour, when all receipts have been gone through once.

    A subclass writes `tick`.

    Args:
        name: of the service.
        state: tells whether there has been an audit.
        waits: whether it waits for that; else it begins at once.
    """

    def __init__(self, name: str, state: StateStore, *, waits: bool = True) -> None:
        super().__init__(name)
        self._state = state
        self._waits = waits
        self._soon = threading.Event()
        self._awaits_audit = False

    def _wake(self) -> None:
        self._soon.set()

    def audited(self) -> None:
        """Take note that all receipts have been gone through; the first time is waited for."""
        if self._awaits_audit:
            self._soon.set()

    def _run(self) -> None:
        while True:
            self._soon.clear()
            if self._stopping.is_set():
                return
            # Noted before it is asked, so that an audit that ends at this moment is not missed.
            self._awaits_audit = self._waits
            if not self._waits or self._state.get(LAST_AUDIT) is not None:
                self._awaits_audit = False
                self.tick()
            self._soon.wait(None if self._awaits_audit else LOOK_SECONDS)

    @abstractmethod
    def tick(self) -> None:
        """Do what is due."""
