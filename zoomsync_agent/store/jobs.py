"""The queue itself. Every move between states is checked against the table in `core.job`."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from zoomsync_agent.core.errors import NotAllowed, SourceChanged, SourceMissing, TooManyDeaths
from zoomsync_agent.core.job import ALLOWED, MAX_DEATHS, FileId, Job, JobId, State, Step
from zoomsync_agent.core.retry import MAX_BACKOFF_SECONDS
from zoomsync_agent.ports import Decided, Work
from zoomsync_agent.sqlite import Database, path_to_blob
from zoomsync_agent.store.files import file_of

_CAME_BACK: Final = (SourceMissing.code, SourceChanged.code)
"""Ends of a job that are undone when its file is there again."""

_UPSERT_FILE: Final = """
    INSERT INTO files (path, folder, root, size, mtime_ns, device, inode, kind, part, participant,
                       meeting_key, title, started_at, duration, verdict, percent, detail,
                       first_seen)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (path) DO UPDATE SET
        sha256 = CASE WHEN size = excluded.size AND mtime_ns = excluded.mtime_ns
                      THEN sha256 END,
        root = excluded.root, size = excluded.size, mtime_ns = excluded.mtime_ns,
        device = excluded.device, inode = excluded.inode, kind = excluded.kind,
        part = excluded.part, participant = excluded.participant,
        meeting_key = excluded.meeting_key, title = excluded.title,
        started_at = excluded.started_at,
        duration = coalesce(excluded.duration, duration),
        verdict = excluded.verdict, percent = excluded.percent, detail = excluded.detail,
        gone = 0
    RETURNING id
"""


def job_of(row: sqlite3.Row) -> Job:
    """Read a row of `jobs`."""
    return Job(
        id=JobId(row["id"]),
        file_id=FileId(row["file_id"]),
        destination=row["destination"],
        size=row["size"],
        mtime_ns=row["mtime_ns"],
        step=Step(row["step"]),
        state=State(row["state"]),
        attempt=row["attempt"],
        deaths=row["deaths"],
        not_before=row["not_before"],
        priority=row["priority"],
        error_code=row["error_code"],
        error_detail=row["error_detail"],
        cancel_requested=bool(row["cancel_requested"]),
        updated_at=row["updated_at"],
    )


def _cancelled(job: Job) -> Job:
    """Return a waiting job as its user ends it; what had kept it does not bring it back."""
    return replace(job.to(State.CANCELLED), error_code=None, error_detail="")


def _text(name: str) -> str:
    """Make text of a file name that need not be text."""
    return name.encode("utf-8", "replace").decode()


class SqliteJobStore:
    """`JobStore` over the queue's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, decided: Sequence[Decided], destinations: Sequence[str], now: float) -> int:
        """Remember files and, for those that are ready, one job per destination, at once."""
        count = 0
        with self._db.write() as conn:
            for one in decided:
                file_id = self._remember(conn, one, now)
                if one.verdict.is_ready:
                    count += sum(
                        self._enqueue(conn, one, file_id, destination, now)
                        for destination in destinations
                    )
        return count

    @staticmethod
    def _remember(conn: sqlite3.Connection, one: Decided, now: float) -> FileId:
        seen = one.sighting
        row = conn.execute(
            _UPSERT_FILE,
            (
                path_to_blob(seen.path),
                path_to_blob(seen.path.parent),
                path_to_blob(seen.root),
                seen.identity.size,
                seen.identity.mtime_ns,
                seen.device,
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
            ),
        ).fetchone()
        return FileId(row["id"])

    @staticmethod
    def _enqueue(
        conn: sqlite3.Connection, one: Decided, file_id: FileId, destination: str, now: float
    ) -> int:
        identity = one.sighting.identity
        recorded_at = one.sighting.meeting.started_at or identity.mtime_ns / 1e9
        new = conn.execute(
            """
            INSERT INTO jobs (file_id, destination, size, mtime_ns, step, state, priority,
                              recorded_at, created_at, updated_at)
            VALUES (?, ?, ?, ?, 'identify', 'ready', ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            (
                file_id,
                destination,
                identity.size,
                identity.mtime_ns,
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
            UPDATE jobs SET state = 'ready', step = 'identify', attempt = 0, not_before = 0,
                            error_code = NULL, error_detail = '', cancel_requested = 0,
                            updated_at = ?
            WHERE file_id = ? AND destination = ? AND size = ? AND mtime_ns = ?
              AND state IN ('failed', 'cancelled')
              AND error_code IN ({", ".join("?" for _ in _CAME_BACK)})
            """,  # noqa: S608  only question marks are put in
            (now, file_id, destination, identity.size, identity.mtime_ns, *_CAME_BACK),
        ).rowcount

    def claim(self, now: float) -> Work | None:
        """Take the next due job; no other worker can take it too."""
        # A wait that is too long was written before the clock jumped back.
        due = (now, now + MAX_BACKOFF_SECONDS)
        # An idle agent does not even ask for the write lock. Not `next_due`: that one reads every
        # ready job, this one stops at the first, which matters while thousands are queued.
        if not self._db.query(
            """
            SELECT 1 FROM jobs WHERE state = 'ready' AND (not_before <= ? OR not_before > ?) LIMIT 1
            """,
            due,
        ):
            return None
        with self._db.write() as conn:
            row = conn.execute(
                """
                UPDATE jobs SET state = 'running', attempt = attempt + 1, updated_at = ?
                WHERE id = (
                    SELECT id FROM jobs INDEXED BY jobs_claim
                    WHERE state = 'ready' AND (not_before <= ? OR not_before > ?)
                    ORDER BY priority, recorded_at, id LIMIT 1)
                RETURNING *
                """,
                (now, *due),
            ).fetchone()
            if row is None:
                return None
            job = job_of(row)
            file = conn.execute("SELECT * FROM files WHERE id = ?", (job.file_id,)).fetchone()
        return Work(job, file_of(file))

    def save(self, job: Job) -> None:
        """Store the outcome of a claimed job.

        A wish to cancel that came after the worker last asked is honoured here: the job does not
        wait for another try.
        """
        with self._db.write() as conn:
            row = conn.execute(
                "SELECT cancel_requested FROM jobs WHERE id = ?", (job.id,)
            ).fetchone()
            if row["cancel_requested"] and job.state in (State.READY, State.BLOCKED):
                job = _cancelled(replace(job, cancel_requested=False))
            self._move(conn, job)

    def _move(self, conn: sqlite3.Connection, job: Job) -> None:
        conn.execute(
            """
            UPDATE jobs SET step = ?, state = ?, attempt = ?, not_before = ?, error_code = ?,
                            error_detail = ?, cancel_requested = ?, updated_at = ?
            WHERE id = ?
            """,
            (
                job.step,
                job.state,
                job.attempt,
                job.not_before,
                job.error_code,
                job.error_detail,
                int(job.cancel_requested),
                job.updated_at,
                job.id,
            ),
        )

    def advance(self, job: Job, step: Step) -> Job:
        """Store that a claimed job goes on with *step* and return it."""
        with self._db.write() as conn:
            conn.execute(
                """
                UPDATE jobs SET step = ?, attempt = 1, deaths = 0, error_code = NULL,
                                error_detail = ''
                WHERE id = ?
                """,
                (step, job.id),
            )
        return replace(job, step=step, attempt=1, deaths=0, error_code=None, error_detail="")

    def next_due(self, now: float) -> float | None:
        """Return in how many seconds the next ready job is due; None when there is none."""
        (row,) = self._db.query("SELECT min(not_before) AS due FROM jobs WHERE state = 'ready'")
        if row["due"] is None:
            return None
        wait = float(row["due"]) - now
        return 0.0 if wait > MAX_BACKOFF_SECONDS else max(0.0, wait)

    def recover_interrupted(self, now: float) -> int:
        """Make jobs that were running at the last end ready again; return how many.

        A job that was running at a dozen ends is given up: it must not take the agent down for
        ever.
        """
        with self._db.write() as conn:
            conn.execute(
                """
                UPDATE jobs SET state = 'cancelled', cancel_requested = 0, updated_at = ?
                WHERE state = 'running' AND cancel_requested = 1
                """,
                (now,),
            )
            conn.execute(
                """
                UPDATE jobs SET state = 'failed', error_code = ?, updated_at = ?
                WHERE state = 'running' AND deaths + 1 >= ?
                """,
                (TooManyDeaths.code, now, MAX_DEATHS),
            )
            return conn.execute(
                """
                UPDATE jobs SET state = 'ready', deaths = deaths + 1, not_before = 0,
                                updated_at = ?
                WHERE state = 'running'
                """,
                (now,),
            ).rowcount

    def release_blocked(self, now: float, older_than: float) -> int:
        """Make jobs that have been blocked for *older_than* seconds ready; return how many."""
        with self._db.write() as conn:
            return conn.execute(
                """
                UPDATE jobs SET state = 'ready', not_before = 0
                WHERE state = 'blocked' AND (updated_at <= ? OR updated_at > ?)
                """,
                (now - older_than, now + older_than),
            ).rowcount

    def cancel_requested(self, job_id: JobId) -> bool:
        """Return whether somebody wants this running job to end."""
        rows = self._db.query("SELECT cancel_requested FROM jobs WHERE id = ?", (job_id,))
        return bool(rows and rows[0]["cancel_requested"])

    def counts(self) -> dict[State, int]:
        """Return how many jobs are in each state."""
        found = {
            State(row["state"]): row["n"]
            for row in self._db.query("SELECT state, count(*) AS n FROM jobs GROUP BY state")
        }
        return {state: found.get(state, 0) for state in State}

    def retry(self, job_ids: Sequence[JobId], now: float) -> int:
        """Make jobs that failed, wait or were cancelled ready at once; return how many."""
        count = 0
        with self._db.write() as conn:
            for job in self._jobs(conn, job_ids):
                if job.state is State.READY:
                    moved = job
                elif State.READY in ALLOWED[job.state] and job.state is not State.RUNNING:
                    moved = job.to(State.READY)
                else:
                    continue
                self._move(
                    conn,
                    replace(
                        moved,
                        attempt=0,
                        not_before=0.0,
                        error_code=None,
                        error_detail="",
                        cancel_requested=False,
                        updated_at=now,
                    ),
                )
                conn.execute("UPDATE jobs SET deaths = 0 WHERE id = ?", (job.id,))
                count += 1
        return count

    def cancel(self, job_ids: Sequence[JobId], now: float) -> int:
        """End jobs that are not finished; a running one ends at its next durable point.

        Raises:
            NotAllowed: none of them can be ended any more.
        """
        count = 0
        with self._db.write() as conn:
            for job in self._jobs(conn, job_ids):
                if job.state is State.RUNNING:
                    self._move(conn, replace(job, cancel_requested=True, updated_at=now))
                elif State.CANCELLED in ALLOWED[job.state]:
                    self._move(conn, replace(_cancelled(job), updated_at=now))
                else:
                    continue
                count += 1
        if not count:
            raise NotAllowed("it is finished already")
        return count

    def reopen_history(self) -> None:
        """Forget what was decided about history, so that the next sweep decides anew.

        Jobs of the backlog that have not begun go too; the sweep makes those again that are
        still wanted.
        """
        with self._db.write() as conn:
            conn.execute(
                """
                UPDATE files SET verdict = 'settling' WHERE verdict = 'history' OR id IN (
                    SELECT file_id FROM jobs
                    WHERE priority > 0 AND state = 'ready' AND step = 'identify' AND attempt = 0)
                """
            )
            conn.execute(
                """
                DELETE FROM jobs
                WHERE priority > 0 AND state = 'ready' AND step = 'identify' AND attempt = 0
                """
            )
            conn.execute("DELETE FROM state WHERE name LIKE 'swept:%'")

    def _jobs(self, conn: sqlite3.Connection, job_ids: Sequence[JobId]) -> list[Job]:
        return [
            job_of(row)
            for job_id in job_ids
            for row in conn.execute("SELECT * FROM jobs WHERE id = ?", (job_id,))
        ]
