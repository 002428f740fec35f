"""Starts, stops and brings back."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.log import RecordingLog
from zoomsync_agent.core.errors import StoreDamaged
from zoomsync_agent.engine.supervisor import Supervisor


class Service:
    """A service that dies when it is told to."""

    def __init__(self, name, diary, *, error=None, is_stubborn=False):
        self.name, self._diary, self._error = name, diary, error
        self._is_stubborn = is_stubborn
        self.is_alive = False
        self.failure = None

    def start(self):
        """Begin."""
        if self._error is not None:
            raise self._error
        self._diary.append(f"start {self.name}")
        self.is_alive, self.failure = True, None

    def stop(self, timeout):
        """End."""
        self._diary.append(f"stop {self.name}")
        self.is_alive = self._is_stubborn

    def die(self, failure=None):
        """Die."""
        self.is_alive, self.failure = False, failure


@pytest.fixture
def diary():
    """Give the order in which things happened."""
    return []


def _supervise(services, clock=None, log=None):
    return Supervisor(services, clock=clock or ManualClock(), log=log or RecordingLog())


def test_services_start_in_order_and_stop_in_reverse(diary):
    """All are told to stop before the first is waited for."""
    supervisor = _supervise([Service(name, diary) for name in "abc"])
    supervisor.start()
    supervisor.stop(1.0)
    assert diary == [
        "start a", "start b", "start c",
        "stop c", "stop b", "stop a", "stop c", "stop b", "stop a",
    ]  # fmt: skip


def test_a_start_that_fails_is_undone(diary):
    """Nothing keeps running half."""
    services = [Service("a", diary), Service("b", diary), Service("c", diary, error=OSError("no"))]
    with pytest.raises(OSError, match="no"):
        _supervise(services).start()
    assert diary == ["start a", "start b", "stop b", "stop a"]


def test_a_service_that_dies_comes_back_after_a_wait_that_grows(diary):
    """At once would be a busy loop; never would be the end of the agent."""
    clock, log = ManualClock(), RecordingLog()
    service, other = Service("a", diary), Service("b", diary)
    supervisor = _supervise([service, other], clock, log)
    supervisor.start()
    waits = []
    for _ in range(6):
        service.die(ZeroDivisionError("bug"))
        supervisor.check()
        begun = clock.monotonic()
        while not service.is_alive:
            clock.advance(1.0)
            supervisor.check()
        waits.append(clock.monotonic() - begun)
    assert waits == [1.0, 5.0, 30.0, 120.0, 120.0, 120.0]
    assert diary.count("start b") == 1
    died = log.named("service died")
    assert len(died) == 6
    assert "bug" in died[0].fields["failure"]


def test_who_has_lived_for_ten_minutes_has_not_died_before(diary):
    """Two deaths a month apart are two first deaths."""
    clock, log = ManualClock(), RecordingLog()
    service = Service("a", diary)
    supervisor = _supervise([service], clock, log)
    supervisor.start()
    for life in (60.0, 700.0, 60.0):
        service.die()
        for seconds in (0.0, 130.0, 0.0, life, 0.0):
            clock.advance(seconds)
            supervisor.check()
        assert service.is_alive
    assert [one.fields["restart_in"] for one in log.named("service died")] == [1.0, 5.0, 1.0]


def test_it_knows_when_nothing_works_any_more(diary):
    """Whoever outlives the stop still works."""
    services = [Service("a", diary), Service("b", diary, is_stubborn=True)]
    supervisor = _supervise(services)
    supervisor.start()
    supervisor.stop(0.0)
    assert not supervisor.has_ended
    services[1].die()
    assert supervisor.has_ended


def test_a_service_that_cannot_be_brought_back_is_tried_again(diary):
    """No thread can be made just now: that must not end the agent."""
    clock = ManualClock()
    service = Service("a", diary)
    supervisor = _supervise([service], clock)
    supervisor.start()
    service.die()
    service._error = RuntimeError("can't start new thread")
    for _ in range(300):
        supervisor.check()
        clock.advance(1.0)
    service._error = None
    for _ in range(300):
        supervisor.check()
        clock.advance(1.0)
    assert service.is_alive


def test_a_damaged_database_is_reported_once(diary):
    """Nothing is brought back: only a rebuild helps."""
    clock = ManualClock()
    services = [Service("a", diary), Service("b", diary)]
    supervisor = _supervise(services, clock)
    supervisor.start()
    damage = StoreDamaged("page 3")
    for service in services:
        service.die(damage)
    with pytest.raises(StoreDamaged) as told:
        supervisor.check()
    assert told.value is supervisor.damage is damage
    for _ in range(5):
        clock.advance(1_000.0)
        supervisor.check()
    assert diary == ["start a", "start b"]


def test_before_the_start_and_after_the_stop_nothing_is_brought_back(diary):
    """A stopped agent stays stopped."""
    clock = ManualClock()
    supervisor = _supervise([Service("a", diary)], clock)
    supervisor.check()
    supervisor.start()
    supervisor.stop(1.0)
    for _ in range(3):
        clock.advance(1_000.0)
        supervisor.check()
    assert diary.count("start a") == 1


def test_a_service_that_does_not_stop_is_told(diary):
    """And the others are stopped all the same."""
    log = RecordingLog()
    supervisor = _supervise([Service("a", diary), Service("b", diary, is_stubborn=True)], log=log)
    supervisor.start()
    supervisor.stop(0.0)
    assert [event.fields for event in log.named("service did not stop in time")] == [
        {"service": "b"}
    ]
    assert diary[-1] == "stop a"


def test_a_service_that_is_not_wanted_rests_and_comes_back(diary):
    """It is not started, stopped at once where it runs, and started again when it is wanted."""
    resting = {"a"}
    services = [Service("a", diary), Service("b", diary)]
    log = RecordingLog()
    supervisor = Supervisor(
        services, clock=ManualClock(), log=log, rests=lambda one: one.name in resting
    )
    supervisor.start()
    assert diary == ["start b"]
    supervisor.check()
    resting.clear()
    supervisor.check()
    assert diary == ["start b", "start a"]
    resting.add("b")
    supervisor.check()
    supervisor.check()
    assert diary == ["start b", "start a", "stop b"]
    assert not log.warnings if hasattr(log, "warnings") else True


def test_a_service_that_ends_slowly_is_not_started_twice(diary):
    """It cannot begin anew before it has ended."""
    resting = {"a"}
    service = Service("a", diary, is_stubborn=True)
    supervisor = Supervisor(
        [service], clock=ManualClock(), log=RecordingLog(), rests=lambda one: one.name in resting
    )
    resting.clear()
    supervisor.start()
    resting.add("a")
    supervisor.check()
    resting.clear()
    supervisor.check()
    assert diary == ["start a", "stop a"]
    service.die()
    supervisor.check()
    assert diary == ["start a", "stop a", "start a"]


def test_a_service_that_cannot_be_started_after_its_rest_ends_nothing(diary):
    """It is tried again like one that died."""
    clock, resting = ManualClock(), {"a"}
    service = Service("a", diary, error=RuntimeError("can't start new thread"))
    supervisor = Supervisor(
        [service], clock=clock, log=RecordingLog(), rests=lambda one: one.name in resting
    )
    supervisor.start()
    resting.clear()
    supervisor.check()
    assert not service.is_alive
    service._error = None
    for _ in range(5):
        clock.advance(200.0)
        supervisor.check()
    assert service.is_alive
