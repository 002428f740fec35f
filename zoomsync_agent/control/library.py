"""What people see of recordings and can do with them: lists, search, one recording, the journal."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from zoomsync_agent.catalog.lists import Lists
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.core import activity, naming, transcript
from zoomsync_agent.core.activity import Activity, Event, Happening
from zoomsync_agent.core.errors import NotAllowed, NotFound
from zoomsync_agent.core.listing import MOST, Listing, Query
from zoomsync_agent.core.progress import Progress
from zoomsync_agent.core.recording import ProcessingStatus, RecordingRow
from zoomsync_agent.core.snapshot import Waiting
from zoomsync_agent.core.transcript import Cue
from zoomsync_agent.ports import Clock, StateStore
from zoomsync_agent.store.journal import Entry, SqliteJournal
from zoomsync_agent.store.meetings import SqliteMeetingStore
from zoomsync_agent.store.overview import Overview

_LONGEST_TITLE: Final = 200
_MOST_EVENTS: Final = 1_000


class Library:
    """Recordings, for people.

    Args:
        catalog: the rows.
        lists: pages of them.
        overview: reads the queue.
        journal: what happened.
        meetings: remembers the titles that people give.
        state: gives the times of rows.
        clock: the time.
        zone: in which days begin.
        destination: name of the one in use.
        is_running: an agent runs.
    """

    def __init__(
        self,
        catalog: LocalCatalog,
        lists: Lists,
        *,
        overview: Overview,
        journal: SqliteJournal,
        meetings: SqliteMeetingStore,
        state: StateStore,
        clock: Clock,
        zone: tzinfo,
        destination: str,
        is_running: bool = False,
    ) -> None:
        self._is_running = is_running
        self._catalog = catalog
        self._lists = lists
        self._overview = overview
        self._journal = journal
        self._meetings = meetings
        self._state = state
        self._clock = clock
        self._zone = zone
        self._destination = destination

    def listing(self, query: Query) -> Listing:
        """Return one page of recordings, at most `listing.MOST` of them.

        Raises:
            UsageError: the cursor is none of ours, or of a list in another order.
        """
        return self._lists.page(replace(query, limit=max(1, min(query.limit, MOST))))

    def transcript(self, row: RecordingRow) -> tuple[Cue, ...]:
        """Return what was said in a recording, in time order; *row* is whole, not one of a list."""
        until = transcript.horizon(row.started_at, row.duration_seconds)
        return transcript.from_plain(row.transcription_text, until=until)

    def why_not(self, row: RecordingRow) -> Waiting | None:
        """Return why a recording is not uploaded; None where it is."""
        if row.processing_status is ProcessingStatus.COMPLETED:
            return None
        waiting = self._overview.why_not(row.sha256, is_running=self._is_running)
        if waiting is not None:
            return replace(waiting, meeting_title=row.meeting_title)
        return Waiting(
            path=row.file_name,
            meeting_title=row.meeting_title,
            size=row.file_size,
            code=str(Happening.LOST),
            label="Not in the archive",
            sentence=(
                "It is not in the archive, and its original is not on this computer either. Should "
                "it be found again in one of the two, this is put right by itself."
            ),
        )

    def progress(self, job_id: int) -> Progress:
        """Return how far a job is.

        Raises:
            NotFound: there is none of this number.
        """
        found = self._overview.progress(job_id, is_running=self._is_running)
        if found is None:
            raise NotFound(f"no file in the queue has the number {job_id}")
        told, sha256 = found
        row = self._catalog.with_hashes([sha256]).get(sha256) if sha256 else None
        return replace(told, recording_id=row.recording_id if row else None)

    def history(self, row: RecordingRow) -> Sequence[Event]:
        """Return what happened to a recording's file, the oldest first.

        The receipts that hold are among it: where it is, how large, with which hash, and when that
        was last proven.
        """
        about = [row.meeting_key or row.recording_id]
        events = [_event(one, row) for one in self._journal.of(row.sha256, about)]
        events += [
            Event(
                id=0,
                at=proof.at,
                happening=Happening.SAFE,
                sentence=activity.receipt_sentence(proof.destination, proof.size, row.sha256),
                title=row.meeting_title,
                file_name=row.file_name,
                detail=proof.url or proof.key,
                recording_id=row.recording_id,
            )
            for proof in self._journal.proofs(row.sha256)
        ]
        return sorted(events, key=lambda event: event.at)

    def rename(self, row: RecordingRow, title: str) -> RecordingRow:
        """Give a meeting another title; it holds for all recordings of the meeting and for good.

        What lies beside them in the archive is written anew, and a remote catalog told, by the
        agent as soon as it runs.

        Raises:
            NotAllowed: the title is empty or too long, or has signs that are none.
        """
        title = title.strip()
        if not 1 <= len(title) <= _LONGEST_TITLE:
            raise NotAllowed(f"a title has 1 to {_LONGEST_TITLE} characters")
        if naming.display_name(title) != title:
            raise NotAllowed("a title is one line, without signs that control a terminal")
        key = row.meeting_key or row.recording_id
        together = self._catalog.of_meeting(row.meeting_key) if row.meeting_key else (row,)
        now = self._clock.now()
        self._meetings.rename(
            key, {one.sha256 for one in together}, title, destination=self._destination, now=now
        )
        # After the queue: a publishing that began before asks for the title once more at its end.
        for one in together:
            self._catalog.rename(one.recording_id, title, self._state.stamp(now))
        return self._catalog.get(row.recording_id) or row

    def activity(
        self,
        *,
        before: int | None = None,
        happenings: Collection[Happening] = (),
        text: str = "",
        limit: int = 100,
    ) -> Activity:
        """Return a page of the journal, the newest first.

        Args:
            before: only what is older than this event.
            happenings: only these; all where empty.
            text: only events whose title or file name holds it.
            limit: how many at most; never more than 1,000.
        """
        limit = max(1, min(limit, _MOST_EVENTS))
        entries = self._journal.page(
            before=before, happenings=happenings, text=text.strip(), limit=limit + 1
        )
        shown = entries[:limit]
        rows = self._rows_of(shown)
        events = tuple(_event(one, rows.get(one.sha256)) for one in shown)
        return Activity(events, shown[-1].id if len(entries) > limit else None)

    def _rows_of(self, entries: Iterable[Entry]) -> Mapping[str, RecordingRow]:
        """Return by hash the rows of the recordings that *entries* are about."""
        return self._catalog.with_hashes({one.sha256 for one in entries if one.is_media})

    def days(self, count: int = 30) -> Sequence[tuple[date, int]]:
        """Return for each of the last *count* days, in the user's zone, how many bytes became safe.

        Days without any are there too; the oldest first, today last. A recording counts once, on
        the day of its first proof; texts do not count.
        """
        today = datetime.fromtimestamp(self._clock.now(), self._zone).date()
        days = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
        bounds = [
            datetime.combine(day, time(), self._zone).timestamp()
            for day in (*days, today + timedelta(days=1))
        ]
        sizes = self._journal.became_safe(self._destination, bounds)
        return list(zip(days, sizes, strict=True))


def _event(entry: Entry, row: RecordingRow | None) -> Event:
    return Event(
        id=entry.id,
        at=entry.at,
        happening=entry.happening,
        sentence=activity.sentence(
            entry.happening, error_code=entry.error_code, detail=entry.detail
        ),
        title=row.meeting_title if row else entry.title,
        file_name=entry.file_name,
        detail=entry.detail,
        job_id=entry.job_id,
        recording_id=row.recording_id if row else None,
    )
