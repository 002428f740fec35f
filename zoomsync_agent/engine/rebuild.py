"""Brings a lost queue and catalog back from what the destinations hold.

The recordings folder is found again by the ordinary sweep; what must not be lost is which contents
are in the archive already, so that none is sent twice, and the rows of recordings whose originals
are gone.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import AgentError, StoreDamaged
from zoomsync_agent.core.recording import Archived, Kind, RecordingRow
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Catalog, Destination, ObjectStore, StateStore


class Rebuilt(NamedTuple):
    """How many objects were taken up, and whether every destination could be listed."""

    objects: int
    is_complete: bool


def rebuild(
    destinations: Iterable[Destination],
    catalogs: Iterable[Catalog],
    objects: ObjectStore,
    state: StateStore,
    *,
    log: Log,
) -> Rebuilt:
    """Take up every object that the destinations report."""
    count = 0
    is_complete = True
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
                    _publish(row, catalogs, log)
        except AgentError as exc:
            # What could not be listed is not lost: a destination proves an object that it already
            # has instead of taking it twice.
            is_complete = False
            log.warning("archive not listed", destination=destination.name, detail=exc.detail)
    log.info("rebuilt from the archive", objects=count, complete=is_complete)
    return Rebuilt(count, is_complete)


def _publish(row: RecordingRow, catalogs: Iterable[Catalog], log: Log) -> None:
    for catalog in catalogs:
        try:
            catalog.publish(row)
        except StoreDamaged:
            raise
        except AgentError as exc:
            # It is published anew when its file is seen; the other objects matter more.
            log.warning("row not restored", recording_id=row.recording_id, detail=exc.detail)


def _row_of(archived: Archived) -> RecordingRow | None:
    try:
        row = rows.from_dict(archived.described)
    except (KeyError, TypeError, ValueError):
        return None
    if row.sha256 != archived.receipt.sha256:
        return None
    # The archive may have been moved since the row was written.
    return replace(row, file_url=archived.receipt.url)


def _scope_of(archived: Archived) -> str:
    """Return the meeting of a text; media have none."""
    try:
        kind = Kind(str(archived.described.get("kind")))
    except ValueError:
        return ""
    return "" if kind.is_media else str(archived.described.get("meeting_key", ""))
