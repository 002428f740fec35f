"""Lists of recordings, over a real catalog: whatever is in it, however long the pages are."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.stores import catalog_database, row
from zoomsync_agent.catalog import lists
from zoomsync_agent.catalog.lists import Lists
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.catalog.words import words_of
from zoomsync_agent.core.errors import UsageError
from zoomsync_agent.core.listing import Query, Sort
from zoomsync_agent.core.recording import Kind, ProcessingStatus

SAME = [HealthCheck.function_scoped_fixture]
TITLE = st.text(st.characters(exclude_categories=("Cs",)), max_size=4) | st.sampled_from(
    ["Weekly", "weekly", "WEEKLY", "Übung", "übung", "ß", "SS", "", "予算", "🎉", "a\0b"]
)
MOMENT = st.sampled_from([0.0, 1.0, 1.000001, 1.5, 1_700_000_000.0]) | st.floats(0, 4e9)
WORD = st.sampled_from(["budget", "Budget", "büdgét", "plan", "planning", "a", "会議", "🎉"])
TEXT = st.lists(WORD, max_size=6).map(" ".join)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "meeting_title": TITLE | TEXT,
            "started_at": st.none() | MOMENT,
            "created_at": MOMENT,
            "updated_at": MOMENT,
            "file_size": st.integers(0, 3) | st.integers(0, 2**62),
            "processing_status": st.sampled_from(ProcessingStatus),
            "kind": st.sampled_from([Kind.VIDEO, Kind.AUDIO]),
            "source": st.sampled_from(["local", "zoom"]),
            "transcription_text": TEXT,
        }
    ),
    max_size=12,
)
QUERIES = st.builds(
    Query,
    status=st.none() | st.sampled_from(ProcessingStatus),
    source=st.none() | st.sampled_from(["local", "zoom", "elsewhere"]),
    kind=st.none() | st.sampled_from([Kind.VIDEO, Kind.AUDIO]),
    since=st.none() | MOMENT,
    until=st.none() | MOMENT,
    sort=st.none() | st.sampled_from(Sort),
    ascending=st.booleans(),
    limit=st.integers(1, 5),
)


@pytest.fixture
def db(tmp_path):
    """Give an empty catalog."""
    database = catalog_database(tmp_path / "catalog.db")
    yield database
    database.close()


@pytest.fixture(params=["few", "many"])
def found(db, request, monkeypatch):
    """Give its lists, where a dozen of recordings are few, and where they are many."""
    if request.param == "many":
        monkeypatch.setattr(lists, "_FEW", 0)
        monkeypatch.setattr(lists, "_RARE", 0)
    return Lists(db)


def _filled(db, columns):
    """Put rows into an emptied catalog and return them as it keeps them."""
    with db.write() as conn:
        conn.execute("DELETE FROM recordings")
        conn.execute("DELETE FROM listed")
    catalog = LocalCatalog(db)
    for number, one in enumerate(columns):
        catalog.publish(row(f"r{number}", **one))
    return [catalog.get(f"r{number}") for number in range(len(columns))]


def _walked(found, query):
    """Return the recordings of all pages; no page is longer than asked, and only the last short."""
    shown, cursor, totals = [], "", set()
    for _ in range(100):
        page = found.page(replace(query, cursor=cursor))
        shown += page.found
        totals.add(page.total)
        cursor = page.next
        if not cursor:
            assert totals == {len(shown)}
            return shown
        assert len(page.found) == query.limit
    raise AssertionError("the pages never end")


def _fits(one, query):
    moment = one.created_at if one.started_at is None else one.started_at
    return (
        query.status in (None, one.processing_status)
        and query.source in (None, one.source)
        and query.kind in (None, one.kind)
        and (query.since is None or moment >= round(query.since, 6))
        and (query.until is None or moment < round(query.until, 6))
    )


KEYS = {
    Sort.STARTED: lambda one: one.created_at if one.started_at is None else one.started_at,
    Sort.TITLE: lambda one: one.meeting_title.casefold(),
    Sort.SIZE: lambda one: one.file_size,
    Sort.UPDATED: lambda one: one.updated_at,
}


def _sorted(rows, query):
    sort = Sort.STARTED if query.sort in (None, Sort.RELEVANCE) else query.sort
    return [
        one.recording_id
        for one in sorted(
            rows,
            key=lambda one: (KEYS[sort](one), one.recording_id),
            reverse=not query.ascending,
        )
    ]


@settings(max_examples=60, suppress_health_check=SAME)
@given(columns=ROWS, query=QUERIES)
def test_the_pages_together_are_everything_in_order(db, found, columns, query):
    """Each recording once, whatever is equal, unknown or in another script."""
    wanted = [one for one in _filled(db, columns) if _fits(one, query)]
    shown = _walked(found, query)
    assert [one.row.recording_id for one in shown] == _sorted(wanted, query)
    assert [one.row for one in shown] == [
        replace(next(w for w in wanted if w.recording_id == one.row.recording_id),
                transcription_text="")
        for one in shown
    ]  # fmt: skip


def _words(text):
    plain = text.casefold().replace("ü", "u").replace("é", "e").replace("🎉", " ")
    return plain.replace("\0", " ").split()


def _holds(one, text):
    has = _words(f"{one.meeting_title} {one.transcription_text}")
    return all(any(word.startswith(asked) for word in has) for asked in _words(text))


@settings(max_examples=60, suppress_health_check=SAME)
@given(
    columns=st.lists(
        st.fixed_dictionaries(
            {
                "meeting_title": TEXT,
                "transcription_text": TEXT,
                "started_at": st.none() | MOMENT,
                "processing_status": st.sampled_from(ProcessingStatus),
            }
        ),
        max_size=12,
    ),
    query=QUERIES,
    text=st.lists(WORD, min_size=1, max_size=3).map(" ".join),
)
def test_the_hits_together_are_everything_in_order(db, found, columns, query, text):
    """Each recording with all words once, filtered and sorted like any list."""
    query = replace(query, text=text)
    rows = _filled(db, columns)
    has_words = bool(_words(text))
    wanted = [one for one in rows if has_words and _fits(one, query) and _holds(one, text)]
    shown = _walked(found, query)
    ids = [one.row.recording_id for one in shown]
    assert sorted(ids) == sorted(one.recording_id for one in wanted)
    if query.sort not in (None, Sort.RELEVANCE):
        assert ids == _sorted(wanted, query)
    assert all("«" in one.hit and "»" in one.hit for one in shown)
    assert all(one.row.transcription_text == "" for one in shown)


def test_a_list_reads_no_transcript(db):
    """It would read dozens of pages of the file for each."""
    LocalCatalog(db).publish(row(transcription_text="x" * 100_000))
    asked = []
    db.connection().set_trace_callback(asked.append)
    page = Lists(db).page(Query())
    db.connection().set_trace_callback(None)
    assert page.found[0].row.transcription_text == ""
    assert asked
    assert not [sql for sql in asked if "recordings.transcription_text" in sql or "* FROM" in sql]


def test_what_is_added_meanwhile_moves_nothing(db, found):
    """A new recording at the top does not push one onto the next page a second time."""
    _filled(db, [{"started_at": float(number)} for number in range(6)])
    first = found.page(Query(limit=3))
    LocalCatalog(db).publish(row("new", started_at=100.0))
    LocalCatalog(db).publish(row("older", started_at=2.5))
    second = found.page(Query(limit=3, cursor=first.next))
    assert [one.row.recording_id for one in first.found] == ["r5", "r4", "r3"]
    assert [one.row.recording_id for one in second.found] == ["older", "r2", "r1"]
    assert second.total == 8


def test_a_cursor_of_another_list_is_refused(db, found):
    """By sort, direction or words."""
    _filled(db, [{"meeting_title": "budget plan"}] * 3)
    by_title = found.page(Query(sort=Sort.TITLE, limit=1)).next
    best = found.page(Query("budget", limit=1)).next
    assert by_title
    assert best
    for query in (
        Query(cursor=by_title),
        Query(cursor=by_title, sort=Sort.TITLE, ascending=True),
        Query("budget", cursor=by_title),
        Query("plan", cursor=best),
        Query(cursor=best),
        Query("budget", cursor="nonsense"),
    ):
        with pytest.raises(UsageError):
            found.page(query)
    assert found.page(Query(cursor=by_title, sort=Sort.TITLE, limit=1)).found
    assert found.page(Query("budget", cursor=best, limit=1)).found


def test_what_a_word_makes_of_its_recordings_decides_the_order(db):
    """In the title, often, once; of equal ones the newest."""
    _filled(
        db,
        [
            {"transcription_text": "budget " + "word " * 50, "started_at": 1.0},
            {"transcription_text": "budget " + "word " * 50, "started_at": 2.0},
            {"transcription_text": "budget " * 5 + "word " * 46},
            {"meeting_title": "Budget", "transcription_text": "word " * 51},
            *[{"transcription_text": "word " * 51}] * 20,
        ],
    )
    shown = [one.row.recording_id for one in Lists(db).page(Query("budget")).found]
    assert shown == ["r3", "r2", "r1", "r0"]


def test_the_best_hits_go_on_over_pages(db):
    """By what they were worth, down to those that are worth the same."""
    said = ["budget " * often + "word " * (20 - often) for often in (1, 2, 3, 3, 3, 4)]
    _filled(db, [{"transcription_text": text} for text in (*said, *["word " * 20] * 20)])
    shown = [one.row.recording_id for one in _walked(Lists(db), Query("budget", limit=2))]
    assert shown == ["r5", "r4", "r3", "r2", "r1", "r0"]


def test_a_word_that_is_everywhere_does_not_weigh(db, monkeypatch):
    """The rare one decides; where none is rare, titles go first, and then the newest."""
    monkeypatch.setattr(lists, "_RARE", 3)
    _filled(
        db,
        [
            {"transcription_text": "the budget the the", "started_at": 9.0},
            {"transcription_text": "the budget budget budget", "started_at": 1.0},
            {"meeting_title": "The plan", "started_at": 2.0},
            {"meeting_title": "The plans", "started_at": 3.0},
            {"transcription_text": "the plan", "started_at": 4.0},
            {"transcription_text": "the plan", "started_at": 5.0},
        ],
    )
    found = Lists(db)

    def ids(text):
        return [one.row.recording_id for one in _walked(found, Query(text, limit=2))]

    assert ids("the budget") == ["r1", "r0"]
    assert ids("the") == ["r3", "r2", "r0", "r5", "r4", "r1"]
    assert ids("the plan") == ["r3", "r2", "r5", "r4"]


def test_a_hit_tells_where_it_was_said(db):
    """To the second, where the line has a time."""
    text = "[00:00:01] Ann: hello\n[00:12:30] Ben: the budget of next year"
    _filled(db, [{"transcription_text": text, "started_at": 1.0}])
    (one,) = Lists(db).page(Query("budg")).found
    assert (one.hit, one.at) == ("Ben: the «budget» of next year", 750.0)


@pytest.mark.parametrize("moment", [math.inf, -math.inf, math.nan, 1e300, -1e300, -1.0])
def test_no_time_is_an_error(db, found, moment):
    """A page is empty or full, whatever the calendar says."""
    _filled(db, [{"started_at": 1.0}])
    assert found.page(Query(since=moment)).total in (0, 1)
    assert found.page(Query(until=moment)).total in (0, 1)
    assert found.page(Query(since=-1e300, until=1e300)).total == 1


@settings(max_examples=80, suppress_health_check=SAME)
@given(
    text=st.text(max_size=20) | st.text(alphabet='"*()^-+:{} aAND\0\udcff', max_size=20),
    source=st.none() | st.text(st.characters(exclude_categories=()), max_size=3),
)
def test_no_question_is_an_error(db, found, text, source):
    """Found by trying what nobody has thought of."""
    found.page(Query(text, source=source))
    assert found.page(Query(text, sort=Sort.TITLE)).total >= 0


@settings(max_examples=80, suppress_health_check=SAME)
@given(title=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8))
def test_a_title_finds_its_recording(db, found, title):
    """In any script of which SQLite knows what a letter is."""
    _filled(db, [{"meeting_title": title}])
    assert found.page(Query(title)).total == (0 if title.strip() and not words_of(title) else 1)


def test_signs_between_words_ask_for_nothing(db, found):
    """R & D is a meeting of R and D; signs alone are no question."""
    _filled(db, [{"meeting_title": "R & D"}])
    assert found.page(Query("R & D")).total == 1
    assert found.page(Query("R 🎉 D")).total == 1
    assert found.page(Query("🎉 &")).total == 0


# --- the catalog around it -------------------------------------------------------------------


def test_what_lists_show_follows_every_change(db):
    """A title, a status, a start that became known; an older row changes nothing."""
    catalog, found = LocalCatalog(db), Lists(db)
    catalog.publish(row(meeting_title="b", updated_at=2.0))
    catalog.publish(row(meeting_title="A", updated_at=3.0, started_at=5.0))
    catalog.publish(row(meeting_title="old", updated_at=1.0))
    (kept,) = db.query("SELECT * FROM listed")
    assert (kept["title"], kept["moment"]) == ("a", "1970-01-01T00:00:05+00:00")
    assert found.page(Query("old")).total == 0
    assert found.page(Query("a")).total == 1


def test_an_unchanged_text_is_not_cut_into_words_again(db):
    """That takes longer than all else that is done to store a row."""
    catalog = LocalCatalog(db)
    catalog.publish(row(transcription_text="budget"))
    before = db.query("SELECT count(*) AS n FROM recordings_words_data")[0]["n"]
    changes = db.connection().total_changes
    catalog.publish(row(transcription_text="budget", updated_at=2_000.0))
    assert db.connection().total_changes - changes <= 3
    assert db.query("SELECT count(*) AS n FROM recordings_words_data")[0]["n"] == before


def test_a_new_title_is_the_only_change(db):
    """What somebody publishes meanwhile is not undone, and neither is what is newer."""
    catalog = LocalCatalog(db)
    catalog.publish(row(transcription_text="said", meeting_title="Old"))
    catalog.rename("r1", "New", 2_000.0)
    catalog.rename("r1", "Too late", 1_500.0)
    kept = catalog.get("r1")
    assert (kept.meeting_title, kept.transcription_text, kept.updated_at) == ("New", "said", 2_000)
    assert Lists(db).page(Query("new", sort=Sort.TITLE)).total == 1
    assert Lists(db).page(Query("old")).total == 0


def test_rows_are_found_by_what_they_hold(db):
    """Of several with one content the newest; without their transcripts."""
    _filled(db, [{"sha256": "ab", "transcription_text": "x", "updated_at": 5.0},
                 {"sha256": "ab", "updated_at": 4.0}, {"sha256": "cd"}])  # fmt: skip
    found = LocalCatalog(db).with_hashes(["ab", "none"])
    assert {sha256: one.recording_id for sha256, one in found.items()} == {"ab": "r0"}
    assert found["ab"].transcription_text == ""
    assert LocalCatalog(db).with_hashes([]) == {}


def test_every_order_and_filter_has_its_index(db):
    """No page of a large catalog reads the large table to find its rows."""
    queries = [
        Query(sort=sort, ascending=up, **filters)
        for sort in Sort
        for up in (False, True)
        for filters in (
            {},
            {"status": ProcessingStatus.FAILED},
            {"kind": Kind.VIDEO},
            {"source": "zoom"},
            {"since": 1.0, "until": 2.0},
            {"status": ProcessingStatus.FAILED, "source": "zoom", "since": 1.0},
        )
    ]
    asked = []
    db.connection().set_trace_callback(asked.append)
    for query in queries:
        Lists(db).page(query)
    db.connection().set_trace_callback(None)
    plans = [step["detail"] for sql in asked for step in db.query(f"EXPLAIN QUERY PLAN {sql}")]
    assert plans
    assert not [one for one in plans if one.startswith("SCAN recordings")]
    scans = [one for one in plans if one.startswith("SCAN listed")]
    assert all("COVERING INDEX" in one for one in scans), json.dumps(scans)
