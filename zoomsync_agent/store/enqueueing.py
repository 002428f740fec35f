"""From a decided sighting to its row and its job, inside one transaction of the caller."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

from zoomsync_agent.core.errors import RecordingDeleted, SourceChanged, SourceMissing
from zoomsync_agent.core.job import LOCAL, FileId, Step
from zoomsync_agent.ports import Decided
from zoomsync_agent.sqlite import path_to_blob

CAME_BACK: Final = (SourceMissing.code, SourceChanged.code, RecordingDeleted.code)
"""Ends of a job that are undone when its file is there again."""

_UPSERT_FILE: Final = """
    INSERT INTO files (path, folder, root, size, mtime_ns, device, inode, kind, part, participant,
                       meeting_key, title, started_at, duration, verdict, percent, detail,
                       first_seen, is_history, source, origin)
    VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (path) DO UPDATE SET
        sha256 = CASE WHEN size = excluded.size AND mtime_ns = excluded.mtime_ns
                      THEN sha256 END,
        root = excluded.root, size = excluded.size, mtime_ns = excluded.mtime_ns,
        inode = excluded.inode, kind = excluded.kind,
        part = excluded.part, participant = excluded.participant,
        meeting_key = excluded.meeting_key, title = excluded.title,
        started_at = excluded.started_at,
        duration = coalesce(excluded.duration, duration),
        verdict = excluded.verdict, percent = excluded.percent, detail = excluded.detail,
        first_seen = CASE WHEN gone = 1 AND id IN (
                              SELECT file_id FROM freed WHERE freed_at IS NOT NULL)
                          THEN excluded.first_seen ELSE first_seen END,
        gone = 0, is_history = excluded.is_history,
        source = excluded.source, origin = excluded.origin
    RETURNING id
"""


def remember(conn: sqlite3.Connection, one: Decided, now: float) -> FileId:
    """Store a file as it was seen and decided about, and return its number."""
    seen = one.sighting
    row = conn.execute(
        _UPSERT_FILE,
        (
            path_to_blob(seen.path),
            path_to_blob(seen.path.parent),
            path_to_blob(seen.root),
            seen.identity.size,
            seen.identity.mtime_ns,
            str(seen.inode),
            seen.kind,
            seen.part,
            None if seen.participant is None else _text(seen.participant),
            _text(seen.meeting.key),
            _text(seen.meeting.title),
            seen.meeting.started_at,
            seen.duration_seconds,
            one.verdict.reason,
            one.verdict.percent,
            _text(one.verdict.detail),
            now,
            int(one.is_history),
            seen.source,
            seen.origin,
        ),
    ).fetchone()
    return FileId(row["id"])


def enqueue(
    conn: sqlite3.Connection, one: Decided, file_id: FileId, destination: str, now: float
) -> int:
    """Store the job of a ready file; return 1 if it is new or ready again, else 0."""
    identity = one.sighting.identity
    recorded_at = one.sighting.meeting.started_at or identity.mtime_ns / 1e9
    source = one.sighting.source
    first = Step.IDENTIFY if source == LOCAL else Step.FETCH
    new = conn.execute(
        """
        INSERT INTO jobs (file_id, destination, source, size, mtime_ns, step, state, priority,
                          recorded_at, created_at, updated_at)
        VALUES (?, ?, ?, ?, ?, ?, 'ready', ?, ?, ?, ?) ON CONFLICT DO NOTHING
        """,
        (
            file_id,
            destination,
            source,
            identity.size,
            identity.mtime_ns,
            first,
            one.priority,
            recorded_at,
            now,
            now,
        ),
    ).rowcount
    if new:
        return 1  # there was none that could come back
    return conn.execute(
        f"""
        UPDATE jobs SET state = 'ready', step = ?, attempt = 0, not_before = 0,
                        error_code = NULL, error_detail = '', cancel_requested = 0,
                        updated_at = ?
        WHERE file_id = ? AND destination = ? AND size = ? AND mtime_ns = ?
          AND state IN ('failed', 'cancelled')
          AND error_code IN ({", ".join("?" for _ in CAME_BACK)})
        """,  # noqa: S608  only question marks are put in
        (first, now, file_id, destination, identity.size, identity.mtime_ns, *CAME_BACK),
    ).rowcount


def enqueue_missing(conn: sqlite3.Connection, destination: str, now: float) -> int:
    """Store a job for every ready file that has none for *destination*; return how many."""
    return conn.execute(
        """
        INSERT INTO jobs (file_id, destination, source, size, mtime_ns, step, state, priority,
                          recorded_at, created_at, updated_at)
        SELECT id, ?, source, size, mtime_ns,
               CASE source WHEN 'local' THEN 'identify' ELSE 'fetch' END, 'ready', is_history,
               coalesce(started_at, mtime_ns / 1e9), ?, ?
        FROM files WHERE verdict = 'ready' AND gone = 0 AND NOT EXISTS (
            -- What somebody does not want there they do not want elsewhere.
            SELECT 1 FROM jobs WHERE jobs.file_id = files.id AND jobs.state = 'cancelled'
              AND jobs.size = files.size AND jobs.mtime_ns = files.mtime_ns)
        ON CONFLICT DO NOTHING
        """,
        (destination, now, now),
    ).rowcount


def forget_unfinished(conn: sqlite3.Connection, *, but: Sequence[str]) -> None:
    """Forget what is neither done nor cancelled for destinations other than those of *but*."""
    conn.execute(
        "DELETE FROM jobs WHERE state NOT IN ('done', 'cancelled') AND destination NOT IN "
        "(SELECT value FROM json_each(?))",
        (json.dumps(list(but)),),
    )


def forget_place(conn: sqlite3.Connection, destination: str) -> None:
    """Forget what *destination* holds and what was done for it, but not what was cancelled.

    A job that runs goes on: it looks for its receipt before it ends, and begins anew.
    """
    conn.execute("DELETE FROM objects WHERE destination = ?", (destination,))
    conn.execute(
        "DELETE FROM jobs WHERE destination = ? AND state NOT IN ('running', 'cancelled')",
        (destination,),
    )


def forget_history(conn: sqlite3.Connection, cloud_since: float) -> None:
    """Forget what was decided about history, with the jobs of the backlog that have not begun.

    What a cloud has from before *cloud_since*, in epoch seconds, is left out at once.
    """
    unbegun = "priority > 0 AND state = 'ready' AND attempt = 0 AND step IN ('fetch', 'identify')"
    conn.execute(
        f"""
        UPDATE files SET verdict = CASE
            WHEN source <> 'local' AND coalesce(started_at, 0) < ? THEN 'history'
            ELSE 'settling' END
        WHERE verdict = 'history' OR id IN (SELECT file_id FROM jobs WHERE {unbegun})
        """,  # noqa: S608  only our own words are put in
        (cloud_since,),
    )
    conn.execute(f"DELETE FROM jobs WHERE {unbegun}")  # noqa: S608  likewise


def _text(name: str) -> str:
    """Make text of a file name that need not be text."""
    return name.encode("utf-8", "replace").decode()
