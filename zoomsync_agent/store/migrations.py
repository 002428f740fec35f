"""The schema of the queue. It only grows: a migration that has shipped is never edited."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

queue = Migrations("queue")


@queue()
def m001_files(db: Database) -> None:
    """One row per recording file that was seen in a recordings folder.

    Paths are bytes, because file names need not be text. `verdict` and the columns after it hold
    the decision, not the sentence that people read. `gone` is 1 once the path no longer exists.
    """
    db.execute("""
        CREATE TABLE files (
            id           INTEGER PRIMARY KEY,
            path         BLOB    NOT NULL UNIQUE,
            folder       BLOB    NOT NULL,
            root         BLOB    NOT NULL,
            size         INTEGER NOT NULL CHECK (size >= 0),
            mtime_ns     INTEGER NOT NULL,
            device       INTEGER NOT NULL,
            inode        TEXT    NOT NULL,
            kind         TEXT    NOT NULL,
            part         INTEGER NOT NULL DEFAULT 1,
            participant  TEXT,
            meeting_key  TEXT    NOT NULL,
            title        TEXT    NOT NULL,
            started_at   REAL,
            duration     REAL,
            verdict      TEXT    NOT NULL,
            percent      INTEGER,
            detail       TEXT    NOT NULL DEFAULT '',
            gone         INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)),
            first_seen   REAL    NOT NULL,
            sha256       TEXT
        ) STRICT
    """)
    db.execute("CREATE INDEX files_folder ON files (folder)")
    db.execute("CREATE INDEX files_sha256 ON files (sha256) WHERE sha256 IS NOT NULL")
    db.execute("CREATE INDEX files_meeting ON files (meeting_key)")
    db.execute(
        "CREATE INDEX files_waiting ON files (verdict) WHERE verdict <> 'ready' AND gone = 0"
    )


@queue()
def m002_jobs(db: Database) -> None:
    """One row per version of a recording file and destination."""
    db.execute("""
        CREATE TABLE jobs (
            id               INTEGER PRIMARY KEY,
            file_id          INTEGER NOT NULL REFERENCES files (id),
            destination      TEXT    NOT NULL,
            size             INTEGER NOT NULL,
            mtime_ns         INTEGER NOT NULL,
            step             TEXT    NOT NULL CHECK (step IN ('identify', 'transfer', 'publish')),
            state            TEXT    NOT NULL CHECK (state IN
                ('ready', 'running', 'blocked', 'done', 'failed', 'cancelled')),
            attempt          INTEGER NOT NULL DEFAULT 0,
            deaths           INTEGER NOT NULL DEFAULT 0,
            not_before       REAL    NOT NULL DEFAULT 0,
            priority         INTEGER NOT NULL DEFAULT 0,
            recorded_at      REAL    NOT NULL DEFAULT 0,
            error_code       TEXT,
            error_detail     TEXT    NOT NULL DEFAULT '',
            cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
            created_at       REAL    NOT NULL,
            updated_at       REAL    NOT NULL,
            UNIQUE (file_id, destination, size, mtime_ns)
        ) STRICT
    """)
    db.execute("""
        CREATE INDEX jobs_claim ON jobs (priority, recorded_at, id) WHERE state = 'ready'
    """)
    db.execute("CREATE INDEX jobs_state ON jobs (state, updated_at)")


@queue()
def m003_objects(db: Database) -> None:
    """One row per content and destination: its key, the half-finished upload, the receipt.

    `scope` is empty for media, so that one content is stored once; text lies beside each meeting
    that it belongs to, so its scope is the meeting. `job_id` is the job that may send.
    """
    db.execute("""
        CREATE TABLE objects (
            destination  TEXT    NOT NULL,
            sha256       TEXT    NOT NULL,
            scope        TEXT    NOT NULL DEFAULT '',
            key          TEXT    NOT NULL,
            job_id       INTEGER,
            sent         INTEGER NOT NULL DEFAULT 0,
            resume_token TEXT    NOT NULL DEFAULT '',
            size         INTEGER,
            url          TEXT,
            verified_at  REAL,
            PRIMARY KEY (destination, sha256, scope)
        ) STRICT
    """)


@queue()
def m004_texts(db: Database) -> None:
    """What the text files of a meeting say, as cues in JSON."""
    db.execute("""
        CREATE TABLE texts (
            file_id     INTEGER PRIMARY KEY REFERENCES files (id),
            meeting_key TEXT NOT NULL,
            kind        TEXT NOT NULL,
            sha256      TEXT NOT NULL,
            cues        TEXT NOT NULL
        ) STRICT
    """)
    db.execute("CREATE INDEX texts_meeting ON texts (meeting_key)")


@queue()
def m005_state(db: Database) -> None:
    """What the agent learned or was told, by name."""
    db.execute("CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")


@queue()
def m006_history(db: Database) -> None:
    """Whether a file was there before the first start, decided when it was first seen.

    `device` is not used any more: there are numbers of devices that no column holds.
    """
    db.execute("""
        ALTER TABLE files ADD COLUMN is_history INTEGER NOT NULL DEFAULT 0
            CHECK (is_history IN (0, 1))
    """)
    db.execute("""
        UPDATE files SET is_history = 1 WHERE verdict = 'history'
            OR id IN (SELECT file_id FROM jobs WHERE priority > 0)
    """)
    db.execute("CREATE INDEX files_history ON files (inode) WHERE is_history = 1")


@queue()
def m007_cloud(db: Database) -> None:
    """Recordings that are fetched from a cloud: where they come from, and what is asked there.

    A job has one more step before the others, so its table is made anew. `look_at` is when a
    meeting is asked once more for what comes late; NULL once nothing is to be expected any more.
    `trashed_at` is noted before a copy is moved to the cloud's trash, `is_moved` afterwards;
    `is_kept` says that somebody took it back from there.
    """
    db.execute("ALTER TABLE files ADD COLUMN source TEXT NOT NULL DEFAULT 'local'")
    db.execute("ALTER TABLE files ADD COLUMN origin TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX files_source ON files (source, started_at) WHERE source <> 'local'")
    db.execute("CREATE INDEX files_started ON files (started_at) WHERE started_at IS NOT NULL")
    db.execute("""
        CREATE TABLE jobs_next (
            id               INTEGER PRIMARY KEY,
            file_id          INTEGER NOT NULL REFERENCES files (id),
            destination      TEXT    NOT NULL,
            source           TEXT    NOT NULL DEFAULT 'local',
            size             INTEGER NOT NULL,
            mtime_ns         INTEGER NOT NULL,
            step             TEXT    NOT NULL CHECK (step IN
                ('fetch', 'identify', 'transfer', 'publish')),
            state            TEXT    NOT NULL CHECK (state IN
                ('ready', 'running', 'blocked', 'done', 'failed', 'cancelled')),
            attempt          INTEGER NOT NULL DEFAULT 0,
            deaths           INTEGER NOT NULL DEFAULT 0,
            not_before       REAL    NOT NULL DEFAULT 0,
            priority         INTEGER NOT NULL DEFAULT 0,
            recorded_at      REAL    NOT NULL DEFAULT 0,
            error_code       TEXT,
            error_detail     TEXT    NOT NULL DEFAULT '',
            cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
            created_at       REAL    NOT NULL,
            updated_at       REAL    NOT NULL,
            UNIQUE (file_id, destination, size, mtime_ns)
        ) STRICT
    """)
    db.execute("""
        INSERT INTO jobs_next (id, file_id, destination, size, mtime_ns, step, state, attempt,
                               deaths, not_before, priority, recorded_at, error_code,
                               error_detail, cancel_requested, created_at, updated_at)
        SELECT id, file_id, destination, size, mtime_ns, step, state, attempt, deaths, not_before,
               priority, recorded_at, error_code, error_detail, cancel_requested, created_at,
               updated_at
        FROM jobs
    """)
    db.execute("DROP TABLE jobs")
    db.execute("ALTER TABLE jobs_next RENAME TO jobs")
    db.execute("""
        CREATE INDEX jobs_claim ON jobs (priority, recorded_at, id) WHERE state = 'ready'
    """)
    db.execute("CREATE INDEX jobs_state ON jobs (state, updated_at)")
    db.execute("""
        CREATE TABLE cloud_meetings (
            meeting_key  TEXT PRIMARY KEY,
            account      TEXT    NOT NULL,
            uuid         TEXT    NOT NULL,
            topic        TEXT    NOT NULL,
            host         TEXT    NOT NULL,
            started_at   REAL,
            ended_at     REAL,
            look_at      REAL,
            summary      TEXT    NOT NULL DEFAULT '',
            action_items TEXT    NOT NULL DEFAULT '[]',
            trashed_at   REAL,
            is_moved     INTEGER NOT NULL DEFAULT 0 CHECK (is_moved IN (0, 1)),
            is_kept      INTEGER NOT NULL DEFAULT 0 CHECK (is_kept IN (0, 1))
        ) STRICT
    """)
    db.execute("CREATE INDEX cloud_looks ON cloud_meetings (look_at) WHERE look_at IS NOT NULL")
    db.execute("""
        CREATE TABLE cloud_sizes (
            path BLOB PRIMARY KEY,
            told INTEGER NOT NULL,
            real INTEGER NOT NULL
        ) STRICT
    """)
    db.execute("""
        CREATE TABLE twins (meeting_key TEXT PRIMARY KEY, group_key TEXT NOT NULL) STRICT
    """)


VERSION = 7
"""How many migrations there are."""
