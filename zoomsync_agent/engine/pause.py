"""What keeps bytes from moving: people, and the computer's surroundings. Kept in the state."""

from typing import Final

from zoomsync_agent.core.facts import HELD_BY, HOLDS_OVERRULED
from zoomsync_agent.core.surroundings import holds_in
from zoomsync_agent.ports import Clock, StateStore

_NAME: Final = "paused_until"
_FOREVER: Final = "forever"


class Pause:
    """The pause that people ask for; it survives a restart."""

    def __init__(self, state: StateStore, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    @property
    def is_paused(self) -> bool:
        """Whether no new byte should move."""
        until = self._state.get(_NAME)
        return until is not None and (until == _FOREVER or float(until) > self._clock.now())

    @property
    def until(self) -> float | None:
        """When it ends, in epoch seconds; None without a pause or without an end."""
        until = self._state.get(_NAME)
        return None if until in (None, _FOREVER) or not self.is_paused else float(until or 0)

    @property
    def seconds_left(self) -> float | None:
        """How long it lasts; None for ever."""
        until = self.until
        return None if until is None else max(0.0, until - self._clock.now())

    def begin(self, seconds: float | None) -> None:
        """Pause for *seconds*, or until `end`."""
        self._state.set(_NAME, _FOREVER if seconds is None else repr(self._clock.now() + seconds))

    def end(self) -> None:
        """Go on."""
        self._state.set(_NAME, None)


class Held:
    """What may not pass because of the surroundings, unless somebody overrules that."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def __call__(self) -> frozenset[str]:
        """Return the gates for which no byte is to move."""
        text = self._state.get(HELD_BY)
        if text is None:
            return frozenset()
        return frozenset().union(*holds_in(text, self._state.get(HOLDS_OVERRULED)).values())
