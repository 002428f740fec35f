"""Lists of recordings, page by page: sorted, filtered, searched.

A page begins after the last recording of the page before, by its keys, so that what is added or
changed meanwhile neither repeats a recording nor leaves one out. Few recordings are gathered and
sorted; of many the index of the order is walked until the page is full, so neither costs more than
a few milliseconds in a hundred thousand.

The best hits are those of bm25 over the words that are rare: a word that stands in every second
recording says nothing about any of them, and to weigh its million places takes seconds. Where no
word is rare, recordings with all words in the title come first, then the newest.
"""

import json
import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from zoomsync_agent.catalog.table import BRIEF, naming_errors, row_of, typed
from zoomsync_agent.catalog.words import all_of, words_of
from zoomsync_agent.core import cursors, rows, transcript
from zoomsync_agent.core.cursors import Mark
from zoomsync_agent.core.excerpts import excerpt
from zoomsync_agent.core.listing import Found, Listing, Query, Sort
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.sqlite import Database

_COLUMNS: Final = {
    Sort.STARTED: "moment",
    Sort.TITLE: "title",
    Sort.SIZE: "size",
    Sort.UPDATED: "updated_at",
}
_FEW: Final = 2_000
"""So many recordings are sorted faster than found on a walk through all."""
_RARE: Final = 500
"""A word in more recordings than this does not tell them apart."""
_SHORTEST_RARE: Final = 3
"""Of fewer Latin letters there are thousands of words; what begins with them is no word yet."""
_STATUSES: Final = ", ".join(f"'{status}'" for status in ProcessingStatus)
_KINDS: Final = ", ".join(f"'{kind}'" for kind in Kind)
_BEFORE_ALL: Final = "0"
_AFTER_ALL: Final = "A"
"""Before and after the years 1 to 9999 of ISO 8601, as text."""


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """Conditions on the table `listed`, joined by AND, and their parameters."""

    sql: str = "1"
    parameters: tuple[Any, ...] = ()
    index: str = ""

    def and_(self, sql: str, *parameters: Any) -> "_Narrowed":
        return replace(self, sql=f"{self.sql} AND {sql}", parameters=self.parameters + parameters)


@dataclass(frozen=True, slots=True)
class _Hits:
    """The recordings with all words, as JSON, how many they are, and the words."""

    ids: str
    count: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A recording of a page: its number in the table, and what its cursor would be."""

    id: int
    mark: Mark


class Lists:
    """Pages of the embedded catalog's recordings.

    Args:
        db: the catalog's file.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def page(self, query: Query) -> Listing:
        """Return one page; *query* decides how long it is.

        `ascending` means nothing for the best hits, which come first.

        Raises:
            UsageError: the cursor is none of ours, or of another order.
        """
        with naming_errors():
            if not query.text.strip():
                return self._plain(query)
            words = words_of(query.text)
            if not words:
                return Listing()
            hits = self._hits(words)
            if query.sort in (None, Sort.RELEVANCE):
                return self._best(query, hits)
            return self._sorted(query, hits)

    # --- sorted by a column ------------------------------------------------------------------

    def _plain(self, query: Query) -> Listing:
        is_sorted = query.sort not in (None, Sort.RELEVANCE)
        return self._sorted(query if is_sorted else replace(query, sort=Sort.STARTED), None)

    def _sorted(self, query: Query, hits: _Hits | None) -> Listing:
        sort = query.sort or Sort.STARTED
        order = f"{sort} {'up' if query.ascending else 'down'}"
        key = int if sort is Sort.SIZE else str
        mark = cursors.read(query.cursor, {order: (key,)})
        narrowed = _narrowed(query)
        total = self._count(query, narrowed, hits)
        is_few = total <= _FEW
        places = self._walk(
            _by_index(query, narrowed) if is_few and hits is None else narrowed,
            hits.ids if hits else None,
            order=order,
            column=_COLUMNS[sort],
            is_up=query.ascending,
            after=(mark.keys[-1], mark.recording_id) if mark else None,
            limit=query.limit + 1,
            is_few=is_few,
        )
        return self._listing(places, total, query, hits)

    def _count(self, query: Query, narrowed: _Narrowed, hits: _Hits | None) -> int:
        """Return how many recordings are on all pages."""
        if hits is not None and not narrowed.parameters:
            return hits.count
        parameters: tuple[Any, ...]
        if hits is not None:
            table = "json_each(?) CROSS JOIN listed ON listed.id = value"
            parameters = (hits.ids, *narrowed.parameters)
        else:
            narrowed = _by_index(query, narrowed)
            table = f"listed {narrowed.index}"
            parameters = narrowed.parameters
        (row,) = self._db.query(
            f"SELECT count(*) AS n FROM {table} WHERE {narrowed.sql}",  # noqa: S608  our own words
            parameters,
        )
        return int(row["n"])

    def _walk(
        self,
        narrowed: _Narrowed,
        ids: str | None,
        *,
        order: str,
        column: str,
        is_up: bool,
        after: tuple[Any, str] | None,
        limit: int,
        is_few: bool,
        stage: tuple[int, ...] = (),
    ) -> list[_Place]:
        """Return the first recordings after a place.

        Args:
            narrowed: which ones.
            ids: only these, as JSON; None where nothing is searched for.
            order: its name in cursors.
            column: by which column of `listed`.
            is_up: the smallest first.
            after: value and id of the recording after which to begin; None for the beginning.
            limit: how many at most.
            is_few: sort what fits, for there is not much of it; walk the order's index otherwise.
            stage: begins the keys of the cursors.
        """
        if after is not None:
            sign = ">" if is_up else "<"
            narrowed = narrowed.and_(
                f"(listed.{column}, listed.recording_id) {sign} (?, ?)", *after
            )
        parameters: tuple[Any, ...] = narrowed.parameters
        condition = narrowed.sql
        table = f"listed INDEXED BY listed_{column}"
        if ids is not None and is_few:
            table = "json_each(?) CROSS JOIN listed ON listed.id = value"
            parameters = (ids, *parameters)
        elif ids is not None:
            condition += " AND listed.id IN (SELECT value FROM json_each(?))"
            parameters = (*parameters, ids)
        elif is_few and narrowed.index:
            table = f"listed {narrowed.index}"
        how = "ASC" if is_up else "DESC"
        found = self._db.query(
            f"""
            SELECT listed.id, listed.recording_id, listed.{column} AS value FROM {table}
            WHERE {condition}
            ORDER BY listed.{column} {how}, listed.recording_id {how} LIMIT ?
            """,  # noqa: S608  only our own words are put in
            (*parameters, limit),
        )
        return [
            _Place(row["id"], Mark(order, (*stage, row["value"]), row["recording_id"]))
            for row in found
        ]

    # --- the best hits -----------------------------------------------------------------------

    def _hits(self, words: tuple[str, ...]) -> _Hits:
        (row,) = self._db.query(
            """
            SELECT count(*) AS n, json_group_array(rowid) AS ids
            FROM recordings_words WHERE recordings_words MATCH ?
            """,
            (all_of(words),),
        )
        return _Hits(row["ids"], row["n"], words)

    def _best(self, query: Query, hits: _Hits) -> Listing:
        """Return the best hits; a next page goes on in the way in which the first was made."""
        of_words = f"{zlib.crc32(' '.join(hits.words).encode()):x}"
        ranked, newest = f"ranked {of_words}", f"newest {of_words}"
        mark = cursors.read(query.cursor, {ranked: (float, str), newest: (int, str)})
        rare = self._rare(hits.words)
        is_ranked = bool(rare) if mark is None else mark.order == ranked
        if is_ranked:
            return self._ranked(query, hits, rare or hits.words, ranked, mark)
        return self._titled(query, hits, newest, mark)

    def _rare(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of *words* that stand in few recordings."""
        return tuple(
            word
            for word in words
            if (len(word) >= _SHORTEST_RARE or not word.isascii())
            and self._db.query(
                """
                SELECT count(*) AS n FROM (
                    SELECT 1 FROM recordings_words WHERE recordings_words MATCH ? LIMIT ?)
                """,
                (all_of((word,)), _RARE + 1),
            )[0]["n"]
            <= _RARE
        )

    def _ranked(
        self, query: Query, hits: _Hits, rare: tuple[str, ...], order: str, mark: Mark | None
    ) -> Listing:
        """Return the hits by bm25 over the words that are rare, of equal ones the newest first."""
        ranks = {
            row["id"]: float(row["rank"])
            for row in self._db.query(
                """
                SELECT rowid AS id, bm25(recordings_fts, 10, 5, 1, 2) AS rank
                FROM recordings_fts WHERE recordings_fts MATCH ?
                """,
                (all_of(rare),),
            )
        }
        narrowed = _narrowed(query)
        found = self._db.query(
            f"""
            SELECT listed.id, listed.recording_id, listed.moment
            FROM json_each(?) CROSS JOIN listed ON listed.id = value WHERE {narrowed.sql}
            ORDER BY listed.moment DESC, listed.recording_id DESC
            """,  # noqa: S608  only our own words are put in
            (hits.ids, *narrowed.parameters),
        )
        places = [
            _Place(
                row["id"],
                Mark(order, (ranks.get(row["id"], 0.0), row["moment"]), row["recording_id"]),
            )
            for row in found
        ]
        places.sort(key=lambda place: place.mark.keys[0])  # keeps the newest first among equals
        later = [one for one in places if mark is None or _is_worse(one.mark, mark)]
        return self._listing(later[: query.limit + 1], len(places), query, hits)

    def _titled(self, query: Query, hits: _Hits, order: str, mark: Mark | None) -> Listing:
        """Return the hits in titles, then the others, the newest first."""
        (row,) = self._db.query(
            """
            SELECT count(*) AS n, json_group_array(rowid) AS ids
            FROM recordings_words WHERE recordings_words MATCH ?
            """,
            (f"meeting_title : ({all_of(hits.words)})",),
        )
        narrowed = _narrowed(query)
        total = self._count(query, narrowed, hits)
        others = narrowed.and_("listed.id NOT IN (SELECT value FROM json_each(?))", row["ids"])
        stages = ((narrowed, row["ids"], row["n"]), (others, hits.ids, total))
        places: list[_Place] = []
        first = int(mark.keys[0]) if mark else 0
        for stage, (which, ids, count) in enumerate(stages):
            missing = query.limit + 1 - len(places)
            if stage < first or missing <= 0:
                continue
            places += self._walk(
                which,
                ids,
                order=order,
                column="moment",
                is_up=False,
                after=(mark.keys[1], mark.recording_id) if mark and stage == first else None,
                limit=missing,
                is_few=count <= _FEW,
                stage=(stage,),
            )
        return self._listing(places, total, query, hits)

    # --- what is shown -----------------------------------------------------------------------

    def _listing(
        self, places: Sequence[_Place], total: int, query: Query, hits: _Hits | None
    ) -> Listing:
        """Return the page of *places*, of which one more than fits tells that there is another."""
        shown = places[: query.limit]
        by_id = {
            row["id"]: row
            for row in self._db.query(
                f"""
                SELECT recordings.rowid AS id, {BRIEF}
                       {", recordings.transcription_text AS said" if hits else ""}
                FROM json_each(?) CROSS JOIN recordings ON recordings.rowid = value
                """,  # noqa: S608  only our own words are put in
                (json.dumps([place.id for place in shown]),),
            )
        }
        found = tuple(_found(by_id[place.id], hits.words if hits else ()) for place in shown)
        is_last = len(places) <= query.limit
        return Listing(found, "" if is_last or not shown else shown[-1].mark.cursor, total)


def _found(row: sqlite3.Row, words: tuple[str, ...]) -> Found:
    brief = row_of(row)
    if not words:
        return Found(brief)
    others = (brief.summary, brief.meeting_title, brief.file_name)
    until = transcript.horizon(brief.started_at, brief.duration_seconds)
    hit, at = excerpt(row["said"], others, words, until=until)
    return Found(brief, hit, at)


def _is_worse(one: Mark, other: Mark) -> bool:
    """Return whether *one* comes after *other* among the best hits."""
    (rank, moment), (other_rank, other_moment) = one.keys, other.keys
    if rank != other_rank:
        return float(rank) > float(other_rank)
    return (str(moment), one.recording_id) < (str(other_moment), other.recording_id)


def _narrowed(query: Query) -> _Narrowed:
    """Return the filters of *query* as conditions."""
    narrowed = _Narrowed()
    if query.status is not None:
        narrowed = narrowed.and_("listed.status = ?", str(query.status))
    if query.kind is not None:
        narrowed = narrowed.and_("listed.kind = ?", str(query.kind))
    if query.source is not None:
        narrowed = narrowed.and_("listed.source = ?", typed(query.source))
    if query.since is not None:
        narrowed = narrowed.and_("listed.moment >= ?", _moment(query.since))
    if query.until is not None:
        narrowed = narrowed.and_("listed.moment < ?", _moment(query.until))
    return narrowed


def _by_index(query: Query, narrowed: _Narrowed) -> _Narrowed:
    """Return the same conditions with the index in which the least has to be read.

    What is not asked for of the columns that the index begins with is asked for in all its values,
    so that the columns after it narrow too.
    """
    if not narrowed.parameters:
        return narrowed
    if query.status is None and query.kind is None and query.source is None:
        return replace(narrowed, index="INDEXED BY listed_moment")
    if query.status is None:
        narrowed = narrowed.and_(f"listed.status IN ({_STATUSES})")
    if query.kind is None:
        narrowed = narrowed.and_(f"listed.kind IN ({_KINDS})")
    return replace(narrowed, index="INDEXED BY listed_filters")


def _moment(moment: float) -> str:
    """Return epoch seconds as the column `moment` has them; text orders them as time does."""
    try:
        return rows.iso(moment) or _BEFORE_ALL
    except (ValueError, OverflowError, OSError):
        return _BEFORE_ALL if moment < 0 else _AFTER_ALL
