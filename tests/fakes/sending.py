"""What benches of every kind of destination have in common: somebody sends, and nothing sleeps."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from tests.fakes.clock import ManualClock
from zoomsync_agent.core.recording import ObjectKey, Outgoing, Progress, Receipt
from zoomsync_agent.ports import Destination

D = TypeVar("D", bound=Destination)


class Sending(Generic[D]):
    """Sends recordings and keeps what is told meanwhile.

    Args:
        folder: where the recordings lie; made.

    Attributes:
        destination: into which is sent.
        waits: how long the destination wanted to sleep, in seconds.
        reported: what `send` was told to remember.
        paced: bytes of each piece, in order.
    """

    destination: D

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.clock = ManualClock()
        self.waits: list[float] = []
        self.reported: list[Progress] = []
        self.paced: list[int] = []

    def nap(self, seconds: float) -> None:
        """Let the time pass in which the destination sleeps."""
        self.waits.append(seconds)
        self.clock.advance(seconds)

    def written(self, data: bytes, name: str, key: Callable[[str], ObjectKey]) -> Outgoing:
        """Write a recording and describe it as the agent does after it has hashed it.

        Args:
            data: all of it.
            name: of the file.
            key: gives the key by the content's hash.
        """
        path = self.folder / name
        path.write_bytes(data)
        stat = path.stat()
        sha256 = hashlib.sha256(data).hexdigest()
        return Outgoing(path, key(sha256), stat.st_size, stat.st_mtime_ns, sha256, "video/mp4")

    def send(
        self,
        outgoing: Outgoing,
        *,
        resume_from: Progress | None = None,
        destination: D | None = None,
        stop: Callable[[], bool] = lambda: False,
        before_piece: Callable[[int], object] = lambda _count: None,
    ) -> Receipt | None:
        """Send a recording and keep what is told meanwhile."""

        def pace(count: int) -> None:
            before_piece(count)
            self.paced.append(count)

        return (destination or self.destination).send(
            outgoing, resume_from=resume_from, report=self.reported.append, stop=stop, pace=pace
        )

    def stops(self, at: list[int]) -> Callable[[], bool]:
        """Return what tells to stop, once for each number of pieces in *at*, which is emptied."""

        def stop() -> bool:
            if at and len(self.paced) >= at[0]:
                at.pop(0)
                return True
            return False

        return stop
