"""The table `recordings` as values, and what SQLite raises as errors of the agent."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from typing import Final

from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import AgentError, RemoteUnavailable, Unexpected
from zoomsync_agent.core.recording import RecordingRow

COLUMNS: Final = (
    "recording_id", "user_id", "file_url", "meeting_title", "file_name", "file_size",
    "created_at", "updated_at", "processing_status", "transcription_text", "summary",
    "action_items", "sha256", "started_at", "duration_seconds", "kind", "part", "participant",
    "source", "meeting_key", "destination", "object_key", "device",
)  # fmt: skip
BRIEF: Final = ", ".join(
    "'' AS transcription_text" if column == "transcription_text" else f"recordings.{column}"
    for column in COLUMNS
)
"""The columns for a list. A transcript fills dozens of pages of the file; none of them is read."""


def row_of(row: sqlite3.Row) -> RecordingRow:
    """Return what a row of the table `recordings` says."""
    columns = {name: row[name] for name in COLUMNS}
    columns["action_items"] = json.loads(columns["action_items"])
    return rows.from_dict(columns)


@contextlib.contextmanager
def naming_errors() -> Iterator[None]:
    """Turn what SQLite raises into errors of the agent."""
    try:
        yield
    except AgentError:
        raise
    except (sqlite3.IntegrityError, ArithmeticError, ValueError) as exc:
        raise Unexpected(f"a row that the catalog cannot hold: {exc}") from exc
    except sqlite3.Error as exc:
        raise RemoteUnavailable(f"the catalog file: {exc}") from exc


def typed(text: str) -> str:
    """Return what somebody typed as text that SQLite can hold: no NUL, no half characters."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()
