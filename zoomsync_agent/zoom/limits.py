"""Zoom's rate limits: how fast we may ask, and until when not at all.

Limits are of the whole account and shared with every other app in it. Each answer tells what may be
asked in a second and what is left of it: nearly all of that is used while nobody else asks, and
what others use up is left to them.

Source: Zoom, "API rate limits": categories, `X-RateLimit-*`, `Retry-After` (a time, not seconds).
"""

import contextlib
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from zoomsync_agent.core.rows import epoch

_DAY: Final = 86_400.0
_LONG: Final = 600.0
"""No limit of a second ends so late."""
_UNKNOWN_DAILY: Final = 3600.0
"""A daily limit that does not say when it ends is looked at again after so long."""
_LONGEST: Final = 2 * _DAY


class Category(StrEnum):
    """How heavy a request is, as Zoom labels its methods."""

    LIGHT = "light"
    MEDIUM = "medium"
    HEAVY = "heavy"


_GUESS: Final = {Category.LIGHT: 30, Category.MEDIUM: 20, Category.HEAVY: 10}
"""Requests a second before Zoom has told how many: a Pro account's, the least with a cloud."""
_MOST: Final = 100
"""Requests a second, whatever is told."""
_SLOWEST: Final = 0.5
"""Requests a second, however often Zoom says that it was too fast: a free account has 1 to 4."""
_SECOND: Final = 1.04
"""A second, and by how much requests may overtake one another on the way."""
_CREDIT: Final = 0.5
"""Seconds: what was not used in the last ones may be made good at once."""
_RECOVERY: Final = 0.05
"""So much of the limit comes back with each second in which nothing was refused."""
_TO_OTHERS: Final = 1.25
"""So many times what others were seen to use is left to them: they do not ask evenly, either."""
_MOST_TO_OTHERS: Final = 0.5
"""No more of the limit is left to them, whatever is told; only refusals make us slower."""
_SOON: Final = 1e-3
"""Seconds that are not worth waiting for."""


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
        self._paces = {category: _Pace(guess) for category, guess in _GUESS.items()}
        self._told_as: dict[Category, Category] = {}
        self._parked_until = 0.0

    @property
    def parked_until(self) -> float:
        """Until when nothing may be asked, in epoch seconds; 0 while something may."""
        with self._guard:
            until = self._parked_until
            return until if self._now() < until <= self._now() + _LONGEST else 0.0

    def wait(self, category: Category) -> float:
        """Return 0 where a request of *category* may leave now, and count it.

        Otherwise return the seconds after which to call this again: what is learned meanwhile
        counts for those that wait, too, and one of them alone may leave then.
        """
        with self._guard:
            now = self._monotonic()
            pace = self._pace(category)
            seconds = pace.next_at() - now
            if seconds > _SOON:
                return seconds
            pace.leave(now)
            return 0.0

    def heard(self, category: Category, status: int, headers: Mapping[str, str]) -> float:
        """Take note of an answer; return in how many seconds to ask again, 0 where that is no need.

        Args:
            category: of the request.
            status: of HTTP.
            headers: of the answer, by their names in lower case.
        """
        is_refused = status == 429  # noqa: PLR2004  Too Many Requests
        with self._guard:
            with contextlib.suppress(ValueError):
                told = headers.get("x-ratelimit-category", "").strip().lower()
                self._told_as[category] = Category(told)
            pace = self._pace(category)
            limit = _number(headers, "x-ratelimit-limit")
            if limit and "qps" in headers.get("x-ratelimit-type", "").lower():
                remaining = _number(headers, "x-ratelimit-remaining")
                pace.learn(self._monotonic(), limit, remaining, is_refused=is_refused)
            if not is_refused:
                return 0.0
            now = self._now()
            again = _again_at(headers, now)
            kind = headers.get("x-ratelimit-type", "").lower()
            # Of a second's limit no clock, however wrong, makes a long wait.
            if "daily" in kind or ("qps" not in kind and again - now > _LONG):
                self._parked_until = min(
                    again if again > now else now + _UNKNOWN_DAILY, now + _LONGEST
                )
                return self._parked_until - now
            seconds = min(max(again - now, 1.0), 60.0)
            pace.slow_down(self._monotonic(), seconds)
            return seconds

    def _pace(self, category: Category) -> "_Pace":
        """Return the pace of what Zoom itself takes requests of *category* for."""
        return self._paces[self._told_as.get(category, category)]


class _Pace:
    """How fast requests of one category leave. Not thread-safe; times are monotonic seconds.

    Args:
        limit: requests a second, until one is told.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._share = 1.0
        self._others = 0.0
        self._due = -math.inf
        self._left: deque[float] = deque(maxlen=_MOST)
        self._rests_until = -math.inf
        # Since the last look at the others: the most that was used up in one of Zoom's seconds,
        # and the most answers to us in one of ours.
        self._looked_at: float | None = None
        self._used = self._ours = 0
        self._answers: deque[float] = deque()

    @property
    def rate(self) -> float:
        """Requests a second that may leave; never more than the limit."""
        left_alone = min(self._others * _TO_OTHERS, self._limit * _MOST_TO_OTHERS)
        return max(_SLOWEST, (self._limit - left_alone) * self._share)

    def next_at(self) -> float:
        """Return when the next request may leave."""
        most = math.ceil(self.rate)
        if len(self._left) < most:
            return self._due
        return max(self._due, self._left[-most] + _SECOND)

    def leave(self, now: float) -> None:
        """Count a request that leaves."""
        self._due = max(self._due, now - _CREDIT) + _SECOND / self.rate
        self._left.append(now)

    def learn(self, now: float, limit: int, remaining: int | None, *, is_refused: bool) -> None:
        """Take note of the limit, and of how much of this second's is used up."""
        self._limit = min(limit, _MOST)
        if not is_refused:
            self._answers.append(now)
        while self._answers and self._answers[0] <= now - 1.0:
            self._answers.popleft()
        self._ours = max(self._ours, len(self._answers))
        if remaining is not None:
            self._used = max(self._used, self._limit - remaining)
        if self._looked_at is None:
            self._looked_at = now
        elif now - self._looked_at >= 1.0:
            self._looked_at = now
            self._others = (self._others + max(0, self._used - self._ours)) / 2
            self._share = min(1.0, self._share + _RECOVERY)
            self._used = self._ours = 0

    def slow_down(self, now: float, seconds: float) -> None:
        """Let nothing leave for *seconds*, and half as much from then on.

        Whatever had left before and is refused, too, says nothing new.
        """
        if now >= self._rests_until:
            self._share = max(self._share / 2, _SLOWEST / self._limit)
        self._rests_until = self._looked_at = now + seconds
        self._due = max(self._due, self._rests_until)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004


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
