"""Sweeps through Zoom's cloud: which recordings there are, which are finished, which are gone.

Zoom tells of nothing by itself, so it is asked: soon again for the last days, because files come
late; once a day further back; and at first, and once a week, from the day that the user chose. How
far a sweep has come counts only when all of it has been read.
"""

import contextlib
import logging
import queue
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import (
    AgentError,
    SignInRequired,
    StoreDamaged,
)
from zoomsync_agent.core.facts import (
    LAST_CLOUD_SWEEP,
    ZOOM,
    ZOOM_ACCOUNT,
    ZOOM_PROBLEM,
    ZOOM_WHO,
)
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.ports import (
    Clock,
    CloudMeetingRecord,
    CloudStore,
    KnownFile,
    Sighting,
    SourceListener,
    StateStore,
)
from zoomsync_agent.service import NobodyWaits, ThreadService, each_beside
from zoomsync_agent.sources.zoom_cloud.late import Answer, LateTexts, first_look
from zoomsync_agent.sources.zoom_cloud.origin import Origin, record_of, sightings
from zoomsync_agent.sources.zoom_cloud.spool import Spool
from zoomsync_agent.sources.zoom_cloud.swept import Swept
from zoomsync_agent.zoom.client import Window, ZoomClient, windows
from zoomsync_agent.zoom.downloads import Downloads
from zoomsync_agent.zoom.models import CloudFile, CloudMeeting

_log = logging.getLogger(__name__)

_DAY_SECONDS: Final = 86_400.0
_DOUBTFUL: Final = 500
"""So many meetings are asked for by themselves, once a day."""
_AGAIN_SECONDS: Final = (60.0, 300.0)
"""After trouble a sweep is tried again after so long, at first and at most."""
_AT_ONCE: Final = 16
"""With answers that take a third of a second, so many reach what most accounts may ask."""
_LOOKS_AT_ONCE: Final = 240
"""Some seconds' worth of requests, so that it costs little that each turn waits for its last."""


class ZoomCloud(ThreadService):
    """The service that finds cloud recordings; a `RecordingSource`.

    Args:
        client: asks Zoom.
        downloads: asks for the size of what no list shows.
        listener: is told what is seen, on this service's thread.
        cloud: remembers meetings.
        state: remembers how far a sweep has come.
        spool: where files will lie.
        clock: the time.
        since: the first day that is wanted, UTC.
        sweeps: look for recordings; without it only what others find is told of.
        poll_seconds: how often Zoom is asked.
        on_news: told when rows are to be published again.
    """

    def __init__(
        self,
        client: ZoomClient,
        downloads: Downloads,
        listener: SourceListener,
        cloud: CloudStore,
        state: StateStore,
        spool: Spool,
        *,
        clock: Clock,
        since: date,
        sweeps: bool = True,
        poll_seconds: float,
        on_news: Callable[[], None],
    ) -> None:
        super().__init__(ZOOM)
        self._client = client
        self._listener = listener
        self._cloud = cloud
        self._state = state
        self._spool = spool
        self._clock = clock
        self._swept = Swept(state, since)
        self._sweeps = sweeps
        self._poll_seconds = poll_seconds
        self._on_news = on_news
        self._late = LateTexts(client, downloads, cloud, clock=clock)
        self._wishes: queue.SimpleQueue[tuple[CloudMeeting, str] | None] = queue.SimpleQueue()
        self._sweep_at = 0.0
        self._deep_at = 0.0
        self._looks_at = 0.0
        self._troubles = 0
        self._account = ""

    def look_soon(self) -> None:
        """Ask Zoom as soon as possible."""
        self._wishes.put(None)

    def found(self, meeting: CloudMeeting, account: str) -> None:
        """Take note of a meeting that was asked for by itself for *account*; from any thread."""
        self._wishes.put((meeting, account))

    def _wake(self) -> None:
        self._client.interrupt(is_over=True)
        self._wishes.put(None)

    def _run(self) -> None:
        self._client.interrupt(is_over=False)
        self._sweep_at = self._deep_at = self._looks_at = 0.0
        while not self._stopping.is_set():
            self.tick()
            self._wait()

    def tick(self) -> None:
        """Do what is due, and remember what stood in the way."""
        now = self._clock.monotonic()
        is_sweep = self._sweeps and now >= self._sweep_at
        try:
            if is_sweep:
                self.sweep()
            self._look_for_late()
        except NobodyWaits:
            return
        except StoreDamaged:
            raise
        except AgentError as exc:
            self._troubled(exc)
        else:
            self._troubles = 0
            if is_sweep:
                self._sweep_at = self._clock.monotonic() + self._poll_seconds
                self._tell(None)
        if is_sweep:
            self._state.set(LAST_CLOUD_SWEEP, repr(self._clock.now()))

    def _troubled(self, exc: AgentError) -> None:
        if self._stopping.is_set():
            return
        self._troubles += 1
        shortest, longest = _AGAIN_SECONDS
        wait = min(shortest * 2 ** (self._troubles - 1), longest)
        self._sweep_at = self._clock.monotonic() + min(wait, self._poll_seconds)
        self._tell(Problem.of(exc))

    def _tell(self, problem: Problem | None) -> None:
        if problem is not None and issubclass(problem.kind, SignInRequired) and not self._known():
            problem = None  # nobody has ever wanted anything of Zoom
        text = problem.text if problem else None
        if self._state.get(ZOOM_PROBLEM) != text:
            self._state.set(ZOOM_PROBLEM, text)
            _log.warning("Zoom's cloud: %s", problem.sentence if problem else "can be asked again")

    def _known(self) -> bool:
        return self._state.get(ZOOM_ACCOUNT) is not None

    def _wait(self) -> None:
        now = self._clock.monotonic()
        due = min(self._sweep_at, self._looks_at) - now
        wishes: list[tuple[CloudMeeting, str] | None] = []
        with contextlib.suppress(queue.Empty):
            wishes.append(self._wishes.get(timeout=max(0.05, min(due, self._poll_seconds))))
            while True:
                wishes.append(self._wishes.get_nowait())
        if None in wishes:
            self._sweep_at = min(self._sweep_at, self._clock.monotonic())
            self._late.begin_anew()
        # Not whoever is signed in by now: it was asked for as somebody.
        for account in {wish[1] for wish in wishes if wish is not None}:
            meetings = [wish[0] for wish in wishes if wish is not None and wish[1] == account]
            try:
                self._tell_of(meetings, account, 0.0, is_alone=True)
            except StoreDamaged:
                raise
            except AgentError as exc:  # a busy disk; they are asked for again within a day
                _log.warning("what Zoom told could not be kept: %s", exc.detail)

    # --- sweeping --------------------------------------------------------------------------

    def sweep(self) -> None:
        """Ask for everything that may be new.

        Raises:
            AgentError: Zoom did not tell everything; what it told is taken all the same.
        """
        account = self._client.user_id
        self._state.set(ZOOM_ACCOUNT, account)
        self._state.set(ZOOM_WHO, self._client.email)
        if account != self._account:
            self._account, self._deep_at = account, 0.0
        root = self._spool.root_of(account)
        self._listener.root_state(root, "")
        today = datetime.fromtimestamp(self._clock.now(), UTC).date()
        is_deep = self._clock.monotonic() >= self._deep_at
        breadth = f"{account}:all" if self._client.is_account_wide else account
        asked_at = self._clock.now()
        is_whole = is_deep and self._swept.is_whole_due(breadth, asked_at)
        first = self._swept.first_day(breadth, today, is_deep=is_deep, is_whole=is_whole)
        known = self._known_below(root)
        for window, meetings in self._listed(list(windows(first, today))):
            seen = self._tell_of(meetings, account, asked_at, known)
            # Whose recordings were once listed for somebody else does not see them any more.
            if breadth != account or self._swept.window(f"{account}:all") is None:
                self._tell_gone(root, window, meetings, seen)
        self._listener.swept(root)
        self._swept.note(breadth, first, today, whole_at=asked_at if is_whole else None)
        if is_deep:
            self._look_for_doubtful(account)
            self._deep_at = self._clock.monotonic() + _DAY_SECONDS
        self._spool.clean(self._cloud.wanted())

    def _look_for_doubtful(self, account: str) -> None:
        """Ask for the meetings of any day that have a file about which there is more to be said.

        What was not finished, had become another version or was gone when it was to be fetched may
        lie further back than sweeps go; and what was found out about it may have been forgotten.
        """
        doubtful = self._cloud.doubtful(account, _DOUBTFUL)
        if not doubtful:
            return
        asked_at = self._clock.now()
        # Once: all remembered files are read for it, and no meeting is among them twice.
        known = self._known_below(self._spool.root_of(account))
        for found in each_beside(
            lambda one: self._client.meeting(one.uuid),
            doubtful,
            _AT_ONCE,
            name="zoom-look",
            is_over=self._stopping.is_set,
        ):
            if found is not None:
                self._tell_of([found[0]], account, asked_at, known, is_alone=True)

    def _listed(self, asked: Sequence[Window]) -> Iterator[tuple[Window, list[CloudMeeting]]]:
        """Yield what lies in each window; some are asked for at a time."""
        is_wide = self._client.is_account_wide
        self._client.token()  # renewed here, and not by many threads at once

        def ask(window: Window) -> tuple[Window, list[CloudMeeting]]:
            return window, self._client.meetings(window, account_wide=is_wide)

        return each_beside(ask, asked, _AT_ONCE, name="zoom-list", is_over=self._stopping.is_set)

    def _tell_of(
        self,
        meetings: Sequence[CloudMeeting],
        account: str,
        listed_at: float,
        known: dict[str, KnownFile] | None = None,
        *,
        is_alone: bool = False,
    ) -> set[str]:
        """Tell of the files that are news; return the paths of all.

        Of a meeting that was asked for by itself, *is_alone*, only what no list shows is new:
        somebody may have chosen some of its files and not the others.
        """
        root = self._spool.root_of(account)
        known = self._known_below(root) if known is None else known
        sizes = self._cloud.real_sizes()
        of_meetings = [(one, sightings(one, account, root, sizes)) for one in meetings]
        found = [seen for _, files in of_meetings for seen in files]
        now = self._clock.now()
        self._cloud.remember(
            [
                (record, first_look(record, now))
                for record in (record_of(one, account) for one in meetings if one.files)
            ],
            listed_at,
        )
        news = [one for one in found if _is_news(one, known.get(str(one.path)))]
        if is_alone:
            chosen = {path for told in of_meetings for path in self._chosen(*told)}
            news = [one for one in news if str(one.path) in chosen]
        self._listener.seen(news)
        return {str(one.path) for one in found}

    def _chosen(self, meeting: CloudMeeting, files: Sequence[Sighting]) -> set[str]:
        """Return the paths of the files of a meeting that are wanted.

        Those that were ever told of, gone or not; and what no list shows, where all that lists show
        is wanted.
        """
        told = self._cloud.paths_of(record_of(meeting, "").key)
        apart = {str(one.path) for one in files if _is_apart(one)}
        return told | apart if all(str(one.path) in told | apart for one in files) else told

    def _tell_gone(
        self, root: Path, window: Window, meetings: Sequence[CloudMeeting], seen: set[str]
    ) -> None:
        """Tell of the files of a window that Zoom does not list any more."""
        first = datetime.combine(window.first, datetime.min.time(), UTC).timestamp()
        last = datetime.combine(window.last, datetime.max.time(), UTC).timestamp()
        listed = {record_of(one, "").key for one in meetings if one.files}
        self._listener.gone(
            [
                one.path
                for one in self._cloud.files_between(root, first, last)
                # A participant's own sound is in no list.
                if one.path not in seen and not (one.is_apart and one.key in listed)
            ]
        )

    def _known_below(self, root: Path) -> dict[str, KnownFile]:
        inside = str(root)
        return {
            path: file
            for path, file in self._listener.known(None).items()
            if path.startswith(inside)
        }

    # --- what comes late -------------------------------------------------------------------

    def _look_for_late(self) -> None:
        """Ask some of the meetings that are due; the rest is asked at the next turn."""
        if self._clock.monotonic() < self._looks_at:
            return
        self._looks_at = self._clock.monotonic() + self._poll_seconds
        account = self._client.user_id
        if not self._late.is_allowed:
            return
        due = self._cloud.due(account, self._clock.now(), _LOOKS_AT_ONCE)
        if not due:
            return
        answers = list(self._asked(due))
        self._tell_of_transcripts(answers, account)
        if sum(map(self._late.keep, answers)):
            self._on_news()
        if self._late.is_allowed:
            self._looks_at = 0.0 if len(due) == _LOOKS_AT_ONCE else self._looks_at

    def _tell_of_transcripts(self, answers: Sequence[Answer], account: str) -> None:
        root, sizes = self._spool.root_of(account), self._cloud.real_sizes()
        self._listener.seen(
            [
                seen
                for one in answers
                if one.transcript is not None
                for seen in sightings(_alone(one.meeting, one.transcript), account, root, sizes)
            ]
        )

    def _asked(self, due: Sequence[CloudMeetingRecord]) -> Iterator[Answer]:
        # Only asked there: whoever uses the database keeps a connection, and these threads go.
        return each_beside(
            self._late.ask, due, _AT_ONCE, name="zoom-late", is_over=self._stopping.is_set
        )


def _alone(meeting: CloudMeetingRecord, file: CloudFile) -> CloudMeeting:
    """Return a meeting of which only one file is told."""
    return CloudMeeting(
        uuid=meeting.uuid,
        number="",
        topic=meeting.topic,
        started_at=meeting.started_at,
        minutes=0,
        host_id="",
        host_email=meeting.host,
        files=(file,),
    )


def _is_apart(seen: Sighting) -> bool:
    return Origin.read(seen.origin).is_apart


def _is_news(seen: Sighting, known: KnownFile | None) -> bool:
    if known is None:
        return True
    if known.is_settled and seen.verdict.is_ready:
        return known.identity != seen.identity
    return not known.says(seen)
