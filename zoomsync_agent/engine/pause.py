"""Whether the agent is paused. Kept in the state store, so that it survives a restart."""

from typing import Final

from zoomsync_agent.ports import Clock, StateStore

_NAME: Final = "paused_until"
_FOREVER: Final = "forever"


class Pause:
    """The pause that people ask for."""

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
