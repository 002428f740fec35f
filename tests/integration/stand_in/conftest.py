"""What every test of the stand-in begins with."""

import httpx
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.supabase_server import Person, SupabaseServer


@pytest.fixture
def clock():
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def server(clock):
    """A project."""
    with SupabaseServer(clock=clock.now) as running:
        yield running


@pytest.fixture
def http():
    """A client for all of a test's requests."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def person(server, http):
    """Somebody signed in."""
    return Person(server, http)
