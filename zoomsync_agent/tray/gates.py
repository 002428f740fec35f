"""The ways to the one thread on which pystray may be used; each platform has its own.

Source: Win32 *PostMessage*, *Shell_NotifyIcon* and *WM_ENDSESSION*; PyObjC *AppHelper.callAfter*;
AppKit *applicationWillTerminate*; GLib *idle_add*.
"""

import signal
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Final, Protocol

_APPLY: Final = 0x8000 + 0x5A
"""A message of our own (WM_APP) by which the loop of Windows is asked to look."""

_QUERY_END_SESSION: Final = 0x0011
_END_SESSION: Final = 0x0016
_BALLOON_CLICKED: Final = 0x0405
"""NIN_BALLOONUSERCLICK"""

Do = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What is called on the thread of the loop.

    Attributes:
        about_to_open: before the menu opens.
        closed: after it has closed.
        notice_clicked: somebody has clicked the notice that was shown last.
        session_ends: the user logs out, or the computer goes off: the system ends the process as
            soon as this returns.
    """

    about_to_open: Do
    closed: Do
    notice_clicked: Do
    session_ends: Do


class Gate(Protocol):
    """The way to the thread on which pystray may be used."""

    @property
    def is_menu_open(self) -> bool:
        """Whether a menu is open, as far as that can be known."""
        ...

    def opened(self, icon: Any, hooks: Hooks) -> None:
        """Take the loop that now runs.

        Args:
            icon: pystray's, with its loop running.
            hooks: what is called on its thread, where it can be known.
        """
        ...

    def post(self, do: Do) -> None:
        """Let the loop's thread do this, soon; from any thread."""
        ...


class WindowsGate:
    """Posts a message to the icon's window; its thread does what is in a queue.

    Args:
        win32: `pystray._util.win32`.
    """

    def __init__(self, win32: Any) -> None:
        self._win32 = win32
        self._icon: Any = None
        self._queue: deque[Do] = deque()
        self._is_open = False

    @property
    def is_menu_open(self) -> bool:
        """Whether the menu is open: then the loop is inside of `TrackPopupMenuEx`."""
        return self._is_open

    def opened(self, icon: Any, hooks: Hooks) -> None:
        """Take the icon, whose window is there by now.

        Of what pystray does not know it answers 0, which to Windows means that the session may not
        end; and whoever has no console is told of its end by nothing else.
        """
        win32, handlers = self._win32, icon._message_handlers  # noqa: SLF001  no other way in
        original = handlers[win32.WM_NOTIFY]

        def notified(wparam: int, lparam: int) -> Any:
            if lparam == _BALLOON_CLICKED:
                return hooks.notice_clicked()
            if lparam != win32.WM_RBUTTONUP:
                return original(wparam, lparam)
            hooks.about_to_open()
            self._is_open = True
            try:
                return original(wparam, lparam)
            finally:
                self._is_open = False
                hooks.closed()

        def ends(wparam: int, _lparam: int) -> int:
            if wparam:  # else somebody has changed their mind
                hooks.session_ends()
            return 0

        handlers[win32.WM_NOTIFY] = notified
        handlers[_QUERY_END_SESSION] = lambda _wparam, _lparam: 1
        handlers[_END_SESSION] = ends
        handlers[_APPLY] = lambda _wparam, _lparam: self._do_all()
        self._icon = icon

    def post(self, do: Do) -> None:
        """Put it into the queue and wake the loop."""
        self._queue.append(do)
        self._win32.PostMessage(self._icon._hwnd, _APPLY, 0, 0)  # noqa: SLF001  no other way in

    def _do_all(self) -> int:
        while self._queue:
            self._queue.popleft()()
        return 0


class MacGate:
    """Goes through the main thread's own queue.

    Args:
        call_after: `PyObjCTools.AppHelper.callAfter`.
        observe_end: lets a function be called when the application is about to be ended.
    """

    def __init__(
        self, call_after: Callable[[Do], object], observe_end: Callable[[Do], object]
    ) -> None:
        self._call_after = call_after
        self._observe_end = observe_end
        self._interrupt = signal.getsignal(signal.SIGINT)

    @property
    def is_menu_open(self) -> bool:
        """Return False: AppKit keeps a menu that is open, whatever is set meanwhile."""
        return False

    def opened(self, icon: Any, hooks: Hooks) -> None:  # noqa: ARG002  of the interface
        """Put Ctrl-C's handler back: pystray's would end the process without a word.

        So would a logout, after it has told those who observe it.
        """
        self.post(partial(_set_interrupt, self._interrupt))
        self.post(partial(self._observe_end, hooks.session_ends))

    def post(self, do: Do) -> None:
        """Let the main thread do it."""
        self._call_after(do)


class GtkGate:
    """Goes through GLib's idle queue.

    Args:
        idle_add: `GLib.idle_add`.
    """

    def __init__(self, idle_add: Callable[[Callable[[], bool]], Any]) -> None:
        self._idle_add = idle_add
        self._interrupt = signal.getsignal(signal.SIGINT)

    @property
    def is_menu_open(self) -> bool:
        """Return False: GTK does not tell."""
        return False

    def opened(self, icon: Any, hooks: Hooks) -> None:  # noqa: ARG002  of the interface
        """Put Ctrl-C's handler back: pystray has set the one that ends the process at once."""
        self.post(partial(_set_interrupt, self._interrupt))

    def post(self, do: Do) -> None:
        """Let the loop do it once."""

        def once() -> bool:
            do()
            return False

        self._idle_add(once)


def of_platform(platform: str) -> Gate:
    """Return the gate of a platform, as in `sys.platform`.

    Raises:
        ImportError: the libraries of that platform are missing.
    """
    if platform == "win32":
        return WindowsGate(import_module("pystray._util.win32"))
    if platform == "darwin":
        return MacGate(import_module("PyObjCTools.AppHelper").callAfter, _observe_end_on_macos)
    return GtkGate(import_module("gi.repository.GLib").idle_add)


def _observe_end_on_macos(do: Do) -> object:
    """Call *do* when `NSApplication.terminate:` is about to end the process, as at a logout.

    A logout that somebody else's program prevents does not come to that.
    """
    name = import_module("AppKit").NSApplicationWillTerminateNotification
    centre = import_module("Foundation").NSNotificationCenter.defaultCenter()
    # Without a queue it is called where the notification is posted: on the main thread.
    return centre.addObserverForName_object_queue_usingBlock_(name, None, None, lambda _told: do())


def _set_interrupt(handler: Any) -> None:
    """Set SIGINT's handler again, where that is allowed and it was one of Python's."""
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handler)
