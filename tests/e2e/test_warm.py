"""Commands of the tests that are forked from a loaded program are the same commands."""

import re
import subprocess
import sys

import pytest

from tests.fakes.process import Zoomsync
from tests.fakes.tree import ZoomTree
from tests.fakes.warm import warm

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


def test_it_is_the_same_program(tmp_path):
    """Not another tree that lies nearer."""
    cold = subprocess.run(
        [sys.executable, "-c", "import zoomsync_agent; print(zoomsync_agent.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert warm().program == cold.stdout.strip()


def test_it_runs_in_its_own_folder_and_environment(zoomsync):
    """And leaves neither to the next one."""

    def workers():
        return zoomsync.json("config", "show")["settings"]["workers"]["value"]

    (zoomsync.place / ".env").write_text("ZOOMSYNC_WORKERS=5\n")
    assert workers() == 5
    zoomsync.settings = {"ZOOMSYNC_WORKERS": "6"}
    assert workers() == 6
    zoomsync.settings = {"ZOOMSYNC_WORKERS": "no number"}
    assert zoomsync.run("status").code == 2
    zoomsync.settings = {}
    (zoomsync.place / ".env").unlink()
    assert workers() == 2
