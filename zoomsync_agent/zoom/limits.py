"""Zoom's rate limits: how fast we may ask, and until when not at all.

Limits are of the whole account and shared with every other app in it, so what the answers say
counts, and our own pace is only a guess that keeps us from running into them.

Source: Zoom, "API rate limits": categories, `X-RateLimit-*`, `Retry-After` (a time, not seconds).
"""

import contextlib
import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from zoomsync_agent.core.rows import epoch

_DAY: Final = 86_400.0
_UNKNOWN_DAILY: Final = 3600.0
"""A daily limit that does not say when it ends is looked at again after so long."""
_LONGEST: Final = 2 * _DAY


class Category(StrEnum):
    """How heavy a request is, as Zoom labels its methods."""

    LIGHT = "light"
    MEDIUM = "medium"
    HEAVY = "heavy"


_A_SECOND: Final = {Category.LIGHT: 20.0, Category.MEDIUM: 10.0, Category.HEAVY: 5.0}
"""Half of what a Pro account may: others want to ask too."""
_SLOWEST: Final = 0.5
"""Requests a second, however often Zoom says that it was too fast: a free account has 1 to 4."""


class RateLimits:
    """Paces requests by category. Thread-safe.

    Args:
        now: the wall clock, in epoch seconds.
        monotonic: a time that does not jump, in seconds.
    """

    def __init__(self, now: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._now = now
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._rate = dict(_A_SECOND)
        self._next: dict[Category, float] = dict.fromkeys(Category, float("-inf"))
        self._parked_until = 0.0

    @property
    def parked_until(self) -> float:
        """Until when nothing may be asked, in epoch seconds; 0 while something may."""
        with self._guard:
            until = self._parked_until
            return until if self._now() < until <= self._now() + _LONGEST else 0.0

    def wait(self, category: Category) -> float:
        """Return in how many seconds the next request of *category* may leave; it is counted."""
        with self._guard:
            now = self._monotonic()
            at = max(now, self._next[category])
            self._next[category] = at + 1.0 / self._rate[category]
            return at - now

    def heard(self, category: Category, status: int, headers: Mapping[str, str]) -> float:
        """Take note of an answer; return in how many seconds to ask again, 0 where that is no need.

        Args:
            category: of the request.
            status: of HTTP.
            headers: of the answer, by their names in lower case.
        """
        if status != 429:  # noqa: PLR2004  Too Many Requests
            return 0.0
        with self._guard:
            now = self._now()
            again = _again_at(headers, now)
            if "daily" in headers.get("x-ratelimit-type", "").lower() or again - now > 600:  # noqa: PLR2004
                self._parked_until = min(
                    again if again > now else now + _UNKNOWN_DAILY, now + _LONGEST
                )
                return self._parked_until - now
            self._rate[category] = max(_SLOWEST, self._rate[category] / 2)
            seconds = min(max(again - now, 1.0), 60.0)
            self._next[category] = self._monotonic() + seconds
            return seconds


def _again_at(headers: Mapping[str, str], now: float) -> float:
    """Return when to ask again, in epoch seconds, in whichever form it is told."""
    for name in ("retry-after", "x-ratelimit-reset"):
        text = headers.get(name, "").strip()
        if text.replace(".", "", 1).isdigit() and text.isascii():
            number = float(text)
            # Seconds to wait, as HTTP has it, or seconds or milliseconds since 1970.
            if number < 10 * _DAY:
                return now + number
            return number / 1000 if number > 1e11 else number  # noqa: PLR2004  the year 5138
        with contextlib.suppress(ValueError):
            return epoch(text) or now
    return now
