"""The embedded catalog: the same rows as the remote one, in a SQLite file of its own."""

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from zoomsync_agent.catalog.lists import Lists
from zoomsync_agent.catalog.table import BRIEF, COLUMNS, naming_errors, row_of, typed
from zoomsync_agent.core import rows
from zoomsync_agent.core.listing import Listing, Query
from zoomsync_agent.core.recording import MeetingKey, ProcessingStatus, RecordingId, RecordingRow
from zoomsync_agent.sqlite import Database

_UPSERT: Final = f"""
    INSERT INTO recordings ({", ".join(COLUMNS)})
    VALUES ({", ".join(f":{column}" for column in COLUMNS)})
    ON CONFLICT (recording_id) DO UPDATE SET
        {", ".join(f"{c} = excluded.{c}" for c in COLUMNS if c not in ("recording_id", "created_at"))}
    WHERE excluded.updated_at >= recordings.updated_at
"""  # noqa: S608, E501  only our own column names are put in
_LIST: Final = """
    INSERT OR REPLACE INTO listed
    SELECT rowid, recording_id, coalesce(started_at, created_at), ?, file_size, updated_at,
           processing_status, source, kind
    FROM recordings WHERE recording_id = ? AND meeting_title = ?
"""
_LAST_CHARACTER: Final = "\U0010ffff"


class LocalCatalog:
    """`Catalog` in a SQLite file.

    Args:
        db: the file.
        on_change: told after every row that was published.
    """

    name = "local"

    def __init__(self, db: Database, *, on_change: Callable[[], None] = lambda: None) -> None:
        self._db = db
        self._on_change = on_change

    def publish(self, row: RecordingRow) -> None:
        """Insert or update the row; an older row never replaces a newer one."""
        with naming_errors():
            columns = rows.as_dict(row)
            columns["action_items"] = json.dumps(columns["action_items"], ensure_ascii=False)
            with self._db.write() as conn:
                if conn.execute(_UPSERT, columns).rowcount:
                    _list(conn, row.recording_id, row.meeting_title)
        self._on_change()

    def give_up(self, sha256: str, updated_at: float) -> None:
        """Let the row of a recording that nobody uploads any more say so."""
        for row in self._rows("WHERE sha256 = ? AND processing_status = 'uploading'", (sha256,)):
            failed = replace(row, processing_status=ProcessingStatus.FAILED, updated_at=updated_at)
            self.publish(failed)

    def get(self, recording_id: RecordingId) -> RecordingRow | None:
        """Return one row."""
        found = self._rows("WHERE recording_id = ?", (typed(recording_id),))
        return found[0] if found else None

    def recent(
        self, *, status: str | None = None, limit: int | None = None
    ) -> Sequence[RecordingRow]:
        """Return rows, the newest meeting first."""
        where, parameters = ("WHERE listed.status = ?", [status]) if status else ("", [])
        with naming_errors():
            found = self._db.query(
                f"""
                SELECT recordings.* FROM listed INDEXED BY listed_moment
                CROSS JOIN recordings ON recordings.rowid = listed.id {where}
                ORDER BY listed.moment DESC, listed.recording_id DESC LIMIT ?
                """,  # noqa: S608  only our own words are put in
                [*parameters, -1 if limit is None else limit],
            )
        return [row_of(row) for row in found]

    def of_meeting(self, key: MeetingKey) -> Sequence[RecordingRow]:
        """Return the rows of one meeting, wherever it was recorded."""
        return self._rows("WHERE meeting_key = ? ORDER BY source, part, file_name", (typed(key),))

    def with_hashes(self, hashes: Collection[str]) -> Mapping[str, RecordingRow]:
        """Return rows by their content, without transcripts; of several the newest."""
        if not hashes:
            return {}
        with naming_errors():
            found = self._db.query(
                f"""
                SELECT {BRIEF} FROM json_each(?) CROSS JOIN recordings ON sha256 = value
                ORDER BY updated_at
                """,  # noqa: S608  only our own column names are put in
                (json.dumps(list(hashes)),),
            )
        return {row["sha256"]: row_of(row) for row in found}

    def rename(self, recording_id: RecordingId, title: str, updated_at: float) -> None:
        """Give a row another title and nothing else, unless it is newer than *updated_at*."""
        moment = rows.iso(updated_at)
        with naming_errors(), self._db.write() as conn:
            conn.execute(
                """
                UPDATE recordings SET meeting_title = ?, updated_at = ?
                WHERE recording_id = ? AND updated_at <= ?
                """,
                (title, moment, recording_id, moment),
            )
            _list(conn, recording_id, title)
        self._on_change()

    def starting_with(self, prefix: str) -> Sequence[RecordingRow]:
        """Return the rows whose id begins with *prefix*, in whatever case it is typed."""
        first = typed(prefix)
        found = {
            row.recording_id: row
            for one in (first, first.lower())
            for row in self._rows(
                "WHERE recording_id >= ? AND recording_id < ?", (one, one + _LAST_CHARACTER)
            )
        }
        return list(found.values())

    def search(self, text: str, *, limit: int = 50) -> Sequence[tuple[RecordingRow, str]]:
        """Return rows that hold every word of *text*, best first, with the hit in context.

        A word also matches as the beginning of a longer one. The hit is marked with « and ».
        """
        if not text.strip():
            return []
        page = Lists(self._db).page(Query(text, limit=limit))
        whole = {row.recording_id: row for row in self._whole(page)}
        return [(whole[one.row.recording_id], one.hit) for one in page.found]

    def _whole(self, page: Listing) -> list[RecordingRow]:
        ids = json.dumps([found.row.recording_id for found in page.found])
        return self._rows("WHERE recording_id IN (SELECT value FROM json_each(?))", (ids,))

    def has_files_below(self, url: str) -> bool:
        """Return whether any row's file lies below *url*."""
        prefix = url.rstrip("/") + "/"
        with naming_errors():
            return bool(
                self._db.query(
                    "SELECT 1 FROM recordings WHERE substr(file_url, 1, ?) = ? LIMIT 1",
                    (len(prefix), prefix),
                )
            )

    def _rows(self, tail: str, parameters: Sequence[Any]) -> list[RecordingRow]:
        with naming_errors():
            found = self._db.query(f"SELECT * FROM recordings {tail}", parameters)  # noqa: S608
        return [row_of(row) for row in found]


def _list(conn: sqlite3.Connection, recording_id: RecordingId, title: str) -> None:
    """Let lists show a row as it is now, if its title is *title*."""
    conn.execute(_LIST, (title.casefold(), recording_id, title))
