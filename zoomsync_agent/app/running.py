"""Runs an agent, or looks at one from another process."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import tzinfo
from typing import Final, TypeVar

from zoomsync_agent.app.agent import Agent
from zoomsync_agent.app.building import build
from zoomsync_agent.app.controls import PAGE_KEY, build_control
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.control import Control
from zoomsync_agent.core import naming
from zoomsync_agent.core.errors import NotAllowed, StoreDamaged, UsageError
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.core.snapshot import Amount
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.single_instance import InstanceLock, holder
from zoomsync_agent.ports import SecretStore
from zoomsync_agent.settings import Settings
from zoomsync_agent.sources.zoom_folder import ZoomFolder

_REPAIRS: Final = 2
"""A database that is found damaged is moved aside so often in a row."""
_IN_A_ROW_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 0.2

_Result = TypeVar("_Result")


def run(
    settings: Settings,
    home: Home,
    *,
    redecide_history: bool = False,
    on_start: Callable[[Control], None] = lambda _control: None,
) -> None:
    """Run the agent until it is told to end by a signal.

    A database that is found damaged is moved aside and rebuilt, and the agent goes on.

    Raises:
        StoreDamaged: that was done, and the damage came back at once.
    """
    ended = threading.Event()
    damages: list[float] = []
    with InstanceLock(home) as lock, _signals_set(ended):

        def announce(url: str) -> None:
            lock.announce(url=url, port=int(url.rstrip("/").rsplit(":", 1)[1]))

        while not ended.is_set():
            agent = _started(settings, home, on_url=announce, redecide_history=redecide_history)
            try:
                on_start(agent.control)
                while not ended.wait(1.0):
                    agent.check()
            except StoreDamaged as exc:
                now = time.monotonic()
                damages = [at for at in damages if now - at < _IN_A_ROW_SECONDS]
                agent.suspect(exc, is_certain=bool(damages))
                if len(damages) >= _REPAIRS:
                    raise
                damages.append(now)
            finally:
                agent.stop()
            _await_end(agent, ended.is_set)


@contextlib.contextmanager
def running(
    settings: Settings,
    home: Home,
    *,
    zone: tzinfo | None = None,
    redecide_history: bool = False,
    sweeps: bool = True,
    zoom_secrets: SecretStore | None = None,
) -> Iterator[Agent]:
    """Hold the home's lock and run an agent for as long as the context lasts.

    Args:
        settings: what the user chose.
        home: where everything lives.
        zone: in which Zoom names folders.
        redecide_history: decide anew what of the recordings from before the first start is taken.
        sweeps: look for recordings; without it only what is in the queue is worked on.
        zoom_secrets: keeps the sign-in to Zoom, instead of the system's keyring.

    Raises:
        AlreadyRunning: another agent owns the home.
        StoreDamaged: a database was found damaged on the way; the next start repairs it.
    """
    with InstanceLock(home):
        agent = _started(
            settings,
            home,
            zone=zone,
            redecide_history=redecide_history,
            sweeps=sweeps,
            zoom_secrets=zoom_secrets,
        )
        try:
            yield agent
        except StoreDamaged as exc:
            agent.suspect(exc)
            raise
        finally:
            agent.stop()


def repairing(
    settings: Settings,
    home: Home,
    work: Callable[[Agent], _Result],
    *,
    redecide_history: bool = False,
    sweeps: bool = True,
) -> _Result:
    """Return what *work* returns for a running agent.

    If a database is found damaged on the way, it is repaired and *work* begins once more.

    Raises:
        AlreadyRunning: another agent owns the home.
        StoreDamaged: the repair did not help; the next start repairs it again.
    """
    agent: Agent | None = None
    try:
        with running(settings, home, redecide_history=redecide_history, sweeps=sweeps) as agent:
            return work(agent)
    except StoreDamaged:
        if agent is None:
            raise  # it was repaired more than once already
    _await_end(agent, lambda: False)
    with running(settings, home, sweeps=sweeps) as agent:
        return work(agent)


def _started(
    settings: Settings,
    home: Home,
    *,
    zone: tzinfo | None = None,
    on_url: Callable[[str], None] | None = None,
    redecide_history: bool = False,
    sweeps: bool = True,
    zoom_secrets: SecretStore | None = None,
) -> Agent:
    """Return an agent that runs; a database that is damaged is moved aside on the way."""
    repairs = 0
    while True:
        try:
            agent = build(
                settings,
                home,
                zone=zone,
                on_url=on_url,
                redecide_history=redecide_history,
                sweeps=sweeps,
                zoom_secrets=zoom_secrets,
            )
            try:
                agent.start()
            except BaseException as exc:
                if isinstance(exc, StoreDamaged):
                    agent.suspect(exc)
                agent.stop()
                raise
        except StoreDamaged as exc:
            if repairs == _REPAIRS:
                raise
            repairs += 1
            Databases(home).suspect(exc, is_certain=repairs == _REPAIRS)
        else:
            return agent


def _await_end(agent: Agent, is_over: Callable[[], bool]) -> None:
    """Wait for what outlived the stop: nothing is rebuilt while an old uploader still sends."""
    while not agent.has_ended and not is_over():
        time.sleep(_LOOK_SECONDS)


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
    try:
        with beside(settings, home) as control:
            if control.has_ever_swept():
                return None
    except StoreDamaged:
        return None  # there was a first sweep; the start that follows repairs the database
    count = size = 0
    for listing in ZoomFolder(settings.recordings_path).listings():
        for entry in listing.entries:
            if naming.is_media(entry.name) and entry.is_regular:
                count += 1
                size += entry.size
    return Amount(count, size)


def link(settings: Settings, home: Home, row: RecordingRow, seconds: float) -> str:
    """Return a link that opens a recording, for *seconds* where links can end.

    Raises:
        NotAllowed: its bytes are nowhere, or in a project that is not the one in the settings.
        AgentError: the project gives none.
    """
    if not row.file_url:
        raise NotAllowed(f"{row.file_name} is {row.processing_status}: there is nothing to open")
    if row.destination == "s3":
        return _bucket_link(settings, home, row, max(1, int(seconds)))
    if row.destination != "supabase":
        return row.file_url
    # An HTTP client costs 80 ms.
    from zoomsync_agent.app import remote  # noqa: PLC0415
    from zoomsync_agent.destinations.supabase import SupabaseDestination  # noqa: PLC0415

    with remote.opened(settings, home) as opened:
        if row.file_url != opened.project.object_url(row.object_key):
            raise NotAllowed(f"{row.file_url} lies in another project than {opened.project.url}")
        return SupabaseDestination(opened.project, opened.access).link(
            row.object_key, max(1, int(seconds))
        )


def _bucket_link(settings: Settings, home: Home, row: RecordingRow, seconds: int) -> str:
    from zoomsync_agent.app import bucket  # noqa: PLC0415  botocore costs 100 ms
    from zoomsync_agent.destinations.s3.destination import LONGEST_LINK_SECONDS  # noqa: PLC0415

    if seconds > LONGEST_LINK_SECONDS:
        raise UsageError("A link into a bucket opens for 7 days at most: --expires 7d")
    with bucket.opened(settings, home) as requests:
        if row.file_url != requests.bucket.object_url(row.object_key):
            raise NotAllowed(f"{row.file_url} lies in another bucket than {requests.bucket.url}")
        return bucket.destination_of(requests, settings).link(row.object_key, seconds)


def page_link(home: Home) -> str:
    """Return a link that opens the running agent's page once.

    Raises:
        NotAllowed: no agent runs, or it has no page.
    """
    from zoomsync_agent.web import guard  # noqa: PLC0415  Flask costs 105 ms

    owner = holder(home)
    if owner is None or not owner.url:
        raise NotAllowed("There is a page only while the agent runs: zoomsync run")
    return guard.link(owner.url, guard.load_token(home.data / PAGE_KEY))
