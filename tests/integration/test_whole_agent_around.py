"""The whole agent in surroundings that change: battery, costs, meetings, sleep and networks."""

import contextlib
import time

import pytest

from tests.fakes import media
from tests.fakes.process import wait_for
from tests.fakes.s3_server import S3Server
from tests.fakes.surroundings import FakeNotifier, FakeSurroundings
from zoomsync_agent import app, settings
from zoomsync_agent.app.surroundings import Around
from zoomsync_agent.core.facts import NOTICES_MEMORY
from zoomsync_agent.core.snapshot import AgentState
from zoomsync_agent.core.surroundings import Sign
from zoomsync_agent.engine import telling
from zoomsync_agent.engine.breaker import FIRST_WAIT_SECONDS

SIZE = 3_000_000


class World:
    """A home with a recordings folder and an archive, in surroundings of its own."""

    def __init__(self, home, folder):
        self.home, self.folder = home, folder
        self.recordings, self.archive = folder / "Zoom", folder / "Archive"
        self.recordings.mkdir()
        self.surroundings, self.notifier = FakeSurroundings(), FakeNotifier()
        self._recorded = 0

    @contextlib.contextmanager
    def running(self, **chosen):
        """Give what people see and do of a running agent."""
        found = settings.load(
            self.home,
            {},
            cwd=self.folder,
            overrides={
                "recordings_path": self.recordings,
                "archive_path": self.archive,
                "quiet_seconds": 1,
                **chosen,
            },
        )
        around = Around(self.surroundings, self.notifier)
        with app.running(found, self.home, around=around) as agent:
            yield agent.control
        self.surroundings._heard = None

    def record(self, title="Weekly Sync", size=50_000):
        """Let Zoom finish a recording."""
        meeting = self.recordings / f"2026-03-14 10.00.05 {title}"
        meeting.mkdir()
        self._recorded += 1  # no two are alike
        (meeting / "video1399019170.mp4").write_bytes(media.mp4(size + self._recorded))

    def be(self, **changes):
        """Let something hold, and let the system tell that it changed."""
        self.surroundings.be(**changes)
        self.surroundings.tell(Sign.CHANGED)


@pytest.fixture
def world(home, tmp_path):
    """Give somebody's computer."""
    return World(home, tmp_path)


@pytest.fixture
def store():
    """Give a strict store."""
    with S3Server() as found:
        yield found


@pytest.fixture
def bucket(store, monkeypatch, tmp_path):
    """Give the settings of its bucket; the keys are in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", store.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", store.secret_key)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return {
        "destination": "s3",
        "s3_bucket": store.bucket,
        "s3_endpoint": store.url,
        "s3_region": store.region,
    }


def wait_state(control, state):
    """Return the snapshot once the agent is in *state*."""

    def seen():
        found = control.snapshot()
        return found if found.state is state else None

    return wait_for(f"it is {state}", seen, 30.0)


def wait_safe(control, files):
    """Return the snapshot once so many files are safe."""

    def seen():
        found = control.snapshot()
        return found if found.synced.files == files else None

    return wait_for(f"{files} files are safe", seen, 30.0)


@pytest.mark.parametrize(
    ("setting", "aspect", "said"),
    [("pause_on_battery", "on_battery", "runs on battery")],
)
def test_on_battery_nothing_moves_until_it_is_plugged_in(world, setting, aspect, said):
    """From the first byte on, with a sentence that says why and which setting decides."""
    world.record()
    world.surroundings.be(**{aspect: True})
    with world.running(**{setting: "yes"}) as control:
        seen = wait_state(control, AgentState.PAUSED)
        assert said in seen.sentence
        assert setting in seen.sentence
        assert "1 file waiting" in seen.sentence.lower()
        assert not seen.is_paused
        assert not list(world.archive.rglob("*.mp4"))
        world.be(**{aspect: False})
        seen = wait_safe(control, 1)
        assert seen.held == ""


def test_an_upload_that_runs_is_held_in_the_middle_and_goes_on(world):
    """Where it was; the pace makes it last."""
    world.record(size=SIZE)
    with world.running(pause_on_battery="yes", bandwidth_limit="2M") as control:
        wait_for("bytes move", lambda: any(one.sent for one in control.snapshot().active), 30.0)
        world.be(on_battery=True)
        wait_state(control, AgentState.PAUSED)
        wait_for("nothing moves", lambda: not control.snapshot().active, 10.0)
        assert control.snapshot().synced.files == 0
        world.be(on_battery=False)
        wait_safe(control, 1)
    assert len(list(world.archive.rglob("*.mp4"))) == 1


def test_somebody_may_go_on_all_the_same(world):
    """With the same word that ends a pause; another process's is heard, too."""
    world.record()
    world.surroundings.be(on_battery=True)
    with world.running(pause_on_battery="yes") as control:
        wait_state(control, AgentState.PAUSED)
        found = settings.load(
            world.home,
            {},
            cwd=world.folder,
            overrides={"recordings_path": world.recordings, "archive_path": world.archive},
        )
        with app.beside(found, world.home) as other:
            assert "battery" in other.snapshot().sentence
            other.resume()
            assert other.snapshot().held == ""
        wait_safe(control, 1)
        world.record("Second")
        control.look()
        wait_safe(control, 2)
        world.be(on_battery=False)
        wait_for("it is noticed", lambda: world.surroundings.asked, 10.0)
        wait_for(
            "it holds again",
            lambda: world.be(on_battery=True) or control.quiet._holds(None),
            10.0,
        )


def test_a_metered_network_does_not_hold_a_copy_to_a_drive(world):
    """Nothing of it goes over the network."""
    world.record()
    world.surroundings.be(is_metered=True)
    with world.running(pause_on_metered="yes") as control:
        wait_safe(control, 1)
        assert wait_state(control, AgentState.IDLE).held == ""


def test_a_metered_network_holds_what_goes_to_a_bucket(world, store, bucket):
    """Until it is another one; where that cannot be told, nothing is held for it."""
    world.record()
    world.surroundings.be(is_metered=True)
    with world.running(pause_on_metered="yes", **bucket) as control:
        seen = wait_state(control, AgentState.PAUSED)
        assert "metered" in seen.sentence
        assert not store.seen("PUT")
        world.be(is_metered=None)
        wait_safe(control, 1)
    assert store.objects


def test_a_network_that_was_lost_is_no_error_and_its_return_no_wait(world, store, bucket):
    """Offline is said, nobody is asked for anything, and uploads begin by themselves."""
    # The store that comes back is there until the agent has ended.
    with contextlib.ExitStack() as later, world.running(**bucket) as control:
        wait_state(control, AgentState.IDLE)
        store.close()
        world.record()
        control.look()
        seen = wait_state(control, AgentState.OFFLINE)
        assert seen.problem.is_offline
        back = later.enter_context(S3Server(port=store.port))
        began = time.monotonic()
        world.surroundings.tell(Sign.ONLINE)
        wait_safe(control, 1)
        # By itself it would be looked again after a quarter of a minute.
        assert time.monotonic() - began < FIRST_WAIT_SECONDS - 3
        assert back.objects
    assert world.notifier.told == []


def test_battery_and_costs_hold_nothing_unless_somebody_wants_it(world):
    """By default."""
    world.record()
    world.surroundings.be(on_battery=True, is_metered=True)
    with world.running() as control:
        wait_safe(control, 1)
    assert not any({"battery", "metered"} & asked for asked in world.surroundings.asked)


def test_an_upload_is_polite_to_a_meeting(world):
    """Slower while it runs, as fast as ever after its end; both without a new start."""
    world.record(size=SIZE)
    world.surroundings.be(in_meeting=True)
    # So fast without a meeting that it is seen, and slow enough not to be over before a look.
    with world.running(bandwidth_limit="1M", meeting_bandwidth_limit="50K") as control:
        seen = wait_for(
            "it is slow",
            lambda: (found := control.snapshot()).slowed and found,
            30.0,
        )
        assert seen.state is AgentState.WORKING
        assert "Zoom meeting" in seen.sentence
        assert "50.0 KB/s" in seen.sentence
        began = time.monotonic()
        world.be(in_meeting=False)
        seen = wait_safe(control, 1)
        assert time.monotonic() - began < SIZE / 50_000 / 3
        wait_for("nothing is slow", lambda: not control.snapshot().slowed, 10.0)


def test_after_a_sleep_everything_is_looked_at(world):
    """File events of the time of the sleep are lost, and the next sweep is a day away."""
    with world.running(reconcile_seconds=86_400, poll="always") as control:
        wait_state(control, AgentState.IDLE)
        world.record()
        world.surroundings.tell(Sign.WOKE)
        wait_safe(control, 1)


def test_people_are_told_of_what_needs_them_and_of_nothing_else(world, monkeypatch):
    """By default; a success is silent."""
    monkeypatch.setattr(telling, "TICK_SECONDS", 0.05)
    monkeypatch.setattr("zoomsync_agent.core.notices.GRACE_SECONDS", 0.0)
    world.record()
    with world.running() as control:
        wait_safe(control, 1)
        time.sleep(0.3)
        assert world.notifier.told == []
        world.recordings.rename(world.folder / "gone")
        control.look()
        notice = wait_for("somebody is told", lambda: world.notifier.told, 30.0)[0]
        assert notice.page == "ui/settings"
        assert "does not exist" in notice.text


def test_a_restart_neither_repeats_nor_floods(world, monkeypatch):
    """What was told is known, and what is old is not told."""
    monkeypatch.setattr(telling, "TICK_SECONDS", 0.05)
    for number in range(3):
        world.record(f"Meeting {number}")
    with world.running(notify="off") as control:
        wait_safe(control, 3)
        assert world.notifier.forgotten == 1  # what waited for somebody to show it
    with world.running(notify="all") as control:
        wait_safe(control, 3)
        time.sleep(0.3)
        assert world.notifier.told == []
        world.record("Fourth")
        control.look()
        wait_for("it is told", lambda: world.notifier.told, 30.0)
    with world.running(notify="all") as control:
        wait_safe(control, 4)
        time.sleep(0.3)
    assert world.notifier.titles == ["1 recording uploaded"]


def test_somebody_may_try_whether_notices_work(world, monkeypatch):
    """Also in a snooze."""
    monkeypatch.setattr(telling, "TICK_SECONDS", 0.05)
    with world.running() as control:
        wait_for("it is minded", lambda: control._state.get(NOTICES_MEMORY))
        control.quiet.snooze(3_600.0)
        control.quiet.try_notice()
        wait_for("it is shown", lambda: world.notifier.titles == ["Notices work"], 10.0)
        assert control.snapshot().snoozed_until
        control.quiet.snooze(0.0)
        assert control.snapshot().snoozed_until is None
