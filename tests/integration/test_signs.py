"""What a Linux system tells over its message bus, with a real bus and services of the tests."""

import contextlib
import tempfile
import time
from pathlib import Path

import pytest

from tests.fakes.bus_services import BusService
from tests.fakes.process import wait_for
from tests.fakes.tray.bus import SessionBus
from zoomsync_agent.core.surroundings import Aspect, Sign
from zoomsync_agent.desktop.bus import Bus, BusError
from zoomsync_agent.desktop.surroundings import ThisComputer, network, signs
from zoomsync_agent.desktop.surroundings.signs import SystemSigns

NETWORK = "org.freedesktop.NetworkManager"
POWER = "org.freedesktop.UPower"
LOGIN = "org.freedesktop.login1"
ONLINE = {"State": ("u", 70), "Connectivity": ("u", 4), "Metered": ("u", 4)}
PRIMARY = {"PrimaryConnection": ("o", "/1")}


@pytest.fixture
def bus():
    """Give a bus; its socket lies at a short path."""
    with tempfile.TemporaryDirectory() as folder, SessionBus(Path(folder)) as found:
        yield found


@pytest.fixture
def manager(bus):
    """Give a NetworkManager that is online."""
    path = "/org/freedesktop/NetworkManager"
    with BusService(bus.address, NETWORK, path, {NETWORK: ONLINE | PRIMARY}) as found:
        yield found


@contextlib.contextmanager
def listening(address):
    """Give what is heard of the system at *address*, once it is listened to."""
    heard = []
    service = SystemSigns(heard.append, address)
    service.start()
    try:
        yield heard, service
    finally:
        service.stop(30.0)
        assert not service.is_alive  # it does not wait for what never comes
        assert service.failure is None


def wait_ready(service, manager):
    """Wait until NetworkManager has been asked for all that matters."""
    wait_for("it is listened", lambda: service._network and len(manager.calls) >= 4)


def wait_heard(heard, *signs):
    """Wait until these signs have been heard, in this order."""
    wait_for(f"{signs} are heard", lambda: heard == list(signs), 10.0)


def test_the_end_of_a_sleep_is_told_and_its_beginning_is_not(bus, manager):
    """Logind says both with one signal."""
    with (
        BusService(bus.address, LOGIN, "/org/freedesktop/login1") as login,
        listening(bus.address) as (heard, service),
    ):
        wait_ready(service, manager)
        login.tell(f"{LOGIN}.Manager", "PrepareForSleep", "b", (True,))
        login.tell(f"{LOGIN}.Manager", "PrepareForSleep", "b", (False,))
        wait_heard(heard, Sign.WOKE)


def test_the_network_that_is_back_is_told_once(bus, manager):
    """On the way there it changes several times."""
    with listening(bus.address) as (heard, service):
        wait_ready(service, manager)
        manager.change(NETWORK, State=20, Connectivity=1)
        wait_heard(heard, Sign.CHANGED)
        manager.change(NETWORK, State=40)
        wait_heard(heard, Sign.CHANGED, Sign.CHANGED)
        manager.change(NETWORK, State=70, Connectivity=4)
        wait_heard(heard, Sign.CHANGED, Sign.CHANGED, Sign.ONLINE, Sign.CHANGED)
        manager.change(NETWORK, Metered=1)
        wait_heard(heard, Sign.CHANGED, Sign.CHANGED, Sign.ONLINE, *[Sign.CHANGED] * 2)


def test_a_portal_is_no_network_until_somebody_has_signed_in(bus, manager):
    """In hotels."""
    with listening(bus.address) as (heard, service):
        wait_ready(service, manager)
        manager.change(NETWORK, Connectivity=2)
        manager.change(NETWORK, Connectivity=4)
        wait_heard(heard, Sign.CHANGED, Sign.ONLINE, Sign.CHANGED)


def test_another_network_is_a_new_chance(bus, manager):
    """From the office's to one's own: it was never offline in between."""
    with listening(bus.address) as (heard, service):
        wait_ready(service, manager)
        manager.change(NETWORK, PrimaryConnection="/2")
        wait_heard(heard, Sign.ONLINE, Sign.CHANGED)


def test_power_that_changes_is_told(bus, manager):
    """What it is now is asked elsewhere."""
    supplies = {POWER: {"OnBattery": ("b", False)}}
    with (
        BusService(bus.address, POWER, "/org/freedesktop/UPower", supplies) as power,
        listening(bus.address) as (heard, service),
    ):
        wait_ready(service, manager)
        power.change(POWER, OnBattery=True)
        wait_heard(heard, Sign.CHANGED)


def test_a_bus_that_dies_is_found_again(bus, monkeypatch):
    """Nothing is lost but what was told meanwhile."""
    monkeypatch.setattr(signs, "_AGAIN_SECONDS", 0.05)
    path = "/org/freedesktop/NetworkManager"
    with contextlib.ExitStack() as first:
        manager = BusService(bus.address, NETWORK, path, {NETWORK: ONLINE | PRIMARY})
        first.enter_context(manager)
        with listening(bus.address) as (heard, service):
            wait_ready(service, manager)
            bus.kill()
            first.close()
            bus.start()
            with BusService(bus.address, NETWORK, path, {NETWORK: ONLINE | PRIMARY}) as manager:
                # It may have connected before the name was taken; a signal comes all the same.
                wait_for("it is back", lambda: _changes(manager) or Sign.ONLINE in heard, 10.0)


def _changes(manager):
    was = manager.properties[NETWORK]["PrimaryConnection"][1]
    manager.change(NETWORK, PrimaryConnection="/2" if was == "/1" else "/1")


def test_a_network_manager_that_comes_late_is_heard(bus, monkeypatch):
    """Its first signal names what has changed and no more; the rest is asked for."""
    asked = []
    real = signs._network_of
    monkeypatch.setattr(signs, "_network_of", lambda bus: asked.append(real(bus)) or asked[-1])
    path = "/org/freedesktop/NetworkManager"
    with listening(bus.address) as (heard, _service):
        wait_for("nobody was there", lambda: asked == [{}])
        with BusService(bus.address, NETWORK, path, {NETWORK: ONLINE | PRIMARY}) as manager:
            manager.change(NETWORK, PrimaryConnection="/2")
            wait_heard(heard, Sign.ONLINE, Sign.CHANGED)
            manager.change(NETWORK, State=20)
            wait_heard(heard, Sign.ONLINE, Sign.CHANGED, Sign.CHANGED)


def test_a_network_manager_that_cannot_answer_yet_is_asked_again(bus, monkeypatch):
    """Half of what it says is no reason to take it for offline."""
    answers = [{}, {}, {"State": 70, "Connectivity": 4, "PrimaryConnection": "/1"}]
    monkeypatch.setattr(signs, "_network_of", lambda _bus: answers.pop(0))
    path = "/org/freedesktop/NetworkManager"
    with (
        BusService(bus.address, NETWORK, path, {NETWORK: ONLINE | PRIMARY}) as manager,
        listening(bus.address) as (heard, _service),
    ):
        wait_for("it was asked at the start", lambda: len(answers) == 2)
        manager.change(NETWORK, PrimaryConnection="/2")
        wait_heard(heard, Sign.CHANGED)
        manager.change(NETWORK, Metered=4)
        wait_for("it is heard", lambda: Sign.ONLINE in heard, 10.0)
    assert answers == []


def test_without_a_bus_nothing_is_told_and_nothing_fails(tmp_path):
    """In a container."""
    with listening(f"unix:path={tmp_path}/none") as (heard, service):
        assert service.is_alive
    assert heard == []


def test_without_network_manager_the_rest_is_still_heard(bus):
    """Servers have none."""
    with (
        BusService(bus.address, LOGIN, "/org/freedesktop/login1") as login,
        listening(bus.address) as (heard, _service),
    ):

        def told():
            login.tell(f"{LOGIN}.Manager", "PrepareForSleep", "b", (False,))
            return heard

        wait_for("the wake is heard", told, 10.0)
    assert set(heard) == {Sign.WOKE}


@pytest.mark.parametrize(
    ("told", "expected"), [(0, None), (1, True), (2, False), (3, True), (4, False), (9, None)]
)
def test_network_manager_tells_what_the_network_costs(bus, manager, told, expected):
    """Or guesses it."""
    manager.properties[NETWORK]["Metered"] = ("u", told)
    found = ThisComputer(bus.address).look(frozenset({Aspect.METERED}))
    assert found.is_metered is expected


def test_without_network_manager_the_costs_are_not_known(bus, tmp_path):
    """Nor without a bus; and neither is waited for."""
    began = time.monotonic()
    assert network.of_network_manager(bus.address) is None
    assert network.of_network_manager(f"unix:path={tmp_path}/none") is None
    assert time.monotonic() - began < 2.0


def test_a_service_that_does_not_answer_is_not_waited_for(bus, monkeypatch):
    """Longer than two seconds, that is."""
    monkeypatch.setattr("zoomsync_agent.desktop.bus.ANSWER_SECONDS", 0.1)
    path = "/org/freedesktop/NetworkManager"
    with BusService(bus.address, NETWORK, path, {NETWORK: ONLINE}) as manager:
        manager._answer = lambda _message: time.sleep(0.5) or _nothing()
        assert network.of_network_manager(bus.address) is None


def _nothing():
    from jeepney import DBusAddress, new_signal

    return new_signal(DBusAddress("/x", interface="x.y"), "Nothing")


def test_an_error_is_named(bus):
    """Whatever the bus says."""
    with Bus(bus.address) as one, pytest.raises(BusError, match="ServiceUnknown"):
        one.property_of(NETWORK, "/", NETWORK, "Metered")
