"""Runs an agent, or looks at one from another process."""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from zoomsync_agent.app.agent import Agent
from zoomsync_agent.app.building import build
from zoomsync_agent.app.controls import build_control
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.app.desk import AppDesk
from zoomsync_agent.app.desk.files import counted
from zoomsync_agent.app.ending import Ending, signals_set
from zoomsync_agent.app.front import run_with_tray
from zoomsync_agent.app.page import Page
from zoomsync_agent.app.surroundings import Around, around_here
from zoomsync_agent.control import Control
from zoomsync_agent.core.errors import AgentError, SettingsError, StoreDamaged, UsageError
from zoomsync_agent.core.snapshot import Amount
from zoomsync_agent.desktop import memory
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.single_instance import InstanceLock, holder
from zoomsync_agent.engine.meter import Meter
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import SecretStore
from zoomsync_agent.settings import Settings

_REPAIRS: Final = 2
"""A database that is found damaged is moved aside so often in a row."""
_IN_A_ROW_SECONDS: Final = 600.0
_GIVE_BACK_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2
_AGAIN_SECONDS: Final = (5.0, 15.0, 60.0)
"""After so long a start that failed is tried again."""

_Result = TypeVar("_Result")


def run(
    settings: Settings,
    home: Home,
    *,
    reload: Callable[[], Settings] | None = None,
    redecide_history: bool = False,
    is_held: bool = False,
    on_start: Callable[[Control], None] = lambda _control: None,
    on_page: Callable[[], None] = lambda: None,
    with_tray: bool = False,
    on_no_tray: Callable[[str], None] = lambda _why: None,
) -> None:
    """Run the agent, and its page, until it is told to end by a signal.

    Settings that change are taken up by a new agent, and a database that is found damaged is moved
    aside and rebuilt; the page stays.

    Args:
        settings: what the user chose.
        home: where everything lives.
        reload: reads the settings again; without it they stay as they are.
        redecide_history: decide anew what of the recordings from before the first start is taken.
        is_held: begin only when somebody has finished the setup on the page.
        on_start: given what people see and do, each time that an agent has begun.
        on_page: called when the page can be opened.
        with_tray: show an icon in the tray, if there is a tray; this must be the main thread then.
        on_no_tray: told why there is none.

    Raises:
        StoreDamaged: it was moved aside, and the damage came back at once.
        SettingsError: the agent cannot begin with these settings.
    """
    from zoomsync_agent.desktop import logs  # noqa: PLC0415  structlog costs 150 ms

    log = logs.get_logger("run")
    ended = Ending()
    with InstanceLock(home) as lock, signals_set(ended):
        desk = AppDesk(home, settings, reload=reload, is_held=is_held)
        ended.then(desk.ask_to_stop)  # beside all else that ends

        def announce(url: str) -> None:
            lock.announce(url=url, port=int(url.rstrip("/").rsplit(":", 1)[1]))
            on_page()

        with (
            contextlib.closing(desk),
            Page(desk, home, announce, log) as page,
            around_here(home, log) as around,
        ):
            keeping = _Keeping(desk, home, page, ended, on_start, log, around)
            work = partial(keeping.run, redecide_history=redecide_history)
            if with_tray:
                run_with_tray(
                    work, desk, home, ended, around=around, log=log, on_no_tray=on_no_tray
                )
            else:
                work()


class _Keeping:
    """One agent after the other, until the end."""

    def __init__(
        self,
        desk: AppDesk,
        home: Home,
        page: Page,
        ended: threading.Event,
        on_start: Callable[[Control], None],
        log: Log,
        around: Around = Around(),  # noqa: B008  frozen
    ) -> None:
        self._around = around
        self._desk = desk
        self._home = home
        self._page = page
        self._ended = ended
        self._on_start = on_start
        self._log = log
        self._damages: list[float] = []
        self._give_back_at = time.monotonic() + _GIVE_BACK_SECONDS / 6
        self._written = self._files()

    def run(self, *, redecide_history: bool) -> None:
        """Work until the end."""
        was_held = self._desk.is_held
        before: Settings | None = None
        failures = 0
        while not self._ended.is_set():
            if self._desk.is_held:
                self._wait(lambda: not self._desk.is_held)
                continue
            used = self._desk.settings()
            if before is not None and _history(used) != _history(before):
                redecide_history = True  # somebody chose anew what of it is taken
            self._desk.agent_is_new()
            try:
                agent = _started(
                    used,
                    self._home,
                    meter=self._desk.meter,
                    redecide_history=redecide_history,
                    may_rest=True,
                    around=self._around,
                )
            except AgentError as exc:
                if before is None and not was_held:
                    raise
                self._log.warning("agent not started", code=exc.code, detail=exc.detail)
                self._desk.cannot_begin(_why_not(exc))
                # Other settings may help, and so may time.
                wait = _AGAIN_SECONDS[min(failures, len(_AGAIN_SECONDS) - 1)]
                failures += 1
                self._wait(partial(self._are_other, used), wait)
                continue
            before, redecide_history, failures = used, False, 0
            self._desk.cannot_begin("")
            self._look_after(agent, used)

    def _look_after(self, agent: Agent, used: Settings) -> None:
        """Stay with one agent until it is to end."""
        try:
            self._on_start(agent.control)
            while not self._ended.wait(1.0):
                self._give_back()
                agent.check()
                self._desk.check()
                self._page.check()
                self._read_settings()
                if self._are_other(used):
                    self._log.info("settings changed, beginning anew")
                    break
        except StoreDamaged as exc:
            now = time.monotonic()
            self._damages = [at for at in self._damages if now - at < _IN_A_ROW_SECONDS]
            agent.suspect(exc, is_certain=bool(self._damages))
            if len(self._damages) >= _REPAIRS:
                raise
            self._damages.append(now)
        finally:
            agent.stop()
        if not agent.has_ended:
            self._desk.cannot_begin("The work before is still coming to its end; then it goes on.")
            self._wait(lambda: agent.has_ended)

    def _give_back(self) -> None:
        """Keep no memory that nobody uses, once a minute."""
        now = time.monotonic()
        if now >= self._give_back_at:
            self._give_back_at = now + _GIVE_BACK_SECONDS
            memory.give_back()

    def _are_other(self, used: Settings) -> bool:
        return self._desk.settings() != used

    def _wait(self, is_over: Callable[[], bool], seconds: float = math.inf) -> None:
        """Let the page do its work until something is another way, the time is over, or the end."""
        deadline = time.monotonic() + seconds
        while not is_over() and not self._ended.is_set() and time.monotonic() < deadline:
            self._page.check()
            self._read_settings()
            self._desk.changed.wait(1.0)
            self._desk.changed.clear()

    def _read_settings(self) -> None:
        """Take up what somebody has written into the files of settings."""
        now = self._files()
        if now == self._written:
            return
        self._written = now
        try:
            self._desk.take_up()
        except SettingsError as exc:
            self._log.warning("settings not taken up", detail=exc.detail)
            self._desk.cannot_read(
                f"The settings are wrong, so what held before still holds: {exc.detail}"
            )
        else:
            self._desk.cannot_read("")

    def _files(self) -> tuple[tuple[int, int] | None, ...]:
        """Return what tells one version of the files of settings from the next."""
        return tuple(_version_of(one) for one in (self._home.config_file, self._home.env_file))


def _why_not(error: AgentError) -> str:
    """Return why no agent could begin, for people."""
    told = error.detail or error.title
    if isinstance(error, UsageError) and not isinstance(error, StoreDamaged):
        return f"The agent cannot work with these settings: {told}"
    return f"The agent could not begin, and tries again by itself: {told}"


def _history(settings: Settings) -> tuple[object, ...]:
    """Return what decides about recordings from before the first start."""
    return settings.backfill, settings.zoom_since


def _version_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


@contextlib.contextmanager
def running(
    settings: Settings,
    home: Home,
    *,
    zone: tzinfo | None = None,
    redecide_history: bool = False,
    sweeps: bool = True,
    zoom_secrets: SecretStore | None = None,
    around: Around = Around(),  # noqa: B008  frozen
) -> Iterator[Agent]:
    """Hold the home's lock and run an agent for as long as the context lasts.

    Args:
        settings: what the user chose.
        home: where everything lives.
        zone: in which Zoom names folders.
        redecide_history: decide anew what of the recordings from before the first start is taken.
        sweeps: look for recordings; without it only what is in the queue is worked on.
        zoom_secrets: keeps the sign-in to Zoom, instead of the system's keyring.
        around: what is minded of the surroundings, and whom it tells; nothing by default.

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
            around=around,
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
    meter: Meter | None = None,
    redecide_history: bool = False,
    sweeps: bool = True,
    may_rest: bool = False,
    zoom_secrets: SecretStore | None = None,
    around: Around = Around(),  # noqa: B008  frozen
) -> Agent:
    """Return an agent that runs; a database that is damaged is moved aside on the way."""
    repairs = 0
    while True:
        try:
            agent = build(
                settings,
                home,
                zone=zone,
                meter=meter,
                redecide_history=redecide_history,
                sweeps=sweeps,
                may_rest=may_rest,
                zoom_secrets=zoom_secrets,
                around=around,
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
    found = counted(settings.recordings_path)
    return Amount(found.files, found.size)
