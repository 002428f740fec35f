"""A catalog and a state store in memory, fresh databases, and sightings to fill them with."""

import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlite_utils.migrations import Migrations

from zoomsync_agent.catalog.migrations import VERSION as CATALOG_VERSION
from zoomsync_agent.catalog.migrations import catalog as catalog_migrations
from zoomsync_agent.core.errors import RemoteUnavailable
from zoomsync_agent.core.readiness import Reason, Verdict
from zoomsync_agent.core.recording import (
    FileIdentity,
    Kind,
    Meeting,
    MeetingKey,
    ProcessingStatus,
    RecordingId,
    RecordingRow,
)
from zoomsync_agent.ports import Decided, Sighting
from zoomsync_agent.sqlite import Database
from zoomsync_agent.store.migrations import VERSION as QUEUE_VERSION
from zoomsync_agent.store.migrations import queue as queue_migrations


class MemoryCatalog:
    """`Catalog` in a dictionary, with the search of the embedded one for plain words."""

    name = "memory"

    def __init__(self) -> None:
        self.rows: dict[RecordingId, RecordingRow] = {}
        self.history: list[RecordingRow] = []
        """Every row that was published, in order."""
        self.errors: list[Exception] = []
        """Raised one by one by the next publishings."""

    def publish(self, row: RecordingRow) -> None:
        """Insert or update the row; an older row never replaces a newer one."""
        if self.errors:
            raise self.errors.pop(0)
        if row.processing_status is ProcessingStatus.COMPLETED and not row.file_url:
            raise RemoteUnavailable("a completed recording has no file_url")
        self.history.append(row)
        before = self.rows.get(row.recording_id)
        if before is None:
            self.rows[row.recording_id] = row
        elif row.updated_at >= before.updated_at:
            self.rows[row.recording_id] = replace(row, created_at=before.created_at)

    def get(self, recording_id: RecordingId) -> RecordingRow | None:
        """Return one row."""
        return self.rows.get(recording_id)

    def search(self, text: str, *, limit: int = 50) -> Sequence[tuple[RecordingRow, str]]:
        """Return rows that hold every word of *text* at the beginning of a word."""
        wanted = _words(text)
        found = [
            (row, row.meeting_title)
            for row in self.rows.values()
            if wanted
            and all(any(word.startswith(one) for word in _words(_searched(row))) for one in wanted)
        ]
        return found[:limit]


def _searched(row: RecordingRow) -> str:
    return f"{row.meeting_title} {row.file_name} {row.transcription_text} {row.summary}"


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in kept).split()


class MemoryState:
    """`StateStore` in a dictionary."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._stamp = 0.0

    def get(self, name: str) -> str | None:
        """Return the value, or None."""
        return self.values.get(name)

    def set(self, name: str, value: str | None) -> None:
        """Store the value; None forgets it."""
        if value is None:
            self.values.pop(name, None)
        else:
            self.values[name] = value

    def stamp(self, now: float) -> float:
        """Return a time that is later than every one returned before."""
        self._stamp = round(max(now, self._stamp + 1e-6), 6)
        return self._stamp


def queue_database(path: Path) -> Database:
    """Return an open database of the queue at *path*; a new one is copied, not migrated."""
    return _opened(Database(path, lambda: queue_migrations, QUEUE_VERSION))


def catalog_database(path: Path) -> Database:
    """Return an open database of the catalog at *path*."""
    return _opened(Database(path, lambda: catalog_migrations, CATALOG_VERSION))


def _opened(db: Database) -> Database:
    if not db.path.exists():
        db.path.parent.mkdir(parents=True, exist_ok=True)
        db.path.write_bytes(_template(db._migrations, db._version))
    db.open()
    return db


_TEMPLATES: dict[str, bytes] = {}


def _template(migrations: "Callable[[], Migrations]", version: int) -> bytes:
    name = migrations().name
    if name not in _TEMPLATES:
        with tempfile.TemporaryDirectory() as folder:
            db = Database(Path(folder, "template.db"), migrations, version)
            db.open()
            db.close()
            _TEMPLATES[name] = db.path.read_bytes()
    return _TEMPLATES[name]


def sighting(
    path: Path,
    *,
    root: Path | None = None,
    size: int = 10,
    mtime: float = 1_000.0,
    kind: Kind = Kind.VIDEO,
    meeting: str = "meeting",
    title: str = "Weekly Sync",
    started_at: float | None = None,
    reason: Reason = Reason.READY,
    inode: int = 1,
) -> Sighting:
    """Return a sighting of *path*, ready by default."""
    return Sighting(
        path=path,
        root=path.parent if root is None else root,
        identity=FileIdentity(size, round(mtime * 1e9)),
        inode=inode,
        kind=kind,
        meeting=Meeting(MeetingKey(meeting), title, started_at),
        verdict=Verdict(reason),
    )


def sighting_of(
    path: Path,
    root: Path,
    *,
    kind: Kind = Kind.VIDEO,
    meeting: str = "meeting",
    title: str = "Weekly Sync",
    started_at: float | None = None,
) -> Sighting:
    """Return a sighting of the file that lies at *path*."""
    stat = path.stat()
    return replace(
        sighting(path, root=root, kind=kind, meeting=meeting, title=title, started_at=started_at),
        identity=FileIdentity(stat.st_size, stat.st_mtime_ns),
        inode=stat.st_ino,
    )


def decided(seen: Sighting, priority: int = 0) -> Decided:
    """Return the decision that a sighting's own verdict is."""
    return Decided(seen, seen.verdict, priority)


def row(recording_id: str = "r1", **columns: Any) -> RecordingRow:
    """Return a completed catalog row with a few columns of choice."""
    plain = RecordingRow(
        recording_id=RecordingId(recording_id),
        user_id="me",
        file_url="file:///archive/a.mp4",
        meeting_title="Weekly Sync",
        file_name="video.mp4",
        file_size=10,
        created_at=1_000.0,
        updated_at=1_000.0,
        processing_status=ProcessingStatus.COMPLETED,
    )
    return replace(plain, **columns)
