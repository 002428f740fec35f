"""The icon, with the interface of pystray's `Icon`."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from zoomsync_agent.tray.status_notifier import items
from zoomsync_agent.tray.status_notifier.answering import Switchboard
from zoomsync_agent.tray.status_notifier.dbusmenu import MenuTable
from zoomsync_agent.tray.status_notifier.item import ItemFace, Paint, Shown, opens_menu_on_click
from zoomsync_agent.tray.status_notifier.items import Item
from zoomsync_agent.tray.status_notifier.line import bus_address
from zoomsync_agent.tray.status_notifier.loop import Hearing, Loop
from zoomsync_agent.tray.status_notifier.wire import Signal

_PATIENCE_SECONDS: Final = 10.0


def _nothing(*_: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told what; everything is called on the thread of `run` and must return at once.

    Attributes:
        on_hosted: the icon is in a tray.
        on_gone: it is no longer; the panel may be starting again.
        on_absent: there is no tray, after it was waited for; says why.
        on_lost: the bus is gone; says why. It is looked for again.
        on_open: somebody opens the menu.
        on_fault: something went wrong that should not have.
    """

    on_hosted: Callable[[], object] = _nothing
    on_gone: Callable[[], object] = _nothing
    on_absent: Callable[[str], object] = _nothing
    on_lost: Callable[[str], object] = _nothing
    on_open: Callable[[], object] = _nothing
    on_fault: Callable[[Exception], object] = _nothing


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the owner of the icon wants to be seen."""

    shown: Shown = field(default_factory=Shown)
    paint: Paint | None = None
    items: tuple[Item, ...] = ()


class Icon:
    """An icon with a menu; everything may be set on any thread.

    What differs from pystray's: `icon` may also be a function that draws the picture with so many
    pixels a side, so that it is crisp on every panel; items may have a `key` (see `items.Item`);
    `run` may be called on any thread and outlives panel and bus; there are no notifications.

    Args:
        name: by which the desktop knows the icon again.
        icon: the picture, a `PIL.Image` or a function; None: nothing is shown.
        title: what the icon is called.
        menu: a menu in pystray's shape, items, or None.
        listeners: who is told what.
        patience: seconds that a tray may take to appear.
        opens_menu: whether a left click opens the menu; by the desktop where None.
        find_bus: returns the address of the bus, or raises `line.LineLost`.
    """

    HAS_DEFAULT_ACTION: Final = True
    HAS_MENU: Final = True
    HAS_MENU_RADIO: Final = True
    HAS_NOTIFICATION: Final = False

    def __init__(
        self,
        name: str,
        icon: Any = None,
        title: str = "",
        menu: Any = None,
        *,
        listeners: Listeners | None = None,
        patience: float = _PATIENCE_SECONDS,
        opens_menu: bool | None = None,
        find_bus: Callable[[], str] = bus_address,
    ) -> None:
        told = listeners or Listeners()
        self._name = name
        self._icon, self._menu = icon, menu
        self._lock = threading.Lock()
        self._wanted = _Wanted(Shown(title=title, picture=icon), _paint_of(icon))
        self._on_fault = told.on_fault
        self._table = MenuTable(self._press, told.on_open)
        self._face = ItemFace(
            name,
            self,
            opens_menu=opens_menu_on_click() if opens_menu is None else opens_menu,
        )
        self._loop = Loop(
            Switchboard(self._face, self._table, told.on_fault),
            Hearing(
                self._update,
                told.on_hosted,
                told.on_gone,
                told.on_absent,
                told.on_lost,
                told.on_fault,
            ),
            patience=patience,
            find_bus=find_bus,
        )
        self.update_menu()

    def __call__(self) -> None:
        """Do what the default item does."""
        for item in self._table.items:
            if item.is_default:
                self._press(item)
                return

    @property
    def name(self) -> str:
        """By which the desktop knows the icon again."""
        return self._name

    @property
    def is_hosted(self) -> bool:
        """Whether the icon is in somebody's tray."""
        return self._loop.is_hosted

    @property
    def icon(self) -> Any:
        """The picture, or what draws it; a new one is told by `!=`."""
        return self._icon

    @icon.setter
    def icon(self, value: Any) -> None:
        self._icon = value
        self._want(picture=value, paint=_paint_of(value))

    def show(self, picture: Any, paint: Paint, *, title: str, tip: str, is_urgent: bool) -> None:
        """Change all but the menu at once.

        Args:
            picture: another value when it is another picture.
            paint: draws it, with so many pixels a side.
            title: what the icon is called.
            tip: what is said when the pointer rests on it, below the title.
            is_urgent: whether somebody is needed.
        """
        self._icon = paint
        self._want(picture=picture, paint=paint, title=title, tip=tip, is_urgent=is_urgent)

    @property
    def title(self) -> str:
        """What the icon is called."""
        return self._wanted.shown.title

    @title.setter
    def title(self, value: str) -> None:
        self._want(title=value or "")

    @property
    def visible(self) -> bool:
        """Whether the icon is to be seen.

        Raises:
            ValueError: it is set to True and there is no picture.
        """
        return self._wanted.shown.is_visible

    @visible.setter
    def visible(self, value: bool) -> None:
        if value and self._wanted.paint is None:
            raise ValueError("cannot show icon without icon data")
        self._want(is_visible=value)

    @property
    def menu(self) -> Any:
        """The menu, as it was given."""
        return self._menu

    @menu.setter
    def menu(self, value: Any) -> None:
        self._menu = value
        self.update_menu()

    def update_menu(self) -> None:
        """Read the menu again; what has not changed stays as it is, in a menu that is open too."""
        read = items.read(self._menu, self)
        with self._lock:
            self._wanted = replace(self._wanted, items=read)
        self._loop.wake()

    def run(self, setup: Callable[["Icon"], object] | None = None) -> None:
        """Serve the icon until `stop`.

        Args:
            setup: is called on a thread of its own and makes the icon visible; where None, it is.
        """
        if setup is None:
            self.visible = True
        else:
            threading.Thread(target=setup, args=(self,), name="tray-setup", daemon=True).start()
        self._loop.run()

    def stop(self) -> None:
        """Let `run` return; from any thread, or from a signal's handler."""
        self._loop.stop()

    def wake(self) -> None:
        """Let the loop look at what has changed; from any thread, or from a signal's handler."""
        self._loop.wake()

    def notify(self, message: str, title: str | None = None) -> None:
        """Tell that there are none.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("this icon has no notifications")

    remove_notification = notify

    def _want(self, *, paint: Any = ..., **shown: Any) -> None:
        with self._lock:
            kept = self._wanted.paint if paint is ... else paint
            self._wanted = replace(
                self._wanted, shown=replace(self._wanted.shown, **shown), paint=kept
            )
        self._loop.wake()

    def _update(self) -> list[Signal]:
        with self._lock:
            wanted = self._wanted
        shown = wanted.shown
        if wanted.paint is None:
            shown = replace(shown, is_visible=False)
        signals: list[Signal] = []
        for update in (
            partial(self._face.update, shown, wanted.paint),
            partial(self._table.update, wanted.items),
        ):
            try:
                signals += update()
            except Exception as exc:  # noqa: BLE001  the other one is told all the same
                self._on_fault(exc)
        return signals

    def _press(self, item: Item) -> None:
        if item.press is None or not item.is_enabled:
            return
        try:
            item.press()
        except Exception as exc:  # noqa: BLE001  what a click does must not end the tray
            self._on_fault(exc)


def _paint_of(icon: Any) -> Paint | None:
    """Return what draws *icon* at any size."""
    if not icon:
        return None
    if callable(icon):
        paint: Paint = icon
        return paint
    return lambda size: icon.convert("RGBA").resize((size, size))
