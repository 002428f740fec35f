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


@catalog()
def m004_listed(db: Database) -> None:
    """What lists are sorted and filtered by, in a narrow table beside the rows.

    A row of `recordings` can be megabytes long; this one is a hundred bytes, and each order has an
    index that holds all filters, so that a list of a hundred thousand touches what it shows only.
    `id` is the rowid there, `moment` the start or else the time of the row, `title` is folded.
    """
    db.conn.create_function("folded", 1, str.casefold, deterministic=True)
    db.execute("""
        CREATE TABLE listed (
            id           INTEGER PRIMARY KEY,
            recording_id TEXT    NOT NULL,
            moment       TEXT    NOT NULL,
            title        TEXT    NOT NULL,
            size         INTEGER NOT NULL,
            updated_at   TEXT    NOT NULL,
            status       TEXT    NOT NULL,
            source       TEXT    NOT NULL,
            kind         TEXT    NOT NULL
        ) STRICT
    """)
    db.execute("""
        INSERT INTO listed
        SELECT rowid, recording_id, coalesce(started_at, created_at), folded(meeting_title),
               file_size, updated_at, processing_status, source, kind
        FROM recordings
    """)
    for order in ("moment", "title", "size", "updated_at"):
        moment = "" if order == "moment" else ", moment"
        db.execute(f"""
            CREATE INDEX listed_{order}
            ON listed ({order}, recording_id, status, source, kind{moment})
        """)
    db.execute("CREATE INDEX listed_filters ON listed (status, kind, source, moment)")
    db.execute("CREATE INDEX recordings_sha256 ON recordings (sha256)")


@catalog()
def m005_words(db: Database) -> None:
    """Which words occur where, without their places: what lists of hits are made of.

    The index of m002 keeps every place of every word, as a ranking needs it; to count the rows
    with a common word there takes half a second in ten thousand transcripts, here a millisecond.
    Both follow only changes of the texts from now on, for cutting a transcript into words takes
    longer than all else that is done to store a row.
    """
    columns = ("meeting_title", "file_name", "transcription_text", "summary")
    named = ", ".join(columns)
    db.execute(f"""
        CREATE VIRTUAL TABLE recordings_words USING fts5 (
            {named}, content = 'recordings', detail = column, columnsize = 0, prefix = '1 2 3 4 5')
    """)
    db.execute("INSERT INTO recordings_words (recordings_words) VALUES ('rebuild')")
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("old", "new"))
    is_changed = " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)
    adding, removing = (
        "".join(
            text.format(table=table, named=named, old=old, new=new)
            for table in ("recordings_fts", "recordings_words")
        )
        for text in (
            "INSERT INTO {table} (rowid, {named}) VALUES (new.rowid, {new}); ",
            "INSERT INTO {table} ({table}, rowid, {named}) VALUES ('delete', old.rowid, {old}); ",
        )
    )
    for name in ("recordings_ai", "recordings_ad", "recordings_au"):
        db.execute(f"DROP TRIGGER {name}")
    db.execute(f"""
        CREATE TRIGGER recordings_added AFTER INSERT ON recordings BEGIN {adding} END
    """)
    db.execute(f"""
        CREATE TRIGGER recordings_removed AFTER DELETE ON recordings BEGIN {removing} END
    """)
    db.execute(f"""
        CREATE TRIGGER recordings_changed AFTER UPDATE ON recordings WHEN {is_changed}
        BEGIN {removing} {adding} END
    """)


@catalog()
def m006_undelivered(db: Database) -> None:
    """The rows that each remote catalog does not have yet, written down as they change.

    To compare all rows with all deliveries takes a quarter of a second in a hundred thousand, and
    a page that is open asks for their number all the time. `remotes` are those that ever asked.
    """
    db.execute("CREATE TABLE remotes (remote TEXT PRIMARY KEY) STRICT")
    db.execute("INSERT INTO remotes SELECT DISTINCT remote FROM deliveries")
    db.execute("""
        CREATE TABLE undelivered (
            remote       TEXT NOT NULL,
            recording_id TEXT NOT NULL,
            user_id      TEXT NOT NULL,
            updated_at   TEXT NOT NULL,
            PRIMARY KEY (remote, recording_id)
        ) STRICT
    """)
    db.execute("CREATE INDEX undelivered_age ON undelivered (remote, user_id, updated_at)")
    db.execute("""
        INSERT INTO undelivered
        SELECT remotes.remote, recordings.recording_id, recordings.user_id, recordings.updated_at
        FROM remotes CROSS JOIN recordings LEFT JOIN deliveries
          ON deliveries.remote = remotes.remote
            AND deliveries.recording_id = recordings.recording_id
        WHERE deliveries.updated_at IS NOT recordings.updated_at
    """)
    # Not OR REPLACE: in a trigger the way in which its statement meets conflicts goes before that.
    waits = """
        INSERT INTO undelivered
        SELECT remote, new.recording_id, new.user_id, new.updated_at FROM remotes WHERE true
        ON CONFLICT (remote, recording_id) DO UPDATE SET
            user_id = excluded.user_id, updated_at = excluded.updated_at;
    """
    db.execute(f"CREATE TRIGGER row_waits AFTER INSERT ON recordings BEGIN {waits} END")
    db.execute(f"""
        CREATE TRIGGER row_waits_again AFTER UPDATE ON recordings
        WHEN old.updated_at IS NOT new.updated_at OR old.user_id IS NOT new.user_id
        BEGIN {waits} END
    """)
    db.execute("CREATE INDEX deliveries_refused ON deliveries (remote) WHERE error_code <> ''")


VERSION = 6
"""How many migrations there are."""
