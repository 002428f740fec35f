"""A destination in memory, and one that fails when it is told to."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from zoomsync_agent.core.errors import KeyTaken, NameRefused, SourceChanged, VerificationFailed
from zoomsync_agent.core.naming import KeyStyle
from zoomsync_agent.core.os_errors import reading
from zoomsync_agent.core.recording import (
    Archived,
    FileIdentity,
    ObjectKey,
    Outgoing,
    Progress,
    Receipt,
)
from zoomsync_agent.ports import Destination


class MemoryDestination:
    """`Destination` whose objects are bytes in a dictionary.

    Args:
        name: in settings, rows and receipts.
        chunk_bytes: how much is made durable at a time.
    """

    key_style = KeyStyle.READABLE

    def __init__(self, name: str = "folder", chunk_bytes: int = 4) -> None:
        self._name = name
        self.chunk_bytes = chunk_bytes
        self.objects: dict[str, bytes] = {}
        self.described: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, bytearray] = {}
        self.chunks: list[tuple[int, int]] = []
        """Offset and length of every chunk that was moved, in order."""
        self.spoil: Callable[[bytes], bytes] = lambda data: data
        """Changes what arrives, as a bad disk or network would."""
        self._guard = threading.Lock()

    @property
    def name(self) -> str:
        """Name in settings, rows and receipts."""
        return self._name

    def send(
        self,
        outgoing: Outgoing,
        *,
        resume_from: Progress | None,
        report: Callable[[Progress], None],
        stop: Callable[[], bool],
        pace: Callable[[int], None],
    ) -> Receipt | None:
        """Take one file into memory and prove that it is there; see the port."""
        _expect_inside(outgoing.key)
        token = f"{outgoing.sha256}@{outgoing.key}"
        try:
            return self._send(outgoing, token, resume_from, report, stop, pace)
        except SourceChanged:
            self.sessions.pop(token, None)
            raise

    def _send(
        self,
        outgoing: Outgoing,
        token: str,
        resume_from: Progress | None,
        report: Callable[[Progress], None],
        stop: Callable[[], bool],
        pace: Callable[[int], None],
    ) -> Receipt | None:
        with reading(outgoing.path):
            data = self._read(outgoing)
            there = self.objects.get(outgoing.key)
            if there is not None:
                if hashlib.sha256(there).hexdigest() != outgoing.sha256:
                    raise KeyTaken(outgoing.key)
                return self._receipt(outgoing)
            session = self._session(token, resume_from)
            while len(session) < outgoing.size:
                if stop():
                    report(Progress(len(session), token))
                    return None
                chunk = data[len(session) : len(session) + self.chunk_bytes]
                pace(len(chunk))
                if self._read(outgoing) != data:
                    raise SourceChanged(str(outgoing.path))
                self.chunks.append((len(session), len(chunk)))
                session += self.spoil(chunk)
                report(Progress(len(session), token))
            self._read(outgoing)
        with self._guard:
            del self.sessions[token]
            if hashlib.sha256(session).hexdigest() != outgoing.sha256:
                raise VerificationFailed(outgoing.key)
            if outgoing.key in self.objects:
                raise KeyTaken(outgoing.key)
            self.objects[outgoing.key] = bytes(session)
        return self._receipt(outgoing)

    @staticmethod
    def _read(outgoing: Outgoing) -> bytes:
        stat = outgoing.path.stat()
        if FileIdentity.of(stat) != FileIdentity(outgoing.size, outgoing.mtime_ns):
            raise SourceChanged(str(outgoing.path))
        return outgoing.path.read_bytes()

    def _session(self, token: str, resume_from: Progress | None) -> bytearray:
        if resume_from is None or resume_from.resume_token != token:
            self.sessions[token] = bytearray()
        session = self.sessions.setdefault(token, bytearray())
        if resume_from is not None:
            del session[resume_from.offset :]
        return session

    def _receipt(self, outgoing: Outgoing) -> Receipt:
        url = f"memory://{outgoing.key}"
        return Receipt(self._name, outgoing.key, outgoing.size, outgoing.sha256, url, 1.0)

    def check(self, receipt: Receipt) -> Receipt | None:
        """Return *receipt*, or None if the object is gone or has another size."""
        there = self.objects.get(receipt.key)
        return receipt if there is not None and len(there) == receipt.size else None

    def check_all(self, receipts: Sequence[Receipt]) -> Iterator[Receipt | None]:
        """Yield what `check` returns for each of *receipts*."""
        return (self.check(receipt) for receipt in receipts)

    def is_here(self, receipt: Receipt) -> bool:
        """Return whether the object is there."""
        return receipt.url.startswith("memory:") and self.check(receipt) is not None

    def local_path(self, receipt: Receipt) -> Path | None:
        """Return None: it is in memory."""

    def link(self, key: ObjectKey, seconds: int) -> str:
        """Return the object's address."""
        return f"memory://{key}"

    def describe(self, key: ObjectKey, described: Mapping[str, Any]) -> None:
        """Keep the row beside the object."""
        if key in self.objects:
            self.described[key] = dict(described)

    def inventory(self) -> Iterator[Archived]:
        """Yield every object."""
        for key, data in sorted(self.objects.items()):
            sha256 = hashlib.sha256(data).hexdigest()
            receipt = Receipt(self._name, ObjectKey(key), len(data), sha256, f"memory://{key}", 1.0)
            yield Archived(receipt, self.described.get(key, {}))

    def abandon(self, key: ObjectKey, progress: Progress) -> None:
        """Forget a half-finished upload."""
        self.sessions.pop(progress.resume_token, None)


def _expect_inside(key: ObjectKey) -> None:
    parts = PurePosixPath(key).parts
    if not parts or key.startswith("/") or ".." in parts:
        raise NameRefused(key)


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure: *error* is raised at point *on*, after *after* passes went well."""

    error: Exception
    on: Literal["chunk", "receipt", "check", "describe"] = "chunk"
    after: int = 0


class Faulty:
    """`Destination` around another one that fails at the points it is told, each time once.

    `chunk` is before a chunk moves; `receipt` is after the last byte is there and before the
    caller hears of it. `pending` holds the faults that have not been met; a test asserts that
    it is empty in the end.
    """

    def __init__(self, inner: Destination, *faults: Fault) -> None:
        self._inner = inner
        self.pending = list(faults)
        self._passed = {"chunk": 0, "receipt": 0, "check": 0, "describe": 0}

    def _pass(self, point: str) -> None:
        for fault in self.pending:
            if fault.on == point and fault.after == self._passed[point]:
                self.pending.remove(fault)
                raise fault.error
        self._passed[point] += 1

    @property
    def name(self) -> str:
        """Name in settings, rows and receipts."""
        return self._inner.name

    @property
    def key_style(self) -> KeyStyle:
        """How the keys of objects are to be written."""
        return self._inner.key_style

    def send(
        self,
        outgoing: Outgoing,
        *,
        resume_from: Progress | None,
        report: Callable[[Progress], None],
        stop: Callable[[], bool],
        pace: Callable[[int], None],
    ) -> Receipt | None:
        """Send, unless a fault is due."""

        def paced(count: int) -> None:
            self._pass("chunk")
            pace(count)

        receipt = self._inner.send(
            outgoing, resume_from=resume_from, report=report, stop=stop, pace=paced
        )
        self._pass("receipt")
        return receipt

    def check(self, receipt: Receipt) -> Receipt | None:
        """Check, unless a fault is due."""
        self._pass("check")
        return self._inner.check(receipt)

    def check_all(self, receipts: Sequence[Receipt]) -> Iterator[Receipt | None]:
        """Check, unless a fault is due."""
        return (self.check(receipt) for receipt in receipts)

    def is_here(self, receipt: Receipt) -> bool:
        """Look, unless a fault is due."""
        self._pass("check")
        return self._inner.is_here(receipt)

    def local_path(self, receipt: Receipt) -> Path | None:
        """Return a path of the inner destination."""
        return self._inner.local_path(receipt)

    def link(self, key: ObjectKey, seconds: int) -> str:
        """Return a link of the inner destination."""
        return self._inner.link(key, seconds)

    def describe(self, key: ObjectKey, described: Mapping[str, Any]) -> None:
        """Describe, unless a fault is due."""
        self._pass("describe")
        self._inner.describe(key, described)

    def inventory(self) -> Iterator[Archived]:
        """Yield what the inner destination holds."""
        return self._inner.inventory()

    def abandon(self, key: ObjectKey, progress: Progress) -> None:
        """Drop a half-finished upload."""
        self._inner.abandon(key, progress)
