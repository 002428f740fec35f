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


@queue()
def m008_journal(db: Database) -> None:
    """What happened, written by the tables themselves, so that nobody can forget it.

    An event is in the transaction of what it tells, and no sentence is stored: those are made when
    somebody reads. `about` is what it concerns where that is no file: a hash, or a meeting's key.

    `files.found` names the version that was told of, `jobs.told` the end that was: what comes to
    the same end again, because it is looked at every 30 s or published once more, is no news.
    The newest 50,000 are kept; every hundredth takes a hundred old ones away.
    """
    db.execute("""
        CREATE TABLE activity (
            id         INTEGER PRIMARY KEY,
            at         REAL    NOT NULL,
            happening  TEXT    NOT NULL,
            job_id     INTEGER,
            file_id    INTEGER,
            about      TEXT,
            error_code TEXT,
            detail     TEXT    NOT NULL DEFAULT ''
        ) STRICT
    """)
    db.execute("CREATE INDEX activity_file ON activity (file_id) WHERE file_id IS NOT NULL")
    db.execute("CREATE INDEX activity_about ON activity (about) WHERE about IS NOT NULL")
    db.execute("""
        CREATE TRIGGER activity_bounded AFTER INSERT ON activity WHEN new.id % 100 = 0
        BEGIN DELETE FROM activity WHERE id <= new.id - 50000; END
    """)
    db.execute("ALTER TABLE files ADD COLUMN found TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE jobs ADD COLUMN told TEXT NOT NULL DEFAULT ''")
    db.execute("""
        UPDATE files SET found = size || ' ' || mtime_ns
        WHERE id IN (SELECT file_id FROM jobs WHERE jobs.size = files.size
                                                AND jobs.mtime_ns = files.mtime_ns)
    """)
    db.execute("""
        UPDATE jobs SET told = state || ' ' || coalesce(error_code, '')
        WHERE state IN ('done', 'blocked', 'failed', 'cancelled')
    """)
    db.execute("""
        CREATE TRIGGER job_made AFTER INSERT ON jobs
        WHEN (SELECT found FROM files WHERE id = new.file_id)
             IS NOT new.size || ' ' || new.mtime_ns
        BEGIN
            INSERT INTO activity (at, happening, job_id, file_id)
            VALUES (new.created_at, 'found', new.id, new.file_id);
            UPDATE files SET found = new.size || ' ' || new.mtime_ns WHERE id = new.file_id;
        END
    """)
    # One that gives way to the next version of its file is not an end that concerns anybody.
    db.execute("""
        CREATE TRIGGER job_ended AFTER UPDATE OF state ON jobs
        WHEN new.state IN ('done', 'blocked', 'failed', 'cancelled') AND new.state <> old.state
          AND new.told <> new.state || ' ' || coalesce(new.error_code, '')
          AND NOT (new.state = 'cancelled' AND new.error_code IS 'source_changed')
        BEGIN
            INSERT INTO activity (at, happening, job_id, file_id, error_code, detail)
            VALUES (new.updated_at, iif(new.state = 'done', 'safe', new.state), new.id,
                    new.file_id, new.error_code, new.error_detail);
            UPDATE jobs SET told = new.state || ' ' || coalesce(new.error_code, '')
            WHERE id = new.id;
        END
    """)
    # Its bytes have to be brought there once more, and that they are is news then.
    db.execute("""
        CREATE TRIGGER job_reopened AFTER UPDATE OF state ON jobs
        WHEN old.state = 'done' AND new.state = 'ready' AND new.step <> 'publish'
        BEGIN UPDATE jobs SET told = '' WHERE id = new.id; END
    """)
    # Whoever loses or finds a receipt has no clock at hand.
    db.execute("""
        CREATE TRIGGER object_lost AFTER UPDATE OF verified_at ON objects
        WHEN old.verified_at IS NOT NULL AND new.verified_at IS NULL
        BEGIN
            INSERT INTO activity (at, happening, job_id, file_id, about, detail)
            VALUES ((julianday('now') - 2440587.5) * 86400.0, 'lost', new.job_id,
                    (SELECT id FROM files WHERE sha256 = new.sha256 ORDER BY gone, id LIMIT 1),
                    new.sha256, new.key);
            UPDATE jobs SET told = '' WHERE id = new.job_id;
        END
    """)
    db.execute("""
        CREATE TRIGGER object_back AFTER UPDATE OF verified_at ON objects
        WHEN old.verified_at IS NULL AND new.verified_at IS NOT NULL AND old.size IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = new.job_id AND state <> 'done')
        BEGIN
            INSERT INTO activity (at, happening, job_id, file_id, about, detail)
            VALUES ((julianday('now') - 2440587.5) * 86400.0, 'safe', new.job_id,
                    (SELECT id FROM files WHERE sha256 = new.sha256 ORDER BY gone, id LIMIT 1),
                    new.sha256, new.key);
        END
    """)


@queue()
def m009_first_proof(db: Database) -> None:
    """When an object was first proven to be there; `verified_at` moves with later proofs."""
    db.execute("ALTER TABLE objects ADD COLUMN safe_at REAL")
    db.execute("UPDATE objects SET safe_at = verified_at")
    db.execute("""
        CREATE TRIGGER object_proven AFTER UPDATE OF verified_at ON objects
        WHEN new.verified_at IS NOT NULL AND new.safe_at IS NULL
        BEGIN
            UPDATE objects SET safe_at = new.verified_at
            WHERE destination = new.destination AND sha256 = new.sha256 AND scope = new.scope;
        END
    """)
    db.execute("""
        CREATE INDEX objects_days ON objects (destination, safe_at, size, scope)
        WHERE scope = '' AND safe_at IS NOT NULL
    """)


@queue()
def m010_held(db: Database) -> None:
    """How many recordings each destination is known to hold, and their bytes; texts do not count.

    A page that is open asks for it every second, and to add up a hundred thousand receipts would
    keep a processor busy.
    """
    db.execute("""
        CREATE TABLE held (
            destination TEXT PRIMARY KEY,
            files       INTEGER NOT NULL,
            size        INTEGER NOT NULL
        ) STRICT
    """)
    db.execute("""
        INSERT INTO held
        SELECT destination, count(*), coalesce(sum(size), 0) FROM objects
        WHERE scope = '' AND verified_at IS NOT NULL GROUP BY destination
    """)
    adding = """
        INSERT INTO held
        SELECT new.destination, 1, coalesce(new.size, 0)
        WHERE new.scope = '' AND new.verified_at IS NOT NULL
        ON CONFLICT DO UPDATE SET files = files + 1, size = size + excluded.size;
    """
    removing = """
        UPDATE held SET files = files - 1, size = size - coalesce(old.size, 0)
        WHERE destination = old.destination AND old.scope = '' AND old.verified_at IS NOT NULL;
    """
    db.execute(f"CREATE TRIGGER held_more AFTER INSERT ON objects BEGIN {adding} END")
    db.execute(f"CREATE TRIGGER held_less AFTER DELETE ON objects BEGIN {removing} END")
    db.execute(f"""
        CREATE TRIGGER held_changed AFTER UPDATE OF verified_at, size, scope, destination ON objects
        BEGIN {removing} {adding} END
    """)
    db.execute("CREATE INDEX objects_sha256 ON objects (sha256)")
    db.execute("CREATE INDEX objects_job ON objects (job_id) WHERE verified_at IS NULL")


@queue()
def m011_titles(db: Database) -> None:
    """Titles that somebody gave; the key is the meeting's, or a recording's that has none."""
    db.execute("""
        CREATE TABLE titles (meeting_key TEXT PRIMARY KEY, title TEXT NOT NULL) STRICT
    """)


@queue()
def m012_freed(db: Database) -> None:
    """Originals that went to this computer's trash, noted before they are moved.

    `freed_at` is NULL while it is not known whether a file was moved; `restored_at` says when one
    was found to be back. Size and time are those of the file that was moved.
    """
    db.execute("""
        CREATE TABLE freed (
            file_id     INTEGER PRIMARY KEY REFERENCES files (id),
            size        INTEGER NOT NULL,
            mtime_ns    INTEGER NOT NULL,
            noted_at    REAL    NOT NULL,
            freed_at    REAL,
            restored_at REAL
        ) STRICT
    """)


@queue()
def m013_freed_content(db: Database) -> None:
    """Which content was freed: what comes back from the trash may come with another time."""
    db.execute("ALTER TABLE freed ADD COLUMN sha256 TEXT")
    db.execute("""
        UPDATE freed SET sha256 = (
            SELECT sha256 FROM files WHERE id = file_id
              AND files.size = freed.size AND files.mtime_ns = freed.mtime_ns)
    """)


VERSION = 13
"""How many migrations there are."""
