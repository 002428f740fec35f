"""What is known of each content in each destination: key, half-finished upload, receipt."""

import sqlite3
from dataclasses import replace

from zoomsync_agent.core import naming
from zoomsync_agent.core.errors import NameRefused, SourceMissing
from zoomsync_agent.core.job import JobId
from zoomsync_agent.core.recording import Archived, ObjectKey, Progress, Receipt
from zoomsync_agent.core.rows import GIVEN_TITLE, epoch
from zoomsync_agent.ports import StoredObject
from zoomsync_agent.sqlite import Database


def _object_of(row: sqlite3.Row, *, is_lost: bool = False) -> StoredObject:
    receipt = None
    if is_lost or row["verified_at"] is not None:
        receipt = Receipt(
            row["destination"],
            ObjectKey(row["key"]),
            row["size"],
            row["sha256"],
            row["url"],
            row["verified_at"] or 0.0,
        )
    return StoredObject(
        destination=row["destination"],
        sha256=row["sha256"],
        scope=row["scope"],
        key=ObjectKey(row["key"]),
        job_id=None if row["job_id"] is None else JobId(row["job_id"]),
        progress=Progress(row["sent"], row["resume_token"]),
        receipt=receipt,
    )


class SqliteObjectStore:
    """`ObjectStore` over the queue's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, destination: str, sha256: str, scope: str) -> StoredObject | None:
        """Return what is known."""
        rows = self._db.query(
            "SELECT * FROM objects WHERE destination = ? AND sha256 = ? AND scope = ?",
            (destination, sha256, scope),
        )
        return _object_of(rows[0]) if rows else None

    def reserve(
        self, destination: str, sha256: str, scope: str, key: ObjectKey, job_id: JobId
    ) -> StoredObject:
        """Return the object, made if it is new; its `job_id` is the job that may send it.

        A key that was refused gives way to *key*: its file was renamed. Any other stays, because
        bytes may lie there that a crash kept from being reported.
        """
        with self._db.write() as conn:
            conn.execute(
                """
                INSERT INTO objects (destination, sha256, scope, key, job_id)
                VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """,
                (destination, sha256, scope, key, job_id),
            )
            conn.execute(
                """
                UPDATE objects SET key = ?
                WHERE destination = ? AND sha256 = ? AND scope = ? AND verified_at IS NULL
                  AND EXISTS (SELECT 1 FROM jobs
                              WHERE jobs.id = objects.job_id AND jobs.error_code = ?)
                """,
                (key, destination, sha256, scope, NameRefused.code),
            )
            conn.execute(
                """
                UPDATE objects SET job_id = ?
                WHERE destination = ? AND sha256 = ? AND scope = ? AND NOT EXISTS (
                    SELECT 1 FROM jobs
                    WHERE jobs.id = objects.job_id AND jobs.id <> ?
                      AND jobs.state IN ('ready', 'running'))
                """,
                (job_id, destination, sha256, scope, job_id),
            )
            row = conn.execute(
                "SELECT * FROM objects WHERE destination = ? AND sha256 = ? AND scope = ?",
                (destination, sha256, scope),
            ).fetchone()
        return _object_of(row)

    def rekey(self, stored: StoredObject, key: ObjectKey) -> StoredObject:
        """Give an object that is not there yet another key, and forget how far it was."""
        with self._db.write() as conn:
            conn.execute(
                """
                UPDATE objects SET key = ?, sent = 0, resume_token = ''
                WHERE destination = ? AND sha256 = ? AND scope = ? AND verified_at IS NULL
                """,
                (key, stored.destination, stored.sha256, stored.scope),
            )
        return replace(stored, key=key, progress=Progress(0))

    def rescope(self, destination: str, sha256: str, scope: str) -> None:
        """Give *scope* a stored text whose files are all gone: the meeting was renamed."""
        with self._db.write() as conn:
            conn.execute(
                """
                UPDATE OR IGNORE objects SET scope = ?
                WHERE rowid = (
                    SELECT o.rowid FROM objects o
                    WHERE o.destination = ? AND o.sha256 = ? AND o.scope <> ''
                      AND o.verified_at IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM files f
                        WHERE f.sha256 = o.sha256 AND f.meeting_key = o.scope
                          AND (f.gone = 0 OR f.id IN (
                            SELECT file_id FROM freed WHERE freed_at IS NOT NULL)))
                    LIMIT 1)
                """,
                (scope, destination, sha256),
            )

    def save_progress(self, stored: StoredObject, progress: Progress) -> None:
        """Keep how far an upload is.

        A job that comes further is not the one that takes the agent down: its deaths are forgiven.
        """
        with self._db.write() as conn:
            conn.execute("UPDATE jobs SET deaths = 0 WHERE id = ?", (stored.job_id,))
            conn.execute(
                """
                UPDATE objects SET sent = ?, resume_token = ?
                WHERE destination = ? AND sha256 = ? AND scope = ?
                """,
                (
                    progress.offset,
                    progress.resume_token,
                    stored.destination,
                    stored.sha256,
                    stored.scope,
                ),
            )

    def receipts(self, destination: str) -> list[StoredObject]:
        """Return every object of a destination that has a receipt."""
        rows = self._db.query(
            "SELECT * FROM objects WHERE destination = ? AND verified_at IS NOT NULL",
            (destination,),
        )
        return [_object_of(row) for row in rows]

    def abandoned(self) -> list[StoredObject]:
        """Return half-finished uploads whose job was cancelled, superseded or lost its file."""
        rows = self._db.query(
            """
            SELECT objects.* FROM objects LEFT JOIN jobs ON jobs.id = objects.job_id
            WHERE objects.resume_token <> '' AND objects.verified_at IS NULL
              AND (jobs.id IS NULL OR jobs.state = 'cancelled'
                   OR (jobs.state = 'failed' AND jobs.error_code = ?))
            """,
            (SourceMissing.code,),
        )
        return [_object_of(row) for row in rows]

    def unfinished(self, job_id: JobId) -> list[StoredObject]:
        """Return what a job was to send and has not sent."""
        rows = self._db.query(
            "SELECT * FROM objects WHERE job_id = ? AND verified_at IS NULL", (job_id,)
        )
        return [_object_of(row) for row in rows]

    def lose(self, stored: StoredObject) -> None:
        """Forget that an object is there, but not that it was."""
        with self._db.write() as conn:
            conn.execute(
                """
                UPDATE objects SET verified_at = NULL
                WHERE destination = ? AND sha256 = ? AND scope = ? AND key = ?
                """,
                (stored.destination, stored.sha256, stored.scope, stored.key),
            )

    def lost(self, destination: str) -> list[StoredObject]:
        """Return the objects that were there, with the receipts that they had."""
        rows = self._db.query(
            """
            SELECT * FROM objects
            WHERE destination = ? AND verified_at IS NULL AND size IS NOT NULL
            """,
            (destination,),
        )
        return [_object_of(row, is_lost=True) for row in rows]

    def save_receipt(self, stored: StoredObject, receipt: Receipt | None) -> None:
        """Keep the proof, or forget one that no longer holds."""
        values = (receipt.size, receipt.url, receipt.verified_at) if receipt else (None, None, None)
        with self._db.write() as conn:
            conn.execute(
                """
                UPDATE objects SET size = ?, url = ?, verified_at = ?, sent = 0, resume_token = ''
                WHERE destination = ? AND sha256 = ? AND scope = ? AND key = ?
                """,
                (*values, stored.destination, stored.sha256, stored.scope, stored.key),
            )

    def restore(self, archived: Archived, scope: str) -> None:
        """Take up an object that the destination itself reported, for a rebuilt queue."""
        receipt = archived.receipt
        with self._db.write() as conn:
            conn.execute(
                """
                INSERT INTO objects (destination, sha256, scope, key, size, url, verified_at,
                                     safe_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """,
                (
                    receipt.destination,
                    receipt.sha256,
                    scope,
                    receipt.key,
                    receipt.size,
                    receipt.url,
                    receipt.verified_at,
                    _first_proof(archived),
                ),
            )
            title = archived.described.get(GIVEN_TITLE)
            key = archived.described.get("meeting_key") or archived.described.get("recording_id")
            if isinstance(title, str) and isinstance(key, str):
                conn.execute(
                    "INSERT INTO titles VALUES (?, ?) ON CONFLICT DO NOTHING",
                    (key, naming.one_line(title)),
                )


def _first_proof(archived: Archived) -> float:
    """Return when an object became safe: when its row last said so, but for a later proof."""
    try:
        told = epoch(archived.described.get("updated_at"))
    except (TypeError, ValueError):
        told = None
    now = archived.receipt.verified_at
    return now if told is None else min(told, now)
