"""Databases of a version before: what was there is there, and what is new works with it."""

from types import SimpleNamespace

import pytest

from tests.fakes.stores import catalog_database, queue_database, row
from zoomsync_agent.catalog.lists import Lists
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.catalog.migrations import catalog
from zoomsync_agent.catalog.outbox import SqliteOutbox
from zoomsync_agent.core.listing import Query, Sort
from zoomsync_agent.sqlite import Database
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.store.journal import SqliteJournal
from zoomsync_agent.store.migrations import queue
from zoomsync_agent.store.overview import Overview

_ROW = """
    INSERT INTO recordings (recording_id, user_id, file_url, meeting_title, file_name, file_size,
                            created_at, updated_at, processing_status, transcription_text,
                            started_at)
    VALUES (?, 'me', 'file:///a', ?, 'video.mp4', ?, '2026-01-0' || ? || 'T00:00:00+00:00',
            '2026-02-01T00:00:00+00:00', 'completed', ?, ?)
"""


@pytest.fixture
def old_catalog(tmp_path):
    """Give the path of a catalog of version 3 with three rows."""
    db = Database(tmp_path / "catalog.db", _until(catalog, "m004_listed"), 3)
    db.open()
    with db.write() as conn:
        conn.executemany(
            "INSERT INTO deliveries (remote, recording_id, updated_at) VALUES ('project', ?, ?)",
            [("r1", "2026-02-01T00:00:00+00:00"), ("r2", "2026-01-01T00:00:00+00:00")],
        )
        conn.executemany(
            _ROW,
            [
                ("r1", "Übung", 1, 1, "the budget", "2026-03-01T00:00:00+00:00"),
                ("r2", "übung b", 2, 2, "", None),
                ("r3", "Weekly", 3, 3, "the plan", "2025-01-01T00:00:00+00:00"),
            ],
        )
    db.close()
    return db.path


@pytest.fixture
def old_queue(tmp_path):
    """Give the path of a queue of version 7: one file safe, one blocked, one waiting."""
    db = Database(tmp_path / "agent.db", _until(queue, "m008_journal"), 7)
    db.open()
    with db.write() as conn:
        for number, (state, code) in enumerate(
            [("done", None), ("blocked", "destination_denied"), ("ready", None)], 1
        ):
            conn.execute(
                """
                INSERT INTO files (id, path, folder, root, size, mtime_ns, device, inode, kind,
                                   meeting_key, title, verdict, first_seen, sha256)
                VALUES (?, ?, x'2f', x'2f', 10, 5, 0, '1', 'video', 'm', 'Weekly', 'ready', 0, ?)
                """,
                (number, b"/m/%d.mp4" % number, f"hash{number}"),
            )
            conn.execute(
                """
                INSERT INTO jobs (file_id, destination, size, mtime_ns, step, state, error_code,
                                  created_at, updated_at)
                VALUES (?, 'folder', 10, 5, 'publish', ?, ?, 0, 0)
                """,
                (number, state, code),
            )
        conn.execute(
            """
            INSERT INTO objects (destination, sha256, key, job_id, size, url, verified_at)
            VALUES ('folder', 'hash1', 'k', 1, 10, 'u', 500)
            """
        )
    db.close()
    return db.path


def _until(migrations, name):
    """Return what gives the migrations before the one called *name*."""
    older = SimpleNamespace(apply=lambda db: migrations.apply(db, stop_before=name))
    return lambda: older


def test_an_older_catalog_can_be_listed_and_searched(old_catalog):
    """Every row that was there, in every order."""
    db = catalog_database(old_catalog)
    found = Lists(db)

    def ids(**asked):
        return [one.row.recording_id for one in found.page(Query(**asked)).found]

    assert ids() == ["r1", "r2", "r3"]
    assert ids(sort=Sort.TITLE, ascending=True) == ["r3", "r1", "r2"]
    assert ids(text="budget") == ["r1"]
    assert ids(text="the", sort=Sort.SIZE) == ["r3", "r1"]
    assert ids(text="ubung", sort=Sort.SIZE) == ["r2", "r1"]
    db.close()


def test_an_older_catalog_follows_changes(old_catalog):
    """Both indexes of words, and what lists are made of."""
    db = catalog_database(old_catalog)
    local = LocalCatalog(db)
    local.publish(row("r1", transcription_text="the schedule", updated_at=4e9))
    assert local.search("budget") == []
    assert [one.recording_id for one, _hit in local.search("schedule")] == ["r1"]
    with db.write() as conn:
        for index in ("recordings_fts", "recordings_words"):
            conn.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")  # noqa: S608
    db.close()


def test_an_older_catalog_knows_what_is_to_be_delivered(old_catalog):
    """To the project that has some of it, and to one that has nothing."""
    db = catalog_database(old_catalog)
    known, other = SqliteOutbox(db, "project"), SqliteOutbox(db, "other")
    assert known.waiting("me") == 2
    assert sorted(one.recording_id for one in known.pending("me", 9)) == ["r2", "r3"]
    assert other.waiting("me") == 3
    assert other.waiting("somebody") == 0
    LocalCatalog(db).publish(row("r1", updated_at=4e9))
    assert (known.waiting("me"), other.waiting("me")) == (3, 3)
    db.close()


def test_a_row_that_changes_while_it_is_delivered_goes_on_waiting(old_catalog):
    """The project has the version before."""
    db = catalog_database(old_catalog)
    outbox = SqliteOutbox(db, "project")
    rows = outbox.pending("me", 9)
    LocalCatalog(db).rename("r2", "New", 4e9)
    outbox.delivered(rows)
    assert [one.recording_id for one in outbox.pending("me", 9)] == ["r2"]
    outbox.delivered(outbox.pending("me", 9))
    assert outbox.waiting("me") == 0
    db.close()


def test_an_older_queue_tells_no_old_news(old_queue):
    """What was found, safe or blocked before the journal began is not told as if it were today."""
    db = queue_database(old_queue)
    journal, jobs = SqliteJournal(db), SqliteJobStore(db)
    jobs.tell_again("folder", 1.0)
    with db.write() as conn:
        conn.execute("UPDATE jobs SET state = 'done' WHERE id = 1")
        conn.execute("UPDATE jobs SET state = 'ready' WHERE id = 2")
        conn.execute("UPDATE jobs SET state = 'blocked' WHERE id = 2")
    jobs.serve(["folder", "s3"], 1.0)
    assert journal.page(before=None, happenings=(), text="", limit=9) == []
    with db.write() as conn:
        conn.execute("UPDATE jobs SET state = 'done' WHERE id = 3")
    (safe,) = journal.page(before=None, happenings=(), text="", limit=9)
    assert (safe.happening, safe.job_id) == ("safe", 3)
    db.close()


def test_an_older_queue_knows_what_is_safe(old_queue):
    """The sum, and the day of the proof."""
    db = queue_database(old_queue)
    assert (Overview(db).safe("folder").files, Overview(db).safe("folder").size) == (1, 10)
    assert SqliteJournal(db).became_safe("folder", [0.0, 500.0, 501.0]) == [0, 10]
    db.close()
