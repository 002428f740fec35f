"""What happened, as the queue's tables wrote it down.

Most of it is written by triggers, see `m008_journal`; what somebody did, and no job tells, is
noted here.
"""

import os
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.job import Job
from zoomsync_agent.core.naming import display_name
from zoomsync_agent.core.notices import HAPPENINGS, Happened
from zoomsync_agent.core.recording import Kind
from zoomsync_agent.sqlite import Database, blob_to_path

_ENTRY: Final = """
    SELECT activity.*, files.path, files.sha256, files.kind,
           coalesce(titles.title, files.title, '') AS title
"""
_WITH_FILE: Final = """
    LEFT JOIN files ON files.id = activity.file_id
    LEFT JOIN titles ON titles.meeting_key = files.meeting_key
"""
_NOTE: Final = """
    INSERT INTO activity (at, happening, file_id, about, detail) VALUES (?, ?, ?, ?, ?)
"""
_LIKE: Final = """
    AND (coalesce(titles.title, files.title) LIKE ? ESCAPE '!'
         OR CAST(files.path AS TEXT) LIKE ? ESCAPE '!')
"""
_MOST_SINGLE: Final = 20
"""More files that are tried again at once are told in one sentence."""
_CHUNK: Final = 1_000
_LAST: Final = 2**63 - 1
_KNOWN: Final = frozenset(map(str, Happening))


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it is stored, with the file that it is about, where it is about one."""

    id: int
    at: float
    happening: Happening
    job_id: int | None
    error_code: str | None
    detail: str
    title: str
    file_name: str
    sha256: str
    is_media: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """A receipt, as it is kept; `at` is when it was last given."""

    destination: str
    key: str
    size: int
    url: str
    at: float


class SqliteJournal:
    """The journal in the queue's database.

    Args:
        db: the queue's.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def note(self, happening: Happening, detail: str, at: float) -> None:
        """Write down what somebody did, at epoch seconds *at*."""
        with self._db.write() as conn:
            note(conn, happening, detail, at)

    def page(
        self, *, before: int | None, happenings: Collection[Happening], text: str, limit: int
    ) -> list[Entry]:
        """Return entries, the newest first.

        Args:
            before: only what is older than this one.
            happenings: only these; all where empty.
            text: only those whose title or file name holds it, in whatever case.
            limit: how many at most.
        """
        named = ", ".join(f"'{Happening(one)}'" for one in happenings)
        which = f"AND activity.happening IN ({named})" if happenings else ""
        wanted = text.casefold()
        like = _pattern(wanted)
        which += _LIKE if like else ""
        chunk = _CHUNK if wanted else limit
        found: list[Entry] = []
        last = _LAST if before is None else min(max(before, 0), _LAST)
        while len(found) < limit:
            # Whoever looks for a text may have to go through all of it, but not hold it all.
            rows = self._db.query(
                f"""
                {_ENTRY} FROM activity {_WITH_FILE} WHERE activity.id < ? {which}
                ORDER BY activity.id DESC LIMIT ?
                """,
                (last, *like, chunk),
            )
            found += (_entry_of(row) for row in rows if _is_wanted(row, wanted))
            if len(rows) < chunk:
                break
            last = rows[-1]["id"]
        return found[:limit]

    def newest(self) -> int:
        """Return the number of the newest entry; 0 where there is none."""
        return int(self._db.query("SELECT coalesce(max(id), 0) AS id FROM activity")[0]["id"])

    def since(self, entry: int, last: int, limit: int) -> list[Happened]:
        """Return what may be worth a notice after *entry* up to *last*, the oldest first.

        Args:
            entry: number of an entry.
            last: number of the last one that is looked at.
            limit: how many at most.
        """
        named = ", ".join(f"'{one}'" for one in HAPPENINGS)
        rows = self._db.query(
            f"""
            {_ENTRY}, files.meeting_key FROM activity {_WITH_FILE}
            WHERE activity.id > ? AND activity.id <= ? AND activity.happening IN ({named})
            ORDER BY activity.id LIMIT ?
            """,
            (entry, last, limit),
        )
        return [
            Happened(
                row["id"],
                Happening(row["happening"]),
                row["meeting_key"] or row["about"] or "",
                display_name(row["title"]),
                row["error_code"],
            )
            for row in rows
        ]

    def of(self, sha256: str, about: Collection[str]) -> list[Entry]:
        """Return what happened to a content and its files, the oldest first.

        Args:
            sha256: the content.
            about: what else an entry may be about: keys of meetings.
        """
        keys = [sha256, *about]
        marks = ", ".join("?" for _ in keys)
        rows = self._db.query(
            f"""
            {_ENTRY} FROM (
                SELECT id FROM activity WHERE file_id IN (SELECT id FROM files WHERE sha256 = ?)
                UNION SELECT id FROM activity WHERE about IN ({marks})
            ) AS chosen CROSS JOIN activity ON activity.id = chosen.id {_WITH_FILE}
            ORDER BY activity.id
            """,  # noqa: S608  only our own words and question marks are put in
            [sha256, *keys],
        )
        return [_entry_of(row) for row in rows if _is_wanted(row, "")]

    def proofs(self, sha256: str) -> list[Proof]:
        """Return the receipts of a recording that hold."""
        rows = self._db.query(
            """
            SELECT * FROM objects
            WHERE sha256 = ? AND scope = '' AND verified_at IS NOT NULL ORDER BY verified_at
            """,
            (sha256,),
        )
        return [
            Proof(row["destination"], row["key"], row["size"], row["url"] or "", row["verified_at"])
            for row in rows
        ]

    def became_safe(self, destination: str, bounds: Sequence[float]) -> list[int]:
        """Return how many bytes were first proven between each two neighbours of *bounds*."""
        return [
            int(
                self._db.query(
                    """
                    SELECT coalesce(sum(size), 0) AS size FROM objects
                    WHERE destination = ? AND scope = '' AND safe_at IS NOT NULL
                      AND safe_at >= ? AND safe_at < ?
                    """,
                    (destination, first, last),
                )[0]["size"]
            )
            for first, last in pairwise(bounds)
        ]


def note(
    conn: sqlite3.Connection,
    happening: Happening,
    detail: str,
    at: float,
    *,
    file_id: int | None = None,
    about: str | None = None,
) -> None:
    """Write down what happened, inside a transaction of the caller."""
    conn.execute(_NOTE, (at, happening, file_id, about, detail))


def note_retried(conn: sqlite3.Connection, jobs: Sequence[Job], at: float) -> None:
    """Write down that somebody wants *jobs*, which had ended or were blocked, tried again.

    What comes of it is news, even should it be what it was.
    """
    conn.executemany("UPDATE jobs SET told = '' WHERE id = ?", [(job.id,) for job in jobs])
    if len(jobs) > _MOST_SINGLE:
        note(conn, Happening.RETRIED, str(len(jobs)), at)
        return
    conn.executemany(
        "INSERT INTO activity (at, happening, job_id, file_id) VALUES (?, 'retried', ?, ?)",
        [(at, job.id, job.file_id) for job in jobs],
    )


def _pattern(text: str) -> tuple[str, ...]:
    """Return what SQLite can sieve by: it folds no letters but those of English."""
    if not text or not text.isascii():
        return ()
    plain = text.replace("!", "!!").replace("%", "!%").replace("_", "!_").replace("\0", " ")
    return (f"%{plain}%",) * 2


def _is_wanted(row: sqlite3.Row, text: str) -> bool:
    """Return whether an entry is about *text*; one of a later version of the agent is not told."""
    if row["happening"] not in _KNOWN:
        return False
    if not text:
        return True
    name = os.fsdecode(row["path"] or b"").rpartition(os.sep)[2]
    return text in row["title"].casefold() or text in name.casefold()


def _entry_of(row: sqlite3.Row) -> Entry:
    has_file = row["path"] is not None
    return Entry(
        id=row["id"],
        at=row["at"],
        happening=Happening(row["happening"]),
        job_id=row["job_id"],
        error_code=row["error_code"],
        detail=row["detail"],
        title=display_name(row["title"]),
        file_name=display_name(blob_to_path(row["path"]).name) if has_file else "",
        sha256=row["sha256"] or "",
        is_media=has_file and Kind(row["kind"]).is_media,
    )
