"""Asks, once a day at most, whether there is a newer version, and remembers the answer."""

from collections.abc import Callable
from typing import Final

from zoomsync_agent.core.errors import AgentError, NetworkUnavailable, StoreDamaged
from zoomsync_agent.core.facts import UPDATE_ASKED_AT, UPDATE_FOUND
from zoomsync_agent.core.updates import DAY_SECONDS, Release
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, StateStore
from zoomsync_agent.service import ThreadService

FIRST_SECONDS: Final = 90.0
"""After the start there is more important work, and perhaps no network yet."""
AGAIN_SECONDS: Final = 3_600.0
"""After a question that nobody answered."""


class Updating(ThreadService):
    """The service that asks.

    Args:
        ask: returns the latest release, None where the feed names none; may raise `AgentError`.
        state: keeps when it was asked, and the answer.
        clock: the time.
        log: where events go.
    """

    def __init__(
        self, ask: Callable[[], Release | None], state: StateStore, *, clock: Clock, log: Log
    ) -> None:
        super().__init__("updates")
        self._ask = ask
        self._state = state
        self._clock = clock
        self._log = log

    def _run(self) -> None:
        wait = FIRST_SECONDS
        while not self._stopping.wait(wait):
            wait = self.tick()

    def tick(self) -> float:
        """Ask if it is time to; return after how many seconds to look again."""
        now = self._clock.now()
        since = now - self._asked_at()
        if 0 <= since < DAY_SECONDS:
            return min(DAY_SECONDS - since, AGAIN_SECONDS)
        self._state.set(UPDATE_ASKED_AT, repr(now))
        try:
            found = self._ask()
        except StoreDamaged:
            raise
        except AgentError as exc:
            self._log.info("no answer about updates", why=exc.detail)
            if isinstance(exc, NetworkUnavailable):  # nobody was reached, so nobody was asked
                self._state.set(UPDATE_ASKED_AT, None)
        else:
            self._state.set(UPDATE_FOUND, found.text if found else None)
        return AGAIN_SECONDS

    def _asked_at(self) -> float:
        try:
            return float(self._state.get(UPDATE_ASKED_AT) or "-inf")
        except ValueError:
            return float("-inf")
