"""Shows notices, by the *Desktop Notifications Specification* on Linux, elsewhere by the tray."""

import html
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from zoomsync_agent.core.notices import Notice
from zoomsync_agent.core.plain_text import plain
from zoomsync_agent.desktop.bus import SESSION, Bus, BusError, Waker
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
_LATEST_SECONDS: Final = 3_600.0
"""What could not be shown for so long is not shown any more."""
_MOST_FAILURES: Final = 2
_LONGEST_TITLE: Final = 120
_LONGEST_TEXT: Final = 600
_SIGNALS: Final = {"ActionInvoked": "us", "NotificationClosed": "uu"}
"""What the daemon tells, and of which kinds that is."""
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


@dataclass(slots=True, eq=False)
class _Waiting:
    """A notice that was not shown yet, and since when it waits, as epoch seconds."""

    notice: Notice
    since: float
    on_shown: Callable[[], None] | None = None
    failures: int = 0


class BusNotifier(ThreadService):
    """`Notifier` over the session's message bus. Its thread begins with the first notice.

    Where no program shows notices, the last twenty are kept for one that comes within the hour.

    Args:
        open_page: opens a page of the agent's site; called on a thread of its own.
        log: where events go.
        address: of the session's message bus.
        app_id: name of the program's desktop file, without its end.
        now: epoch seconds.
    """

    def __init__(
        self,
        open_page: Callable[[str], None],
        log: Log,
        *,
        address: str = SESSION,
        app_id: str = "zoomsync",
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("notifier")
        self._open_page = open_page
        self._log = log
        self._address = address
        self._app_id = app_id
        self._now = now
        self._waiting: deque[_Waiting] = deque(maxlen=_MOST_WAITING)
        self._waker: Waker | None = None
        self._guard = threading.Lock()
        self._is_closed = False
        self._again = _AGAIN_SECONDS
        self._is_silent = False
        self._is_fresh = True
        self._owner = ""
        self._ids: dict[str, int] = {}
        self._pages: dict[int, str] = {}
        self._has_markup = self._has_actions = False

    def tell(self, notice: Notice, on_shown: Callable[[], None] | None = None) -> None:
        """Show a notice, in place of an earlier one of the same group."""
        with self._guard:
            if self._is_closed:
                return
            self._waiting.append(_Waiting(notice, self._now(), on_shown))
            try:
                self.start()
            except RuntimeError:  # no thread to be had; the next notice tries again
                return
            self._wake()

    def forget(self) -> None:
        """Show nothing of what still waits."""
        with self._guard:
            self._waiting.clear()

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
                except Exception as exc:  # noqa: BLE001  whatever it is, it may be over later
                    if not isinstance(exc, OSError):
                        self._log.exception("notifier failed")
                    elif not self._is_silent:
                        self._log.info("notices cannot be shown", why=str(exc))
                        self._is_silent = True
                    self._stopping.wait(self._again)
                    self._again = min(self._again * 2, _LONGEST_SECONDS)
        finally:
            self._waker = None
            waker.close()

    def _begin(self, bus: Bus) -> None:
        """Listen to the daemon, and get to know it."""
        from jeepney import MatchRule  # noqa: PLC0415  20 ms

        for member in _SIGNALS:
            bus.subscribe(MatchRule(type="signal", path=PATH, interface=SERVICE, member=member))
        self._meet(bus)
        self._is_fresh = True
        self._is_silent = False
        self._again = _AGAIN_SECONDS

    def _meet(self, bus: Bus) -> None:
        """Ask the daemon what it can; it is started by that. Ids of an earlier one mean nothing."""
        self._ids.clear()
        self._pages.clear()
        told = bus.ask(_call("GetCapabilities"))
        able = told[0] if len(told) == 1 and isinstance(told[0], list) else []
        self._has_markup, self._has_actions = "body-markup" in able, "actions" in able
        self._owner = bus.owner_of(SERVICE)

    def _serve(self, bus: Bus, waker: Waker) -> None:
        while not self._stopping.is_set():
            waker.clear()
            while not self._stopping.is_set() and (one := self._next()) is not None:
                self._show_first(bus, one)
            for message in bus.signals(waker.socket):
                try:
                    self._take(message)
                except Exception:  # noqa: BLE001  a signal is no reason to show nothing any more
                    self._log.exception("signal of notices not understood")

    def _next(self) -> _Waiting | None:
        """Return what is to be shown next; what has waited for too long is news no more."""
        with self._guard:
            while self._waiting:
                # A clock that was set back keeps nothing for ever.
                if abs(self._now() - self._waiting[0].since) < _LATEST_SECONDS:
                    return self._waiting[0]
                self._waiting.popleft()
        return None

    def _drop(self, one: _Waiting) -> None:
        with self._guard:
            if self._waiting and self._waiting[0] is one:
                self._waiting.popleft()

    def _show_first(self, bus: Bus, one: _Waiting) -> None:
        if self._owner != _owner_now(bus):
            self._meet(bus)
        try:
            self._show(bus, one.notice)
        except Exception as exc:
            # A connection that has been there for long may be what failed. A fresh one is not.
            one.failures += self._is_fresh
            if one.failures >= _MOST_FAILURES:
                self._log.info("notice given up", group=one.notice.group, why=str(exc))
                self._drop(one)
            raise
        self._is_fresh = False
        self._drop(one)
        _tell_shown(one.on_shown, self._log)

    def _show(self, bus: Bus, notice: Notice) -> None:
        text = cleaned(notice.text, _LONGEST_TEXT)
        hints = {
            "urgency": ("y", _CRITICAL if notice.is_problem else _NORMAL),
            "desktop-entry": ("s", self._app_id),
            "category": ("s", "transfer.error" if notice.is_problem else "transfer.complete"),
        }
        body = (
            _NAME,
            self._ids.get(notice.group, 0),
            _ICON,
            cleaned(notice.title, _LONGEST_TITLE) or _NAME,
            html.escape(text, quote=False) if self._has_markup else text,
            list(_CALM) if self._has_actions else [],
            hints,
            _BY_ITSELF,
        )
        told = bus.ask(_call("Notify", "susssasa{sv}i", body))
        if len(told) == 1 and isinstance(told[0], int):
            self._ids[notice.group] = told[0]
            self._pages[told[0]] = notice.page

    def _take(self, message: "Message") -> None:
        from jeepney import HeaderFields  # noqa: PLC0415  20 ms

        fields = message.header.fields
        # Any program of the session may send whatever it likes; only the daemon knows of clicks.
        sender = fields.get(HeaderFields.sender), fields.get(HeaderFields.path)
        member = fields.get(HeaderFields.member, "")
        if sender != (self._owner, PATH) or fields.get(HeaderFields.interface) != SERVICE:
            return
        if fields.get(HeaderFields.signature) != _SIGNALS.get(member):
            return
        number = message.body[0]
        page = self._pages.get(number)
        if page is None:
            return  # of another program
        if member == "ActionInvoked":
            _open_beside(self._open_page, page, self._log)
        else:
            del self._pages[number]
            self._ids = {group: one for group, one in self._ids.items() if one != number}


class CallableNotifier:
    """`Notifier` that hands title and text to a function, such as the tray's.

    Args:
        log: where events go.
        open_page: opens a page of the agent's site; called on a thread of its own.

    Attributes:
        show: shows them and returns whether it could, or fails; None while there is nothing that
            could, so they are lost.
    """

    def __init__(self, log: Log, open_page: Callable[[str], None] = lambda _page: None) -> None:
        self.show: Callable[[str, str], bool] | None = None
        self._log = log
        self._open_page = open_page
        self._page: str | None = None

    def tell(self, notice: Notice, on_shown: Callable[[], None] | None = None) -> None:
        """Show a notice."""
        show = self.show
        if show is None:
            return
        self._page = notice.page
        try:
            is_shown = show(
                cleaned(notice.title, _LONGEST_TITLE), cleaned(notice.text, _LONGEST_TEXT)
            )
        except Exception:  # noqa: BLE001  whatever the desktop says, the agent goes on
            self._log.exception("notice not shown")
            return
        if is_shown:
            _tell_shown(on_shown, self._log)

    def forget(self) -> None:
        """Do nothing: what is not shown at once is lost."""

    def clicked(self) -> None:
        """Open the page of the last notice."""
        if self._page is not None:
            _open_beside(self._open_page, self._page, self._log)


def cleaned(text: str, most: int) -> str:
    """Return *text* as every desktop takes it: nothing that is not shown, and not too long."""
    line = plain(text)
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _tell_shown(on_shown: Callable[[], None] | None, log: Log) -> None:
    if on_shown is None:
        return
    try:
        on_shown()
    except Exception:  # it is shown, whatever comes of that
        log.exception("notice shown, but not noted")


def _open_beside(open_page: Callable[[str], None], page: str, log: Log) -> None:
    def opening() -> None:
        try:
            open_page(page)
        except Exception:  # a browser that does not start must end nothing else
            log.exception("page not opened")

    threading.Thread(target=opening, name="open page", daemon=True).start()


def _owner_now(bus: Bus) -> str | None:
    """Return the unique name of the daemon; None where none runs, so that it is to be started."""
    try:
        return bus.owner_of(SERVICE)
    except BusError:
        return None


def _call(method: str, signature: str | None = None, body: tuple[Any, ...] = ()) -> "Message":
    from jeepney import DBusAddress, new_method_call  # noqa: PLC0415  20 ms

    whom = DBusAddress(PATH, SERVICE, SERVICE)
    return new_method_call(whom, method, signature, body)
