"""What follows the agent in a terminal."""

import json
import threading

from zoomsync_agent.cli.live import JsonLines
from zoomsync_agent.core.errors import TransientError
from zoomsync_agent.core.snapshot import AgentState, Amount, Snapshot


class _Agent:
    """Tells one thing after another, errors too, and then the last one for ever."""

    def __init__(self, *told):
        self._told = list(told)
        self.told_all = threading.Event()

    def snapshot(self, *, limit):
        one = self._told.pop(0) if len(self._told) > 1 else self._told[0]
        if len(self._told) == 1 and not isinstance(one, Exception):
            self.told_all.set()
        if isinstance(one, Exception):
            raise one
        return one


def _seen(sentence):
    return Snapshot(
        AgentState.IDLE, sentence, "/r", "", "folder", "/a", Amount(), Amount(), Amount()
    )


def test_a_moment_without_an_agent_ends_no_view(capsys):
    """It is just being closed, or repaired: no traceback, and the next words are shown."""
    agent = _Agent(_seen("one"), TransientError("closed"), _seen("two"), _seen("two"))

    with JsonLines() as lines:
        lines.show_always(agent)
        assert agent.told_all.wait(10)

    out, err = capsys.readouterr()
    assert [json.loads(line)["sentence"] for line in out.splitlines()] == ["one", "two"]
    assert err == ""


def test_a_repaired_agent_is_followed_by_the_same_view(capsys):
    """Not by a second thread beside the first."""
    first, second = _Agent(_seen("first")), _Agent(_seen("second"))

    with JsonLines() as lines:
        lines.show_always(first)
        assert first.told_all.wait(10)
        lines.show_always(second)
        assert second.told_all.wait(10)
        assert [t.name for t in threading.enumerate()].count("follower") == 1

    assert capsys.readouterr().out.count("\n") == 2
