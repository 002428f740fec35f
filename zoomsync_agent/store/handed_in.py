"""Recordings that were handed in, in the queue."""

import sqlite3
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import SourceChanged
from zoomsync_agent.core.job import FileId, Job, JobId, State, Step
from zoomsync_agent.ports import Decided, Sighting, Standing
from zoomsync_agent.sqlite import Database, path_to_blob
from zoomsync_agent.store.enqueueing import enqueue, remember
from zoomsync_agent.store.journal import note_retried
from zoomsync_agent.store.rows import job_of

_AT_WORK: Final = (State.READY, State.RUNNING)


class SqliteHandedInStore:
    """`HandedInStore` over the queue's database.

    Args:
        db: the queue's.
        destination: name of the one that gets every recording.
    """

    def __init__(self, db: Database, destination: str) -> None:
        self._db = db
        self._destination = destination

    def take_in(self, seen: Sighting, now: float) -> JobId:
        """Remember a file and return its job, ready whatever became of it before."""
        # Not history, whenever it was recorded: somebody wants exactly this one.
        decided = Decided(seen, seen.verdict)
        with self._db.write(is_durable=True) as conn:
            file_id = remember(conn, decided, now)
            enqueue(conn, decided, file_id, self._destination, now)
            _supersede(conn, seen, file_id, now)
            (row,) = conn.execute(
                """
                SELECT * FROM jobs
                WHERE file_id = ? AND destination = ? AND size = ? AND mtime_ns = ?
                """,
                (file_id, self._destination, seen.identity.size, seen.identity.mtime_ns),
            )
            job = job_of(row)
            conn.execute("UPDATE jobs SET cancel_requested = 0 WHERE id = ?", (job.id,))
            if job.state not in _AT_WORK:
                _begin_anew(conn, job, now)
        return job.id

    def told_of(self, sha256: str) -> tuple[str, float | None] | None:
        """Return title and start of the meeting as they were told of a content before."""
        rows = self._db.query(
            """
            SELECT title, started_at FROM files WHERE sha256 = ?
            ORDER BY started_at IS NULL, first_seen, id LIMIT 1
            """,
            (sha256,),
        )
        return (rows[0]["title"], rows[0]["started_at"]) if rows else None

    def standing_of(self, path: Path) -> Standing | None:
        """Return how it stands with a file; None where it has no job.

        What was cancelled for another destination is cancelled: nobody wants it elsewhere either.
        """
        rows = self._db.query(
            """
            SELECT jobs.state, jobs.updated_at FROM jobs JOIN files ON files.id = jobs.file_id
            WHERE files.path = ? AND jobs.size = files.size AND jobs.mtime_ns = files.mtime_ns
              AND (jobs.destination = ? OR jobs.state = 'cancelled')
            ORDER BY jobs.destination = ? DESC, jobs.updated_at DESC LIMIT 1
            """,
            (path_to_blob(path), self._destination, self._destination),
        )
        return Standing(State(rows[0]["state"]), rows[0]["updated_at"]) if rows else None

    def gone(self, path: Path) -> None:
        """Remember that nothing lies at *path* any more."""
        with self._db.write(is_durable=True) as conn:
            conn.execute("UPDATE files SET gone = 1 WHERE path = ?", (path_to_blob(path),))


def _supersede(conn: sqlite3.Connection, seen: Sighting, file_id: FileId, now: float) -> None:
    """End what is left of the same file under another identity: it would be sent twice."""
    conn.execute(
        """
        UPDATE jobs SET state = 'cancelled', error_code = ?, error_detail = '', updated_at = ?
        WHERE file_id = ? AND (size <> ? OR mtime_ns <> ?)
          AND state IN ('ready', 'blocked', 'failed')
        """,
        (SourceChanged.code, now, file_id, seen.identity.size, seen.identity.mtime_ns),
    )


def _begin_anew(conn: sqlite3.Connection, job: Job, now: float) -> None:
    conn.execute(
        """
        UPDATE jobs SET state = 'ready', step = ?, attempt = 0, deaths = 0, not_before = 0,
                        error_code = NULL, error_detail = '', updated_at = ?
        WHERE id = ?
        """,
        (Step.FETCH, now, job.id),
    )
    if job.state is not State.DONE:
        note_retried(conn, [job], now)
