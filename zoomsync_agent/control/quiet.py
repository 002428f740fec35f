"""What the computer's surroundings hold or slow down, and when there are no notices, for people."""

from typing import Final

from zoomsync_agent.control.place import Place
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.facts import (
    HELD_BY,
    HOLDS_OVERRULED,
    NOTICE_TEST,
    NOTICES_SNOOZED_UNTIL,
    SLOWED_TO,
    ZOOM,
)
from zoomsync_agent.core.surroundings import Holds, holds_in, why_held, why_slow
from zoomsync_agent.engine.telling import snoozed_until
from zoomsync_agent.ports import Clock, StateStore
from zoomsync_agent.store.overview import Overview

MAX_PAUSE_SECONDS: Final = 366 * 86_400.0
"""A longer pause is one without an end."""


class Quiet:
    """Why little or nothing happens, other than by somebody's wish.

    Args:
        state: small facts.
        overview: reads the queue.
        clock: the time.
        place: where the agent works, if it does.
    """

    def __init__(self, state: StateStore, overview: Overview, clock: Clock, place: Place) -> None:
        self._state = state
        self._overview = overview
        self._clock = clock
        self._place = place

    @property
    def held(self) -> str:
        """What keeps what waits from moving, without an end; empty where nothing does."""
        holds = self._holds(self._state.get(HOLDS_OVERRULED))
        if not holds:
            return ""
        gates = {self._place.destination}
        if self._overview.shortest_wait(self._clock.now(), but=[ZOOM]) is None:
            gates.add(ZOOM)  # downloads are all there is to do
        return why_held({aspect: held for aspect, held in holds.items() if held & gates})

    @property
    def slowed(self) -> str:
        """Why bytes move slowly on purpose, as a sentence; empty where they do not."""
        return why_slow(self._state.get(SLOWED_TO)) if self._place.pid is not None else ""

    def overrule(self) -> None:
        """Let the surroundings hold nothing until they have been otherwise in between."""
        holds = self._holds(None)
        if holds:
            self._state.set(HOLDS_OVERRULED, " ".join(sorted(holds)))

    def _holds(self, overruled: str | None) -> Holds:
        if self._place.pid is None:  # what the last agent met may be over
            return {}
        return holds_in(self._state.get(HELD_BY), overruled)

    @property
    def snoozed_until(self) -> float | None:
        """Until when there are no notices, epoch seconds; None where there are."""
        return snoozed_until(self._state, self._clock)

    def snooze(self, seconds: float) -> None:
        """Let there be no notices for *seconds*, or let them come again where that is 0.

        Raises:
            NotAllowed: *seconds* is no time that this can last.
        """
        if not 0 <= seconds <= MAX_PAUSE_SECONDS:
            raise NotAllowed("notices can be put off for a year at most")
        until = repr(self._clock.now() + seconds) if seconds else None
        self._state.set(NOTICES_SNOOZED_UNTIL, until)

    def try_notice(self) -> None:
        """Let the running agent show a notice, so that people see whether that works."""
        self._state.set(NOTICE_TEST, repr(self._clock.now()))
