"""How far sweeps through Zoom's cloud have come, and from which day the next one reads."""

from datetime import date, timedelta
from typing import Final

from zoomsync_agent.core.facts import ZOOM_READ_WHOLE, ZOOM_SWEPT
from zoomsync_agent.ports import StateStore
from zoomsync_agent.zoom.client import Window

REREAD_DAYS: Final = 7
"""Files come up to some days late, and lie in the window of their meeting's day."""
DEEP_DAYS: Final = 35
"""So far back it is read once a day, for what Zoom took long to finish."""
WHOLE_DAYS: Final = 7
"""So often everything is read again: what was in Zoom's trash when its days were read is listed on
the day of its meeting when it comes back."""
_DAY_SECONDS: Final = 86_400.0


class Swept:
    """What is remembered of sweeps, for each breadth: an account's own recordings, or everybody's.

    Args:
        state: remembers it.
        since: the first day that is wanted, UTC.
    """

    def __init__(self, state: StateStore, since: date) -> None:
        self._state = state
        self._since = since

    def window(self, breadth: str) -> Window | None:
        """Return which days have been swept; None before the first whole sweep."""
        told = (self._state.get(f"{ZOOM_SWEPT}:{breadth}") or "").split()
        try:
            first, last = map(date.fromisoformat, told)
        except ValueError:
            return None
        return Window(first, last)

    def is_whole_due(self, breadth: str, now: float) -> bool:
        """Return whether all days are to be read again, at epoch seconds *now*."""
        try:
            told = float(self._state.get(f"{ZOOM_READ_WHOLE}:{breadth}") or "-inf")
        except ValueError:
            return True
        # A moment to come was written while the clock was wrong.
        return not 0 <= now - told < WHOLE_DAYS * _DAY_SECONDS

    def first_day(self, breadth: str, today: date, *, is_deep: bool, is_whole: bool) -> date:
        """Return from which day a sweep reads.

        Args:
            breadth: whose recordings.
            today: as Zoom counts days.
            is_deep: whether more than the last days are due.
            is_whole: whether all days are.
        """
        since = min(self._since, today)
        swept = self.window(breadth)
        if swept is None or since < swept.first:
            return since  # never, or not so far back as is wanted now
        if is_whole:
            return since
        back = DEEP_DAYS if is_deep else REREAD_DAYS
        # What lies before the first day that was swept is not wanted, and would look new.
        return max(min(swept.last, today) - timedelta(days=back), min(swept.first, today))

    def note(self, breadth: str, first: date, today: date, *, whole_at: float | None) -> None:
        """Take note that all from *first* to *today* has been read.

        Args:
            breadth: whose recordings.
            first: the first day that was read.
            today: the last one.
            whole_at: when, in epoch seconds, if these were all days that are wanted.
        """
        swept = self.window(breadth) or Window(first, today)
        # A clock that was wrong for a while must not make everything before it look new.
        last = max(swept.last, today)
        self._state.set(f"{ZOOM_SWEPT}:{breadth}", f"{min(first, swept.first)} {last}")
        if whole_at is not None:
            self._state.set(f"{ZOOM_READ_WHOLE}:{breadth}", repr(whole_at))
