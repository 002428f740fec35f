"""The two SQLite files of a home, and what happens when one is damaged."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zoomsync_agent.core.errors import AgentError, StoreDamaged
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.engine.rebuild import NEEDS_REBUILD
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.sqlite import Database
from zoomsync_agent.store.state import SqliteStateStore

if TYPE_CHECKING:
    from sqlite_utils.migrations import Migrations

QUEUE_VERSION: Final = 13
CATALOG_VERSION: Final = 6
CLEAN_STOP: Final = "clean_stop"
"""Name of the state that is there only after an orderly end."""
_ALL_ENDED: Final = "1"
_NOT_ALL_ENDED: Final = "late"
_SUSPECT: Final = ".suspect"
"""Ends the name of the file that says that its database was found damaged at work."""
_CHECK: Final = "check"
_MOVE: Final = "move"
"""A check found nothing, and still it was found damaged again."""


class Databases:
    """The two SQLite files of a home."""

    def __init__(self, home: Home) -> None:
        self.queue = Database(home.store_file, _queue_migrations, QUEUE_VERSION)
        self.catalog = Database(home.catalog_file, _catalog_migrations, CATALOG_VERSION)
        self.was_orderly = False
        """Whether the last end was not a death; known once the databases are open."""

    def open(self, log: Log) -> None:
        """Open both; one that is damaged is moved aside and marked for rebuilding.

        Raises:
            StoreDamaged: a fault shows itself only now; the next call moves the file aside.
        """
        try:
            self._open(log)
        except StoreDamaged as exc:
            self.suspect(exc)
            raise

    def _open(self, log: Log) -> None:
        lost = []
        for db in (self.queue, self.catalog):
            try:
                if db.is_absent:
                    # The first start ever, or somebody's clean-up: the archive knows which.
                    lost.append(db.path)
                self._open_and_check(db)
            except StoreDamaged as exc:
                kept = db.move_aside()
                log.warning("database damaged, moved aside", detail=exc.detail, kept=str(kept))
                lost.append(kept)
                db.open()
            _marker(db).unlink(missing_ok=True)
        state = SqliteStateStore(self.queue)
        self.was_orderly = state.get(CLEAN_STOP) is not None
        state.set(CLEAN_STOP, None)
        self._ask_for_rebuild(lost)

    def _open_and_check(self, db: Database) -> None:
        suspicion = _suspicion(db)
        if suspicion == _MOVE:
            raise StoreDamaged(f"{db.path}: found damaged again at work")
        db.open()
        if suspicion:
            db.check(is_thorough=True)
        elif db is self.catalog or SqliteStateStore(db).get(CLEAN_STOP) != _ALL_ENDED:
            db.check()

    def stopped(self, *, all_ended: bool) -> None:
        """Note an orderly end; if a service has not ended, the next start checks all the same."""
        # Where it cannot be noted the next start takes it for a death, which does no harm.
        with contextlib.suppress(AgentError):
            SqliteStateStore(self.queue).set(
                CLEAN_STOP, _ALL_ENDED if all_ended else _NOT_ALL_ENDED
            )

    def suspect(self, damage: StoreDamaged, *, is_certain: bool = False) -> None:
        """Let the next `open` check the database that *damage* names, or move it aside unasked.

        Args:
            damage: what was found at work.
            is_certain: a check has found nothing, and still the damage is there.
        """
        named = [db for db in (self.queue, self.catalog) if str(db.path) in damage.detail]
        for db in named or (self.queue, self.catalog):
            # A disk that takes no byte has no damage of its own to remember.
            with contextlib.suppress(OSError):
                _marker(db).write_text(_MOVE if is_certain else _CHECK, "ascii")

    def open_beside(self) -> None:
        """Open both for another process than the agent's; one that is absent is made."""
        lost = []
        for db in (self.queue, self.catalog):
            # Asked first: whoever opens a file without a byte gives it some.
            if db.is_absent:
                lost.append(db.path)
                db.open()
            elif not db.is_current:
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


@contextlib.contextmanager
def opened_beside(home: Home) -> Iterator[Databases]:
    """Give both databases for the time of a command; an agent may be running in the home."""
    home.ensure()
    databases = Databases(home)
    with contextlib.closing(databases):
        databases.open_beside()
        yield databases


def _marker(db: Database) -> Path:
    return db.path.with_name(db.path.name + _SUSPECT)


def _suspicion(db: Database) -> str:
    try:
        return _marker(db).read_text("ascii", "replace") or _CHECK
    except FileNotFoundError:
        return ""
    except OSError:
        return _CHECK


def _queue_migrations() -> "Migrations":
    from zoomsync_agent.store.migrations import queue  # noqa: PLC0415  costs 190 ms

    return queue


def _catalog_migrations() -> "Migrations":
    from zoomsync_agent.catalog.migrations import catalog  # noqa: PLC0415  costs 190 ms

    return catalog
