"""How many large downloads are under way at a time: never so many that nothing else can go on."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from zoomsync_agent.ports import Work


class Lanes:
    """Counts the large downloads, by lane. Thread-safe.

    A recording that lies here, or a small file, must not wait behind large ones in some cloud, so
    one uploader is always free, where there are several.

    Args:
        uploaders: how many threads take jobs.
    """

    def __init__(self, uploaders: int) -> None:
        self._most = max(1, uploaders - 1)
        self._guard = threading.Lock()
        self._fetching: Counter[str] = Counter()

    @property
    def full(self) -> frozenset[str]:
        """Names of the lanes in which nothing more may be fetched just now."""
        with self._guard:
            return self._full()

    def _full(self) -> frozenset[str]:
        return frozenset(name for name, n in self._fetching.items() if n >= self._most)

    def claim(self, take: Callable[[frozenset[str]], Work | None]) -> Work | None:
        """Return the job that *take* takes when it is told the lanes to leave alone."""
        with self._guard:
            work = take(self._full())
            if work is not None and work.job.lane:
                self._fetching[work.job.lane] += 1
        return work

    @contextlib.contextmanager
    def occupied_by(self, work: Work) -> Iterator[Callable[[], None]]:
        """Give what makes room again once *work* has been fetched; at the end there surely is."""
        lane = work.job.lane
        is_left = not lane

        def leave() -> None:
            nonlocal is_left
            if not is_left:
                is_left = True
                with self._guard:
                    self._fetching[lane] -= 1

        try:
            yield leave
        finally:
            leave()
