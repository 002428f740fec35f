"""What the engine needs from the world: narrow promises, and the values they speak in.

An adapter that keeps a promise is checked by the contract suite of its port. Only `AgentError`
crosses a port.
"""

from zoomsync_agent.ports.catalogs import Catalog, Outbox, RemoteCatalog
from zoomsync_agent.ports.destinations import Destination
from zoomsync_agent.ports.freeing import FreedStore, Keepsake, LocalTrash
from zoomsync_agent.ports.origins import (
    CloudFileRecord,
    CloudMeetingRecord,
    CloudStore,
    CloudTrash,
    Origin,
)
from zoomsync_agent.ports.secrets import SecretStore
from zoomsync_agent.ports.services import Clock, Service
from zoomsync_agent.ports.sources import KnownFile, RecordingSource, Sighting, SourceListener
from zoomsync_agent.ports.stores import (
    Decided,
    FileRecord,
    FileStore,
    HandedInStore,
    JobStore,
    MeetingStore,
    ObjectStore,
    Standing,
    StateStore,
    StoredObject,
    Summary,
    Work,
    fact_about,
)
from zoomsync_agent.ports.surroundings import Notifier, Surroundings

__all__ = [
    "Catalog",
    "Clock",
    "CloudFileRecord",
    "CloudMeetingRecord",
    "CloudStore",
    "CloudTrash",
    "Decided",
    "Destination",
    "FileRecord",
    "FileStore",
    "FreedStore",
    "HandedInStore",
    "JobStore",
    "Keepsake",
    "KnownFile",
    "LocalTrash",
    "MeetingStore",
    "Notifier",
    "ObjectStore",
    "Origin",
    "Outbox",
    "RecordingSource",
    "RemoteCatalog",
    "SecretStore",
    "Service",
    "Sighting",
    "SourceListener",
    "Standing",
    "StateStore",
    "StoredObject",
    "Summary",
    "Surroundings",
    "Work",
    "fact_about",
]
