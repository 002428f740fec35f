"""Originals that were moved to the trash of this computer, and those that may be."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.recording import FileIdentity
from zoomsync_agent.ports import FileRecord, Keepsake
from zoomsync_agent.sqlite import Database
from zoomsync_agent.store.files import file_of
from zoomsync_agent.store.journal import note

_RECORDED: Final = "max(files.mtime_ns / 1e9, coalesce(files.started_at, 0))"
_OF_VERSION: Final = "jobs.size = files.size AND jobs.mtime_ns = files.mtime_ns"
_OPEN: Final = "('ready', 'running', 'blocked')"
_UNDER_WAY: Final = """(
    'converting', 'needs_conversion', 'recording', 'incomplete', 'open_elsewhere', 'settling',
    'waits_for_media')"""
"""Verdicts about a file beside which no recording is taken away."""
_HERE: Final = "files.source = 'local' AND files.gone = 0"
_IS_BACK: Final = """freed.freed_at IS NOT NULL AND freed.restored_at IS NULL AND files.gone = 0
    AND (files.size = freed.size AND files.mtime_ns = freed.mtime_ns
         OR files.sha256 = freed.sha256)"""
"""Whether what was moved is there again; it may have another time, but not another content."""


class SqliteFreedStore:
    """`FreedStore` over the queue's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def originals(
        self, destinations: Collection[str], recorded_before: float
    ) -> Sequence[Keepsake]:
        """Return the files of this computer that are there and were recorded before a time."""
        rows = self._db.query(
            f"""
            WITH busy AS (
                SELECT DISTINCT folder FROM files
                WHERE {_HERE} AND verdict <> 'ready' AND verdict IN {_UNDER_WAY}
                UNION
                SELECT DISTINCT folder FROM jobs JOIN files ON files.id = jobs.file_id
                WHERE {_HERE} AND jobs.state IN {_OPEN})
            SELECT files.*, {_RECORDED} AS recorded_at,
                CASE WHEN {_IS_BACK} THEN ? ELSE freed.restored_at END AS restored_at,
                (SELECT count(DISTINCT jobs.destination) FROM jobs
                 WHERE jobs.file_id = files.id AND jobs.state = 'done' AND {_OF_VERSION}
                   AND jobs.destination IN (SELECT value FROM json_each(?))) AS done,
                EXISTS (SELECT 1 FROM jobs
                        WHERE jobs.file_id = files.id AND jobs.state IN {_OPEN}) AS waiting,
                EXISTS (SELECT 1 FROM jobs
                        WHERE jobs.file_id = files.id AND jobs.state = 'cancelled'
                          AND {_OF_VERSION}) AS cancelled,
                files.folder IN (SELECT folder FROM busy) AS busy
            FROM files LEFT JOIN freed ON freed.file_id = files.id
            WHERE {_HERE} AND {_RECORDED} <= ?
            ORDER BY recorded_at, files.id
            """,  # noqa: S608  only our own words are put in
            (recorded_before, json.dumps(sorted(destinations)), recorded_before),
        )
        return [
            Keepsake(
                file=file_of(row),
                recorded_at=row["recorded_at"],
                first_seen=row["first_seen"],
                is_done=bool(destinations) and row["done"] == len(set(destinations)),
                is_waiting=bool(row["waiting"]),
                is_cancelled=bool(row["cancelled"]),
                is_meeting_busy=bool(row["busy"]),
                restored_at=row["restored_at"],
            )
            for row in rows
        ]

    def note(self, file: FileRecord, now: float) -> None:
        """Remember that a file is about to be moved; what led to it is durable too."""
        with self._db.write(is_durable=True) as conn:
            conn.execute(
                """
                INSERT INTO freed (file_id, size, mtime_ns, sha256, noted_at)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (file_id) DO UPDATE SET
                    size = excluded.size, mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256,
                    noted_at = excluded.noted_at, freed_at = NULL, restored_at = NULL
                -- Another process of this home may have moved this version at this very moment.
                WHERE freed_at IS NULL OR restored_at IS NOT NULL
                   OR size <> excluded.size OR mtime_ns <> excluded.mtime_ns
                """,
                (file.id, file.identity.size, file.identity.mtime_ns, file.sha256, now),
            )

    def moved(self, file: FileRecord, now: float) -> None:
        """Remember that a file was moved, and that nothing lies there any more."""
        with self._db.write() as conn:
            known = conn.execute(
                "SELECT 1 FROM freed WHERE file_id = ? AND freed_at IS NOT NULL "
                "AND restored_at IS NULL AND size = ? AND mtime_ns = ?",
                (file.id, file.identity.size, file.identity.mtime_ns),
            ).fetchone()
            if known:
                return  # somebody else who looks after this home has found it out
            conn.execute(
                """
                INSERT INTO freed (file_id, size, mtime_ns, sha256, noted_at, freed_at)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (file_id) DO UPDATE SET
                    size = excluded.size, mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256,
                    freed_at = excluded.freed_at, restored_at = NULL
                """,
                (file.id, file.identity.size, file.identity.mtime_ns, file.sha256, now, now),
            )
            conn.execute(
                "UPDATE files SET gone = 1 WHERE id = ? AND size = ? AND mtime_ns = ?",
                (file.id, file.identity.size, file.identity.mtime_ns),
            )
            note(conn, Happening.FREED, "", now, file_id=file.id)

    def forget(self, file: FileRecord) -> None:
        """Forget that a file was about to be moved: it was not."""
        with self._db.write() as conn:
            conn.execute("DELETE FROM freed WHERE file_id = ? AND freed_at IS NULL", (file.id,))

    def unsure(self) -> Sequence[FileRecord]:
        """Return the files of which it is not known whether they were moved.

        Each as it was noted: another version may lie at its path by now.
        """
        rows = self._db.query(
            """
            SELECT files.*, freed.size AS noted_size, freed.mtime_ns AS noted_mtime_ns,
                freed.sha256 AS noted_sha256
            FROM freed JOIN files ON files.id = freed.file_id WHERE freed.freed_at IS NULL
            """
        )
        return [
            replace(
                file_of(row),
                identity=FileIdentity(row["noted_size"], row["noted_mtime_ns"]),
                sha256=row["noted_sha256"],
            )
            for row in rows
        ]

    def find_restored(self, now: float) -> int:
        """Take note of what was moved and is there again; return how much is."""
        with self._db.write() as conn:
            rows = conn.execute(
                f"""
                UPDATE freed SET restored_at = ?
                WHERE EXISTS (SELECT 1 FROM files WHERE files.id = freed.file_id AND {_IS_BACK})
                RETURNING file_id
                """,  # noqa: S608  only our own words are put in
                (now,),
            ).fetchall()
            for row in rows:
                note(conn, Happening.RESTORED, "", now, file_id=row["file_id"])
        return len(rows)
