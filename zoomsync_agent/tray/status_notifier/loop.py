"""The loop that the icon lives in: one thread talks on the bus, all others leave notes for it."""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from jeepney import Message  # type: ignore[import-untyped]

from zoomsync_agent.tray.status_notifier import wire
from zoomsync_agent.tray.status_notifier.answering import Switchboard
from zoomsync_agent.tray.status_notifier.line import Line, LineLost, Unsendable, bus_address
from zoomsync_agent.tray.status_notifier.panel import NO_BUS, Panel
from zoomsync_agent.tray.status_notifier.wire import Signal

_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
"""So seldom is a bus looked for that is not there: a `stat` and a `connect`."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who is told what. Everything is called on the loop's thread and must return at once.

    Attributes:
        update: brings the icon up to date; returns what hosts must be told.
        on_hosted: the icon is in a tray.
        on_gone: it is no longer; the panel may be starting again.
        on_absent: there has been none for as long as it was waited for; says why. Told once, and
            again only after the icon was in a tray meanwhile.
        on_lost: the bus is gone; says why.
        on_fault: something went wrong that should not have.
    """

    update: Callable[[], list[Signal]]
    on_hosted: Callable[[], object]
    on_gone: Callable[[], object]
    on_absent: Callable[[str], object]
    on_lost: Callable[[str], object]
    on_fault: Callable[[Exception], object]


class Loop:
    """Keeps the icon in the desktop's tray, whatever becomes of tray and bus.

    Args:
        switchboard: answers what is called.
        hearing: who is told what.
        patience: seconds that a tray may take to appear before it is said that there is none.
        find_bus: returns the address of the bus, or raises `LineLost`.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        hearing: Hearing,
        *,
        patience: float,
        find_bus: Callable[[], str] = bus_address,
    ) -> None:
        self._switchboard = switchboard
        self._hearing = hearing
        self._patience = patience
        self._find_bus = find_bus
        self._is_over = threading.Event()
        self._bell, self._button = socket.socketpair()
        for end in (self._bell, self._button):
            end.setblocking(False)
        self._line: Line | None = None
        self._panel: Panel | None = None
        self._is_hosted = False
        self._absent_since: float | None = None
        self._pause = 0.0
        self._next_try = 0.0

    @property
    def is_hosted(self) -> bool:
        """Whether the icon is in somebody's tray."""
        return self._is_hosted

    def wake(self) -> None:
        """Let the loop bring the icon up to date; from any thread, or from a signal's handler."""
        # Full means that it is going to wake anyway; closed, that it has ended.
        with contextlib.suppress(OSError):
            self._button.send(b"\0")

    def stop(self) -> None:
        """Let `run` return; from any thread, or from a signal's handler."""
        self._is_over.set()
        self.wake()

    def run(self) -> None:
        """Serve until `stop`; whatever goes wrong meanwhile is told, and nothing is raised."""
        self._absent_since = time.monotonic()
        try:
            while not self._is_over.is_set():
                try:
                    self._connect_if_due()
                    self._turn()
                except Exception as exc:  # noqa: BLE001  begin anew with everything, after a while
                    self._fault(exc)
                    self._lost(f"a fault: {exc}")
                    self._is_over.wait(self._pause)
        finally:
            self._hang_up()
            self._is_hosted = False
            self._bell.close()
            self._button.close()

    def _turn(self) -> None:
        """Wait for something to happen, and see to it."""
        line = self._line
        try:
            self._guarded(self._tell)
            heard = self._wait(line)
            if self._bell.fileno() in heard:
                self._empty_bell()
            if line is not None and line.fileno() in heard:
                for message in line.received():
                    self._guarded(partial(self._heard, line, message))
        except LineLost as why:
            self._lost(str(why))
        self._look()

    def _guarded(self, do: Callable[[], object]) -> None:
        """Do it; what goes wrong is told, and concerns nothing else.

        Raises:
            LineLost: the bus is gone.
        """
        try:
            do()
        except LineLost:
            raise
        except Exception as exc:  # noqa: BLE001  one message, one picture: the next may do
            self._fault(exc)

    def _fault(self, fault: Exception) -> None:
        with contextlib.suppress(Exception):
            self._hearing.on_fault(fault)

    def _wait(self, line: Line | None) -> list[int]:
        """Wait until there is something to read, or to do; return from where it can be read."""
        # Not `select`: it knows no file beyond the 1,024th that a process has open.
        poll = select.poll()
        poll.register(self._bell.fileno(), select.POLLIN)
        if line is not None:
            poll.register(line.fileno(), select.POLLIN)
        timeout = self._timeout()
        return [number for number, _ in poll.poll(None if timeout is None else timeout * 1000 + 1)]

    def _heard(self, line: Line, message: Message) -> None:
        if self._panel is not None:
            self._panel.heard(message)
        for answer in self._switchboard.answer(message):
            try:
                line.send(answer)
            except Unsendable as exc:
                self._fault(exc)
                line.send(wire.refused(message, wire.Refused(wire.FAILED, "it cannot be told")))

    def _tell(self) -> None:
        """Tell hosts what has changed. Where there is no bus, it is taken up all the same."""
        for signal in self._hearing.update():
            if self._line is not None:
                try:
                    self._line.send(signal.message())
                except Unsendable as exc:
                    self._fault(exc)

    def _timeout(self) -> float | None:
        now = time.monotonic()
        due = [] if self._line else [self._next_try]
        if self._absent_since is not None:
            due.append(self._absent_since + self._patience)
        return max(0.0, min(due) - now) if due else None

    def _empty_bell(self) -> None:
        with contextlib.suppress(OSError):
            while self._bell.recv(4096):
                pass

    def _connect_if_due(self) -> None:
        if self._line is not None or time.monotonic() < self._next_try:
            return
        try:
            self._line = Line(self._find_bus())
            self._panel = Panel(self._line, self._look)
        except LineLost as why:
            self._lost(str(why))

    def _lost(self, why: str) -> None:
        was_there = self._panel is not None
        self._hang_up()
        self._pause = (
            min(_LONGEST_PAUSE_SECONDS, self._pause * 2) if self._pause else _FIRST_PAUSE_SECONDS
        )
        self._next_try = time.monotonic() + self._pause
        if was_there:
            self._guarded(partial(self._hearing.on_lost, why))

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = self._panel = None

    def _look(self) -> None:
        """See whether the icon is in a tray, and tell where that is news."""
        is_hosted = self._panel is not None and self._panel.is_hosted
        now = time.monotonic()
        if is_hosted:
            self._absent_since = None
            self._pause = 0.0
        if is_hosted and not self._is_hosted:
            self._is_hosted = True
            self._guarded(self._hearing.on_hosted)
        elif self._is_hosted and not is_hosted:
            self._is_hosted = False
            self._absent_since = now
            self._guarded(self._hearing.on_gone)
        if self._absent_since is not None and now >= self._absent_since + self._patience:
            self._absent_since = None
            reason = self._panel.reason if self._panel else NO_BUS
            self._guarded(partial(self._hearing.on_absent, reason))
