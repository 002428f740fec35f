"""How large a file may be: the project has a limit, and its bucket may have a smaller one."""

from collections.abc import Callable
from typing import Final

from zoomsync_agent.core.errors import ObjectTooLarge
from zoomsync_agent.core.units import readable_size
from zoomsync_agent.destinations.supabase.objects import Objects
from zoomsync_agent.destinations.supabase.tus import Tus
from zoomsync_agent.supabase.requests import Refused, Requests

_FREE_PLAN_BYTES: Final = (50 << 20, 50_000_000)
_NOT_TOLD: Final = (403, 404, 405, 501)
_LIMIT_SECONDS: Final = 600.0


class Limits:
    """Knows the limits, the project's for ten minutes.

    Args:
        requests: sends requests.
        tus: tells the project's limit.
        objects: tells the bucket's.
        monotonic: the time.
    """

    def __init__(
        self, requests: Requests, tus: Tus, objects: Objects, monotonic: Callable[[], float]
    ) -> None:
        self._requests = requests
        self._tus = tus
        self._objects = objects
        self._monotonic = monotonic
        self._limit: tuple[float, int] | None = None

    def expect_within(self, size: int) -> None:
        """Refuse a file of *size* bytes that the project does not take, before any is sent.

        Raises:
            ObjectTooLarge: it does not; the detail names the limit, and the plan it belongs to.
        """
        limit = self._project_limit()
        if limit is not None and size > limit:
            raise _too_large(size, limit)

    def _project_limit(self) -> int | None:
        now = self._monotonic()
        if self._limit is None or now - self._limit[0] >= _LIMIT_SECONDS:
            with self._requests.told("ask for the size limit"):
                try:
                    told = self._tus.largest()
                except Refused as exc:
                    if exc.answer.status not in _NOT_TOLD:
                        raise
                    told = None  # a proxy in between; the creation will tell
            self._limit = (now, told or 0)
        return self._limit[1] or None

    def refused(self, size: int) -> ObjectTooLarge:
        """Return why a file of *size* bytes was refused for its size."""
        largest = self._project_limit()
        if largest is not None and size > largest:
            return _too_large(size, largest)
        with self._requests.told("ask for the bucket's limit"):
            limit = self._objects.size_limit()
        bucket = f"the bucket “{self._requests.project.bucket}” "
        if limit is None:
            return ObjectTooLarge(
                f"{readable_size(size)} is more than {bucket}takes; raise its limit in the "
                "dashboard under Storage"
            )
        return ObjectTooLarge(
            f"{readable_size(size)}; {bucket}takes {readable_size(limit)} a file. Raise its limit "
            "in the dashboard under Storage"
        )


def _too_large(size: int, limit: int) -> ObjectTooLarge:
    plan = " (the Free plan's limit; a paid plan takes more)" if limit in _FREE_PLAN_BYTES else ""
    return ObjectTooLarge(
        f"{readable_size(size)}; this project takes {readable_size(limit)} a file{plan}. Raise it "
        "in the dashboard under Storage, Settings"
    )
