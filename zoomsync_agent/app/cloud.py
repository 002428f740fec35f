"""Recordings in Zoom's cloud, wired as a part of the agent. Loaded only where it is used."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from zoomsync_agent.app.databases import Databases, opened_beside
from zoomsync_agent.app.first_day import first_day
from zoomsync_agent.app.zoom import asking, zoom_keeper
from zoomsync_agent.core.selection import Selection
from zoomsync_agent.core.snapshot import Amount
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.housekeeping import SCAN_REQUEST
from zoomsync_agent.engine.intake import Backfill, Intake
from zoomsync_agent.ports import Clock, CloudMeetingRecord, CloudStore, SecretStore, Sighting
from zoomsync_agent.settings import Settings
from zoomsync_agent.sources.zoom_cloud import (
    Origin,
    Spool,
    ZoomCloud,
    ZoomOrigin,
    ZoomTrash,
    first_look,
    record_of,
    sightings,
)
from zoomsync_agent.store.cloud import SqliteCloudStore
from zoomsync_agent.store.files import SqliteFileStore
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.store.state import SqliteStateStore
from zoomsync_agent.zoom.client import ZoomClient
from zoomsync_agent.zoom.downloads import Downloads
from zoomsync_agent.zoom.limits import RateLimits
from zoomsync_agent.zoom.models import CloudMeeting

_BATCH: Final = 500
_FINISH_SECONDS: Final = 35.0
"""So long it may take until a token that is being renewed is stored: longer than a request."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Zoom's cloud as a part of the agent: what finds, fetches and trashes recordings."""

    source: ZoomCloud
    origin: ZoomOrigin
    trash: ZoomTrash
    store: CloudStore
    close: Callable[[], None]


def build_cloud(
    settings: Settings,
    home: Home,
    databases: Databases,
    destinations: Sequence[str],
    *,
    clock: Clock,
    bell: Bell,
    sweeps: bool = True,
    secrets: SecretStore | None = None,
) -> Cloud:
    """Wire Zoom's cloud. Nothing is asked of anybody.

    Args:
        settings: what the user chose.
        home: where everything lives.
        databases: open ones.
        destinations: names of the destinations that get every recording.
        clock: the time.
        bell: wakes the workers.
        sweeps: look for recordings; without it only what is in the queue is worked on.
        secrets: keeps the sign-in; the system's keyring by default.

    Raises:
        SettingsError: there is no app by which the agent is known to Zoom, or it is impossible.
    """
    keeper = zoom_keeper(settings, home, clock=clock, secrets=secrets)
    client = ZoomClient(keeper, RateLimits(clock.now, clock.monotonic))
    downloads = Downloads(settings.zoom_url)
    spool = spool_of(settings, home)
    store = SqliteCloudStore(databases.queue, destinations)
    source = ZoomCloud(
        client,
        downloads,
        _intake(databases, destinations, _backfill(settings), clock, bell),
        store,
        SqliteStateStore(databases.queue),
        spool,
        clock=clock,
        since=datetime.fromtimestamp(first_day(settings, clock), UTC).date(),
        sweeps=sweeps,
        poll_seconds=settings.zoom_poll_seconds,
        on_news=bell.ring,
    )
    origin = ZoomOrigin(client, downloads, spool, store, clock=clock, found=source.found)

    def close() -> None:
        keeper.finish(_FINISH_SECONDS)
        client.close()
        downloads.close()

    return Cloud(source, origin, ZoomTrash(client, store), store, close)


def spool_of(settings: Settings, home: Home) -> Spool:
    """Return where downloads wait for their upload."""
    return Spool(settings.spool_path or home.data / "spool", settings.spool_size)


def unsafe(
    settings: Settings,
    home: Home,
    account: str,
    meetings: Sequence[CloudMeeting],
    chosen: Selection,
) -> Amount:
    """Return how much of what is chosen is not safe yet; see `enqueue`."""
    with opened_beside(home) as databases:
        store = SqliteCloudStore(databases.queue)
        safe = store.safe(settings.destination)
        left = [
            one
            for one in _chosen(settings, home, store, account, meetings, chosen)
            if (str(one.path), one.identity) not in safe
        ]
    return Amount(len(left), sum(one.identity.size for one in left))


def enqueue(
    settings: Settings,
    home: Home,
    account: str,
    meetings: Sequence[CloudMeeting],
    chosen: Selection,
) -> int:
    """Put cloud recordings into the queue, whatever is left out otherwise; return how many files.

    Those that are in it already, or safe, are counted and stay as they are.

    Args:
        settings: what the user chose.
        home: where everything lives; an agent may be running in it.
        account: who is signed in to Zoom.
        meetings: those that are wanted.
        chosen: which of their files are.
    """
    with opened_beside(home) as databases:
        store = SqliteCloudStore(databases.queue)
        listener = _intake(databases, [settings.destination], "all", SystemClock(), Bell())
        found = _chosen(settings, home, store, account, meetings, chosen)
        now = time.time()
        records = [record_of(one, account) for one in meetings if one.files]
        store.remember([(record, first_look(record, now)) for record in records], 0.0)
        for begin in range(0, len(found), _BATCH):
            listener.seen(found[begin : begin + _BATCH])
        store.hurry([str(one.path) for one in found])
        SqliteStateStore(databases.queue).set(SCAN_REQUEST, repr(now))
    return len(found)


def trashed(home: Home) -> list[CloudMeetingRecord]:
    """Return the meetings whose copy in Zoom's cloud was moved to Zoom's trash."""
    with opened_beside(home) as databases:
        return SqliteCloudStore(databases.queue).trashed()


def recover(
    settings: Settings, home: Home, meetings: Sequence[CloudMeetingRecord]
) -> tuple[list[CloudMeetingRecord], list[CloudMeetingRecord]]:
    """Take meetings back out of Zoom's trash; return those that are back, and those not there.

    Those that are back are not moved there again.

    Raises:
        AgentError: Zoom does not do it; some may be back.
    """
    back, missing = [], []
    with opened_beside(home) as databases, asking(settings, home) as client:
        store = SqliteCloudStore(databases.queue)
        for one in meetings:
            if client.recover(one.uuid):
                back.append(one)
                store.set_trashed(one.key, None, is_kept=True)
            else:
                missing.append(one)
        SqliteStateStore(databases.queue).set(SCAN_REQUEST, repr(time.time()))
    return back, missing


def _chosen(
    settings: Settings,
    home: Home,
    store: CloudStore,
    account: str,
    meetings: Sequence[CloudMeeting],
    chosen: Selection,
) -> list[Sighting]:
    root, sizes = spool_of(settings, home).root_of(account), store.real_sizes()
    return [
        one
        for meeting in meetings
        for one in sightings(meeting, account, root, sizes)
        if one.verdict.is_ready and chosen.takes_file(Origin.read(one.origin).file_type)
    ]


def _intake(
    databases: Databases,
    destinations: Sequence[str],
    backfill: Backfill,
    clock: Clock,
    bell: Bell,
) -> Intake:
    return Intake(
        SqliteFileStore(databases.queue),
        SqliteJobStore(databases.queue),
        SqliteStateStore(databases.queue),
        destinations=destinations,
        backfill=backfill,
        clock=clock,
        bell=bell,
        last_sweep=None,  # a sweep of the cloud has ended when it has failed, too
    )


def _backfill(settings: Settings) -> Backfill:
    """Return what happens to what is there at first: a day that was chosen counts for itself."""
    return "all" if settings.zoom_since is not None else settings.backfill
