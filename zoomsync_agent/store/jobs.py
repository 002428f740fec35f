"""The queue itself. Every move between states is checked against the table in `core.job`."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from zoomsync_agent.core.errors import (
    NotAllowed,
    ObjectTooLarge,
    OtherAccount,
    SourceChanged,
    TooManyDeaths,
    VerificationFailed,
)
from zoomsync_agent.core.job import (
    ALLOWED,
    MAX_DEATHS,
    Job,
    JobId,
    State,
    Step,
)
from zoomsync_agent.core.retry import LIMIT_RECHECK_SECONDS, MAX_BACKOFF_SECONDS
from zoomsync_agent.ports import Decided, StoredObject, Work
from zoomsync_agent.sqlite import Database
from zoomsync_agent.store.enqueueing import (
    enqueue,
    enqueue_missing,
    forget_history,
    forget_place,
    forget_unfinished,
    remember,
)
from zoomsync_agent.store.gates import ELSEWHERE, GATE, elsewhere
from zoomsync_agent.store.journal import note_retried
from zoomsync_agent.store.rows import job_of, work_of

_KEPT_STEPS: Final = (Step.FETCH, Step.PUBLISH)
_SELDOM: Final = (ObjectTooLarge.code, OtherAccount.code)
"""What is looked at again less often: it changes seldom, by hand, and holds many."""
_NOT_RETRIED: Final = (State.RUNNING, State.DONE)
_FORGIVEN_SECONDS: Final = 86_400.0
"""After so long a job that took the agent down too often is tried once more."""


def _cancelled(job: Job) -> Job:
    """Return a waiting job as its user ends it; what had kept it does not bring it back."""
    return replace(job.to(State.CANCELLED), error_code=None, error_detail="")


class SqliteJobStore:
    """`JobStore` over the queue's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, decided: Sequence[Decided], destinations: Sequence[str], now: float) -> int:
        """Remember files and, for those that are ready, one job per destination, at once."""
        count = 0
        with self._db.write() as conn:
            for one in decided:
                file_id = remember(conn, one, now)
                if one.verdict.is_ready:
                    count += sum(
                        enqueue(conn, one, file_id, destination, now)
                        for destination in destinations
                    )
        return count

    def claim(self, now: float, shut: Collection[str] = ()) -> Work | None:
        """Take the next due job of no *shut* gate; no other worker can take it too."""
        # A wait that is too long was written before the clock jumped back.
        due = (now, now + MAX_BACKOFF_SECONDS, *elsewhere(shut))
        # An idle agent does not even ask for the write lock. Not `next_due`: that one reads every
        # ready job, this one stops at the first, which matters while thousands are queued.
        if not self._db.query(
            f"""
            SELECT 1 FROM jobs
            WHERE state = 'ready' AND (not_before <= ? OR not_before > ?) AND {ELSEWHERE} LIMIT 1
            """,  # noqa: S608  only our own words are put in
            due,
        ):
            return None
        with self._db.write() as conn:
            row = conn.execute(
                f"""
                UPDATE jobs SET state = 'running', attempt = attempt + 1, updated_at = ?
                WHERE id = (
                    SELECT id FROM jobs INDEXED BY jobs_claim
                    WHERE state = 'ready' AND (not_before <= ? OR not_before > ?)
                      AND {ELSEWHERE}
                    ORDER BY priority, recorded_at, id LIMIT 1)
                RETURNING *
                """,  # noqa: S608  only our own words are put in
                (now, *due),
            ).fetchone()
            return None if row is None else work_of(conn, row)

    def claim_probe(self, gate: str, codes: Collection[str], now: float) -> Work | None:
        """Take one job of *gate* before its time: due, or waiting because of *codes*.

        The one that was tried least, so that a file that fails for itself proves nothing.
        """
        with self._db.write() as conn:
            row = conn.execute(
                f"""
                UPDATE jobs SET state = 'running', attempt = attempt + 1, updated_at = ?
                WHERE id = (
                    SELECT id FROM jobs
                    WHERE {GATE} = ? AND (
                        state = 'ready' AND not_before <= ?
                        OR state IN ('ready', 'blocked')
                           AND error_code IN (SELECT value FROM json_each(?)))
                    ORDER BY attempt, priority, recorded_at, id LIMIT 1)
                RETURNING *
                """,  # noqa: S608  only our own words are put in
                (now, gate, now, json.dumps(list(codes))),
            ).fetchone()
            return None if row is None else work_of(conn, row)

    def hold(self, gate: str, codes: Collection[str], why: Job, until: float) -> None:
        """Let the ready jobs of *gate* wait until *until* for the same reason as *why*.

        A job that waits for a reason of its own keeps it.
        """
        with self._db.write() as conn:
            conn.execute(
                f"""
                UPDATE jobs SET not_before = ?, error_code = ?, error_detail = ?
                WHERE state = 'ready' AND {GATE} = ? AND (
                    error_code IS NULL OR error_code IN (SELECT value FROM json_each(?)))
                """,  # noqa: S608  only our own words are put in
                (until, why.error_code, why.error_detail, gate, json.dumps(list(codes))),
            )

    def release_held(self, gates: Collection[str], codes: Collection[str]) -> int:
        """Make jobs of *gates* that wait because of *codes* ready; return how many."""
        with self._db.write() as conn:
            return conn.execute(
                f"""
                UPDATE jobs SET state = 'ready', attempt = 0, not_before = 0, error_code = NULL,
                                error_detail = ''
                WHERE state IN ('ready', 'blocked')
                  AND {GATE} IN (SELECT value FROM json_each(?))
                  AND error_code IN (SELECT value FROM json_each(?))
                """,  # noqa: S608  only our own words are put in
                (json.dumps(list(gates)), json.dumps(list(codes))),
            ).rowcount

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
            if job.state is State.CANCELLED and job.error_code == SourceChanged.code:
                # The next look must report the file, even should it be as it was by then.
                conn.execute(
                    "UPDATE files SET verdict = 'settling' WHERE id = ? AND verdict = 'ready'",
                    (job.file_id,),
                )

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
        """Store that a claimed job goes on with *step* and return it.

        That it was hashed again does not make up for copies that were wrong: those are counted on.
        """
        further = replace(job, step=step, deaths=0)
        if job.step is not Step.IDENTIFY or job.error_code != VerificationFailed.code:
            further = replace(further, attempt=1, error_code=None, error_detail="")
        with self._db.write() as conn:
            conn.execute(
                """
                UPDATE jobs SET step = ?, attempt = ?, deaths = 0, error_code = ?, error_detail = ?
                WHERE id = ?
                """,
                (step, further.attempt, further.error_code, further.error_detail, job.id),
            )
        return further

    def next_due(self, now: float, shut: Collection[str] = ()) -> float | None:
        """Return in how many seconds the next ready job of no *shut* gate is due, or None."""
        (row,) = self._db.query(
            f"SELECT min(not_before) AS due FROM jobs WHERE state = 'ready' AND {ELSEWHERE}",  # noqa: S608
            elsewhere(shut),
        )
        if row["due"] is None:
            return None
        wait = float(row["due"]) - now
        return 0.0 if wait > MAX_BACKOFF_SECONDS else max(0.0, wait)

    def recover_interrupted(self, now: float, *, was_orderly: bool = False) -> int:
        """Make jobs that were running at the last end ready again; return how many.

        A job that was running at a dozen ends is given up: it must not take the agent down for
        ever. An end that *was_orderly* does not count. After a day a job that was given up gets
        one more chance: the fault may have been mended with an update.
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
                WHERE state = 'running' AND deaths + ? >= ?
                """,
                (TooManyDeaths.code, now, int(not was_orderly), MAX_DEATHS),
            )
            interrupted = conn.execute(
                """
                UPDATE jobs SET state = 'ready', deaths = deaths + ?, not_before = 0,
                                updated_at = ?
                WHERE state = 'running'
                """,
                (int(not was_orderly), now),
            ).rowcount
            conn.execute(
                """
                UPDATE jobs SET state = 'ready', deaths = ?, attempt = 0, not_before = 0,
                                error_code = NULL, error_detail = '', updated_at = ?
                WHERE state = 'failed' AND error_code = ? AND (updated_at <= ? OR updated_at > ?)
                """,
                (MAX_DEATHS - 1, now, TooManyDeaths.code, now - _FORGIVEN_SECONDS, now),
            )
        return interrupted

    def release_blocked(self, now: float, older_than: float, shut: Collection[str] = ()) -> int:
        """Make jobs that have been blocked for *older_than* seconds ready; return how many.

        Those of *shut* gates stay as they are.
        """
        with self._db.write() as conn:
            return conn.execute(
                f"""
                UPDATE jobs SET state = 'ready', not_before = 0
                WHERE state = 'blocked' AND (updated_at <= ? OR updated_at > ?) AND {ELSEWHERE}
                  AND (? = 0 OR coalesce(error_code, '') NOT IN (?, ?)
                       OR updated_at <= ? OR updated_at > ?)
                """,  # noqa: S608  only our own words are put in
                (
                    now - older_than,
                    now + older_than,
                    *elsewhere(shut),
                    older_than,
                    *_SELDOM,
                    now - LIMIT_RECHECK_SECONDS,
                    now + LIMIT_RECHECK_SECONDS,
                ),
            ).rowcount

    def forgive(self, job_id: JobId) -> None:
        """Forget the deaths of a job that comes further: it does not take the agent down."""
        with self._db.write() as conn:
            conn.execute("UPDATE jobs SET deaths = 0 WHERE id = ? AND deaths > 0", (job_id,))

    def cancel_requested(self, job_id: JobId) -> bool:
        """Return whether somebody wants this running job to end."""
        rows = self._db.query("SELECT cancel_requested FROM jobs WHERE id = ?", (job_id,))
        return bool(rows and rows[0]["cancel_requested"])

    def reopen(self, stored: StoredObject, now: float) -> int:
        """Make the finished jobs of a lost object ready, where the file is still there."""
        with self._db.write() as conn:
            return conn.execute(
                """
                UPDATE jobs SET state = 'ready', attempt = 0, not_before = 0,
                                step = CASE source WHEN 'local' THEN 'identify' ELSE 'fetch' END,
                                error_code = NULL, error_detail = '', updated_at = ?
                WHERE state = 'done' AND destination = ? AND EXISTS (
                    SELECT 1 FROM files
                    WHERE files.id = jobs.file_id AND files.gone = 0 AND files.sha256 = ?
                      AND files.size = jobs.size AND files.mtime_ns = jobs.mtime_ns
                      AND (? = '' OR files.meeting_key = ?))
                """,
                (now, stored.destination, stored.sha256, stored.scope, stored.scope),
            ).rowcount

    def serve(self, destinations: Sequence[str], now: float) -> int:
        """Let every ready file have a job for each of *destinations*; return how many are new."""
        with self._db.write() as conn:
            forget_unfinished(conn, but=destinations)
            return sum(enqueue_missing(conn, one, now) for one in destinations)

    def begin_anew(self, destination: str, now: float) -> int:
        """Let everything that is still here be brought to *destination* again; return how much."""
        with self._db.write() as conn:
            forget_place(conn, destination)
            return enqueue_missing(conn, destination, now)

    def tell_again(self, destination: str, now: float) -> int:
        """Let every row that has a copy in *destination* be published anew; return how many jobs.

        Another destination was in use meanwhile, and the rows name its copies.
        """
        with self._db.write() as conn:
            return conn.execute(
                """
                UPDATE jobs SET state = 'ready', step = 'publish', attempt = 0, not_before = 0,
                                error_code = NULL, error_detail = '', updated_at = ?
                WHERE state = 'done' AND destination = ?
                """,
                (now, destination),
            ).rowcount

    def counts(self) -> dict[State, int]:
        """Return how many jobs are in each state."""
        rows = self._db.query(  # a hundred thousand that are done are not looked at one by one
            "SELECT state, count(*) AS n FROM jobs WHERE state IN "
            "('ready', 'running', 'blocked', 'failed', 'cancelled') GROUP BY state "
            "UNION ALL SELECT 'all', count(*) FROM jobs"
        )
        found = {row["state"]: int(row["n"]) for row in rows}
        done = found.pop("all") - sum(found.values())
        return {state: done if state is State.DONE else found.get(state, 0) for state in State}

    def retry(self, job_ids: Sequence[JobId], now: float) -> int:
        """Make jobs that failed, wait or were cancelled ready at once; return how many.

        A content that is not in its destination yet is hashed again: it may be another one.
        """
        count = 0
        asked: list[Job] = []
        with self._db.write() as conn:
            for job in self._jobs(conn, job_ids):
                if job.state is State.READY:
                    moved = job
                elif State.READY in ALLOWED[job.state] and job.state not in _NOT_RETRIED:
                    moved = job.to(State.READY)
                    asked.append(job)
                else:
                    continue
                self._move(
                    conn,
                    replace(
                        moved,
                        step=job.step if job.step in _KEPT_STEPS else Step.IDENTIFY,
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
            note_retried(conn, asked, now)
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

    def reopen_history(self, *, cloud_since: float = 0.0) -> None:
        """Forget what was decided about history, so that the next sweep decides anew.

        What is history stays so. Jobs of the backlog that have not begun go too; the sweep makes
        those again that are still wanted. What a cloud has from before *cloud_since*, in epoch
        seconds, is left out at once, because no sweep goes there.
        """
        with self._db.write() as conn:
            forget_history(conn, cloud_since)

    def _jobs(self, conn: sqlite3.Connection, job_ids: Sequence[JobId]) -> list[Job]:
        return [
            job_of(row)
            for job_id in job_ids
            for row in conn.execute("SELECT * FROM jobs WHERE id = ?", (job_id,))
        ]
