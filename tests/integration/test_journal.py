"""The journal: everything that happened, nothing twice, in the transaction of what it tells."""

import dataclasses
import hashlib

import pytest

from tests.fakes.workshop import Workshop
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.errors import DestinationDenied, SourceDamaged
from zoomsync_agent.core.job import JobId
from zoomsync_agent.core.recording import Kind
from zoomsync_agent.engine.audit import Audit
from zoomsync_agent.store.journal import SqliteJournal
from zoomsync_agent.store.overview import Overview

DATA = b"0123456789"


@pytest.fixture
def shop(tmp_path):
    """Give an engine that works when it is told to."""
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


@pytest.fixture
def journal(shop):
    """Give the journal of that engine."""
    return SqliteJournal(shop.db)


def _all(journal, **asked):
    wanted = {"before": None, "happenings": (), "text": "", "limit": 1_000} | asked
    return journal.page(**wanted)


def _told(journal):
    """Return what happened, the oldest first."""
    return [str(one.happening) for one in reversed(_all(journal))]


def _audit(shop):
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


def test_a_recording_is_found_and_safe(shop, journal):
    """When, which, and in which order; seen again it is no news."""
    path = shop.add("m/video.mp4", DATA, title="Budget")
    shop.clock.advance(60)
    shop.run()
    shop.see(path, title="Budget")
    shop.run()
    safe, found = _all(journal)
    assert (found.happening, safe.happening) == (Happening.FOUND, Happening.SAFE)
    assert safe.at - found.at == 60.0
    assert {(one.file_name, one.title, one.job_id) for one in (safe, found)} == {
        ("video.mp4", "Budget", 1)
    }
    assert safe.sha256 == hashlib.sha256(DATA).hexdigest()
    assert safe.is_media


def test_a_text_is_told_like_a_recording(shop, journal):
    """It is a file of its own."""
    shop.add("m/chat.txt", b"10:00:00 From Ann : hello", kind=Kind.CHAT)
    shop.run()
    assert _told(journal) == ["found", "safe"]
    assert not _all(journal)[0].is_media


def test_what_waits_for_somebody_is_told_once(shop, journal):
    """It is looked at every 30 s for hours, and only another reason is news."""
    shop.add("m/video.mp4", DATA)
    job = shop.jobs.claim(shop.clock.now()).job
    for _ in range(5):
        shop.jobs.save(
            dataclasses.replace(
                job, state="blocked", error_code=DestinationDenied.code, error_detail="no"
            )
        )
        shop.clock.advance(60)
        shop.jobs.release_blocked(shop.clock.now(), 30.0)
        shop.jobs.claim(shop.clock.now())
    assert _told(journal) == ["found", "blocked"]
    shop.jobs.save(dataclasses.replace(job, state="failed", error_code=SourceDamaged.code))
    last = _all(journal)[0]
    assert (last.happening, last.error_code) == (Happening.FAILED, SourceDamaged.code)
    assert (_all(journal)[1].error_code, _all(journal)[1].detail) == (DestinationDenied.code, "no")


def test_what_somebody_wants_tried_again_is_told_and_so_is_what_comes_of_it(shop, journal):
    """Even should it be what it was."""
    shop.add("m/video.mp4", DATA)
    for _ in range(2):
        job = shop.jobs.claim(shop.clock.now()).job
        shop.jobs.save(dataclasses.replace(job, state="failed", error_code=SourceDamaged.code))
        shop.jobs.retry([job.id], shop.clock.now())
    shop.jobs.retry([job.id], shop.clock.now())  # it waits already
    shop.run()
    assert _told(journal) == ["found", "failed", "retried", "failed", "retried", "safe"]


def test_many_that_are_tried_again_are_one_sentence(shop, journal):
    """Nobody reads a hundred of the same."""
    for number in range(21):
        shop.add(f"m/video{number}.mp4", b"%d" % number)
    ids = Overview(shop.db).jobs_in(("ready",))
    shop.jobs.cancel(ids, shop.clock.now())
    assert shop.jobs.retry(ids, shop.clock.now()) == 21
    retried = _all(journal, happenings=[Happening.RETRIED])
    assert [(one.detail, one.job_id) for one in retried] == [("21", None)]


def test_what_somebody_cancels_is_told(shop, journal):
    """Waiting or running."""
    shop.add("m/video.mp4", DATA)
    shop.jobs.cancel([JobId(1)], shop.clock.now())
    assert _told(journal) == ["found", "cancelled"]


def test_a_file_that_changes_is_another_one(shop, journal):
    """The end of the old job concerns nobody; the new version is found, and safe."""
    path = shop.add("m/video.mp4", DATA)
    path.write_bytes(b"0123456789abc")
    shop.run()
    shop.see(path)
    shop.run()
    assert shop.job(1).error_code == "source_changed"
    assert _told(journal) == ["found", "found", "safe"]


def test_a_row_that_is_published_once_more_is_no_news(shop, journal):
    """A summary came, another destination was in use: the recording was safe all the time."""
    shop.add("m/video.mp4", DATA)
    shop.run()
    assert shop.jobs.tell_again("folder", shop.clock.now()) == 1
    shop.run()
    assert _told(journal) == ["found", "safe"]


def test_another_place_for_everything_is_no_find(shop, journal):
    """The files are the same; that they are safe there is news."""
    shop.add("m/video.mp4", DATA)
    shop.run()
    shop.memory.objects.clear()
    assert shop.jobs.begin_anew("folder", shop.clock.now()) == 1
    shop.run()
    assert _told(journal) == ["found", "safe", "safe"]
    assert shop.jobs.serve(["folder", "s3"], shop.clock.now()) == 1
    assert _told(journal) == ["found", "safe", "safe"]


def test_what_is_lost_and_brought_there_again_is_told(shop, journal):
    """Each time."""
    audit = _audit(shop)
    shop.add("m/video.mp4", DATA)
    shop.run()
    for _ in range(2):
        shop.memory.objects.clear()
        shop.clock.advance(4_000)
        audit.tick()
        shop.run()
    assert _told(journal) == ["found", "safe", "lost", "safe", "lost", "safe"]
    lost = _all(journal, happenings=[Happening.LOST])[0]
    assert (lost.file_name, lost.job_id) == ("video.mp4", 1)


def test_every_file_of_a_lost_content_is_safe_anew(shop, journal):
    """One upload brings both home, and each says so."""
    audit = _audit(shop)
    shop.add("m/video.mp4", DATA)
    shop.add("m/copy.mp4", DATA)
    shop.run()
    shop.memory.objects.clear()
    shop.clock.advance(4_000)
    audit.tick()
    shop.run_all()
    assert sorted(_told(journal)) == ["found"] * 2 + ["lost"] + ["safe"] * 4


def test_what_is_lost_with_its_original_and_comes_back_is_told(shop, journal):
    """No job brought it there."""
    audit = _audit(shop)
    path = shop.add("m/video.mp4", DATA)
    shop.run()
    path.unlink()
    shop.files.mark_gone([str(path)])
    kept = dict(shop.memory.objects)
    shop.memory.objects.clear()
    shop.clock.advance(4_000)
    audit.tick()
    shop.memory.objects.update(kept)
    shop.clock.advance(4_000)
    audit.tick()
    assert _told(journal) == ["found", "safe", "lost", "safe"]


def test_what_is_lost_before_its_row_is_published_is_told(shop, journal):
    """The publishing finds out."""
    shop.add("m/video.mp4", DATA)
    shop.run()
    shop.memory.objects.clear()
    shop.clock.advance(4_000)
    shop.jobs.tell_again("folder", shop.clock.now())
    shop.run()
    assert _told(journal) == ["found", "safe", "lost", "safe"]


def test_half_of_a_transaction_tells_nothing(shop, journal):
    """An event stands and falls with what it tells."""
    shop.add("m/video.mp4", DATA)

    def half():
        with shop.db.write() as conn:
            conn.execute("UPDATE jobs SET state = 'failed', error_code = 'source_damaged'")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert _told(journal) == ["found"]


def test_what_somebody_does_is_noted(journal):
    """With when and what."""
    journal.note(Happening.SETTINGS, "backfill", 5.0)
    (one,) = _all(journal)
    assert (one.happening, one.detail, one.at) == (Happening.SETTINGS, "backfill", 5.0)
    assert (one.title, one.file_name, one.sha256, one.job_id) == ("", "", "", None)


def test_the_journal_is_read_page_by_page(journal):
    """The newest first, each entry once, also where only some are wanted."""
    for number in range(10):
        journal.note(Happening.PAUSED if number % 2 else Happening.RESUMED, str(number), 1.0)
    first = _all(journal, limit=4)
    second = _all(journal, limit=4, before=first[-1].id)
    assert [one.detail for one in (*first, *second)] == ["9", "8", "7", "6", "5", "4", "3", "2"]
    paused = _all(journal, happenings=[Happening.PAUSED], limit=3)
    assert [one.detail for one in paused] == ["9", "7", "5"]
    assert _all(journal, before=1) == []
    assert _all(journal, before=-(2**70)) == []
    assert len(_all(journal, before=2**70)) == 10


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("budget", 2),
        ("BUDGET", 2),
        ("büdget", 1),
        ("BÜDGET", 1),
        ("film.mp4", 3),
        ("recordings", 0),
        ("100%", 1),
        ("%", 1),
        ("_", 0),
        ("!", 0),
        ("\0", 0),
        ("\udcff", 0),
    ],
)
def test_entries_are_found_by_title_and_file(shop, journal, monkeypatch, text, count):
    """By any part of either, but not by the folder; signs are signs."""
    monkeypatch.setattr("zoomsync_agent.store.journal._CHUNK", 2)
    for number, title in enumerate(["Budget", "the budget 100%", "Büdget"]):
        shop.see(shop.write(f"recordings{number}/film.mp4", b"%d" % number), title=title)
    journal.note(Happening.PAUSED, "budget", 1.0)
    assert len(_all(journal, text=text)) == count


def test_only_the_newest_are_kept(shop, journal):
    """A journal that grows for ever fills a disk."""
    with shop.db.write() as conn:
        conn.execute("INSERT INTO activity (id, at, happening) VALUES (1, 0, 'paused')")
        conn.execute("INSERT INTO activity (id, at, happening) VALUES (50000, 0, 'paused')")
        conn.execute("INSERT INTO activity (id, at, happening) VALUES (50001, 0, 'paused')")
        assert conn.execute("SELECT count(*) FROM activity").fetchone()[0] == 3
        conn.execute("INSERT INTO activity (id, at, happening) VALUES (50100, 0, 'paused')")
    assert [one.id for one in _all(journal)] == [50_100, 50_001, 50_000]


def test_what_a_later_version_wrote_is_left_out(shop, journal):
    """Somebody put the agent back to this one."""
    with shop.db.write() as conn:
        conn.execute("INSERT INTO activity (at, happening) VALUES (0, 'of the future')")
    assert _all(journal) == []


def test_bytes_count_on_the_day_of_their_first_proof(shop, journal):
    """A later proof, or another address, moves nothing; a text does not count."""
    shop.add("m/video.mp4", DATA)
    shop.add("m/chat.txt", b"10:00:00 From Ann : hello", kind=Kind.CHAT)
    shop.run()
    (stored,) = [one for one in shop.objects.receipts("folder") if not one.scope]
    shop.objects.save_receipt(stored, dataclasses.replace(stored.receipt, verified_at=500.0))
    assert stored.receipt.verified_at == 1.0
    assert journal.became_safe("folder", [0.0, 1.0, 2.0, 1_000.0]) == [0, 10, 0]
    assert journal.became_safe("elsewhere", [0.0, 2.0]) == [0]


def test_what_the_archive_holds_is_counted_as_it_changes(shop):
    """Proven, lost, proven again, forgotten: the sum is that of the receipts."""
    overview = Overview(shop.db)

    def safe():
        (row,) = shop.db.query(
            "SELECT count(*) AS n, coalesce(sum(size), 0) AS size FROM objects"
            " WHERE destination = 'folder' AND scope = '' AND verified_at IS NOT NULL"
        )
        assert (overview.safe("folder").files, overview.safe("folder").size) == tuple(row)
        return row["n"]

    assert safe() == 0
    shop.add("m/video.mp4", DATA)
    shop.add("m/other.mp4", b"other")
    shop.add("m/chat.txt", b"10:00:00 From Ann : hello", kind=Kind.CHAT)
    shop.run()
    assert safe() == 2
    first, *_ = [one for one in shop.objects.receipts("folder") if not one.scope]
    shop.objects.lose(first)
    assert safe() == 1
    shop.objects.save_receipt(first, first.receipt)
    shop.objects.save_receipt(first, dataclasses.replace(first.receipt, size=99))
    assert safe() == 2
    shop.objects.save_receipt(first, None)
    assert safe() == 1
    shop.jobs.begin_anew("folder", shop.clock.now())
    assert safe() == 0
