"""Platforms as pystray sees them: its own base class over a Windows and a macOS that are played.

Each refuses what the real one refuses: texts that are too long, threads that are not its own, a
menu that is changed while it is open.
"""

import os
import queue
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

WM_NOTIFY: Final = 0x400 + 11
WM_RBUTTONUP: Final = 0x205
WM_LBUTTONUP: Final = 0x202


def load_pystray() -> Any:
    """Return pystray with a back end that needs no screen: its menus and base class are real."""
    before = os.environ.get("PYSTRAY_BACKEND")
    os.environ["PYSTRAY_BACKEND"] = "dummy"
    try:
        import pystray  # type: ignore[import-untyped]
    finally:
        if before is None:
            del os.environ["PYSTRAY_BACKEND"]
        else:
            os.environ["PYSTRAY_BACKEND"] = before
    return pystray


class Platform:
    """What the icons of a test have in common: one loop, and what it was told.

    Attributes:
        done: what reached the desktop, in order.
        menus: the menu as it was built, each time, from its top down.
        faults: what the platform would have refused.
    """

    def __init__(self) -> None:
        self.pystray = load_pystray()
        self.queue: queue.Queue[Callable[[], object] | None] = queue.Queue()
        self.done: list[tuple[str, Any]] = []
        self.menus: list[list[str]] = []
        self.faults: list[str] = []
        self.loop: threading.Thread | None = None
        self.is_menu_open = False
        self.fails_to_run = False
        self.icon: Any = None
        self.observers: list[Callable[[], object]] = []
        """Whom macOS tells that it is about to end the process."""

    def on_own_thread(self, what: str) -> None:
        """Note a fault where this is not the loop's thread."""
        if threading.current_thread() is not self.loop:
            self.faults.append(f"{what} on {threading.current_thread().name}")

    def fits(self, what: str, text: str, units: int) -> None:
        """Refuse a text as ctypes does."""
        if len(text.encode("utf-16-le")) // 2 > units:
            raise ValueError("string too long")
        self.done.append((what, text))

    def library(self) -> Any:
        """Return what takes the place of the module pystray."""
        icon = type("Icon", (_Played, self.pystray.Icon), {"platform": self})
        return SimpleNamespace(Icon=icon, Menu=self.pystray.Menu, MenuItem=self.pystray.MenuItem)

    # --- Windows ---------------------------------------------------------------------------

    def win32(self) -> Any:
        """Return what takes the place of `pystray._util.win32`."""
        return SimpleNamespace(
            WM_NOTIFY=WM_NOTIFY, WM_RBUTTONUP=WM_RBUTTONUP, PostMessage=self._post_message
        )

    def send_message(self, message: int, wparam: int = 0, lparam: int = 0) -> Any:
        """Let Windows send a message and return what it is answered, as pystray's window does."""
        answers: queue.Queue[Any] = queue.Queue()

        def handled() -> None:
            handler = self.icon._message_handlers.get(message, lambda _wparam, _lparam: 0)
            answers.put(int(handler(wparam, lparam) or 0))

        self.queue.put(handled)
        return answers.get(timeout=10)

    def _post_message(self, window: int, message: int, wparam: int, lparam: int) -> None:
        assert window == 77
        self.queue.put(lambda: self.icon._message_handlers[message](wparam, lparam))

    def notified(self, _wparam: int, lparam: int) -> None:
        """Play `TrackPopupMenuEx`: a loop within the loop, until the menu is closed."""
        if lparam == WM_LBUTTONUP:
            self.icon()
        if lparam != WM_RBUTTONUP:
            return
        self.is_menu_open = True
        self.done.append(("opened", self.menus[-1]))
        while (do := self.queue.get()) is not None:
            do()
        self.is_menu_open = False

    def press_button(self, message: int) -> None:
        """Let somebody press a button of the mouse on the icon."""
        self.queue.put(lambda: self.icon._message_handlers[WM_NOTIFY](0, message))

    def close_menu(self) -> None:
        """Let the menu that is open be closed."""
        self.queue.put(None)


class _Played:
    """What an icon of a platform that is played does; stands before pystray's base class."""

    platform: Platform
    title: str
    icon: Any
    menu: Any
    _running: bool
    _mark_ready: Callable[[], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.platform.icon = self
        self._hwnd = 77
        self._message_handlers = {WM_NOTIFY: self.platform.notified}

    def _show(self) -> None:
        self.platform.on_own_thread("show")
        self.platform.fits("title", self.title, 127)

    def _hide(self) -> None:
        self.platform.done.append(("hide", None))

    def _update_icon(self) -> None:
        self.platform.on_own_thread("icon")
        self.platform.done.append(("icon", self.icon))
        self._icon_valid = True

    def _update_title(self) -> None:
        self.platform.on_own_thread("title")
        self.platform.fits("title", self.title, 127)

    def _update_menu(self) -> None:
        if self._running:  # at first pystray itself calls it, before its loop
            self.platform.on_own_thread("menu")
        if self.platform.is_menu_open:
            self.platform.faults.append("menu changed while it was open")
        self.platform.menus.append([str(one.text) for one in self.menu.items])

    def _notify(self, message: str, title: str | None = None) -> None:
        self.platform.on_own_thread("notify")
        assert title, "a notice without a title raises on macOS"
        self.platform.fits("notice", message, 255)
        self.platform.fits("notice title", title, 63)

    def _run(self) -> None:
        if self.platform.fails_to_run:
            raise RuntimeError("no loop here")
        self.platform.loop = threading.current_thread()
        self._mark_ready()
        while (do := self.platform.queue.get()) is not None:
            do()

    def _stop(self) -> None:
        self.platform.queue.put(None)
