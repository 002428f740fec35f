"""What the computer's surroundings hold and slow down."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import ManualClock
from tests.fakes.log import RecordingLog
from tests.fakes.stores import MemoryState
from tests.fakes.surroundings import FakeSurroundings
from zoomsync_agent.core.errors import StoreDamaged
from zoomsync_agent.core.facts import HELD_BY, HOLDS_OVERRULED, SLOWED_TO
from zoomsync_agent.core.surroundings import Aspect, holds_in, text_of, why_held, why_slow
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.pace import Pace
from zoomsync_agent.engine.pause import Held
from zoomsync_agent.engine.surroundings import LOOK_SECONDS, Lookout, Rules

EVERYTHING = frozenset({"folder", "zoom"})
CLOUD = frozenset({"zoom"})


class Room:
    """A lookout with everything around it."""

    def __init__(self, **rules):
        self.surroundings, self.state = FakeSurroundings(), MemoryState()
        self.clock, self.bell, self.log = ManualClock(), Bell(), RecordingLog()
        self.rules = Rules(**rules)
        self.pace = Pace(self.rules.limit, self.clock, wait=self.clock.advance)
        self.held = Held(self.state)
        self.lookout = Lookout(
            self.surroundings,
            self.state,
            self.pace,
            self.rules,
            clock=self.clock,
            bell=self.bell,
            log=self.log,
        )
        self.pace.ask(self.lookout.before)
        self.pace.tell(self.lookout.moved)

    def look(self, **changes):
        """Let something hold, and look."""
        self.surroundings.be(**changes)
        self.lookout.look()

    def seconds_for(self, count):
        """Return how long so many bytes take."""
        before = self.clock.monotonic()
        self.pace.take(count, lambda: False)
        return self.clock.monotonic() - before


@pytest.fixture
def room():
    """Give a lookout that minds everything."""
    return Room(on_battery=EVERYTHING, on_metered=CLOUD, in_meeting=1_000)


@given(
    st.dictionaries(
        st.sampled_from([Aspect.BATTERY, Aspect.METERED]),
        st.frozensets(st.text(max_size=5), min_size=1, max_size=3),
    )
)
def test_holds_are_read_as_they_were_written(holds):
    """Whatever the gates are called."""
    assert holds_in(text_of(holds)) == holds
    for aspect in holds:
        assert holds_in(text_of(holds), str(aspect)).keys() == holds.keys() - {aspect}


@pytest.mark.parametrize("text", [None, "", "x", "[]", "1", '{"battery": 1}', '{"moon": ["a"]}'])
def test_what_cannot_be_read_holds_nothing(text):
    """A later version's word must not stop this one."""
    assert holds_in(text) == {}


def test_each_reason_names_the_setting_that_ends_it():
    """And several stand in one sentence."""
    told = why_held({Aspect.METERED: CLOUD, Aspect.BATTERY: EVERYTHING})
    assert told.index("pause_on_battery") < told.index("pause_on_metered")
    assert " and " in told
    assert not why_held({})


@pytest.mark.parametrize(("stored", "told"), [("500000", "500.0 KB/s"), (None, ""), ("x", "")])
def test_a_slow_pace_says_how_slow(stored, told):
    """And which setting decides about it."""
    assert told in why_slow(stored)
    assert bool(told) == ("meeting_bandwidth_limit" in why_slow(stored))


def test_battery_holds_everything_and_mains_let_it_go(room):
    """And the workers are woken then, not before."""
    room.look(on_battery=True)
    assert room.held() == EVERYTHING
    rings = room.bell.rings
    room.look()
    assert room.bell.rings == rings
    room.look(on_battery=False)
    assert room.held() == frozenset()
    assert room.bell.rings == rings + 1
    assert room.state.get(HELD_BY) is None
    assert len(room.log.named("surroundings changed")) == 2


def test_a_metered_network_holds_what_needs_it(room):
    """A copy to a drive of this computer costs nothing."""
    room.look(is_metered=True)
    assert room.held() == CLOUD
    room.look(on_battery=True)
    assert room.held() == EVERYTHING


def test_what_cannot_be_told_holds_nothing(room):
    """Nobody waits for an answer that never comes."""
    room.look(on_battery=True)
    room.look(on_battery=None, is_metered=None, in_meeting=None)
    assert room.held() == frozenset()


def test_only_what_matters_is_asked():
    """Looking costs something."""
    room = Room(on_metered=CLOUD)
    room.look()
    assert room.surroundings.asked == [frozenset({Aspect.METERED})]
    assert room.lookout.is_needed
    assert not Room().lookout.is_needed
    assert not Room(limit=1_000, in_meeting=2_000).lookout.is_needed


def test_somebody_may_go_on_all_the_same_while_it_lasts(room):
    """The next time that it is so it holds again."""
    room.look(on_battery=True, is_metered=True)
    room.state.set(HOLDS_OVERRULED, "battery metered")
    assert room.held() == frozenset()
    room.look()
    assert room.held() == frozenset()
    room.look(is_metered=False)
    assert room.state.get(HOLDS_OVERRULED) == "battery"
    room.look(is_metered=True)
    assert room.held() == CLOUD
    room.look(on_battery=False)
    assert room.state.get(HOLDS_OVERRULED) is None
    room.look(on_battery=True)
    assert room.held() == EVERYTHING


def test_processes_are_looked_at_only_while_bytes_move(room):
    """An idle agent costs nothing."""
    for _ in range(3):
        room.look()
    assert not any(Aspect.MEETING in asked for asked in room.surroundings.asked)
    room.pace.take(1, lambda: False)
    room.look()
    assert Aspect.MEETING in room.surroundings.asked[-1]
    looks = len(room.surroundings.asked)
    for _ in range(3):
        room.clock.advance(LOOK_SECONDS)
        room.look()
    assert not any(Aspect.MEETING in asked for asked in room.surroundings.asked[looks:])


def test_a_meeting_makes_it_slow_and_its_end_fast(room):
    """With the speed told to all who look."""
    assert room.seconds_for(10**9) == 0
    room.surroundings.be(in_meeting=True)
    room.look()
    assert room.state.get(SLOWED_TO) == "1000"
    room.seconds_for(1_000)
    assert room.seconds_for(10_000) == pytest.approx(10.0)
    room.look(in_meeting=False)
    assert room.state.get(SLOWED_TO) is None
    assert room.seconds_for(10**9) == 0


def test_the_first_bytes_of_all_are_slow_already(room):
    """Without a usual limit the whole first piece would be sent before anybody has looked."""
    room.surroundings.be(in_meeting=True)
    assert room.seconds_for(10_000) == pytest.approx(10.0)
    assert room.state.get(SLOWED_TO) == "1000"


def test_a_server_that_answers_slowly_makes_nothing_fast(room):
    """While its answer is awaited nothing moves; what follows is as slow as what came before."""
    room.surroundings.be(in_meeting=True)
    room.seconds_for(1_000)
    for _ in range(4):
        room.clock.advance(LOOK_SECONDS)
        room.look()
    assert room.pace._rate == 1_000
    assert room.seconds_for(10_000) == pytest.approx(10.0, abs=0.3)
    assert room.state.get(SLOWED_TO) == "1000"
    for _ in range(2):
        room.clock.advance(LOOK_SECONDS)
        room.look(in_meeting=False)
    assert room.seconds_for(10**9) == 0


def test_a_state_that_takes_nothing_fails_no_upload(room):
    """It is the lookout's own error, at its next look."""

    def fail(_name, _value):
        raise StoreDamaged("agent.db")

    room.surroundings.be(in_meeting=True)
    room.state.set = fail
    assert room.seconds_for(1_000) == pytest.approx(1.0)
    with pytest.raises(StoreDamaged):
        room.look()


def test_what_an_agent_before_has_told_is_taken_back(room):
    """One that was ended in the middle of a meeting has said “slower”."""
    room.state.set(SLOWED_TO, "1000")
    room.look()
    assert room.state.get(SLOWED_TO) is None


def test_who_waits_for_the_slow_pace_counts_as_moving(room):
    """Else a large piece would be let go as soon as nothing has moved for a while."""
    room.surroundings.be(in_meeting=True)
    room.pace.take(1, lambda: False)
    room.look()
    looks = []

    def nap(seconds):
        room.clock.advance(seconds)
        if len(looks) < 5:
            room.lookout.look()
            looks.append(room.state.get(SLOWED_TO))

    room.pace._wait = nap
    assert room.seconds_for(100_000) == pytest.approx(100.0, abs=1.1)
    assert looks == ["1000"] * 5


def test_when_nothing_moves_nothing_is_slow(room):
    """A page that says “slower” for hours after the last upload would be wrong."""
    room.surroundings.be(in_meeting=True)
    room.pace.take(1, lambda: False)
    room.look()
    room.look()
    assert room.state.get(SLOWED_TO) is None


@pytest.mark.parametrize(
    ("limit", "in_meeting", "slow"),
    [(0, 500, 500), (800, 500, 500), (300, 500, 300), (800, 0, 800)],
)
def test_the_lower_limit_counts(limit, in_meeting, slow):
    """A meeting makes nothing faster."""
    assert Rules(limit=limit, in_meeting=in_meeting).slowed_to == slow


def test_the_first_bytes_wake_the_lookout_and_further_ones_do_not(room):
    """Within a look's time, since each costs a walk through all processes."""
    room.pace.take(1, lambda: False)
    assert room.lookout._soon.is_set()
    room.lookout._soon.clear()
    looks = len(room.surroundings.asked)
    room.pace.take(1, lambda: False)
    assert not room.lookout._soon.is_set()
    assert len(room.surroundings.asked) == looks
    room.clock.advance(LOOK_SECONDS)
    room.pace.take(1, lambda: False)
    assert room.lookout._soon.is_set()
    assert len(room.surroundings.asked) == looks + 1


def test_it_looks_when_told_and_ends_when_told():
    """As a service among others."""
    room = Room(on_battery=EVERYTHING)
    looked = threading.Semaphore(0)
    look = room.surroundings.look

    def counted(asked):
        looked.release()
        return look(asked)

    room.surroundings.look = counted
    room.lookout.start()
    assert looked.acquire(timeout=10.0)
    room.surroundings.be(on_battery=True)
    room.lookout.look_soon()
    assert looked.acquire(timeout=10.0)
    room.lookout.stop(10.0)
    assert not room.lookout.is_alive
    assert room.lookout.failure is None
    assert room.held() == EVERYTHING
