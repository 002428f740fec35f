"""Lists that come in pages, and the tokens that lead from one to the next."""

import secrets
from collections.abc import Callable, Hashable
from typing import Final

from tests.fakes.zoom.errors import stale_page

_LIFE_SECONDS: Final = 900.0


class Pages:
    """Tokens of pages: each one holds for 15 minutes, and for the question it came with.

    Attributes:
        life_seconds: how long, by the clock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.life_seconds = _LIFE_SECONDS
        self._known: dict[str, tuple[Hashable, int, float]] = {}

    def issue(self, question: Hashable, begin: int) -> str:
        """Return a token for the page that begins with entry *begin*."""
        token = secrets.token_urlsafe(24)
        self._known[token] = (question, begin, self._clock() + self.life_seconds)
        return token

    def begin(self, question: Hashable, token: str) -> int:
        """Return with which entry a page begins; the first one has no token.

        Raises:
            ApiError: the token is too old, or not of this question.
        """
        if not token:
            return 0
        asked, begin, expires = self._known.get(token, (None, 0, 0.0))
        if asked != question or expires <= self._clock():
            raise stale_page()
        return begin
