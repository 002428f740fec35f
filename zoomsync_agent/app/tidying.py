"""What is tidied up every minute, wired."""

import contextlib
from collections.abc import Callable

from zoomsync_agent.core.errors import ActionNeeded, PermanentError, TransientError
from zoomsync_agent.engine.rebuild import Rebuilder
from zoomsync_agent.engine.steps import Steps
from zoomsync_agent.sources.inbox import Inbox


def tidying(
    inbox: Inbox, rebuilder: Rebuilder, steps: Steps
) -> Callable[[Callable[[], bool]], None]:
    """Return what looks through the inbox, completes a rebuild and drops what was given up.

    Args:
        inbox: recordings that were handed in.
        rebuilder: rebuilds what was lost from the archive.
        steps: know what was given up.
    """

    def tidy(stop: Callable[[], bool]) -> None:
        with contextlib.suppress(TransientError):
            inbox.look()
        rebuilder.complete(stop)
        with contextlib.suppress(TransientError, ActionNeeded, PermanentError):
            steps.drop_abandoned()

    return tidy
