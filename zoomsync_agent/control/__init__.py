"""The façades for people: what they see and what they can do, in the agent or beside it."""

from zoomsync_agent.control.control import MAX_PAUSE_SECONDS, Control, Place, Sweeps
from zoomsync_agent.control.library import Library

__all__ = ["MAX_PAUSE_SECONDS", "Control", "Library", "Place", "Sweeps"]
