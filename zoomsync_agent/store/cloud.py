"""What is remembered of Zoom's cloud, and what is still expected of it."""

import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from zoomsync_agent.core.recording import FileIdentity, MeetingKey
from zoomsync_agent.ports import CloudFileRecord, CloudMeetingRecord, FileRecord
from zoomsync_agent.sqlite import Database, blob_to_path, path_to_blob
from zoomsync_agent.store.files import file_of

_OF_MEETING: Final = """
    (files.meeting_key = cloud_meetings.meeting_key
     -- The segments of a recording that was stopped and started again.
     OR files.meeting_key > cloud_meetings.meeting_key || '-'
        AND files.meeting_key < cloud_meetings.meeting_key || '.')
"""
_TAKEN: Final = f"""
    EXISTS (SELECT 1 FROM files WHERE {_OF_MEETING} AND files.verdict = 'ready')
"""  # noqa: S608  only our own words are put in


class SqliteCloudStore:
    """`CloudStore` over the queue's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

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
                    is_kept = is_kept OR coalesce(trashed_at < ?, 0),
                    trashed_at = CASE WHEN trashed_at < ? THEN NULL ELSE trashed_at END
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
                        listed_at,
                        listed_at,
                    )
                    for one, look_at in meetings
                ],
            )

    def due(self, account: str, now: float, limit: int) -> list[CloudMeetingRecord]:
        """Return meetings to be asked for what comes late, those that wait longest first."""
        rows = self._db.query(
            f"""
            SELECT *, EXISTS (
                SELECT 1 FROM files WHERE {_OF_MEETING} AND files.kind = 'transcript'
            ) AS has_transcript
            FROM cloud_meetings
            WHERE look_at <= ? AND account = ? AND trashed_at IS NULL AND {_TAKEN}
            ORDER BY look_at LIMIT ?
            """,  # noqa: S608  only our own words are put in
            (now, account, limit),
        )
        return [
            replace(_record_of(row), has_transcript=bool(row["has_transcript"])) for row in rows
        ]

    def next_look(self, account: str) -> float | None:
        """Return when the next of them is due; None if none is."""
        (row,) = self._db.query(
            f"""
            SELECT min(look_at) AS at FROM cloud_meetings
            WHERE look_at IS NOT NULL AND account = ? AND trashed_at IS NULL AND {_TAKEN}
            """,  # noqa: S608  only our own words are put in
            (account,),
        )
        return None if row["at"] is None else float(row["at"])

    def put_off(self, key: MeetingKey, until: float | None) -> None:
        """Take note of a look that found nothing."""
        with self._db.write() as conn:
            conn.execute(
                "UPDATE cloud_meetings SET looks = looks + 1, look_at = ? WHERE meeting_key = ?",
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
                """
                UPDATE jobs SET state = 'ready', step = 'publish', attempt = 0, not_before = 0,
                                error_code = NULL, error_detail = '', updated_at = ?
                WHERE state = 'done' AND file_id IN (
                    SELECT id FROM files
                    WHERE kind IN ('video', 'audio')
                      AND (meeting_key = ? OR meeting_key > ? || '-' AND meeting_key < ? || '.'))
                """,
                (now, key, key, key),
            ).rowcount

    def trashable(self, account: str, ended_before: float, limit: int) -> list[CloudMeetingRecord]:
        """Return meetings of which nothing more is expected and everything was brought home."""
        rows = self._db.query(
            f"""
            SELECT * FROM cloud_meetings
            WHERE account = ? AND ended_at <= ? AND look_at IS NULL AND trashed_at IS NULL
              AND is_kept = 0 AND {_TAKEN} AND NOT EXISTS (
                SELECT 1 FROM files WHERE {_OF_MEETING} AND files.gone = 0
                  AND (files.verdict <> 'ready' OR NOT EXISTS (
                    SELECT 1 FROM jobs WHERE jobs.file_id = files.id AND jobs.state = 'done'
                      AND jobs.size = files.size AND jobs.mtime_ns = files.mtime_ns)))
            ORDER BY ended_at LIMIT ?
            """,  # noqa: S608  only our own words are put in
            (account, ended_before, limit),
        )
        return [_record_of(row) for row in rows]

    def trashed(self) -> list[CloudMeetingRecord]:
        """Return the meetings whose cloud copy was moved to the trash, the newest first."""
        rows = self._db.query(
            "SELECT * FROM cloud_meetings WHERE trashed_at IS NOT NULL ORDER BY started_at DESC"
        )
        return [_record_of(row) for row in rows]

    def set_trashed(self, key: MeetingKey, trashed_at: float | None, *, is_kept: bool) -> None:
        """Take note that a cloud copy was moved to the trash, or was not after all, or is kept."""
        with self._db.write() as conn:
            conn.execute(
                "UPDATE cloud_meetings SET trashed_at = ?, is_kept = ? WHERE meeting_key = ?",
                (trashed_at, int(is_kept), key),
            )

    def files_of(self, key: MeetingKey) -> list[FileRecord]:
        """Return every file of a whole meeting that the cloud still has."""
        rows = self._db.query(
            """
            SELECT * FROM files
            WHERE (meeting_key = ? OR meeting_key > ? || '-' AND meeting_key < ? || '.')
              AND gone = 0
            """,
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

    def wanted(self, root: Path) -> set[Path]:
        """Return the files below *root* that are still to be sent."""
        return {
            blob_to_path(row["path"])
            for row in self._db.query(
                """
                SELECT files.path FROM jobs JOIN files ON files.id = jobs.file_id
                WHERE jobs.source <> 'local' AND jobs.state IN ('ready', 'running', 'blocked')
                  AND files.root = ?
                """,
                (path_to_blob(root),),
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
        looks=row["looks"],
        trashed_at=row["trashed_at"],
    )
