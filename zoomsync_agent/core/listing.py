"""Lists of recordings: what is asked for, and one page of the answer."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from zoomsync_agent.core.recording import Kind, ProcessingStatus, RecordingRow

MOST: Final = 200
"""So many recordings a page holds at most."""


class Sort(StrEnum):
    """In which order."""

    STARTED = "started_at"
    TITLE = "meeting_title"
    SIZE = "file_size"
    UPDATED = "updated_at"
    RELEVANCE = "relevance"
    """The best hits first; only where words are looked for, and then what is taken by default."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which recordings, and which page of them.

    `text` holds words that all must occur in title, name, transcript or summary. `since` and
    `until` are epoch seconds of the meeting's start, the second one excluded. `cursor` is what the
    page before gave as its `next`; empty asks for the first page. `sort` None means newest first,
    or the best hits first where words are looked for.
    """

    text: str = ""
    status: ProcessingStatus | None = None
    source: str | None = None
    kind: Kind | None = None
    since: float | None = None
    until: float | None = None
    sort: Sort | None = None
    ascending: bool = False
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    """One recording of a list.

    `row` has no transcript here, for it can be megabytes long. `hit` is the place that was found,
    with the words marked by « and »; `at` is its second in the recording, where that is known.
    """

    row: RecordingRow
    hit: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list; `next` is empty on the last one. `total` counts all pages' recordings."""

    found: tuple[Found, ...] = field(default=())
    next: str = ""
    total: int = 0
