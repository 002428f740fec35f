"""Rows reach the remote catalog once it can be reached, in whatever order things go wrong."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.fakes.clock import ManualClock
from tests.fakes.log import RecordingLog
from tests.fakes.stores import MemoryState, catalog_database, row
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.catalog.outbox import SqliteOutbox
from zoomsync_agent.core.errors import NetworkUnavailable, RowRefused, SignInRequired
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.engine.mirror import (
    FIRST_WAIT_SECONDS,
    IDLE_SECONDS,
    LONGEST_WAIT_SECONDS,
    REFUSED_SECONDS,
    ROWS_PROBLEM,
    Mirror,
)

ME = "user-1"


class MemoryRemote:
    """`RemoteCatalog` in a dictionary, which may be away, lose its answers and refuse titles."""

    name = "remote"

    def __init__(self):
        self.rows = {}
        self.errors = []
        self.lost_answers = 0
        self.refuses = set()
        self.calls = 0

    def publish_all(self, rows):
        """Take rows, as far as it is told to."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        refused = []
        for one in rows:
            before = self.rows.get(one.recording_id)
            if one.meeting_title in self.refuses:
                refused.append((one, RowRefused(one.meeting_title)))
            elif before is None or one.updated_at >= before.updated_at:
                self.rows[one.recording_id] = one
        if self.lost_answers:
            self.lost_answers -= 1
            raise NetworkUnavailable("the answer was lost")
        return refused


class Place:
    """A mirror with everything around it."""

    def __init__(self, folder):
        self.db = catalog_database(folder / "catalog.db")
        self.local = LocalCatalog(self.db)
        self.outbox = SqliteOutbox(self.db, "https://one")
        self.remote = MemoryRemote()
        self.state = MemoryState()
        self.clock = ManualClock()
        self.log = RecordingLog()
        self.user = ME
        self.mirror = self.new_mirror()

    def new_mirror(self):
        """Return a mirror as a new run of the agent would have it."""
        return Mirror(
            self.outbox, self.remote, self.who, self.state, clock=self.clock, log=self.log
        )

    def who(self):
        """Tell who is signed in."""
        if not self.user:
            raise SignInRequired("nobody")
        return self.user

    def publish(self, name="r1", **columns):
        """Publish a row in the embedded catalog."""
        self.local.publish(row(name, **{"user_id": ME, **columns}))

    @property
    def problem(self):
        """What people are told."""
        return Problem.read(self.state.get(ROWS_PROBLEM))


@pytest.fixture
def place(tmp_path):
    """Give a mirror over an empty catalog."""
    found = Place(tmp_path)
    yield found
    found.db.close()


def test_a_row_is_delivered_once(place):
    """And again only when it has changed."""
    place.publish(meeting_title="one")
    assert place.mirror.deliver() == IDLE_SECONDS
    assert place.remote.rows["r1"].meeting_title == "one"
    place.mirror.deliver()
    assert place.remote.calls == 1
    place.publish(meeting_title="two", updated_at=2_000.0)
    place.mirror.deliver()
    assert place.remote.rows["r1"].meeting_title == "two"
    assert place.outbox.waiting(ME) == 0


def test_many_rows_go_in_batches(place):
    """None is left behind."""
    for number in range(450):
        place.publish(f"r{number}", updated_at=float(number))
    place.mirror.deliver()
    assert len(place.remote.rows) == 450
    assert place.remote.calls == 3


def test_rows_wait_while_the_network_is_away(place):
    """The wait grows to a minute; people see why; what was waiting arrives afterwards."""
    place.publish()
    place.remote.errors = [NetworkUnavailable("no route") for _ in range(6)]
    waits = [place.mirror.deliver() for _ in range(6)]
    assert waits[0] == FIRST_WAIT_SECONDS
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_SECONDS
    assert place.problem == Problem("network_unavailable", "no route")
    assert place.outbox.waiting(ME) == 1
    assert place.mirror.deliver() == IDLE_SECONDS
    assert place.problem is None
    assert "r1" in place.remote.rows


def test_a_lost_answer_is_repeated_without_harm(place):
    """The row is there once, and is delivered."""
    place.publish()
    place.remote.lost_answers = 1
    place.mirror.deliver()
    assert (place.outbox.waiting(ME), len(place.remote.rows)) == (1, 1)
    place.mirror.deliver()
    assert (place.outbox.waiting(ME), len(place.remote.rows)) == (0, 1)


def test_a_row_that_changes_on_its_way_stays_in_the_outbox(place):
    """What was delivered is the version before."""
    place.publish(meeting_title="old")
    publish_all = place.remote.publish_all

    def meanwhile(rows):
        answer = publish_all(rows)
        place.remote.publish_all = publish_all
        place.publish(meeting_title="new", updated_at=2_000.0)
        return answer

    place.remote.publish_all = meanwhile
    place.mirror.deliver()
    assert place.remote.rows["r1"].meeting_title == "new"
    assert place.outbox.waiting(ME) == 0


def test_one_refused_row_keeps_no_other_back(place):
    """It is told, not tried all the time, and tried again once it has changed or an hour later."""
    place.remote.refuses = {"bad"}
    place.publish("r1", meeting_title="bad", updated_at=1.0)
    place.publish("r2", meeting_title="good", updated_at=2.0)
    place.mirror.deliver()
    assert set(place.remote.rows) == {"r2"}
    assert place.outbox.refusals().count == 1
    assert (place.outbox.refusals().code, place.outbox.refusals().detail) == ("row_refused", "bad")
    calls = place.remote.calls
    place.mirror.deliver()
    assert place.remote.calls == calls

    place.publish("r1", meeting_title="good too", updated_at=3.0)
    place.mirror.deliver()
    assert set(place.remote.rows) == {"r1", "r2"}
    assert place.outbox.refusals().count == 0


def test_what_was_refused_is_tried_again_an_hour_later_or_when_asked(place):
    """Somebody may have mended the table."""
    place.remote.refuses = {"bad"}
    place.publish(meeting_title="bad")
    place.mirror.deliver()
    place.remote.refuses = set()
    place.clock.advance(REFUSED_SECONDS)
    place.mirror.deliver()
    assert "r1" in place.remote.rows

    place.remote.refuses = {"worse"}
    place.publish(meeting_title="worse", updated_at=2_000.0)
    place.mirror.deliver()
    place.remote.refuses = set()
    place.mirror.look_soon()
    place.mirror.deliver()
    assert place.remote.rows["r1"].meeting_title == "worse"


def test_rows_of_others_stay_here(place):
    """What was listed before anybody signed in is not this user's."""
    place.publish("mine")
    place.publish("local", user_id="local")
    place.mirror.deliver()
    assert set(place.remote.rows) == {"mine"}


def test_nobody_signed_in_delivers_nothing(place):
    """The rows wait, and people see what for."""
    place.publish()
    place.user = ""
    place.mirror.deliver()
    assert place.remote.calls == 0
    assert place.problem.code == "sign_in_required"
    place.user = ME
    place.mirror.deliver()
    assert "r1" in place.remote.rows


def test_another_project_gets_everything_anew(place):
    """What one has been told the other does not know."""
    place.publish()
    place.mirror.deliver()
    place.outbox = SqliteOutbox(place.db, "https://two")
    place.remote = MemoryRemote()
    place.new_mirror().deliver()
    assert "r1" in place.remote.rows


def test_the_service_delivers_what_is_published_while_it_runs(place):
    """Rung by the catalog, not found by the clock."""
    import threading

    arrived = threading.Event()
    publish_all = place.remote.publish_all
    place.remote.publish_all = lambda rows: (publish_all(rows), arrived.set())[0]
    local = LocalCatalog(place.db, on_change=place.mirror.ring)
    place.mirror.start()
    try:
        local.publish(row("r1", user_id=ME))
        assert arrived.wait(10.0)
    finally:
        place.mirror.stop(5.0)
    assert not place.mirror.is_alive


def test_a_row_that_comes_while_trouble_ends_is_not_left_for_the_clock(place):
    """Its ring is heard even though the rows before it had to wait."""
    import threading

    arrived = {"r1": threading.Event(), "r2": threading.Event()}
    publish_all = place.remote.publish_all
    local = LocalCatalog(place.db, on_change=place.mirror.ring)

    def slowly(rows):
        answer = publish_all(rows)
        if rows[0].recording_id == "r1":
            place.outbox.delivered(rows)
            local.publish(row("r2", user_id=ME, updated_at=2_000.0))
            place.outbox.pending = _once_empty(place.outbox)
        for one in rows:
            arrived[one.recording_id].set()
        return answer

    place.remote.publish_all = slowly
    place.remote.errors = [NetworkUnavailable()]
    local.publish(row("r1", user_id=ME))
    place.mirror.start()
    try:
        place.mirror.look_soon()
        assert arrived["r1"].wait(10.0)
        assert arrived["r2"].wait(10.0)
    finally:
        place.mirror.stop(5.0)


def _once_empty(outbox):
    """Return `pending` that does not see at first what has just been written."""
    pending = type(outbox).pending
    calls = []

    def look(user_id, limit):
        calls.append(limit)
        return [] if len(calls) == 1 else pending(outbox, user_id, limit)

    return look


class Delivering(RuleBasedStateMachine):
    """Whatever happens in between: in the end the remote catalog has the newest of every row."""

    def __init__(self):
        super().__init__()
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.place = Place(Path(self.folder.name))
        self.newest = {}
        self.now = 1_000.0

    @rule(name=st.sampled_from(["a", "b", "c"]), title=st.sampled_from(["x", "y", "bad"]))
    def publish(self, name, title):
        """A row appears or changes."""
        self.now += 1.0
        self.place.publish(name, meeting_title=title, updated_at=self.now)
        self.newest[name] = title

    @rule(error=st.sampled_from([None, "away", "lost"]))
    def deliver(self, error):
        """The mirror works, well or not."""
        if error == "away":
            self.place.remote.errors.append(NetworkUnavailable())
        if error == "lost":
            self.place.remote.lost_answers = 1
        self.place.mirror.deliver()
        self.place.remote.errors.clear()
        self.place.remote.lost_answers = 0

    @rule()
    def crash(self):
        """The agent dies and is started again."""
        self.place.mirror = self.place.new_mirror()

    @rule()
    def refuse(self):
        """A title is refused from now on."""
        self.place.remote.refuses = {"bad"}

    @invariant()
    def nothing_older_replaces_anything(self):
        """A remote row is one that was published."""
        for name, found in self.place.remote.rows.items():
            assert replace(found).meeting_title in ("x", "y", "bad")
            assert name in self.newest

    def teardown(self):
        """Everything is mended at last."""
        self.place.remote.refuses = set()
        self.place.mirror.look_soon()
        self.place.mirror.deliver()
        told = {name: found.meeting_title for name, found in self.place.remote.rows.items()}
        assert told == self.newest
        self.place.db.close()
        self.folder.cleanup()


TestDelivering = Delivering.TestCase
TestDelivering.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
