"""The façades for people: what they see and what they can do, in the agent or beside it."""

from zoomsync_agent.control.control import Control
from zoomsync_agent.control.library import Library
from zoomsync_agent.control.place import Place, Sweeps
from zoomsync_agent.control.quiet import MAX_PAUSE_SECONDS, Quiet

__all__ = ["MAX_PAUSE_SECONDS", "Control", "Library", "Place", "Quiet", "Sweeps"]
