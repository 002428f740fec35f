"""Looks at the computer's surroundings and holds or slows the bytes as they ask for it."""

import contextlib
import threading
from dataclasses import dataclass
from typing import Final

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.core.facts import HELD_BY, HOLDS_OVERRULED, SLOWED_TO
from zoomsync_agent.core.surroundings import Aspect, Conditions, aspects_in, holds_in, text_of
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.pace import Pace
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, StateStore, Surroundings
from zoomsync_agent.service import ThreadService

LOOK_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What follows from what.

    Attributes:
        on_battery: gates that are held while the computer runs on battery.
        on_metered: gates that are held while the network is metered.
        limit: bytes per second without a meeting; 0 means no limit.
        in_meeting: bytes per second while a Zoom meeting runs; 0 means the same as without.
    """

    on_battery: frozenset[str] = frozenset()
    on_metered: frozenset[str] = frozenset()
    limit: int = 0
    in_meeting: int = 0

    @property
    def slowed_to(self) -> int:
        """Bytes per second while a meeting runs: the lower of the two limits."""
        return min((one for one in (self.limit, self.in_meeting) if one), default=0)

    @property
    def can_slow(self) -> bool:
        """Whether a meeting makes any difference."""
        return self.slowed_to != self.limit


class Lookout(ThreadService):
    """Looks every 15 s at what matters, and at once when the system says that it changed.

    Whether a meeting runs is only asked while bytes move: an idle agent looks at no process. It is
    asked before the first of them moves, on the thread that moves them; a limit that a meeting has
    set stays until a look says otherwise, however long a server lets wait for its answer.

    Args:
        surroundings: what is looked at.
        state: keeps what is held and why, for all to see.
        pace: is made slower.
        rules: what follows from what.
        clock: the time.
        bell: wakes the workers when something is no longer held.
        log: where events go.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        state: StateStore,
        pace: Pace,
        rules: Rules,
        *,
        clock: Clock,
        bell: Bell,
        log: Log,
    ) -> None:
        super().__init__("surroundings")
        self._surroundings = surroundings
        self._state = state
        self._pace = pace
        self._rules = rules
        self._clock = clock
        self._bell = bell
        self._log = log
        self._soon = threading.Event()
        self._looking = threading.Lock()
        self._has_moved = False
        self._meeting_due = 0.0
        self._is_slow = self._is_told = False
        self._holds = frozenset(
            aspect
            for aspect, gates in (
                (Aspect.BATTERY, rules.on_battery),
                (Aspect.METERED, rules.on_metered),
            )
            if gates
        )

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to look at with these rules."""
        return bool(self._holds) or self._rules.can_slow

    def look_soon(self) -> None:
        """Look as soon as possible: something may have changed."""
        self._soon.set()

    def before(self) -> None:
        """Look whether a meeting runs, unless that is known: bytes are about to move."""
        if not self._rules.can_slow or self._clock.monotonic() < self._meeting_due:
            return
        with self._looking:
            if self._clock.monotonic() < self._meeting_due:
                return  # another worker has looked meanwhile
            # What the state cannot take is an error of the next look, and none of an upload.
            with contextlib.suppress(AgentError):
                self._look_for_meeting()
        self._soon.set()  # it is looked again and again from now on

    def moved(self, _count: int) -> None:
        """Take note that bytes move."""
        self._has_moved = True

    def _wake(self) -> None:
        self._soon.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self._soon.wait(LOOK_SECONDS if self._holds or self._is_told else None)
            self._soon.clear()

    def look(self) -> None:
        """Look once, and let it have its effect."""
        found = self._surroundings.look(self._holds) if self._holds else Conditions()
        self._hold(on_battery=bool(found.on_battery), is_metered=bool(found.is_metered))
        if not self._rules.can_slow:
            return
        with self._looking:
            if self._has_moved or self._pace.is_waited_for:
                self._look_for_meeting()
            else:
                self._tell(slow=False)  # nothing moves, so nothing moves slowly
            self._has_moved = False

    def _look_for_meeting(self) -> None:
        self._meeting_due = self._clock.monotonic() + LOOK_SECONDS
        is_slow = bool(self._surroundings.look(frozenset({Aspect.MEETING})).in_meeting)
        if is_slow != self._is_slow:
            self._is_slow = is_slow
            rate = self._rules.slowed_to if is_slow else self._rules.limit
            self._pace.limit(rate)
            self._log.info("slower during a meeting" if is_slow else "as fast as usual", limit=rate)
        self._tell(slow=is_slow)

    def _hold(self, *, on_battery: bool, is_metered: bool) -> None:
        held = {}
        if on_battery:
            held[Aspect.BATTERY] = self._rules.on_battery
        if is_metered:
            held[Aspect.METERED] = self._rules.on_metered
        before, after = self._state.get(HELD_BY), text_of(held)
        overruled = aspects_in(self._state.get(HOLDS_OVERRULED))
        if overruled - held.keys():  # what was overruled is over; the next time it holds again
            still = " ".join(sorted(overruled & held.keys()))
            self._state.set(HOLDS_OVERRULED, still or None)
        if before == after:
            return
        self._state.set(HELD_BY, after)
        self._log.info("surroundings changed", held_by=" ".join(sorted(held)) or "nothing")
        if holds_in(before).keys() - held.keys():
            self._bell.ring()

    def _tell(self, *, slow: bool) -> None:
        """Let people know; also where an agent before this one has said something else."""
        self._is_told = slow
        told = str(self._rules.slowed_to) if slow else None
        if self._state.get(SLOWED_TO) != told:
            self._state.set(SLOWED_TO, told)
