"""Brings a lost queue and catalog back from what the destinations hold.

The recordings folder is found again by the ordinary sweep; what must not be lost is which contents
are in the archive already, so that none is sent twice, and the rows of recordings whose originals
are gone.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import AgentError, StoreDamaged
from zoomsync_agent.core.recording import Archived, Kind, RecordingRow
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Catalog, Destination, ObjectStore, StateStore

NEEDS_REBUILD: Final = "needs_rebuild"
"""Name of the state that says that the queue is to be rebuilt from the archive."""


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
    stop: Callable[[], bool] = lambda: False,
    is_known_to_fail: bool = False,
) -> Rebuilt:
    """Take up every object that the destinations report.

    Args:
        destinations: asked what they hold.
        catalogs: get the rows.
        objects: gets what is kept where.
        state: learns the times of the rows.
        log: where events go.
        stop: asked between objects; told to stop the rebuild is not complete.
        is_known_to_fail: the log has been told already that a destination cannot be listed.
    """
    count = 0
    is_complete = True
    catalogs = tuple(catalogs)
    for destination in destinations:
        try:
            for archived in destination.inventory():
                if stop():
                    return Rebuilt(count, is_complete=False)
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
            if isinstance(exc, StoreDamaged):
                raise
            if not is_known_to_fail:
                log.warning("archive not listed", destination=destination.name, detail=exc.detail)
    if is_complete or not is_known_to_fail:
        log.info("rebuilt from the archive", objects=count, complete=is_complete)
    return Rebuilt(count, is_complete)


class Rebuilder:
    """Rebuilds, where that is needed, as often as it takes.

    Args:
        destinations: asked what they hold.
        catalogs: get the rows.
        objects: gets what is kept where.
        state: knows whether a rebuild is needed.
        log: where events go.
    """

    def __init__(
        self,
        destinations: Iterable[Destination],
        catalogs: Iterable[Catalog],
        objects: ObjectStore,
        state: StateStore,
        *,
        log: Log,
    ) -> None:
        self._destinations = tuple(destinations)
        self._catalogs = tuple(catalogs)
        self._objects = objects
        self._state = state
        self._log = log
        self._is_known_to_fail = False

    def complete(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Rebuild if that is still needed; what fails is tried again by the next call."""
        if self._state.get(NEEDS_REBUILD) is None:
            return
        done = rebuild(
            self._destinations,
            self._catalogs,
            self._objects,
            self._state,
            log=self._log,
            stop=stop,
            is_known_to_fail=self._is_known_to_fail,
        )
        self._is_known_to_fail = not done.is_complete
        if done.is_complete:
            self._state.set(NEEDS_REBUILD, None)


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
