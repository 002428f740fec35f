"""What lies in Zoom's cloud is listed whole, over all that Zoom does on the way."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import ManualClock
from tests.fakes.http_server import Fault, html
from tests.fakes.secrets import MemorySecrets
from tests.fakes.zoom import ADMIN_SCOPES, ZoomServer, api_error, generate
from zoomsync_agent.core.errors import (
    RemoteUnavailable,
    ScopeMissing,
    ZoomDenied,
    ZoomParked,
    ZoomSignInRequired,
)
from zoomsync_agent.core.selection import Selection
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.zoom.app import ZoomApp
from zoomsync_agent.zoom.client import WINDOW_DAYS, ZoomClient, encoded, windows
from zoomsync_agent.zoom.limits import Category, RateLimits
from zoomsync_agent.zoom.models import meeting_of
from zoomsync_agent.zoom.session import ZoomKeeper

LISTING = "/v2/users/me/recordings"


class World:
    """Somebody who is signed in to a Zoom of their own."""

    def __init__(self, folder, **server):
        self.clock = ManualClock()
        self.zoom = ZoomServer(clock=self.clock.now, **server)
        self.ann = self.zoom.add_user("ann@example.org")
        self.secrets = MemorySecrets()
        self.waits = []
        app = ZoomApp(self.zoom.public_client_id, oauth=self.zoom.zoom_url, api=self.zoom.api_url)
        self.keeper = ZoomKeeper(app, self.secrets, folder / "zoom.lock", clock=self.clock)
        self.limits = RateLimits(self.clock.now, self.clock.monotonic)
        self.client = ZoomClient(self.keeper, self.limits, self._wait)

    def _wait(self, seconds):
        self.waits.append(seconds)
        self.clock.advance(seconds)

    def sign_in(self, scopes=None):
        """Sign in without a browser."""
        told = self.zoom.sign_in(self.ann, scopes)
        grant = Grant(
            told["access_token"],
            told["refresh_token"],
            told["expires_in"],
            self.ann.id,
            "ann@example.org",
            told["scope"],
            told.get("api_url", ""),
        )
        self.keeper.adopt(grant)

    def shown(self):
        """Return what Zoom shows of its cloud: not what lies in the trash."""
        now = self.clock.now()
        return {one.uuid for one in self.zoom.meetings.values() if one.is_shown(now)}

    @property
    def today(self):
        """The day at Zoom."""
        return datetime.fromtimestamp(self.clock.now(), UTC).date()

    def listed(self, days):
        """Return the UUIDs of what is listed of the last days, each as often as it is."""
        first = self.today - timedelta(days=days)
        return [
            one.uuid
            for window in windows(first, self.today)
            for one in self.client.meetings(window)
        ]


@pytest.fixture
def world(tmp_path):
    """Give it."""
    found = World(tmp_path)
    with found.zoom:
        found.sign_in()
        yield found
        found.client.close()


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 900))
def test_windows_cover_every_day_once(last, days):
    """None is longer than Zoom takes."""
    first = last - timedelta(days=days)
    found = list(windows(first, last))
    covered = [
        window.first + timedelta(days=n)
        for window in found
        for n in range((window.last - window.first).days + 1)
    ]
    assert len(covered) == len(set(covered)) == days + 1
    assert set(covered) == {first + timedelta(days=n) for n in range(days + 1)}
    assert all((one.last - one.first).days < WINDOW_DAYS for one in found)


@pytest.mark.parametrize("shuffles", [False, True])
def test_two_years_are_listed_whole(world, shuffles):
    """Each meeting once, whatever the order, over months that Zoom would cut."""
    generate(world.zoom, 3, 400)
    world.zoom.shuffles = shuffles
    found = world.listed(800)
    assert len(found) == len(set(found))
    assert set(found) == world.shown()


def test_a_window_that_zoom_cut_silently_is_noticed(world):
    """The days that it echoes are compared with those that were asked for."""
    (window, *_) = windows(world.today - timedelta(days=60), world.today)
    wide = type(window)(window.last - timedelta(days=60), window.last)
    with pytest.raises(RemoteUnavailable, match="and not from"):
        world.client.meetings(wide)


def test_pages_that_expired_are_read_again_from_the_first(world):
    """A quarter of an hour passes between two pages."""
    generate(world.zoom, 5, 1_500, span_seconds=20 * 86_400)

    def later(exchange, work):
        del exchange
        done = work()
        world.clock.advance(1_000)
        return done

    fault = Fault(("GET", LISTING), later)
    world.zoom.faults.append(fault)
    found = world.listed(25)
    assert fault.fired == 1
    assert len(found) == len(set(found))
    assert set(found) == world.shown()


def test_every_kind_of_uuid_is_found(world):
    """Those with slashes too, encoded twice."""
    for kind in ("plain", "slash", "leading", "double"):
        meeting = world.zoom.add_meeting("Sync", world.clock.now() - 3600, 30, uuid_kind=kind)
        found = world.client.meeting(meeting.uuid)
        assert found is not None
        assert found[0].uuid == meeting.uuid
    assert encoded("/a==") == "%252Fa%253D%253D"
    assert world.client.meeting("nobody==") is None


def test_a_meeting_that_runs_is_there_and_not_finished(world):
    """Its empty fields are survived."""
    world.zoom.start_recording("Now", user=world.ann)
    generate(world.zoom, 1, 3, span_seconds=86_400)
    first = world.today - timedelta(days=2)
    running = [
        one
        for window in windows(first, world.today)
        for one in world.client.meetings(window)
        if one.topic == "Now"
    ]
    assert len(running) == 1
    assert not any(file.is_finished for file in running[0].files)


@pytest.mark.parametrize("text", ["Invalid access token.", "Access token is expired."])
def test_a_token_that_ended_is_renewed_once(world, text):
    """Whatever our own clock says."""
    fault = Fault(("GET", LISTING), api_error(401, 124, text))
    world.zoom.faults.append(fault)
    assert world.listed(5) == []
    assert fault.fired == 1
    always = Fault(("GET", LISTING), api_error(401, 124, text), times=9)
    world.zoom.faults.append(always)
    with pytest.raises(ZoomSignInRequired):
        world.listed(5)
    assert always.fired == 2


def test_scopes_that_are_missing_are_named(world):
    """In Zoom's own words, which renewing does not help."""
    world.sign_in(["user:read:user"])
    with pytest.raises(ScopeMissing, match="cloud_recording:read:list_user_recordings"):
        world.listed(5)


@pytest.mark.parametrize("status", [200, 400])
def test_a_plan_without_cloud_recordings_is_said(world, status):
    """Also where Zoom says so with a success."""
    fault = Fault(("GET", LISTING), api_error(status, 200, "No permission."), times=9)
    world.zoom.faults.append(fault)
    with pytest.raises(ZoomDenied):
        world.listed(5)
    assert fault.fired == 1


def test_trouble_at_zoom_is_waited_out(world):
    """A few times, and then left for later."""
    generate(world.zoom, 2, 5, span_seconds=3 * 86_400)
    fault = Fault(("GET", LISTING), html(502), times=2)
    world.zoom.faults.append(fault)
    assert set(world.listed(5)) == world.shown()
    assert fault.fired == 2
    assert world.waits
    world.zoom.faults.append(Fault(("GET", LISTING), html(503), times=99))
    with pytest.raises(RemoteUnavailable):
        world.listed(5)


def test_too_fast_is_slowed_down(tmp_path):
    """A free account may ask twice a second; nothing is lost for it."""
    world = World(tmp_path, plan="free")
    with world.zoom:
        world.sign_in()
        generate(world.zoom, 4, 60)
        found = world.listed(760)
        assert set(found) == world.shown()
        assert world.waits
        world.client.close()


def test_the_limit_of_a_day_parks_everything_until_it_ends(world):
    """Nothing is asked meanwhile, and it is said until when."""
    until = datetime.fromtimestamp(world.clock.now() + 7_200, UTC)
    headers = {
        "X-RateLimit-Type": "Daily-limit",
        "Retry-After": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }

    def used_up(exchange, work):
        done = api_error(429, 429, "You have reached the maximum daily rate limit")(exchange, work)
        done.headers.update(headers)
        return done

    fault = Fault(("GET", LISTING), used_up)
    world.zoom.faults.append(fault)
    with pytest.raises(ZoomParked, match=until.strftime("%H:%M UTC")):
        world.listed(5)
    asked = len(world.zoom.requests)
    with pytest.raises(ZoomParked):
        world.listed(5)
    assert len(world.zoom.requests) == asked
    world.clock.advance(7_300)
    assert world.listed(5) == []
    assert fault.fired == 1


@given(st.text(), st.text(), st.integers(100, 599))
def test_no_header_of_a_limit_raises(retry_after, reset, status):
    """A client that takes a time for a number crashes."""
    limits = RateLimits(lambda: 1_000_000.0, lambda: 5.0)
    headers = {"retry-after": retry_after, "x-ratelimit-reset": reset}
    assert limits.heard(Category.LIGHT, status, headers) >= 0
    assert limits.wait(Category.LIGHT) >= 0


def test_an_account_is_listed_where_that_was_granted(world):
    """And only there."""
    bob = world.zoom.add_user("bob@example.org")
    world.zoom.add_meeting("Of Bob", world.clock.now() - 3600, 30, user=bob)
    assert not world.client.is_account_wide
    world.ann.is_admin = True
    world.sign_in(list(ADMIN_SCOPES))
    assert world.client.is_account_wide
    (window, *_) = windows(world.today - timedelta(days=3), world.today)
    found = world.client.meetings(window, account_wide=True)
    assert [one.topic for one in found] == ["Of Bob"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
FIELDS = ("uuid", "id", "topic", "start_time", "duration", "recording_files", "type", "host_email")
FILES = ("id", "file_type", "file_size", "status", "recording_start", "recording_end")


@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.lists(st.dictionaries(st.sampled_from(FILES), JSON), max_size=3),
)
def test_whatever_zoom_tells_is_read_with_patience(told, files):
    """Wrong types, missing keys and foreign values never raise."""
    found = meeting_of({**told, "participant_audio_files": files})
    if found is not None:
        assert found.uuid
        assert found.size >= 0
        assert all(isinstance(one.is_finished, bool) for one in found.files)


def test_a_selection_is_of_topics_hosts_kinds_and_lengths():
    """In any case; nothing said is everything."""
    chosen = Selection("sync", "ANN@", frozenset({"text"}), 10)
    assert chosen.takes_meeting("Weekly SYNC", "ann@example.org", 10)
    assert not chosen.takes_meeting("Weekly SYNC", "bob@example.org", 10)
    assert not chosen.takes_meeting("Weekly SYNC", "ann@example.org", 9)
    assert chosen.takes_file("transcript")
    assert not chosen.takes_file("MP4")
    assert Selection().takes_file("something new")
    assert Selection().takes_meeting("", "", 0)
