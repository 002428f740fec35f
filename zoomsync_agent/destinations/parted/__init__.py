"""One large file on its way in parts, several at a time."""

from zoomsync_agent.destinations.parted.notes import Assurance, Notes
from zoomsync_agent.destinations.parted.upload import PARALLEL, PART_BYTES, PartedUpload

__all__ = ["PARALLEL", "PART_BYTES", "Assurance", "Notes", "PartedUpload"]
