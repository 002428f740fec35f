"""Keeps work away from a destination that takes nothing just now, or a source that gives nothing.

Both are gates: a job that fetches needs its source, any other step its destination.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from zoomsync_agent.core.errors import (
    AgentError,
    ClockWrong,
    CloudOff,
    CredentialsMissing,
    CredentialsRefused,
    DestinationDenied,
    DestinationFull,
    DestinationUnavailable,
    DiskFull,
    NetworkUnavailable,
    ProjectPaused,
    RemoteUnavailable,
    ScopeMissing,
    SecretsUnavailable,
    SetupIncomplete,
    SignInRequired,
    SpoolFull,
    SpoolUnusable,
    ZoomDenied,
    ZoomParked,
    ZoomSignInRequired,
)
from zoomsync_agent.core.job import JobId
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.ports import Clock

CAUSES: Final = (
    ClockWrong,
    CloudOff,
    CredentialsMissing,
    CredentialsRefused,
    DestinationUnavailable,
    DestinationFull,
    DestinationDenied,
    DiskFull,
    NetworkUnavailable,
    RemoteUnavailable,
    ProjectPaused,
    ScopeMissing,
    SecretsUnavailable,
    SetupIncomplete,
    SignInRequired,
    SpoolFull,
    SpoolUnusable,
    ZoomDenied,
    ZoomParked,
    ZoomSignInRequired,
)
"""What says more of the gate than of the file that was on its way through."""
DESTINATION_SHUT: Final = "destination_shut"
"""Name of the state that says why the destination takes nothing."""
FORGIVEN: Final = {RemoteUnavailable.code: 2}
"""So many failures in a row, without a success between them, still say nothing."""
CODES: Final = tuple(cause.code for cause in CAUSES)
FIRST_WAIT_SECONDS: Final = 15.0
LONGEST_WAIT_SECONDS: Final = 60.0
_UNDECIDED_SECONDS: Final = 2.0
"""After a probe that says nothing of the gate, another one begins so soon."""


@dataclass(frozen=True, slots=True)
class Shut:
    """A gate was shut for so many seconds; *is_news* says that nobody knows it yet."""

    seconds: float
    is_news: bool


@dataclass(slots=True)
class _Gate:
    """What is known of one gate."""

    code: str = ""
    """Why it is shut; empty while it is open."""
    wait: float = 0.0
    until: float = 0.0
    is_probing: bool = False
    probe: JobId | None = None
    successes: int = 0
    in_a_row: int = 0
    """How many failures there have been since the last success."""
    failed_at: dict[JobId, int] = field(default_factory=dict)
    """How many successes there had been when a job last failed."""


class Breaker:
    """Shuts gates at which jobs fail, lets one job at a time probe them, opens them again.

    A job fails for itself, and shuts nothing, where others have succeeded since it failed last: a
    file too large for the file system must not hold up those that fit.

    Args:
        clock: the time.
        tell: told of each gate why it is shut, and None when it is open again.
    """

    def __init__(
        self,
        clock: Clock,
        tell: Callable[[str, Problem | None], None] = lambda _name, _problem: None,
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._guard = threading.Lock()
        self._gates: dict[str, _Gate] = {}

    @property
    def shut(self) -> frozenset[str]:
        """Names of the gates for which no job is to be taken, but by a probe."""
        with self._guard:
            return frozenset(name for name, gate in self._gates.items() if gate.code)

    def seconds_to_probe(self, but: Collection[str] = ()) -> float | None:
        """Return in how many seconds a probe may begin; None when there is none to wait for.

        Args:
            but: gates that are to be left alone.
        """
        with self._guard:
            now = self._clock.monotonic()
            waits = [gate.until - now for name, gate in self._waiting() if name not in but]
        return max(0.0, min(waits)) if waits else None

    def begin_probe(self, but: Collection[str] = ()) -> str | None:
        """Return a shut gate whose time has come, none of *but*; the caller owes it a probe."""
        with self._guard:
            now = self._clock.monotonic()
            for name, gate in self._waiting():
                if gate.until <= now and name not in but:
                    gate.is_probing = True
                    return name
        return None

    def probing(self, name: str, job_id: JobId) -> None:
        """Take note of the job that probes the gate *name*."""
        with self._guard:
            self._gates[name].probe = job_id

    def probe_soon(self) -> None:
        """Let every shut gate be probed at once: something may have changed."""
        with self._guard:
            for _, gate in self._waiting():
                gate.until = 0.0

    def failed(self, name: str, job_id: JobId, error: AgentError) -> Shut | None:
        """Take note of a failure; return what it shut, None where it shut nothing."""
        if not isinstance(error, CAUSES):
            return None
        with self._guard:
            gate = self._gates.setdefault(name, _Gate())
            is_own = gate.failed_at.get(job_id, gate.successes) < gate.successes
            gate.failed_at[job_id] = gate.successes
            gate.in_a_row += 1
            is_news = gate.code != error.code
            if not gate.code:
                if is_own or gate.in_a_row <= FORGIVEN.get(error.code, 0):
                    return None
                gate.wait = FIRST_WAIT_SECONDS
            elif gate.probe == job_id:
                gate.wait = min(gate.wait * 2, LONGEST_WAIT_SECONDS)
            else:
                # It was under way when the gate was shut.
                return Shut(max(0.0, gate.until - self._clock.monotonic()), is_news=False)
            gate.code = error.code
            gate.until = self._clock.monotonic() + gate.wait
            gate.is_probing, gate.probe = False, None
            # Within the guard: what people are told must be in the order in which it happened.
            self._tell(name, Problem.of(error))
            return Shut(gate.wait, is_news)

    def succeeded(self, name: str, job_id: JobId) -> bool:
        """Take note that a job was served; return whether that opened the gate."""
        with self._guard:
            gate = self._gates.setdefault(name, _Gate())
            gate.successes += 1
            gate.in_a_row = 0
            gate.failed_at.pop(job_id, None)
            was_shut = _open(gate)
            if was_shut:
                self._tell(name, None)
        return was_shut

    def nothing_to_probe(self, name: str) -> None:
        """Open the gate *name*: no job waits for it, the next one will find out."""
        with self._guard:
            _open(self._gates[name])
            self._tell(name, None)

    def ended(self, name: str, job_id: JobId) -> None:
        """Take note that a job has ended; a probe that told nothing makes room for another."""
        with self._guard:
            gate = self._gates.get(name)
            if gate is not None and gate.probe == job_id:
                gate.until = self._clock.monotonic() + _UNDECIDED_SECONDS
                gate.is_probing, gate.probe = False, None

    def _waiting(self) -> Iterator[tuple[str, _Gate]]:
        return (
            (name, gate) for name, gate in self._gates.items() if gate.code and not gate.is_probing
        )


def _open(gate: _Gate) -> bool:
    was_shut = bool(gate.code)
    gate.code, gate.is_probing, gate.probe = "", False, None
    return was_shut
