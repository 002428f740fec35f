"""Brings a lost queue and catalog back from what the destinations hold.

The recordings folder is found again by the ordinary sweep; what must not be lost is which contents
are in the archive already, so that none is sent twice, and the rows of recordings whose originals
are gone.
"""

from collections.abc import Iterable

from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.core.recording import Archived, Kind, RecordingRow
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Catalog, Destination, ObjectStore, StateStore


def rebuild(
    destinations: Iterable[Destination],
    catalogs: Iterable[Catalog],
    objects: ObjectStore,
    state: StateStore,
    *,
    log: Log,
) -> int:
    """Take up every object that a destination reports; return how many there were."""
    count = 0
    catalogs = tuple(catalogs)
    for destination in destinations:
        try:
            for archived in destination.inventory():
                row = _row_of(archived)
                objects.restore(archived, _scope_of(archived))
                count += 1
                if row is not None:
                    # Later rows of this recording must count as newer than the restored one.
                    state.stamp(row.updated_at)
                    for catalog in catalogs:
                        catalog.publish(row)
        except AgentError as exc:
            # What could not be listed is not lost: a destination proves an object that it already
            # has instead of taking it twice.
            log.warning("archive not listed", destination=destination.name, detail=exc.detail)
    log.info("rebuilt from the archive", objects=count)
    return count


def _row_of(archived: Archived) -> RecordingRow | None:
    try:
        row = rows.from_dict(archived.described)
    except (KeyError, TypeError, ValueError):
        return None
    return row if row.sha256 == archived.receipt.sha256 else None


def _scope_of(archived: Archived) -> str:
    """Return the meeting of a text; media have none."""
    try:
        kind = Kind(str(archived.described.get("kind")))
    except ValueError:
        return ""
    return "" if kind.is_media else str(archived.described.get("meeting_key", ""))
