"""Delivers the rows of the embedded catalog to a remote one, as soon as that can be reached."""

import threading
from collections.abc import Callable
from typing import Final

from zoomsync_agent.core.errors import AgentError, StoreDamaged
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, Outbox, RemoteCatalog, StateStore
from zoomsync_agent.service import ThreadService

ROWS_PROBLEM: Final = "rows_problem"
"""Name of the state that says why rows wait."""
BATCH: Final = 200
IDLE_SECONDS: Final = 30.0
"""Rows that another process has published are found so soon."""
FIRST_WAIT_SECONDS: Final = 5.0
LONGEST_WAIT_SECONDS: Final = 60.0
REFUSED_SECONDS: Final = 3600.0
"""What was refused is tried again so often: somebody may have mended the table."""


class Mirror(ThreadService):
    """The service that delivers.

    A row is delivered as often as it takes, each time harmlessly; what is not known to have
    arrived is delivered again.

    Args:
        outbox: knows what waits.
        remote: gets it.
        user_id: tells whose rows are delivered; raises while nobody is signed in.
        state: told why rows wait.
        clock: the time.
        log: where events go.
    """

    def __init__(
        self,
        outbox: Outbox,
        remote: RemoteCatalog,
        user_id: Callable[[], str],
        state: StateStore,
        *,
        clock: Clock,
        log: Log,
    ) -> None:
        super().__init__("rows")
        self._outbox = outbox
        self._remote = remote
        self._user_id = user_id
        self._state = state
        self._clock = clock
        self._log = log
        self._news = threading.Event()
        self._urgent = threading.Event()
        self._wait = 0.0
        self._forget_at = 0.0

    def ring(self) -> None:
        """Let a new row be delivered; after trouble, once the wait is over."""
        self._news.set()

    def look_soon(self) -> None:
        """Try at once, whatever went wrong before, and also what was refused."""
        self._forget_at = 0.0
        self._wake()

    def _wake(self) -> None:
        self._urgent.set()
        self._news.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._urgent.clear()
            self._news.clear()
            seconds = self.deliver()
            (self._urgent if self._wait else self._news).wait(seconds)

    def deliver(self) -> float:
        """Deliver what waits; return after how many seconds to look again."""
        try:
            self._deliver_all()
        except StoreDamaged:
            raise
        except AgentError as exc:
            self._wait = min(max(self._wait * 2, FIRST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
            self._tell(Problem.of(exc))
            return self._wait
        self._wait = 0.0
        self._tell(None)
        return IDLE_SECONDS

    def _deliver_all(self) -> None:
        now = self._clock.monotonic()
        if now >= self._forget_at:
            self._forget_at = now + REFUSED_SECONDS
            self._outbox.forget_refusals()
        user_id = self._user_id()
        while not self._stopping.is_set():
            rows = self._outbox.pending(user_id, BATCH)
            if not rows:
                return
            self._deliver(rows)

    def _deliver(self, rows: list[RecordingRow]) -> None:
        refused = self._remote.publish_all(rows)
        not_taken = {row.recording_id for row, _ in refused}
        for row, error in refused:
            self._log.warning("row refused", recording_id=row.recording_id, detail=error.detail)
            self._outbox.refused(row, error)
        self._outbox.delivered([row for row in rows if row.recording_id not in not_taken])

    def _tell(self, problem: Problem | None) -> None:
        before = Problem.read(self._state.get(ROWS_PROBLEM))
        if problem != before:
            self._state.set(ROWS_PROBLEM, problem.text if problem else None)
            self._log.warning("rows", problem=problem.code if problem else "none")
