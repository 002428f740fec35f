"""The two SQLite files of a home, and what happens when one is damaged."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zoomsync_agent.core.errors import StoreDamaged
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.sqlite import Database
from zoomsync_agent.store.state import SqliteStateStore

if TYPE_CHECKING:
    from sqlite_utils.migrations import Migrations

QUEUE_VERSION: Final = 5
CATALOG_VERSION: Final = 2
CLEAN_STOP: Final = "clean_stop"
"""Name of the state that is there only after an orderly end."""
NEEDS_REBUILD: Final = "needs_rebuild"
"""Name of the state that says that the queue is to be rebuilt from the archive."""


class Databases:
    """The two SQLite files of a home."""

    def __init__(self, home: Home) -> None:
        self.queue = Database(home.store_file, _queue_migrations, QUEUE_VERSION)
        self.catalog = Database(home.catalog_file, _catalog_migrations, CATALOG_VERSION)

    def open(self, log: Log) -> None:
        """Open both; one that is damaged is moved aside and marked for rebuilding."""
        lost = []
        for db in (self.queue, self.catalog):
            try:
                if db.is_absent:
                    # The first start ever, or somebody's clean-up: the archive knows which.
                    lost.append(db.path)
                db.open()
                if db is self.catalog or SqliteStateStore(db).get(CLEAN_STOP) is None:
                    db.check()
            except StoreDamaged as exc:
                kept = db.move_aside()
                log.warning("database damaged, moved aside", detail=exc.detail, kept=str(kept))
                lost.append(kept)
                db.open()
        SqliteStateStore(self.queue).set(CLEAN_STOP, None)
        self._ask_for_rebuild(lost)

    def open_beside(self) -> None:
        """Open both for another process than the agent's; one that is absent is made."""
        lost = []
        for db in (self.queue, self.catalog):
            if not db.is_current:
                if db.is_absent:
                    lost.append(db.path)
                db.open()
        self._ask_for_rebuild(lost)

    def _ask_for_rebuild(self, lost: Sequence[Path]) -> None:
        """Note what is to be filled again; kept until that is done, even over a crash."""
        if lost:
            names = ", ".join(str(path) for path in lost)
            # A file's name need not be text.
            names = names.encode("utf-8", "backslashreplace").decode()
            SqliteStateStore(self.queue).set(NEEDS_REBUILD, names)

    def release(self) -> None:
        """Close this thread's connections."""
        self.queue.release()
        self.catalog.release()

    def close(self) -> None:
        """Close both."""
        self.queue.close()
        self.catalog.close()


def _queue_migrations() -> "Migrations":
    from zoomsync_agent.store.migrations import queue  # noqa: PLC0415  costs 190 ms

    return queue


def _catalog_migrations() -> "Migrations":
    from zoomsync_agent.catalog.migrations import catalog  # noqa: PLC0415  costs 190 ms

    return catalog
