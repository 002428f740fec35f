"""What the agent minds of its surroundings, and whom it tells, wired."""

import contextlib
import sys
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from zoomsync_agent.app.databases import Databases
from zoomsync_agent.control import Control
from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.core.facts import NOTICES_MEMORY, UPLOAD, ZOOM
from zoomsync_agent.core.notices import Wanted
from zoomsync_agent.core.surroundings import Sign
from zoomsync_agent.desktop import mounts
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.surroundings import ThisComputer
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.housekeeping import Housekeeping
from zoomsync_agent.engine.pace import Pace
from zoomsync_agent.engine.surroundings import Lookout, Rules
from zoomsync_agent.engine.telling import Telling
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, Notifier, Service, Surroundings
from zoomsync_agent.settings import Settings
from zoomsync_agent.store.journal import SqliteJournal
from zoomsync_agent.store.state import SqliteStateStore


@dataclass(frozen=True, slots=True)
class Around:
    """What is around an agent: its surroundings, if it minds them, and whom it tells, if anybody.

    A short run, such as that of `zoomsync sync`, minds nothing: somebody waits for its end.
    """

    surroundings: Surroundings | None = None
    notifier: Notifier | None = None

    def show_by(self, show: Callable[[str, str], bool]) -> None:
        """Let the tray's *show* show notices, where the desktop has no other way for them."""
        from zoomsync_agent.desktop.notifying import CallableNotifier  # noqa: PLC0415  as below

        if isinstance(self.notifier, CallableNotifier):
            self.notifier.show = show

    def clicked(self) -> None:
        """Open the page of the last notice that the tray has shown."""
        from zoomsync_agent.desktop.notifying import CallableNotifier  # noqa: PLC0415  as below

        if isinstance(self.notifier, CallableNotifier):
            self.notifier.clicked()


@contextlib.contextmanager
def around_here(home: Home, log: Log) -> Iterator[Around]:
    """Give this computer, and what shows notices on its desktop.

    On Windows and macOS only a tray can do that: `notifier.show` is to be set to its function.

    Args:
        home: whose pages a click on a notice opens.
        log: where events go.
    """
    from zoomsync_agent.desktop.notifying import BusNotifier, CallableNotifier  # noqa: PLC0415

    if sys.platform in ("win32", "darwin"):
        yield Around(ThisComputer(), CallableNotifier(log, page_opener(home)))
        return
    with contextlib.closing(BusNotifier(page_opener(home), log)) as notifier:
        yield Around(ThisComputer(), notifier)


def page_opener(home: Home) -> Callable[[str], None]:
    """Return what opens a page of a home's agent in the browser; nothing where there is none."""

    def open_page(page: str) -> None:
        from zoomsync_agent.app.page import page_link  # noqa: PLC0415  Flask costs 105 ms

        try:
            webbrowser.open(page_link(home, page))
        except AgentError:
            return  # the agent has ended meanwhile

    return open_page


class Minding:
    """What minds the surroundings of one agent, and tells people.

    Args:
        around: what there is to mind, and whom to tell.
        settings: what the user chose.
        home: whose agent.
        databases: keep what is held and why, and what was told.
        pace: is made slower.
        clock: the time.
        bell: wakes the workers.
        log: where events go.
    """

    def __init__(
        self,
        around: Around,
        settings: Settings,
        home: Home,
        databases: Databases,
        pace: Pace,
        *,
        clock: Clock,
        bell: Bell,
        log: Log,
    ) -> None:
        self._around = around
        self._settings = settings
        self._home = home
        self._log = log
        self._databases = databases
        self._state = SqliteStateStore(databases.queue)
        self._wanted = Wanted(settings.notify)
        self._clock = clock
        self.lookouts: Sequence[Lookout] = ()
        """What holds and slows the bytes: one, or none where nothing is to."""
        if around.surroundings is None:
            return
        lookout = Lookout(
            around.surroundings,
            self._state,
            pace,
            _rules(settings),
            clock=clock,
            bell=bell,
            log=log,
        )
        if lookout.is_needed:
            self.lookouts = (lookout,)
            pace.ask(lookout.before)
            pace.tell(lookout.moved)

    def begin(self) -> None:
        """Look before the first byte moves."""
        for lookout in self.lookouts:
            lookout.look()
        if self._wanted is Wanted.OFF:
            # Who wants notices again is not told of what is old.
            self._state.set(NOTICES_MEMORY, None)
            if self._around.notifier is not None:
                self._around.notifier.forget()

    def services(self, housekeeping: Housekeeping, control: Control) -> Iterator[Service]:
        """Yield what lives as long as the agent.

        Args:
            housekeeping: told what the system tells by itself.
            control: what people see.
        """
        yield from self.lookouts
        yield from self._updating()
        surroundings, notifier = self._around.surroundings, self._around.notifier
        if surroundings is not None:
            listener = surroundings.listener(partial(self._hear, housekeeping))
            if listener is not None:
                yield listener
        if notifier is not None and self._wanted is not Wanted.OFF:
            yield Telling(
                SqliteJournal(self._databases.queue),
                lambda: control.snapshot(limit=0),
                self._state,
                self._databases.queue,
                notifier=notifier,
                wanted=self._wanted,
                clock=self._clock,
            )

    def _updating(self) -> Sequence[Service]:
        from zoomsync_agent.app.updates import updating  # noqa: PLC0415  only long runs ask

        if self._around.surroundings is None:
            return ()
        return updating(self._settings, self._home, self._state, clock=self._clock, log=self._log)

    def _hear(self, housekeeping: Housekeeping, sign: Sign) -> None:
        housekeeping.hear(sign)
        for lookout in self.lookouts:
            lookout.look_soon()


def _rules(settings: Settings) -> Rules:
    everything = frozenset({settings.destination, UPLOAD, ZOOM})
    is_remote = settings.destination != "folder" or mounts.is_network(settings.archive_path)
    remote = everything if is_remote else frozenset({ZOOM})
    nothing: frozenset[str] = frozenset()
    return Rules(
        on_battery=everything if settings.pause_on_battery == "yes" else nothing,
        on_metered=remote if settings.pause_on_metered == "yes" else nothing,
        limit=settings.bandwidth_limit,
        in_meeting=settings.meeting_bandwidth_limit,
    )
