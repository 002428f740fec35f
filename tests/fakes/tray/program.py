"""An agent that is nothing but its tray: says what it is asked for, shows what it is told.

`python -m tests.fakes.tray.program`, with a state or a fault a line on its standard input, and a
line of JSON on its standard output for each call of the desk. It ends with its standard input.
"""

import json
import signal
import sys
import threading
from typing import Any

from tests.fakes.log import RecordingLog
from tests.fakes.tray.desk import FakeDesk, active_of, snapshot_of, view_of
from zoomsync_agent.core.snapshot import AgentState, Snapshot
from zoomsync_agent.tray import Tray

_SENTENCES = {
    AgentState.STOPPED: "The agent is not running; 12 files safe (3.4 GB). Start: zoomsync run",
    AgentState.PAUSED: "Paused; 3 files waiting, 12 files safe (3.4 GB). Go on: zoomsync resume",
    AgentState.NEEDS_YOU: "Sign in to Zoom again: it takes no token. 12 files safe (3.4 GB).",
    AgentState.WORKING: "Working: 3 files to go (1.2 GB), 12 files safe (3.4 GB).",
    AgentState.OFFLINE: "Offline. The network is away. 12 files safe (3.4 GB) when last seen.",
}


def snapshot_named(word: str) -> Snapshot:
    """Return a snapshot: the word of a state, and of one that works how far it is (`working:40`).

    `error` is one in which files failed for good.
    """
    name, _, share = word.partition(":")
    if name == "error":
        said = "2 files could not be uploaded; 12 files safe (3.4 GB)."
        return snapshot_of(AgentState.NEEDS_YOU, said, counts={"failed": 2})
    state = AgentState(name)
    more: dict[str, Any] = {}
    if state is AgentState.WORKING:
        sent = int(share or 0)
        more["active"] = (active_of(sent), active_of(sent, title="Interview with R. & J."))
    return snapshot_of(
        state, _SENTENCES.get(state, ""), is_paused=state is AgentState.PAUSED, **more
    )


def main() -> None:
    """Run the tray until it is quit, told to end, or left alone."""
    profile = sys.argv[1] if len(sys.argv) > 1 else ""
    desk = FakeDesk(view_of(profile=profile))
    ended = threading.Event()
    desk.ends(ended.set)
    desk.on_call = lambda what: _say(call=what)
    signal.signal(signal.SIGTERM, lambda *_: ended.set())

    def obey() -> None:
        for line in sys.stdin:
            desk.shows(snapshot_named(line.strip()))
            tray.wake()
        ended.set()

    tray = Tray(
        desk,
        log=RecordingLog(),
        on_no_tray=lambda why: _say(no_tray=why),
        on_tray=lambda: _say(tray="shown"),
        on_trouble=lambda why: _say(trouble=why),
        look_seconds=0.2,
        patience=5.0,
    )
    threading.Thread(target=obey, daemon=True).start()
    tray.run(ended)
    _say(ended=True)


def _say(**fact: object) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
