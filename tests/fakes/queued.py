"""Files in the queue of a page's world, in any state, as the engine would have left them there."""

from typing import Final

from tests.fakes.page_world import PageWorld
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.engine.intake import LAST_SWEEP
from zoomsync_agent.sqlite import path_to_blob
from zoomsync_agent.store.state import SqliteStateStore

_NOW: Final = 1_764_000_000.0


def looked(world: PageWorld) -> None:
    """Let the agent have looked through its folder, which is there."""
    world.recordings.mkdir(parents=True, exist_ok=True)
    _ = world.control
    SqliteStateStore(world.desk._databases.queue).set(LAST_SWEEP, "1.0")


def enqueue(
    world: PageWorld,
    title: str,
    *,
    state: State = State.READY,
    step: Step = Step.TRANSFER,
    size: int = 1_000_000,
    sent: int = 0,
    code: str | None = None,
    detail: str = "",
    sha256: str | None = None,
) -> int:
    """Put one file into the queue; return its job's number."""
    _ = world.control
    with world.desk._databases.queue.write() as conn:
        number = conn.execute("SELECT coalesce(max(id), 0) + 1 FROM files").fetchone()[0]
        folder = world.recordings / f"{number:04} {title}"
        path = folder / "video.mp4"
        conn.execute(
            "INSERT INTO files (id, path, folder, root, size, mtime_ns, device, inode, kind,"
            " meeting_key, title, started_at, verdict, first_seen, sha256)"
            " VALUES (?, ?, ?, ?, ?, 1, 0, ?, 'video', ?, ?, ?, 'ready', ?, ?)",
            (
                number,
                path_to_blob(path),
                path_to_blob(folder),
                path_to_blob(world.recordings),
                size,
                str(number),
                f"queued-{number}",
                title,
                _NOW,
                _NOW,
                sha256 or f"{number:064x}",
            ),
        )
        conn.execute(
            "INSERT INTO jobs (id, file_id, destination, size, mtime_ns, step, state, error_code,"
            " error_detail, created_at, updated_at)"
            " VALUES (?, ?, 'folder', ?, 1, ?, ?, ?, ?, ?, ?)",
            (number, number, size, step, state, code, detail, _NOW, _NOW),
        )
        if state is State.RUNNING:
            conn.execute(
                "INSERT INTO objects (destination, sha256, key, job_id, sent, size)"
                " VALUES ('folder', ?, ?, ?, ?, ?)",
                (sha256 or f"{number:064x}", f"key-{number}", number, sent, size),
            )
    return int(number)


def send(world: PageWorld, job: int, sent: int) -> None:
    """Let so much of a file have been sent."""
    with world.desk._databases.queue.write() as conn:
        conn.execute("UPDATE objects SET sent = ? WHERE job_id = ?", (sent, job))


def state_of(world: PageWorld, job: int) -> State:
    """Return where a job stands."""
    _ = world.control
    (row,) = world.desk._databases.queue.query("SELECT state FROM jobs WHERE id = ?", (job,))
    return State(row["state"])
