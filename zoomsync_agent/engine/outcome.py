"""What becomes of a job when a step of it fails."""

from dataclasses import replace

from zoomsync_agent.core.errors import (
    ActionNeeded,
    AgentError,
    SourceBusy,
    SourceChanged,
    TransientError,
    Unexpected,
    VerificationFailed,
)
from zoomsync_agent.core.job import Job, State, Step
from zoomsync_agent.core.retry import delay

_DOUBTFUL = (SourceBusy, VerificationFailed)
"""After these the content may be another one, even where size and time of the file are not."""


def after_error(job: Job, error: Exception, *, now: float, jitter: float) -> Job:
    """Return the running *job* as *error* leaves it.

    The error's base decides: transient waits and goes on by itself, action needed is blocked
    until its cause is gone, everything else has failed until somebody retries it.

    Args:
        job: the job, running.
        error: what the step raised; anything but an `AgentError` is a fault of the agent.
        now: epoch seconds.
        jitter: a random number from 0 to 1.
    """
    known = error if isinstance(error, AgentError) else Unexpected(repr(error))
    told = replace(job, error_code=known.code, error_detail=known.detail, updated_at=now)
    if isinstance(known, SourceChanged):
        # The new version of the file is another job; this one has nothing left to send.
        return told.to(State.CANCELLED)
    if isinstance(known, TransientError):
        if known.max_attempts is not None and job.attempt >= known.max_attempts:
            return told.to(State.FAILED)
        return replace(
            told.to(State.READY),
            step=Step.IDENTIFY if _is_doubtful(job, known) else job.step,
            not_before=now + delay(job.attempt, jitter),
        )
    if isinstance(known, ActionNeeded):
        return told.to(State.BLOCKED)
    return told.to(State.FAILED)


def _is_doubtful(job: Job, error: AgentError) -> bool:
    """Return whether the content has to be read again; what is yet to be fetched was never read."""
    return isinstance(error, _DOUBTFUL) and job.step is not Step.FETCH


def after_stop(job: Job, *, now: float) -> Job:
    """Return the running *job* as it is left when it was told to stop, or cancelled."""
    if job.cancel_requested:
        return replace(job.to(State.CANCELLED), cancel_requested=False, updated_at=now)
    # Not an attempt that failed: the count goes back.
    return replace(job.to(State.READY), attempt=max(0, job.attempt - 1), updated_at=now)


def after_wait(job: Job, *, now: float, seconds: float) -> Job:
    """Return the running *job* as it is left when it must wait for another one."""
    return replace(
        job.to(State.READY),
        attempt=max(0, job.attempt - 1),
        not_before=now + seconds,
        updated_at=now,
    )


def after_success(job: Job, *, now: float) -> Job:
    """Return the running *job* as finished."""
    return replace(job.to(State.DONE), error_code=None, error_detail="", updated_at=now)
