"""The queue in its database: what survives, who gets what, and what comes next."""

import itertools
import os
import tempfile
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.fakes.stores import decided, queue_database, sighting
from zoomsync_agent.core.errors import (
    NameRefused,
    NotAllowed,
    SourceChanged,
    SourceMissing,
    TooManyDeaths,
    VerificationFailed,
)
from zoomsync_agent.core.job import ALLOWED, MAX_DEATHS, JobId, State, Step
from zoomsync_agent.core.readiness import Reason
from zoomsync_agent.core.recording import Archived, Kind, ObjectKey, Progress, Receipt
from zoomsync_agent.core.retry import MAX_BACKOFF_SECONDS
from zoomsync_agent.engine import outcome
from zoomsync_agent.store.files import SqliteFileStore
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.store.objects import SqliteObjectStore
from zoomsync_agent.store.overview import Overview
from zoomsync_agent.store.state import SqliteStateStore

NOW = 1_800_000_000.0
ROOT = Path("/recordings")


class Opened:
    """The stores over one file, opened anew for every question: nothing is kept in memory."""

    def __init__(self, path):
        self._path = path
        self._db = queue_database(path)

    def _fresh(self):
        self._db.close()
        self._db = queue_database(self._path)
        return self._db

    @property
    def db(self):
        """Give the file itself."""
        return self._db

    @property
    def jobs(self):
        """Give the queue."""
        return SqliteJobStore(self._fresh())

    @property
    def files(self):
        """Give the files."""
        return SqliteFileStore(self._fresh())

    @property
    def objects(self):
        """Give the objects."""
        return SqliteObjectStore(self._fresh())

    @property
    def state(self):
        """Give the small facts."""
        return SqliteStateStore(self._fresh())

    @property
    def overview(self):
        """Give what people see."""
        return Overview(self._fresh())

    def close(self):
        """Close the file."""
        self._db.close()

    def put(self, name="a.mp4", *, priority=0, destinations=("folder",), now=NOW, **kwargs):
        """Record one ready file."""
        seen = sighting(ROOT / name, root=ROOT, **kwargs)
        return self.jobs.record([decided(seen, priority)], destinations, now)

    def job(self, job_id=1):
        """Return a job as it is stored."""
        from zoomsync_agent.store.rows import job_of

        return job_of(self._fresh().query("SELECT * FROM jobs WHERE id = ?", (job_id,))[0])


@pytest.fixture
def store(tmp_path):
    """Give a queue that is opened anew for every question."""
    opened = Opened(tmp_path / "agent.db")
    yield opened
    opened.close()


# --- enqueue ---------------------------------------------------------------------------------


def test_a_file_gets_one_job_per_destination_once(store):
    """Seen again, by an event or a sweep, it gets no second one."""
    assert store.put(destinations=("folder", "supabase")) == 2
    assert store.put(destinations=("folder", "supabase")) == 0
    assert store.jobs.counts() == {**dict.fromkeys(State, 0), State.READY: 2}


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.READY])
def test_a_file_that_is_not_ready_is_remembered_without_a_job(store, reason):
    """What people see of it is kept; nothing is to be done yet."""
    assert store.put(reason=reason) == 0
    assert sum(store.jobs.counts().values()) == 0
    assert store.put() == 1


@pytest.mark.parametrize("change", [{"size": 11}, {"mtime": 1_000.5}])
def test_a_changed_file_is_another_job(store, change):
    """The old version's job stays as it is; the new one is work of its own."""
    store.put()
    done = store.jobs.claim(NOW).job
    store.jobs.save(outcome.after_success(done, now=NOW))
    assert store.put(**change) == 1
    assert store.job(1).state is State.DONE
    assert store.job(2).state is State.READY
    assert (store.job(2).size, store.job(2).mtime_ns) != (store.job(1).size, store.job(1).mtime_ns)


def test_the_hash_belongs_to_one_version_of_the_file(store):
    """A changed file is hashed anew; one that was only seen again is not."""
    store.put()
    work = store.jobs.claim(NOW)
    store.files.set_hash(work.file.id, work.file.identity, "aa")
    store.put()
    assert store.files.get(work.file.id).sha256 == "aa"
    store.put(size=11)
    assert store.files.get(work.file.id).sha256 is None
    store.files.set_hash(work.file.id, work.file.identity, "aa")
    assert store.files.get(work.file.id).sha256 is None


@pytest.mark.parametrize("error", [SourceMissing, SourceChanged])
def test_a_file_that_came_back_is_ready_again(store, error):
    """Moved away and put back, or changed and changed back: its job begins anew."""
    store.put()
    job = store.jobs.claim(NOW).job
    store.jobs.save(outcome.after_error(job, error("gone"), now=NOW, jitter=0.5))
    assert store.jobs.claim(NOW) is None
    assert store.put() == 1
    again = store.job()
    assert (again.state, again.step, again.attempt) == (State.READY, Step.IDENTIFY, 0)
    assert (again.error_code, again.error_detail) == (None, "")


def test_what_the_user_cancelled_does_not_come_back(store):
    """Not even where the file had been missing before."""
    store.put()
    job = store.jobs.claim(NOW).job
    store.jobs.save(outcome.after_error(job, SourceMissing("gone"), now=NOW, jitter=0.5))
    store.jobs.cancel([JobId(1)], NOW)
    assert store.put() == 0
    assert store.job().state is State.CANCELLED


@pytest.mark.parametrize("state", ["done", "running", "blocked", "ready"])
def test_a_job_in_any_other_state_is_left_alone(store, state):
    """Seeing the file again changes nothing about its job."""
    store.put()
    with store.db.write() as conn:
        conn.execute("UPDATE jobs SET state = ?, error_code = 'source_missing'", (state,))
    assert store.put() == 0
    assert store.job().state == state


# --- claim -----------------------------------------------------------------------------------


def test_no_job_is_claimed_twice(tmp_path):
    """Eight uploaders empty a queue of three hundred; each job is run once."""
    db = queue_database(tmp_path / "agent.db")
    jobs = SqliteJobStore(db)
    seen = [decided(sighting(ROOT / f"{n}.mp4", root=ROOT)) for n in range(300)]
    assert jobs.record(seen, ("folder",), NOW) == 300
    claimed, failures = Counter(), []
    begin = threading.Barrier(8, timeout=10)

    def uploader():
        begin.wait()
        try:
            while (work := jobs.claim(NOW)) is not None:
                claimed[work.job.id] += 1
                jobs.save(outcome.after_success(work.job, now=NOW))
        except Exception as exc:  # noqa: BLE001  the test asks whether there is any
            failures.append(exc)

    threads = [threading.Thread(target=uploader) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.close()
    assert failures == []
    assert set(claimed.values()) == {1}
    assert len(claimed) == 300


def test_a_claim_tells_the_job_and_its_file(store):
    """The worker needs no second question."""
    store.put(kind=Kind.AUDIO, title="Über 会議", started_at=12.0)
    work = store.jobs.claim(NOW)
    assert (work.job.state, work.job.attempt, work.job.step) == (State.RUNNING, 1, Step.IDENTIFY)
    assert (work.file.path, work.file.root, work.file.kind) == (ROOT / "a.mp4", ROOT, Kind.AUDIO)
    assert (work.file.meeting.title, work.file.meeting.started_at) == ("Über 会議", 12.0)
    assert store.job() == work.job


def test_what_is_new_goes_before_the_backlog_and_old_before_young(store):
    """The order: priority, time of recording, number."""
    store.put("late.mp4", priority=1, started_at=100.0)
    store.put("early.mp4", priority=1, started_at=50.0)
    store.put("undated.mp4", priority=1, mtime=75.0)
    store.put("new.mp4", priority=0, started_at=1_000.0)
    store.put("new-too.mp4", priority=0, started_at=1_000.0)
    order = [store.jobs.claim(NOW).file.path.name for _ in range(5)]
    assert order == ["new.mp4", "new-too.mp4", "early.mp4", "undated.mp4", "late.mp4"]


def test_a_job_is_not_claimed_before_its_time(store):
    """And the worker is told how long it may sleep."""
    store.put()
    job = store.jobs.claim(NOW).job
    store.jobs.save(replace(job.to(State.READY), not_before=NOW + 60.0))
    assert store.jobs.claim(NOW + 59.0) is None
    assert store.jobs.next_due(NOW + 59.0) == pytest.approx(1.0)
    assert store.jobs.claim(NOW + 60.0) is not None
    assert store.jobs.next_due(NOW + 60.0) is None


def test_a_clock_that_jumps_back_parks_no_job(store):
    """A wait that is longer than any wait is an old clock's."""
    store.put()
    job = store.jobs.claim(NOW).job
    store.jobs.save(replace(job.to(State.READY), not_before=NOW + MAX_BACKOFF_SECONDS))
    assert store.jobs.claim(NOW) is None
    earlier = NOW - 86_400.0
    assert store.jobs.next_due(earlier) == 0.0
    assert store.jobs.claim(earlier) is not None


def test_a_job_of_the_wrong_clock_does_not_hide_another(store):
    """Due and parked together: both are found, none makes the worker spin."""
    store.put("a.mp4")
    store.put("b.mp4")
    first = store.jobs.claim(NOW).job
    second = store.jobs.claim(NOW).job
    store.jobs.save(replace(first.to(State.READY), not_before=NOW + 86_400.0))
    store.jobs.save(replace(second.to(State.READY), not_before=NOW + 60.0))
    if store.jobs.next_due(NOW) == 0.0:
        assert store.jobs.claim(NOW) is not None
    else:
        assert store.jobs.next_due(NOW) == pytest.approx(60.0)
        assert {store.jobs.claim(NOW + 60.0).job.id for _ in range(2)} == {1, 2}


# --- what survives -----------------------------------------------------------------------------


def test_work_that_was_interrupted_goes_on(store):
    """At the step where it was, at once, and the death is counted."""
    store.put()
    claimed = store.jobs.claim(NOW).job
    job = store.jobs.advance(claimed, Step.TRANSFER)
    assert store.jobs.claim(NOW) is None
    assert store.jobs.recover_interrupted(NOW) == 1
    again = store.jobs.claim(NOW).job
    assert (again.id, again.step, again.deaths) == (job.id, Step.TRANSFER, 1)


def test_a_job_that_takes_the_agent_down_again_and_again_is_given_up(store):
    """A dozen deaths, and the others are no longer held up by it; a retry counts anew."""
    store.put()
    for death in range(MAX_DEATHS):
        assert store.jobs.claim(NOW) is not None, death
        store.jobs.recover_interrupted(NOW)
    assert store.jobs.claim(NOW) is None
    job = store.job()
    assert (job.state, job.error_code) == (State.FAILED, TooManyDeaths.code)
    assert store.jobs.retry([job.id], NOW) == 1
    assert (store.job().deaths, store.job().state) == (0, State.READY)


def test_deaths_are_counted_per_step(store):
    """A job that comes along is not held to old accidents."""
    store.put()
    store.jobs.claim(NOW)
    store.jobs.recover_interrupted(NOW)
    again = store.jobs.claim(NOW).job
    assert store.jobs.advance(again, Step.TRANSFER).deaths == 0
    assert store.job().deaths == 0


def test_a_wish_to_cancel_outlives_a_crash(store):
    """The agent died before it could obey; it obeys at the next start."""
    store.put()
    job = store.jobs.claim(NOW).job
    assert store.jobs.cancel([job.id], NOW) == 1
    assert store.jobs.cancel_requested(job.id)
    assert store.job().state is State.RUNNING
    assert store.jobs.recover_interrupted(NOW) == 0
    assert (store.job().state, store.job().cancel_requested) == (State.CANCELLED, False)


@pytest.mark.parametrize("state", [State.READY, State.BLOCKED])
def test_a_wish_to_cancel_is_not_lost_to_an_outcome_that_did_not_know_it(store, state):
    """It came while the worker was storing that the job waits."""
    store.put()
    job = store.jobs.claim(NOW).job
    store.jobs.cancel([job.id], NOW)
    store.jobs.save(job.to(state))
    assert (store.job().state, store.job().cancel_requested) == (State.CANCELLED, False)


def test_a_wish_to_cancel_what_is_done_changes_nothing(store):
    """It came too late; the bytes are there, and the job says so."""
    store.put()
    job = store.jobs.claim(NOW).job
    store.jobs.cancel([job.id], NOW)
    store.jobs.save(outcome.after_success(job, now=NOW))
    assert (store.job().state, store.job().cancel_requested) == (State.DONE, False)


def test_blocked_jobs_look_again_after_a_while(store):
    """Not at once, not never, and not never because the clock jumped back."""
    store.put()
    job = store.jobs.claim(NOW).job
    store.jobs.save(replace(job.to(State.BLOCKED), updated_at=NOW))
    assert store.jobs.release_blocked(NOW + 29.0, 30.0) == 0
    assert store.jobs.release_blocked(NOW + 30.0, 30.0) == 1
    assert store.job().state is State.READY
    again = store.jobs.claim(NOW).job
    store.jobs.save(replace(again.to(State.BLOCKED), updated_at=NOW))
    assert store.jobs.release_blocked(NOW - 86_400.0, 30.0) == 1


def test_what_waits_for_a_shut_destination_is_neither_claimed_nor_released_nor_due(store):
    """The other destination's jobs go on."""
    store.put(destinations=("folder", "supabase"))
    first = store.jobs.claim(NOW, {"supabase"}).job
    assert first.destination == "folder"
    store.jobs.save(replace(first.to(State.BLOCKED), updated_at=NOW - 60.0))
    assert store.jobs.claim(NOW, {"folder", "supabase"}) is None
    assert store.jobs.next_due(NOW, {"supabase"}) is None
    assert store.jobs.next_due(NOW, {"folder"}) == 0.0
    assert store.jobs.release_blocked(NOW, 30.0, {"folder"}) == 0
    assert store.jobs.release_blocked(NOW, 30.0, {"supabase"}) == 1


def test_jobs_are_held_and_released_together(store):
    """With the reason that one of them met; a reason of its own stays, and so does its wait."""
    for name in "abc":
        store.put(f"{name}.mp4")
    full = store.jobs.claim(NOW).job
    wrong = store.jobs.claim(NOW).job
    full = replace(full.to(State.BLOCKED), error_code="destination_full", error_detail="no room")
    store.jobs.save(full)
    wrong = replace(wrong.to(State.READY), error_code="verification_failed", not_before=NOW + 9.0)
    store.jobs.save(wrong)
    codes = ("destination_full",)
    store.jobs.hold("folder", codes, full, NOW + 15.0)
    held = store.job(3)
    assert (held.state, held.error_code, held.error_detail, held.not_before) == (
        State.READY, "destination_full", "no room", NOW + 15.0
    )  # fmt: skip
    assert (store.job(1), store.job(2)) == (full, wrong)
    assert store.jobs.release_held(["supabase"], codes) == 0
    assert store.jobs.release_held(["folder"], codes) == 2
    assert store.job(2) == wrong
    for job in (store.job(1), store.job(3)):
        assert (job.state, job.error_code, job.attempt, job.not_before) == (State.READY, None, 0, 0)


def test_the_job_that_was_tried_least_probes(store):
    """One that fails for itself proves nothing; one that waits for its own reason is not asked."""
    for name in "abc":
        store.put(f"{name}.mp4")
    tried = store.jobs.claim(NOW).job
    store.jobs.save(replace(tried.to(State.BLOCKED), error_code="destination_full"))
    later = store.jobs.claim(NOW).job
    store.jobs.save(replace(later.to(State.READY), error_code="source_busy", not_before=NOW + 9.0))
    codes = ("destination_full",)
    assert store.jobs.claim_probe("supabase", codes, NOW) is None
    assert store.jobs.claim_probe("folder", codes, NOW).job.id == 3
    probe = store.jobs.claim_probe("folder", codes, NOW).job
    assert (probe.id, probe.state, probe.attempt) == (tried.id, State.RUNNING, 2)
    assert store.jobs.claim_probe("folder", codes, NOW) is None


def test_an_orderly_end_is_no_death(store):
    """Whoever switches off every evening in the middle of an upload does no harm to it."""
    store.put()
    for _ in range(MAX_DEATHS + 1):
        store.jobs.claim(NOW)
        assert store.jobs.recover_interrupted(NOW, was_orderly=True) == 1
    assert (store.job().state, store.job().deaths) == (State.READY, 0)


def test_a_job_that_was_given_up_gets_one_more_chance_a_day_later(store):
    """An update may have mended what took the agent down; if not, one death is enough."""
    store.put()
    for _ in range(MAX_DEATHS):
        store.jobs.claim(NOW)
        store.jobs.recover_interrupted(NOW)
    store.jobs.recover_interrupted(NOW + 86_000.0)
    assert store.job().state is State.FAILED
    store.jobs.recover_interrupted(NOW + 86_400.0)
    assert (store.job().state, store.job().error_code) == (State.READY, None)
    store.jobs.claim(NOW + 86_400.0)
    store.jobs.recover_interrupted(NOW + 86_400.0)
    assert (store.job().state, store.job().error_code) == (State.FAILED, TooManyDeaths.code)


def test_a_wrong_copy_is_counted_on_over_the_new_hash(store):
    """Going back to the first step does not make five tries endless; a success does forgive."""
    store.put()
    claimed = store.jobs.claim(NOW).job
    job = store.jobs.advance(claimed, Step.TRANSFER)
    attempts = []
    while job.state is not State.FAILED:
        attempts.append(job.attempt)
        outcome_now = outcome.after_error(job, VerificationFailed("x"), now=NOW, jitter=0.5)
        store.jobs.save(outcome_now)
        if outcome_now.state is State.FAILED:
            break
        assert outcome_now.step is Step.IDENTIFY
        later = store.jobs.claim(outcome_now.not_before).job
        job = store.jobs.advance(later, Step.TRANSFER)
    assert attempts == [1, 2, 3, 4, 5]
    assert store.jobs.retry([job.id], NOW) == 1
    assert (store.job().step, store.job().attempt) == (Step.IDENTIFY, 0)


def test_a_retry_hashes_again_unless_the_bytes_are_there(store):
    """What only its row is missing for must not hang on an original that may be gone."""
    store.put()
    for step, wanted in ((Step.TRANSFER, Step.IDENTIFY), (Step.PUBLISH, Step.PUBLISH)):
        with store.db.write() as conn:
            conn.execute("UPDATE jobs SET state = 'failed', step = ?", (step,))
        store.jobs.retry([JobId(1)], NOW)
        assert store.job().step is wanted


def test_a_file_that_changed_must_be_reported_again(store):
    """Even if the next look finds it as it was: its job would stay cancelled for ever."""
    store.put()
    job = store.jobs.claim(NOW).job
    store.jobs.save(outcome.after_error(job, SourceChanged("x"), now=NOW, jitter=0.5))
    (known,) = store.files.known(None).values()
    assert not known.is_settled
    assert store.put() == 1


# --- people ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(State))
def test_what_can_be_retried(store, state):
    """Everything but what runs or is done; a retry forgets error, wait and wish."""
    store.put()
    with store.db.write() as conn:
        conn.execute(
            "UPDATE jobs SET state = ?, attempt = 7, not_before = 9e9, error_code = 'unexpected',"
            " error_detail = 'x'",
            (state,),
        )
    before = store.job()
    count = store.jobs.retry([before.id, JobId(99)], NOW + 5.0)
    after = store.job()
    if state in (State.RUNNING, State.DONE):
        assert (count, after) == (0, before)
    else:
        assert (count, after.state, after.attempt, after.not_before) == (1, State.READY, 0, 0.0)
        assert (after.error_code, after.error_detail, after.cancel_requested) == (None, "", False)


@pytest.mark.parametrize("state", list(State))
def test_what_can_be_cancelled(store, state):
    """Everything that is not over; what runs is asked to end."""
    store.put()
    with store.db.write() as conn:
        conn.execute("UPDATE jobs SET state = ?", (state,))
    before = store.job()
    if state in (State.DONE, State.CANCELLED):
        with pytest.raises(NotAllowed):
            store.jobs.cancel([before.id], NOW)
        assert store.job() == before
    else:
        assert store.jobs.cancel([before.id], NOW) == 1
        if state is State.RUNNING:
            assert store.job().cancel_requested
        else:
            assert store.job().state is State.CANCELLED


def test_a_new_choice_about_history_is_decided_anew(store):
    """What was left out is looked at again; what has begun or is done stays."""
    store.put("left-out.mp4", reason=Reason.HISTORY)
    store.put("waiting.mp4", priority=1)
    store.put("new.mp4", priority=0)
    store.put("begun.mp4", priority=1, started_at=1.0)
    store.state.set("swept:/recordings", "1.0")
    store.jobs.claim(NOW)
    assert store.jobs.claim(NOW).file.path.name == "begun.mp4"
    store.jobs.reopen_history()
    settled = {Path(path).name: known.is_settled for path, known in store.files.known(None).items()}
    assert settled == {
        "left-out.mp4": False, "waiting.mp4": False, "new.mp4": True, "begun.mp4": True
    }  # fmt: skip
    assert store.state.get("swept:/recordings") == "1.0"
    assert store.jobs.counts()[State.RUNNING] == 2
    assert store.jobs.counts()[State.READY] == 0
    assert store.put("waiting.mp4", priority=1) == 1


# --- files -------------------------------------------------------------------------------------

NAMES = [
    b"plain.mp4",
    b"caf\xc3\xa9.mp4",
    b"caf\xe9.mp4",
    b"\xff\xfe.mp4",
    b"line\nbreak.mp4",
    b"\xed\xa0\x80.mp4",
    b"100% _wild_.mp4",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_comes_back_as_it_was(store, name):
    """Names need not be text; the path, its folder and what is known of it stay the same."""
    path = ROOT / os.fsdecode(name) / os.fsdecode(name)
    seen = sighting(path, root=ROOT, title=os.fsdecode(name), meeting=os.fsdecode(name))
    seen = replace(
        seen, participant=os.fsdecode(name), verdict=replace(seen.verdict, detail=os.fsdecode(name))
    )
    assert store.jobs.record([decided(seen)], ("folder",), NOW) == 1
    work = store.jobs.claim(NOW)
    assert work.file.path == path
    assert os.fsencode(work.file.path) == os.fsencode(path)
    assert list(store.files.known(path.parent)) == [str(path)]
    work.file.meeting.title.encode()
    assert store.overview.active()
    assert store.overview.jobs_named(str(path)) == [work.job.id]
    store.files.mark_gone([str(path)])
    assert store.files.known(None) == {}


@pytest.mark.parametrize("text", ["", "\udcff", "nul\0", "9" * 400, "٣", "1e3", "-1", "%"])
def test_a_name_that_fits_nothing_finds_nothing(store, text):
    """Whatever somebody types."""
    store.put()
    assert store.overview.jobs_named(text) == []


def test_only_one_folder_is_asked_for(store):
    """Neither its subfolders nor its namesakes."""
    for name in ("a/1.mp4", "a/b/2.mp4", "ab/3.mp4"):
        store.put(name)
    assert list(store.files.known(ROOT / "a")) == [str(ROOT / "a/1.mp4")]
    assert len(store.files.known(None)) == 3


def test_what_tells_a_recordings_name_is_there_and_dated(store):
    """Of several files of one content, those that are gone and those without a date come last."""
    for name, started_at in (("gone.mp4", 5.0), ("undated.mp4", None), ("dated.mp4", 9.0)):
        store.put(name, started_at=started_at)
        work = store.jobs.claim(NOW)
        store.files.set_hash(work.file.id, work.file.identity, "aa")
    store.files.mark_gone([str(ROOT / "gone.mp4")])
    assert [file.path.name for file in store.files.with_hash("aa")] == [
        "dated.mp4", "undated.mp4", "gone.mp4"
    ]  # fmt: skip


# --- objects and state ---------------------------------------------------------------------------


def _reserve(store, job_id, key="k.mp4", sha256="aa", scope=""):
    return store.objects.reserve("folder", sha256, scope, ObjectKey(key), JobId(job_id))


def test_one_content_has_one_sender(store):
    """The second job gets the first one's object; it takes over when that has no more work."""
    store.put("a.mp4")
    store.put("b.mp4")
    first, second = store.jobs.claim(NOW).job, store.jobs.claim(NOW).job
    assert _reserve(store, first.id).job_id == first.id
    assert _reserve(store, second.id, "other.mp4").job_id == first.id
    store.jobs.save(first.to(State.READY))
    assert _reserve(store, second.id).job_id == first.id
    store.jobs.claim(NOW)
    store.jobs.save(first.to(State.FAILED))
    assert _reserve(store, second.id).job_id == second.id


def test_a_name_that_was_refused_can_be_changed(store):
    """The file was renamed, and the new name counts."""
    store.put("a.mp4")
    job = store.jobs.claim(NOW).job
    _reserve(store, job.id, "refused.mp4")
    store.jobs.save(replace(job.to(State.FAILED), error_code=NameRefused.code))
    store.put("b.mp4")
    again = store.jobs.claim(NOW).job
    assert _reserve(store, again.id, "renamed.mp4").key == "renamed.mp4"


def test_a_name_under_which_bytes_may_lie_stays(store):
    """A crash can leave bytes that were not reported; they are continued, not forgotten."""
    store.put("a.mp4")
    job = store.jobs.claim(NOW).job
    _reserve(store, job.id, "first.mp4")
    store.jobs.recover_interrupted(NOW)
    store.put("b.mp4")
    store.jobs.claim(NOW)
    assert _reserve(store, job.id, "second.mp4").key == "first.mp4"


def test_a_name_under_which_bytes_lie_stays(store):
    """A half-finished or finished object is not forgotten because its file was renamed."""
    store.put("a.mp4")
    job = store.jobs.claim(NOW).job
    stored = _reserve(store, job.id, "first.mp4")
    store.objects.save_progress(stored, Progress(4, "token"))
    assert _reserve(store, job.id, "second.mp4").key == "first.mp4"
    store.objects.save_receipt(stored, Receipt("folder", stored.key, 10, "aa", "file:///x", 1.0))
    assert _reserve(store, job.id, "second.mp4").key == "first.mp4"


def test_progress_and_receipt_survive(store):
    """What is durable in the destination is known after a restart."""
    store.put()
    stored = _reserve(store, store.jobs.claim(NOW).job.id)
    store.objects.save_progress(stored, Progress(4, "token"))
    assert store.objects.find("folder", "aa", "").progress == Progress(4, "token")
    receipt = Receipt("folder", stored.key, 10, "aa", "file:///x", 5.5)
    store.objects.save_receipt(stored, receipt)
    found = store.objects.find("folder", "aa", "")
    assert (found.receipt, found.progress) == (receipt, Progress(0))
    store.objects.save_receipt(stored, None)
    assert store.objects.find("folder", "aa", "").receipt is None
    assert store.objects.find("supabase", "aa", "") is None


@pytest.mark.parametrize(
    ("state", "code", "is_dropped"),
    [
        (State.CANCELLED, None, True),
        (State.CANCELLED, SourceChanged.code, True),
        (State.FAILED, SourceMissing.code, True),
        (State.FAILED, NameRefused.code, False),
        (State.READY, None, False),
        (State.DONE, None, False),
    ],
)
def test_a_half_that_nobody_will_finish_is_dropped(store, state, code, is_dropped):
    """Its job was cancelled, or its original is gone; one that can be continued is kept."""
    store.put()
    job = store.jobs.claim(NOW).job
    stored = _reserve(store, job.id)
    store.objects.save_progress(stored, Progress(4, "token"))
    store.jobs.save(replace(job.to(state), error_code=code))
    assert [one.key for one in store.objects.abandoned()] == [stored.key] * is_dropped
    assert [one.key for one in store.objects.unfinished(job.id)] == [stored.key]
    store.objects.save_receipt(stored, Receipt("folder", stored.key, 10, "aa", "file:///x", 1.0))
    assert store.objects.abandoned() == store.objects.unfinished(job.id) == []


def test_what_a_destination_reports_does_not_replace_what_is_known(store):
    """A rebuild that is done twice, or late, does no harm."""
    store.put()
    stored = _reserve(store, store.jobs.claim(NOW).job.id, "mine.mp4")
    receipt = Receipt("folder", ObjectKey("other.mp4"), 10, "aa", "file:///o", 1.0)
    for _ in range(2):
        store.objects.restore(Archived(receipt), "")
    assert store.objects.find("folder", "aa", "") == stored
    other = replace(receipt, sha256="bb")
    store.objects.restore(Archived(other), "scope")
    assert store.objects.find("folder", "bb", "scope").receipt == other


def test_stamps_only_grow(store):
    """Whatever the clock does, and across restarts: a later row is newer."""
    stamps = [store.state.stamp(now) for now in (100.0, 100.0, 50.0, 1e9, 7.0, 1e9 + 1e-7)]
    assert stamps == sorted(set(stamps))
    assert all(later - earlier > 5e-7 for earlier, later in itertools.pairwise(stamps))


def test_small_facts_are_kept_and_forgotten(store):
    """By name, whatever the name holds."""
    store.state.set("a:\\xff", "1")
    store.state.set("a:\\xff", "2")
    assert store.state.get("a:\\xff") == "2"
    store.state.set("a:\\xff", None)
    store.state.set("a:\\xff", None)
    assert store.state.get("a:\\xff") is None


# --- everything together -----------------------------------------------------------------------


class QueueMachine(RuleBasedStateMachine):
    """The queue against a model in a dictionary, with restarts and crashes at any point."""

    @initialize()
    def open(self):
        """Begin with an empty queue."""
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "agent.db")
        self.db = queue_database(self.path)
        self.model = {}
        self.ids = {}
        self.running = {}
        self.now = NOW

    @property
    def jobs(self):
        """Give the queue."""
        return SqliteJobStore(self.db)

    @rule(name=st.integers(0, 3), version=st.integers(1, 2), priority=st.integers(0, 1))
    def see(self, name, version, priority):
        """A file is seen, new or again, in one of two versions."""
        seen = sighting(ROOT / f"{name}.mp4", root=ROOT, size=version, mtime=name + 1.0)
        count = self.jobs.record([decided(seen, priority)], ("folder",), self.now)
        key = (name, version)
        if key not in self.model:
            self.model[key] = State.READY
            assert count == 1
            rows = self.db.query("SELECT max(id) AS id FROM jobs")
            self.ids[key] = rows[0]["id"]
        else:
            came_back = self.model[key] == (State.FAILED, "missing")
            assert count == int(came_back)
            if came_back:
                self.model[key] = State.READY

    @rule()
    def claim(self):
        """A worker asks for work."""
        work = self.jobs.claim(self.now)
        ready = {key for key, state in self.model.items() if state == State.READY}
        if work is None:
            assert not ready
            return
        key = next(key for key, job_id in self.ids.items() if job_id == work.job.id)
        assert key in ready
        self.model[key] = State.RUNNING
        self.running[key] = work.job

    @rule(data=st.data(), end=st.sampled_from(["done", "missing", "blocked", "stopped", "advance"]))
    def end(self, data, end):
        """A step ends somehow."""
        if not self.running:
            return
        key = data.draw(st.sampled_from(sorted(self.running)))
        job = self.running[key]
        if end == "advance":
            self.running[key] = self.jobs.advance(job, Step.TRANSFER)
            return
        del self.running[key]
        wish = self.jobs.cancel_requested(job.id)
        if end == "done":
            self.jobs.save(outcome.after_success(job, now=self.now))
            self.model[key] = State.DONE
        elif end == "missing":
            self.jobs.save(outcome.after_error(job, SourceMissing(), now=self.now, jitter=0.5))
            self.model[key] = (State.FAILED, "missing")
        else:
            state = State.BLOCKED if end == "blocked" else State.READY
            self.jobs.save(job.to(state))
            self.model[key] = State.CANCELLED if wish else state

    @rule(data=st.data())
    def cancel(self, data):
        """Somebody cancels a job."""
        if not self.model:
            return
        key = data.draw(st.sampled_from(sorted(self.model)))
        state = self.model[key]
        plain = state[0] if isinstance(state, tuple) else state
        if plain in (State.DONE, State.CANCELLED):
            with pytest.raises(NotAllowed):
                self.jobs.cancel([self.ids[key]], self.now)
            return
        self.jobs.cancel([self.ids[key]], self.now)
        if plain is not State.RUNNING:
            self.model[key] = State.CANCELLED

    @rule(data=st.data())
    def retry(self, data):
        """Somebody retries a job."""
        if not self.model:
            return
        key = data.draw(st.sampled_from(sorted(self.model)))
        state = self.model[key]
        plain = state[0] if isinstance(state, tuple) else state
        able = plain is State.READY or (
            State.READY in ALLOWED[plain] and plain is not State.RUNNING
        )
        assert self.jobs.retry([self.ids[key]], self.now) == int(able)
        if able:
            self.model[key] = State.READY

    @rule()
    def release(self):
        """Time passes, and blocked jobs look again."""
        self.now += 60.0
        self.jobs.release_blocked(self.now, 30.0)
        for key, state in self.model.items():
            if state is State.BLOCKED:
                self.model[key] = State.READY

    @rule()
    def crash(self):
        """The agent dies and starts anew."""
        wishes = {key: self.jobs.cancel_requested(job.id) for key, job in self.running.items()}
        deaths = {key: job.deaths for key, job in self.running.items()}
        self.db.close()
        self.db = queue_database(self.path)
        self.jobs.recover_interrupted(self.now)
        for key in self.running:
            if wishes[key]:
                self.model[key] = State.CANCELLED
            elif deaths[key] + 1 >= MAX_DEATHS:
                self.model[key] = (State.FAILED, "deaths")
            else:
                self.model[key] = State.READY
        self.running = {}

    @invariant()
    def the_same(self):
        """Every job is in the state that the model says."""
        if not hasattr(self, "db"):
            return
        rows = self.db.query("SELECT id, state FROM jobs")
        stored = {row["id"]: row["state"] for row in rows}
        wanted = {
            self.ids[key]: str(state[0] if isinstance(state, tuple) else state)
            for key, state in self.model.items()
        }
        assert stored == wanted

    def teardown(self):
        """Close the file."""
        if hasattr(self, "db"):
            self.db.close()
            self.folder.cleanup()


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
