"""What becomes of a job when a step of it fails."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.errors import (
    ActionNeeded,
    NetworkUnavailable,
    SourceBusy,
    SourceChanged,
    TransientError,
    Unexpected,
    VerificationFailed,
    leaves,
)
from zoomsync_agent.core.job import FileId, IllegalTransition, Job, JobId, State, Step
from zoomsync_agent.core.retry import delay
from zoomsync_agent.engine import outcome

RUNNING = Job(
    JobId(1), FileId(1), "folder", 10, 1, step=Step.TRANSFER, state=State.RUNNING, attempt=1
)


@pytest.mark.parametrize("cls", list(leaves()))
def test_every_error_is_decided_by_its_base(cls):
    """There is no error that leaves a job running, done, or without its reason."""
    job = outcome.after_error(RUNNING, cls("why"), now=100.0, jitter=0.5)
    if cls is SourceChanged:
        wanted = State.CANCELLED
    elif issubclass(cls, TransientError):
        wanted = State.READY
    elif issubclass(cls, ActionNeeded):
        wanted = State.BLOCKED
    else:
        wanted = State.FAILED
    assert job.state is wanted
    assert (job.error_code, job.error_detail, job.updated_at) == (cls.code, "why", 100.0)
    step = Step.IDENTIFY if cls in (SourceBusy, VerificationFailed) else RUNNING.step
    assert (job.step, job.attempt) == (step, RUNNING.attempt)
    assert job.not_before == (100.0 + delay(1, 0.5) if wanted is State.READY else 0.0)


def test_a_foreign_exception_is_a_fault_of_the_agent():
    """A bug ends this job and says which exception it was."""
    job = outcome.after_error(RUNNING, ZeroDivisionError("by zero"), now=1.0, jitter=0.0)
    assert job.state is State.FAILED
    assert job.error_code == Unexpected.code
    assert "by zero" in job.error_detail


def test_a_copy_that_is_wrong_five_times_is_given_up():
    """A bad disk must not be written for ever; the network may be away for ever."""
    states = [
        outcome.after_error(
            replace(RUNNING, attempt=n), VerificationFailed(), now=1.0, jitter=0.0
        ).state
        for n in range(1, 7)
    ]
    assert states == [State.READY] * 4 + [State.FAILED] * 2
    late = replace(RUNNING, attempt=1_000)
    assert outcome.after_error(late, NetworkUnavailable(), now=1.0, jitter=0.0).state is State.READY


def test_being_told_to_stop_is_no_failed_attempt():
    """A pause leaves the count, the reason and the time of the next try as they were."""
    job = outcome.after_stop(RUNNING, now=7.0)
    assert job == replace(RUNNING, state=State.READY, attempt=0, updated_at=7.0)


def test_a_wish_to_cancel_is_honoured_once():
    """The wish is gone from the cancelled job, so that a retry is not cancelled again."""
    job = outcome.after_stop(replace(RUNNING, cancel_requested=True), now=7.0)
    assert job.state is State.CANCELLED
    assert not job.cancel_requested


def test_waiting_for_another_job_is_no_failed_attempt():
    """Only the time of the next try changes."""
    job = outcome.after_wait(RUNNING, now=7.0, seconds=2.0)
    assert job == replace(RUNNING, state=State.READY, attempt=0, not_before=9.0, updated_at=7.0)


def test_success_forgets_the_last_error():
    """A finished job has no reason to wait."""
    tried = replace(RUNNING, error_code="network_unavailable", error_detail="cut")
    job = outcome.after_success(tried, now=7.0)
    assert (job.state, job.error_code, job.error_detail) == (State.DONE, None, "")


@given(st.sampled_from([state for state in State if state is not State.RUNNING]))
def test_only_a_running_job_has_an_outcome(state):
    """An outcome for a job that nobody runs is a bug and is told as one."""
    job = replace(RUNNING, state=state)
    moves = [
        lambda: outcome.after_success(job, now=1.0),
        lambda: outcome.after_error(job, Unexpected(), now=1.0, jitter=0.0),
    ]
    for move in moves:
        with pytest.raises(IllegalTransition):
            move()
