"""The end of a run is noticed at once, wherever the main thread is."""

import os
import signal
import threading

import pytest

from zoomsync_agent.app.ending import Ending, signals_set

SOON = 5.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_signal_asks_for_the_end_and_wakes_whoever_waits(number):
    """Without any work of the main thread's: another one has noticed it."""
    ended, woken = Ending(), threading.Event()
    ended.then(woken.set)
    before = signal.getsignal(number)
    with signals_set(ended):
        threading.Timer(0.01, os.kill, (os.getpid(), number)).start()
        assert ended.wait(SOON)
        assert woken.wait(SOON)
    assert signal.getsignal(number) is before


def test_another_signal_asks_for_nothing():
    """Others have their own meaning; the wake-up tells of all of them."""
    ended, came = Ending(), threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: came.set())
    try:
        with signals_set(ended):
            os.kill(os.getpid(), signal.SIGUSR1)
            assert came.wait(SOON)
            os.kill(os.getpid(), signal.SIGTERM)  # noticed by the same thread, and later
            assert ended.wait(SOON)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_what_is_ignored_stays_ignored():
    """`nohup` wants it so."""
    ended = Ending()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_set(ended):
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert not ended.is_set()
            os.kill(os.getpid(), signal.SIGTERM)
            assert ended.wait(SOON)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_whoever_comes_after_the_end_is_woken_at_once():
    """A tray that was still being made when the signal came."""
    ended, woken = Ending(), []
    ended.set()
    ended.then(lambda: woken.append(1))
    assert woken == [1]


def test_the_wake_up_of_somebody_else_is_given_back():
    """An event loop that was there before goes on to hear of signals."""
    ended = Ending()
    former = signal.set_wakeup_fd(-1)
    try:
        with signals_set(ended):
            assert threading.active_count() > 1
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.set_wakeup_fd(former)
    assert not any(one.name == "signals" for one in threading.enumerate())
