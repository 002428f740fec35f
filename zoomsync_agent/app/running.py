"""Runs an agent, or looks at one from another process."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import tzinfo

from zoomsync_agent.app.building import PAGE_KEY, Agent, build, build_control
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.control import Control
from zoomsync_agent.core import naming
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.snapshot import Amount
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.single_instance import InstanceLock, holder
from zoomsync_agent.settings import Settings
from zoomsync_agent.sources.zoom_folder import ZoomFolder


def run(
    settings: Settings,
    home: Home,
    *,
    redecide_history: bool = False,
    on_start: Callable[[Control], None] = lambda _control: None,
) -> None:
    """Run the agent until it is told to end by a signal.

    A database that is found damaged in the middle of the run is moved aside and rebuilt, and the
    agent goes on.
    """
    ended = threading.Event()
    with InstanceLock(home) as lock, _signals_set(ended):

        def announce(url: str) -> None:
            lock.announce(url=url, port=int(url.rstrip("/").rsplit(":", 1)[1]))

        while not ended.is_set():
            damaged = threading.Event()
            agent = build(
                settings,
                home,
                on_damage=lambda _exc, flag=damaged: flag.set(),  # type: ignore[misc]
                on_url=announce,
                redecide_history=redecide_history,
            )
            try:
                agent.start()
                on_start(agent.control)
                while not ended.wait(1.0) and not damaged.is_set():
                    agent.check()
            finally:
                agent.stop()


@contextlib.contextmanager
def running(
    settings: Settings, home: Home, *, zone: tzinfo | None = None, redecide_history: bool = False
) -> Iterator[Agent]:
    """Hold the home's lock and run an agent for as long as the context lasts.

    Raises:
        AlreadyRunning: another agent owns the home.
    """
    with InstanceLock(home):
        agent = build(settings, home, zone=zone, redecide_history=redecide_history)
        try:
            agent.start()
            yield agent
        finally:
            agent.stop()


@contextlib.contextmanager
def _signals_set(ended: threading.Event) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP end the run in an orderly way."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # What is ignored stays ignored: `nohup` wants it so.
    numbers = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def beside(settings: Settings, home: Home) -> Iterator[Control]:
    """Give what people see and do, from another process than the agent's or without one."""
    home.ensure()
    owner = holder(home)
    databases = Databases(home)
    try:
        databases.open_beside()
        yield build_control(
            databases,
            settings,
            pid=owner.pid if owner else None,
            url=(owner.url or None) if owner else None,
        )
    finally:
        databases.close()


def survey(settings: Settings, home: Home) -> Amount | None:
    """Return what lies in the recordings folder before its first sweep; None after it.

    Names and sizes only: no recording is opened.
    """
    with beside(settings, home) as control:
        if control.has_ever_swept():
            return None
    count = size = 0
    for listing in ZoomFolder(settings.recordings_path).listings():
        for entry in listing.entries:
            if naming.is_media(entry.name) and entry.is_regular:
                count += 1
                size += entry.size
    return Amount(count, size)


def page_link(home: Home) -> str:
    """Return a link that opens the running agent's page once.

    Raises:
        NotAllowed: no agent runs, or it has no page.
    """
    from zoomsync_agent.web import guard  # noqa: PLC0415  Flask costs 105 ms

    owner = holder(home)
    if owner is None or not owner.url:
        raise NotAllowed("the page is there while the agent runs: zoomsync run")
    return guard.link(owner.url, guard.load_token(home.data / PAGE_KEY))
