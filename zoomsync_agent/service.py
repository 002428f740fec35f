"""A long-lived part of the agent that is one thread."""

import threading
from abc import ABC, abstractmethod


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
