"""The end of a run: asked for by a signal, by the tray or by the system, noticed at once."""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Ending(threading.Event):
    """Set when the run is to end; `then` adds what has to be woken by it."""

    def __init__(self) -> None:
        super().__init__()
        self._wakers: list[Callable[[], None]] = []

    def then(self, wake: Callable[[], None]) -> None:
        """Call *wake* when the end is asked for; at once where it has been already.

        Args:
            wake: may be called from any thread, and twice.
        """
        self._wakers.append(wake)
        if self.is_set():
            wake()

    def set(self) -> None:
        """Ask for the end."""
        super().set()
        for wake in list(self._wakers):
            wake()


@contextlib.contextmanager
def signals_set(ended: Ending) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP end the run in an orderly way.

    The main thread may be inside of the system's own loop, for the tray, where no handler of
    Python's is run; or hold the very lock that a handler would wait for. So a thread notices the
    signal, by what the interpreter writes the moment that it arrives (`signal.set_wakeup_fd`).
    """
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    # What is ignored stays ignored: `nohup` wants it so.
    numbers = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _noted) for number in numbers}
    here, there = socket.socketpair()
    there.setblocking(False)
    former = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    listener = threading.Thread(
        target=_listen, args=(here, frozenset(numbers), ended), name="signals", daemon=True
    )
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(former)
        there.close()  # which ends the listener
        for number, handler in before.items():
            signal.signal(number, handler)
        listener.join(1.0)
        here.close()


def _noted(_number: int, _frame: FrameType | None) -> None:
    """Let the signal not end the process; the listener has been told."""


def _listen(here: socket.socket, numbers: frozenset[int], ended: Ending) -> None:
    """Set *ended* for each of *numbers* that arrives, until the other end is closed."""
    while told := here.recv(64):
        if numbers.intersection(told):
            ended.set()
