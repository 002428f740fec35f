"""Shows notices, by the *Desktop Notifications Specification* on Linux, elsewhere by the tray."""

import html
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from zoomsync_agent.core.notices import Notice
from zoomsync_agent.desktop.bus import SESSION, Bus, Waker
from zoomsync_agent.service import ThreadService

if TYPE_CHECKING:
    from jeepney import Message  # type: ignore[import-untyped]

SERVICE: Final = "org.freedesktop.Notifications"
PATH: Final = "/org/freedesktop/Notifications"
_NAME: Final = "Zoom recordings"
_ICON: Final = "folder-videos"
"""A name of the *Icon Naming Specification*, for where the program is not installed."""
_AGAIN_SECONDS: Final = 60.0
_LONGEST_SECONDS: Final = 3_600.0
"""Where nothing can be shown, each try may start a program that fails, so they become rare."""
_MOST_WAITING: Final = 20
_BY_ITSELF: Final = -1
"""The daemon decides how long a notice is shown."""
_NORMAL, _CRITICAL = 1, 2
_CALM: Final = ("default", "Open")
"""The action of a click on the notice itself, and its name."""


class Log(Protocol):
    """Where it is said that nothing can be shown."""

    def info(self, event: str, **fields: object) -> object:
        """Note an event."""
        ...

    def exception(self, event: str, **fields: object) -> object:
        """Note a fault with its traceback."""
        ...


class BusNotifier(ThreadService):
    """`Notifier` over the session's message bus. Its thread begins with the first notice.

    Where no program shows notices, the last twenty are kept for one that comes.

    Args:
        open_page: opens a page of the agent's site; called on a thread of its own.
        log: where events go.
        address: of the session's message bus.
        app_id: name of the program's desktop file, without its end.
    """

    def __init__(
        self,
        open_page: Callable[[str], None],
        log: Log,
        *,
        address: str = SESSION,
        app_id: str = "zoomsync",
    ) -> None:
        super().__init__("notifier")
        self._open_page = open_page
        self._log = log
        self._address = address
        self._app_id = app_id
        self._waiting: deque[Notice] = deque(maxlen=_MOST_WAITING)
        self._waker: Waker | None = None
        self._guard = threading.Lock()
        self._is_closed = False
        self._again = _AGAIN_SECONDS
        self._is_silent = False
        self._ids: dict[str, int] = {}
        self._pages: dict[int, str] = {}
        self._has_markup = self._has_actions = False

    def tell(self, notice: Notice) -> None:
        """Show a notice, in place of an earlier one of the same group."""
        with self._guard:
            if self._is_closed:
                return
            self._waiting.append(notice)
            try:
                self.start()
            except RuntimeError:  # no thread to be had; the next notice tries again
                return
            self._wake()

    def close(self, timeout: float = 2.0) -> None:
        """Show nothing more."""
        with self._guard:
            self._is_closed = True
        self.stop(timeout)

    def _wake(self) -> None:
        waker = self._waker
        if waker is not None:
            waker.wake()

    def _run(self) -> None:
        waker = self._waker = Waker()
        self._again = _AGAIN_SECONDS
        try:
            while not self._stopping.is_set():
                try:
                    with Bus(self._address) as bus:
                        self._begin(bus)
                        self._serve(bus, waker)
                except OSError as exc:
                    if not self._is_silent:
                        self._log.info("notices cannot be shown", why=str(exc))
                        self._is_silent = True
                    self._stopping.wait(self._again)
                    self._again = min(self._again * 2, _LONGEST_SECONDS)
        finally:
            self._waker = None
            waker.close()

    def _begin(self, bus: Bus) -> None:
        """Ask what the daemon can, and listen to it. Ids of an earlier daemon mean nothing."""
        from jeepney import MatchRule  # noqa: PLC0415  20 ms

        self._ids.clear()
        self._pages.clear()
        (able,) = bus.ask(_call("GetCapabilities"))
        self._has_markup, self._has_actions = "body-markup" in able, "actions" in able
        for member in ("ActionInvoked", "NotificationClosed"):
            bus.subscribe(MatchRule(type="signal", path=PATH, interface=SERVICE, member=member))
        self._is_silent = False
        self._again = _AGAIN_SECONDS

    def _serve(self, bus: Bus, waker: Waker) -> None:
        while not self._stopping.is_set():
            waker.clear()
            while self._waiting and not self._stopping.is_set():
                self._show(bus, self._waiting[0])
                self._waiting.popleft()
            for message in bus.signals(waker.socket):
                self._take(message)

    def _show(self, bus: Bus, notice: Notice) -> None:
        text = html.escape(notice.text, quote=False) if self._has_markup else notice.text
        hints = {
            "urgency": ("y", _CRITICAL if notice.is_problem else _NORMAL),
            "desktop-entry": ("s", self._app_id),
            "category": ("s", "transfer.error" if notice.is_problem else "transfer.complete"),
        }
        body = (
            _NAME,
            self._ids.get(notice.group, 0),
            _ICON,
            notice.title,
            text,
            list(_CALM) if self._has_actions else [],
            hints,
            _BY_ITSELF,
        )
        (number,) = bus.ask(_call("Notify", "susssasa{sv}i", body))
        self._ids[notice.group] = number
        self._pages[number] = notice.page

    def _take(self, message: "Message") -> None:
        from jeepney import HeaderFields  # noqa: PLC0415  20 ms

        number = message.body[0]
        page = self._pages.get(number)
        if page is None:
            return  # of another program
        if message.header.fields.get(HeaderFields.member) == "ActionInvoked":
            threading.Thread(target=self._open, args=(page,), name="open page", daemon=True).start()
        else:
            del self._pages[number]
            self._ids = {group: one for group, one in self._ids.items() if one != number}

    def _open(self, page: str) -> None:
        try:
            self._open_page(page)
        except Exception:  # noqa: BLE001  a browser that does not start must end nothing else
            self._log.exception("page not opened")


class CallableNotifier:
    """`Notifier` that hands title and text to a function, such as the tray's.

    Args:
        log: where events go.

    Attributes:
        show: shows them, and may fail; None while there is nothing that could, so they are lost.
    """

    def __init__(self, log: Log) -> None:
        self.show: Callable[[str, str], object] | None = None
        self._log = log

    def tell(self, notice: Notice) -> None:
        """Show a notice."""
        show = self.show
        if show is None:
            return
        try:
            show(notice.title, notice.text)
        except Exception:  # noqa: BLE001  whatever the desktop says, the agent goes on
            self._log.exception("notice not shown")


def _call(method: str, signature: str | None = None, body: tuple[Any, ...] = ()) -> "Message":
    from jeepney import DBusAddress, new_method_call  # noqa: PLC0415  20 ms

    whom = DBusAddress(PATH, SERVICE, SERVICE)
    return new_method_call(whom, method, signature, body)
