"""The schema of the embedded catalog. It only grows: what has shipped is never edited."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

catalog = Migrations("catalog")


@catalog()
def m001_recordings(db: Database) -> None:
    """One row per recording; the first twelve columns are the dashboard's contract."""
    db.execute("""
        CREATE TABLE recordings (
            recording_id       TEXT PRIMARY KEY,
            user_id            TEXT    NOT NULL,
            file_url           TEXT    NOT NULL DEFAULT '',
            meeting_title      TEXT    NOT NULL,
            file_name          TEXT    NOT NULL,
            file_size          INTEGER NOT NULL,
            created_at         TEXT    NOT NULL,
            updated_at         TEXT    NOT NULL,
            processing_status  TEXT    NOT NULL
                CHECK (processing_status IN ('uploading', 'completed', 'failed')),
            transcription_text TEXT    NOT NULL DEFAULT '',
            summary            TEXT    NOT NULL DEFAULT '',
            action_items       TEXT    NOT NULL DEFAULT '[]',
            sha256             TEXT    NOT NULL DEFAULT '',
            started_at         TEXT,
            duration_seconds   REAL,
            kind               TEXT    NOT NULL DEFAULT 'video',
            part               INTEGER NOT NULL DEFAULT 1,
            participant        TEXT,
            source             TEXT    NOT NULL DEFAULT 'local',
            meeting_key        TEXT    NOT NULL DEFAULT '',
            destination        TEXT    NOT NULL DEFAULT '',
            object_key         TEXT    NOT NULL DEFAULT '',
            device             TEXT    NOT NULL DEFAULT '',
            CHECK (processing_status <> 'completed' OR file_url <> '')
        ) STRICT
    """)
    db.execute("CREATE INDEX recordings_started ON recordings (started_at, recording_id)")
    db.execute("CREATE INDEX recordings_meeting ON recordings (meeting_key)")


@catalog()
def m002_search(db: Database) -> None:
    """Full-text search over titles, names and texts, kept up to date by triggers."""
    db.table("recordings").enable_fts(
        ["meeting_title", "file_name", "transcription_text", "summary"], create_triggers=True
    )


@catalog()
def m003_deliveries(db: Database) -> None:
    """Which version of a row a remote catalog has; whatever differs is still to be delivered."""
    db.execute("""
        CREATE TABLE deliveries (
            remote       TEXT NOT NULL,
            recording_id TEXT NOT NULL,
            updated_at   TEXT NOT NULL,
            error_code   TEXT NOT NULL DEFAULT '',
            error_detail TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (remote, recording_id)
        ) STRICT
    """)


VERSION = 3
"""How many migrations there are."""
