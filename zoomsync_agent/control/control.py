"""The one façade for people: what they see and what they can do.

It works on the queue itself, so it does the same inside the agent and in another process beside
it; a running agent notices within a second.
"""

from collections.abc import Callable, Sequence

from zoomsync_agent import __version__
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.catalog.outbox import SqliteOutbox
from zoomsync_agent.control.library import Library
from zoomsync_agent.control.place import NO_CLOUD, Place, Sweeps
from zoomsync_agent.control.quiet import MAX_PAUSE_SECONDS, Quiet
from zoomsync_agent.core import rows, snapshot, updates
from zoomsync_agent.core.account import Account, AccountState
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.errors import (
    ActionNeeded,
    NotAllowed,
    NotFound,
    SecretsUnavailable,
    SignInRequired,
    ZoomParked,
)
from zoomsync_agent.core.facts import (
    LAST_CLOUD_SWEEP,
    NOT_WATCHING,
    TRASH_PROBLEM,
    UPDATE_FOUND,
    ZOOM,
    ZOOM_ACCOUNT,
    ZOOM_PROBLEM,
    ZOOM_SHUT,
    ZOOM_WHO,
)
from zoomsync_agent.core.job import JobId, State
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.core.snapshot import Rows, Snapshot
from zoomsync_agent.core.units import readable_moment
from zoomsync_agent.engine.audit import DESTINATION_PROBLEM, LAST_AUDIT
from zoomsync_agent.engine.breaker import DESTINATION_SHUT
from zoomsync_agent.engine.housekeeping import SCAN_REQUEST
from zoomsync_agent.engine.intake import LAST_SWEEP
from zoomsync_agent.engine.mirror import ROWS_PROBLEM
from zoomsync_agent.engine.pause import Pause
from zoomsync_agent.ports import Clock, StateStore, fact_about
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.store.journal import SqliteJournal
from zoomsync_agent.store.overview import Overview

_PROBLEMS = (DESTINATION_SHUT, DESTINATION_PROBLEM)
_CLOUD_PROBLEMS = (ZOOM_SHUT, ZOOM_PROBLEM, TRASH_PROBLEM)
_ABOUT_SIGN_IN = (SignInRequired, SecretsUnavailable)
_SHORTEST_PREFIX = 4


class Control:
    """What people see and do.

    Args:
        jobs: the queue.
        overview: reads the queue for people.
        catalog: the rows.
        state: small facts.
        journal: what happened.
        library: lists, search, and what goes with one recording.
        clock: the time.
        place: where the agent works; `pid` is None while it does not run.
        account: tells who the agent is towards the remote project; None where there is none.
        outbox: the rows that wait for a remote catalog; None where there is none.
        release: gives back what this thread holds of the databases.
    """

    def __init__(
        self,
        jobs: SqliteJobStore,
        overview: Overview,
        catalog: LocalCatalog,
        state: StateStore,
        *,
        journal: SqliteJournal,
        library: Library,
        clock: Clock,
        place: Place,
        account: Callable[[], Account | None] = lambda: None,
        outbox: SqliteOutbox | None = None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._jobs = jobs
        self._overview = overview
        self._catalog = catalog
        self._state = state
        self._journal = journal
        self._library = library
        self._clock = clock
        self._place = place
        self._account = account
        self._outbox = outbox
        self.release = release
        self._pause = Pause(state, clock)
        self._quiet = Quiet(state, overview, clock, place)

    @property
    def is_running(self) -> bool:
        """Whether an agent runs."""
        return self._place.pid is not None

    @property
    def is_paused(self) -> bool:
        """Whether nothing is to be moved."""
        return self._pause.is_paused

    @property
    def root_problem(self) -> str:
        """What keeps the recordings folder from being read, as a sentence; empty if nothing."""
        root = self._place.recordings_path
        return snapshot.root_sentence(
            str(root), self._state.get(fact_about("root_problem", root)) or ""
        )

    def snapshot(self, *, limit: int = 200) -> Snapshot:
        """Return everything that people are shown, with at most *limit* waiting files."""
        counts = self._jobs.counts()
        counts[State.FAILED] = self._overview.troubled()
        queued = self._overview.queued()
        root = str(self._place.recordings_path)
        problem = self.root_problem
        account = self._account()
        synced = self._overview.safe(self._place.destination)
        shut = self._shut(account)
        cloud = self._cloud_problem()
        waiting_rows = self._rows(account)
        held = self._quiet.held if queued.files else ""
        slowed = self._quiet.slowed
        unconverted, until = self._overview.unconverted(), self._pause.until
        unready = self._overview.unready()
        state, sentence = snapshot.overall(
            is_running=self.is_running,
            has_looked=(
                self.sweeps().folder is not None or not self._place.sweeps or not self.is_watching
            ),
            unready=unready,
            cancelled=self._overview.cancelled(),
            problem=shut,
            cloud=cloud,
            rows=waiting_rows,
            is_paused=self.is_paused,
            is_watching=self.is_watching,
            hindrance=self._place.hindrance,
            held=held,
            slowed=slowed,
            paused_until=readable_moment(until, self._clock.now()) if until else "",
            unconverted=unconverted,
            root_problem=problem,
            counts=counts,
            queued=queued,
            synced=synced,
        )
        return Snapshot(
            state=state,
            sentence=sentence,
            recordings_path=root,
            root_problem=problem,
            destination=self._place.destination,
            archive=self._place.archive,
            synced=synced,
            queued=queued,
            history=self._overview.history(),
            active=self._overview.active() if self.is_running else (),
            waiting=self._overview.waiting(limit, is_running=self.is_running),
            pid=self._place.pid,
            url=self._place.url,
            paused_until=rows.iso(until),
            is_paused=self.is_paused,
            is_watching=self.is_watching,
            held=held,
            slowed=slowed,
            unready=unready,
            unconverted=unconverted,
            snoozed_until=rows.iso(self._quiet.snoozed_until),
            account=account,
            problem=shut,
            zoom_account=self.zoom_account,
            cloud=cloud,
            rows=waiting_rows,
            counts={str(state): count for state, count in counts.items()},
            update=updates.pending(self._state.get(UPDATE_FOUND), __version__),
        )

    def _shut(self, account: Account | None) -> Problem | None:
        """Return why the destination takes nothing, as far as somebody has found out."""
        if self.is_running:  # what the last agent met may be over
            found = (Problem.read(self._state.get(name)) for name in _PROBLEMS)
            problem = next((one for one in found if one is not None), None)
            if problem is not None:
                return problem
        if account is not None and account.state is AccountState.SIGNED_OUT:
            return Problem(SignInRequired.code, account.detail)
        return None

    @property
    def account(self) -> Account | None:
        """Who the agent is towards the remote project; None where there is no such project."""
        return self._account()

    @property
    def zoom_account(self) -> str | None:
        """Whose cloud is asked; empty where nobody's is, None where none is used."""
        if not self._place.has_cloud:
            return None
        account = self._state.get(ZOOM_ACCOUNT)
        return (self._state.get(ZOOM_WHO) or account or "") if account else ""

    def _cloud_problem(self) -> Problem | None:
        """Return what stands between the agent and Zoom's cloud; None where nothing does."""
        if not self.is_running or not self._place.has_cloud:
            return None
        found = (Problem.read(self._state.get(name)) for name in _CLOUD_PROBLEMS)
        problem = next((one for one in found if one is not None), None)
        if (
            problem is not None
            and not self.zoom_account
            and issubclass(problem.kind, _ABOUT_SIGN_IN)
        ):
            return None  # whoever has never signed in need not
        return problem

    def _rows(self, account: Account | None) -> Rows:
        if self._outbox is None or account is None or not account.user_id:
            return Rows()
        refusals = self._outbox.refusals()
        problem = Problem.read(self._state.get(ROWS_PROBLEM)) if self.is_running else None
        if refusals.count:
            problem = Problem(refusals.code, refusals.detail)
        return Rows(self._outbox.waiting(account.user_id), refusals.count, problem)

    # --- recordings ------------------------------------------------------------------------

    @property
    def library(self) -> Library:
        """Lists, search, and what goes with one recording."""
        return self._library

    def recordings(
        self, *, status: str | None = None, limit: int | None = None
    ) -> Sequence[RecordingRow]:
        """Return catalog rows, the newest meeting first."""
        return self._catalog.recent(status=status, limit=limit)

    def search(self, text: str, *, limit: int = 50) -> Sequence[tuple[RecordingRow, str]]:
        """Return catalog rows that hold every word of *text*, with the hit in context."""
        return self._catalog.search(text, limit=limit)

    def variants(self, row: RecordingRow) -> Sequence[RecordingRow]:
        """Return the other recordings of the same meeting: other views, parts and places."""
        if not row.meeting_key:
            return ()
        found = self._catalog.of_meeting(row.meeting_key)
        return [one for one in found if one.recording_id != row.recording_id]

    def recording(self, prefix: str) -> RecordingRow:
        """Return the one recording whose id begins with *prefix*.

        Raises:
            NotFound: none or several do.
        """
        if len(prefix) < _SHORTEST_PREFIX:
            raise NotFound(f"“{prefix}” is too short: give at least {_SHORTEST_PREFIX} characters")
        found = self._catalog.starting_with(prefix)
        if len(found) == 1:
            return found[0]
        raise NotFound(
            f"{len(found)} recordings begin with “{prefix}”: give more of the id"
            if found
            else f"no recording has an id that begins with “{prefix}”"
        )

    # --- the queue -------------------------------------------------------------------------

    def retry(self, names: Sequence[str] = ()) -> int:
        """Make jobs ready at once: those named, or all that failed, are blocked or wait.

        Raises:
            NotFound: a name fits nothing.
        """
        if names:
            chosen = [job for name in names for job in self._named(name)]
        else:
            chosen = self._overview.jobs_in((State.FAILED, State.BLOCKED, State.READY))
            if self._outbox is not None:
                self._outbox.forget()  # the project's database may not be the one it was
        count = self._jobs.retry(chosen, self._clock.now())
        self._state.set(SCAN_REQUEST, repr(self._clock.now()))  # a shut destination is probed now
        return count

    def cancel(self, names: Sequence[str]) -> int:
        """End jobs; a running one ends at its next durable point.

        Raises:
            NotFound: a name fits nothing.
            NotAllowed: all of them are finished already.
        """
        chosen = [job for name in names for job in self._named(name)]
        count = self._jobs.cancel(chosen, self._clock.now())
        for sha256 in self._overview.hashes_of(chosen):
            self._catalog.give_up(sha256, self._state.stamp(self._clock.now()))
        return count

    def _named(self, name: str) -> list[JobId]:
        jobs = self._overview.jobs_named(name)
        if not jobs and len(name) >= _SHORTEST_PREFIX:
            jobs = [
                job
                for row in self._catalog.starting_with(name)
                for job in self._overview.jobs_named(row.sha256)
            ]
        if not jobs:
            raise NotFound(
                f"“{name}” is no job number, recording id or path of a recording in the queue"
            )
        return jobs

    def pause(self, seconds: float | None = None) -> None:
        """Let no new byte move, for *seconds* or until `resume`.

        Raises:
            NotAllowed: *seconds* is no time that a pause can last.
        """
        if seconds is not None and not 0 <= seconds <= MAX_PAUSE_SECONDS:
            raise NotAllowed("a pause lasts from now to a year, or until it is ended")
        self._pause.begin(seconds)
        until = self._pause.until
        self.note(Happening.PAUSED, "" if until is None else rows.iso(until) or "")

    def resume(self) -> None:
        """Go on after a pause; without one, go on although the surroundings speak against it.

        Those count again when they have been otherwise in between.
        """
        if self.is_paused:
            self.note(Happening.RESUMED)
        else:
            self._quiet.overrule()
        self._pause.end()

    @property
    def quiet(self) -> Quiet:
        """What the surroundings hold or slow down, and whether there are notices."""
        return self._quiet

    @property
    def is_watching(self) -> bool:
        """Whether somebody looks for new recordings, or is to."""
        return self._state.get(NOT_WATCHING) is None

    def watch(self, *, wanted: bool) -> None:
        """Look for new recordings, or stop looking; what is in the queue goes on either way."""
        if wanted != self.is_watching:
            self._state.set(NOT_WATCHING, None if wanted else "1")
            self.note(Happening.WATCHING if wanted else Happening.NOT_WATCHING)

    def note(self, happening: Happening, detail: str = "") -> None:
        """Write into the journal what somebody did."""
        self._journal.note(happening, detail, self._clock.now())

    def look(self) -> None:
        """Ask for a sweep of the recordings folder, and another try of what is blocked."""
        self._jobs.release_blocked(self._clock.now(), 0.0)
        self._state.set(SCAN_REQUEST, repr(self._clock.now()))

    # --- waiting for the queue to become empty ---------------------------------------------

    def has_ever_swept(self) -> bool:
        """Return whether the recordings folder has been looked through, in this run or before."""
        return self._state.get(fact_about("swept", self._place.recordings_path)) is not None

    def has_audited(self) -> bool:
        """Return whether this run of the agent has gone through all receipts once."""
        return self._state.get(LAST_AUDIT) is not None

    def sweeps(self) -> Sweeps:
        """Return what names the last sweeps of this run of the agent."""
        return Sweeps(
            self._state.get(LAST_SWEEP),
            self._state.get(LAST_CLOUD_SWEEP) if self._place.has_cloud else NO_CLOUD,
        )

    def is_busy(self, patience: float) -> bool:
        """Return whether something will go on by itself within *patience* seconds."""
        account = self._account()
        shut = self._shut(account)
        if shut is None:
            waiting = self._rows(account)
            if waiting.waiting and waiting.problem is None:
                return True
        elif issubclass(shut.kind, ActionNeeded):
            patience = 0.0  # what waits for somebody is not waited for
        cloud = self._cloud_problem()
        is_parked = cloud is not None and issubclass(cloud.kind, (ActionNeeded, ZoomParked))
        wait = self._overview.shortest_wait(self._clock.now(), but=[ZOOM] if is_parked else [])
        return (wait is not None and wait <= patience) or self._overview.settling() > 0

    def largest_queued(self) -> tuple[str, int] | None:
        """Return name and bytes of the largest file that is not uploaded; None if all are."""
        return self._overview.largest_queued()
