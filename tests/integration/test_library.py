"""What people see of recordings and can do with them, over a real queue and catalog."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.fakes.library import control_of, library_of
from tests.fakes.log import RecordingLog
from tests.fakes.stores import catalog_database, queue_database, row
from tests.fakes.workshop import Workshop
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.errors import NotAllowed, UsageError
from zoomsync_agent.core.job import State
from zoomsync_agent.core.listing import MOST, Query
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.engine.publishing import Stores
from zoomsync_agent.engine.rebuild import rebuild
from zoomsync_agent.engine.steps import Steps
from zoomsync_agent.store.files import SqliteFileStore
from zoomsync_agent.store.meetings import SqliteMeetingStore
from zoomsync_agent.store.objects import SqliteObjectStore
from zoomsync_agent.store.state import SqliteStateStore

DATA = b"0123456789"
CHAT = b"10:00:00 From Ann : hello"


@pytest.fixture
def shop(tmp_path):
    """Give an engine whose rows go to an embedded catalog."""
    workshop = Workshop(tmp_path)
    workshop.rows = catalog_database(tmp_path / "catalog.db")
    workshop.catalog = LocalCatalog(workshop.rows)
    workshop.steps.publisher._catalogs = (workshop.catalog,)
    yield workshop
    workshop.close()
    workshop.rows.close()


@pytest.fixture
def library(shop):
    """Give what people see of it."""
    return library_of(shop, shop.rows)


def _safe(shop, name="m/video.mp4", data=DATA, **kwargs):
    """Bring a recording home and return its row."""
    shop.add(name, data, **kwargs)
    shop.run()
    return next(
        one for one in shop.catalog.recent() if one.sha256 == hashlib.sha256(data).hexdigest()
    )


def _happenings(events):
    return [str(one.happening) for one in events]


# --- lists and transcripts -------------------------------------------------------------------


def test_a_page_is_as_long_as_a_page_can_be(shop, library):
    """Neither nothing nor everything."""
    for number in range(MOST + 1):
        shop.catalog.publish(row(f"r{number}"))
    assert len(library.listing(Query(limit=10**9)).found) == MOST
    assert len(library.listing(Query(limit=-5)).found) == 1
    with pytest.raises(UsageError):
        library.listing(Query(cursor="nonsense"))


def test_what_was_said_can_be_read_line_by_line(shop, library):
    """With times, speakers and messages."""
    text = "[00:00:01] Ann: hello\n[00:00:05] Ben (chat): hi"
    said = library.transcript(row(transcription_text=text, started_at=1.0))
    assert [(cue.at, cue.speaker, cue.text, cue.is_chat) for cue in said] == [
        (1.0, "Ann", "hello", False),
        (5.0, "Ben", "hi", True),
    ]
    assert library.transcript(row()) == ()
    clocks = library.transcript(row(transcription_text=text, duration_seconds=2.0))
    assert [cue.at for cue in clocks] == [1.0, None]


# --- why not ---------------------------------------------------------------------------------


def test_what_is_safe_needs_no_reason(shop, library):
    """And what is not says why, in the words of the first glance."""
    path = shop.add("m/video.mp4", DATA, title="Budget")
    shop.memory.spoil = lambda data: b"x" * len(data)
    shop.run()
    failed = replace(
        row(processing_status=ProcessingStatus.FAILED, file_url=""),
        sha256=hashlib.sha256(DATA).hexdigest(),
        meeting_title="Renamed",
    )
    why = library.why_not(failed)
    (waiting,) = control_of(shop, shop.rows, pid=1).snapshot().waiting
    assert replace(why, meeting_title="Budget") == waiting
    assert (why.meeting_title, why.path, why.job_id) == ("Renamed", str(path), 1)
    shop.memory.spoil = lambda data: data
    shop.run_all()
    assert library.why_not(shop.catalog.recent()[0]) is None


def test_what_is_gone_everywhere_says_so(shop, library):
    """There is no job of it any more."""
    lost = row(processing_status=ProcessingStatus.FAILED, file_url="", sha256="ab")
    why = library.why_not(lost)
    assert (why.code, why.path, why.job_id) == ("lost", "video.mp4", None)
    assert "not in the archive" in why.sentence


# --- history and journal ---------------------------------------------------------------------


def test_a_file_has_a_history(shop, library):
    """From the find to the receipt: where, how large, with which hash, and when it was proven."""
    kept = _safe(shop)
    _safe(shop, "other/video.mp4", b"another")
    events = library.history(kept)
    assert sorted(_happenings(events)) == ["found", "safe", "safe"]
    (proof,) = [one for one in events if not one.id]
    assert (proof.at, proof.detail) == (1.0, kept.file_url)
    assert kept.sha256 in proof.sentence
    assert "10 bytes" in proof.sentence
    assert {one.recording_id for one in events} == {kept.recording_id}


def test_the_journal_names_its_recordings(shop, library):
    """By id where there is a row, and with the title that it has now."""
    shop.add("m/video.mp4", DATA, title="Budget")
    (found,) = library.activity().events
    assert (found.title, found.file_name, found.recording_id) == ("Budget", "video.mp4", None)
    shop.run()
    kept = shop.catalog.recent()[0]
    library.rename(kept, "Plan")
    events = library.activity().events
    assert _happenings(events) == ["renamed", "safe", "found"]
    assert {one.recording_id for one in events[1:]} == {kept.recording_id}
    assert {one.title for one in events[1:]} == {"Plan"}
    assert events[0].sentence == "Renamed to “Plan”."
    assert len(library.activity(text="plan").events) == 2
    assert len(library.activity(text="budget").events) == 0


def test_the_journal_has_pages(shop, library):
    """Until there is nothing older."""
    control = control_of(shop, shop.rows, pid=1)
    for _ in range(3):
        control.pause()
        control.resume()
    control.resume()  # there is no pause that could end
    first = library.activity(limit=4)
    second = library.activity(limit=4, before=first.before)
    assert _happenings(first.events) == ["resumed", "paused"] * 2
    assert _happenings(second.events) == ["resumed", "paused"]
    assert second.before is None
    assert _happenings(library.activity(happenings=[Happening.PAUSED]).events) == ["paused"] * 3
    assert len(library.activity(limit=-1).events) == 1


def test_a_pause_says_until_when(shop, library):
    """Where it has an end."""
    control = control_of(shop, shop.rows, pid=1)
    control.pause(60.0)
    (event,) = library.activity().events
    until = datetime.fromtimestamp(shop.clock.now() + 60, UTC).isoformat()
    assert event.detail == until
    assert f"{datetime.fromisoformat(until).astimezone():%Y-%m-%d %H:%M}" in event.sentence


# --- days ------------------------------------------------------------------------------------


def test_each_day_has_its_bytes(shop):
    """Of the user's own days: at eleven in the evening in London it is tomorrow in Berlin."""
    library = library_of(shop, shop.rows, zone=ZoneInfo("Europe/Berlin"))
    _safe(shop)
    moments = (
        datetime(2026, 10, 24, 21, 59, tzinfo=UTC),  # the night in which the clocks go back
        datetime(2026, 10, 24, 22, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 22, 59, tzinfo=UTC),
        datetime(2026, 10, 25, 23, 0, tzinfo=UTC),
    )
    with shop.db.write() as conn:
        conn.execute("DELETE FROM objects")
        conn.executemany(
            "INSERT INTO objects (destination, sha256, key, size, verified_at, safe_at)"
            " VALUES ('folder', ?, 'k', ?, 1, ?)",
            [(str(size), size, moment.timestamp()) for size, moment in enumerate(moments, 1)],
        )
    now = datetime(2026, 10, 26, 12, tzinfo=UTC).timestamp()
    shop.clock.jump(now - shop.clock.now())
    days = library.days(4)
    assert days == [
        (date(2026, 10, 23), 0),
        (date(2026, 10, 24), 1),
        (date(2026, 10, 25), 2 + 3),
        (date(2026, 10, 26), 4),
    ]
    assert library.days(1) == days[-1:]
    assert library.days(30)[0][0] == date(2026, 10, 26) - timedelta(days=29)


# --- titles ----------------------------------------------------------------------------------


def _rows(shop):
    return sorted(shop.catalog.recent(), key=lambda one: one.file_name)


def test_a_meeting_gets_another_title(shop, library):
    """All its recordings, at once, in lists and in search; with rows newer than before."""
    _safe(shop, "m/video.mp4")
    _safe(shop, "m/video2.mp4", b"second")
    other = _safe(shop, "other/film.mp4", b"other")
    before = _rows(shop)[1]
    renamed = library.rename(before, "  Budget of Ü  ")
    assert renamed.meeting_title == "Budget of Ü"
    rows = _rows(shop)
    assert [one.meeting_title for one in rows] == ["Weekly Sync", "Budget of Ü", "Budget of Ü"]
    assert rows[1].updated_at > before.updated_at
    assert replace(rows[1], meeting_title="Weekly Sync", updated_at=0.0) == replace(
        before, updated_at=0.0
    )
    assert library.listing(Query("budget")).total == 2
    assert shop.catalog.get(other.recording_id) == other


def test_a_title_reaches_what_lies_beside_the_recordings(shop, library):
    """Their jobs publish once more, and nothing is uploaded for it."""
    kept = _safe(shop)
    other = _safe(shop, "other/film.mp4", b"other")
    sent = list(shop.memory.chunks)
    library.rename(kept, "Budget")
    assert (shop.job(1).state, shop.job(1).step) == (State.READY, "publish")
    assert shop.job(2).state is State.DONE
    shop.run()
    assert shop.job(1).state is State.DONE
    assert shop.memory.chunks == sent
    assert shop.memory.described[kept.object_key]["meeting_title"] == "Budget"
    assert shop.memory.described[other.object_key]["meeting_title"] == "Weekly Sync"


def test_a_title_outlives_whatever_is_published_later(shop, library):
    """A text that comes late, a part that is uploaded later, a lost file that is found again."""
    library.rename(_safe(shop), "Budget")
    shop.run()
    shop.add("m/chat.txt", CHAT, kind=Kind.CHAT)
    shop.run()
    assert "hello" in _rows(shop)[0].transcription_text
    _safe(shop, "m/video2.mp4", b"second")
    assert {one.meeting_title for one in _rows(shop)} == {"Budget"}
    described = {one["meeting_title"] for one in shop.memory.described.values()}
    assert described == {"Budget"}
    assert len(shop.memory.described) == 3


def test_a_title_outlives_the_queue(shop, library, tmp_path):
    """The archive knows that somebody gave it, and what is published after the rebuild has it."""
    library.rename(_safe(shop), "Budget")
    shop.run()
    db = queue_database(tmp_path / "fresh.db")
    state, objects = SqliteStateStore(db), SqliteObjectStore(db)
    rebuild([shop.destination], [shop.catalog], objects, state, log=RecordingLog())
    assert SqliteMeetingStore(db).title_of("m") == "Budget"
    fresh = Steps(
        Stores(SqliteFileStore(db), SqliteMeetingStore(db), objects, state),
        destinations={"folder": shop.destination},
        catalogs=(shop.catalog,),
        clock=shop.clock,
        owner=shop.steps._owner,
    )
    file = shop.files.get(1)
    fresh.publisher.completed("folder", file)
    assert _rows(shop)[0].meeting_title == "Budget"
    db.close()


def test_what_nobody_renamed_is_named_by_its_folder_after_a_rebuild(shop, tmp_path):
    """Only a title that somebody gave is kept as one."""
    _safe(shop)
    db = queue_database(tmp_path / "fresh.db")
    objects = SqliteObjectStore(db)
    rebuild([shop.destination], [], objects, SqliteStateStore(db), log=RecordingLog())
    assert db.query("SELECT * FROM titles") == []
    db.close()


def test_a_title_that_is_given_while_a_row_is_published_holds(shop, library, monkeypatch):
    """Whoever read the old one asks again before it ends."""
    kept = _safe(shop)
    shop.jobs.tell_again("folder", shop.clock.now())
    title_of, asked = shop.meetings.title_of, []

    def slow(key):
        asked.append(key)
        if len(asked) > 1:
            return title_of(key)
        library.rename(kept, "Budget")
        return ""  # what it was when it was asked for

    monkeypatch.setattr(shop.meetings, "title_of", slow)
    shop.run()
    assert asked
    assert _rows(shop)[0].meeting_title == "Budget"
    assert shop.memory.described[kept.object_key]["meeting_title"] == "Budget"


def test_a_recording_without_a_meeting_has_a_title_of_its_own(shop, library):
    """Others without one keep theirs."""
    for name in ("r1", "r2"):
        shop.catalog.publish(row(name))
    library.rename(shop.catalog.get("r1"), "Budget")
    titles = {one.recording_id: one.meeting_title for one in shop.catalog.recent()}
    assert titles == {"r1": "Budget", "r2": "Weekly Sync"}


def test_what_was_renamed_is_renamed_again(shop, library):
    """The last title holds, and the history tells both."""
    kept = _safe(shop)
    library.rename(kept, "One")
    library.rename(kept, "Two")
    shop.run()
    assert _rows(shop)[0].meeting_title == "Two"
    renamed = [one.detail for one in library.history(kept) if one.happening is Happening.RENAMED]
    assert renamed == ["One", "Two"]


@pytest.mark.parametrize(
    "title", ["", "   ", "x" * 201, "a\nb", "a\0b", "\x1b[2J", "a\u202eb", "\ud800", "a\u2028b"]
)
def test_what_is_no_title_is_refused(shop, library, title):
    """Nothing is changed."""
    kept = _safe(shop)
    with pytest.raises(NotAllowed):
        library.rename(kept, title)
    assert _rows(shop) == [kept]
    assert shop.db.query("SELECT * FROM titles") == []


@pytest.mark.parametrize("title", ["x" * 200, "予算 🎉", "O'Brien; DROP TABLE titles", "%s {}"])
def test_every_title_that_people_write_is_taken(shop, library, title):
    """In any script, with any sign."""
    kept = _safe(shop)
    assert library.rename(kept, title).meeting_title == title
    shop.run()
    assert _rows(shop)[0].meeting_title == title
