"""A bucket of an S3-compatible store as the archive."""

from zoomsync_agent.destinations.s3.destination import S3Destination
from zoomsync_agent.destinations.s3.shelf import Storing

__all__ = ["S3Destination", "Storing"]
