"""Zoom's copy goes to Zoom's trash against proof alone, and comes back."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.fakes.process import wait_for
from tests.fakes.zoom import READ_SCOPES, TRASH_SCOPES, answer, api_error, lose_answer
from tests.fakes.zoom_world import DAY, HOUR, ZoomWorld
from zoomsync_agent.app.freeing import freeing
from zoomsync_agent.core.errors import ScopeMissing
from zoomsync_agent.core.facts import TRASH_PROBLEM
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.engine.audit import LAST_AUDIT
from zoomsync_agent.engine.trashing import Trashing
from zoomsync_agent.settings import load
from zoomsync_agent.sources.zoom_cloud import ZoomTrash

DAYS = 14


class World(ZoomWorld):
    """One in which the user asked for the trash."""

    @property
    def trashing(self):
        """What moves, as each start of the agent makes it."""
        return Trashing(
            self.cloud,
            ZoomTrash(self.client, self.cloud),
            self.shop.objects,
            self.shop.destination,
            self.shop.state,
            days=DAYS,
            clock=self.clock,
            log=self.shop.log,
        )

    def is_trashed(self, meeting):
        """Whether Zoom has the meeting in its trash."""
        return meeting.is_trashed(self.clock.now())

    def deletions(self):
        """Return the requests that took anything away at Zoom."""
        return [seen for seen in list(self.zoom.requests) if seen.method == "DELETE"]


@pytest.fixture
def world(tmp_path):
    """Give it, signed in with all scopes."""
    with World(tmp_path) as found:
        found.sign_in(scopes=[*READ_SCOPES, *TRASH_SCOPES])
        yield found


@pytest.fixture
def meeting(world):
    """Give a meeting whose files are all safe, three weeks after its end."""
    found = world.zoom.add_meeting(
        "Weekly", world.clock.now() - HOUR, 30, ("video", "audio", "chat", "timeline", "transcript")
    )
    world.settle(21.0, step_seconds=DAY)
    return found


def test_what_is_safe_is_moved_whole_and_never_deleted(world, meeting):
    """Once; and it is listed among what can be taken back."""
    world.trashing.tick()
    assert world.is_trashed(meeting)
    (deletion,) = world.deletions()
    assert deletion.query == {"action": "trash"}
    (listed,) = world.cloud.trashed()
    assert listed.uuid == meeting.uuid
    assert listed.trashed_at == world.clock.now()
    world.settle(3.0, step_seconds=DAY)
    world.trashing.tick()
    assert len(world.deletions()) == 1
    assert len(world.stored()) == 5


def test_not_before_its_time(world):
    """A meeting that is not old enough stays, however safe."""
    young = world.zoom.add_meeting("Young", world.clock.now() - HOUR, 30)
    world.settle(DAYS - 1.0, step_seconds=DAY)
    world.trashing.tick()
    assert not world.is_trashed(young)
    world.settle(2.0, step_seconds=DAY)
    world.trashing.tick()
    assert world.is_trashed(young)


def test_a_file_that_came_meanwhile_keeps_it(world, meeting):
    """Zoom is asked once more before anything moves."""
    late = world.zoom.add_file(meeting, "captions")
    world.trashing.tick()
    assert not world.deletions()
    assert world.cloud.trashed() == []
    world.settle(1.0)
    world.sweep()
    world.run()
    world.trashing.tick()
    # It lies too far back for the usual sweeps of some days, the daily one finds it.
    assert world.has(late)
    assert world.is_trashed(meeting)


def test_a_file_that_became_another_one_keeps_it(world, meeting):
    """The same id with other content is not what is safe."""
    video = meeting.files[0]
    world.replace_data(video, 5_000)
    world.trashing.tick()
    assert not world.deletions()


def test_an_object_that_is_gone_from_the_archive_keeps_it(world, meeting):
    """A receipt of yesterday proves nothing today."""
    for key in list(world.memory.objects):
        if key.endswith(".mp4"):
            del world.memory.objects[key]
    world.trashing.tick()
    assert not world.deletions()


def test_an_archive_that_is_away_keeps_it(world, meeting):
    """What cannot be looked at is not safe."""
    from zoomsync_agent.core.errors import DestinationUnavailable

    def away(_receipt):
        raise DestinationUnavailable("unplugged")

    world.memory.check = away
    world.trashing.tick()
    assert not world.deletions()
    assert Problem.read(world.shop.state.get(TRASH_PROBLEM)).detail == "unplugged"


def test_a_job_that_was_cancelled_keeps_it(world):
    """Somebody did not want one file; then the only copy of it is Zoom's."""
    meeting = world.zoom.add_meeting("Weekly", world.clock.now() - HOUR, 30)
    world.sweep()
    (job, *_) = world.jobs_of(meeting.files[0])
    world.shop.jobs.cancel([job.id], world.clock.now())
    world.settle(21.0, step_seconds=DAY)
    world.trashing.tick()
    assert world.has(meeting.files[1])
    assert not world.deletions()


def test_without_the_scope_it_says_so_and_moves_nothing(world, meeting):
    """And nothing is listed as moved."""
    world.sign_in(scopes=READ_SCOPES)
    world.trashing.tick()
    assert not world.is_trashed(meeting)
    assert world.cloud.trashed() == []
    problem = Problem.read(world.shop.state.get(TRASH_PROBLEM))
    assert problem.kind is ScopeMissing
    world.sign_in(scopes=[*READ_SCOPES, *TRASH_SCOPES])
    world.trashing.tick()
    assert world.is_trashed(meeting)
    assert world.shop.state.get(TRASH_PROBLEM) is None


def test_a_refusal_is_no_move(world, meeting):
    """And nothing is listed as moved."""
    fault = world.fault(
        ("DELETE", f"/v2/meetings/{meeting.uuid}/recordings"),
        api_error(400, 3303, "You can only delete completed recordings."),
    )
    fault.matches = lambda seen: seen.method == "DELETE"
    world.trashing.tick()
    assert fault.fired == 1
    assert not world.is_trashed(meeting)
    assert world.cloud.trashed() == []


def test_an_answer_that_is_lost_leaves_it_listed(world, meeting):
    """It was moved; whoever looks finds it among what can be taken back."""
    fault = world.fault(("DELETE", "/"), lose_answer(), times=9)
    fault.matches = lambda seen: seen.method == "DELETE"
    world.trashing.tick()
    assert fault.fired >= 1
    assert world.is_trashed(meeting)
    (listed,) = world.cloud.trashed()
    assert listed.uuid == meeting.uuid
    world.trashing.tick()  # which finds out what became of it
    assert world.cloud.unsure(world.ann.id) == []
    assert [one.uuid for one in world.cloud.trashed()] == [meeting.uuid]


def test_a_move_that_never_left_is_made_another_time(world, meeting):
    """And is no wish of anybody's to keep it."""
    fault = world.fault(("DELETE", "/"), answer(503), times=9)
    fault.matches = lambda seen: seen.method == "DELETE"
    world.trashing.tick()
    assert fault.fired
    assert not world.is_trashed(meeting)
    world.zoom.faults.remove(fault)
    world.clock.advance(2 * HOUR)
    world.sweep()
    world.trashing.tick()
    assert world.is_trashed(meeting)


def test_a_move_that_was_made_but_answered_badly_stays_listed(world, meeting):
    """The second request finds nothing, because the first one moved it."""

    def done_and_failed(exchange, work):
        work()
        return answer(502)(exchange, work)

    fault = world.fault(("DELETE", "/"), done_and_failed)
    fault.matches = lambda seen: seen.method == "DELETE"
    world.trashing.tick()
    assert fault.fired == 1
    assert world.is_trashed(meeting)
    assert [one.uuid for one in world.cloud.trashed()] == [meeting.uuid]
    assert world.client.recover(meeting.uuid)


def test_one_meeting_that_cannot_be_moved_holds_up_no_other(world):
    """Whatever Zoom says of it."""
    first = world.zoom.add_meeting("First", world.clock.now() - 2 * HOUR, 30)
    second = world.zoom.add_meeting("Second", world.clock.now() - HOUR, 30)
    world.settle(21.0, step_seconds=DAY)
    fault = world.fault(("DELETE", "/"), api_error(400, 3303, "Not completed."))
    fault.matches = lambda seen: seen.method == "DELETE"
    world.trashing.tick()
    assert fault.fired == 1
    assert sorted(map(world.is_trashed, (first, second))) == [False, True]


def test_nothing_is_moved_before_all_receipts_were_gone_through(world, meeting):
    """The first audit is waited for, and not asked for again and again."""
    trashing = world.trashing
    world.shop.state.set(LAST_AUDIT, None)
    asked, get = [], world.shop.state.get

    def counted(name):
        asked.append(name)
        return get(name)

    trashing._state = SimpleNamespace(get=counted, set=world.shop.state.set)
    trashing.start()
    try:
        wait_for("it has asked", lambda: LAST_AUDIT in asked)
        time.sleep(1.3)
        assert asked.count(LAST_AUDIT) == 1
        assert not world.is_trashed(meeting)
        world.shop.state.set(LAST_AUDIT, "1")
        trashing.audited()
        wait_for("it is moved", lambda: world.is_trashed(meeting))
    finally:
        trashing.stop(10.0)
    assert trashing.failure is None


def test_the_agent_tells_it_of_the_audit(world, home, tmp_path):
    """It waits for nothing else, so it would wait for ever."""
    told = []
    chosen = load(home, {}, cwd=tmp_path, overrides={"zoom_trash": DAYS})
    databases = SimpleNamespace(queue=world.shop.db)
    services = freeing(
        chosen, home, databases, {"folder": world.memory},
        SimpleNamespace(store=world.cloud, trash=ZoomTrash(world.client, world.cloud)),
        SimpleNamespace(then=told.append), SimpleNamespace(take=None),
        clock=world.clock, log=world.shop.log,
    )  # fmt: skip
    (trashing,) = [one for one in services if isinstance(one, Trashing)]
    assert trashing.audited in told


def test_what_was_taken_back_stays(world, meeting):
    """Whoever takes it back, here or in Zoom, does not want it in the trash."""
    world.trashing.tick()
    assert world.client.recover(meeting.uuid)
    world.clock.advance(DAY + HOUR)
    world.sweep()
    assert world.cloud.trashed() == []
    world.settle(2.0, step_seconds=DAY)
    world.trashing.tick()
    assert not world.is_trashed(meeting)
    assert len(world.deletions()) == 1


def test_what_zoom_has_deleted_for_good_is_not_there_to_be_taken_back(world, meeting):
    """After thirty days."""
    world.trashing.tick()
    world.clock.advance(31 * DAY)
    assert not world.client.recover(meeting.uuid)


def test_the_safe_copy_outlives_the_trash(world, meeting):
    """Rows and objects stay as they are."""
    before = {row.recording_id: replace(row, updated_at=0.0) for row in world.rows()}
    world.trashing.tick()
    world.settle(40.0, step_seconds=DAY)
    after = {row.recording_id: replace(row, updated_at=0.0) for row in world.rows()}
    assert after == before
    world.expect_honest()


def test_a_transcript_that_no_list_shows_comes_home(world):
    """It has an address of its own; the row gets its text, and it is fetched once."""
    meeting = world.zoom.add_meeting("Weekly", world.clock.now() - HOUR, 30)
    text = world.zoom.add_file(
        meeting, "transcript", is_listed=False, appears_at=world.clock.now() + 2 * HOUR
    )
    world.settle(2.0)
    assert world.has(text)
    assert "Shall we begin with the plan?" in world.row(meeting.files[0]).transcription_text
    assert world.served(text) <= 2 * text.content.size
    world.expect_honest()


def test_an_unlisted_transcript_needs_its_scope(world):
    """Without it only the transcript is left out."""
    world.sign_in(scopes=[one for one in READ_SCOPES if "transcript" not in one])
    meeting = world.zoom.add_meeting("Weekly", world.clock.now() - HOUR, 30)
    text = world.zoom.add_file(meeting, "transcript", is_listed=False)
    world.settle(1.0)
    assert world.has(meeting.files[0])
    assert not world.has(text)
    assert world.problem is None
