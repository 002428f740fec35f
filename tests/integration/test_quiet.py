"""What people see and do about what the surroundings hold, and about notices."""

import json

import pytest
from click.testing import CliRunner

from tests.fakes.library import control_of
from tests.fakes.page_world import VIDEO, PageWorld
from tests.fakes.stores import catalog_database
from tests.fakes.workshop import Workshop
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.cli import zoomsync
from zoomsync_agent.control import MAX_PAUSE_SECONDS
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.facts import HELD_BY, HOLDS_OVERRULED, NOTICE_TEST, SLOWED_TO
from zoomsync_agent.core.snapshot import AgentState
from zoomsync_agent.core.surroundings import Aspect, text_of
from zoomsync_agent.desktop.single_instance import InstanceLock
from zoomsync_agent.engine.intake import LAST_SWEEP
from zoomsync_agent.store.state import SqliteStateStore

BATTERY = text_of({Aspect.BATTERY: frozenset({"memory", "folder", "zoom"})})
METERED = text_of({Aspect.METERED: frozenset({"zoom"})})


@pytest.fixture
def shop(tmp_path):
    """Give an engine with one recording that waits."""
    workshop = Workshop(tmp_path)
    db = catalog_database(tmp_path / "catalog.db")
    workshop.rows, workshop.catalog = db, LocalCatalog(db)
    workshop.state.set(LAST_SWEEP, "1.0")
    workshop.add("m/video.mp4", b"0123456789")
    yield workshop
    workshop.close()
    db.close()


def test_battery_is_said_while_something_waits(shop):
    """In the words of a pause, but it is none; then as if nothing were."""
    control = control_of(shop, shop.rows, pid=1)
    shop.state.set(HELD_BY, BATTERY)
    seen = control.snapshot()
    assert seen.state is AgentState.PAUSED
    assert "pause_on_battery" in seen.sentence
    assert not seen.is_paused
    shop.run()
    assert control.snapshot().state is AgentState.PAUSED
    shop.state.set(HELD_BY, None)
    shop.run()
    shop.state.set(HELD_BY, BATTERY)
    seen = control.snapshot()
    assert (seen.state, seen.held) == (AgentState.IDLE, "")


def test_what_holds_only_downloads_is_not_said_of_a_copy(shop):
    """The copy goes on."""
    shop.state.set(HELD_BY, METERED)
    seen = control_of(shop, shop.rows, pid=1).snapshot()
    assert (seen.state, seen.held) == (AgentState.WORKING, "")


def test_what_the_last_agent_met_may_be_over(shop):
    """While none runs, nothing is held."""
    shop.state.set(HELD_BY, BATTERY)
    shop.state.set(SLOWED_TO, "1000")
    control = control_of(shop, shop.rows, pid=None)
    seen = control.snapshot()
    assert (seen.held, seen.slowed) == ("", "")
    control.resume()
    assert shop.state.get(HOLDS_OVERRULED) is None


def test_resume_ends_a_pause_first_and_overrules_then(shop):
    """Each says what is to be ended by it."""
    control = control_of(shop, shop.rows, pid=1)
    shop.state.set(HELD_BY, BATTERY)
    control.pause()
    assert control.snapshot().is_paused
    control.resume()
    seen = control.snapshot()
    assert (seen.state, seen.is_paused) == (AgentState.PAUSED, False)
    control.resume()
    assert control.snapshot().state is AgentState.WORKING
    shop.run()
    assert control.snapshot().synced.files == 1


def test_a_meeting_is_said_while_something_is_sent(shop):
    """With the speed that is left."""
    shop.state.set(SLOWED_TO, "500000")
    seen = control_of(shop, shop.rows, pid=1).snapshot()
    assert seen.state is AgentState.WORKING
    assert "500.0 KB/s" in seen.sentence
    assert seen.slowed in seen.sentence


@pytest.mark.parametrize("seconds", [-1.0, MAX_PAUSE_SECONDS + 1, float("nan"), float("inf")])
def test_a_snooze_that_no_clock_can_tell_is_refused(shop, seconds):
    """And there are notices as before."""
    control = control_of(shop, shop.rows, pid=1)
    with pytest.raises(NotAllowed):
        control.quiet.snooze(seconds)
    assert control.snapshot().snoozed_until is None


# --- the commands ------------------------------------------------------------------------------


@pytest.fixture
def world(home, tmp_path, monkeypatch):
    """Give an agent's home."""
    monkeypatch.chdir(tmp_path)
    with PageWorld(home, tmp_path) as found:
        found.record("2020-11-23 09.15.00 Weekly", VIDEO)
        found.sync()
        yield found


def _run(*arguments, code=0):
    done = CliRunner().invoke(zoomsync, ["notices", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_notices_are_put_off_and_come_again(world):
    """The status says until when."""
    assert _run("snooze", "2h").startswith("No notices until 20")
    assert world.control.snapshot().snoozed_until
    assert "Notices            none until" in CliRunner().invoke(zoomsync, ["status"]).output
    assert json.loads(_run("snooze", "1d", "--json"))["snoozed_until"]
    assert _run("on") == "Notices tell what needs you.\n"
    assert world.control.snapshot().snoozed_until is None
    assert "no duration" in _run("snooze", "soon", code=2)


def test_off_is_written_down_and_on_again(world):
    """On means what needs somebody, unless all was wanted."""
    assert "No notices any more" in _run("off")
    assert json.loads(_run("off", "--json")) == {"notify": "off"}
    assert json.loads(_run("on", "--json")) == {"notify": "problems", "snoozed_until": None}
    CliRunner().invoke(zoomsync, ["config", "set", "notify", "all"])
    assert "and what is safe" in _run("on")


def test_a_variable_that_overrules_is_named(world, monkeypatch):
    """What is written into the file has no effect then."""
    monkeypatch.setenv("ZOOMSYNC_NOTIFY", "off")
    assert "ZOOMSYNC_NOTIFY" in _run("on")
    monkeypatch.setenv("ZOOMSYNC_NOTIFY", "all")
    assert "ZOOMSYNC_NOTIFY" in _run("off")


def test_a_trial_needs_an_agent_that_may_tell(world):
    """Else it says what is missing."""
    assert "zoomsync run" in _run("test", code=2)
    with InstanceLock(world.home):
        assert "should appear" in _run("test")
        assert json.loads(_run("test", "--json")) == {"asked": True}
        _run("off")
        assert "zoomsync notices on" in _run("test")
        assert json.loads(_run("test", "--json")) == {"asked": False}
    world.desk._open()
    assert SqliteStateStore(world.desk._databases.queue).get(NOTICE_TEST)


def test_the_page_says_what_holds_and_lets_one_go_on(world):
    """With a button in place of the command."""
    world.record("2020-11-24 09.15.00 Second", VIDEO)
    world.desk._open()
    state = SqliteStateStore(world.desk._databases.queue)
    state.set(HELD_BY, BATTERY)
    with world.desk._databases.queue.write() as conn:
        conn.execute("UPDATE jobs SET state = 'ready'")
    text = world.client().get("/", base_url="http://127.0.0.1").text
    assert "Paused" in text
    assert "runs on battery" in text
    assert "Go on now" in text
    assert "zoomsync resume" not in text
    assert "Not monitoring" not in text
