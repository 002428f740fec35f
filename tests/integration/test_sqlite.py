"""The database file: threads, transactions, damage, versions."""

import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlite_utils.migrations import Migrations

from tests.fakes.stores import catalog_database, queue_database
from zoomsync_agent.app import databases as home_databases
from zoomsync_agent.catalog import migrations as catalog_migrations
from zoomsync_agent.core.errors import AgentError, StoreDamaged, TransientError, UsageError
from zoomsync_agent.sqlite import Database, blob_to_path, path_to_blob
from zoomsync_agent.store import migrations as queue_migrations

MAKERS = {"queue": queue_database, "catalog": catalog_database}


@pytest.fixture
def db(tmp_path):
    """Give an open database of the queue."""
    database = queue_database(tmp_path / "agent.db")
    yield database
    database.close()


def _set(db, name, value):
    with db.write() as conn:
        conn.execute(
            "INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = ?",
            (name, value, value),
        )


def _get(db, name):
    rows = db.query("SELECT value FROM state WHERE name = ?", (name,))
    return rows[0]["value"] if rows else None


def _counted(db, threads, turns):
    """Let *threads* add one to a number *turns* times each; return what it comes to."""
    failures = []
    begin = threading.Barrier(threads, timeout=10)

    def add():
        begin.wait()
        try:
            for _ in range(turns):
                with db.write() as conn:
                    (value,) = conn.execute("SELECT value FROM state WHERE name = 'n'").fetchone()
                    conn.execute(
                        "UPDATE state SET value = ? WHERE name = 'n'", (str(int(value) + 1),)
                    )
        except Exception as exc:  # noqa: BLE001  the test asks whether there is any
            failures.append(exc)

    workers = [threading.Thread(target=add) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    return int(_get(db, "n"))


def test_threads_that_read_and_then_write_wait_for_each_other(db):
    """No "database is locked", and no count is lost."""
    _set(db, "n", "0")
    assert _counted(db, threads=8, turns=40) == 320


def test_an_exception_undoes_the_whole_transaction(db):
    """Half of a change is never kept, and the next one begins afresh."""
    _set(db, "a", "before")

    def half():
        with db.write() as conn:
            conn.execute("UPDATE state SET value = 'half'")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert _get(db, "a") == "before"
    _set(db, "a", "after")
    assert _get(db, "a") == "after"


def test_a_commit_that_fails_is_undone(db):
    """The connection is not left inside a transaction that nobody can end."""

    def orphan():
        with db.write() as conn:
            conn.execute("PRAGMA defer_foreign_keys = ON")
            conn.execute(
                "INSERT INTO jobs (file_id, destination, size, mtime_ns, step, state, created_at,"
                " updated_at) VALUES (99, 'folder', 1, 1, 'identify', 'ready', 0, 0)"
            )

    with pytest.raises(sqlite3.IntegrityError):
        orphan()
    assert not db.connection().in_transaction
    _set(db, "a", "after")
    assert _get(db, "a") == "after"
    assert db.query("SELECT * FROM jobs") == []


def test_a_full_disk_passes_by_itself(db):
    """What cannot be stored now is no fault of the agent's, and is stored once there is room."""
    pages = db.query("PRAGMA page_count")[0][0]
    db.connection().execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(TransientError, match="full"):
        _set(db, "a", "x" * 100_000)
    assert not db.connection().in_transaction
    db.connection().execute("PRAGMA max_page_count = 1000000")
    _set(db, "a", "x" * 100_000)
    assert len(_get(db, "a")) == 100_000


def test_a_file_that_cannot_be_opened_passes_by_itself(tmp_path):
    """A folder in its place, or a disk that is away: somebody mends it, and work goes on."""
    (tmp_path / "agent.db").mkdir()
    database = Database(tmp_path / "agent.db", lambda: queue_migrations.queue, 5)
    with pytest.raises(TransientError):
        database.open()
    database.close()


def test_a_mistake_in_a_statement_stays_one(db):
    """A bug of ours is not taken for bad weather."""
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        db.query("SELECT * FROM absent")


def test_the_version_of_the_data_changes_when_somebody_else_writes(tmp_path, db):
    """Another process is noticed; one's own writing is not."""
    before = db.data_version()
    _set(db, "a", "mine")
    assert db.data_version() == before
    other = queue_database(tmp_path / "agent.db")
    _set(other, "a", "theirs")
    other.close()
    assert db.data_version() != before


def test_what_the_agent_learned_is_for_its_user_only(tmp_path):
    """Titles and chats are nobody else's business."""
    database = Database(tmp_path / "deep" / "agent.db", lambda: queue_migrations.queue, 5)
    database.open()
    assert database.path.stat().st_mode & 0o077 == 0
    assert database.path.parent.stat().st_mode & 0o077 == 0
    database.close()


def test_a_thread_that_outlives_its_database_writes_nowhere(tmp_path):
    """The next agent has another file at the same place; the old one's late thread must fail."""
    old = queue_database(tmp_path / "agent.db")
    at_work, closed, failures = threading.Event(), threading.Event(), []

    def late():
        _set(old, "a", "before")
        at_work.set()
        closed.wait(10)
        for _ in range(2):
            try:
                _set(old, "a", "late")
            except TransientError as exc:
                failures.append(exc.detail)

    thread = threading.Thread(target=late)
    thread.start()
    at_work.wait(10)
    old.close()
    new = queue_database(tmp_path / "agent.db")
    closed.set()
    thread.join()
    assert _get(new, "a") == "before"
    assert len(failures) == 2
    assert old.open_connections == 0
    new.close()
    old.open()
    assert _get(old, "a") == "before"
    old.close()


# --- schema ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "migrations"),
    [
        (queue_migrations, queue_migrations.queue),
        (catalog_migrations, catalog_migrations.catalog),
    ],
)
def test_the_version_counts_the_migrations(tmp_path, module, migrations):
    """A migration that is added without its number would never be applied."""
    database = Database(tmp_path / "a.db", lambda: migrations, module.VERSION)
    database.open()
    applied = database.query("SELECT count(*) AS n FROM _sqlite_migrations")[0]["n"]
    assert applied == module.VERSION
    assert database.query("PRAGMA user_version")[0][0] == module.VERSION
    database.close()


def test_the_agent_opens_its_databases_with_the_newest_version(home):
    """The numbers that are kept apart, to keep the start fast, are the same."""
    opened = home_databases.Databases(home)
    assert opened.queue._version == queue_migrations.VERSION
    assert opened.catalog._version == catalog_migrations.VERSION
    opened.close()


def test_an_old_file_is_migrated_and_keeps_its_rows(tmp_path):
    """A newer agent goes on with what the older one had."""
    steps = Migrations("steps")

    @steps(name="one")
    def _one(db):
        db.execute("CREATE TABLE things (name TEXT)")

    old = Database(tmp_path / "a.db", lambda: steps, 1)
    old.open()
    with old.write() as conn:
        conn.execute("INSERT INTO things VALUES ('kept')")
    assert old.is_current
    old.close()

    @steps(name="two")
    def _two(db):
        db.execute("ALTER TABLE things ADD COLUMN size INTEGER")

    new = Database(tmp_path / "a.db", lambda: steps, 2)
    assert not new.is_current
    new.open()
    assert new.is_current
    assert [tuple(row) for row in new.query("SELECT name, size FROM things")] == [("kept", None)]
    new.close()


def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    """An agent that was put back to an older version does not touch what it cannot understand."""
    newer = Database(tmp_path / "a.db", lambda: queue_migrations.queue, 5)
    newer.open()
    newer.connection().execute("PRAGMA user_version = 6")
    newer.close()
    before = newer.path.read_bytes()
    older = Database(tmp_path / "a.db", lambda: queue_migrations.queue, 5)
    with pytest.raises(UsageError, match="newer version"):
        older.open()
    older.close()
    assert older.path.read_bytes() == before


def test_a_file_that_is_not_there_is_not_made_by_asking(tmp_path):
    """Looking at the state of an agent that never ran leaves nothing behind."""
    database = Database(tmp_path / "a.db", lambda: queue_migrations.queue, 5)
    assert not database.is_current
    assert list(tmp_path.iterdir()) == []


def test_two_processes_that_open_a_new_file_at_once_both_succeed(tmp_path):
    """The agent starts while somebody asks for its state."""
    begin = threading.Barrier(4, timeout=10)
    failures = []

    def process():
        database = Database(tmp_path / "a.db", lambda: queue_migrations.queue, 5)
        begin.wait()
        try:
            database.open()
            _set(database, "a", "1")
        except Exception as exc:  # noqa: BLE001  the test asks whether there is any
            failures.append(exc)
        finally:
            database.close()

    threads = [threading.Thread(target=process) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# --- damage ----------------------------------------------------------------------------------


def _filled(path, make=queue_database):
    database = make(path)
    if make is queue_database:
        for number in range(400):
            _set(database, f"name-{number}", "x" * 200)
    database.query("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return database


def _open_and_check(database):
    database.open()
    database.check()


def _no_database(path):
    path.write_bytes(b"this is a letter to my aunt\n" * 400)


def _header(path):
    data = bytearray(path.read_bytes())
    data[:100] = b"\xff" * 100
    path.write_bytes(data)


def _middle(path):
    data = bytearray(path.read_bytes())
    data[4096 : len(data) - 4096] = b"\xa5" * (len(data) - 8192)
    path.write_bytes(data)


def _cut(path):
    path.write_bytes(path.read_bytes()[: 4096 * 3 + 100])


@pytest.mark.parametrize("damage", [_no_database, _header, _middle, _cut])
@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_damage_is_told_as_such(tmp_path, damage, kind):
    """Opened or read through, a damaged file is named, whatever SQLite calls it."""
    path = tmp_path / "a.db"
    database = _filled(path, MAKERS[kind])
    damage(path)
    with pytest.raises(StoreDamaged, match=r"a\.db"):
        _open_and_check(database)
    database.close()


def test_damage_in_the_middle_of_work_is_told_as_such(tmp_path):
    """Reading and writing say it too, each time they are asked."""
    path = tmp_path / "a.db"
    _filled(path)
    _middle(path)
    database = Database(path, lambda: queue_migrations.queue, queue_migrations.VERSION)
    for ask in (
        lambda: database.query("SELECT sum(length(value)) FROM state"),
        lambda: [_set(database, f"name-{n}", "y") for n in range(400)],
    ):
        with pytest.raises(StoreDamaged):
            ask()
    database.close()


def test_a_sound_file_is_sound(tmp_path):
    """The check does not cry wolf."""
    database = _filled(tmp_path / "a.db")
    database.open()
    database.check()
    database.close()


def test_a_damaged_file_is_kept_with_all_its_parts(tmp_path):
    """Nothing is deleted: the log of changes that are not in the file yet goes with it."""
    path = tmp_path / "a.db"
    database = queue_database(path)
    _set(database, "a", "1")
    keep_open = sqlite3.connect(path)
    keep_open.execute("SELECT * FROM state").fetchall()
    wal = Path(f"{path}-wal").read_bytes()
    data = path.read_bytes()
    assert wal

    kept = database.move_aside()

    assert kept.read_bytes() == data
    assert Path(f"{kept}-wal").read_bytes() == wal
    assert not path.exists()
    assert not Path(f"{path}-wal").exists()
    keep_open.close()
    database.open()
    assert _get(database, "a") is None
    database.close()


def test_two_files_moved_aside_in_one_second_are_both_kept(tmp_path):
    """The second does not replace the first."""
    path = tmp_path / "a.db"
    kept = []
    for text in (b"one", b"two", b"three"):
        path.write_bytes(text)
        kept.append(Database(path, lambda: queue_migrations.queue, 5).move_aside())
    assert [one.read_bytes() for one in kept] == [b"one", b"two", b"three"]


@pytest.mark.parametrize("damage", [_no_database, _header, _middle, _cut])
def test_a_start_with_a_damaged_file_ends_with_a_sound_one(tmp_path, damage):
    """Moved aside and made anew, the database works."""
    path = tmp_path / "a.db"
    database = _filled(path)
    damage(path)
    with pytest.raises(AgentError):
        _open_and_check(database)
    database.move_aside()
    database.open()
    database.check()
    _set(database, "a", "1")
    assert _get(database, "a") == "1"
    database.close()


# --- paths -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [b"plain", b"caf\xc3\xa9", b"caf\xe9", b"\xff\xfe\n", b" "])
def test_a_path_need_not_be_text(name):
    """The bytes that the system gave come back."""
    import os

    path = Path(os.fsdecode(name))
    assert blob_to_path(path_to_blob(path)) == path
    assert path_to_blob(path) == name


@pytest.mark.parametrize("is_failing", [True, False])
def test_what_must_survive_a_power_cut_is_flushed(db, is_failing):
    """Only that; what is written afterwards is as cheap as before."""

    def level():
        return db.connection().execute("PRAGMA synchronous").fetchone()[0]

    seen = []
    with contextlib.suppress(LookupError), db.write(is_durable=True):
        seen.append(level())
        if is_failing:
            raise LookupError
    with db.write():
        seen.append(level())
    assert seen == [2, 1]
