"""How often Zoom may be asked: per account and category, a second and a day."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from tests.fakes.http_server import Answer, json_answer
from tests.fakes.zoom.scopes import Category

Plan = Literal["free", "pro", "business"]

_SECOND: Final[dict[Plan, dict[Category, int]]] = {
    "free": {"Light": 4, "Medium": 2, "Heavy": 1},
    "pro": {"Light": 30, "Medium": 20, "Heavy": 10},
    "business": {"Light": 80, "Medium": 60, "Heavy": 40},
}
_DAY: Final[dict[Plan, dict[Category, int]]] = {
    "free": {"Light": 6_000, "Medium": 2_000, "Heavy": 1_000},
    "pro": {"Heavy": 30_000},
    "business": {"Heavy": 60_000},
}


class RateLimited(Exception):
    """Too many; carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Limits:
    """What an account may ask, shared by all of its apps.

    Seconds and days are those of the clock. Nothing is refused until a plan is chosen, because a
    clock of a test stands still.

    Attributes:
        per_second: how many by category; empty enforces nothing.
        per_day: likewise, in UTC days.
        others_per_second: what other apps of the account use up of every second.
        others_today: what they have used up of every day.
        tells_reset: the limit of a second comes with `X-RateLimit-Reset`.
        refused: how many were.
    """

    def __init__(self, clock: Callable[[], float], plan: Plan | None = None) -> None:
        self._clock = clock
        self.per_second: dict[Category, int] = {}
        self.per_day: dict[Category, int] = {}
        self.others_per_second: dict[Category, int] = {}
        self.others_today: dict[Category, int] = {}
        self.tells_reset = True
        self.refused = 0
        self._second: dict[tuple[str, Category], tuple[int, int]] = {}
        self._day: dict[tuple[str, Category], tuple[int, int]] = {}
        if plan is not None:
            self.choose(plan)

    def choose(self, plan: Plan) -> None:
        """Enforce the limits of a plan."""
        self.per_second = dict(_SECOND[plan])
        self.per_day = dict(_DAY[plan])

    def take(self, account: str, category: Category) -> dict[str, str]:
        """Count one request and return what its answer says of the limit.

        Raises:
            RateLimited: it is one too many.
        """
        now, key = self._clock(), (account, category)
        today = int(now) // 86_400
        daily = self._used(self._day.get(key), today) + self.others_today.get(category, 0)
        if category in self.per_day and daily >= self.per_day[category]:
            raise self._refusal(self._daily(category, now), _DAILY)
        asked = self._used(self._second.get(key), int(now))
        used = asked + self.others_per_second.get(category, 0)
        limit = self.per_second.get(category)
        if limit is not None and used >= limit:
            reset = {"X-RateLimit-Reset": str(int(now) + 1)} if self.tells_reset else {}
            raise self._refusal(_headers(category, "QPS", limit, 0) | reset, _PER_SECOND)
        self._second[key] = (int(now), asked + 1)
        self._day[key] = (today, self._used(self._day.get(key), today) + 1)
        if limit is None:
            usual = _SECOND["business"][category]
            return _headers(category, "QPS", usual, usual - 1)
        return _headers(category, "QPS", limit, limit - used - 1)

    @staticmethod
    def _used(count: tuple[int, int] | None, period: int) -> int:
        return count[1] if count is not None and count[0] == period else 0

    def _daily(self, category: Category, now: float) -> dict[str, str]:
        tomorrow = datetime.fromtimestamp(now, UTC).date() + timedelta(days=1)
        told = _headers(category, "Daily-limit", self.per_day[category], 0)
        return told | {"Retry-After": f"{tomorrow.isoformat()}T00:00:00Z"}

    def _refusal(self, headers: dict[str, str], message: str) -> RateLimited:
        self.refused += 1
        return RateLimited(json_answer({"code": 429, "message": message}, 429, headers))


_PER_SECOND: Final = (
    "You have reached the maximum per-second rate limit for this API. Try again later."
)
_DAILY: Final = (
    "You have reached the maximum daily rate limit for this API. Refer to the response header for "
    "details on when you can make another request."
)


def _headers(category: Category, kind: str, limit: int, remaining: int) -> dict[str, str]:
    return {
        "X-RateLimit-Category": category,
        "X-RateLimit-Type": kind,
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(max(0, remaining)),
    }
