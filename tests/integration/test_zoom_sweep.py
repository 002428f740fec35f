"""What lies in Zoom's cloud is found when it is there, with what comes late, and never twice."""

import hashlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import media
from tests.fakes.http_server import cut_before_body
from tests.fakes.zoom import READ_SCOPES, Fault, api_error, fetching, generate
from tests.fakes.zoom_world import DAY, HOUR, LONG_AGO, RECENT, TWO_YEARS, ZoomWorld
from zoomsync_agent.core.facts import ZOOM_SWEPT
from zoomsync_agent.core.job import State
from zoomsync_agent.core.naming import NO_TOPIC
from zoomsync_agent.core.readiness import Reason
from zoomsync_agent.core.twins import TOLERANCE_SECONDS, Span, is_twin
from zoomsync_agent.sources.zoom_cloud import Origin, sightings
from zoomsync_agent.sources.zoom_cloud.late import LOOKS_SECONDS

LISTING = "/recordings"
SUMMARY = "/meeting_summary"
USUAL = ("video", "audio", "chat", "transcript", "timeline")


@pytest.fixture
def world(request, tmp_path):
    """Give a world whose every end is honest."""
    with ZoomWorld(tmp_path, since=getattr(request, "param", RECENT)) as found:
        yield found
        found.expect_honest()


def expect_all_home(world):
    """Make sure that everything that is complete is safe, once, and that nothing waits here."""
    assert set(world.stored()) >= world.wanted()
    assert not world.waiting()


def files_of(world):
    """Return how every file is remembered."""
    return [
        world.shop.files.get(row["id"])
        for row in world.shop.db.query("SELECT id FROM files ORDER BY id")
    ]


# --- what is there -------------------------------------------------------------------------


def test_a_meeting_that_runs_comes_when_it_is_over_and_processed(world):
    """Nothing is taken before."""
    meeting = world.zoom.start_recording("Now")
    world.settle(0.1)
    assert not world.stored()
    world.zoom.finish(meeting, USUAL, ready_after=5 * HOUR)
    world.settle(0.1, step_seconds=HOUR)
    assert not world.stored()
    world.settle(1)
    expect_all_home(world)
    assert len(world.stored()) == len(USUAL)
    assert {row.meeting_title for row in world.rows()} == {"Now"}


def test_meetings_that_no_list_shows_while_they_are_processed_come(world):
    """Some lists show only what is done."""
    world.zoom.hides_processing = True
    meeting = world.zoom.start_recording("Now")
    world.clock.advance(HOUR)
    world.zoom.finish(meeting, ready_after=5 * HOUR)
    world.settle(1)
    expect_all_home(world)
    assert len(world.stored()) == 2


def test_a_recording_that_was_too_short_is_nothing(world):
    """It has no files at all."""
    world.zoom.add_meeting("Short", None, 0, None)
    world.settle(1)
    assert not world.jobs()
    assert world.problem is None


def test_a_list_without_meetings_is_empty(world):
    """Also where it leaves the key out."""
    world.zoom.omits_empty_list = True
    world.settle(1)
    assert world.problem is None


def test_a_kind_of_file_that_nobody_knows_is_kept(world):
    """It is archived as it is and has no row."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ("video",))
    odd = world.zoom.add_file(
        meeting, "chat", file_type="AIC", file_extension="BIN", recording_type="aic(conversation)"
    )
    bare = world.zoom.add_file(
        meeting, "poll", file_type="NEW", file_extension="", recording_type="", status=None
    )
    world.bring_home()
    assert world.has(odd)
    assert world.has(bare)
    assert len(world.rows()) == 1


def test_the_sound_of_each_participant_comes_too(world):
    """Only the meeting itself tells of it, and no list takes it away again."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ("video", "audio"))
    ann = world.zoom.add_participant(meeting, "Ann Smith")
    bob = world.zoom.add_participant(meeting, "Bob Jones")
    world.settle(1)
    assert world.has(ann)
    assert world.has(bob)
    assert {world.row(ann).participant, world.row(bob).participant} == {"Ann Smith", "Bob Jones"}
    assert not any(file.is_gone for file in files_of(world))
    assert world.row(ann).meeting_key == world.rows()[0].meeting_key


def test_a_recording_that_was_stopped_and_started_keeps_its_texts_apart(world):
    """Each text belongs to the segment in which it was said."""
    meeting = world.zoom.add_meeting("Weekly", None, 60, ())
    begun = meeting.start
    texts = {}
    for number, start in ((1, begun), (2, begun + 1_800)):
        said = f"WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nAnn: part {number}\n".encode()
        texts[number] = (
            world.zoom.add_file(meeting, "video", start=start, end=start + 1_500),
            world.zoom.add_file(meeting, "transcript", said, start=start, end=start + 1_500),
        )
    world.bring_home()
    for number, (video, _) in texts.items():
        row = world.row(video)
        assert f"part {number}" in row.transcription_text
        assert f"part {3 - number}" not in row.transcription_text
    assert len({row.meeting_key for row in world.rows()}) == 1


def test_files_that_zoom_does_not_list_any_more_are_gone(world):
    """What was brought home stays; what was not is not asked for."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ("video", "audio"))
    other = world.zoom.add_meeting("Other", None, 30, ("video",))
    world.bring_home()
    world.forget(meeting, meeting.files[0])
    world.forget(other)
    world.sweep()
    gone = {file.path.name for file in files_of(world) if file.is_gone}
    assert len([file for file in files_of(world) if file.is_gone]) == 2
    assert gone == {"shared_screen_with_speaker_view.mp4"}
    assert len(world.stored()) == 3


@pytest.mark.parametrize("world", [TWO_YEARS], indirect=True, ids=str)
@pytest.mark.parametrize("shuffles", [False, True])
def test_two_years_come_home(world, shuffles):
    """Whatever the order in which they are listed."""
    world.zoom.shuffles = shuffles
    generate(world.zoom, 11, 60, sizes=(2_000, 5_000))
    world.settle(2)
    expect_all_home(world)


# --- what comes late -----------------------------------------------------------------------


def test_a_transcript_that_comes_late_updates_the_rows(world):
    """Hours after its video."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ("video", "audio"))
    late = world.zoom.add_file(meeting, "transcript", appears_at=world.clock.now() + 9 * HOUR)
    world.bring_home()
    assert all(not row.transcription_text for row in world.rows())
    world.settle(1)
    assert world.has(late)
    assert all("Good morning" in row.transcription_text for row in world.rows())
    assert len(world.rows()) == 2


@pytest.mark.parametrize("form", ["content", "deprecated", "both"])
@pytest.mark.parametrize("is_edited", [False, True])
def test_a_summary_that_comes_late_is_in_the_rows(world, form, is_edited):
    """In whichever form Zoom tells it."""
    world.zoom.summary_form = form
    meeting = world.zoom.start_recording("Weekly")
    world.clock.advance(1_800)
    world.zoom.finish(meeting, ("video", "audio"))
    world.zoom.add_summary(meeting, appears_at=world.clock.now() + 3 * HOUR, is_edited=is_edited)
    world.settle(0.1)
    assert all(not row.summary for row in world.rows())
    world.settle(1)
    for row in world.rows():
        assert "The plan was agreed." in row.summary
        assert "A draft is ready." in row.summary
        assert row.action_items == ("Ann Smith: send the draft",)
    served = len(world.zoom.served)
    world.settle(8)
    assert len(world.zoom.served) == served


def test_a_summary_that_is_edited_later_is_told_again(world):
    """Somebody corrects it within the week."""
    meeting = world.zoom.add_meeting("Weekly", world.clock.now() - HOUR, 30)
    world.zoom.add_summary(meeting)
    world.settle(0.5)
    world.zoom.add_summary(meeting, "Nothing was agreed.", next_steps=("Bob: ask again",))
    world.settle(4)
    for row in world.rows():
        assert "Nothing was agreed." in row.summary
        assert row.action_items == ("Bob: ask again",)


def test_a_summary_that_never_comes_is_given_up_after_a_week(world):
    """It costs a handful of requests."""
    world.zoom.add_meeting("Weekly", world.clock.now() - HOUR, 30)
    world.settle(9)
    asked = world.asked("GET", SUMMARY)
    assert 3 <= asked <= len(LOOKS_SECONDS)
    assert not world.cloud.due(world.ann.id, world.clock.now() + 7 * DAY, 10)
    world.settle(3)
    assert world.asked("GET", SUMMARY) == asked


@pytest.mark.parametrize("answer", [None, (200, 200), (400, 200)])
def test_a_summary_that_is_refused_is_not_asked_for_again(world, answer):
    """It is not for this person, or not in this plan; also where that is said with a success."""
    meeting = world.zoom.add_meeting("Weekly", world.clock.now() - HOUR, 30)
    world.zoom.add_summary(meeting, refusal="This summary is shared by e-mail only.")
    if answer is not None:
        text = "Only available for Paid account."
        refused = Fault(lambda seen: SUMMARY in seen.path, api_error(*answer, text), times=100)
        world.zoom.faults.append(refused)
    world.settle(9)
    assert world.asked("GET", SUMMARY) == 1
    assert all(not row.summary for row in world.rows())
    assert world.problem is None
    expect_all_home(world)


def test_without_its_scope_only_summaries_are_left_out(world):
    """It says nothing of the recordings."""
    world.sign_in(scopes=[one for one in READ_SCOPES if "summary" not in one])
    meeting = world.zoom.add_meeting("Weekly", None, 30, USUAL)
    world.zoom.add_summary(meeting)
    world.settle(2)
    assert world.asked("GET", SUMMARY) == 0
    assert world.problem is None
    expect_all_home(world)


def test_a_scope_that_was_taken_away_is_no_problem_either(world):
    """Zoom says so only when it is asked; a new sign-in brings the summaries."""
    meeting = world.zoom.add_meeting("Weekly", world.clock.now() - HOUR, 30)
    world.zoom.add_summary(meeting)
    refused = Fault(
        lambda seen: SUMMARY in seen.path,
        api_error(400, 4711, "Invalid access token, does not contain scopes:[meeting:read]."),
        times=5,
    )
    world.zoom.faults.append(refused)
    world.settle(0.2)
    assert refused.fired
    assert world.problem is None
    expect_all_home(world)
    world.zoom.faults.remove(refused)
    world.sign_in()
    world.settle(2)
    assert all("The plan was agreed." in row.summary for row in world.rows())


# --- trouble -------------------------------------------------------------------------------


def test_the_limit_of_a_day_is_said_and_waited_out(tmp_path):
    """Until when, in a sentence; nothing is asked meanwhile."""
    with ZoomWorld(tmp_path, poll_seconds=HOUR) as world:
        world.zoom.add_meeting("Weekly", None, 30)
        world.bring_home()
        late = world.zoom.add_meeting("Later", world.clock.now() - 60, 1)
        world.zoom.limits.per_day = {"Medium": 1}
        world.sweep()
        assert world.problem is not None
        assert world.problem.code == "zoom_parked"
        assert "2027-01-16 00:00 UTC" in world.problem.sentence
        asked = world.asked("GET", "/v2/")
        for _ in range(5):
            world.clock.advance(HOUR)
            world.sweep()
        assert world.asked("GET", "/v2/") == asked
        world.zoom.limits.per_day = {}
        world.settle(1)
        assert world.problem is None
        assert all(world.has(file) for file in late.files)
        world.expect_honest()


def test_a_download_that_meets_the_limit_of_a_day_waits_for_its_end(world):
    """Its meeting cannot be asked for; the job does not fail."""
    meeting = world.zoom.add_meeting("Weekly", None, 30)
    world.sweep()
    world.zoom.limits.per_day = {"Light": 0}
    world.run()
    assert {job.error_code for job in world.jobs()} == {"zoom_parked"}
    assert {job.state for job in world.jobs()} <= {State.READY, State.BLOCKED}
    world.zoom.limits.per_day = {}
    world.settle(1.5)
    assert all(world.has(file) for file in meeting.files)


def test_offline_is_said_and_passes(world):
    """Nothing is lost, nothing fails."""
    meeting = world.zoom.add_meeting("Weekly", None, 30)
    cut = world.fault(("*", "/"), cut_before_body(), 100_000)
    for _ in range(20):
        world.sweep()
        world.run()
        world.clock.advance(600)
    assert cut.fired
    assert world.problem is not None
    assert world.problem.is_offline
    world.zoom.faults.clear()
    world.settle(1)
    assert world.problem is None
    assert all(world.has(file) for file in meeting.files)


def test_offline_after_the_sweep_holds_the_downloads(world):
    """They go on by themselves."""
    meeting = world.zoom.add_meeting("Weekly", None, 30)
    world.sweep()
    cut = world.fault(("*", "/"), cut_before_body(), 100_000)
    for _ in range(200):
        world.run()
        world.clock.advance(600)
    assert cut.fired
    assert not world.shop.jobs.counts()[State.FAILED]
    world.zoom.faults.clear()
    world.settle(1)
    assert all(world.has(file) for file in meeting.files)


def test_a_sign_in_that_ended_is_one_problem_until_the_next(world):
    """The downloads wait with it, and all goes on after signing in again."""
    first = world.zoom.add_meeting("Weekly", None, 30)
    world.sweep()
    world.zoom.revoke_user(world.ann)
    world.clock.advance(2 * HOUR)
    for _ in range(50):
        world.run()
        world.sweep()
        world.clock.advance(600)
    assert world.problem is not None
    assert world.problem.code == "zoom_sign_in_required"
    assert not world.shop.jobs.counts()[State.FAILED]
    assert not world.stored()
    refreshes = world.asked("POST", "/oauth/token")
    assert refreshes == 1
    second = world.zoom.add_meeting("Later", None, 30)
    world.sign_in()
    world.settle(0.5)
    assert world.problem is None
    assert all(world.has(file) for file in (*first.files, *second.files))


def test_whoever_never_signed_in_is_told_of_no_problem(world):
    """The app may be known without anybody using it."""
    world.secrets.values.clear()
    world.keeper.sign_out()
    world.sweep()
    assert world.problem is None


@pytest.mark.parametrize("world", [TWO_YEARS], indirect=True, ids=str)
def test_a_sweep_that_was_not_whole_is_read_again_from_its_beginning(world):
    """How far it has come counts only when all of it has been read."""
    old = world.zoom.add_meeting("Old", world.clock.now() - 300 * DAY, 30)
    name = f"{ZOOM_SWEPT}:{world.ann.id}"
    day = str(world.today - timedelta(days=300))

    def holds_it(seen):
        first, last = seen.query.get("from", "9"), seen.query.get("to", "")
        return LISTING in seen.path and first <= day <= last

    fault = world.fault(holds_it, api_error(500, 500, "oops"), 4)
    world.sweep()
    assert fault.fired == 4
    assert world.problem is not None
    assert world.shop.state.get(name) is None
    world.clock.advance(600)
    world.settle(0.1)
    assert world.problem is None
    assert world.shop.state.get(name)
    assert all(world.has(file) for file in old.files)


def test_after_weeks_away_nothing_between_is_missed(world):
    """The next sweep begins where the last whole one ended, and a week before."""
    world.bring_home()
    made = []
    for day in range(60):
        world.clock.advance(DAY)
        if day % 7 == 0:
            made.append(world.zoom.add_meeting(f"Day {day}", world.clock.now() - HOUR, 30))
    world.restart()
    world.bring_home()
    assert all(world.has(file) for one in made for file in one.files)


@pytest.mark.parametrize("world", [TWO_YEARS], indirect=True, ids=str)
def test_an_old_recording_that_comes_back_from_the_trash_is_found_within_a_week(world):
    """Zoom lists it again on its meeting's day, years before the days that are read daily."""
    old = world.zoom.add_meeting("Old", world.clock.now() - 400 * DAY, 30)
    old.trashed_at = world.clock.now() - DAY
    world.settle(2)
    assert not world.stored()
    old.trashed_at = None
    world.restart()  # whoever ends the agent every evening gets it as well
    world.settle(8)
    expect_all_home(world)
    assert len(world.stored()) == len(old.files)


@pytest.mark.parametrize("world", [LONG_AGO], indirect=True, ids=str)
def test_the_whole_history_is_read_once_a_week(world):
    """Each day it would be asked for what hardly ever changes."""
    world.zoom.add_meeting("Old", world.clock.now() - 400 * DAY, 30)
    world.settle(29, step_seconds=DAY / 2)
    first_days = [one.query.get("from") for one in world.zoom.requests]
    assert first_days.count("2013-01-01") == 5


# --- history -------------------------------------------------------------------------------


def test_history_is_left_out_as_it_was_chosen(tmp_path):
    """What comes afterwards is taken, whatever its meeting's age."""
    with ZoomWorld(tmp_path, backfill="none") as world:
        old = world.zoom.add_meeting("Old", world.clock.now() - 5 * DAY, 30, USUAL)
        world.zoom.add_file(old, "captions", appears_at=world.clock.now() + HOUR)
        world.settle(1)
        new = world.zoom.add_meeting("New", world.clock.now() - 60, 30, USUAL)
        world.settle(3)
        assert len(world.stored()) == len(USUAL)
        assert all(world.has(file) for file in new.files)
        assert world.asked("GET", SUMMARY) <= len(LOOKS_SECONDS)
        world.expect_honest()


@pytest.mark.parametrize("days", [1, 3, 10, 40])
def test_days_of_history_are_taken_and_no_more(tmp_path, days):
    """Also by the sweeps that read further back."""
    now = 1_800_000_000.0
    since = ZoomWorld.day(now - (days + 1) * DAY)
    with ZoomWorld(tmp_path, backfill=days, since=since) as world:
        meetings = {
            age: world.zoom.add_meeting(f"{age} days ago", now - age * DAY, 30)
            for age in (0.1, 0.9, 1.1, 2.9, 3.1, 5, 9, 11, 20, 30, 39, 41, 60)
        }
        world.settle(4)
        for age, meeting in meetings.items():
            taken = [world.has(file) for file in meeting.files]
            assert taken == [age <= days] * 2, f"{age} days ago"
        world.expect_honest()


def test_the_first_day_that_was_chosen_holds_for_every_sweep(tmp_path):
    """Those that read a week or a month back do not go beyond it."""
    now = 1_800_000_000.0
    with ZoomWorld(tmp_path, since=ZoomWorld.day(now - 2 * DAY)) as world:
        old = world.zoom.add_meeting("Old", now - 5 * DAY, 30)
        new = world.zoom.add_meeting("New", now - DAY, 30)
        world.settle(4)
        assert not any(world.has(file) for file in old.files)
        assert all(world.has(file) for file in new.files)


def test_a_recording_of_history_stays_history_beside_one_of_its_like(tmp_path):
    """Nothing in a cloud has an inode by which a file would be found under another name."""
    with ZoomWorld(tmp_path, backfill="none") as world:
        start = world.clock.now() - 2 * DAY
        old = world.zoom.add_meeting("Old", start, 30, ())
        world.zoom.add_file(old, "video", 5_000)
        world.bring_home()
        new = world.zoom.add_meeting("New", start, 30, ())
        file = world.zoom.add_file(new, "video", 5_000)
        world.settle(1)
        assert world.has(file)
        assert len(world.stored()) == 1


def test_a_meeting_that_is_asked_for_by_itself_brings_no_file_that_nobody_chose(tmp_path):
    """Somebody chose one of its files, years back; its meeting tells of all."""
    with ZoomWorld(tmp_path, since=ZoomWorld.day(1_800_000_000.0)) as world:
        files = ("video", "audio", "chat", "timeline")
        meeting = world.zoom.add_meeting("Old", world.clock.now() - 400 * DAY, 30, files)
        sound = world.zoom.add_participant(meeting, "Ann Smith")
        world.bring_home()
        (told, _token) = world.client.meeting(meeting.uuid)
        root = world.spool.root_of(world.ann.id)
        chosen = [
            one
            for one in sightings(told, world.ann.id, root, {})
            if Origin.read(one.origin).file_id == meeting.files[0].id
        ]
        world.source._listener.seen(chosen)
        world.settle(1)
        assert world.has(meeting.files[0])
        assert not any(world.has(file) for file in (*meeting.files[1:], sound))
        world.expect_honest()


# --- accounts ------------------------------------------------------------------------------


def test_two_accounts_do_not_mix(world):
    """Each gets what is its own, whoever is signed in when."""
    bob = world.zoom.add_user("bob@example.org")
    anns = world.zoom.add_meeting("Ann's", None, 30, user=world.ann)
    bobs = world.zoom.add_meeting("Bob's", None, 30, user=bob)
    world.sweep()
    world.sign_in(bob)
    world.settle(0.5)
    assert all(world.has(file) for file in bobs.files)
    assert not any(world.has(file) for file in anns.files)
    assert not any(file.is_gone for file in files_of(world))
    world.sign_in(world.ann)
    world.settle(1)
    assert all(world.has(file) for file in anns.files)
    assert not world.shop.jobs.counts()[State.FAILED]
    assert len({file.root for file in files_of(world)}) == 2


def test_what_was_asked_for_as_somebody_is_told_as_theirs(world):
    """Also where somebody else signs in before it is told."""
    bob = world.zoom.add_user("bob@example.org")
    meeting = world.zoom.add_meeting("Ann's", None, 30, ("video",))
    world.sweep()
    world.zoom.add_participant(meeting, "Ann Smith")
    file = meeting.files[0]

    def signs_in_bob(exchange, work):
        answer = work()
        world.sign_in(bob)
        return answer

    fault = world.fault(fetching(file), signs_in_bob)
    world.run()
    assert fault.fired == 1
    world.settle(0.5)
    roots = {one.root for one in files_of(world)}
    assert roots == {world.spool.root_of(world.ann.id)}


# --- twins ---------------------------------------------------------------------------------


@pytest.mark.parametrize("comes_first", ["local", "cloud", "both"])
@pytest.mark.parametrize("apart", [0.0, 240.0, -240.0])
def test_a_recording_here_and_one_in_the_cloud_are_one_meeting(world, comes_first, apart):
    """Whichever is known first."""
    start = world.clock.now() - DAY
    meeting = world.zoom.add_meeting("Night School: Part 2", start, 30)
    world.zoom.add_meeting("Night School: Part 2", start + 3 * HOUR, 30)
    world.zoom.add_meeting("Another", start, 30)

    def record():
        data = media.mp4(b"here", duration=1_800.0)
        world.past.add(hashlib.sha256(data).hexdigest())
        world.shop.add(
            "here/video1.mp4",
            data,
            title="Night School_ Part 2",
            started_at=start + apart,
        )

    if comes_first != "cloud":
        record()
    if comes_first == "local":
        world.run()
    world.sweep()
    if comes_first != "both":
        world.run()
    if comes_first == "cloud":
        record()
    world.bring_home()
    keys = {row.meeting_title: row.meeting_key for row in world.rows() if row.source == "local"}
    (here,) = keys.values()
    there = {row.meeting_key for file in meeting.files for row in world.rows(file)}
    assert there == {here}
    assert len({row.meeting_key for row in world.rows()}) == 3


SPANS = st.builds(
    Span,
    st.sampled_from(["Weekly", "weekly!", "Weekly_", "Daily", NO_TOPIC, "", "..", "ｗｅｅｋｌｙ"]),
    st.floats(1e9, 1e9 + 3_000),
    st.none() | st.floats(0, 7_200),
)


@given(SPANS, SPANS)
def test_twins_are_each_others(one, other):
    """And never far apart, and always of themselves."""
    assert is_twin(one, other) == is_twin(other, one)
    assert is_twin(one, one)
    if is_twin(one, other):
        assert abs(one.started_at - other.started_at) <= TOLERANCE_SECONDS


@given(SPANS, st.floats(TOLERANCE_SECONDS + 1, 1e6))
def test_meetings_far_apart_are_no_twins(one, gap):
    """Whatever they are called."""
    later = Span(one.title, one.started_at + gap, one.duration)
    assert not is_twin(one, later)


@given(st.floats(60, 600), st.floats(0, 300))
def test_meetings_one_after_the_other_are_no_twins(duration, pause):
    """A daily meeting that is held twice within minutes."""
    first = Span("Daily", 1e9, duration)
    second = Span("Daily", 1e9 + duration + pause, duration)
    assert not is_twin(first, second)


def test_verdicts_of_what_is_not_ready_are_said(world):
    """While it runs, and while Zoom converts it."""
    meeting = world.zoom.start_recording("Now")
    world.sweep()
    assert [file.verdict.reason for file in files_of(world)] == [Reason.RECORDING]
    world.clock.advance(HOUR)
    world.zoom.finish(meeting, ("video",), ready_after=HOUR)
    world.sweep()
    assert Reason.CONVERTING in {file.verdict.reason for file in files_of(world)}
