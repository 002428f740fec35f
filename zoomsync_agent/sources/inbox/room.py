"""How much may be written into the inbox while several recordings arrive at once."""

import shutil
import threading
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import DiskFull
from zoomsync_agent.core.units import readable_size

STRETCH_BYTES: Final = 32 << 20
"""So much is written before it is made durable and the room is measured again."""
_RESERVE_BYTES: Final = 1 << 30
"""So much room is left to everybody else."""


class Room:
    """Knows what is promised to whom. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._promised: dict[Path, int] = {}

    def measure(self, partial: Path, left: int | None) -> int:
        """Promise room to a file; return how much may be written before it is asked for again.

        Args:
            partial: where it is written.
            left: how many bytes are yet to come; None where nobody knows.

        Raises:
            DiskFull: there is less room than that.
        """
        with self._guard:
            others = sum(
                promised
                for one, promised in self._promised.items()
                if one != partial and one.parent == partial.parent
            )
            free = max(0, shutil.disk_usage(partial.parent).free - _RESERVE_BYTES - others)
            if left is not None and left > free:
                raise DiskFull(
                    f"{readable_size(left)} are yet to come; {readable_size(free)} can be taken in "
                    f"{partial.parent}"
                )
            self._promised[partial] = min(free, STRETCH_BYTES) if left is None else left
        return free

    def forget(self, partial: Path) -> None:
        """Give back what was promised to a file."""
        with self._guard:
            self._promised.pop(partial, None)

    def is_promised(self, partial: Path) -> bool:
        """Return whether a file is just being written."""
        with self._guard:
            return partial in self._promised
