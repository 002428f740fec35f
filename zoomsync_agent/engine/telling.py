"""Tells whoever sits at the computer what they should know, without flooding them."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from zoomsync_agent.core.facts import NOTICE_TEST, NOTICES_MEMORY, NOTICES_SNOOZED_UNTIL
from zoomsync_agent.core.notices import TRIAL, Happened, Memory, Wanted, decide
from zoomsync_agent.core.snapshot import Snapshot
from zoomsync_agent.engine.housekeeping import Changes
from zoomsync_agent.ports import Clock, Notifier, StateStore
from zoomsync_agent.service import ThreadService

TICK_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 60.0
"""So often it is looked at least: what needs somebody may be told once more."""
_AT_A_TIME: Final = 1_000


class Journal(Protocol):
    """What has happened."""

    def newest(self) -> int:
        """Return the number of the newest entry; 0 where there is none."""
        ...

    def since(self, entry: int, last: int, limit: int) -> Sequence[Happened]:
        """Return what may be worth a notice after *entry* up to *last*, the oldest first.

        Args:
            entry: number of an entry.
            last: number of the last one that is looked at.
            limit: how many at most.
        """
        ...


class Telling(ThreadService):
    """Makes notices of what the journal and the snapshot say.

    Args:
        journal: what has happened.
        look: returns what people see now.
        state: keeps what was told, and wishes of people.
        changes: tells that there may be something new.
        notifier: shows it.
        wanted: which notices somebody wants.
        clock: the time.
    """

    def __init__(
        self,
        journal: Journal,
        look: Callable[[], Snapshot],
        state: StateStore,
        changes: Changes,
        *,
        notifier: Notifier,
        wanted: Wanted,
        clock: Clock,
    ) -> None:
        super().__init__("notices")
        self._journal = journal
        self._look = look
        self._state = state
        self._changes = changes
        self._notifier = notifier
        self._wanted = wanted
        self._clock = clock
        self._version = -1
        self._look_at = 0.0
        self._looked_to = 0
        self._memory: Memory | None = None
        self._trial: str | None = None
        self._was_quiet = False

    def begin(self) -> None:
        """Take up what was told before; where that is not known, nothing that was is told."""
        self._trial = self._state.get(NOTICE_TEST)
        self._memory = Memory.read(self._state.get(NOTICES_MEMORY))
        if self._memory is None:
            self._remember(Memory(self._journal.newest()))

    def _run(self) -> None:
        self.begin()
        while not self._stopping.wait(TICK_SECONDS):
            self.tick()

    def tick(self) -> None:
        """Tell what is to be told, if anything may be."""
        memory = self._memory
        version, now = self._changes.data_version(), self._clock.monotonic()
        if memory is None or (version == self._version and now < self._look_at):
            return
        self._version = version
        is_quiet = is_snoozed(self._state, self._clock)
        if is_quiet and not self._was_quiet:
            self._notifier.forget()  # what waits for somebody to show it would break the peace
        self._was_quiet = is_quiet
        self._try_out()
        # First the journal, then the view: what was written in between is looked at next time.
        memory, notices = decide(
            memory,
            self._news(memory.last_id),
            self._look(),
            wanted=self._wanted,
            now=self._clock.now(),
            is_snoozed=is_quiet,
        )
        self._look_at = now + (TICK_SECONDS if memory.waits and not is_quiet else LOOK_SECONDS)
        # First remembered, then shown: rather one notice too few than the same at every start.
        self._remember(memory)
        for notice in notices:
            self._notifier.tell(notice)

    def _news(self, last_id: int) -> Sequence[Happened]:
        """Return what happened after entry *last_id* and was not looked at yet."""
        start, news = max(self._looked_to, last_id), list[Happened]()
        # What is written from here on may have a number up to this one no more.
        self._looked_to = max(start, self._journal.newest())
        while page := self._journal.since(start, self._looked_to, _AT_A_TIME):
            news.extend(page)
            start = page[-1].id
        return news

    def _remember(self, memory: Memory) -> None:
        if memory != self._memory:
            self._memory = memory
            self._state.set(NOTICES_MEMORY, memory.text)

    def _try_out(self) -> None:
        trial = self._state.get(NOTICE_TEST)
        if trial != self._trial:
            self._trial = trial
            self._notifier.tell(TRIAL)


def snoozed_until(state: StateStore, clock: Clock) -> float | None:
    """Return until when there are no notices, epoch seconds; None where there are."""
    try:
        until = float(state.get(NOTICES_SNOOZED_UNTIL) or 0.0)
    except ValueError:
        return None
    return until if until > clock.now() else None


def is_snoozed(state: StateStore, clock: Clock) -> bool:
    """Return whether somebody wants no notices just now."""
    return snoozed_until(state, clock) is not None
