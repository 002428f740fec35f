"""Which rows of the embedded catalog a remote one does not have yet.

There is no second copy of a row: that it waits is written down by the table of the rows itself, so
publishing it and putting it into the outbox are the same write.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from zoomsync_agent.catalog.table import naming_errors, row_of
from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.core.rows import iso
from zoomsync_agent.sqlite import Database

_NOTE: Final = """
    INSERT INTO deliveries (remote, recording_id, updated_at, error_code, error_detail)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET updated_at = excluded.updated_at,
        error_code = excluded.error_code, error_detail = excluded.error_detail
"""
_WAITS: Final = """
    INSERT OR REPLACE INTO undelivered
    SELECT ?, recordings.recording_id, recordings.user_id, recordings.updated_at FROM recordings
"""


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many rows a remote catalog will not have, and why not one of them."""

    count: int = 0
    code: str = ""
    detail: str = ""


class SqliteOutbox:
    """`Outbox` over the embedded catalog's database.

    Args:
        db: the catalog's file.
        remote: which remote catalog; another one has nothing yet.
    """

    def __init__(self, db: Database, remote: str) -> None:
        self._db = db
        self._remote = remote

    def pending(self, user_id: str, limit: int) -> list[RecordingRow]:
        """Return rows of *user_id* to be delivered, those that have waited longest first."""
        with naming_errors():
            self._expect()
            found = self._db.query(
                """
                SELECT recordings.* FROM undelivered CROSS JOIN recordings USING (recording_id)
                WHERE undelivered.remote = ? AND undelivered.user_id = ?
                ORDER BY undelivered.updated_at LIMIT ?
                """,
                (self._remote, user_id, limit),
            )
        return [row_of(row) for row in found]

    def waiting(self, user_id: str) -> int:
        """Return how many rows of *user_id* are to be delivered."""
        with naming_errors():
            self._expect()
            (row,) = self._db.query(
                "SELECT count(*) AS n FROM undelivered WHERE remote = ? AND user_id = ?",
                (self._remote, user_id),
            )
        return int(row["n"])

    def refusals(self) -> Refusals:
        """Return what the remote catalog will not have."""
        with naming_errors():
            found = self._db.query(
                """
                SELECT count(*) AS n, min(error_code) AS code, min(error_detail) AS detail
                FROM deliveries WHERE remote = ? AND error_code <> ''
                """,
                (self._remote,),
            )
        return Refusals(found[0]["n"], found[0]["code"] or "", found[0]["detail"] or "")

    def delivered(self, rows: Sequence[RecordingRow]) -> None:
        """Take note that the remote catalog has these versions, or newer ones."""
        self._note((row, "", "") for row in rows)

    def refused(self, row: RecordingRow, error: AgentError) -> None:
        """Take note that it will not have this version."""
        self._note([(row, error.code, error.detail)])

    def forget_refusals(self) -> None:
        """Let everything that was refused be tried again."""
        with naming_errors(), self._db.write() as conn:
            refused = "remote = ? AND error_code <> ''"
            conn.execute(
                f"{_WAITS} JOIN deliveries USING (recording_id) WHERE {refused}",
                (self._remote, self._remote),
            )
            conn.execute(f"DELETE FROM deliveries WHERE {refused}", (self._remote,))  # noqa: S608

    def forget(self) -> None:
        """Let every row be delivered again, which does no harm to those that are there."""
        with naming_errors(), self._db.write() as conn:
            conn.execute("DELETE FROM deliveries WHERE remote = ?", (self._remote,))
            conn.execute("INSERT OR IGNORE INTO remotes VALUES (?)", (self._remote,))
            conn.execute(_WAITS, (self._remote,))

    def _expect(self) -> None:
        """Let everything wait for a remote catalog that never asked before."""
        if not self._db.query("SELECT 1 FROM remotes WHERE remote = ?", (self._remote,)):
            self.forget()

    def _note(self, noted: Iterable[tuple[RecordingRow, str, str]]) -> None:
        versions = [
            (self._remote, row.recording_id, iso(row.updated_at), code, detail)
            for row, code, detail in noted
        ]
        with naming_errors():
            self._expect()
        with naming_errors(), self._db.write() as conn:
            conn.executemany(_NOTE, versions)
            # A row that has changed meanwhile goes on waiting.
            conn.executemany(
                "DELETE FROM undelivered WHERE remote = ? AND recording_id = ? AND updated_at = ?",
                [version[:3] for version in versions],
            )
