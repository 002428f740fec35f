"""Hashes that are fed beside the sending: a hash and a socket each leave the other its core."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hashlib import _Hash

_AHEAD: Final = 4
"""So many pieces may wait to be taken in; memory is bounded by that."""
_SMALL_BYTES: Final = 1 << 16
"""Not worth a thread."""


class Hashing:
    """Feeds hashes in order, each on a thread of its own. Not thread-safe itself."""

    def __init__(self) -> None:
        self._threads: list[ThreadPoolExecutor] = []
        self._pending: deque[list[Future[None]]] = deque()

    def feed(self, hashes: Sequence["_Hash"], piece: bytes) -> None:
        """Let each of *hashes* take in *piece*, perhaps only after this has returned."""
        if len(piece) <= _SMALL_BYTES and not self._pending:
            for one in hashes:
                one.update(piece)
            return
        while len(self._threads) < len(hashes):
            self._threads.append(ThreadPoolExecutor(1, "hash"))
        self._pending.append(
            [
                thread.submit(one.update, piece)
                for thread, one in zip(self._threads, hashes, strict=False)
            ]
        )
        if len(self._pending) > _AHEAD:
            self._settle_one()

    def settle(self) -> None:
        """Return when everything has been taken in."""
        while self._pending:
            self._settle_one()

    def close(self) -> None:
        """End the threads."""
        self._pending.clear()
        for thread in self._threads:
            thread.shutdown(wait=True)
        self._threads.clear()

    def _settle_one(self) -> None:
        for future in self._pending.popleft():
            future.result()
