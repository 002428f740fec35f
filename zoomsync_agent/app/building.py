"""What the agent is made of, from top to bottom like a parts list."""

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zoomsync_agent.app.account import read_account
from zoomsync_agent.app.agent import Agent
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.app.parts import Parts, in_turn
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.catalog.outbox import SqliteOutbox
from zoomsync_agent.control import Control, Place
from zoomsync_agent.core.errors import (
    ActionNeeded,
    PermanentError,
    StoreDamaged,
    TransientError,
)
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.desktop import mounts
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.zone import local_zone
from zoomsync_agent.destinations.folder import FolderDestination
from zoomsync_agent.engine.audit import DESTINATION_PROBLEM, LAST_AUDIT, Audit
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.breaker import CODES, DESTINATION_SHUT, Breaker
from zoomsync_agent.engine.housekeeping import Housekeeping, Tidying
from zoomsync_agent.engine.intake import LAST_SWEEP, Intake
from zoomsync_agent.engine.mirror import ROWS_PROBLEM
from zoomsync_agent.engine.pace import Pace
from zoomsync_agent.engine.pause import Pause
from zoomsync_agent.engine.publishing import Owner, Stores
from zoomsync_agent.engine.rebuild import Rebuilder
from zoomsync_agent.engine.steps import Steps
from zoomsync_agent.engine.supervisor import Supervisor
from zoomsync_agent.engine.worker import Log, Worker
from zoomsync_agent.ports import Clock, Destination, Service, fact_about
from zoomsync_agent.settings import Settings
from zoomsync_agent.sources.watch import FolderWatch
from zoomsync_agent.store.files import SqliteFileStore
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.store.objects import SqliteObjectStore
from zoomsync_agent.store.overview import Overview
from zoomsync_agent.store.state import SqliteStateStore
from zoomsync_agent.web.server import WebServer

if TYPE_CHECKING:
    from flask import Flask


DESTINATION_USED: Final = "destination_used"
"""Name of the state that says where recordings went at the last start."""
PAGE_KEY: Final = "page.token"


def build(
    settings: Settings,
    home: Home,
    *,
    clock: Clock | None = None,
    zone: tzinfo | None = None,
    on_url: Callable[[str], None] | None = None,
    redecide_history: bool = False,
) -> Agent:
    """Wire the agent. The databases are opened and, where needed, moved aside; nothing starts.

    Args:
        settings: what the user chose.
        home: where everything lives.
        clock: the time; the system's by default.
        zone: in which Zoom names folders; this machine's by default.
        on_url: told the address of the page; without it there is no page.
        redecide_history: decide anew what of the recordings from before the first start is taken.

    Raises:
        StoreDamaged: a database shows its damage only now; the next call moves it aside.
    """
    from zoomsync_agent.desktop import logs  # noqa: PLC0415  structlog costs 150 ms

    log = logs.get_logger("agent")
    databases = Databases(home)
    try:
        databases.open(log)
        return _wired(
            settings,
            home,
            databases,
            clock=clock or SystemClock(),
            zone=zone or local_zone(),
            on_url=on_url,
            redecide_history=redecide_history,
            log=log,
        )
    except BaseException as exc:
        if isinstance(exc, StoreDamaged):
            databases.suspect(exc)
        databases.close()
        raise


def _wired(
    settings: Settings,
    home: Home,
    databases: Databases,
    *,
    clock: Clock,
    zone: tzinfo,
    on_url: Callable[[str], None] | None,
    redecide_history: bool,
    log: Log,
) -> Agent:
    from zoomsync_agent.desktop import logs  # noqa: PLC0415  structlog costs 150 ms

    state = SqliteStateStore(databases.queue)
    files = SqliteFileStore(databases.queue)
    jobs = SqliteJobStore(databases.queue)
    objects = SqliteObjectStore(databases.queue)
    parts = _parts(settings, home, databases, state, clock=clock, log=log)
    catalog = LocalCatalog(databases.catalog, on_change=parts.on_row)
    bell = Bell()
    pause = Pause(state, clock)
    breaker = Breaker(clock, _keeping_why_shut(state))
    pace = Pace(settings.bandwidth_limit, clock, wait=time.sleep)
    destinations: dict[str, Destination] = {
        settings.destination: _destination(settings, state, catalog, parts)
    }
    steps = Steps(
        Stores(files, objects, state),
        destinations=destinations,
        catalogs=(catalog,),
        clock=clock,
        owner=Owner(parts.user, settings.device, zone),
    )

    def tell_problem(problem: str) -> None:
        log.warning("recordings folder", problem=problem or "none")

    intake = Intake(
        files,
        jobs,
        state,
        destinations=tuple(destinations),
        backfill=settings.backfill,
        clock=clock,
        bell=bell,
        on_problem=tell_problem,
    )
    watch = FolderWatch(
        settings.recordings_path,
        intake,
        clock=clock,
        zone=zone,
        quiet_seconds=settings.quiet_seconds,
        sweep_seconds=settings.reconcile_seconds,
        events=_wants_events(settings),
    )
    workers = [
        Worker(
            f"uploader-{number}",
            jobs,
            steps,
            clock=clock,
            bell=bell,
            pause=pause,
            pace=pace,
            breaker=breaker,
            log=log,
            look_soon=watch.look_soon,
            context=logs.bound,
        )
        for number in range(1, settings.workers + 1)
    ]
    audit = Audit(
        objects, jobs, state, steps.publisher, destinations, clock=clock, bell=bell, log=log
    )
    rebuilder = Rebuilder(destinations.values(), [catalog], objects, state, log=log)

    def tidy(stop: Callable[[], bool] = lambda: False) -> None:
        rebuilder.complete(stop)
        with contextlib.suppress(TransientError, ActionNeeded, PermanentError):
            steps.drop_abandoned()

    housekeeping = Housekeeping(
        jobs,
        state,
        databases.queue,
        [watch, audit, *parts.services],
        clock=clock,
        bell=bell,
        breaker=breaker,
        log=log,
    )

    def before_start() -> None:
        state.set(LAST_SWEEP, None)
        for name in (LAST_AUDIT, DESTINATION_PROBLEM, DESTINATION_SHUT, ROWS_PROBLEM):
            state.set(name, None)
        _serve(jobs, state, parts, tuple(destinations), clock=clock, log=log)
        if redecide_history:
            jobs.reopen_history()
        if settings.destination == "folder" and not settings.uses_supabase:
            tidy()  # what cannot be reached must not hold up the start
        # Whoever starts the agent may have removed what blocked it: the next try will tell.
        jobs.release_blocked(clock.now(), 0.0)
        jobs.release_held(destinations, CODES)
        interrupted = jobs.recover_interrupted(clock.now(), was_orderly=databases.was_orderly)
        if interrupted:
            log.info("interrupted work goes on", jobs=interrupted)

    services: list[Service] = [*parts.services, *workers, watch, audit, Tidying(tidy), housekeeping]
    control = build_control(databases, settings, clock=clock, pid=os.getpid())
    if on_url is not None:
        services.append(
            WebServer(_page_maker(databases, settings, home, clock), settings.port, on_url)
        )
    supervisor = Supervisor(services, clock=clock, log=log)
    return Agent(
        databases,
        supervisor,
        control,
        before_start=before_start,
        parts=parts,
        log=log,
    )


def _serve(
    jobs: SqliteJobStore,
    state: SqliteStateStore,
    parts: Parts,
    destinations: tuple[str, ...],
    *,
    clock: Clock,
    log: Log,
) -> None:
    """Let everything that is still here be brought to the destination that was chosen."""
    if parts.destination is not None:
        place = f"{parts.destination.name}_place"
        if state.get(place) not in (None, parts.place):
            # Another project or bucket. Noted only afterwards: to begin anew twice does no harm.
            jobs.begin_anew(parts.destination.name, clock.now())
        state.set(place, parts.place)
    now_used, used_before = " ".join(destinations), state.get(DESTINATION_USED)
    if used_before not in (None, now_used):
        for destination in destinations:
            jobs.tell_again(destination, clock.now())
    # Noted only afterwards: to tell twice does no harm.
    state.set(DESTINATION_USED, now_used)
    added = jobs.serve(destinations, clock.now())
    if added:
        log.info("recordings are brought to another destination too", jobs=added)


def _parts(
    settings: Settings,
    home: Home,
    databases: Databases,
    state: SqliteStateStore,
    *,
    clock: Clock,
    log: Log,
) -> Parts:
    parts = Parts(settings.user_id)
    if settings.uses_supabase:
        from zoomsync_agent.app import remote  # noqa: PLC0415  an HTTP client costs 80 ms

        parts = remote.remote_parts(settings, home, databases, state, clock=clock, log=log)
    if settings.destination == "s3":
        from zoomsync_agent.app import bucket  # noqa: PLC0415  botocore costs 100 ms

        requests = bucket.requests_to(settings, home)
        parts = replace(
            parts,
            destination=bucket.destination_of(requests, settings),
            place=requests.bucket.place,
            close=in_turn(parts.close, requests.close),
        )
    return parts


def _destination(
    settings: Settings,
    state: SqliteStateStore,
    catalog: LocalCatalog,
    parts: Parts,
) -> Destination:
    if parts.destination is not None:
        return parts.destination
    root = settings.archive_path
    name = fact_about("archive", root)
    return FolderDestination(
        root,
        # The catalog remembers an archive even when the queue was lost.
        is_known=state.get(name) is not None or catalog.has_files_below(root.as_uri()),
        on_first_use=lambda: state.set(name, repr(time.time())),
        bytes_per_second=settings.bandwidth_limit,
    )


def build_control(
    databases: Databases,
    settings: Settings,
    *,
    clock: Clock | None = None,
    pid: int | None = None,
    url: str | None = None,
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


def _page_maker(
    databases: Databases, settings: Settings, home: Home, clock: Clock
) -> "Callable[[], Flask]":
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


def _keeping_why_shut(state: SqliteStateStore) -> Callable[[str, Problem | None], None]:
    def keep(_destination: str, problem: Problem | None) -> None:
        state.set(DESTINATION_SHUT, problem.text if problem else None)

    return keep


def _wants_events(settings: Settings) -> bool:
    if settings.poll != "auto":
        return settings.poll == "never"
    # Changes made by others never reach this machine's event queue from a network drive.
    return mounts.kind_of(_existing(settings.recordings_path)) is not mounts.MountKind.NETWORK


def _existing(path: Path) -> Path:
    return next((one for one in (path, *path.parents) if one.exists()), path)
