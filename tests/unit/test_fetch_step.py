"""Files that are fetched: their step, their gate, and that they hold nobody up."""

import os
from dataclasses import replace

import pytest

from tests.fakes.stores import decided, sighting
from tests.fakes.workshop import Workshop
from zoomsync_agent.core.errors import (
    DestinationFull,
    NetworkUnavailable,
    RecordingDeleted,
    SourceChanged,
    ZoomSignInRequired,
)
from zoomsync_agent.core.facts import ZOOM
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.core.readiness import Reason
from zoomsync_agent.engine.lanes import Lanes
from zoomsync_agent.engine.worker import _Stop

MTIME = 1_000.0


class FakeOrigin:
    """`Origin` of bytes that a test puts there."""

    name = ZOOM

    def __init__(self):
        self.data = {}
        self.errors = []
        self.fetched = []
        self.released = []
        self.on_fetch = lambda _file: None

    def fetch(self, file, *, stop, pace):
        """Write the file at once."""
        self.fetched.append(file.path.name)
        self.on_fetch(file)
        if self.errors:
            raise self.errors.pop(0)
        if stop():
            return False
        data = self.data[file.path.name]
        pace(len(data))
        file.path.parent.mkdir(parents=True, exist_ok=True)
        file.path.write_bytes(data)
        os.utime(file.path, (MTIME, MTIME))
        return True

    def release(self, file):
        """Remove it."""
        self.released.append(file.path.name)
        file.path.unlink(missing_ok=True)


class Shop(Workshop):
    """With an origin."""

    def __init__(self, folder):
        self.origin = FakeOrigin()
        super().__init__(folder, None, lambda _shop: {ZOOM: self.origin})
        self.spool = folder / "spool"

    def refuse(self, error, times=1):
        """Let the destination refuse what is sent next."""
        send, left = self.memory.send, [error] * times

        def refusing(outgoing, **kwargs):
            if left:
                raise left.pop()
            return send(outgoing, **kwargs)

        self.memory.send = refusing

    def list(self, name, data=b"0123456789"):
        """Let a cloud file be seen."""
        self.origin.data[name] = data
        seen = sighting(self.spool / name, root=self.spool, size=len(data), mtime=MTIME)
        seen = replace(seen, source=ZOOM, origin="{}")
        return self.jobs.record([decided(seen)], (self.destination.name,), self.clock.now())


@pytest.fixture
def shop(tmp_path):
    """Give it."""
    workshop = Shop(tmp_path)
    yield workshop
    workshop.close()


def test_a_cloud_file_is_fetched_sent_and_released(shop):
    """In this order, and its row says where it came from."""
    shop.list("a.mp4")
    assert shop.job().step is Step.FETCH
    assert shop.job().gate == ZOOM
    assert shop.run() == 1
    assert shop.job().state is State.DONE
    assert list(shop.memory.objects.values()) == [b"0123456789"]
    assert shop.row().source == "zoom"
    assert shop.origin.released == ["a.mp4"]


def test_a_copy_that_went_away_is_fetched_again(shop):
    """Between two steps; nothing is lost and nothing fails."""
    shop.list("a.mp4")
    shop.refuse(NetworkUnavailable("gone"))
    shop.run()
    (path,) = shop.spool.iterdir()
    path.unlink()
    shop.run_all()
    assert shop.job().state is State.DONE
    assert shop.origin.fetched == ["a.mp4", "a.mp4"]


def test_a_copy_that_was_changed_is_fetched_again(shop):
    """What is sent is what the cloud has."""
    shop.list("a.mp4")
    shop.refuse(NetworkUnavailable("gone"))
    shop.run()
    (path,) = shop.spool.iterdir()
    path.write_bytes(b"9876543210")
    shop.run_all()
    assert list(shop.memory.objects.values()) == [b"0123456789"]


def test_another_version_is_another_job(shop):
    """Only the source says so; somebody looks soon."""
    shop.list("a.mp4")
    shop.origin.errors = [SourceChanged("another")]
    shop.run()
    assert shop.job().state is State.CANCELLED
    assert shop.looks_asked.rings == 1
    assert shop.list("a.mp4") == 1
    shop.run()
    assert shop.job().state is State.DONE


def test_what_the_cloud_deleted_fails_and_comes_back(shop):
    """When a sweep sees it again."""
    shop.list("a.mp4")
    shop.origin.errors = [RecordingDeleted("trash")]
    shop.run()
    assert (shop.job().state, shop.job().error_code) == (State.FAILED, RecordingDeleted.code)
    assert shop.files.get(shop.job().file_id).is_gone
    assert shop.list("a.mp4") == 1
    shop.run()
    assert shop.job().state is State.DONE


def test_a_cloud_that_is_shut_holds_no_local_recording(shop):
    """And all cloud jobs wait together, with one reason, while one probes."""
    for number in range(5):
        shop.list(f"{number}.mp4", bytes([number] * 10))
    shop.origin.errors = [ZoomSignInRequired("out")]
    shop.run()
    assert shop.breaker.shut == {ZOOM}
    assert len(shop.origin.fetched) == 1
    shop.add("m/local.mp4", b"local")
    shop.run()
    assert b"local" in shop.memory.objects.values()
    assert len(shop.origin.fetched) == 1
    shop.clock.advance(60.0)
    shop.run()
    assert shop.breaker.shut == frozenset()
    assert len(shop.memory.objects) == 6


def test_a_destination_that_is_full_stops_no_download_on_the_way(shop):
    """What is here waits at the destination's gate, with its reason."""
    shop.list("a.mp4")
    shop.list("b.mp4", b"other")
    shop.refuse(DestinationFull("full"), times=3)
    shop.run()
    assert shop.breaker.shut == {shop.destination.name}
    assert {shop.job(1).step, shop.job(2).step} <= {Step.IDENTIFY, Step.TRANSFER}
    assert sorted(shop.origin.fetched) == ["a.mp4", "b.mp4"]
    shop.run_all()
    assert len(shop.memory.objects) == 2


def test_retry_of_a_download_begins_with_the_download(shop):
    """And of an upload with what is here."""
    shop.list("a.mp4")
    shop.origin.errors = [RecordingDeleted("gone")]
    shop.run()
    assert shop.jobs.retry([shop.job().id], shop.clock.now()) == 1
    assert shop.job().step is Step.FETCH


def test_a_lost_object_is_fetched_again(shop):
    """As long as the cloud has it."""
    shop.list("a.mp4")
    shop.run()
    stored = shop.objects.receipts(shop.destination.name)[0]
    shop.objects.lose(stored)
    shop.memory.objects.clear()
    assert shop.jobs.reopen(stored, shop.clock.now()) == 1
    assert shop.job().step is Step.FETCH
    shop.run()
    assert list(shop.memory.objects.values()) == [b"0123456789"]


def test_another_destination_gets_cloud_files_by_fetching(shop):
    """There is no copy here that could be sent."""
    shop.list("a.mp4")
    shop.run()
    assert shop.jobs.serve(["elsewhere"], shop.clock.now()) == 1
    assert shop.job(2).step is Step.FETCH


def test_history_that_is_decided_anew_covers_downloads(shop):
    """Backlog that has not begun goes, and the sweep decides again."""
    shop.list("a.mp4")
    shop.db.connection().execute("UPDATE jobs SET priority = 1")
    shop.jobs.reopen_history()
    assert shop.jobs.counts()[State.READY] == 0


def test_one_uploader_is_always_free_of_downloads(shop):
    """A recording that lies here does not wait behind a backlog in the cloud."""
    for number in range(3):
        shop.list(f"{number}.mp4")
    shop.add("m/local.mp4", b"local")
    second = shop.new_worker("uploader-2")
    order = []

    def meanwhile(file):
        order.append(file.path.name)
        if len(order) == 1:
            assert shop.lanes.full == {ZOOM}
            assert second.work_once()
            assert b"local" in shop.memory.objects.values()
            assert not second.work_once()

    shop.origin.on_fetch = meanwhile
    shop.run()
    assert len(order) == 3
    assert shop.lanes.full == frozenset()


def test_a_single_uploader_may_download(shop):
    """Or nothing would ever come."""
    shop.lanes = Lanes(1)
    shop.list("a.mp4")
    assert shop.new_worker("only").work_once()
    assert shop.job().state is State.DONE


def test_a_download_that_was_stopped_goes_on(shop, monkeypatch):
    """Told to stop it is no failure."""
    shop.list("a.mp4")
    monkeypatch.setattr(_Stop, "__call__", lambda _self: True)
    shop.worker.work_once()
    assert (shop.job().state, shop.job().step) == (State.READY, Step.FETCH)
    monkeypatch.undo()
    shop.run()
    assert shop.job().state is State.DONE


def test_without_an_app_cloud_jobs_wait_together(tmp_path):
    """The settings name none any more; local recordings go on."""
    folder = tmp_path / "x"
    folder.mkdir()
    workshop = Shop(folder)
    workshop.steps._origins = {}
    workshop.list("a.mp4")
    workshop.list("b.mp4")
    workshop.add("m/local.mp4", b"local")
    workshop.run()
    assert workshop.breaker.shut == {ZOOM}
    assert list(workshop.memory.objects.values()) == [b"local"]
    workshop.close()


def test_a_verdict_that_is_not_ready_makes_no_job(shop):
    """What Zoom still works on waits."""
    seen = sighting(shop.spool / "r", root=shop.spool, size=0, reason=Reason.RECORDING)
    shop.jobs.record([decided(replace(seen, source=ZOOM))], ("memory",), shop.clock.now())
    assert shop.jobs.counts()[State.READY] == 0
