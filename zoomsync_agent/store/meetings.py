"""What is known of meetings as a whole: their summaries, and which recordings are of the same."""

import json
import sqlite3
from collections.abc import Collection

from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.job import LOCAL
from zoomsync_agent.core.naming import whole_meeting
from zoomsync_agent.core.recording import MeetingKey, RecordingId
from zoomsync_agent.core.twins import TOLERANCE_SECONDS, Span, is_twin
from zoomsync_agent.ports import FileRecord, Summary
from zoomsync_agent.sqlite import Database
from zoomsync_agent.store.journal import note


class SqliteMeetingStore:
    """`MeetingStore` over the queue's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def summary_of(self, key: MeetingKey) -> Summary:
        """Return what the cloud wrote about a meeting; empty where it wrote nothing."""
        rows = self._db.query(
            "SELECT summary, action_items FROM cloud_meetings WHERE meeting_key = ?",
            (whole_meeting(key),),
        )
        if not rows:
            return Summary()
        return Summary(rows[0]["summary"], tuple(json.loads(rows[0]["action_items"])))

    def title_of(self, key: MeetingKey | RecordingId) -> str:
        """Return the title that somebody gave to a meeting; empty where nobody did."""
        rows = self._db.query("SELECT title FROM titles WHERE meeting_key = ?", (key,))
        return rows[0]["title"] if rows else ""

    def rename(
        self,
        key: MeetingKey | RecordingId,
        hashes: Collection[str],
        title: str,
        *,
        destination: str,
        now: float,
    ) -> int:
        """Give a meeting a title for good, and have what lies beside its recordings say so.

        The rows of its recordings are told by whoever calls; their jobs publish once more.

        Args:
            key: the key that the rows share, or the id of a recording without one.
            hashes: the contents of its recordings.
            title: the title.
            destination: the one in use.
            now: epoch seconds.

        Returns how many jobs publish again.
        """
        contents = json.dumps(list(hashes))
        with self._db.write() as conn:
            # Under the files' own keys too: a segment of a meeting in a cloud has one for itself.
            conn.execute(
                """
                INSERT INTO titles
                SELECT ?, ? UNION
                SELECT meeting_key, ? FROM files WHERE sha256 IN (SELECT value FROM json_each(?))
                ON CONFLICT DO UPDATE SET title = excluded.title
                """,
                (key, title, title, contents),
            )
            note(conn, Happening.RENAMED, title, now, about=key)
            return conn.execute(
                """
                UPDATE jobs SET state = 'ready', step = 'publish', attempt = 0, not_before = 0,
                                error_code = NULL, error_detail = '', updated_at = ?
                WHERE state = 'done' AND destination = ? AND file_id IN (
                    SELECT id FROM files WHERE kind IN ('video', 'audio')
                      AND sha256 IN (SELECT value FROM json_each(?)))
                """,
                (now, destination, contents),
            ).rowcount

    def group_of(self, file: FileRecord) -> MeetingKey:
        """Return the key that all recordings of a file's meeting share, wherever they were made.

        Once given it stays: rows that were published with it need not be published again.
        """
        key = whole_meeting(file.meeting.key)
        if file.meeting.started_at is None:
            return key
        known = self._db.query("SELECT group_key FROM twins WHERE meeting_key = ?", (key,))
        if known:
            return MeetingKey(known[0]["group_key"])
        if self._twin(self._db.connection(), file) is None:
            return key
        with self._db.write() as conn:
            twin = self._twin(conn, file)
            if twin is None:
                return key
            row = conn.execute(
                "SELECT group_key FROM twins WHERE meeting_key = ?", (twin,)
            ).fetchone()
            group = MeetingKey(row["group_key"]) if row else twin
            conn.executemany(
                "INSERT INTO twins VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(key, group), (twin, group)],
            )
        return group

    @staticmethod
    def _twin(conn: sqlite3.Connection, file: FileRecord) -> MeetingKey | None:
        """Return the meeting of another source that is the same as the file's; None if none is."""
        started_at = file.meeting.started_at or 0.0
        own = Span(file.meeting.title, started_at, file.duration_seconds)
        is_other = "source <> 'local'" if file.source == LOCAL else "source = 'local'"
        rows = conn.execute(
            f"""
            SELECT meeting_key, title, started_at, duration FROM files
            WHERE started_at BETWEEN ? AND ? AND kind IN ('video', 'audio')
              AND participant IS NULL AND {is_other}
            """,  # noqa: S608  only our own words are put in
            (started_at - TOLERANCE_SECONDS, started_at + TOLERANCE_SECONDS),
        ).fetchall()
        found = [
            (abs(row["started_at"] - started_at), row["meeting_key"])
            for row in rows
            if is_twin(own, Span(row["title"], row["started_at"], row["duration"]))
        ]
        return whole_meeting(MeetingKey(min(found)[1])) if found else None
