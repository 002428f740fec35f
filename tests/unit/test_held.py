"""What the surroundings hold: no job of those gates is taken, and one that runs stops."""

import pytest

from tests.fakes.workshop import Workshop
from zoomsync_agent.core.errors import DestinationUnavailable
from zoomsync_agent.core.facts import HELD_BY, HOLDS_OVERRULED
from zoomsync_agent.core.job import JobId, State
from zoomsync_agent.core.surroundings import Aspect, text_of


@pytest.fixture
def shop(tmp_path):
    """Give an engine that works when it is told to."""
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


def _hold(shop, *gates):
    shop.state.set(HELD_BY, text_of({Aspect.BATTERY: frozenset(gates)}) if gates else None)


def test_what_is_held_is_not_taken(shop):
    """And waits for the bell, not for a time."""
    shop.add("m/a.mp4", b"0123456789")
    _hold(shop, shop.destination.name)
    assert shop.run() == 0
    assert shop.job().state is State.READY
    assert shop.worker._idle_seconds() is None
    _hold(shop)
    shop.run()
    assert shop.job().state is State.DONE


def test_another_gate_is_not_held_with_it(shop):
    """A copy to a drive goes on over a metered network."""
    shop.add("m/a.mp4", b"0123456789")
    _hold(shop, "zoom")
    shop.run()
    assert shop.job().state is State.DONE


def test_a_running_upload_stops_at_its_next_durable_point_and_goes_on_there(shop):
    """No byte is sent twice, and it counts as no failure."""
    shop.add("m/a.mp4", b"0123456789")
    seen = []

    def take(_count, stop):
        seen.append(1)
        if len(seen) == 2:
            _hold(shop, shop.destination.name)
            stop._asked_at = 0.0  # the quarter of a second is over

    shop.worker._pace.take = take
    shop.run()
    assert (shop.job().state, shop.job().attempt) == (State.READY, 0)
    sent = list(shop.memory.chunks)
    assert 0 < sum(count for _offset, count in sent) < 10
    _hold(shop)
    shop.run()
    assert shop.job().state is State.DONE
    assert sum(count for _offset, count in shop.memory.chunks) == 10


def test_who_overrules_it_is_served_at_once(shop):
    """By another process, too: it is asked for each job."""
    shop.add("m/a.mp4", b"0123456789")
    _hold(shop, shop.destination.name)
    assert shop.run() == 0
    shop.state.set(HOLDS_OVERRULED, "battery")
    shop.run()
    assert shop.job().state is State.DONE


def test_what_is_held_is_not_probed(shop):
    """A probe is an upload, too; it is made up for as soon as nothing is held."""
    shop.add("m/a.mp4", b"0123456789")
    name = shop.destination.name
    shop.breaker.failed(name, JobId(1), DestinationUnavailable())
    shop.breaker.probe_soon()
    _hold(shop, name)
    assert shop.run() == 0
    assert shop.breaker.shut == {name}
    assert shop.breaker.seconds_to_probe({name}) is None
    assert shop.breaker.seconds_to_probe() == 0
    _hold(shop)
    shop.run()
    assert shop.job().state is State.DONE
