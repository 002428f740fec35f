"""The condition by which a store refuses to replace an object.

Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes".
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from zoomsync_agent.s3.requests import Refused

T = TypeVar("T")


class Unreplaced:
    """Asks a store to replace nothing, until it says that it does not know how. Thread-safe.

    Args:
        is_known: whether the store may know; where it surely does not, it is not asked.
    """

    def __init__(self, *, is_known: bool = True) -> None:
        self._headers: Mapping[str, str] = {"If-None-Match": "*"} if is_known else {}

    def try_(self, do: Callable[[Mapping[str, str]], T]) -> T:
        """Return what *do* returns, which is given the headers of the condition.

        Raises:
            Exception: what *do* raised, but for a store's word that it knows no such condition.
        """
        headers = self._headers
        try:
            return do(headers)
        except Refused as exc:
            if not headers or not exc.answer.is_not_implemented:
                raise
        self._headers = {}
        return do(self._headers)
