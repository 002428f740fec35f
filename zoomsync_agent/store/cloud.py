"""What is remembered of Zoom's cloud, and what is still expected of it."""

import json
import os
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from zoomsync_agent.core.recording import FileIdentity, MeetingKey
from zoomsync_agent.ports import CloudFileRecord, CloudMeetingRecord, FileRecord
from zoomsync_agent.sqlite import Database, blob_to_path, path_to_blob
from zoomsync_agent.store.enqueueing import CAME_BACK
from zoomsync_agent.store.files import file_of

_LONGEST_SECONDS: Final = 8 * 86_400.0
"""No look is put off for longer."""
_LIST_LATE_SECONDS: Final = 3600.0
"""So long a list may still show what has just been moved."""
_OF_MEETING: Final = """
    (files.meeting_key = cloud_meetings.meeting_key
     -- The segments of a recording that was stopped and started again.
     OR files.meeting_key > cloud_meetings.meeting_key || '-'
        AND files.meeting_key < cloud_meetings.meeting_key || '.')
"""
_OF_KEY: Final = "(meeting_key = ? OR meeting_key > ? || '-' AND meeting_key < ? || '.')"
"""The same of one meeting, whose key is to be given three times."""
_TAKEN: Final = f"""
    EXISTS (SELECT 1 FROM files WHERE {_OF_MEETING} AND files.verdict = 'ready')
"""  # noqa: S608  only our own words are put in


class SqliteCloudStore:
    """`CloudStore` over the queue's database.

    Args:
        db: the queue's.
        destinations: those whose rows are told of summaries.
    """

    def __init__(self, db: Database, destinations: Sequence[str] = ()) -> None:
        self._db = db
        self._destinations = json.dumps(list(destinations))

    def remember(
        self, meetings: Sequence[tuple[CloudMeetingRecord, float]], listed_at: float
    ) -> None:
        """Take note of meetings; what is expected of those that are known stays as it is."""
        with self._db.write() as conn:
            conn.executemany(
                """
                INSERT INTO cloud_meetings (meeting_key, account, uuid, topic, host, started_at,
                                            ended_at, look_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (meeting_key) DO UPDATE SET
                    account = excluded.account, topic = excluded.topic, host = excluded.host,
                    started_at = excluded.started_at, ended_at = excluded.ended_at,
                    is_kept = is_kept OR coalesce(trashed_at < ? AND is_moved, 0),
                    trashed_at = CASE WHEN trashed_at < ? AND is_moved THEN NULL ELSE trashed_at END
                """,
                [
                    (
                        one.key,
                        one.account,
                        one.uuid,
                        one.topic,
                        one.host,
                        one.started_at,
                        one.ended_at,
                        look_at,
                        listed_at - _LIST_LATE_SECONDS,
                        listed_at - _LIST_LATE_SECONDS,
                    )
                    for one, look_at in meetings
                ],
            )

    def due(self, account: str, now: float, limit: int) -> list[CloudMeetingRecord]:
        """Return meetings to be asked for what comes late, those that wait longest first."""
        rows = self._looks("<=", now, account, limit)
        # What lies too far ahead was put off before the clock jumped back. Apart, because with one
        # condition or the other no index is used.
        rows += self._looks(">", now + _LONGEST_SECONDS, account, limit - len(rows))
        return [
            replace(_record_of(row), has_transcript=bool(row["has_transcript"])) for row in rows
        ]

    def _looks(self, how: str, moment: float, account: str, limit: int) -> list[sqlite3.Row]:
        return self._db.query(
            f"""
            SELECT *, EXISTS (
                SELECT 1 FROM files WHERE {_OF_MEETING} AND files.kind = 'transcript'
            ) AS has_transcript
            FROM cloud_meetings
            WHERE look_at {how} ? AND account = ? AND trashed_at IS NULL AND {_TAKEN}
            ORDER BY look_at LIMIT ?
            """,  # noqa: S608  only our own words are put in
            (moment, account, limit),
        )

    def put_off(self, key: MeetingKey, until: float | None) -> None:
        """Take note of a look that found nothing."""
        with self._db.write() as conn:
            conn.execute(
                "UPDATE cloud_meetings SET look_at = ? WHERE meeting_key = ?",
                (until, key),
            )

    def save_summary(
        self, key: MeetingKey, summary: str, action_items: Sequence[str], now: float
    ) -> int:
        """Keep the summary, and have the rows of the meeting published anew, at once or not."""
        items = json.dumps(list(action_items), ensure_ascii=False)
        with self._db.write() as conn:
            is_news = conn.execute(
                """
                UPDATE cloud_meetings SET summary = ?, action_items = ?
                WHERE meeting_key = ? AND (summary <> ? OR action_items <> ?)
                """,
                (summary, items, key, summary, items),
            ).rowcount
            if not is_news:
                return 0
            return conn.execute(
                f"""
                UPDATE jobs SET state = 'ready', step = 'publish', attempt = 0, not_before = 0,
                                error_code = NULL, error_detail = '', updated_at = ?
                WHERE state = 'done' AND destination IN (SELECT value FROM json_each(?))
                  AND file_id IN (
                    SELECT id FROM files WHERE kind IN ('video', 'audio') AND {_OF_KEY})
                """,  # noqa: S608  only our own words are put in
                (now, self._destinations, key, key, key),
            ).rowcount

    def trashable(
        self, account: str, ended_before: float, limit: int, *, but: Collection[MeetingKey] = ()
    ) -> list[CloudMeetingRecord]:
        """Return meetings of which nothing more is expected and everything was brought home."""
        rows = self._db.query(
            f"""
            SELECT * FROM cloud_meetings
            WHERE account = ? AND ended_at <= ? AND look_at IS NULL AND trashed_at IS NULL
              AND is_kept = 0 AND meeting_key NOT IN (SELECT value FROM json_each(?))
              AND {_TAKEN} AND NOT EXISTS (
                SELECT 1 FROM files WHERE {_OF_MEETING} AND files.gone = 0
                  AND (files.verdict <> 'ready' OR NOT EXISTS (
                    SELECT 1 FROM jobs WHERE jobs.file_id = files.id AND jobs.state = 'done'
                      AND jobs.size = files.size AND jobs.mtime_ns = files.mtime_ns)))
            ORDER BY ended_at LIMIT ?
            """,  # noqa: S608  only our own words are put in
            (account, ended_before, json.dumps(list(but)), limit),
        )
        return [_record_of(row) for row in rows]

    def trashed(self) -> list[CloudMeetingRecord]:
        """Return the meetings whose cloud copy was moved to the trash, the newest first."""
        rows = self._db.query(
            "SELECT * FROM cloud_meetings WHERE trashed_at IS NOT NULL ORDER BY started_at DESC"
        )
        return [_record_of(row) for row in rows]

    def unsure(self, account: str) -> list[CloudMeetingRecord]:
        """Return meetings of which it is not known whether they were moved."""
        rows = self._db.query(
            """
            SELECT * FROM cloud_meetings
            WHERE trashed_at IS NOT NULL AND is_moved = 0 AND account = ?
            """,
            (account,),
        )
        return [_record_of(row) for row in rows]

    def set_trashed(
        self,
        key: MeetingKey,
        trashed_at: float | None,
        *,
        is_moved: bool = False,
        is_kept: bool = False,
    ) -> None:
        """Take note that a cloud copy is being moved, was moved, was not, or is kept."""
        with self._db.write() as conn:
            conn.execute(
                """
                UPDATE cloud_meetings SET trashed_at = ?, is_moved = ?, is_kept = ?
                WHERE meeting_key = ?
                """,
                (trashed_at, int(is_moved), int(is_kept), key),
            )

    def doubtful(self, account: str, limit: int) -> list[CloudMeetingRecord]:
        """Return meetings with files that wait for another look, whatever day they are of."""
        rows = self._db.query(
            f"""
            SELECT * FROM cloud_meetings
            WHERE account = ? AND trashed_at IS NULL AND EXISTS (
                SELECT 1 FROM files LEFT JOIN jobs ON jobs.file_id = files.id
                WHERE {_OF_MEETING} AND files.verdict <> 'history' AND (
                    files.verdict <> 'ready' AND files.gone = 0
                    OR jobs.state IN ('failed', 'cancelled')
                       AND jobs.size = files.size AND jobs.mtime_ns = files.mtime_ns
                       AND jobs.error_code IN ({", ".join("?" for _ in CAME_BACK)})))
            ORDER BY started_at LIMIT ?
            """,  # noqa: S608  only our own words and question marks are put in
            (account, *CAME_BACK, limit),
        )
        return [_record_of(row) for row in rows]

    def paths_of(self, key: MeetingKey) -> set[str]:
        """Return the paths of every file of a whole meeting that was ever told of."""
        rows = self._db.query(
            f"SELECT path FROM files WHERE {_OF_KEY}",  # noqa: S608  only our own words
            (key, key, key),
        )
        return {os.fsdecode(row["path"]) for row in rows}

    def files_of(self, key: MeetingKey) -> list[FileRecord]:
        """Return every file of a whole meeting that the cloud still has."""
        rows = self._db.query(
            f"SELECT * FROM files WHERE {_OF_KEY} AND gone = 0",  # noqa: S608  only our own words
            (key, key, key),
        )
        return [file_of(row) for row in rows]

    def files_between(self, root: Path, first: float, last: float) -> list[CloudFileRecord]:
        """Return the files below *root* whose meetings began in this time."""
        rows = self._db.query(
            f"""
            SELECT files.path, cloud_meetings.meeting_key,
                   json_extract(files.origin, '$.is_apart') AS is_apart
            FROM cloud_meetings CROSS JOIN files ON {_OF_MEETING}
            WHERE cloud_meetings.started_at BETWEEN ? AND ?
              -- The signs keep SQLite from making an index of every file for this question, and
              -- let it use that of the meetings.
              AND +files.gone = 0 AND +files.root = ?
            """,  # noqa: S608  only our own words are put in
            (first, last, path_to_blob(root)),
        )
        return [
            CloudFileRecord(
                os.fsdecode(row["path"]), MeetingKey(row["meeting_key"]), bool(row["is_apart"])
            )
            for row in rows
        ]

    def safe(self, destination: str) -> set[tuple[str, FileIdentity]]:
        """Return the versions of files that have been brought to *destination*."""
        return {
            (os.fsdecode(row["path"]), FileIdentity(row["size"], row["mtime_ns"]))
            for row in self._db.query(
                """
                SELECT files.path, jobs.size, jobs.mtime_ns
                FROM jobs JOIN files ON files.id = jobs.file_id
                WHERE jobs.source <> 'local' AND jobs.state = 'done' AND jobs.destination = ?
                """,
                (destination,),
            )
        }

    def hurry(self, paths: Collection[str]) -> None:
        """Let the downloads of *paths* that wait go first: somebody has just asked for them."""
        with self._db.write() as conn:
            conn.executemany(
                """
                UPDATE jobs SET priority = 0 WHERE state = 'ready' AND file_id IN (
                    SELECT id FROM files WHERE path = ?)
                """,
                [(path_to_blob(path),) for path in paths],
            )

    def wanted(self) -> set[Path]:
        """Return the cloud files that are still to be sent."""
        return {
            blob_to_path(row["path"])
            for row in self._db.query(
                """
                SELECT files.path FROM jobs JOIN files ON files.id = jobs.file_id
                WHERE jobs.source <> 'local' AND jobs.state IN ('ready', 'running', 'blocked')
                """
            )
        }

    def real_sizes(self) -> dict[str, tuple[int, int]]:
        """Return by path what the cloud wrongly says of a file's size, and how large it is."""
        return {
            str(blob_to_path(row["path"])): (row["told"], row["real"])
            for row in self._db.query("SELECT * FROM cloud_sizes")
        }

    def correct_size(self, path: Path, told: int, real: int) -> None:
        """Take note that the cloud wrongly says that a file has *told* bytes."""
        with self._db.write() as conn:
            conn.execute(
                "INSERT OR REPLACE INTO cloud_sizes VALUES (?, ?, ?)",
                (path_to_blob(path), told, real),
            )


def _record_of(row: sqlite3.Row) -> CloudMeetingRecord:
    return CloudMeetingRecord(
        key=MeetingKey(row["meeting_key"]),
        account=row["account"],
        uuid=row["uuid"],
        topic=row["topic"],
        host=row["host"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        trashed_at=row["trashed_at"],
    )
