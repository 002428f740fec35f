"""One recording file on its way to one destination.

`step` says what is left to do, `state` says who may touch the job. New work is a
new step, never a new state.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NewType

JobId = NewType("JobId", int)
FileId = NewType("FileId", int)

MAX_DEATHS: Final = 12
"""A job that was running at so many deaths of the agent is not tried again by itself."""


LOCAL: Final = "local"
"""Name of the source whose recordings lie on this computer; of all others they are fetched."""


CANCELLED_DAYS: Final = 30
"""So long a recording that was handed in is kept after somebody has cancelled its upload."""


SMALL_BYTES: Final = 8 << 20
"""A download of so much does not keep others waiting."""
LANE_END: Final = "+"
"""Ends the name of a source where only its large downloads are meant."""


class Step(StrEnum):
    """What is left to do."""

    FETCH = "fetch"
    IDENTIFY = "identify"
    TRANSFER = "transfer"
    PUBLISH = "publish"


class State(StrEnum):
    """Who may touch the job."""

    READY = "ready"
    RUNNING = "running"
    BLOCKED = "blocked"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ALLOWED: Final[dict[State, frozenset[State]]] = {
    State.READY: frozenset({State.RUNNING, State.CANCELLED}),
    State.RUNNING: frozenset(set(State) - {State.RUNNING}),
    State.BLOCKED: frozenset({State.READY, State.CANCELLED}),
    State.FAILED: frozenset({State.READY, State.CANCELLED}),
    State.DONE: frozenset({State.READY}),  # its bytes are no longer in the archive
    State.CANCELLED: frozenset({State.READY}),
}
"""The moves that exist. Any other is a bug and raises."""

OPEN: Final = frozenset({State.READY, State.RUNNING, State.BLOCKED})
"""States in which work is still to come."""


class IllegalTransition(RuntimeError):
    """A move that the table does not list: a bug of the caller."""


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the queue.

    `not_before` is in epoch seconds. `attempt` counts tries since the last success or retry;
    `deaths` counts how often the agent died while the job ran. `size` and `mtime_ns` are the
    identity of the file that was found; a different file at the same path is another job.
    """

    id: JobId
    file_id: FileId
    destination: str
    size: int
    mtime_ns: int
    step: Step = Step.IDENTIFY
    state: State = State.READY
    attempt: int = 0
    deaths: int = 0
    not_before: float = 0.0
    priority: int = 0
    error_code: str | None = None
    error_detail: str = ""
    cancel_requested: bool = False
    updated_at: float = 0.0
    source: str = LOCAL

    @property
    def lane(self) -> str:
        """What a download takes up while it is under way; empty where that is hardly anything."""
        is_large = self.step is Step.FETCH and self.size > SMALL_BYTES
        return f"{self.source}{LANE_END}" if is_large else ""

    @property
    def gate(self) -> str:
        """What has to be there for the step: where the file comes from, or where it goes."""
        return self.source if self.step is Step.FETCH else self.destination

    def to(self, state: State) -> "Job":
        """Return the job in *state*.

        Raises:
            IllegalTransition: the table does not list this move.
        """
        if state not in ALLOWED[self.state]:
            raise IllegalTransition(f"job {self.id}: {self.state} -> {state}")
        return replace(self, state=state)
