"""The façade for people, over a real queue and catalog."""

import hashlib
import os
import sys

import pytest

from tests.fakes.library import control_of
from tests.fakes.stores import catalog_database
from tests.fakes.workshop import Workshop
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.control import MAX_PAUSE_SECONDS
from zoomsync_agent.core.errors import NetworkUnavailable, NotAllowed, NotFound
from zoomsync_agent.core.job import FileId, JobId, State
from zoomsync_agent.core.recording import FileIdentity
from zoomsync_agent.core.snapshot import AgentState
from zoomsync_agent.engine.housekeeping import SCAN_REQUEST
from zoomsync_agent.engine.intake import LAST_SWEEP


@pytest.fixture
def shop(tmp_path):
    """Give an engine whose rows go to an embedded catalog."""
    workshop = Workshop(tmp_path)
    db = catalog_database(tmp_path / "catalog.db")
    workshop.rows = db
    workshop.catalog = LocalCatalog(db)
    workshop.steps.publisher._catalogs = (workshop.catalog,)
    yield workshop
    workshop.close()
    db.close()


@pytest.fixture
def control(shop):
    """Give the façade of a running agent that has looked through its folder."""
    shop.state.set(LAST_SWEEP, "1.0")
    return _control(shop, pid=1)


def _control(shop, pid):
    return control_of(shop, shop.rows, pid=pid)


def test_the_snapshot_follows_a_recording(shop, control):
    """Nothing, waiting, safe."""
    assert control.snapshot().state is AgentState.IDLE
    path = shop.add("m/video.mp4", b"0123456789")
    waiting = control.snapshot()
    assert waiting.state is AgentState.WORKING
    assert (waiting.queued.files, waiting.queued.size) == (1, 10)
    assert [one.path for one in waiting.waiting] == [str(path)]
    shop.run()
    safe = control.snapshot()
    assert safe.state is AgentState.IDLE
    assert (safe.synced.files, safe.synced.size, safe.queued.files) == (1, 10, 0)
    assert safe.waiting == ()


def test_what_is_being_sent_is_shown_with_its_progress(shop, control):
    """And not where no agent runs: what then says running was interrupted."""
    shop.add("m/video.mp4", b"0123456789")
    seen = []
    shop.worker._pace.take = lambda *_args: seen.append(control.snapshot().active)
    shop.run()
    assert [one[0].sent for one in seen] == [0, 4, 8]
    assert {(one[0].file_name, one[0].size, one[0].label) for one in seen} == {
        ("video.mp4", 10, "Uploading")
    }
    shop.add("m/other.mp4", b"012345678")
    shop.jobs.claim(shop.clock.now())
    assert _control(shop, None).snapshot().active == ()
    assert _control(shop, None).snapshot().state is AgentState.STOPPED


def test_a_failure_is_shown_and_can_be_retried(shop, control):
    """Named by number, path or all at once."""
    path = shop.add("m/video.mp4", b"0123456789")
    for names in (None, (), ("1",), (str(path),), (str(path.parent),)):
        if names is not None:
            assert control.retry(names) == 1
            assert shop.job().state is State.READY
        shop.db.connection().execute(
            "UPDATE jobs SET state = 'failed', error_code = 'source_damaged'"
        )
        shown = control.snapshot()
        assert shown.state is AgentState.NEEDS_YOU
        assert (shown.waiting[0].job_id, shown.waiting[0].code) == (1, "source_damaged")


def test_a_recording_that_somebody_deleted_is_told_but_needs_nobody(shop, control):
    """It cannot be uploaded any more; cancelled, it is not even told."""
    path = shop.add("m/video.mp4", b"0123456789")
    path.unlink()
    shop.run()
    shown = control.snapshot()
    assert shown.state is AgentState.IDLE
    assert [one.code for one in shown.waiting] == ["source_missing"]
    assert "nothing is to be done" in shown.waiting[0].sentence
    control.cancel(["1"])
    assert control.snapshot().waiting == ()


def test_a_deleted_copy_of_what_is_safe_is_not_told(shop, control):
    """The content is in the archive, whatever became of this file."""
    shop.add("m/video.mp4", b"0123456789")
    shop.run()
    copy = shop.add("m/copy.mp4", b"0123456789")
    shop.files.set_hash(
        FileId(2),
        FileIdentity(10, copy.stat().st_mtime_ns),
        hashlib.sha256(b"0123456789").hexdigest(),
    )
    copy.unlink()
    shop.run()
    assert shop.job(2).error_code == "source_missing"
    assert control.snapshot().waiting == ()


def test_a_moved_file_is_no_failure(shop, control):
    """Its old name is gone, its new name has its own job: nothing is left to tell."""
    path = shop.add("m/video.mp4", b"0123456789")
    new = path.rename(path.with_name("renamed.mp4"))
    shop.run()
    assert len(control.snapshot().waiting) == 1
    shop.see(new)
    shop.run()
    assert control.snapshot().state is AgentState.IDLE
    assert control.snapshot().waiting == ()


def test_a_job_is_cancelled_by_any_of_its_names(shop, control):
    """And by the beginning of the recording's id; what is done cannot be."""
    path = shop.add("m/video.mp4", b"0123456789")
    for name in ("1", str(path)):
        assert control.cancel([name]) == 1
        assert shop.job().state is State.CANCELLED
        control.retry([name])
    shop.run()
    row = control.recordings()[0]
    for name in ("1", row.recording_id[:8], row.sha256):
        with pytest.raises(NotAllowed):
            control.cancel([name])


@pytest.mark.parametrize("name", ["", "99", "/nowhere", "zzzzzz", "\udcff", "abc", "nul\0l"])
def test_what_fits_nothing_is_not_found(shop, control, name):
    """Whatever somebody types."""
    shop.add("m/video.mp4", b"0123456789")
    for act in (lambda: control.retry([name]), lambda: control.cancel([name])):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotFound):
        control.recording(name)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are not text")
def test_a_file_whose_name_is_not_text_can_be_named(shop, control):
    """As the shell hands it over."""
    path = shop.add(os.fsdecode(b"m/caf\xe9.mp4"), b"0123456789")
    assert control.cancel([str(path)]) == 1
    for one in control.snapshot().waiting:
        one.path.encode()


def test_a_recording_is_found_by_the_beginning_of_its_id(shop, control):
    """Too short or several: say so."""
    shop.add("m/video.mp4", b"0123456789")
    shop.run()
    row = control.recordings()[0]
    assert control.recording(row.recording_id[:4]) == row
    with pytest.raises(NotFound, match="too short"):
        control.recording(row.recording_id[:3])
    assert [found.recording_id for found, _hit in control.search("weekl")] == [row.recording_id]


def test_pause_resume_and_look(shop, control):
    """Wishes that a running agent notices in the store."""
    control.pause(60.0)
    assert control.snapshot().state is AgentState.PAUSED
    assert control.snapshot().paused_until
    control.resume()
    assert control.snapshot().state is AgentState.IDLE
    control.look()
    assert shop.state.get(SCAN_REQUEST) == repr(shop.clock.now())
    assert control.sweeps().folder == "1.0"


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan"), MAX_PAUSE_SECONDS * 2])
def test_a_pause_that_no_clock_can_tell_is_refused(control, seconds):
    """And nothing is paused by it."""
    with pytest.raises(NotAllowed):
        control.pause(seconds)
    assert control.snapshot().state is not AgentState.PAUSED


def test_a_problem_of_the_folder_needs_somebody(shop, control):
    """It goes before everything that waits."""
    shop.add("m/video.mp4", b"0123456789")
    shop.state.set(f"root_problem:{shop.root}", "missing")
    assert control.snapshot().state is AgentState.NEEDS_YOU
    assert str(shop.root) in control.snapshot().sentence


def test_busy_is_what_goes_on_by_itself(shop, control):
    """Due, running or settling soon; not what waits long or for somebody."""
    assert not control.is_busy(10.0)
    shop.add("m/video.mp4", b"0123456789")
    assert control.is_busy(10.0)
    job = shop.jobs.claim(shop.clock.now()).job
    assert control.is_busy(0.0)
    from zoomsync_agent.engine import outcome

    waits = outcome.after_error(job, NetworkUnavailable(), now=shop.clock.now(), jitter=0.5)
    shop.jobs.save(waits)
    assert control.is_busy(10.0)
    assert not control.is_busy(1.0)
    shop.jobs.cancel([JobId(1)], shop.clock.now())
    assert not control.is_busy(1e9)
