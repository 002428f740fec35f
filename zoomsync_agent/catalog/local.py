"""The embedded catalog: the same rows as the remote one, in a SQLite file of its own."""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import AgentError, RemoteUnavailable, Unexpected
from zoomsync_agent.core.recording import MeetingKey, ProcessingStatus, RecordingId, RecordingRow
from zoomsync_agent.sqlite import Database

_COLUMNS: Final = (
    "recording_id", "user_id", "file_url", "meeting_title", "file_name", "file_size",
    "created_at", "updated_at", "processing_status", "transcription_text", "summary",
    "action_items", "sha256", "started_at", "duration_seconds", "kind", "part", "participant",
    "source", "meeting_key", "destination", "object_key", "device",
)  # fmt: skip
_UPSERT: Final = f"""
    INSERT INTO recordings ({", ".join(_COLUMNS)})
    VALUES ({", ".join(f":{column}" for column in _COLUMNS)})
    ON CONFLICT (recording_id) DO UPDATE SET
        {", ".join(f"{c} = excluded.{c}" for c in _COLUMNS if c not in ("recording_id", "created_at"))}
    WHERE excluded.updated_at >= recordings.updated_at
"""  # noqa: S608, E501  only our own column names are put in


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
                conn.execute(_UPSERT, columns)
        self._on_change()

    def give_up(self, sha256: str, updated_at: float) -> None:
        """Let the row of a recording that nobody uploads any more say so."""
        for row in self._rows("WHERE sha256 = ? AND processing_status = 'uploading'", (sha256,)):
            failed = replace(row, processing_status=ProcessingStatus.FAILED, updated_at=updated_at)
            self.publish(failed)

    def get(self, recording_id: RecordingId) -> RecordingRow | None:
        """Return one row."""
        found = self._rows("WHERE recording_id = ?", (_typed(recording_id),))
        return found[0] if found else None

    def recent(
        self, *, status: str | None = None, limit: int | None = None
    ) -> Sequence[RecordingRow]:
        """Return rows, the newest meeting first."""
        where, parameters = ("WHERE processing_status = ?", [status]) if status else ("", [])
        return self._rows(
            f"{where} ORDER BY coalesce(started_at, created_at) DESC, recording_id LIMIT ?",
            [*parameters, -1 if limit is None else limit],
        )

    def of_meeting(self, key: MeetingKey) -> Sequence[RecordingRow]:
        """Return the rows of one meeting, wherever it was recorded."""
        return self._rows("WHERE meeting_key = ? ORDER BY source, part, file_name", (_typed(key),))

    def starting_with(self, prefix: str) -> Sequence[RecordingRow]:
        """Return the rows whose id begins with *prefix*."""
        escaped = _typed(prefix).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return self._rows("WHERE recording_id LIKE ? ESCAPE '\\'", (f"{escaped}%",))

    def search(self, text: str, *, limit: int = 50) -> Sequence[tuple[RecordingRow, str]]:
        """Return rows that hold every word of *text*, best first, with the hit in context.

        A word also matches as the beginning of a longer one. The hit is marked with « and ».
        """
        words = [word.replace('"', '""') for word in _typed(text).split()]
        if not words:
            return []
        with naming_errors():
            found = self._db.query(
                """
                SELECT recordings.*, snippet(recordings_fts, -1, '«', '»', '…', 12) AS hit
                FROM recordings_fts JOIN recordings ON recordings.rowid = recordings_fts.rowid
                WHERE recordings_fts MATCH ? ORDER BY bm25(recordings_fts, 10, 5, 1, 2) LIMIT ?
                """,
                (" ".join(f'"{word}"*' for word in words), limit),
            )
        return [(row_of(row), row["hit"]) for row in found]

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


def _typed(text: str) -> str:
    """Return what somebody typed as text that SQLite can hold: no NUL, no half characters."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def row_of(row: sqlite3.Row) -> RecordingRow:
    """Return what a row of the table `recordings` says."""
    columns = {name: row[name] for name in _COLUMNS}
    columns["action_items"] = json.loads(columns["action_items"])
    return rows.from_dict(columns)


@contextlib.contextmanager
def naming_errors() -> Iterator[None]:
    """Turn what SQLite raises into errors of the agent."""
    try:
        yield
    except AgentError:
        raise
    except (sqlite3.IntegrityError, ArithmeticError, ValueError) as exc:
        raise Unexpected(f"a row that the catalog cannot hold: {exc}") from exc
    except sqlite3.Error as exc:
        raise RemoteUnavailable(f"the catalog file: {exc}") from exc
