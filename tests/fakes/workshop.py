"""An engine with real stores and everything around it in memory, driven step by step."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from tests.fakes.clock import ManualClock
from tests.fakes.destinations import MemoryDestination
from tests.fakes.log import RecordingLog
from tests.fakes.stores import MemoryCatalog, decided, queue_database, sighting_of
from zoomsync_agent.core.job import Job, State
from zoomsync_agent.core.recording import Kind, ProcessingStatus, RecordingRow
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.breaker import Breaker
from zoomsync_agent.engine.lanes import Lanes
from zoomsync_agent.engine.pace import Pace
from zoomsync_agent.engine.pause import Held, Pause
from zoomsync_agent.engine.publishing import Owner, Stores
from zoomsync_agent.engine.steps import Steps
from zoomsync_agent.engine.worker import Worker
from zoomsync_agent.ports import Destination, Origin
from zoomsync_agent.store.files import SqliteFileStore
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.store.meetings import SqliteMeetingStore
from zoomsync_agent.store.objects import SqliteObjectStore
from zoomsync_agent.store.rows import job_of
from zoomsync_agent.store.state import SqliteStateStore


class Workshop:
    """One uploader that works when it is told to.

    Args:
        folder: a place for the database and the recordings.
        destination: where recordings go; a memory destination by default.
        origins: makes where files are fetched from, once everything but the steps is there.
    """

    def __init__(
        self,
        folder: Path,
        destination: Destination | None = None,
        origins: "Callable[[Workshop], Mapping[str, Origin]]" = lambda _shop: {},
    ) -> None:
        self.root = folder / "recordings"
        self.root.mkdir(exist_ok=True)
        self.clock = ManualClock()
        self.log = RecordingLog()
        self.memory = MemoryDestination()
        self.destination: Destination = destination or self.memory
        self.catalog = MemoryCatalog()
        self.db = queue_database(folder / "agent.db")
        self.jobs = SqliteJobStore(self.db)
        self.files = SqliteFileStore(self.db)
        self.meetings = SqliteMeetingStore(self.db)
        self.objects = SqliteObjectStore(self.db)
        self.state = SqliteStateStore(self.db)
        self.bell = Bell()
        self.looks_asked = Bell()
        self.breaker = Breaker(self.clock)
        self.lanes = Lanes(2)
        self.pause = Pause(self.state, self.clock)
        self.steps = Steps(
            Stores(self.files, self.meetings, self.objects, self.state),
            destinations={self.destination.name: self.destination},
            origins=origins(self),
            catalogs=(self.catalog,),
            clock=self.clock,
            owner=Owner("me", "desk", UTC),
        )
        self.worker = self.new_worker("uploader-1")

    def new_worker(self, name: str) -> Worker:
        """Return another uploader over the same queue."""
        return Worker(
            name,
            self.jobs,
            self.steps,
            clock=self.clock,
            bell=self.bell,
            pause=self.pause,
            held=Held(self.state),
            pace=Pace(0, self.clock, wait=self.clock.advance),
            breaker=self.breaker,
            lanes=self.lanes,
            log=self.log,
            look_soon=self.looks_asked.ring,
        )

    def write(self, name: str, data: bytes, *, mtime: float | None = None) -> Path:
        """Write a file below the recordings folder."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if mtime is not None:
            os.utime(path, (mtime, mtime))
        return path

    def see(
        self,
        path: Path,
        *,
        kind: Kind = Kind.VIDEO,
        title: str = "Weekly Sync",
        started_at: float | None = None,
    ) -> int:
        """Record the file at *path* as ready; its folder is its meeting."""
        seen = sighting_of(
            path,
            self.root,
            kind=kind,
            meeting=path.parent.name,
            title=title,
            started_at=started_at,
        )
        return self.jobs.record([decided(seen)], (self.destination.name,), self.clock.now())

    def add(self, name: str, data: bytes, **kwargs: Any) -> Path:
        """Write a file and record it."""
        path = self.write(name, data)
        self.see(path, **kwargs)
        return path

    def run(self, turns: int = 100) -> int:
        """Work until nothing is due, at most *turns* jobs; return how many there were."""
        for count in range(turns):
            if not self.worker.work_once():
                return count
        return turns

    def run_all(self, hours: int = 12) -> None:
        """Work, let time pass and work again, until everything that goes on by itself is done."""
        for _ in range(hours * 20):
            self.run()
            counts = self.jobs.counts()
            if not counts[State.READY] and not counts[State.BLOCKED]:
                return
            self.clock.advance(180.0)
            self.jobs.release_blocked(self.clock.now(), 30.0)

    def job(self, job_id: int = 1) -> Job:
        """Return a job as it is stored."""
        return job_of(self.db.query("SELECT * FROM jobs WHERE id = ?", (job_id,))[0])

    def row(self) -> RecordingRow:
        """Return the only row of the catalog."""
        (row,) = self.catalog.rows.values()
        return row

    def completed(self) -> list[RecordingRow]:
        """Return every row that ever said that a recording is safe."""
        return [
            row
            for row in self.catalog.history
            if row.processing_status is ProcessingStatus.COMPLETED
        ]

    def close(self) -> None:
        """Close the database."""
        self.db.close()
