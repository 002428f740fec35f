"""A home in which a hundred thousand recordings are safe, ten thousand of them with a transcript.

Rows go straight into the tables: to bring so many there through the agent would take hours.
"""

import hashlib
import itertools
import os
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from zoomsync_agent.app.databases import Databases
from zoomsync_agent.catalog.table import COLUMNS
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.rows import iso
from zoomsync_agent.desktop import paths

RECORDINGS: Final = 100_000
TRANSCRIPTS: Final = 10_000
_EVENTS: Final = 50_000
_WORDS: Final = 20_000
_LINES: Final = 50_000
_LINE_WORDS: Final = 13
_LINES_EACH: Final = 330
"""About 40 KB."""
_FIRST_DAY: Final = 1_500_000_000.0
_APART_SECONDS: Final = 2_200.0
_SYLLABLES: Final = (
    "ba", "ke", "li", "mo", "nu", "ra", "si", "to", "ve", "do", "pa", "ter", "ing", "con", "pro",
    "an", "er", "st", "é", "ü",
)  # fmt: skip
_FTS: Final = ("recordings_fts", "recordings_words")


@dataclass(frozen=True, slots=True)
class Questions:
    """What may be looked for in the catalog, by how often it occurs."""

    rare: tuple[str, ...]
    common: tuple[str, ...]
    two: tuple[str, ...]
    prefix: tuple[str, ...]

    @property
    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        """All of them."""
        return {
            "a rare word": self.rare,
            "a common word": self.common,
            "two words": self.two,
            "a beginning": self.prefix,
        }


def big_catalog(
    home: Path, *, recordings: int = RECORDINGS, transcripts: int = TRANSCRIPTS, seed: int = 1
) -> Questions:
    """Fill the databases of *home*, which is what ZOOMSYNC_HOME names; nothing may be there yet.

    The words of the transcripts are distributed as those of a language are: the second is half as
    common as the first, the tenth a tenth. The archive has none of the files, so an agent that runs
    there would find out that everything is lost.

    Args:
        home: the folder.
        recordings: how many, each with a file, a finished job and a receipt.
        transcripts: how many of them have one, of about 40 KB.
        seed: of what is random.
    """
    rng = random.Random(seed)  # noqa: S311  makes examples, guards nothing
    words = _words(rng)
    databases = Databases(paths.home({**os.environ, paths.HOME_VARIABLE: str(home)}).ensure())
    databases.open_beside()
    try:
        rows = _rows(rng, words, recordings, max(1, recordings // max(1, transcripts)))
        _fill_catalog(databases, rows)
        _fill_queue(databases)
    finally:
        databases.close()
    rare = words[_WORDS // 2 : _WORDS // 2 + 20]
    common = words[:20]
    return Questions(
        rare=tuple(rare),
        common=tuple(common),
        two=tuple(f"{one} {other}" for one, other in zip(rare, reversed(common), strict=True)),
        prefix=tuple(word[:length] for word, length in zip(rare, itertools.cycle((1, 2, 3, 4)))),
    )


def _words(rng: random.Random) -> list[str]:
    """Return words, the common ones short."""
    found: dict[str, None] = {}
    while len(found) < _WORDS:
        longest = 2 + min(3, len(found) // 100)
        found["".join(rng.choices(_SYLLABLES, k=rng.randint(max(1, longest - 2), longest)))] = None
    return list(found)


def _rows(
    rng: random.Random, words: Sequence[str], count: int, apart: int
) -> Iterator[dict[str, Any]]:
    common = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(words))))
    pool = rng.choices(words, cum_weights=common, k=_LINES * _LINE_WORDS)
    lines = [
        " ".join(pool[start : start + _LINE_WORDS]) for start in range(0, len(pool), _LINE_WORDS)
    ]
    for number in range(count):
        started_at = _FIRST_DAY + number * _APART_SECONDS + rng.random()
        status = rng.choices(("completed", "failed", "uploading"), (98, 1, 1))[0]
        title = " ".join(rng.choices(words[:5_000], k=3)).title()
        name = f"video{number}.mp4"
        yield {
            "recording_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            "user_id": "local",
            "file_url": f"file:///home/ann/Archive/2026/11/2026-11-01 {title}/{name}",
            "meeting_title": title,
            "file_name": name,
            "file_size": rng.randint(10**6, 10**9),
            "created_at": iso(started_at + 4_000),
            "updated_at": iso(started_at + 5_000),
            "processing_status": status,
            "transcription_text": "" if number % apart else _transcript(rng, lines),
            "summary": "",
            "action_items": "[]",
            "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
            "started_at": iso(started_at) if number % 50 else None,
            "duration_seconds": 3_600.0,
            "kind": "video" if number % 5 else "audio",
            "part": 1,
            "participant": None,
            "source": "local" if number % 3 else "zoom",
            "meeting_key": f"meeting-{number // 2}",
            "destination": "folder",
            "object_key": f"2026/11/2026-11-01 {title}/{name}",
            "device": "desk",
        }


def _transcript(rng: random.Random, lines: Sequence[str]) -> str:
    second, said = 0, []
    for line in rng.choices(lines, k=_LINES_EACH):
        second += rng.randint(2, 18)
        minutes, rest = divmod(second, 60)
        said.append(f"[{minutes // 60:02}:{minutes % 60:02}:{rest:02}] Ann Smith: {line}")
    return "\n".join(said)


def _fill_catalog(databases: Databases, rows: Iterator[dict[str, Any]]) -> None:
    with databases.catalog.write() as conn:
        # Both indexes are made at the end in one go, which takes half as long.
        triggers = conn.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'recordings'"
        ).fetchall()
        for trigger in triggers:
            conn.execute(f"DROP TRIGGER {trigger['name']}")
        names = ", ".join(COLUMNS)
        values = ", ".join(f":{column}" for column in COLUMNS)
        conn.executemany(f"INSERT INTO recordings ({names}) VALUES ({values})", rows)  # noqa: S608
        conn.create_function("folded", 1, str.casefold, deterministic=True)
        conn.execute("""
            INSERT INTO listed
            SELECT rowid, recording_id, coalesce(started_at, created_at), folded(meeting_title),
                   file_size, updated_at, processing_status, source, kind
            FROM recordings
        """)
        for index in _FTS:
            conn.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")  # noqa: S608
        for trigger in triggers:
            conn.execute(trigger["sql"])


def _fill_queue(databases: Databases) -> None:
    """Make the file, the finished job and the receipt of every row, and a full journal."""
    with databases.queue.write() as conn:
        rows = databases.catalog.query(
            "SELECT rowid AS id, meeting_title, file_name, file_size, sha256, kind, part, source,"
            " meeting_key, object_key, processing_status FROM recordings"
        )
        conn.executemany(
            """
            INSERT INTO files (id, path, folder, root, size, mtime_ns, device, inode, kind,
                               meeting_key, title, started_at, verdict, first_seen, sha256, source,
                               found)
            VALUES (?, ?, x'2f72', x'2f72', ?, 1, 0, ?, ?, ?, ?, ?, 'ready', 0, ?, ?, ? || ' 1')
            """,
            (
                (
                    row["id"],
                    f"/r/{row['id']}/{row['file_name']}".encode(),
                    row["file_size"],
                    str(row["id"]),
                    row["kind"],
                    row["meeting_key"],
                    row["meeting_title"],
                    _FIRST_DAY + row["id"] * _APART_SECONDS,
                    row["sha256"],
                    row["source"],
                    row["file_size"],
                )
                for row in rows
            ),
        )
        conn.executemany(
            """
            INSERT INTO jobs (id, file_id, destination, source, size, mtime_ns, step, state,
                              created_at, updated_at, told)
            VALUES (?, ?, 'folder', ?, ?, 1, 'publish', 'done', 0, ?, 'done ')
            """,
            (
                (row["id"], row["id"], row["source"], row["file_size"], _safe_at(row["id"]))
                for row in rows
            ),
        )
        conn.executemany(
            """
            INSERT INTO objects (destination, sha256, key, job_id, size, url, verified_at, safe_at)
            VALUES ('folder', ?, ?, ?, ?, '', ?, ?)
            """,
            (
                (
                    row["sha256"],
                    row["object_key"],
                    row["id"],
                    row["file_size"],
                    _safe_at(row["id"]),
                    _safe_at(row["id"]),
                )
                for row in rows
            ),
        )
        conn.executemany(
            "INSERT INTO activity (at, happening, job_id, file_id) VALUES (?, ?, ?, ?)",
            (
                (_safe_at(row["id"]), happening, row["id"], row["id"])
                for row in rows[-_EVENTS // 2 :]
                for happening in (Happening.FOUND, Happening.SAFE)
            ),
        )


def _safe_at(number: int) -> float:
    return _FIRST_DAY + number * _APART_SECONDS + 6_000.0
