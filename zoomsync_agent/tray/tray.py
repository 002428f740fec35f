"""The tray: holds the main thread, shows what the desk has to show, does what is clicked."""

import math
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.tray import looks, menu, old_tray, words
from zoomsync_agent.tray.actions import perform
from zoomsync_agent.tray.desk import TrayDesk, View
from zoomsync_agent.tray.front import Front, Log, Scene
from zoomsync_agent.tray.looks import Face, Look
from zoomsync_agent.tray.menu import Action, Entry

_PATIENCE_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 1.0
_SHORTEST_SECONDS: Final = 0.1
_FAILURES_FORGIVEN: Final = 3
"""While an agent begins anew its databases may be away for a moment."""
_AGAIN_SECONDS: Final = 30.0
_LONGEST_AGAIN_SECONDS: Final = 3_600.0
"""A tray that failed is tried again after a while, which doubles each time up to this."""
_LAST_LOOK_SECONDS: Final = 0.2
"""So long is waited at the end for a look that is under way."""
_LONGEST_TIP: Final = 200
_BEGINNING: Final = "The agent is starting."
_UNTOLD: Final = "tray could not tell"
_SETTLED: Final = frozenset({Action.OPEN_PAGE})
"""Can be asked for again while the last one is still under way: a browser may be slow to start."""


def _nobody(_: str) -> None:
    """Tell nobody."""


class Tray:
    """The icon of one run.

    Everything that the desk does for a click is done on a thread of its own, so that no menu is
    ever held up. What goes wrong there is told, and stands in the menu until the next click.

    Args:
        desk: what can be seen and done.
        log: where events go.
        profile: of this run; empty for the usual one. Where it is given, the icon is there before
            the desk is asked for the first time; where None, the desk is asked first.
        on_no_tray: is told why no icon can be seen, after a tray was waited for; on the main
            thread, and once, until the icon was in a tray meanwhile. A tray is still listened for,
            at no cost, and the icon appears when one comes.
        on_tray: is called when the icon is in a tray, each time that it comes to be.
        on_trouble: is told, in a sentence, why something that was clicked could not be done.
        on_notice: is called when somebody has clicked the last notice, where that is told.
        on_session_end: is called when the user logs out, where no signal tells that; the system
            ends the process when it returns.
        patience: seconds that a tray may take to appear, at login or when a panel starts again.
        look_seconds: how often the desk is asked whether something has changed.
        platform: as in `sys.platform`.
    """

    def __init__(
        self,
        desk: TrayDesk,
        *,
        log: Log,
        profile: str | None = None,
        on_no_tray: Callable[[str], None] = _nobody,
        on_tray: Callable[[], None] = lambda: None,
        on_trouble: Callable[[str], None] = _nobody,
        on_notice: Callable[[], None] = lambda: None,
        on_session_end: Callable[[], None] = lambda: None,
        patience: float = _PATIENCE_SECONDS,
        look_seconds: float = _LOOK_SECONDS,
        platform: str = sys.platform,
    ) -> None:
        self._desk = desk
        self._log = log
        self._on_no_tray = on_no_tray
        self._on_tray = on_tray
        self._on_trouble = on_trouble
        self._on_notice = on_notice
        self._on_session_end = on_session_end
        self._patience = patience
        self._look_seconds = look_seconds
        self._platform = platform
        self._lock = threading.Lock()
        self._front: Front | None = None
        self._nudge = threading.Event()
        self._is_over = False
        self._under_way: set[str] = set()
        self._trouble = ""
        self._seen: tuple[int, str] | None = None
        self._view: View | None = None
        self._failures = 0
        self._profile = profile
        self._scene = _beginning(profile or "")
        self._is_stale = False
        self._has_failed = False
        self._wants_old_tray = False
        self._is_shown = False
        self._has_told_absent = False

    @property
    def is_shown(self) -> bool:
        """Whether the icon is in a tray, as far as the desktop tells."""
        return self._is_shown

    def run(self, ended: threading.Event) -> None:
        """Hold this thread, which must be the main one, until *ended* is set.

        Returns within a fraction of a second after that, whoever sets it. Whatever becomes of the
        desktop's tray, nothing is raised and it is not returned before.
        """
        if self._profile is None:
            self._look()
        threading.Thread(target=self._end, args=(ended,), name="tray-end", daemon=True).start()
        watcher = threading.Thread(target=self._watch, args=(ended,), name="tray", daemon=True)
        watcher.start()
        try:
            self._serve_again_and_again(ended)
        finally:
            self._is_over = True
            self._is_shown = False
            self._nudge.set()
            watcher.join(_LAST_LOOK_SECONDS)

    def wake(self) -> None:
        """Look now whether something has changed; from any thread, or from a signal's handler."""
        self._nudge.set()

    def notify(self, title: str, text: str) -> bool:
        """Show a notice beside the icon, where the desktop has no better way for notices.

        Args:
            title: its first line.
            text: what it says; both are cut to what fits.

        Returns:
            Whether that could be done; never on Linux.
        """
        with self._lock:
            front = self._front
        return front is not None and front.notify(title, text)

    # --- the main thread -------------------------------------------------------------------

    def _serve_again_and_again(self, ended: threading.Event) -> None:
        pause = _AGAIN_SECONDS
        while True:
            self._has_failed = False
            began = time.monotonic()
            self._serve(ended)
            if time.monotonic() - began > _LONGEST_AGAIN_SECONDS:
                pause = _AGAIN_SECONDS  # it worked for long
            self._rest(ended, pause if self._has_failed else math.inf)
            if ended.is_set():
                return
            pause = min(pause * 2, _LONGEST_AGAIN_SECONDS)
            self._log.info("tray begins anew")

    def _rest(self, ended: threading.Event, seconds: float) -> None:
        """Wait for the end, at most so long; in slices where Ctrl-C does not end a wait."""
        deadline = time.monotonic() + seconds
        slice_of = self._look_seconds if self._platform == "win32" else math.inf
        while (left := deadline - time.monotonic()) > 0:
            least = min(left, slice_of)
            if ended.wait(None if math.isinf(least) else least):
                return

    def _serve(self, ended: threading.Event) -> None:
        if self._platform in ("win32", "darwin"):
            self._serve_pystray(ended, None)
            return
        self._serve_bus(ended, may_leave=True)
        if self._wants_old_tray and not ended.is_set():
            self._wants_old_tray = False
            self._serve_pystray(ended, "gtk")
            if not ended.is_set():
                self._serve_bus(ended, may_leave=False)

    def _serve_bus(self, ended: threading.Event, *, may_leave: bool) -> None:
        from zoomsync_agent.tray.sn_front import StatusNotifierFront  # noqa: PLC0415  Linux only
        from zoomsync_agent.tray.status_notifier.icon import Listeners  # noqa: PLC0415

        def absent(reason: str) -> None:
            if may_leave and old_tray.is_usable():
                self._log.info("tray of the old kind found")
                self._wants_old_tray = True
                front.stop()
            else:
                self._absent(reason)

        listeners = Listeners(
            on_hosted=self._hosted,
            on_gone=self._gone,
            on_open=self.wake,
            on_absent=absent,
            on_lost=lambda why: self._log.warning("tray lost its bus", why=why),
            on_fault=lambda exc: self._log.warning(
                "tray fault", why=f"{type(exc).__name__}: {exc}"
            ),
        )
        profile = self._profile or (self._view.profile if self._view else "")
        icon_id = f"{looks.NAME}-{profile}" if profile else looks.NAME
        front = StatusNotifierFront(
            icon_id, self._scene, self._clicked, listeners=listeners, patience=self._patience
        )
        self._run(front, ended)

    def _serve_pystray(self, ended: threading.Event, back_end: str | None) -> None:
        from zoomsync_agent.tray import pystray_front  # noqa: PLC0415  not on most of Linux

        try:
            front = pystray_front.make(
                self._scene,
                self._clicked,
                self._hosted,
                platform=self._platform,
                back_end=back_end,
                on_notice=partial(self._guarded, self._on_notice, _UNTOLD),
                on_session_end=partial(self._guarded, self._on_session_end, _UNTOLD),
            )
        except Exception as exc:  # noqa: BLE001  its import alone may raise anything
            self._log.warning("no tray", why=f"{type(exc).__name__}: {exc}")
            self._absent("This desktop's tray cannot be used.")
            return
        self._run(front, ended)

    def _run(self, front: Front, ended: threading.Event) -> None:
        with self._lock:
            self._front = front
        try:
            front.show(self._scene)
            if not ended.is_set():
                front.run()
            if not (ended.is_set() or self._wants_old_tray):
                raise RuntimeError("the loop has ended by itself")  # noqa: TRY301  logged as others
        except Exception:  # noqa: BLE001  without a tray the agent works as well
            self._has_failed = True
            self._log.exception("tray failed")
            self._absent("The tray failed; the log says how.")
        finally:
            with self._lock:
                self._front = None

    def _hosted(self) -> None:
        self._is_shown = True
        self._has_told_absent = False
        self._log.info("tray shown")
        self._guarded(self._on_tray, _UNTOLD)

    def _gone(self) -> None:
        self._is_shown = False

    def _absent(self, reason: str) -> None:
        self._is_shown = False
        self._log.info("no tray", why=reason)
        if not self._has_told_absent:
            self._has_told_absent = True
            self._guarded(partial(self._on_no_tray, reason), _UNTOLD)

    def _guarded(self, do: Callable[[], None], event: str) -> None:
        try:
            do()
        except Exception:  # noqa: BLE001  nobody who is called may end the tray
            self._log.exception(event)

    # --- the thread that looks -------------------------------------------------------------

    def _end(self, ended: threading.Event) -> None:
        ended.wait()
        with self._lock:
            front = self._front
        if front is not None:
            front.stop()
        self._nudge.set()

    def _watch(self, ended: threading.Event) -> None:
        try:
            while not (ended.is_set() or self._is_over):
                began = time.monotonic()
                self._guarded(self._look, "tray could not look")
                self._nudge.wait(self._look_seconds)
                self._nudge.clear()
                ended.wait(max(0.0, began + _SHORTEST_SECONDS - time.monotonic()))
        finally:
            self._desk.release()

    def _look(self) -> None:
        """Show what there is, if it is something else."""
        try:
            number = self._desk.changes()
            with self._lock:
                seen = (number, self._trouble)
            if seen == self._seen and not (self._failures or self._is_stale):
                return
            self._view = view = self._desk.view()
            self._seen = seen
            self._failures = 0
            scene = self._scene_of(view, seen[1])
        except AgentError as exc:
            self._failures += 1
            if self._failures < _FAILURES_FORGIVEN:
                return
            scene = self._scene_of_failure(_told(exc))
        except Exception:  # noqa: BLE001  the next look may go well
            # At the end the desk may be closed while it is being looked at.
            if not (self._failures or self._is_over):
                self._log.exception("tray could not look")
            self._failures += 1
            return
        self._show(scene)

    def _scene_of(self, view: View, trouble: str) -> Scene:
        entries = menu.build(view)
        return Scene(
            look=looks.look_of(view),
            name=looks.name_of(view.profile),
            tip=words.cut(looks.sentence_of(view), _LONGEST_TIP),
            menu=menu.with_trouble(entries, trouble) if trouble else entries,
        )

    def _scene_of_failure(self, sentence: str) -> Scene:
        look = Look(Face.ERROR, letter=self._scene.look.letter)
        return Scene(look, self._scene.name, sentence, menu.trouble(sentence))

    def _show(self, scene: Scene) -> None:
        with self._lock:
            is_news = scene != self._scene or self._is_stale
            self._scene = scene
            front = self._front
        if is_news and front is not None:
            try:
                front.show(scene)
                self._is_stale = False
            except Exception:  # noqa: BLE001  the next look shows it
                if not self._is_stale:
                    self._log.exception("tray could not show")
                self._is_stale = True

    # --- what is clicked -------------------------------------------------------------------

    def _clicked(self, entry: Entry) -> None:
        """Do what *entry* asks for, on a thread of its own; once at a time."""
        if entry.action is None:
            return
        name = f"{entry.action}:{entry.argument}"
        with self._lock:
            if name in self._under_way and entry.action not in _SETTLED:
                return
            self._under_way.add(name)
            self._trouble = ""
        threading.Thread(
            target=self._perform,
            args=(entry.action, entry.argument, name),
            name="tray-click",
            daemon=True,
        ).start()

    def _perform(self, action: Action, argument: str, name: str) -> None:
        trouble = ""
        try:
            perform(self._desk, action, argument)
        except AgentError as exc:
            trouble = _told(exc)
            self._log.warning("tray refused", action=str(action), why=str(exc))
        except Exception:  # noqa: BLE001  a click must not end anything
            trouble = "Something went wrong here; the log says what."
            self._log.exception("tray action failed", action=str(action))
        finally:
            self._desk.release()
            with self._lock:
                self._under_way.discard(name)
                self._trouble = trouble or self._trouble
        if trouble:
            self._guarded(partial(self._on_trouble, trouble), _UNTOLD)
        self.wake()


def _beginning(profile: str) -> Scene:
    """Return what is shown before anything is known."""
    look = Look(Face.WORKING, letter=looks.letter_of(profile))
    return Scene(look, looks.name_of(profile), _BEGINNING, menu.trouble(_BEGINNING))


def _told(error: AgentError) -> str:
    """Return an error as one sentence or two."""
    title = error.title.rstrip(".")
    detail = error.detail.rstrip(".")
    return f"{title}: {detail}." if detail and detail != title else f"{title}."
