"""Somebody chooses another destination, account or project: what is here is brought there too."""

from dataclasses import replace

import pytest

from tests.fakes.workshop import Workshop
from zoomsync_agent.core.errors import ObjectTooLarge
from zoomsync_agent.core.job import State


@pytest.fixture
def shop(tmp_path):
    """Give an engine over real stores."""
    found = Workshop(tmp_path)
    yield found
    found.close()


def _states(shop, destination):
    found = shop.db.query("SELECT state FROM jobs WHERE destination = ?", (destination,))
    return sorted(row["state"] for row in found)


def test_what_is_here_is_brought_to_a_new_destination(shop):
    """What was done for the old one stays done; a second start adds nothing."""
    for name in ("a", "b"):
        shop.add(f"{name}/video.mp4", name.encode() * 9)
    shop.run()
    assert shop.jobs.serve(("other",), shop.clock.now()) == 2
    assert _states(shop, "other") == ["ready", "ready"]
    assert _states(shop, "folder") == ["done", "done"]
    assert shop.jobs.serve(("other",), shop.clock.now()) == 0


def test_what_is_gone_or_not_ready_is_not(shop):
    """Only what could be uploaded now."""
    path = shop.add("a/video.mp4", b"gone soon")
    shop.add("b/video.mp4", b"stays here")
    shop.files.mark_gone([str(path)])
    with shop.db.write() as conn:
        conn.execute("UPDATE files SET verdict = 'history' WHERE meeting_key = 'b'")
    assert shop.jobs.serve(("other",), shop.clock.now()) == 0


def test_unfinished_work_for_an_old_destination_is_forgotten(shop):
    """No worker ever meets a destination that nobody has; it comes back with the destination."""
    shop.add("a/video.mp4", b"123456789")
    shop.jobs.serve(("other",), shop.clock.now())
    assert _states(shop, "folder") == []
    assert shop.jobs.serve((shop.destination.name,), shop.clock.now()) == 1
    assert _states(shop, "other") == []
    shop.run()
    assert _states(shop, "folder") == ["done"]


def test_another_account_gets_everything_that_is_still_here(shop):
    """Bytes go there again: the old place is somebody else's. What was cancelled stays so."""
    for name in ("a", "b", "c"):
        shop.add(f"{name}/video.mp4", name.encode() * 9)
    shop.jobs.cancel([shop.job(3).id], shop.clock.now())
    shop.run()
    shop.memory.objects.clear()

    assert shop.jobs.begin_anew(shop.destination.name, shop.clock.now()) == 2
    assert shop.objects.receipts(shop.destination.name) == []
    shop.run()

    assert len(shop.memory.objects) == 2
    assert shop.jobs.counts()[State.DONE] == 2
    assert shop.jobs.counts()[State.CANCELLED] == 1


def test_a_job_that_runs_meanwhile_ends_with_a_receipt_of_the_new_place(shop):
    """Its own receipt is forgotten while it works; it looks again before it is done."""
    shop.add("a/video.mp4", b"123456789")
    send = type(shop.memory).send
    calls = []

    def sending(outgoing, **kwargs):
        receipt = send(shop.memory, outgoing, **kwargs)
        calls.append(receipt)
        if len(calls) == 1:
            shop.jobs.begin_anew(shop.destination.name, shop.clock.now())
            shop.memory.objects.clear()
        return receipt

    shop.memory.send = sending
    shop.run()
    assert len(calls) == 2
    assert len(shop.objects.receipts(shop.destination.name)) == 1
    assert list(shop.memory.objects.values()) == [b"123456789"]


def test_what_somebody_does_not_want_is_not_brought_elsewhere(shop):
    """And not back either."""
    shop.add("a/private.mp4", b"not for the cloud")
    shop.jobs.cancel([shop.job().id], shop.clock.now())
    assert shop.jobs.serve(("other",), shop.clock.now()) == 0
    assert shop.jobs.serve((shop.destination.name,), shop.clock.now()) == 0
    shop.run()
    assert shop.memory.objects == {}


def test_a_receipt_of_another_key_is_not_taken(shop):
    """A job that ended after somebody else had begun anew does not vouch for the new object."""
    shop.add("a/video.mp4", b"123456789")
    shop.run()
    (stored,) = shop.objects.receipts(shop.destination.name)
    shop.objects.save_receipt(replace(stored, key="another/key.mp4"), None)
    assert shop.objects.receipts(shop.destination.name) == [stored]


def test_what_is_too_large_is_not_tried_all_the_time(shop):
    """Every quarter of an hour, or when somebody asks."""
    shop.add("a/video.mp4", b"123456789")
    tries = []

    def refusing(outgoing, **kwargs):
        tries.append(outgoing.key)
        raise ObjectTooLarge("50 MB a file")

    shop.memory.send = refusing
    shop.run()
    for _ in range(40):
        shop.clock.advance(30.0)
        shop.jobs.release_blocked(shop.clock.now(), 30.0)
        shop.run()
    assert len(tries) == 2
    shop.jobs.release_blocked(shop.clock.now(), 0.0)
    shop.run()
    assert len(tries) == 3
