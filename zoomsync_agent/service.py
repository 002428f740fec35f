"""Threads: a long-lived part of the agent that is one, and work beside a thread that nobody awaits.

A peer that stops answering holds whoever talks to it until the connection times out. The
interpreter waits for the threads of an executor before it ends, and for daemons it does not.
"""

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Final, TypeVar

T = TypeVar("T")
Item = TypeVar("Item")

_LOOK_SECONDS: Final = 0.25


class ThreadService(ABC):
    """A thread with a name that can be started again after it has ended.

    A subclass writes `_run`, returns from it when `_stopping` is set, and waits with
    `_stopping.wait` or wakes itself in `_wake`. `failure` is what ended the thread, if anything.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    @property
    def name(self) -> str:
        """Name of the service and of its thread."""
        return self._name

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread, unless it runs."""
        if self.is_alive:
            return
        self._stopping.clear()
        self.failure = None
        self._thread = threading.Thread(target=self._guarded, name=self._name, daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Tell the thread to end, without waiting for it."""
        self._stopping.set()
        self._wake()

    def stop(self, timeout: float) -> None:
        """Tell the thread to end and wait for it for up to *timeout* seconds."""
        self.ask_to_stop()
        if self._thread is not None:
            self._thread.join(timeout)

    def _guarded(self) -> None:
        try:
            self._run()
        except BaseException as exc:  # noqa: BLE001  the supervisor decides what it means
            self.failure = exc

    @abstractmethod
    def _run(self) -> None:
        """Do the work until `_stopping` is set."""

    def _wake(self) -> None:  # noqa: B027  most services wait for nothing else
        """Wake the thread from a wait that `_stopping` does not end."""


class NobodyWaits(Exception):
    """Whoever wanted the results does not want them any more; what is under way is left behind."""


def beside(do: Callable[[], T], name: str) -> Future[T]:
    """Run *do* on a daemon thread of its own and return what will come of it.

    Args:
        do: the work.
        name: of the thread.
    """
    promise: Future[T] = Future()

    def run() -> None:
        try:
            result = do()
        except BaseException as exc:  # noqa: BLE001  raised again where the result is asked for
            promise.set_exception(exc)
        else:
            promise.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return promise


def each_beside(
    do: Callable[[Item], T],
    items: Iterable[Item],
    most: int,
    *,
    name: str,
    is_over: Callable[[], bool],
) -> Iterator[T]:
    """Yield what *do* makes of each of *items*, in their order, with *most* under way at a time.

    Args:
        do: the work; on threads that end with it, so it must keep nothing of its thread.
        items: what is to be done.
        most: how many at a time.
        name: of the threads.
        is_over: whether nobody wants the rest any more.

    Raises:
        NobodyWaits: that is so.
        Exception: what *do* raised; the rest is left alone.
    """
    under_way: deque[Future[T]] = deque()
    for item in items:
        under_way.append(beside(partial(do, item), name))
        if len(under_way) == most:
            yield _result(under_way.popleft(), is_over)
    while under_way:
        yield _result(under_way.popleft(), is_over)


def _result(promise: Future[T], is_over: Callable[[], bool]) -> T:
    while not is_over():
        try:
            return promise.result(_LOOK_SECONDS)
        except TimeoutError:
            if promise.done():  # it was the work that raised it
                raise
    raise NobodyWaits
