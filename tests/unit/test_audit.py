"""Is what was archived still there?"""

import threading
from dataclasses import replace

import pytest

from tests.fakes.workshop import Workshop
from zoomsync_agent.core.errors import DestinationUnavailable
from zoomsync_agent.core.job import State
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.recording import ProcessingStatus
from zoomsync_agent.engine.audit import (
    AGAIN_SECONDS,
    DESTINATION_PROBLEM,
    FULL_SECONDS,
    MOST_MISSES,
    TICK_SECONDS,
    Audit,
)


@pytest.fixture
def shop(tmp_path):
    """Give an engine that works when it is told to."""
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


@pytest.fixture
def audit(shop):
    """Give the audit of that engine."""
    return Audit(
        shop.objects,
        shop.jobs,
        shop.state,
        shop.steps.publisher,
        {shop.destination.name: shop.destination},
        clock=shop.clock,
        bell=shop.bell,
        log=shop.log,
    )


def test_what_is_there_is_left_alone(shop, audit):
    """No row is touched, nothing is sent."""
    shop.add("m/video.mp4", b"0123456789")
    shop.run()
    before = shop.row()

    audit.tick()

    assert shop.row() == before
    assert shop.job().state is State.DONE


def test_what_is_gone_is_uploaded_again(shop, audit):
    """The row says at once that it is not safe, and that it is once it is."""
    shop.add("m/video.mp4", b"0123456789")
    shop.run()
    shop.memory.objects.clear()

    audit.tick()

    assert shop.row().processing_status is ProcessingStatus.FAILED
    assert shop.row().file_url == ""
    assert shop.job().state is State.READY
    shop.run()
    assert list(shop.memory.objects.values()) == [b"0123456789"]
    assert shop.row().processing_status is ProcessingStatus.COMPLETED


def test_what_is_gone_with_its_original_is_told(shop, audit):
    """There is nothing to upload; the row does not go on saying that it is safe."""
    path = shop.add("m/video.mp4", b"0123456789")
    shop.run()
    path.unlink()
    shop.files.mark_gone([str(path)])
    shop.memory.objects.clear()

    audit.tick()

    assert shop.row().processing_status is ProcessingStatus.FAILED
    assert shop.job().state is State.DONE
    assert shop.log.named("no longer in the archive")[0].fields["uploaded_again"] == 0


def test_an_archive_that_is_away_loses_nothing(shop, audit):
    """The problem is kept for people until everything could be looked at again."""
    shop.add("m/video.mp4", b"0123456789")
    shop.run()
    is_away = True

    class Drive:
        def check(self, receipt):
            if is_away:
                raise DestinationUnavailable("the drive is away")
            return shop.memory.check(receipt)

        def check_all(self, receipts):
            return map(self.check, receipts)

    audit._destinations = {shop.destination.name: Drive()}
    audit.tick()
    told = Problem.read(shop.state.get(DESTINATION_PROBLEM))
    assert told == Problem(DestinationUnavailable.code, "the drive is away")
    assert shop.row().processing_status is ProcessingStatus.COMPLETED

    is_away = False
    shop.clock.advance(TICK_SECONDS)
    audit.tick()
    assert shop.state.get(DESTINATION_PROBLEM) is None
    assert shop.job().state is State.DONE


def test_everything_is_looked_at_now_and_then(shop, audit):
    """Between, one receipt a minute: a big archive costs nothing in idle."""
    for number in range(20):
        shop.add(f"m/video{number}.mp4", b"%010d" % number)
    shop.run()
    looked = []

    class Counting:
        def check(self, receipt):
            looked.append(receipt.key)
            return receipt

        def check_all(self, receipts):
            return map(self.check, receipts)

    audit._destinations = {shop.destination.name: Counting()}
    audit.tick()
    assert len(looked) == 20
    for _ in range(3):
        shop.clock.advance(TICK_SECONDS)
        audit.tick()
    assert len(looked) == 23
    shop.clock.advance(FULL_SECONDS)
    audit.tick()
    assert len(looked) == 43


def test_a_moved_archive_gets_new_addresses(shop, audit):
    """In the receipt and in the row."""
    shop.add("m/video.mp4", b"0123456789")
    shop.run()

    class Moved:
        def check(self, receipt):
            return replace(receipt, url="file:///new/place.mp4")

        def check_all(self, receipts):
            return map(self.check, receipts)

    audit._destinations = {shop.destination.name: Moved()}
    audit.tick()

    assert shop.row().file_url == "file:///new/place.mp4"
    assert shop.row().processing_status is ProcessingStatus.COMPLETED
    assert shop.objects.receipts(shop.destination.name)[0].receipt.url == "file:///new/place.mp4"


def test_what_was_in_the_way_is_looked_at_again_when_asked(shop, audit):
    """A drive that was just connected, somebody who has just signed in: not a minute later."""
    shop.add("m/video.mp4", b"0123456789")
    shop.run()
    looks, is_away = threading.Semaphore(0), True

    class Drive:
        def check_all(self, receipts):
            looks.release()
            if is_away:
                raise DestinationUnavailable("the drive is away")
            return map(shop.memory.check, receipts)

    audit._destinations = {shop.destination.name: Drive()}
    audit.start()
    try:
        assert looks.acquire(timeout=10.0)
        is_away = False
        audit.look_soon()
        assert looks.acquire(timeout=10.0)
    finally:
        audit.stop(10.0)
    assert not audit.is_alive
    assert shop.state.get(DESTINATION_PROBLEM) is None


def test_what_comes_back_is_safe_again(shop, audit):
    """A restored archive, a policy put right: even where the original is gone by now."""
    path = shop.add("m/video.mp4", b"0123456789")
    shop.run()
    path.unlink()
    shop.files.mark_gone([str(path)])
    kept = dict(shop.memory.objects)
    shop.memory.objects.clear()
    audit.tick()
    assert shop.row().processing_status is ProcessingStatus.FAILED
    assert shop.objects.receipts(shop.destination.name) == []

    shop.memory.objects.update(kept)
    shop.clock.advance(FULL_SECONDS)
    audit.tick()

    assert shop.row().processing_status is ProcessingStatus.COMPLETED
    assert shop.row().file_url
    assert len(shop.objects.receipts(shop.destination.name)) == 1
    assert shop.objects.lost(shop.destination.name) == []


def test_an_emptied_archive_is_not_asked_for_every_object_every_hour(shop, audit):
    """A few at random tell; what is back is found all the same, in the end all of it."""
    for number in range(MOST_MISSES + 15):
        shop.add(f"m{number}/video.mp4", b"%010d" % number)
    shop.run()
    kept, looked = dict(shop.memory.objects), []
    for path in shop.root.glob("*/video.mp4"):
        path.unlink()
        shop.files.mark_gone([str(path)])
    shop.memory.objects.clear()
    audit.tick()
    check = type(shop.memory).check

    def counting(receipt):
        looked.append(receipt.key)
        return check(shop.memory, receipt)

    shop.memory.check = counting
    shop.clock.advance(FULL_SECONDS)
    audit.tick()
    assert len(looked) == MOST_MISSES

    shop.memory.objects.update(kept)
    shop.clock.advance(FULL_SECONDS)
    audit.tick()
    assert shop.objects.lost(shop.destination.name) == []
    assert len(shop.objects.receipts(shop.destination.name)) == MOST_MISSES + 15


def test_all_is_looked_at_when_somebody_asks_for_it(shop, audit):
    """Not only one receipt; and not again and again, however often they ask."""
    paths = [shop.add(f"m{number}/video.mp4", b"x" * number) for number in range(1, 6)]
    shop.run()
    audit.tick()
    shop.clock.advance(AGAIN_SECONDS)
    shop.destination.objects.clear()
    audit.look_soon()
    audit.tick()
    assert shop.jobs.counts()[State.READY] == len(paths)
    shop.run()
    shop.destination.objects.clear()
    audit.look_soon()
    audit.tick()
    assert shop.jobs.counts()[State.READY] <= 1
    shop.clock.advance(AGAIN_SECONDS)
    audit.tick()
    assert shop.jobs.counts()[State.READY] == len(paths)
