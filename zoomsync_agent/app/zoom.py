"""Zoom's cloud, wired from settings and secrets. Loaded only where it is used."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from zoomsync_agent.app.databases import opened_beside
from zoomsync_agent.core.account import Account, AccountState
from zoomsync_agent.core.errors import SettingsError
from zoomsync_agent.core.facts import ZOOM_ACCOUNT, ZOOM_WHO
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.secret_files import secret_store
from zoomsync_agent.engine.housekeeping import SCAN_REQUEST
from zoomsync_agent.ports import Clock, SecretStore
from zoomsync_agent.settings import ZOOM_CLIENT_SECRET, Settings, secret
from zoomsync_agent.store.state import SqliteStateStore
from zoomsync_agent.zoom.app import API, OAUTH, ZoomApp
from zoomsync_agent.zoom.client import ZoomClient, windows
from zoomsync_agent.zoom.limits import RateLimits
from zoomsync_agent.zoom.models import CloudMeeting
from zoomsync_agent.zoom.session import ZoomKeeper

_LOCK: Final = "zoom.session.lock"


def zoom_app(settings: Settings, home: Home) -> ZoomApp:
    """Return the app by which the agent is known to Zoom.

    Raises:
        SettingsError: there is none, or something about it is impossible.
    """
    if settings.zoom_problem:
        raise SettingsError(settings.zoom_problem)
    found = secret(home, os.environ, ZOOM_CLIENT_SECRET)
    return ZoomApp(
        settings.zoom_client_id,
        found.value if found else "",
        settings.zoom_redirect_uri,
        oauth=settings.zoom_url,
        api=API if settings.zoom_url == OAUTH else settings.zoom_url,
    )


def zoom_keeper(
    settings: Settings,
    home: Home,
    *,
    clock: Clock | None = None,
    secrets: SecretStore | None = None,
    on_change: Callable[[Account], None] = lambda _account: None,
) -> ZoomKeeper:
    """Return who keeps the sign-in to Zoom; the home is made, and nothing is asked of anybody.

    Raises:
        SettingsError: see `zoom_app`.
    """
    home.ensure()
    return ZoomKeeper(
        zoom_app(settings, home),
        secrets or secret_store(home),
        home.data / _LOCK,
        clock=clock or SystemClock(),
        on_change=on_change,
    )


@contextlib.contextmanager
def asking(settings: Settings, home: Home) -> Iterator[ZoomClient]:
    """Give what asks Zoom, for the time of a command.

    Raises:
        SettingsError: see `zoom_app`.
    """
    client = ZoomClient(zoom_keeper(settings, home), RateLimits(time.time, time.monotonic))
    with contextlib.closing(client):
        yield client


def all_meetings(client: ZoomClient, since: date, until: date) -> Iterator[CloudMeeting]:
    """Yield the cloud recordings of these days, UTC and both included, the newest first.

    Those of the whole account where that was granted.
    """
    is_wide = client.is_account_wide
    for window in windows(since, until):
        found = client.meetings(window, account_wide=is_wide)
        yield from sorted(found, key=lambda one: one.started_at or 0.0, reverse=True)


def account_changed(home: Home, account: Account) -> None:
    """Let a running agent notice that somebody has signed in, or wants nothing of Zoom any more."""
    is_signed_in = account.state is AccountState.SIGNED_IN
    with opened_beside(home) as databases:
        state = SqliteStateStore(databases.queue)
        state.set(ZOOM_ACCOUNT, account.user_id if is_signed_in else None)
        state.set(ZOOM_WHO, account.who if is_signed_in else None)
        state.set(SCAN_REQUEST, repr(time.time()))
