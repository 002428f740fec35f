"""What people see and do, wired over databases that are there already."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from zoomsync_agent.app.account import read_account
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.catalog.outbox import SqliteOutbox
from zoomsync_agent.control import Control, Place
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.ports import Clock
from zoomsync_agent.settings import Settings
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.store.overview import Overview
from zoomsync_agent.store.state import SqliteStateStore

if TYPE_CHECKING:
    from flask import Flask

PAGE_KEY: Final = "page.token"


def build_control(
    databases: Databases,
    settings: Settings,
    *,
    clock: Clock | None = None,
    pid: int | None = None,
    url: str | None = None,
    sweeps: bool = True,
) -> Control:
    """Wire what people see and do, over databases that are there already."""
    state = SqliteStateStore(databases.queue)
    return Control(
        SqliteJobStore(databases.queue),
        Overview(databases.queue),
        LocalCatalog(databases.catalog),
        state,
        clock=clock or SystemClock(),
        place=Place(
            recordings_path=settings.recordings_path,
            destination=settings.destination,
            archive=_archive(settings),
            has_cloud=settings.uses_zoom_cloud,
            sweeps=sweeps,
            pid=pid,
            url=url,
        ),
        account=lambda: read_account(state) if settings.uses_supabase else None,
        outbox=(
            SqliteOutbox(databases.catalog, settings.supabase_url)
            if settings.has_remote_rows
            else None
        ),
        release=databases.release,
    )


def page_maker(
    databases: Databases, settings: Settings, home: Home, clock: Clock
) -> "Callable[[], Flask]":
    """Return what makes the page, in the thread that serves it."""

    def make() -> "Flask":
        from zoomsync_agent.web import app, guard  # noqa: PLC0415  Flask costs 105 ms

        control = build_control(databases, settings, clock=clock, pid=os.getpid())
        return app.create_app(control, guard.load_token(home.data / PAGE_KEY))

    return make


def _archive(settings: Settings) -> str:
    """Return where recordings are kept, as people are told."""
    if settings.destination == "supabase":
        return f"{settings.supabase_url}, bucket {settings.supabase_bucket}"
    if settings.destination == "s3":
        where = f" at {settings.s3_endpoint}" if settings.s3_endpoint else ""
        return f"s3://{settings.s3_bucket}/{settings.s3_prefix}{where}"
    return str(settings.archive_path)
