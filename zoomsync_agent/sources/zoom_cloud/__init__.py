"""Recordings in Zoom's cloud: found by sweeps, fetched into the spool, asked for late texts."""

from zoomsync_agent.sources.zoom_cloud.fetching import ZoomOrigin
from zoomsync_agent.sources.zoom_cloud.late import first_look
from zoomsync_agent.sources.zoom_cloud.origin import Origin, record_of, sightings
from zoomsync_agent.sources.zoom_cloud.spool import Spool
from zoomsync_agent.sources.zoom_cloud.sweeping import ZoomCloud
from zoomsync_agent.sources.zoom_cloud.trash import ZoomTrash

__all__ = [
    "Origin",
    "Spool",
    "ZoomCloud",
    "ZoomOrigin",
    "ZoomTrash",
    "first_look",
    "record_of",
    "sightings",
]
