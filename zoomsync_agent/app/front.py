"""The tray of a run: it holds the main thread, as systems want it; the agents work beside it."""

import threading
from collections.abc import Callable
from typing import Final

from zoomsync_agent.app.desk.desk import AppDesk
from zoomsync_agent.app.ending import Ending
from zoomsync_agent.app.no_tray import NoTray
from zoomsync_agent.app.surroundings import Around
from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.core.notices import Notice, Wanted
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.service import beside

_LOOK_SECONDS: Final = 0.5
_SESSION_END_SECONDS: Final = 5.0
"""A system that ends the session does not wait for longer."""


def run_with_tray(
    work: Callable[[], None],
    desk: AppDesk,
    home: Home,
    ended: Ending,
    *,
    around: Around,
    log: Log,
    on_no_tray: Callable[[str], None],
) -> None:
    """Do *work* on a thread of its own, and show the tray on this one, the main thread.

    Whatever becomes of the tray, the work goes on until it ends by itself or *ended* is set.

    Args:
        work: runs the agents; returns at the end.
        desk: what can be seen and done.
        home: where everything lives.
        ended: set by the tray's Quit, and when the work is over.
        around: whom to tell what the menu cannot.
        log: where events go.
        on_no_tray: told why there is no tray, where there is none.

    Raises:
        Exception: what *work* raised.
    """
    from zoomsync_agent.app.desk.tray import AppTrayDesk  # noqa: PLC0415  only those with a tray
    from zoomsync_agent.tray import Tray  # noqa: PLC0415  the same

    is_done = threading.Event()

    def guarded() -> None:
        try:
            work()
        finally:
            is_done.set()
            ended.set()

    def end_with_session() -> None:
        log.info("the session ends")
        ended.set()
        if not is_done.wait(_SESSION_END_SECONDS):
            log.info("the session ends before the work does")

    front = _Front(desk, home, around)

    def absent(why: str) -> None:
        on_no_tray(why)
        front.tell_absent(why)

    tray = Tray(
        AppTrayDesk(desk, home, ended.set),
        log=log,
        profile=home.profile,
        on_tray=front.forget_absent,
        on_no_tray=absent,
        on_trouble=front.tell_trouble,
        on_notice=around.clicked,
        on_session_end=end_with_session,
    )
    around.show_by(tray.notify)
    ended.then(tray.wake)
    promise = beside(guarded, "keeper")
    try:
        tray.run(ended)
    except Exception:
        # No reason to stop bringing recordings home.
        log.exception("tray failed")
    while True:
        try:
            promise.result(_LOOK_SECONDS)  # in slices: on Windows Ctrl-C does not end a wait
        except TimeoutError:
            if promise.done():  # it was the work that raised it
                raise
        else:
            return


class _Front:
    """What people are told beside the menu."""

    def __init__(self, desk: AppDesk, home: Home, around: Around) -> None:
        self._desk = desk
        self._around = around
        self._no_tray = NoTray(home)

    def tell_trouble(self, sentence: str) -> None:
        """Tell why what was clicked was not done: the menu that says so has closed."""
        self._tell(Notice("click", "That could not be done", sentence, is_problem=True))

    def tell_absent(self, why: str) -> None:
        """Tell, once, that the agent works without an icon, and where it can be seen."""
        self._no_tray.note(why)
        if not self._no_tray.was_told:
            text = f"{why} Its page shows everything: click here, or say zoomsync open."
            notice = Notice("tray", "Recordings are looked after in the background", text)
            # Only what was shown is told: at login there may be nothing yet that shows notices.
            self._tell(notice, self._no_tray.note_told)

    def forget_absent(self) -> None:
        """Take note that there is a tray."""
        self._no_tray.forget()

    def _tell(self, notice: Notice, on_shown: Callable[[], None] | None = None) -> None:
        if self._around.notifier is not None and self._is_wanted():
            self._around.notifier.tell(notice, on_shown)

    def _is_wanted(self) -> bool:
        if Wanted(self._desk.settings().notify) is Wanted.OFF:
            return False
        try:
            return self._desk.control.quiet.snoozed_until is None
        except AgentError:
            return True  # what cannot be read has put off nothing
        finally:
            self._desk.release()
