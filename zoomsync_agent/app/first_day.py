"""How far back Zoom's cloud is wanted."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from zoomsync_agent.ports import Clock
from zoomsync_agent.settings import Settings

_FIRST: Final = date(2013, 1, 1)
"""Before that Zoom had no cloud for recordings."""
_NONE_DAYS: Final = 35
"""Without any history only what Zoom is still at work on counts, and it lies no further back."""


def first_day(settings: Settings, clock: Clock) -> float:
    """Return the first moment of the first day that is wanted, UTC, in epoch seconds."""
    today = datetime.fromtimestamp(clock.now(), UTC).date()
    if settings.zoom_since is not None:
        first = settings.zoom_since
    elif settings.backfill == "all":
        first = _FIRST
    else:
        days = _NONE_DAYS if isinstance(settings.backfill, str) else settings.backfill + 1
        first = max(_FIRST, today - timedelta(days=days))
    return datetime.combine(first, datetime.min.time(), UTC).timestamp()
