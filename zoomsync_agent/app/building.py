"""What the agent is made of, from top to bottom like a parts list."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from typing import TYPE_CHECKING, Final

from zoomsync_agent.app.agent import Agent
from zoomsync_agent.app.controls import build_control
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.app.first_day import first_day
from zoomsync_agent.app.freeing import freeing
from zoomsync_agent.app.inbox import inbox_of
from zoomsync_agent.app.parts import Parts, in_turn
from zoomsync_agent.app.surroundings import Around, Minding
from zoomsync_agent.app.tidying import tidying
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.core.errors import (
    StoreDamaged,
)
from zoomsync_agent.core.facts import (
    FREEING_PROBLEM,
    HELD_BY,
    LAST_CLOUD_SWEEP,
    NOT_WATCHING,
    SLOWED_TO,
    TRASH_PROBLEM,
    ZOOM,
    ZOOM_PROBLEM,
    ZOOM_SHUT,
    ZOOM_SWEPT,
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
from zoomsync_agent.engine.lanes import Lanes
from zoomsync_agent.engine.meter import Meter
from zoomsync_agent.engine.mirror import ROWS_PROBLEM
from zoomsync_agent.engine.pace import Pace
from zoomsync_agent.engine.pause import Held, Pause
from zoomsync_agent.engine.publishing import Owner, Stores
from zoomsync_agent.engine.rebuild import Rebuilder
from zoomsync_agent.engine.steps import Steps
from zoomsync_agent.engine.supervisor import Supervisor
from zoomsync_agent.engine.worker import Log, Worker
from zoomsync_agent.ports import (
    Clock,
    Destination,
    RecordingSource,
    SecretStore,
    Service,
    fact_about,
)
from zoomsync_agent.settings import Settings
from zoomsync_agent.sources.watch import FolderWatch
from zoomsync_agent.store.files import SqliteFileStore
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.store.meetings import SqliteMeetingStore
from zoomsync_agent.store.objects import SqliteObjectStore
from zoomsync_agent.store.state import SqliteStateStore

if TYPE_CHECKING:
    from zoomsync_agent.app.cloud import Cloud


DESTINATION_USED: Final = "destination_used"
"""Name of the state that says where recordings went at the last start."""
_OF_ONE_RUN: Final = (
    HELD_BY,
    SLOWED_TO,
    LAST_SWEEP,
    LAST_AUDIT,
    DESTINATION_PROBLEM,
    DESTINATION_SHUT,
    ROWS_PROBLEM,
    LAST_CLOUD_SWEEP,
    ZOOM_PROBLEM,
    ZOOM_SHUT,
    TRASH_PROBLEM,
    FREEING_PROBLEM,
)
"""Names of the states of which the last run of the agent says nothing."""


def build(
    settings: Settings,
    home: Home,
    *,
    clock: Clock | None = None,
    zone: tzinfo | None = None,
    meter: Meter | None = None,
    redecide_history: bool = False,
    sweeps: bool = True,
    may_rest: bool = False,
    zoom_secrets: SecretStore | None = None,
    around: Around = Around(),  # noqa: B008  frozen
) -> Agent:
    """Wire the agent. The databases are opened and, where needed, moved aside; nothing starts.

    Args:
        settings: what the user chose.
        home: where everything lives.
        clock: the time; the system's by default.
        zone: in which Zoom names folders; this machine's by default.
        meter: counts the bytes that move.
        redecide_history: decide anew what of the recordings from before the first start is taken.
        sweeps: look for recordings; without it only what is in the queue is worked on.
        may_rest: do not look while somebody has stopped the monitoring.
        zoom_secrets: keeps the sign-in to Zoom, instead of the system's keyring.
        around: what is minded of the surroundings, and whom it tells; nothing by default.

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
            meter=meter or Meter(clock or SystemClock()),
            redecide_history=redecide_history,
            sweeps=sweeps,
            may_rest=may_rest,
            zoom_secrets=zoom_secrets,
            around=around,
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
    meter: Meter,
    redecide_history: bool,
    sweeps: bool,
    may_rest: bool,
    zoom_secrets: SecretStore | None,
    around: Around,
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
    pace = Pace(settings.bandwidth_limit, clock, wait=time.sleep, count=meter.count)
    destinations: dict[str, Destination] = {
        settings.destination: _destination(settings, state, catalog, parts)
    }

    intake = Intake(
        files,
        jobs,
        state,
        destinations=tuple(destinations),
        backfill=settings.backfill,
        clock=clock,
        bell=bell,
        on_problem=lambda problem: log.warning("recordings folder", problem=problem or "none"),
    )
    cloud = _cloud(
        settings, home, databases, tuple(destinations), clock, bell, zoom_secrets, sweeps=sweeps
    )
    if cloud:
        parts = replace(parts, close=in_turn(parts.close, cloud.close))
    inbox = inbox_of(databases, settings, home, clock)
    steps = Steps(
        Stores(files, SqliteMeetingStore(databases.queue), objects, state),
        destinations=destinations,
        origins={inbox.name: inbox, **({cloud.origin.name: cloud.origin} if cloud else {})},
        catalogs=(catalog,),
        clock=clock,
        owner=Owner(parts.user, settings.device, zone),
    )

    def is_stopped() -> bool:
        return may_rest and state.get(NOT_WATCHING) is not None

    watch = FolderWatch(
        settings.recordings_path,
        intake,
        clock=clock,
        zone=zone,
        quiet_seconds=settings.quiet_seconds,
        sweep_seconds=settings.reconcile_seconds,
        events=_wants_events(settings),
        is_unwanted=is_stopped,
    )
    sources: list[RecordingSource] = [
        *([watch] if sweeps else []),
        *([cloud.source] if cloud else []),
    ]
    lanes = Lanes(settings.workers)
    workers = [
        Worker(
            f"uploader-{number}",
            jobs,
            steps,
            clock=clock,
            bell=bell,
            pause=pause,
            held=Held(state),
            pace=pace,
            breaker=breaker,
            lanes=lanes,
            log=log,
            look_soon=in_turn(*(source.look_soon for source in sources)),
            context=logs.bound,
        )
        for number in range(1, settings.workers + 1)
    ]
    audit = Audit(
        objects, jobs, state, steps.publisher, destinations, clock=clock, bell=bell, log=log
    )
    rebuilder = Rebuilder(destinations.values(), [catalog], objects, state, log=log)
    tidy = tidying(inbox, rebuilder, steps)

    minding = Minding(around, settings, home, databases, pace, clock=clock, bell=bell, log=log)
    housekeeping = Housekeeping(
        jobs,
        state,
        databases.queue,
        [*sources, audit, *parts.services, *minding.lookouts],
        clock=clock,
        bell=bell,
        breaker=breaker,
        log=log,
        remote=[*([cloud.source] if cloud else []), *parts.services],
    )
    control = build_control(databases, settings, clock=clock, pid=os.getpid(), sweeps=sweeps)

    def before_start() -> None:
        for name in _OF_ONE_RUN:
            state.set(name, None)
        minding.begin()
        _serve(jobs, state, parts, tuple(destinations), clock=clock, log=log)
        if redecide_history:
            jobs.reopen_history(cloud_since=first_day(settings, clock))
            # What lies further back than the last days is decided about by a whole sweep.
            state.forget_all(f"{ZOOM_SWEPT}:")
        inbox.look()
        if settings.destination == "folder" and not settings.uses_supabase:
            tidy(lambda: False)  # what cannot be reached must not hold up the start
        # Whoever starts the agent may have removed what blocked it: the next try will tell.
        jobs.release_blocked(clock.now(), 0.0)
        jobs.release_held([*destinations, ZOOM], CODES)
        interrupted = jobs.recover_interrupted(clock.now(), was_orderly=databases.was_orderly)
        if interrupted:
            log.info("interrupted work goes on", jobs=interrupted)

    services: list[Service] = [
        *parts.services, *workers, *sources, audit, Tidying(tidy), housekeeping,
        *minding.services(housekeeping, control),
    ]  # fmt: skip
    if sweeps:
        services += freeing(
            settings, home, databases, destinations, cloud, audit, pace, clock=clock, log=log
        )
    looking = {one.name for one in sources}

    def rests(service: Service) -> bool:
        return service.name in looking and is_stopped()

    return Agent(
        databases,
        Supervisor(services, clock=clock, log=log, rests=rests),
        control,
        before_start=before_start,
        parts=parts,
        log=log,
    )


def _cloud(
    settings: Settings,
    home: Home,
    databases: Databases,
    destinations: tuple[str, ...],
    clock: Clock,
    bell: Bell,
    secrets: SecretStore | None,
    *,
    sweeps: bool,
) -> "Cloud | None":
    """Return Zoom's cloud where these settings use it."""
    if not settings.uses_zoom_cloud:
        return None
    from zoomsync_agent.app.cloud import build_cloud  # noqa: PLC0415  an HTTP client costs 80 ms

    return build_cloud(
        settings, home, databases, destinations, clock=clock, bell=bell, sweeps=sweeps,
        secrets=secrets,
    )  # fmt: skip


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


def _keeping_why_shut(state: SqliteStateStore) -> Callable[[str, Problem | None], None]:
    def keep(gate: str, problem: Problem | None) -> None:
        name = ZOOM_SHUT if gate == ZOOM else DESTINATION_SHUT
        state.set(name, problem.text if problem else None)

    return keep


def _wants_events(settings: Settings) -> bool:
    if settings.poll != "auto":
        return settings.poll == "never"
    # Changes made by others never reach this machine's event queue from a network drive.
    return not mounts.is_network(settings.recordings_path)
