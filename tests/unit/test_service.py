"""Work beside a thread: in order, bounded, and never waited for at the end."""

import threading
import time

import pytest

from zoomsync_agent.service import NobodyWaits, beside, each_beside


def test_results_come_in_the_order_of_the_items():
    """However long each of them takes."""

    def slow(number):
        time.sleep(0.01 * (3 - number))
        return number

    found = each_beside(slow, range(4), 4, name="t", is_over=lambda: False)
    assert list(found) == [0, 1, 2, 3]


def test_no_more_are_under_way_than_may_be():
    """The next begins when one has ended."""
    guard, now, most = threading.Lock(), [0], [0]

    def counted(_number):
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.005)
        with guard:
            now[0] -= 1

    list(each_beside(counted, range(20), 3, name="t", is_over=lambda: False))
    assert most[0] <= 3


def test_an_error_of_the_work_is_raised_in_its_place():
    """What comes before it has been told."""

    def odd(number):
        if number == 1:
            raise TimeoutError("its own")
        return number

    results = each_beside(odd, range(3), 2, name="t", is_over=lambda: False)
    assert next(results) == 0
    with pytest.raises(TimeoutError, match="its own"):
        next(results)


def test_whoever_ends_does_not_wait_for_what_hangs():
    """It is left behind on a daemon."""
    hanging, over = threading.Event(), threading.Event()
    results = each_beside(
        lambda _: hanging.wait(30.0), range(2), 2, name="hangs", is_over=over.is_set
    )
    threading.Timer(0.05, over.set).start()
    began = time.monotonic()
    with pytest.raises(NobodyWaits):
        next(results)
    assert time.monotonic() - began < 10.0
    assert all(one.daemon for one in threading.enumerate() if one.name == "hangs")
    hanging.set()


def test_what_comes_of_it_can_be_asked_for_later():
    """Result or error."""
    assert beside(lambda: 7, "t").result(5.0) == 7
    with pytest.raises(ZeroDivisionError):
        beside(lambda: 1 // 0, "t").result(5.0)
