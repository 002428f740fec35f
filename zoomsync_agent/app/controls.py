"""What people see and do, wired over databases that are there already."""

from zoomsync_agent.app.account import read_account
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.catalog.lists import Lists
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.catalog.outbox import SqliteOutbox
from zoomsync_agent.control import Control, Library, Place
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.zone import local_zone
from zoomsync_agent.ports import Clock
from zoomsync_agent.settings import Settings
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.store.journal import SqliteJournal
from zoomsync_agent.store.meetings import SqliteMeetingStore
from zoomsync_agent.store.overview import Overview
from zoomsync_agent.store.state import SqliteStateStore


def build_control(
    databases: Databases,
    settings: Settings,
    *,
    clock: Clock | None = None,
    pid: int | None = None,
    url: str | None = None,
    hindrance: str = "",
    sweeps: bool = True,
) -> Control:
    """Wire what people see and do, over databases that are there already."""
    clock = clock or SystemClock()
    state = SqliteStateStore(databases.queue)
    overview, catalog = Overview(databases.queue), LocalCatalog(databases.catalog)
    journal = SqliteJournal(databases.queue)
    return Control(
        SqliteJobStore(databases.queue),
        overview,
        catalog,
        state,
        journal=journal,
        library=Library(
            catalog,
            Lists(databases.catalog),
            overview=overview,
            journal=journal,
            meetings=SqliteMeetingStore(databases.queue),
            state=state,
            clock=clock,
            zone=local_zone(),
            destination=settings.destination,
            is_running=pid is not None,
        ),
        clock=clock,
        place=Place(
            recordings_path=settings.recordings_path,
            destination=settings.destination,
            archive=archive_of(settings),
            has_cloud=settings.uses_zoom_cloud,
            sweeps=sweeps,
            pid=pid,
            url=url,
            hindrance=hindrance,
        ),
        account=lambda: read_account(state) if settings.uses_supabase else None,
        outbox=(
            SqliteOutbox(databases.catalog, settings.supabase_url)
            if settings.has_remote_rows
            else None
        ),
        release=databases.release,
    )


def archive_of(settings: Settings) -> str:
    """Return where recordings are kept, as people are told."""
    if settings.destination == "supabase":
        return f"{settings.supabase_url}, bucket {settings.supabase_bucket}"
    if settings.destination == "s3":
        where = f" at {settings.s3_endpoint}" if settings.s3_endpoint else ""
        return f"s3://{settings.s3_bucket}/{settings.s3_prefix}{where}"
    return str(settings.archive_path)
