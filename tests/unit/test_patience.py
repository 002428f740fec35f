"""A few tries in a row: how often, how long, and who may end them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.destinations.patience import WAITS, Patience


class Stumble(Exception):
    """Over in a moment."""


class Refusal(Exception):
    """For good."""


class Stopped(Exception):
    """Told to."""


class Bench:
    """Something that fails so often, and the naps meanwhile."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.tries = 0
        self.naps = []
        self.patience = Patience(lambda exc: isinstance(exc, Stumble), self.naps.append)

    def do(self):
        """Fail, or return how often that took."""
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        return self.tries

    def never(self):
        """Ask for no stop."""


@given(st.integers(0, 4))
def test_what_stumbles_is_tried_again(times):
    """After half a second, one, two, four; a quarter more or less."""
    bench = Bench(*[Stumble()] * times)
    assert bench.patience.try_(bench.do, bench.never) == times + 1
    wanted = sum(WAITS[:times])
    assert 0.75 * wanted <= sum(bench.naps) <= 1.25 * wanted + 1e-9
    assert all(nap <= 0.25 for nap in bench.naps)


def test_the_fifth_failure_is_the_last():
    """What was raised then is what is told."""
    last = Stumble("last")
    bench = Bench(*[Stumble()] * 4, last)
    with pytest.raises(Stumble) as told:
        bench.patience.try_(bench.do, bench.never)
    assert told.value is last
    assert bench.tries == 5


@pytest.mark.parametrize("before", [0, 1, 4])
def test_a_refusal_is_not_tried_again(before):
    """It would be the same the next time."""
    bench = Bench(*[Stumble()] * before, Refusal())
    with pytest.raises(Refusal):
        bench.patience.try_(bench.do, bench.never)
    assert bench.tries == before + 1


def test_told_to_stop_nobody_waits():
    """It is asked before each nap, and not in between by the clock."""
    bench = Bench(*[Stumble()] * 9)

    def stop():
        if len(bench.naps) >= 3:
            raise Stopped

    with pytest.raises(Stopped):
        bench.patience.try_(bench.do, stop)
    assert len(bench.naps) == 3


def test_what_succeeds_at_once_costs_nothing():
    """No nap, and no question."""
    bench = Bench()

    def ask():
        raise Stopped

    assert bench.patience.try_(bench.do, ask) == 1
    assert bench.naps == []
