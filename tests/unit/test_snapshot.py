"""What people see, derived from rows."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.errors import by_code, leaves
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.readiness import Reason, Verdict
from zoomsync_agent.core.snapshot import (
    STEP_LABELS,
    Active,
    AgentState,
    Amount,
    Rows,
    Snapshot,
    job_label,
    job_sentence,
    overall,
    readable_size,
    root_sentence,
    waiting_for_readiness,
)

NOTHING = dict.fromkeys(State, 0)
AWAY = Problem("destination_unavailable", "gone.")
SIGNED_OUT = Problem("sign_in_required", "the session was ended")
OFFLINE = Problem("network_unavailable", "no route")
REFUSED = Problem("row_refused", "too long")


@pytest.mark.parametrize("cls", list(leaves()))
def test_every_error_becomes_a_sentence(cls):
    """Title, detail and hint, each once; and a label that fits into a column."""
    told = job_sentence(7, State.FAILED, cls.code, "what exactly", 0.0)
    assert told.startswith(f"{cls.title}.")
    assert "(what exactly)" in told
    assert told.endswith(cls.hint or "(what exactly)")
    assert job_label(State.FAILED, cls.code) == cls.title
    assert job_sentence(7, State.FAILED, cls.code, cls.title, 0.0).count(cls.title) == 1


def test_a_wait_has_its_time():
    """And only a wait: a failed job has no next try."""
    code = by_code("network_unavailable").code
    told = job_sentence(7, State.READY, code, "", 1_700_000_000.0)
    local = datetime.fromtimestamp(1_700_000_000.0, UTC).astimezone()
    assert told.endswith(f"Next try at {local:%H:%M:%S}.")
    assert "Next try" not in job_sentence(7, State.FAILED, code, "", 1_700_000_000.0)
    assert "Next try" not in job_sentence(7, State.READY, code, "", 0.0)


def test_a_job_that_only_waits_its_turn_says_so():
    """No error, no alarm."""
    assert "its turn" in job_sentence(7, State.READY, None, "", 0.0)
    assert "interrupted" in job_sentence(7, State.RUNNING, None, "", 0.0)
    assert job_label(State.READY, None) == "Queued"


def test_what_was_cancelled_says_how_to_undo_it():
    """Whatever had happened to it before."""
    assert "zoomsync retry 7" in job_sentence(7, State.CANCELLED, "unexpected", "x", 0.0)
    assert job_label(State.CANCELLED, "unexpected") == "Cancelled"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_to_wait_is_a_sentence(reason):
    """Every file that is not uploaded says why."""
    one = waiting_for_readiness("/a.mp4", "Weekly", 10, Verdict(reason, percent=5))
    assert (one.code, one.percent, one.job_id) == (str(reason), 5, None)
    assert one.label
    assert one.sentence.endswith((".", ")"))


@pytest.mark.parametrize("problem", ["missing", "file", "denied", "Stale file handle", "100%"])
def test_a_problem_of_the_folder_names_the_folder(problem):
    """Even where its name looks like a template."""
    told = root_sentence("/a {b} %s", problem)
    assert "/a {b} %s" in told
    assert told.endswith(".")
    assert root_sentence("/a", "") == ""


def test_a_problem_that_looks_like_a_template_is_told_as_it_is():
    """What the system said is text, not a format."""
    assert "{oops}" in root_sentence("/a", "bad {oops}")


def _overall(**kwargs):
    return overall(
        **{
            "is_running": True,
            "is_paused": False,
            "has_looked": True,
            "unready": 0,
            "cancelled": 0,
            "problem": None,
            "rows": Rows(),
            "root_problem": "",
            "counts": NOTHING,
            "queued": Amount(),
            "synced": Amount(2, 3_000_000_000),
            **kwargs,
        }
    )


@pytest.mark.parametrize(
    ("facts", "state", "words"),
    [
        ({"is_running": False, "is_paused": True}, AgentState.STOPPED, "zoomsync run"),
        ({"is_paused": True, "root_problem": "x"}, AgentState.PAUSED, "Paused"),
        ({"root_problem": "The folder is away."}, AgentState.NEEDS_YOU, "The folder is away."),
        ({"counts": {**NOTHING, State.FAILED: 1}}, AgentState.NEEDS_YOU, "1 file could not"),
        ({"counts": {**NOTHING, State.BLOCKED: 2}}, AgentState.NEEDS_YOU, "2 files could not"),
        ({"queued": Amount(1, 500)}, AgentState.WORKING, "1 file to go (500 bytes)"),
        ({}, AgentState.IDLE, "2 files (3.0 GB)"),
        ({"unready": 3}, AgentState.IDLE, "3 files cannot be uploaded yet"),
        ({"unready": 1, "synced": Amount()}, AgentState.IDLE, "1 file cannot be uploaded yet"),
        ({"is_paused": True, "paused_until": "19:04"}, AgentState.PAUSED, "Paused until 19:04; 2"),
        ({"is_paused": True, "is_watching": False}, AgentState.PAUSED, "Monitoring is stopped too"),
        ({"unready": 1, "unconverted": 1}, AgentState.NEEDS_YOU, "1 recording has never been"),
        ({"unconverted": 2, "queued": Amount(1, 5)}, AgentState.WORKING, "1 file to go"),
        ({"cancelled": 1}, AgentState.IDLE, "1 file cancelled by you"),
        ({"problem": AWAY}, AgentState.NEEDS_YOU, "cannot be used: gone."),
        ({"problem": SIGNED_OUT}, AgentState.NEEDS_YOU, "zoomsync sign-in"),
        ({"problem": SIGNED_OUT, "queued": Amount(1, 5)}, AgentState.NEEDS_YOU, "1 file waiting"),
        ({"problem": OFFLINE}, AgentState.OFFLINE, "There is no connection"),
        ({"problem": OFFLINE, "queued": Amount(2, 5)}, AgentState.OFFLINE, "2 files waiting"),
        ({"problem": OFFLINE, "is_paused": True}, AgentState.PAUSED, "Paused"),
        ({"rows": Rows(2)}, AgentState.IDLE, "2 rows are still to be told"),
        ({"rows": Rows(2, 0, OFFLINE)}, AgentState.IDLE, "2 rows are still to be told"),
        ({"rows": Rows(2, 0, SIGNED_OUT)}, AgentState.NEEDS_YOU, "2 rows are not in the database"),
        ({"rows": Rows(0, 1, REFUSED)}, AgentState.NEEDS_YOU, "1 row is not in the database"),
        ({"has_looked": False}, AgentState.WORKING, "Looking through the recordings folder"),
    ],
)
def test_the_agent_is_in_the_state_that_matters_most(facts, state, words):
    """What needs somebody goes before what goes on by itself."""
    found, sentence = _overall(**facts)
    assert found is state
    assert words in sentence


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 KB"), (1_500_000, "1.5 MB"),
        (2_000_000_000, "2.0 GB"), (3_400_000_000_000, "3.4 TB"), (10**16, "10000.0 TB"),
    ],
)  # fmt: skip
def test_sizes_are_in_decimal_units(size, text):
    """As file managers and drives say them."""
    assert readable_size(size) == text


def test_a_snapshot_is_plain_values():
    """For JSON, with the labels that people read."""
    active = Active(1, "a.mp4", "Weekly", Step.TRANSFER, 10, 4)
    told = Snapshot(
        AgentState.WORKING, "s", "/r", "", "folder", "/a", Amount(), Amount(), Amount(), (active,)
    ).as_dict()
    assert json.loads(json.dumps(told))["active"][0]["label"] == STEP_LABELS[Step.TRANSFER]
    assert set(STEP_LABELS) == set(Step)


@given(st.builds(Problem, st.text(), st.text()))
def test_a_problem_is_kept_as_text(problem):
    """Whatever it says; what is no problem is none."""
    assert Problem.read(problem.text) == problem
    assert problem.sentence.startswith(problem.kind.title)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", "{}", '{"code": 1}', "the drive"])
def test_what_is_no_problem_is_read_as_none(text):
    """A state of another version does not stop the status."""
    assert Problem.read(text) is None


@pytest.mark.parametrize("cls", list(leaves()))
def test_every_problem_is_a_sentence_that_ends(cls):
    """With its detail once."""
    told = Problem.of(cls("what exactly.")).sentence
    assert told.endswith(".")
    assert told.count("what exactly") == 1
    assert Problem.of(cls()).sentence.count(cls.title) == 1
