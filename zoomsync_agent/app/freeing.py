"""Frees room on this computer: wired for the agent, and for a command or a page beside it."""

import contextlib
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from zoomsync_agent.app.databases import Databases, opened_beside
from zoomsync_agent.app.neighbours import claims_beside
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.facts import SLOWED_TO
from zoomsync_agent.core.freeing import Original, Plan
from zoomsync_agent.desktop import mounts
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.trash import local_trash
from zoomsync_agent.destinations.folder import FolderDestination
from zoomsync_agent.engine.audit import Audit
from zoomsync_agent.engine.freeing import Freeing
from zoomsync_agent.engine.freer import Freer
from zoomsync_agent.engine.pace import Pace
from zoomsync_agent.engine.pause import Held
from zoomsync_agent.engine.trashing import Trashing
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, Destination, LocalTrash, Service
from zoomsync_agent.settings import Settings
from zoomsync_agent.sources.file_facts import file_system_of, has_writer, is_in_cloud
from zoomsync_agent.store.freed import SqliteFreedStore
from zoomsync_agent.store.objects import SqliteObjectStore
from zoomsync_agent.store.state import SqliteStateStore

if TYPE_CHECKING:
    from zoomsync_agent.app.cloud import Cloud


def freeing(
    settings: Settings,
    home: Home,
    databases: Databases,
    destinations: Mapping[str, Destination],
    cloud: "Cloud | None",
    audit: Audit,
    pace: Pace,
    *,
    clock: Clock,
    log: Log,
) -> list[Service]:
    """Return the services that free room, here and in Zoom's cloud, as the settings ask for it.

    Args:
        settings: what the user chose.
        home: whose recordings.
        databases: the agent's.
        destinations: where everything must be, by name.
        cloud: Zoom's; None where it is not used.
        audit: looks at the receipts first.
        pace: what comes over a network waits for it.
        clock: the time.
        log: where events go.
    """
    days, state = settings.free_space_after_days, SqliteStateStore(databases.queue)
    freer = _freer(
        settings, home, databases, destinations, local_trash(), pace.take, clock=clock, log=log
    )
    service = Freeing(
        freer,
        state,
        days=None if isinstance(days, str) else days,
        clock=clock,
        log=log,
        held=Held(state),
    )
    audit.then(service.audited)
    services: list[Service] = [service]
    if cloud and not isinstance(settings.zoom_trash, str):
        trashing = Trashing(
            cloud.store,
            cloud.trash,
            SqliteObjectStore(databases.queue),
            destinations[settings.destination],
            state,
            days=settings.zoom_trash,
            clock=clock,
            log=log,
        )
        audit.then(trashing.audited)
        services.append(trashing)
    return services


def plan(settings: Settings, home: Home, days: float) -> Plan:
    """Return what would be moved to the trash, and what stays and why; nothing is changed.

    Args:
        settings: what the user chose.
        home: whose recordings.
        days: how many days ago a recording must have been made.

    Raises:
        AgentError: it cannot be told.
    """
    with _beside(settings, home, local_trash()) as freer:
        return freer.plan(days)


def free(
    settings: Settings,
    home: Home,
    days: float,
    *,
    agreed: Collection[Original] | None = None,
    stop: Callable[[], bool] = lambda: False,
    told: Callable[[Original], object] = lambda _original: None,
) -> Plan:
    """Move to the trash what is safe, because somebody asks for it at this moment.

    Args:
        settings: what the user chose.
        home: whose recordings.
        days: how many days ago a recording must have been made.
        agreed: what somebody was shown and agreed to; nothing else is moved. None for all.
        stop: asked between pieces; true ends the work.
        told: told of each file that was moved.

    Raises:
        AgentError: the destination cannot be reached; what was moved before stays moved.
    """
    with _beside(settings, home, local_trash()) as freer:
        return freer.free(days, is_asked=True, agreed=agreed, stop=stop, told=told)


@contextlib.contextmanager
def _beside(settings: Settings, home: Home, trash: LocalTrash) -> Iterator[Freer]:
    from zoomsync_agent.desktop import logs  # noqa: PLC0415  structlog costs 150 ms

    clock = SystemClock()
    pace = Pace(settings.bandwidth_limit, clock, wait=time.sleep)
    with opened_beside(home) as databases, _destination(settings, home) as destination:
        state = SqliteStateStore(databases.queue)

        def take(count: int, stop: Callable[[], bool]) -> None:
            slowed = state.get(SLOWED_TO) or ""  # by the agent, which looks for meetings
            pace.limit(int(slowed) if slowed.isdecimal() else settings.bandwidth_limit)
            pace.take(count, stop)

        yield _freer(
            settings,
            home,
            databases,
            {settings.destination: destination},
            trash,
            take,
            clock=clock,
            log=logs.get_logger("freeing"),
        )


def _freer(
    settings: Settings,
    home: Home,
    databases: Databases,
    destinations: Mapping[str, Destination],
    trash: LocalTrash,
    take: Callable[[int, Callable[[], bool]], object],
    *,
    clock: Clock,
    log: Log,
) -> Freer:
    return Freer(
        SqliteFreedStore(databases.queue),
        SqliteObjectStore(databases.queue),
        destinations,
        trash,
        root=settings.recordings_path,
        clock=clock,
        log=log,
        others=partial(claims_beside, home),
        is_open=_is_open,
        is_in_cloud=is_in_cloud,
        is_far=mounts.is_network,
        take=take,
    )


def _is_open(path: Path) -> bool | None:
    """Return whether another program is writing a file; None where the system does not tell."""
    is_writing = has_writer(path)
    if not is_writing or sys.platform == "win32":
        return is_writing
    # Network drives refuse a lease just as if somebody were writing.
    return True if file_system_of(path.parent).trusts_leases else None


@contextlib.contextmanager
def _destination(settings: Settings, home: Home) -> Iterator[Destination]:
    """Give the destination of the settings for the time of a command; nothing is made there."""
    match settings.destination:
        case "s3":
            from zoomsync_agent.app import bucket  # noqa: PLC0415  botocore costs 100 ms

            with bucket.opened(settings, home) as requests:
                yield bucket.destination_of(requests, settings)
        case "supabase":
            from zoomsync_agent.app import remote  # noqa: PLC0415  an HTTP client costs 80 ms
            from zoomsync_agent.destinations.supabase import (  # noqa: PLC0415  the same
                SupabaseDestination,
            )

            with remote.opened(settings, home) as opened:
                yield SupabaseDestination(opened.project, opened.access)
        case _:
            if not settings.archive_path.is_dir():
                raise NotAllowed(f"there is no archive at {settings.archive_path}")
            yield FolderDestination(settings.archive_path, is_known=True)
