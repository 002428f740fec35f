"""Rows of the queue as values."""

import sqlite3

from zoomsync_agent.core.job import FileId, Job, JobId, State, Step
from zoomsync_agent.ports import Work
from zoomsync_agent.store.files import file_of


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
        source=row["source"],
    )


def work_of(conn: sqlite3.Connection, row: sqlite3.Row) -> Work:
    """Read a claimed job with its file."""
    job = job_of(row)
    file = conn.execute("SELECT * FROM files WHERE id = ?", (job.file_id,)).fetchone()
    return Work(job, file_of(file))
