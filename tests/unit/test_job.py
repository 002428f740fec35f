"""The table of states."""

import itertools

import pytest

from zoomsync_agent.core.job import (
    ALLOWED,
    OPEN,
    FileId,
    IllegalTransition,
    Job,
    JobId,
    State,
    Step,
)


def _job(state):
    return Job(JobId(1), FileId(1), "folder", 10, 1, step=Step.TRANSFER, state=state, attempt=3)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(State, State)))
def test_every_pair_of_states_is_decided(old, new):
    """A move happens exactly when the table lists it, and changes nothing but the state."""
    job = _job(old)
    if new in ALLOWED[old]:
        moved = job.to(new)
        assert moved.state is new
        assert (moved.step, moved.attempt, moved.id) == (job.step, job.attempt, job.id)
    else:
        with pytest.raises(IllegalTransition, match=f"job 1: {old} -> {new}"):
            job.to(new)


def test_the_table_names_every_state():
    """No state is forgotten when one is added."""
    assert set(ALLOWED) == set(State)


def test_only_a_claim_begins_work():
    """RUNNING is reached from READY and from nowhere else."""
    assert [old for old in State if State.RUNNING in ALLOWED[old]] == [State.READY]


def test_every_end_has_a_way_back():
    """By somebody's wish; and what is done, when its bytes are no longer in the archive."""
    assert [state for state in State if State.READY not in ALLOWED[state] | {state}] == []


def test_no_open_state_is_an_end():
    """Work that is still to come can come to its end."""
    for state in OPEN:
        reached, todo = set(), [state]
        while todo:
            one = todo.pop()
            if one not in reached:
                reached.add(one)
                todo += ALLOWED[one]
        assert State.DONE in reached
