"""Claim a job, run its steps, store what became of it; again."""

import contextlib
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from zoomsync_agent.core.errors import (
    AgentError,
    SecretsUnavailable,
    SetupIncomplete,
    SignInRequired,
    SourceChanged,
    SourceMissing,
    StoreDamaged,
)
from zoomsync_agent.core.job import Job, State, Step
from zoomsync_agent.engine import outcome
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.breaker import CODES, Breaker, Shut
from zoomsync_agent.engine.lanes import Lanes
from zoomsync_agent.engine.pace import Pace
from zoomsync_agent.engine.pause import Pause
from zoomsync_agent.engine.steps import Finished, Next, Steps, Stopped, Wait
from zoomsync_agent.ports import Clock, JobStore, Work
from zoomsync_agent.service import ThreadService

_ABOUT_ROWS: Final = (SignInRequired, SecretsUnavailable, SetupIncomplete)
"""When a row is published these say nothing of the destination, which has the bytes."""
_SAVE_RETRY_SECONDS: Final = 2.0
_STOP_CHECK_SECONDS: Final = 0.25
_DURABLE_BYTES: Final = 32 << 20
"""A download that comes so far is not the one that takes the agent down."""


class Log(Protocol):
    """What the engine says to the log: short constant events with key-values."""

    def info(self, event: str, **fields: object) -> object:
        """Note an event."""
        ...

    def warning(self, event: str, **fields: object) -> object:
        """Note an event that somebody may want to know."""
        ...

    def exception(self, event: str, **fields: object) -> object:
        """Note a fault with its traceback."""
        ...


def _no_context(**_fields: object) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


class Worker(ThreadService):
    """One uploader thread.

    Args:
        name: of the thread.
        jobs: the queue.
        steps: the work.
        clock: the time.
        bell: rings when there may be work.
        pause: whether the agent is paused.
        held: gates that the surroundings keep shut.
        pace: how fast bytes may move.
        breaker: knows the destinations that cannot take anything, and the sources that give
            nothing; shared by all workers.
        lanes: how many downloads there may be; shared by all workers.
        look_soon: called when a file is not the one that was found.
        log: where events go.
        context: binds key-values to the log for the time of a job.
    """

    def __init__(
        self,
        name: str,
        jobs: JobStore,
        steps: Steps,
        *,
        clock: Clock,
        bell: Bell,
        pause: Pause,
        pace: Pace,
        breaker: Breaker,
        lanes: Lanes,
        log: Log,
        held: Callable[[], frozenset[str]] = frozenset,
        look_soon: Callable[[], None] = lambda: None,
        context: Callable[..., contextlib.AbstractContextManager[object]] = _no_context,
    ) -> None:
        super().__init__(name)
        self._jobs = jobs
        self._steps = steps
        self._clock = clock
        self._bell = bell
        self._pause = pause
        self._held = held
        self._pace = pace
        self._breaker = breaker
        self._lanes = lanes
        self._log = log
        self._look_soon = look_soon
        self._context = context

    def _wake(self) -> None:
        self._bell.ring()

    def _run(self) -> None:
        while not self._stopping.is_set():
            heard = self._bell.rings
            if not self.work_once():
                self._bell.wait(heard, self._idle_seconds())

    def _idle_seconds(self) -> float | None:
        if self._pause.is_paused:
            return self._pause.seconds_left
        held = self._held()
        due = self._jobs.next_due(self._clock.now(), self._breaker.shut | self._lanes.full | held)
        probe = self._breaker.seconds_to_probe(held)
        return min((wait for wait in (due, probe) if wait is not None), default=None)

    def work_once(self) -> bool:
        """Run one job as far as it goes; return whether there was one."""
        if self._pause.is_paused:
            return False
        work = self._lanes.claim(self._claim)
        if work is None:
            return False
        with contextlib.ExitStack() as bound, self._lanes.occupied_by(work) as fetched:
            bound.enter_context(self._context(job=work.job.id, file=os.fspath(work.file.path)))
            # Whatever happens: a probe that is never heard of again would shut the door for ever.
            bound.callback(self._breaker.ended, work.job.gate, work.job.id)
            self._run_job(work, bound, fetched)
        self._bell.ring()
        return True

    def _claim(self, full: frozenset[str]) -> Work | None:
        now = self._clock.now()
        held = self._held()
        gate = self._breaker.begin_probe(held)
        if gate is not None:
            work = self._jobs.claim_probe(gate, CODES, now)
            if work is not None:
                self._breaker.probing(gate, work.job.id)
                return work
            self._breaker.nothing_to_probe(gate)
        return self._jobs.claim(now, self._breaker.shut | full | held)

    def _run_job(
        self, work: Work, bound: contextlib.ExitStack, fetched: Callable[[], None]
    ) -> None:
        stop = _Stop(
            is_stopping=self._stopping.is_set,
            is_cancelled=lambda: self._jobs.cancel_requested(work.job.id),
            # Asked of the job as it is then: it may have come to another gate.
            is_paused=lambda: self._pause.is_paused or work.job.gate in self._held(),
        )
        try:
            while True:
                result = self._steps.run(work, stop=stop, pace=self._pacing(work, stop))
                now = self._clock.now()
                match result:
                    case Next(step=step):
                        before = work.job.gate
                        work = self._further(work, step, bound)
                        if step is not Step.FETCH:
                            fetched()
                            self._bell.ring()  # another one may be fetched meanwhile
                        if not self._waits_at_another(work.job, before) and not stop.now():
                            continue
                        job = outcome.after_stop(stop.told(work.job), now=now)
                    case Finished():
                        self._served(work)
                        self._log.info("job done", destination=work.job.destination)
                        job = outcome.after_success(work.job, now=now)
                    case Stopped():
                        self._log.info("job stopped", step=work.job.step)
                        job = outcome.after_stop(stop.told(work.job), now=now)
                    case Wait(seconds=seconds):
                        job = outcome.after_wait(work.job, now=now, seconds=seconds)
                self._end(work, job)
                return
        except StoreDamaged:
            raise
        except Exception as exc:  # noqa: BLE001  a fault with one file must not end the others
            self._after_error(work, exc)

    def _pacing(self, work: Work, stop: "_Stop") -> Callable[[int], None]:
        """Return what is told of every piece of bytes that moves."""
        if work.job.step is not Step.FETCH:
            return lambda count: self._pace.take(count, stop)
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            if not taken:
                self._served(work)  # the source gives something; others need not wait for the end
            before, taken = taken, taken + count
            if before // _DURABLE_BYTES != taken // _DURABLE_BYTES:
                self._jobs.forgive(work.job.id)
            self._pace.take(count, stop)

        return take

    def _end(self, work: Work, job: Job) -> None:
        """Store what became of a job that did not fail."""
        if job.state is State.CANCELLED:
            self._tell(self._steps.publish_end, work)
        self._save(job)
        self._tidy_after(job)

    def _further(self, work: Work, step: Step, bound: contextlib.ExitStack) -> Work:
        """Store that a step is done and return the work that is left."""
        if work.job.step is Step.FETCH:
            self._served(work)
        elif work.job.step is Step.IDENTIFY:
            bound.enter_context(self._context(recording=self._steps.recording_of(work)))
        elif step is Step.PUBLISH:
            self._served(work)
        self._log.info("step done", step=work.job.step, next=step)
        return replace(work, job=self._jobs.advance(work.job, step))

    def _waits_at_another(self, job: Job, before: str) -> bool:
        """Return whether a job has come to another gate than *before*, and may not pass it yet."""
        if job.gate == before:
            return False
        return job.gate in self._breaker.shut or job.lane in self._lanes.full

    def _after_error(self, work: Work, exc: Exception) -> None:
        job = outcome.after_error(
            work.job,
            exc,
            now=self._clock.now(),
            jitter=random.random(),  # noqa: S311  spreads retries, guards nothing
        )
        shut = None
        is_about_rows = job.step is Step.PUBLISH and isinstance(exc, _ABOUT_ROWS)
        if isinstance(exc, AgentError) and not is_about_rows:
            shut = self._breaker.failed(work.job.gate, job.id, exc)
            if shut is None:
                self._log.warning(
                    "step failed",
                    step=work.job.step,
                    code=job.error_code,
                    detail=exc.detail,
                    then=job.state,
                )
        else:
            self._log.exception("step failed by a fault of the agent", step=work.job.step)
        if job.state is State.FAILED:
            self._tell(self._steps.publish_failure, work)
        self._save(job)
        if shut is not None:
            self._hold(work.job.gate, job, shut)
        if isinstance(exc, SourceChanged):
            self._look_soon()
        self._tidy_after(job)

    def _hold(self, gate: str, job: Job, shut: Shut) -> None:
        """Let the others wait with the job that found its gate shut."""
        if shut.is_news:
            self._log.warning(
                "nothing passes",
                gate=gate,
                code=job.error_code,
                detail=job.error_detail,
            )
        self._jobs.hold(gate, CODES, job, self._clock.now() + shut.seconds)

    def _served(self, work: Work) -> None:
        """Let the others go on, should the gate have been shut."""
        gate = work.job.gate
        if self._breaker.succeeded(gate, work.job.id):
            count = self._jobs.release_held([gate], CODES)
            self._log.info("recordings pass again", gate=gate, released=count)
            self._bell.ring()

    def _tell(self, publish: Callable[[Work], None], work: Work) -> None:
        try:
            publish(work)
        except StoreDamaged:
            raise
        except AgentError as exc:
            self._log.warning("failure not published", detail=exc.detail)
        except Exception:  # noqa: BLE001  the fault that failed the job may strike here again
            self._log.exception("failure not published")

    def _tidy_after(self, job: Job) -> None:
        if job.state is not State.CANCELLED and job.error_code != SourceMissing.code:
            return
        try:
            self._steps.drop_abandoned()
        except StoreDamaged:
            raise
        except AgentError as exc:
            self._log.warning("abandoned upload not dropped yet", detail=exc.detail)

    def _save(self, job: Job) -> None:
        """Store the outcome, however long it takes: the queue's own disk may be full for a while.

        Told to stop, it gives up: the row then still says running, and the next start recovers it.
        """
        while True:
            try:
                self._jobs.save(job)
            except StoreDamaged:
                raise
            except Exception:  # noqa: BLE001  sqlite3's errors, which the engine does not know
                self._log.exception("outcome not stored yet", state=job.state)
                if self._stopping.wait(_SAVE_RETRY_SECONDS):
                    return
            else:
                return


class _Stop:
    """Asked between chunks: should the running job stop?

    The database is asked at most every quarter of a second, since hashing asks after every MiB, and
    only by the worker's own thread: whoever asks it gets a connection that lasts as long as the
    database, and the threads of parts come and go. Those get the answer that the worker got last.
    """

    def __init__(
        self,
        *,
        is_stopping: Callable[[], bool],
        is_cancelled: Callable[[], bool],
        is_paused: Callable[[], bool],
    ) -> None:
        self._is_stopping = is_stopping
        self._is_cancelled = is_cancelled
        self._is_paused = is_paused
        self._asked_at = 0.0
        self._answer = False
        self._worker = threading.get_ident()

    def __call__(self) -> bool:
        if self._is_stopping():
            return True
        if threading.get_ident() != self._worker:
            return self._answer
        now = time.monotonic()
        if now - self._asked_at >= _STOP_CHECK_SECONDS:
            self._asked_at = now
            self._answer = self._is_cancelled() or self._is_paused()
        return self._answer

    def now(self) -> bool:
        """Ask at once."""
        self._asked_at = 0.0
        return self()

    def told(self, job: Job) -> Job:
        """Return the job with the wish to cancel it, if there is one."""
        return replace(job, cancel_requested=self._is_cancelled())
