"""One SQLite file, shared by threads: a connection each, WAL, every write in BEGIN IMMEDIATE.

The queue and the embedded catalog are both such files. sqlite-utils brings the migrations; it is
imported only when there is one to apply, because the import costs more than all other work here.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zoomsync_agent.core.errors import StoreDamaged, TransientError, UsageError

if TYPE_CHECKING:
    from sqlite_utils.migrations import Migrations

_BUSY_SECONDS: Final = 30.0
_WAL_RETRY_SECONDS: Final = 0.01
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
    }
)
"""What a full disk, a drive that is away or another program causes: it passes by itself."""
_SYNCHRONOUS: Final = "PRAGMA synchronous = NORMAL"
_SUFFIXES: Final = ("", "-wal", "-shm")


class Database:
    """A SQLite file with its schema.

    Args:
        path: the file; its folder is made when the database is opened for writing.
        migrations: gives the migration set; called only when one is to be applied.
        version: how many migrations there are. Kept in `user_version`, so that a file that is up
            to date is recognised without loading the migrations.
    """

    def __init__(self, path: Path, migrations: "Callable[[], Migrations]", version: int) -> None:
        self.path = path
        self._migrations = migrations
        self._version = version
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._is_closed = False

    def open(self) -> None:
        """Make or migrate the file.

        Raises:
            StoreDamaged: the file is not a readable database.
            UsageError: it was written by a newer version of the agent.
            TransientError: the file or its disk cannot be used just now.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._is_closed = False
        with self._naming_errors():
            found = self._user_version()
            if found > self._version:
                raise UsageError(f"{self.path} was written by a newer version of the agent")
            if found < self._version:
                self._migrate()

    def check(self, *, is_thorough: bool = False) -> None:
        """Read the whole file once and make sure that it is sound.

        Args:
            is_thorough: compare the indexes with their tables as well, which takes longer.

        Raises:
            StoreDamaged: SQLite found a fault.
        """
        how = "integrity_check" if is_thorough else "quick_check"
        with self._naming_errors():
            (answer,) = self.connection().execute(f"PRAGMA {how}(1)").fetchone()
        if answer != "ok":
            raise StoreDamaged(f"{self.path}: {answer}")

    @property
    def is_absent(self) -> bool:
        """Whether there is no file, or one without a single byte."""
        try:
            return self.path.stat().st_size == 0
        except FileNotFoundError:
            return True

    @property
    def is_current(self) -> bool:
        """Whether the file is there and has the schema of this version."""
        if not self.path.exists():
            return False
        with self._naming_errors():
            return self._user_version() == self._version

    def _user_version(self) -> int:
        return int(self.connection().execute("PRAGMA user_version").fetchone()[0])

    def _migrate(self) -> None:
        from sqlite_utils import Database as UtilsDatabase  # noqa: PLC0415  costs 190 ms

        conn = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            _use_wal(conn)
            # All or nothing, and only one of several processes that open the file at once.
            conn.execute("BEGIN IMMEDIATE")
            if conn.execute("PRAGMA user_version").fetchone()[0] < self._version:
                self._migrations().apply(UtilsDatabase(conn))
                conn.execute(f"PRAGMA user_version = {self._version}")
            conn.execute("COMMIT")
        finally:
            conn.close()
        # What the agent learned about a person's meetings is nobody else's business.
        with contextlib.suppress(OSError):
            self.path.chmod(0o600)

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection; in autocommit mode, rows by name.

        Raises:
            TransientError: the database was closed. A thread that outlives it must not write into
                the file that the next agent has at the same place.
        """
        if self._is_closed:
            raise TransientError(f"{self.path} is closed")
        conn: sqlite3.Connection | None = getattr(self._local, "conn", None)
        if conn is None:
            conn = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                conn.row_factory = sqlite3.Row
                _use_wal(conn)
                # A power cut may undo the last commits but never damages the file; whatever is
                # undone is found again by the next look, because every step can be repeated.
                conn.execute(_SYNCHRONOUS)
                conn.execute("PRAGMA foreign_keys = ON")
            except BaseException:
                conn.close()  # Windows cannot move a damaged file that is open
                raise
            with self._guard:
                is_late = self._is_closed
                if not is_late:
                    self._all.append(conn)
            if is_late:
                conn.close()
                raise TransientError(f"{self.path} is closed")
            self._local.conn = conn
        return conn

    def query(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """Run one reading statement and return its rows."""
        with self._naming_errors():
            return self.connection().execute(sql, parameters).fetchall()

    @contextlib.contextmanager
    def write(self, *, is_durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Run what is inside as one transaction; an exception undoes all of it.

        BEGIN IMMEDIATE, because a read transaction that turns into a write fails at once in WAL
        mode when another thread has written in between, whatever the busy timeout.

        Args:
            is_durable: no power cut undoes it, nor what was written before; costs a flush.
        """
        with self._naming_errors(), self._flushing(is_durable) as conn:
            conn.execute("BEGIN IMMEDIATE")
            try:
                yield conn
                conn.execute("COMMIT")
            except BaseException:
                # SQLite has undone it already where the disk is full; a commit that failed has not.
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _flushing(self, is_durable: bool) -> Iterator[sqlite3.Connection]:
        conn = self.connection()
        if not is_durable:
            yield conn
            return
        conn.execute("PRAGMA synchronous = FULL")
        try:
            yield conn
        finally:
            conn.execute(_SYNCHRONOUS)

    def data_version(self) -> int:
        """Return a number that changes when another connection has written to the file."""
        with self._naming_errors():
            return int(self.connection().execute("PRAGMA data_version").fetchone()[0])

    @property
    def open_connections(self) -> int:
        """How many threads hold a connection."""
        return len(self._all)

    def release(self) -> None:
        """Close this thread's connection; a thread that ends should, or its connection stays."""
        conn: sqlite3.Connection | None = getattr(self._local, "conn", None)
        if conn is None:
            return
        self._local.conn = None
        with self._guard:
            if conn in self._all:
                self._all.remove(conn)
        conn.close()

    def close(self) -> None:
        """Close every thread's connection; only `open` makes new ones possible."""
        with self._guard:
            self._is_closed = True
            conns, self._all = self._all, []
        for conn in conns:
            conn.close()
        self._local = threading.local()

    def move_aside(self) -> Path:
        """Move a damaged file out of the way, keep it, and return where it went."""
        self.close()
        stamp = time.strftime("%Y%m%d-%H%M%S")
        target = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        count = 1
        while target.exists():
            count += 1
            target = self.path.with_name(f"{self.path.name}.damaged-{stamp}-{count}")
        for suffix in _SUFFIXES:
            part = Path(f"{self.path}{suffix}")
            if part.exists():
                part.replace(f"{target}{suffix}")
        return target

    @contextlib.contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as exc:
            if self._is_closed:
                raise TransientError(f"{self.path} is closed") from exc
            code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
            if code in _DAMAGE:
                raise StoreDamaged(f"{self.path}: {exc}") from exc
            if code in _PASSING:
                raise TransientError(f"{self.path}: {exc}") from exc
            raise


def _use_wal(conn: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite does not wait by itself where another process does it at that time."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            conn.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_WAL_RETRY_SECONDS)
        else:
            return


def path_to_blob(path: Path | str) -> bytes:
    """Encode a path for a column: file names need not be text, so paths are kept as bytes."""
    return os.fsencode(path)


def blob_to_path(blob: bytes) -> Path:
    """Decode what `path_to_blob` stored."""
    return Path(os.fsdecode(blob))
