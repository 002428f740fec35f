"""One large file on its way in parts, several at a time."""

from zoomsync_agent.destinations.parted.notes import Assurance, Notes
from zoomsync_agent.destinations.parted.upload import PartedUpload, is_transient

__all__ = ["Assurance", "Notes", "PartedUpload", "is_transient"]
