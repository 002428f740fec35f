"""Threads on which parts leave: nobody waits for one that hangs, neither a job nor the process."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def beside(do: Callable[[], T]) -> Future[T]:
    """Run *do* on a thread of its own and return what will come of it.

    A peer that stops reading holds its sender until the connection times out. The interpreter
    waits for the threads of an executor before it ends, and for daemons it does not.
    """
    promise: Future[T] = Future()

    def run() -> None:
        try:
            result = do()
        except BaseException as exc:  # noqa: BLE001  raised again where the result is asked for
            promise.set_exception(exc)
        else:
            promise.set_result(result)

    threading.Thread(target=run, name="part", daemon=True).start()
    return promise
