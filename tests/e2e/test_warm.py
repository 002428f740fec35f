"""Commands of the tests that are forked from a loaded program are the same commands."""

import re

import pytest

from tests.fakes.process import Zoomsync
from tests.fakes.tree import ZoomTree

pytestmark = pytest.mark.slow


@pytest.fixture
def zoomsync(tmp_path):
    """A home with a recording that is safe."""
    with Zoomsync(tmp_path) as found:
        ZoomTree(found.recordings).meeting("Kept")
        found.json("sync")
        yield found


@pytest.mark.parametrize(
    "command",
    [
        *(("status",), ("status", "--json"), ("recordings", "list"), ("config", "show")),
        *(("open", "--print"), ("nonsense",), ("retry", "no-such-job"), ("schema",)),
    ],
    ids=" ".join,
)
def test_a_command_says_and_ends_the_same(zoomsync, command):
    """Whether its interpreter is its own or not."""
    warm, cold = zoomsync.run(*command), zoomsync.start(*command).ended()
    assert (warm.code, _lasting(warm.out), warm.err) == (cold.code, _lasting(cold.out), cold.err)
    assert warm.out or warm.err


def _lasting(text):
    """Return what does not change from one moment to the next."""
    return re.sub(r"[\w-]{20,}|\d+(\.\d+)? (seconds?|minutes?)|\d\d:\d\d:\d\d(\.\d+)?", "…", text)


def test_a_command_that_does_not_end_is_ended(zoomsync):
    """And the next one runs."""
    with pytest.raises(TimeoutError, match="had not ended"):
        zoomsync.run("run", "--headless", seconds=2.0)
    assert zoomsync.run("status").code == 0


def test_what_a_command_changes_outside_of_its_files_ends_with_it(zoomsync):
    """Its folder and its environment among them."""
    zoomsync.settings = {"ZOOMSYNC_PORT": "no number"}
    assert zoomsync.run("status").code == 2
    zoomsync.settings = {}
    assert zoomsync.run("status").code == 0
