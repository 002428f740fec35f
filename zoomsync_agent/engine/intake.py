"""From a sighting to a job, once."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from zoomsync_agent.core.job import LOCAL
from zoomsync_agent.core.readiness import Reason, Verdict
from zoomsync_agent.core.recording import MeetingKey
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
    """What is history in a folder: what lay there, unchanged since, before the first start.

    `remembered` are the paths that a sweep has found to be so; None while the first sweep is not
    finished, when only the files' own times tell.
    """

    first_start: float
    backfill: Backfill
    remembered: Collection[Path] | None

    def is_older(self, sighting: Sighting) -> bool:
        """Return whether a file has not changed, or a recording was over, since the first start."""
        ended = sighting.identity.mtime_ns / 1e9
        if sighting.source != LOCAL:
            ended += sighting.duration_seconds or 0.0
        return ended <= self.first_start

    def includes(self, sighting: Sighting) -> bool:
        """Return whether the file was there before the first start and has not changed since."""
        if not self.is_older(sighting):
            return False
        if sighting.source != LOCAL and not sighting.verdict.is_ready:
            return False  # its time is that of its start; the cloud is still at work on it
        return self.remembered is None or sighting.path in self.remembered

    def decide(self, sighting: Sighting) -> Decided:
        """Return what becomes of a file by itself."""
        if not self.includes(sighting):
            # Older ones that a cloud shows only now must not go before today's.
            is_old = sighting.source != LOCAL and self.is_older(sighting)
            return Decided(sighting, sighting.verdict, BACKLOG if is_old else LIVE)
        verdict = sighting.verdict
        if verdict.is_ready and not self._wants(sighting):
            verdict = Verdict(Reason.HISTORY)
        return Decided(sighting, verdict, BACKLOG, is_history=True)

    def _wants(self, sighting: Sighting) -> bool:
        if isinstance(self.backfill, str):
            return self.backfill == "all"
        recorded = sighting.meeting.started_at or sighting.identity.mtime_ns / 1e9
        return recorded >= self.first_start - self.backfill * _DAY_SECONDS


class Intake:
    """Listens to the sources and fills the queue.

    What lies in a folder at the first sweep, older than the first start, is history: it is taken
    after everything new, or left out, as the user chose. It stays history when it becomes ready
    only later, and under another name. After that sweep every new file counts as new, whatever
    its date. A text goes with the media of its meeting: both are taken, or neither.

    Args:
        files: remembers files.
        jobs: the queue.
        state: remembers the first start and the sweeps.
        destinations: names of the destinations that get every recording.
        backfill: what the user chose for history.
        clock: the time.
        bell: wakes the workers.
        on_problem: told what keeps a recordings folder from being read, empty when nothing does.
        last_sweep: name of the state that tells of the last sweep; None where the source tells.
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
        on_problem: Callable[[str], object] = lambda _problem: None,
        last_sweep: str | None = LAST_SWEEP,
    ) -> None:
        self._files = files
        self._jobs = jobs
        self._state = state
        self._destinations = tuple(destinations)
        self._backfill = backfill
        self._clock = clock
        self._bell = bell
        self._on_problem = on_problem
        self._last_sweep = last_sweep

    def known(self, folder: Path | None) -> Mapping[str, KnownFile]:
        """Return the files remembered in *folder* itself, or everywhere, by path."""
        return self._files.known(folder)

    def seen(self, sightings: Sequence[Sighting]) -> None:
        """Take note of files as they are now; make jobs for those that are ready."""
        if not sightings:
            return
        history = self._history(sightings)
        now = self._clock.now()
        decided = [history.decide(sighting) for sighting in sightings]
        media = _media_of(decided)
        decided = [self._with_its_media(one, media) for one in decided]
        if self._jobs.record(decided, self._destinations, now):
            self._bell.ring()

    def _history(self, sightings: Sequence[Sighting]) -> _History:
        root = sightings[0].root
        has_swept = self._state.get(fact_about("swept", root)) is not None
        remembered = self._files.history_among(sightings) if has_swept else None
        return _History(self._first_start(root), self._backfill, remembered)

    def _with_its_media(
        self, one: Decided, beside: Mapping[MeetingKey, Sequence[Decided]]
    ) -> Decided:
        """Return a text that is ready as the media of its meeting have been decided.

        Args:
            one: any file.
            beside: the media that were seen with it, by meeting.
        """
        seen = one.sighting
        if seen.kind.is_media or not seen.verdict.is_ready:
            return one
        media = [(other.verdict, other.is_history) for other in beside.get(seen.meeting.key, ())]
        media += self._files.media_taken(seen.meeting.key)
        taken = [is_history for verdict, is_history in media if verdict.is_ready]
        if taken:
            return replace(one, verdict=seen.verdict, priority=BACKLOG if all(taken) else LIVE)
        return replace(one, verdict=Verdict(Reason.HISTORY)) if media else one

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
        if self._last_sweep is not None:
            self._state.set(self._last_sweep, now)

    def root_state(self, root: Path, problem: str) -> None:
        """Take note of what keeps *root* from being read; empty when nothing does."""
        # The source says this before it looks; a first look at a large folder takes its time, and
        # what ends meanwhile is no history.
        self._first_start(root)
        name = fact_about("root_problem", root)
        if (self._state.get(name) or "") != problem:
            self._state.set(name, problem or None)
            self._on_problem(problem)


def _media_of(decided: Iterable[Decided]) -> dict[MeetingKey, list[Decided]]:
    """Return the media that are ready or left out, by meeting."""
    media: dict[MeetingKey, list[Decided]] = {}
    for one in decided:
        if one.sighting.kind.is_media and one.verdict.reason in (Reason.READY, Reason.HISTORY):
            media.setdefault(one.sighting.meeting.key, []).append(one)
    return media
