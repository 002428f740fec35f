"""Which uploads are at a point at which they must not be broken off."""

import contextlib
import threading
from collections.abc import Iterator


class Finishing:
    """Counts them. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._count = 0

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Count one upload for as long as the context lasts."""
        with self._guard:
            self._count += 1
        try:
            yield
        finally:
            with self._guard:
                self._count -= 1

    @property
    def is_going_on(self) -> bool:
        """Whether there is one."""
        return self._count > 0
