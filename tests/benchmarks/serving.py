"""The site alone over a home, in a process of its own: `python -m tests.benchmarks.serving HOME`.

Prints a link that opens it, and ends with its standard input. No agent runs: it would miss the
recordings that a made-up catalog tells of.
"""

import os
import sys
import threading
from contextlib import closing
from pathlib import Path

from tests.fakes.log import RecordingLog
from zoomsync_agent.app.desk import AppDesk
from zoomsync_agent.app.page import PAGE_KEY, Page
from zoomsync_agent.desktop import paths
from zoomsync_agent.settings import load
from zoomsync_agent.web import guard


def main() -> None:
    """Serve until nobody listens any more."""
    environ = {**os.environ, paths.HOME_VARIABLE: sys.argv[1]}
    home = paths.home(environ).ensure()
    settings = load(home, environ, cwd=Path(sys.argv[1]), overrides={"port": 0})
    came = threading.Event()
    desk = AppDesk(home, settings)
    with closing(desk), Page(desk, home, lambda _url: came.set(), RecordingLog()):
        came.wait(30.0)
        sys.stdout.write(guard.link(desk.url, guard.load_token(home.data / PAGE_KEY)) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
