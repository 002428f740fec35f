"""The ways to the one thread on which pystray may be used; each platform has its own.

Source: Win32 *PostMessage* and *Shell_NotifyIcon*; PyObjC *AppHelper.callAfter*; GLib
*idle_add*.
"""

import signal
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, Final, Protocol

_APPLY: Final = 0x8000 + 0x5A
"""A message of our own (WM_APP) by which the loop of Windows is asked to look."""

Do = Callable[[], object]


class Gate(Protocol):
    """The way to the thread on which pystray may be used."""

    @property
    def is_menu_open(self) -> bool:
        """Whether a menu is open, as far as that can be known."""
        ...

    def opened(self, icon: Any, about_to_open: Do, closed: Do) -> None:
        """Take the loop that now runs.

        Args:
            icon: pystray's, with its loop running.
            about_to_open: is called on its thread before the menu opens, where that can be known.
            closed: the same, after it has closed.
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

    def opened(self, icon: Any, about_to_open: Do, closed: Do) -> None:
        """Take the icon, whose window is there by now."""
        win32, handlers = self._win32, icon._message_handlers  # noqa: SLF001  no other way in
        original = handlers[win32.WM_NOTIFY]

        def notified(wparam: int, lparam: int) -> Any:
            if lparam != win32.WM_RBUTTONUP:
                return original(wparam, lparam)
            about_to_open()
            self._is_open = True
            try:
                return original(wparam, lparam)
            finally:
                self._is_open = False
                closed()

        handlers[win32.WM_NOTIFY] = notified
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
    """

    def __init__(self, call_after: Callable[[Do], object]) -> None:
        self._call_after = call_after
        self._interrupt = signal.getsignal(signal.SIGINT)

    @property
    def is_menu_open(self) -> bool:
        """Return False: AppKit keeps a menu that is open, whatever is set meanwhile."""
        return False

    def opened(self, icon: Any, about_to_open: Do, closed: Do) -> None:  # noqa: ARG002  not known
        """Put Ctrl-C's handler back: pystray's would end the process without a word."""
        self.post(partial(_set_interrupt, self._interrupt))

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

    def opened(self, icon: Any, about_to_open: Do, closed: Do) -> None:  # noqa: ARG002  not known
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
        return MacGate(import_module("PyObjCTools.AppHelper").callAfter)
    return GtkGate(import_module("gi.repository.GLib").idle_add)


def _set_interrupt(handler: Any) -> None:
    """Set SIGINT's handler again, where that is allowed and it was one of Python's."""
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handler)
