"""A plain folder as the archive."""

from zoomsync_agent.destinations.folder.destination import FolderDestination

__all__ = ["FolderDestination"]
