"""From a sighting to a job, once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from zoomsync_agent.core.readiness import Reason, Verdict
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.ports import (
    Clock,
    Decided,
    FileStore,
    JobStore,
    KnownFile,
    Sighting,
    StateStore,
    fact_about,
)

Backfill = Literal["all", "none"] | int
"""What happens to recordings that lie there at the first start: an int is a number of days."""

_DAY_SECONDS: Final = 86_400.0
LAST_SWEEP: Final = "last_sweep"
"""Name of the state that tells when a recordings folder was last looked through as a whole."""
LIVE: Final = 0
"""Priority of a recording that appeared while the agent was set up."""
BACKLOG: Final = 1
"""Priority of one that was there before; new ones overtake the backlog."""


@dataclass(frozen=True, slots=True)
class _History:
    """What is history in a folder: all of it that is older than the first start."""

    first_start: float
    backfill: Backfill

    def verdict(self, sighting: Sighting) -> Verdict | None:
        """Return the verdict for a file that is left out, or None."""
        if self.backfill == "all" or not self.includes(sighting):
            return None
        if self.backfill != "none":
            recorded = sighting.meeting.started_at or sighting.identity.mtime_ns / 1e9
            if recorded >= self.first_start - self.backfill * _DAY_SECONDS:
                return None
        return Verdict(Reason.HISTORY)

    def includes(self, sighting: Sighting) -> bool:
        """Return whether the file was there, finished, before the first start."""
        return sighting.identity.mtime_ns / 1e9 <= self.first_start


class Intake:
    """Listens to the sources and fills the queue.

    What lies in a folder at the first sweep, older than the first start, is history: it is taken
    after everything new, or left out, as the user chose. After that sweep every new file counts
    as new, whatever its date.

    Args:
        files: remembers files.
        jobs: the queue.
        state: remembers the first start and the sweeps.
        destinations: names of the destinations that get every recording.
        backfill: what the user chose for history.
        clock: the time.
        bell: wakes the workers.
        on_problem: told what keeps a recordings folder from being read, empty when nothing does.
    """

    def __init__(
        self,
        files: FileStore,
        jobs: JobStore,
        state: StateStore,
        *,
        destinations: Sequence[str],
        backfill: Backfill,
        clock: Clock,
        bell: Bell,
        on_problem: Callable[[str], None] = lambda _problem: None,
    ) -> None:
        self._files = files
        self._jobs = jobs
        self._state = state
        self._destinations = tuple(destinations)
        self._backfill = backfill
        self._clock = clock
        self._bell = bell
        self._on_problem = on_problem

    def known(self, folder: Path | None) -> Mapping[str, KnownFile]:
        """Return the files remembered in *folder* itself, or everywhere, by path."""
        return self._files.known(folder)

    def seen(self, sightings: Sequence[Sighting]) -> None:
        """Take note of files as they are now; make jobs for those that are ready."""
        if not sightings:
            return
        history = self._history(sightings[0].root)
        now = self._clock.now()
        decided = [self._decide(sighting, history) for sighting in sightings]
        if self._jobs.record(decided, self._destinations, now):
            self._bell.ring()

    def _decide(self, sighting: Sighting, history: _History | None) -> Decided:
        if history is None or not sighting.verdict.is_ready:
            return Decided(sighting, sighting.verdict)
        left_out = history.verdict(sighting)
        if left_out is not None:
            return Decided(sighting, left_out)
        return Decided(sighting, sighting.verdict, BACKLOG if history.includes(sighting) else LIVE)

    def _history(self, root: Path) -> _History | None:
        if self._state.get(fact_about("swept", root)) is not None:
            return None
        return _History(self._first_start(root), self._backfill)

    def _first_start(self, root: Path) -> float:
        name = fact_about("first_start", root)
        first = self._state.get(name)
        if first is None:
            first = repr(self._clock.now())
            self._state.set(name, first)
        return float(first)

    def gone(self, paths: Sequence[str]) -> None:
        """Take note that nothing lies at *paths* any more."""
        if paths:
            self._files.mark_gone(paths)

    def swept(self, root: Path) -> None:
        """Take note that the whole of *root* has been looked through."""
        now = repr(self._clock.now())
        name = fact_about("swept", root)
        if self._state.get(name) is None:
            self._state.set(name, now)
        self._state.set(LAST_SWEEP, now)

    def root_state(self, root: Path, problem: str) -> None:
        """Take note of what keeps *root* from being read; empty when nothing does."""
        # The source says this before it looks; a first look at a large folder takes its time, and
        # what ends meanwhile is no history.
        self._first_start(root)
        name = fact_about("root_problem", root)
        if (self._state.get(name) or "") != problem:
            self._state.set(name, problem or None)
            self._on_problem(problem)
