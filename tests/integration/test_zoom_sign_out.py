"""Signing out of Zoom ends the sign-in there too, whatever the process still has in hand."""

import threading

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.http_server import Fault, delay, html
from tests.fakes.process import wait_for
from tests.fakes.secrets import MemorySecrets
from tests.fakes.zoom import ZoomServer
from zoomsync_agent.core.account import AccountState
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.zoom.app import ZoomApp
from zoomsync_agent.zoom.session import ZoomKeeper


class World:
    """Somebody who is signed in to a Zoom of their own."""

    def __init__(self, folder):
        self.clock = ManualClock()
        self.zoom = ZoomServer(clock=self.clock.now)
        self.secrets = MemorySecrets()
        self._lock_file = folder / "zoom.lock"

    def keeper(self):
        """Return who keeps the sign-in, as another process would have it."""
        app = ZoomApp(self.zoom.public_client_id, oauth=self.zoom.zoom_url, api=self.zoom.api_url)
        return ZoomKeeper(app, self.secrets, self._lock_file, clock=self.clock)

    def sign_in(self):
        """Sign in without a browser."""
        told = self.zoom.sign_in()
        keeper = self.keeper()
        keeper.adopt(Grant(told["access_token"], told["refresh_token"], 3599, "ann"))
        return keeper

    def is_over(self):
        """Return whether Zoom has ended the sign-in: nothing that it gave opens anything."""
        return all(one.grant.is_revoked for one in self.zoom._access.values())


@pytest.fixture
def world(tmp_path):
    """Give it."""
    found = World(tmp_path)
    with found.zoom:
        yield found


def test_the_process_that_signed_in(world):
    """It has an access token, and spends nothing else."""
    assert world.sign_in().sign_out().state is AccountState.SIGNED_OUT
    assert world.is_over()
    assert world.zoom.seen("POST", "/oauth/token") == []


def test_another_process(world):
    """As `zoomsync sign-out zoom` is one: the keyring holds no access token, and Zoom wants one."""
    world.sign_in()
    assert world.keeper().sign_out().state is AccountState.SIGNED_OUT
    assert world.is_over()
    assert world.secrets.values == {}


def test_hours_after_the_last_request(world):
    """The access token has come to its end, the sign-in has not."""
    keeper = world.sign_in()
    world.clock.advance(7200)
    assert keeper.sign_out().state is AccountState.SIGNED_OUT
    assert world.is_over()


def test_zoom_does_not_answer(world):
    """Then it is over here all the same."""
    world.sign_in()
    fault = Fault(("POST", "/oauth/"), html(503), times=9)
    world.zoom.faults.append(fault)
    assert world.keeper().sign_out().state is AccountState.SIGNED_OUT
    assert fault.fired
    assert world.secrets.values == {}


def test_a_token_that_is_being_renewed_is_stored_before_the_process_ends(world):
    """Otherwise the old one would be spent, and the new one nowhere."""
    world.sign_in()
    keeper = world.keeper()
    world.clock.advance(7200.0)
    slow = Fault(("POST", "/oauth/token"), delay(0.5))
    world.zoom.faults.append(slow)
    before = world.secrets.writes
    renewing = threading.Thread(target=keeper.token, daemon=True)
    renewing.start()
    wait_for("it is being renewed", keeper._changing.locked)
    assert keeper.finish(30.0)
    assert slow.fired == 1
    assert world.secrets.writes > before
    renewing.join(5.0)
    assert keeper.finish(0.0)
