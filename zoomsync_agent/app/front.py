"""The tray of a run: it holds the main thread, as systems want it; the agents work beside it."""

import contextlib
from collections.abc import Callable
from typing import Final

from zoomsync_agent.app.desk.desk import AppDesk
from zoomsync_agent.app.ending import Ending
from zoomsync_agent.app.surroundings import Around
from zoomsync_agent.core.notices import Notice, Wanted
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.service import beside

_LOOK_SECONDS: Final = 0.5
_TOLD: Final = "no-tray.told"
"""Lies in a home whose user knows that there is no tray: it is told once, and not at each login."""


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

    def guarded() -> None:
        try:
            work()
        finally:
            ended.set()

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
        self._told = home.data / _TOLD

    def tell_trouble(self, sentence: str) -> None:
        """Tell why what was clicked was not done: the menu that says so has closed."""
        self._tell(Notice("click", "That could not be done", sentence, is_problem=True))

    def tell_absent(self, why: str) -> None:
        """Tell, once, that the agent works without an icon, and where it can be seen."""
        if not self._told.exists():
            text = f"{why} Its page shows everything: click here, or say zoomsync open."
            self._tell(Notice("tray", "Recordings are looked after in the background", text))
            with contextlib.suppress(OSError):
                self._told.touch()

    def forget_absent(self) -> None:
        """Take note that there is a tray: should it go for good, that is news again."""
        with contextlib.suppress(OSError):
            self._told.unlink(missing_ok=True)

    def _tell(self, notice: Notice) -> None:
        is_wanted = Wanted(self._desk.settings().notify) is not Wanted.OFF
        if is_wanted and self._around.notifier is not None:
            self._around.notifier.tell(notice)
