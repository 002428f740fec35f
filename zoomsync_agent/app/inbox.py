"""Where recordings wait that were handed in: the same for the agent and for its page."""

from zoomsync_agent.app.databases import Databases
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.ports import Clock
from zoomsync_agent.settings import Settings
from zoomsync_agent.sources.inbox import Inbox
from zoomsync_agent.store.handed_in import SqliteHandedInStore


def inbox_of(
    databases: Databases, settings: Settings, home: Home, clock: Clock | None = None
) -> Inbox:
    """Return the inbox of a home, over databases that are there already."""
    return Inbox(
        home.data / "inbox",
        SqliteHandedInStore(databases.queue, settings.destination),
        clock or SystemClock(),
    )
