"""The tray of Windows and macOS, and of old X11 panels: pystray as it is, with its limits kept.

What pystray 0.19.5 asks for, read in its source:

- Windows: a text that is longer than its field raises (`szTip` 127, `szInfo` 255, `szInfoTitle` 63
  units of UTF-16). `update_menu` destroys the menu, also one that is open. Whatever belongs to the
  icon is used by the loop too, without a lock. So everything is posted to the loop's thread, and
  the menu is made anew when it is about to open, never while it is.
  Messages that it does not know are answered with 0, also the question whether the session may end.
- macOS: AppKit is touched by the main thread alone, so everything goes through `callAfter`.
  A notice without a title raises, and none tells of a click. Ctrl-C, and a logout, would end the
  process without a word.
- GTK: its functions hand over to the loop by themselves, but a new menu closes one that is open,
  so it is made only when it is another one. SIGINT's handler is replaced; it is put back.
- If its loop does not begin, the thread of `setup` would wait for ever, and the process with it.
"""

import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from zoomsync_agent.tray import art, gates, looks, words
from zoomsync_agent.tray.front import OnEntry, Scene
from zoomsync_agent.tray.menu import Entry

TIP_UNITS: Final = 127
TEXT_UNITS: Final = 255
TITLE_UNITS: Final = 63
_SIZE: Final = 64


class PystrayFront:
    """`Front` over pystray.

    Args:
        library: pystray.
        gate: the way to its thread.
        scene: what is shown at first.
        on_entry: is handed what was clicked.
        on_shown: is called when the icon is in the tray.
        platform: as in `sys.platform`.
        on_notice: is called when somebody has clicked the last notice.
        on_session_end: is called when the user logs out; the process is ended when it returns.
    """

    def __init__(
        self,
        library: Any,
        gate: gates.Gate,
        scene: Scene,
        on_entry: OnEntry,
        on_shown: Callable[[], None],
        *,
        platform: str,
        on_notice: Callable[[], None] = lambda: None,
        on_session_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._hooks = gates.Hooks(self._about_to_open, self._apply, on_notice, on_session_end)
        self._library = library
        self._gate = gate
        self._on_entry = on_entry
        self._on_shown = on_shown
        self._platform = platform
        self._lock = threading.Lock()
        self._wanted = self._applied = scene
        self._is_running = False
        self._is_over = False
        self._icon = library.Icon(
            looks.NAME,
            icon=art.draw(scene.look, _SIZE),
            title=self._title(scene),
            menu=library.Menu(self._items),
        )

    def run(self) -> None:
        """Hold this thread, which must be the main one, until `stop`; may raise anything."""
        try:
            self._icon.run(setup=self._ready)
        finally:
            self._is_over = True
            self._is_running = False
            self._release_setup()

    def show(self, scene: Scene) -> None:
        """Show this from now on."""
        with self._lock:
            self._wanted = scene
            is_running = self._is_running
        if is_running:
            self._gate.post(self._apply)

    def stop(self) -> None:
        """Let `run` return."""
        with self._lock:
            self._is_over = True
            is_running = self._is_running
        if is_running:
            self._gate.post(self._icon.stop)

    def notify(self, title: str, text: str) -> bool:
        """Show a notice beside the icon; return whether that could be done."""
        if not (self._is_running and self._icon.HAS_NOTIFICATION):
            return False
        first = words.cut_utf16(words.plain(title), TITLE_UNITS) or looks.NAME
        said = words.cut_utf16(words.plain(text), TEXT_UNITS) or first
        if self._platform == "win32":
            self._gate.post(partial(self._notify, said, first))
            return True
        return self._notify(said, first)

    def _notify(self, text: str, title: str) -> bool:
        try:
            self._icon.notify(text, title)
        except Exception:  # noqa: BLE001  a notice is no reason to fail
            return False
        return True

    def _ready(self, _icon: Any) -> None:
        """Begin to show; pystray calls this on a thread of its own once its loop runs."""
        with self._lock:
            if self._is_over and not self._icon._running:  # noqa: SLF001  it never began
                return
        self._gate.opened(self._icon, self._hooks)
        with self._lock:  # nobody may post before the gate is open
            self._is_running = True
            is_over = self._is_over
        self._gate.post(self._icon.stop if is_over else self._appear)

    def _appear(self) -> None:
        self._icon.visible = True
        self._apply()
        self._on_shown()

    def _about_to_open(self) -> None:
        self._apply()
        self._icon.update_menu()

    def _apply(self) -> None:
        """Bring the icon up to date; on the thread of its loop."""
        if self._is_over:
            return
        with self._lock:
            scene, before = self._wanted, self._applied
            # A menu that is open stays as it is; it is made anew afterwards.
            keeps_menu = self._gate.is_menu_open
            self._applied = scene if not keeps_menu else _but_menu(scene, before)
        if scene.look != before.look:
            self._icon.icon = art.draw(scene.look, _SIZE)
        self._icon.title = self._title(scene)
        if scene.menu != before.menu and not keeps_menu:
            self._icon.update_menu()

    def _title(self, scene: Scene) -> str:
        return words.cut_utf16(words.plain(scene.title), TIP_UNITS)

    def _items(self) -> Iterator[Any]:
        """Return the menu in pystray's shape, as it is to be now."""
        return self._made(self._applied.menu)

    def _made(self, entries: tuple[Entry, ...]) -> Iterator[Any]:
        for entry in entries:
            yield self._library.Menu.SEPARATOR if entry.is_separator else self._item(entry)

    def _item(self, entry: Entry) -> Any:
        # On Windows a single one would mark the letter that opens the item.
        label = entry.label.replace("&", "&&") if self._platform == "win32" else entry.label
        if entry.children:
            does: Any = self._library.Menu(*self._made(entry.children))
        else:
            does = partial(_press, self._on_entry, entry)
        checked = None if entry.is_checked is None else partial(_checked, entry.is_checked)
        return self._library.MenuItem(
            label, does, checked=checked, default=entry.is_default, enabled=entry.is_enabled
        )

    def _release_setup(self) -> None:
        """Let the thread end that waits for a loop which did not begin."""
        queue = getattr(self._icon, "_Icon__queue", None)
        if queue is not None:
            queue.put(True)


def _press(on_entry: OnEntry, entry: Entry, _icon: Any = None, _item: Any = None) -> None:
    on_entry(entry)


def _checked(is_checked: bool, _item: Any = None) -> bool:
    return is_checked


def _but_menu(scene: Scene, before: Scene) -> Scene:
    return Scene(scene.look, scene.name, scene.tip, before.menu)


def make(
    scene: Scene,
    on_entry: OnEntry,
    on_shown: Callable[[], None],
    *,
    platform: str,
    back_end: str | None = None,
    on_notice: Callable[[], None] = lambda: None,
    on_session_end: Callable[[], None] = lambda: None,
) -> PystrayFront:
    """Return the front for this platform.

    Args:
        scene: what is shown at first.
        on_entry: is handed what was clicked.
        on_shown: is called when the icon is in the tray.
        platform: as in `sys.platform`.
        back_end: by pystray's name for it; its own choice where None.
        on_notice: is called when somebody has clicked the last notice.
        on_session_end: is called when the user logs out; the process is ended when it returns.

    Raises:
        Exception: whatever pystray raises while it is imported; there is hardly a limit.
    """
    library = load(back_end)
    gate = gates.of_platform(platform)
    return PystrayFront(
        library,
        gate,
        scene,
        on_entry,
        on_shown,
        platform=platform,
        on_notice=on_notice,
        on_session_end=on_session_end,
    )


def load(back_end: str | None) -> Any:
    """Import pystray, which chooses its back end at that moment, and return it."""
    name, before = "PYSTRAY_BACKEND", os.environ.get("PYSTRAY_BACKEND")
    if back_end is not None:
        os.environ[name] = back_end
    try:
        import pystray  # type: ignore[import-untyped]  # noqa: PLC0415  80 ms, and it may raise
    finally:
        if back_end is not None:
            if before is None:
                del os.environ[name]
            else:
                os.environ[name] = before
    return pystray
