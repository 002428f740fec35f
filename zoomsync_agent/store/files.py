"""Remembered recording files, and what their texts say."""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from zoomsync_agent.core.job import FileId
from zoomsync_agent.core.naming import placeholder_name
from zoomsync_agent.core.readiness import Reason, Verdict
from zoomsync_agent.core.recording import FileIdentity, Kind, Meeting, MeetingKey
from zoomsync_agent.ports import FileRecord, KnownFile, Sighting
from zoomsync_agent.sqlite import Database, blob_to_path, path_to_blob

FREED: Final = "EXISTS (SELECT 1 FROM freed WHERE file_id = files.id AND freed_at IS NOT NULL)"
"""Whether a file that is gone went to the trash because it is safe, in SQL."""
SETTLED: Final = frozenset({Reason.READY, Reason.HISTORY})
"""Verdicts that stand until the file changes."""


def file_of(row: sqlite3.Row) -> FileRecord:
    """Read a row of `files`."""
    return FileRecord(
        id=FileId(row["id"]),
        path=blob_to_path(row["path"]),
        root=blob_to_path(row["root"]),
        identity=FileIdentity(row["size"], row["mtime_ns"]),
        inode=int(row["inode"]),
        kind=Kind(row["kind"]),
        part=row["part"],
        participant=row["participant"],
        meeting=Meeting(MeetingKey(row["meeting_key"]), row["title"], row["started_at"]),
        duration_seconds=row["duration"],
        verdict=Verdict(Reason(row["verdict"]), percent=row["percent"], detail=row["detail"]),
        is_gone=bool(row["gone"]),
        sha256=row["sha256"],
        source=row["source"],
        origin=row["origin"],
    )


class SqliteFileStore:
    """`FileStore` over the queue's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def known(self, folder: Path | None) -> dict[str, KnownFile]:
        """Return the files remembered in *folder* itself, or everywhere, by path."""
        sql = "SELECT path, size, mtime_ns, verdict, percent, detail FROM files WHERE gone = 0"
        parameters: tuple[bytes, ...] = ()
        if folder is not None:
            sql += " AND folder = ?"
            parameters = (path_to_blob(folder),)
        return {
            os.fsdecode(path): KnownFile(
                FileIdentity(size, mtime_ns),
                is_settled=reason in SETTLED,
                verdict=None if reason in SETTLED else Verdict(Reason(reason), percent, None, said),
            )
            for path, size, mtime_ns, reason, percent, said in self._db.query(sql, parameters)
        }

    def history_among(self, sightings: Sequence[Sighting]) -> set[Path]:
        """Return the paths of those that are remembered as history."""
        return {seen.path for seen in sightings if self._is_history(seen)}

    def _is_history(self, seen: Sighting) -> bool:
        path, identity = path_to_blob(seen.path), seen.identity
        here = self._db.query(
            """
            SELECT 1 FROM files WHERE is_history = 1 AND (
                path = ? AND (gone = 0 OR size = ? AND mtime_ns = ?) OR path = ?)
            """,
            (
                path,
                identity.size,
                identity.mtime_ns,
                path_to_blob(seen.path.with_name(placeholder_name(seen.path.name))),
            ),
        )
        if here or not seen.inode:  # what lies in a cloud is found by its own id, not by an inode
            return bool(here)
        elsewhere = self._db.query(
            """
            SELECT path FROM files
            WHERE is_history = 1 AND inode = ? AND size = ? AND mtime_ns = ? AND path <> ?
            """,
            (str(seen.inode), identity.size, identity.mtime_ns, path),
        )
        # Where the other path still leads to the file this is a second link to it, or a copy.
        return any(not os.path.lexists(os.fsdecode(row["path"])) for row in elsewhere)

    def media_taken(self, meeting_key: MeetingKey) -> list[tuple[Verdict, bool]]:
        """Return how it was decided about the media of a meeting, and whether they are history."""
        rows = self._db.query(
            """
            SELECT verdict, is_history FROM files
            WHERE meeting_key = ? AND gone = 0 AND kind IN ('video', 'audio')
              AND verdict IN ('ready', 'history')
            """,
            (meeting_key,),
        )
        return [(Verdict(Reason(row["verdict"])), bool(row["is_history"])) for row in rows]

    def mark_gone(self, paths: Sequence[str]) -> None:
        """Remember that nothing lies at *paths* any more."""
        with self._db.write() as conn:
            conn.executemany(
                "UPDATE files SET gone = 1 WHERE path = ?", [(path_to_blob(p),) for p in paths]
            )

    def get(self, file_id: FileId) -> FileRecord:
        """Return one file."""
        return file_of(self._db.query("SELECT * FROM files WHERE id = ?", (file_id,))[0])

    def set_hash(self, file_id: FileId, identity: FileIdentity, sha256: str) -> None:
        """Remember the content's hash, unless the file is another version by now."""
        with self._db.write() as conn:
            conn.execute(
                "UPDATE files SET sha256 = ? WHERE id = ? AND size = ? AND mtime_ns = ?",
                (sha256, file_id, identity.size, identity.mtime_ns),
            )

    def with_hash(self, sha256: str) -> list[FileRecord]:
        """Return the files of this content, those still there and of a dated meeting first."""
        rows = self._db.query(
            """
            SELECT * FROM files WHERE sha256 = ?
            ORDER BY gone, started_at IS NULL, first_seen, id
            """,
            (sha256,),
        )
        return [file_of(row) for row in rows]

    def of_meeting(self, meeting_key: MeetingKey) -> list[FileRecord]:
        """Return the media files of a meeting that are hashed, and still there or freed."""
        rows = self._db.query(
            f"""
            SELECT * FROM files
            WHERE meeting_key = ? AND sha256 IS NOT NULL AND (gone = 0 OR {FREED})
              AND kind IN ('video', 'audio')
            ORDER BY id
            """,  # noqa: S608  our own words
            (meeting_key,),
        )
        return [file_of(row) for row in rows]

    def save_text(self, file: FileRecord, sha256: str, cues: str) -> None:
        """Keep what a text file says, as JSON."""
        with self._db.write() as conn:
            conn.execute(
                """
                INSERT INTO texts (file_id, meeting_key, kind, sha256, cues)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (file_id) DO UPDATE SET
                    meeting_key = excluded.meeting_key, kind = excluded.kind,
                    sha256 = excluded.sha256, cues = excluded.cues
                """,
                (file.id, file.meeting.key, file.kind, sha256, cues),
            )

    def texts_of(self, meeting_key: MeetingKey) -> dict[Kind, list[str]]:
        """Return the texts of a meeting, each content once."""
        texts: dict[Kind, list[str]] = {}
        for row in self._db.query(
            "SELECT kind, cues FROM texts WHERE meeting_key = ? GROUP BY sha256 ORDER BY file_id",
            (meeting_key,),
        ):
            texts.setdefault(Kind(row["kind"]), []).append(row["cues"])
        return texts
