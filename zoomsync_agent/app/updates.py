"""The question whether there is a newer version, wired."""

import json
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zoomsync_agent.core.errors import (
    NetworkUnavailable,
    RemoteUnavailable,
    SettingsError,
    by_code,
)
from zoomsync_agent.core.facts import UPDATE_ASKED_AT, UPDATE_FEED, UPDATE_FOUND
from zoomsync_agent.core.updates import LONGEST_FEED, Release, latest_in
from zoomsync_agent.desktop.autostart import program_of
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.engine.updating import Updating
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, Service, StateStore
from zoomsync_agent.settings import Settings

if TYPE_CHECKING:
    import httpx

_OF_THE_RELEASE: Final = Path(__file__).resolve().parent.parent / "assets" / "release_feed.txt"
"""Written by whoever releases the program: where its releases are told of."""
_PATIENCE_SECONDS: Final = 60.0
_MOST_HOPS: Final = 4
_NO_WINDOW: Final = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""On Windows, where the agent has no console, none must flash up."""


def feed_of(settings: Settings, *, released: Path = _OF_THE_RELEASE) -> str:
    """Return where to ask; empty where nobody is to be asked."""
    if settings.update_check == "no":
        return ""
    if settings.update_feed:
        return settings.update_feed
    try:
        return released.read_text("utf-8").strip()
    except OSError:
        return ""


def latest(feed: str) -> Release | None:
    """Ask *feed* for the latest release; None where it names none.

    Raises:
        SettingsError: the address is none that may be asked.
        AgentError: nobody answered.
    """
    import httpx  # noqa: PLC0415  80 ms and 17 MB

    from zoomsync_agent.http import LOOPBACK, network_error, new_client  # noqa: PLC0415  as above

    try:
        address = httpx.URL(feed)
    except (httpx.InvalidURL, ValueError) as exc:
        raise SettingsError(f"update_feed is no address: {exc}") from exc
    if address.scheme != "https" and not (address.scheme == "http" and address.host in LOOPBACK):
        raise SettingsError("update_feed must begin with https://")
    headers = {"Accept": "application/json", "User-Agent": "zoomsync"}
    try:
        with new_client(feed) as client:
            for _ in range(_MOST_HOPS):
                with client.stream("GET", address, headers=headers) as answer:
                    if answer.next_request is None:
                        return latest_in(_body_of(answer, address.host))
                    # Whoever may name a page for downloads must be who was asked.
                    there, here = answer.next_request.url, address
                    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
                        raise RemoteUnavailable(f"{here.host} sends the question elsewhere")
                    address = there
    except httpx.HTTPError as exc:
        raise network_error(exc, address.host, "asking for updates", setting="update_feed") from exc
    raise RemoteUnavailable(f"{address.host} sends the question round in circles")


def _body_of(answer: "httpx.Response", host: str) -> str:
    if not answer.is_success:
        raise RemoteUnavailable(f"{host} answered {answer.status_code}")
    body = bytearray()
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > LONGEST_FEED:
            raise RemoteUnavailable(f"{host} sent more than a feed")
    return body.decode("utf-8", "replace")


def updating(
    settings: Settings, home: Home, state: StateStore, *, clock: Clock, log: Log
) -> list[Service]:
    """Return the service that asks; none where nobody is to be asked."""
    feed = feed_of(settings)
    if state.get(UPDATE_FEED) != feed:  # off, or another one: what the former said is forgotten
        for name in (UPDATE_FOUND, UPDATE_ASKED_AT):
            state.set(name, None)
        state.set(UPDATE_FEED, feed)
    if not feed:
        return []
    return [Updating(partial(_asked_apart, home), state, clock=clock, log=log)]


def _asked_apart(home: Home) -> Release | None:
    """Let another process ask: an HTTP client would stay in memory for the rest of the run."""
    try:
        done = subprocess.run(  # noqa: S603  our own program
            [*program_of(home), "update", "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_PATIENCE_SECONDS,
            check=False,
            creationflags=_NO_WINDOW,
        )
        told = json.loads(done.stdout)
        if done.returncode != 0:
            raise by_code(told["error"]["code"])(str(told["error"]["detail"]))
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as exc:
        raise NetworkUnavailable(f"asking for updates: {exc}") from exc
    return Release.read(f"{told.get('latest')} {told.get('url')}")
