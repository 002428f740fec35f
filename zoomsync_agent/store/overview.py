"""Reads the queue for people; writes nothing, so it works with and without a running agent."""

import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from zoomsync_agent.core import snapshot
from zoomsync_agent.core.facts import UPLOAD, ZOOM
from zoomsync_agent.core.job import LOCAL, JobId, State, Step
from zoomsync_agent.core.naming import display_name
from zoomsync_agent.core.progress import Progress
from zoomsync_agent.core.readiness import Reason, Verdict
from zoomsync_agent.core.recording import partial_of
from zoomsync_agent.core.snapshot import Active, Amount, Waiting
from zoomsync_agent.sqlite import Database, blob_to_path, path_to_blob
from zoomsync_agent.store.gates import GATE

_UNFINISHED: Final = """
    FROM jobs JOIN files ON files.id = jobs.file_id
    WHERE jobs.state IN ('ready', 'blocked', 'failed', 'cancelled', 'running')
      AND NOT (jobs.state = 'cancelled' AND jobs.error_code IS 'source_changed')
      -- What was cancelled and then deleted concerns nobody any more.
      AND NOT (jobs.state = 'cancelled' AND files.gone = 1)
      -- Content that is safe is safe, whatever became of this file.
      AND NOT (jobs.error_code IS 'source_missing' AND EXISTS (
          SELECT 1 FROM objects WHERE objects.sha256 = files.sha256
            AND objects.verified_at IS NOT NULL))
      -- A file that was moved before it was uploaded has its job under its new name.
      AND NOT (jobs.error_code IS 'source_missing' AND EXISTS (
          SELECT 1 FROM files moved WHERE moved.gone = 0 AND moved.id <> files.id
            AND moved.size = jobs.size AND moved.mtime_ns = jobs.mtime_ns
            AND moved.inode = files.inode))
"""


_PLACES: Final = {ZOOM: "in Zoom's cloud", UPLOAD: "handed in"}


_UNDER_WAY: Final = "It is being brought into the archive."


class Overview:
    """What the queue looks like now.

    `verdict <> 'ready'` stands wherever a verdict is asked for: SQLite takes the index of the few
    files that wait only where the condition of that index is said word for word.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def active(self) -> tuple[Active, ...]:
        """Return the files that are being worked on."""
        return tuple(
            Active(
                job_id=row["id"],
                file_name=_name(row["path"]),
                meeting_title=row["title"],
                step=Step(row["step"]),
                size=row["size"],
                sent=_fetched(row["path"]) if row["step"] == Step.FETCH else row["sent"] or 0,
            )
            for row in self._db.query("""
                SELECT jobs.id, jobs.step, jobs.size, files.path, files.title, objects.sent
                FROM jobs JOIN files ON files.id = jobs.file_id
                LEFT JOIN objects ON objects.job_id = jobs.id AND objects.verified_at IS NULL
                WHERE jobs.state = 'running' ORDER BY jobs.id
            """)
        )

    def waiting(self, limit: int, *, is_running: bool) -> tuple[Waiting, ...]:
        """Return files that are not uploaded, those that need somebody first.

        Without an agent, what says that it is being worked on was interrupted.
        """
        jobs = [
            _waiting_of(row)
            for row in self._db.query(
                f"""
                SELECT jobs.*, files.path, files.title, files.source {_UNFINISHED}
                  AND (jobs.state <> 'running' OR ?)
                ORDER BY CASE jobs.state WHEN 'failed' THEN 0 WHEN 'blocked' THEN 1
                                         WHEN 'ready' THEN 2 ELSE 3 END,
                         jobs.priority, jobs.recorded_at, jobs.id LIMIT ?
                """,
                (not is_running, limit),
            )
        ]
        files = [
            snapshot.waiting_for_readiness(
                _shown(row["path"], row["source"]),
                row["title"],
                row["size"],
                Verdict(Reason(row["verdict"]), percent=row["percent"], detail=row["detail"]),
            )
            for row in self._db.query(
                """
                SELECT * FROM files
                WHERE verdict <> 'ready' AND verdict <> 'history' AND gone = 0
                ORDER BY started_at DESC, path LIMIT ?
                """,
                (limit,),
            )
        ]
        return tuple((jobs + files)[:limit])

    def why_not(self, sha256: str, *, is_running: bool) -> Waiting | None:
        """Return why a content is not uploaded, as far as a job of one of its files tells.

        With an agent that runs, what is being worked on is on its way.
        """
        rows = self._db.query(
            """
            SELECT jobs.*, files.path, files.title, files.source
            FROM files JOIN jobs ON jobs.file_id = files.id
            WHERE files.sha256 = ? AND jobs.state <> 'done'
            ORDER BY files.gone, jobs.updated_at DESC LIMIT 1
            """,
            (sha256,),
        )
        if not rows:
            return None
        waiting = _waiting_of(rows[0])
        if is_running and waiting.state is State.RUNNING:
            step = snapshot.STEP_LABELS[Step(rows[0]["step"])]
            return replace(waiting, label=step, sentence=_UNDER_WAY)
        return waiting

    def progress(self, job: int, *, is_running: bool) -> tuple[Progress, str] | None:
        """Return how far a job is, and the hash of its content as far as that is known."""
        rows = self._db.query(
            """
            SELECT jobs.*, files.path, files.title, files.source, files.sha256, objects.sent
            FROM jobs JOIN files ON files.id = jobs.file_id
            LEFT JOIN objects ON objects.job_id = jobs.id AND objects.verified_at IS NULL
            WHERE jobs.id = ?
            """,
            (job,),
        )
        if not rows:
            return None
        row, state = rows[0], State(rows[0]["state"])
        sentence = _waiting_of(row).sentence
        if state is State.DONE:
            sentence = ""
        elif state is State.RUNNING and is_running:
            sentence = _UNDER_WAY
        told = Progress(
            job_id=row["id"],
            file_name=_name(row["path"]),
            meeting_title=row["title"],
            size=row["size"],
            sent=row["size"] if state is State.DONE else row["sent"] or 0,
            step=Step(row["step"]),
            state=state,
            sentence=sentence,
        )
        return told, row["sha256"] or ""

    def queued(self) -> Amount:
        """Return what is still to be done by itself."""
        (row,) = self._db.query("""
            SELECT count(*) AS n, coalesce(sum(size), 0) AS size FROM jobs
            WHERE state IN ('ready', 'running', 'blocked')
        """)
        return Amount(row["n"], row["size"])

    def safe(self, destination: str) -> Amount:
        """Return the recordings that *destination* is known to hold; texts do not count."""
        rows = self._db.query("SELECT * FROM held WHERE destination = ?", (destination,))
        return Amount(rows[0]["files"], rows[0]["size"]) if rows else Amount()

    def largest_queued(self) -> tuple[str, int] | None:
        """Return name and bytes of the largest file that is not uploaded; None if all are."""
        found = self._db.query(f"""
            SELECT files.path, jobs.size {_UNFINISHED} AND jobs.state <> 'cancelled'
            ORDER BY jobs.size DESC LIMIT 1
        """)
        return (_name(found[0]["path"]), int(found[0]["size"])) if found else None

    def history(self) -> Amount:
        """Return what was left out by the user's choice."""
        (row,) = self._db.query("""
            SELECT count(*) AS n, coalesce(sum(size), 0) AS size FROM files
            WHERE verdict = 'history' AND verdict <> 'ready' AND gone = 0
        """)
        return Amount(row["n"], row["size"])

    def troubled(self) -> int:
        """Return how many files have failed and can still be uploaded.

        One that somebody deleted before its turn is told of, but nothing is left to be mended.
        """
        (row,) = self._db.query(
            f"SELECT count(*) AS n {_UNFINISHED} "
            "AND jobs.state = 'failed' AND jobs.error_code IS NOT 'source_missing'"
        )
        return int(row["n"])

    def cancelled(self) -> int:
        """Return how many files somebody does not want uploaded."""
        (row,) = self._db.query(f"SELECT count(*) AS n {_UNFINISHED} AND jobs.state = 'cancelled'")
        return int(row["n"])

    def unready(self) -> int:
        """Return how many files somebody has to do something about before they can be taken."""
        (row,) = self._db.query(
            "SELECT count(*) AS n FROM files WHERE gone = 0 AND verdict <> 'ready' AND verdict IN "
            "('needs_conversion', 'incomplete', 'empty', 'foreign', 'placeholder', 'unreadable')"
        )
        return int(row["n"])

    def unconverted(self) -> int:
        """Return how many recordings only Zoom can finish, when somebody asks it to."""
        (row,) = self._db.query(
            "SELECT count(DISTINCT folder) AS n FROM files WHERE gone = 0 AND verdict <> 'ready' "
            "AND verdict = 'needs_conversion'"
        )
        return int(row["n"])

    def settling(self) -> int:
        """Return how many files are expected to be ready within the quiet period."""
        (row,) = self._db.query(
            "SELECT count(*) AS n FROM files WHERE verdict IN ('settling', 'open_elsewhere') "
            "AND verdict <> 'ready' AND gone = 0 AND source = 'local'"
        )
        return int(row["n"])

    def jobs_named(self, text: str) -> list[JobId]:
        """Return the jobs that *text* names: a job's number, a path, a hash, a recording's id."""
        rows = self._db.query(
            """
            SELECT jobs.id FROM jobs JOIN files ON files.id = jobs.file_id
            WHERE jobs.id = ? OR files.path = ? OR files.folder = ? OR files.sha256 = ?
            """,
            (
                int(text) if text.isascii() and text.isdigit() and len(text) < 18 else -1,  # noqa: PLR2004
                path_to_blob(os.path.abspath(text)),  # noqa: PTH100  need not exist
                path_to_blob(os.path.abspath(text)),  # noqa: PTH100
                text.encode("utf-8", "replace").decode(),
            ),
        )
        return [JobId(row["id"]) for row in rows]

    def hashes_of(self, jobs: Sequence[JobId]) -> list[str]:
        """Return the hashes of the jobs' files that are known."""
        return [
            row["sha256"]
            for job in jobs
            for row in self._db.query(
                "SELECT sha256 FROM files JOIN jobs ON jobs.file_id = files.id "
                "WHERE jobs.id = ? AND sha256 IS NOT NULL",
                (job,),
            )
        ]

    def jobs_in(self, states: tuple[State, ...]) -> list[JobId]:
        """Return the jobs in one of *states*."""
        marks = ", ".join("?" for _ in states)
        return [
            JobId(row["id"])
            for row in self._db.query(f"SELECT id FROM jobs WHERE state IN ({marks})", states)  # noqa: S608
        ]

    def shortest_wait(self, now: float, *, but: Sequence[str] = ()) -> float | None:
        """Return in how many seconds something can go on by itself; None when nothing can.

        Args:
            now: epoch seconds.
            but: gates at which nothing goes on by itself.
        """
        (row,) = self._db.query(
            f"""
            SELECT min(CASE state WHEN 'running' THEN 0 ELSE not_before END) AS due FROM jobs
            WHERE state = 'running' OR state = 'ready' AND {GATE} NOT IN
                (SELECT value FROM json_each(?))
            """,  # noqa: S608  only our own words are put in
            (json.dumps(list(but)),),
        )
        return None if row["due"] is None else max(0.0, float(row["due"]) - now)


def _waiting_of(row: sqlite3.Row) -> Waiting:
    """Return how a job with its file is shown that is not done."""
    state = State(row["state"])
    return Waiting(
        path=_shown(row["path"], row["source"]),
        meeting_title=row["title"],
        size=row["size"],
        code=row["error_code"] or str(state),
        label=snapshot.job_label(state, row["error_code"]),
        sentence=snapshot.job_sentence(
            row["id"],
            state,
            row["error_code"],
            row["error_detail"],
            row["not_before"],
            source=row["source"],
        ),
        job_id=row["id"],
        state=state,
    )


def _name(path: bytes) -> str:
    return display_name(blob_to_path(path).name)


def _shown(path: bytes, source: str) -> str:
    if source != LOCAL:  # where it will lie for a while tells nobody anything
        place = _PLACES.get(source, source)
        return f"{display_name(blob_to_path(path).name)} ({place})"
    return display_name(str(blob_to_path(path)))


def _fetched(path: bytes) -> int:
    """Return how much of a download is here."""
    try:
        return partial_of(blob_to_path(path)).stat().st_size
    except OSError:
        return 0
