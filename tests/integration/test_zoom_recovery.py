"""What was once in the way is not in the way for ever: of any day, any account, any restart."""

from datetime import date, timedelta

import pytest

from tests.fakes.http_server import Fault
from tests.fakes.zoom import ADMIN_SCOPES, READ_SCOPES, api_error
from tests.fakes.zoom_world import DAY, HOUR, ZoomWorld
from zoomsync_agent.app.first_day import first_day
from zoomsync_agent.core.errors import RemoteUnavailable, SourceBusy, SpoolFull, SpoolUnusable
from zoomsync_agent.core.facts import ZOOM_SWEPT
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.core.recording import partial_of
from zoomsync_agent.settings import Settings
from zoomsync_agent.sources.zoom_cloud import Spool
from zoomsync_agent.store.cloud import SqliteCloudStore


@pytest.fixture
def world(tmp_path):
    """Give it."""
    with ZoomWorld(tmp_path) as found:
        yield found


def add(world, days_ago, topic="Weekly", files=("video", "audio"), **options):
    """Put a meeting there."""
    return world.zoom.add_meeting(topic, world.clock.now() - days_ago * DAY, 30, files, **options)


def expect_all_home(world):
    """Everything that is complete is safe, once."""
    assert set(world.stored()) == world.wanted()
    assert not world.waiting()


# --- of any day ----------------------------------------------------------------------------


def test_a_passing_refusal_of_an_old_meeting_is_outlived(world):
    """Zoom says once that it does not exist; sweeps do not go so far back any more."""
    meeting = add(world, 60)
    world.sweep()
    fault = Fault(
        lambda seen: seen.path.startswith("/v2/meetings/"),
        api_error(404, 3301, "This recording does not exist."),
        times=2,
    )
    world.zoom.faults.append(fault)
    world.run()
    assert fault.fired
    assert {job.state for job in world.jobs()} == {State.FAILED}
    assert not world.has(meeting.files[0])
    world.settle(2)
    expect_all_home(world)


def test_another_version_of_an_old_meeting_survives_a_restart(world):
    """That it is another one was found out just before the agent ended."""
    meeting = add(world, 60)
    world.sweep()
    world.replace_data(meeting.files[0], 7_000)
    world.run()
    assert State.CANCELLED in {job.state for job in world.jobs()}
    world.restart()
    world.settle(2)
    expect_all_home(world)


def test_what_was_taken_out_of_zooms_trash_is_fetched_by_itself(world):
    """As the hint promises, however old the meeting is."""
    meeting = add(world, 90)
    world.sweep()
    meeting.trashed_at = world.clock.now()
    world.run()
    world.settle(3)
    assert not world.stored()
    meeting.trashed_at = None
    world.settle(2)
    expect_all_home(world)


def test_nobody_is_asked_for_every_day_without_need(world):
    """Meetings about which all is said are not."""
    for day in range(40, 60):
        add(world, day)
    world.settle(1)
    asked = world.asked("GET", "/v2/meetings/")
    world.settle(3)
    assert world.asked("GET", "/v2/meetings/") - asked <= 0 or all(
        "meeting_summary" in seen.path or "transcript" in seen.path
        for seen in world.zoom.requests[-(world.asked("GET", "/v2/meetings/") - asked) :]
    )


# --- history -------------------------------------------------------------------------------


def test_history_that_is_decided_anew_while_nobody_is_signed_in(world):
    """Whoever signs in later gets what was chosen, and nothing waits for ever."""
    old, older = add(world, 50), add(world, 200)
    world.sweep()
    world.keeper.sign_out()
    since = world.clock.now() - 90 * DAY
    world.shop.jobs.reopen_history(cloud_since=since)
    world.shop.state.forget_all(f"{ZOOM_SWEPT}:")
    verdicts = {row["verdict"] for row in world.shop.db.query("SELECT verdict FROM files")}
    assert verdicts == {"settling", "history"}
    world.sign_in()
    world._options["since"] = world.today - timedelta(days=91)
    world.source = world.new_source()
    world.settle(1)
    assert world.has(old.files[0])
    assert not world.has(older.files[0])
    verdicts = {row["verdict"] for row in world.shop.db.query("SELECT verdict FROM files")}
    assert verdicts == {"ready", "history"}


def test_without_history_what_was_being_processed_at_the_start_is_taken(tmp_path):
    """It became ready afterwards."""
    with ZoomWorld(tmp_path, backfill="none", since=date(2020, 1, 1)) as world:
        now = world.clock.now()
        over = world.zoom.add_meeting("Just over", now - HOUR, 30, ())
        file = world.zoom.add_file(over, "video", completes_at=now + HOUR)
        before = add(world, 3)
        world.settle(1)
        assert world.has(file)
        assert not world.has(before.files[0])


def test_old_meetings_that_are_seen_late_do_not_go_before_new_ones(world):
    """Somebody chose an earlier day."""
    world.settle(0.1)
    add(world, 400, "Old")
    new = world.zoom.add_meeting("New", world.clock.now() + 60, 30)
    world.clock.advance(2 * HOUR)
    world.shop.state.forget_all(f"{ZOOM_SWEPT}:")
    world.sweep()
    world.run(1)
    assert world.has(new.files[0]) or world.has(new.files[1])


def test_a_clock_that_was_wrong_for_a_while_brings_nothing_unasked(tmp_path):
    """Before the network told the time it was years back."""
    with ZoomWorld(tmp_path, backfill=30) as world:
        world._options["since"] = world.today - timedelta(days=31)
        world.source = world.new_source()
        left_out = add(world, 200)
        world.settle(1)
        away = 5 * 365 * DAY
        world.clock.advance(-away)
        world.sweep()
        world.clock.advance(away)
        world.settle(2)
        assert not world.has(left_out.files[0])


@pytest.mark.parametrize(
    ("chosen", "days"),
    [({"backfill": "none"}, 35), ({"backfill": 10}, 11), ({"zoom_since": "2026-01-31"}, None)],
)
def test_how_far_back_it_goes(tmp_path, world, chosen, days):
    """A day that was chosen counts, else what happens to history."""
    settings = Settings(recordings_path=tmp_path / "r", archive_path=tmp_path / "a", **chosen)
    first = first_day(settings, world.clock)
    if days is None:
        assert first == 1_769_817_600.0
    else:
        assert (world.clock.now() - first) // DAY == days


# --- accounts ------------------------------------------------------------------------------


def test_whoever_may_see_everybody_later_gets_their_past_too(world):
    """A sweep of one's own says nothing of the others'."""
    bob = world.zoom.add_user("bob@example.org")
    mine, his = add(world, 50), add(world, 50, "His", user=bob)
    world.settle(1)
    assert world.has(mine.files[0])
    assert not world.has(his.files[0])
    world.ann.is_admin = True
    world.sign_in(scopes=list(ADMIN_SCOPES))
    world.settle(1)
    assert world.has(his.files[0])


def test_whoever_may_see_less_later_loses_nothing(world):
    """What others recorded is not gone because one may not list it any more."""
    bob = world.zoom.add_user("bob@example.org")
    add(world, 2, "His", user=bob)
    world.ann.is_admin = True
    world.sign_in(scopes=list(ADMIN_SCOPES))
    world.settle(0.5)
    world.sign_in(scopes=list(READ_SCOPES))
    world.settle(1)
    gone = world.shop.db.query("SELECT count(*) AS n FROM files WHERE gone = 1")[0]["n"]
    assert gone == 0


# --- the spool -----------------------------------------------------------------------------


def test_a_file_larger_than_the_spool_goes_on_after_a_break(tmp_path):
    """What is noted beside it is no room that it takes."""
    spool = Spool(tmp_path / "spool", 100)
    path = spool.root_of("ann") / "m" / "f" / "a.mp4"
    with spool.room_for(path, 1_000), spool.writing(path) as part:
        part.note('"v1"')
        part.write(b"x" * 50)
    with spool.room_for(path, 1_000):
        pass
    other = spool.root_of("ann") / "m" / "g" / "b.mp4"
    with pytest.raises(SpoolFull), spool.room_for(other, 90):
        pass


def test_an_older_version_does_not_stand_in_the_way_of_the_next(tmp_path):
    """It lies under the name that the next one gets."""
    spool = Spool(tmp_path / "spool", 100)
    path = spool.root_of("ann") / "m" / "f" / "a.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 90)
    with spool.room_for(path, 95):
        pass


def test_two_never_write_one_file(tmp_path):
    """The second one waits."""
    spool = Spool(tmp_path / "spool", 1_000)
    path = spool.root_of("ann") / "m" / "f" / "a.mp4"
    with spool.room_for(path, 10), pytest.raises(SourceBusy), spool.room_for(path, 10):
        pass
    with spool.room_for(path, 10):
        pass


def test_a_folder_that_cannot_be_made_keeps_no_room(tmp_path):
    """Nothing is promised to whoever could not begin."""
    spool = Spool(tmp_path / "spool", 1_000)
    path = spool.root_of("ann") / "m" / "f" / "a.mp4"
    path.parent.parent.parent.mkdir(parents=True)
    path.parent.parent.write_bytes(b"in the way")
    for _ in range(2):
        with pytest.raises(SpoolUnusable), spool.room_for(path, 10):
            pass
    path.parent.parent.unlink()
    with spool.room_for(path, 10), spool.writing(path):
        assert partial_of(path).exists()


# --- texts and rows ------------------------------------------------------------------------


def test_one_meeting_that_answers_badly_hides_no_other(world):
    """Its summary is asked for again in an hour; the others' are told."""
    odd = add(world, 0.1, "Odd")
    good = [add(world, 0.1, f"Good {number}") for number in range(3)]
    for one in (odd, *good):
        world.zoom.add_summary(one)
    fault = Fault(
        lambda seen: "meeting_summary" in seen.path and odd.uuid[:6] in _decoded(seen.path),
        api_error(500, 500, "Oops"),
        times=10_000,
    )
    world.zoom.faults.append(fault)
    world.settle(1)
    assert fault.fired
    assert world.problem is None
    for one in good:
        assert "The plan was agreed." in world.row(one.files[0]).summary
    world.zoom.faults.remove(fault)
    world.settle(1)
    assert "The plan was agreed." in world.row(odd.files[0]).summary


def _decoded(path):
    from urllib.parse import unquote

    return unquote(unquote(path))


def test_a_list_that_is_not_found_is_said(world):
    """And is no end of the service."""
    fault = Fault(
        ("GET", "/v2/users/me/recordings"), api_error(404, 1001, "User does not exist."), times=99
    )
    world.zoom.faults.append(fault)
    world.sweep()
    assert fault.fired
    assert world.problem.kind is RemoteUnavailable
    world.zoom.faults.remove(fault)
    add(world, 1)
    world.settle(0.5)
    expect_all_home(world)


def test_texts_stay_with_their_segment_whatever_happens_to_the_others(world):
    """The false start is deleted at Zoom before the transcript of the real one comes."""
    meeting = add(world, 0.2, files=("video",))
    false_start = meeting.files[0]
    real = world.zoom.add_file(meeting, "video", 9_000, start=meeting.start + 600)
    world.bring_home()
    world.zoom.forget(meeting, false_start)
    world.zoom.add_file(meeting, "transcript", start=meeting.start + 600)
    world.settle(1)
    assert "Shall we begin with the plan?" in world.row(real).transcription_text


def test_a_summary_that_comes_while_its_row_is_published_is_told(world, monkeypatch):
    """The row was read before, and written after."""
    meeting = add(world, 0.2, files=("video",))
    world.sweep()
    key = world.cloud.files_of(
        world.shop.db.query("SELECT meeting_key FROM cloud_meetings")[0]["meeting_key"]
    )[0].meeting.key
    describe = world.memory.describe
    told = []

    def meanwhile(*args, **kwargs):
        if not told:
            told.append(key)
            whole = world.shop.db.query("SELECT meeting_key FROM cloud_meetings")[0]["meeting_key"]
            world.cloud.save_summary(whole, "Late news.", ["Ann: act"], world.clock.now())
        return describe(*args, **kwargs)

    monkeypatch.setattr(world.memory, "describe", meanwhile)
    world.run()
    assert told
    assert world.row(meeting.files[0]).summary == "Late news."


def test_a_summary_reopens_no_job_of_a_destination_that_is_not_used(world):
    """There would be nobody to do it."""
    add(world, 0.2, files=("video",))
    world.bring_home()
    elsewhere = SqliteCloudStore(world.shop.db, ["another"])
    key = world.shop.db.query("SELECT meeting_key FROM cloud_meetings")[0]["meeting_key"]
    assert elsewhere.save_summary(key, "News.", [], world.clock.now()) == 0
    assert {(job.step, job.state) for job in world.jobs()} == {(Step.PUBLISH, State.DONE)}


def test_a_download_that_is_under_way_ends_with_the_sign_in(world):
    """What has come is kept for whoever signs in again."""
    meeting = add(world, 1, files=())
    video = world.zoom.add_file(meeting, "video", 3_000_000)
    world.sweep()
    taken = []

    def out(count):
        taken.append(count)
        world.clock.advance(5.0)
        if len(taken) == 1:
            world.keeper.sign_out()

    world.shop.worker._pace.take = lambda count, _stop: out(count)
    world.run(1)
    assert 0 < sum(taken) < 3_000_000
    (job,) = world.jobs_of(video)
    assert (job.state, job.error_code) == (State.BLOCKED, "zoom_sign_in_required")
