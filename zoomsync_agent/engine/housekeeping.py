"""What happens on a clock."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from zoomsync_agent.core.retry import RECHECK_SECONDS
from zoomsync_agent.core.surroundings import Sign
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.breaker import Breaker
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, JobStore, StateStore
from zoomsync_agent.service import ThreadService

TICK_SECONDS: Final = 1.0
_JUMP_SECONDS: Final = 10.0
"""So far apart wall clock and monotonic clock drift only by sleep or by somebody's hand."""
_SAME_SLEEP_SECONDS: Final = 10.0
"""So close to each other the clock's jump and the system's word are about the same sleep."""
TIDY_SECONDS: Final = 60.0
"""How often a rebuild that is not complete is tried again, and what was given up is dropped."""
SCAN_REQUEST: Final = "scan_request"
"""Name of the state in which another process asks for a sweep."""


class Changes(Protocol):
    """Tells whether another process has written to the queue."""

    def data_version(self) -> int:
        """Return a number that changes when another connection has written."""
        ...


class Looking(Protocol):
    """What looks again when something may have changed."""

    def look_soon(self) -> None:
        """Look as soon as possible."""
        ...


class Housekeeping(ThreadService):
    """Wakes the agent after sleep, for other processes' wishes, and for blocked jobs.

    Args:
        jobs: the queue.
        state: holds other processes' wishes.
        changes: tells that another process has written.
        sources: asked to look again.
        clock: the time.
        bell: wakes the workers.
        breaker: probes its destinations at once when something may have changed.
        log: where events go.
        remote: those of the sources that wait for a network.
    """

    def __init__(
        self,
        jobs: JobStore,
        state: StateStore,
        changes: Changes,
        sources: Sequence[Looking],
        *,
        clock: Clock,
        bell: Bell,
        breaker: Breaker,
        log: Log,
        remote: Sequence[Looking] = (),
    ) -> None:
        super().__init__("clock")
        self._jobs = jobs
        self._state = state
        self._changes = changes
        self._sources = tuple(sources)
        self._remote = tuple(remote)
        self._clock = clock
        self._bell = bell
        self._breaker = breaker
        self._log = log
        self._version = -1
        self._scan_request: str | None = None
        self._offset = 0.0
        self._ticked_at = clock.monotonic()
        self._release_at = 0.0
        self._woke_at = -math.inf
        self._signs: deque[Sign] = deque()

    def hear(self, sign: Sign) -> None:
        """Take note of what the operating system tells; the next tick acts on it."""
        self._signs.append(sign)

    def _run(self) -> None:
        self._ticked_at = self._clock.monotonic()
        self._offset = self._clock.now() - self._clock.monotonic()
        self._scan_request = self._state.get(SCAN_REQUEST)
        while not self._stopping.wait(TICK_SECONDS):
            self.tick()

    def tick(self) -> None:
        """Do what is due."""
        self._notice_jump()
        self._notice_signs()
        self._notice_wishes()
        now = self._clock.monotonic()
        if now >= self._release_at:
            self._release_at = now + RECHECK_SECONDS / 2
            shut = self._breaker.shut
            if self._jobs.release_blocked(self._clock.now(), RECHECK_SECONDS, shut):
                self._bell.ring()

    def _notice_jump(self) -> None:
        """After a sleep, or when somebody sets the clock: look at everything anew."""
        at = self._clock.monotonic()
        gap, self._ticked_at = at - self._ticked_at, at
        offset = self._clock.now() - at
        jump, self._offset = offset - self._offset, offset
        # On Windows the monotonic clock goes on during a sleep, so that it shows as a late tick.
        slept = jump if abs(jump) >= _JUMP_SECONDS else gap
        if abs(slept) >= _JUMP_SECONDS:
            self._look_anew("clock jumped, looking again", seconds=round(slept, 1))

    def _notice_signs(self) -> None:
        while self._signs:
            sign = self._signs.popleft()
            if sign is Sign.WOKE:
                self._look_anew("computer woke, looking again")
            elif sign is Sign.ONLINE:
                self._log.info("network is back")
                for source in self._remote:
                    source.look_soon()
                self._breaker.probe_soon()
                self._bell.ring()

    def _look_anew(self, why: str, **fields: object) -> None:
        now = self._clock.monotonic()
        if now - self._woke_at < _SAME_SLEEP_SECONDS:
            return
        self._woke_at = now
        self._log.info(why, **fields)
        for source in self._sources:
            source.look_soon()
        self._breaker.probe_soon()
        self._bell.ring()

    def _notice_wishes(self) -> None:
        version = self._changes.data_version()
        if version == self._version:
            return
        self._version = version
        request = self._state.get(SCAN_REQUEST)
        if request != self._scan_request:
            self._scan_request = request
            self._breaker.probe_soon()
            for source in self._sources:
                source.look_soon()
        self._bell.ring()


class Tidying(ThreadService):
    """Completes a rebuild and drops what was given up, on a thread that may wait for a network.

    Args:
        tidy: does it, if there is anything to do; ends when asked to stop.
    """

    def __init__(self, tidy: Callable[[Callable[[], bool]], None]) -> None:
        super().__init__("tidying")
        self._tidy = tidy

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._tidy(self._stopping.is_set)
            self._stopping.wait(TIDY_SECONDS)
