"""The error tree."""

import re

import pytest

from zoomsync_agent.core import errors
from zoomsync_agent.core.errors import (
    ActionNeeded,
    AgentError,
    PermanentError,
    StoreDamaged,
    TransientError,
    Unexpected,
    UsageError,
    by_code,
    leaves,
)

ALL = list(leaves())
BRANCHES = (AgentError, TransientError, ActionNeeded, PermanentError, UsageError)
LEAVES = [cls for cls in ALL if cls not in BRANCHES]


def test_no_two_errors_share_a_code():
    """A stored code means one thing."""
    codes = [cls.code for cls in ALL]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("cls", ALL)
def test_a_code_leads_back_to_its_error(cls):
    """What was stored is read back as the same error."""
    assert by_code(cls.code) is cls
    assert re.fullmatch(r"[a-z_]+", cls.code)


def test_a_code_of_another_version_is_a_fault_of_the_agent():
    """An unknown code has a title and a hint like every other."""
    assert by_code("from_the_future") is Unexpected


@pytest.mark.parametrize("cls", LEAVES)
def test_every_error_says_what_happened_in_its_own_words(cls):
    """A title of its own, without the full stop that the sentence adds."""
    assert "title" in vars(cls)
    assert "code" in vars(cls)
    assert cls.title
    assert not cls.title.endswith(".")


@pytest.mark.parametrize(
    "cls", [c for c in LEAVES if issubclass(c, ActionNeeded | PermanentError | TransientError)]
)
def test_every_error_of_a_job_says_what_happens_next(cls):
    """Who reads why a file waits is told what to do, or that nothing is to be done."""
    assert cls.hint.endswith(".")


@pytest.mark.parametrize("cls", LEAVES)
def test_every_error_answers_who_acts_next_once(cls):
    """A leaf has exactly one base that decides."""
    assert sum(issubclass(cls, branch) for branch in BRANCHES[1:]) == 1


def test_without_a_detail_the_title_speaks():
    """`str` of an error is never empty."""
    assert str(StoreDamaged()) == StoreDamaged.title
    assert str(StoreDamaged("page 3")) == StoreDamaged("page 3").detail == "page 3"


def test_the_picture_of_the_tree_is_true():
    """The drawing at the top of the module names every error, and nothing else."""
    drawn = re.findall(r"^[│├└─ ]*([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
    known = {cls.__name__ for cls in ALL}
    assert {name for name in drawn if name not in ("Every", "The")} == known
