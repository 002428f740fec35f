"""What every catalog promises."""

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import postgres
from tests.fakes.project import FakeProject
from tests.fakes.stores import MemoryCatalog, catalog_database, row
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.catalog.supabase import SupabaseCatalog
from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.core.recording import Kind, MeetingKey, ObjectKey, ProcessingStatus, RecordingId

TIMES = st.integers(0, 4_000_000_000_000_000).map(lambda n: n / 1e6)


USER = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def remote(request):
    """Give the address of a real database, with the schema that a project's owner runs."""
    database = postgres.cluster(request.config).project()
    database.execute("insert into auth.users (id) values (%s)", [USER])
    with database.rest() as address:
        yield database, address


@pytest.fixture(params=["memory", "local", "supabase"])
def catalog(request):
    """Give each catalog in turn."""
    if request.param == "memory":
        yield MemoryCatalog()
    elif request.param == "local":
        yield request.getfixturevalue("local")
    else:
        database, address = request.getfixturevalue("remote")
        database.execute("truncate public.recordings")
        with FakeProject(database, address, user_id=USER) as project:
            yield SupabaseCatalog(project.tables)


@pytest.fixture(params=["memory", "local"])
def searchable(request):
    """Give each catalog that can be searched."""
    return MemoryCatalog() if request.param == "memory" else request.getfixturevalue("local")


def id_of(name):
    """Return an id that every catalog can hold."""
    return RecordingId(str(uuid.uuid5(uuid.NAMESPACE_OID, name)))


def shared(name="r1", **columns):
    """Return a row that every catalog can hold."""
    return row(id_of(name), **({"user_id": USER} | columns))


@pytest.fixture
def local(tmp_path):
    """Give the embedded catalog."""
    db = catalog_database(tmp_path / "catalog.db")
    yield LocalCatalog(db)
    db.close()


def test_every_column_comes_back(catalog):
    """What was published is what is read."""
    full = shared(
        transcription_text="Über 会議",
        summary="s",
        action_items=("a", "ß"),
        sha256="ab" * 32,
        started_at=0.5,
        duration_seconds=1.25,
        kind=Kind.AUDIO,
        part=2,
        participant="Zoë",
        meeting_key=MeetingKey("m"),
        destination="folder",
        object_key=ObjectKey("k"),
        device="d",
    )
    catalog.publish(full)
    assert catalog.get(id_of("r1")) == full
    assert catalog.get(id_of("r2")) is None


def test_the_same_row_twice_is_one_row(searchable):
    """A publishing whose answer was lost is repeated without harm."""
    for _ in range(3):
        searchable.publish(row(meeting_title="unique"))
    assert len(searchable.search("unique")) == 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=st.lists(TIMES | st.integers(0, 4).map(float), min_size=1, max_size=6))
def test_an_older_row_never_replaces_a_newer_one(catalog, moments):
    """Whatever the order of arrival, the newest stays; with whole and broken seconds alike."""
    name = repr(moments)
    for number, moment in enumerate(moments):
        catalog.publish(shared(name, updated_at=moment, meeting_title=str(number)))
    kept = catalog.get(id_of(name))
    assert kept.updated_at == pytest.approx(max(moments), abs=2e-6)
    newest = [n for n, moment in enumerate(moments) if moment == max(moments)]
    assert kept.meeting_title == str(newest[-1])


def test_a_row_keeps_the_time_at_which_it_appeared(catalog):
    """`created_at` is the first row's, however often it is written."""
    catalog.publish(shared(created_at=1.0, updated_at=1.0))
    catalog.publish(shared(created_at=2.0, updated_at=2.0))
    kept = catalog.get(id_of("r1"))
    assert (kept.created_at, kept.updated_at) == (1.0, 2.0)


def test_completed_without_a_place_is_refused(catalog):
    """No row says that bytes are safe without saying where."""
    with pytest.raises(AgentError):
        catalog.publish(shared(file_url=""))
    assert catalog.get(id_of("r1")) is None
    catalog.publish(shared(file_url="", processing_status=ProcessingStatus.UPLOADING))
    with pytest.raises(AgentError):
        catalog.publish(shared(file_url="", updated_at=2_000.0))
    assert catalog.get(id_of("r1")).processing_status is ProcessingStatus.UPLOADING


@pytest.mark.parametrize(
    "query",
    ["budget", "BUDGET", "budg", "uber", "Über", "会議", "budget über", "  budget  "],
)
def test_search_finds_words_and_their_beginnings(searchable, query):
    """In title and text, in any script, in any case, with or without accents."""
    searchable.publish(
        row("hit", meeting_title="Über Planung", transcription_text="会議 Budget talk")
    )
    searchable.publish(row("other", meeting_title="Weekly", transcription_text="nothing of it"))
    assert [found.recording_id for found, _hit in searchable.search(query)] == ["hit"]


@pytest.mark.parametrize("query", ["", "   ", "udget", "budget absent"])
def test_search_finds_nothing_where_a_word_is_missing(searchable, query):
    """Every word counts, from its beginning."""
    searchable.publish(row(transcription_text="budget"))
    assert list(searchable.search(query)) == []


def test_search_follows_a_change(searchable):
    """The new text is found, the old one is not any more."""
    searchable.publish(row(transcription_text="before"))
    searchable.publish(row(transcription_text="after", updated_at=2_000.0))
    assert list(searchable.search("before")) == []
    assert len(searchable.search("after")) == 1


HOSTILE = [
    '"', '""', '"a', "a*", "*", "a AND", "NOT", "NEAR(a b)", "(", "title:a", "-a", "a^2", "+",
    "\0", "a\0b", '"\0', "\udcff", "a\ud800", "'; DROP TABLE recordings; --", "%", "\\", "{a b}:c",
    "a" * 10_000, " ".join("ab" for _ in range(500)), "\u202e", "🎉", "\x1b[2J",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_no_query_is_an_error(searchable, query):
    """Whatever somebody types or pastes, there is an answer."""
    searchable.publish(row(transcription_text="a b c"))
    list(searchable.search(query))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=30) | st.text(alphabet='"*()^-+:{} aAND\0\udcff', max_size=20))
def test_no_text_is_an_error(local, query):
    """Found by trying what nobody has thought of."""
    list(local.search(query))
    list(local.starting_with(query))
    assert local.get(RecordingId(query)) is None


@pytest.mark.parametrize(
    "columns",
    [
        {"meeting_title": "\udcff"},
        {"file_size": 10**30},
        {"part": 1 << 64},
        {"started_at": 1e30},
        {"processing_status": "odd"},
    ],
)
def test_only_errors_of_the_agent_cross(local, columns):
    """A row that cannot be kept is refused, and nothing of it stays."""
    with pytest.raises(AgentError):
        local.publish(row(**columns))
    assert local.get(RecordingId("r1")) is None
    local.publish(row())


def test_the_hit_is_shown_in_its_context(local):
    """People see why a recording was found."""
    local.publish(row(transcription_text="we talked about the budget of next year"))
    ((_row, hit),) = local.search("budg")
    assert "«budget»" in hit


def test_a_hit_in_the_title_comes_first(local):
    """A title says more about a meeting than one word of an hour."""
    local.publish(row("text", transcription_text="the budget"))
    local.publish(row("title", meeting_title="Budget", transcription_text="other words"))
    local.publish(row("none", transcription_text="nothing of it"))
    assert [one.recording_id for one, _hit in local.search("budget")] == ["title", "text"]


def test_the_newest_meeting_comes_first(local):
    """By its start, or where that is not known by the time it was found."""
    local.publish(row("old", started_at=100.0))
    local.publish(row("new", started_at=5_000.0))
    local.publish(row("undated", created_at=300.0))
    assert [one.recording_id for one in local.recent()] == ["new", "undated", "old"]
    assert len(local.recent(limit=2)) == 2
    assert local.recent(status="failed") == []


@pytest.mark.parametrize(
    ("prefix", "count"), [("ab", 2), ("ab1", 1), ("a%", 0), ("_b", 0), ("", 2)]
)
def test_an_id_is_found_by_its_beginning(local, prefix, count):
    """A wildcard of SQL is a character like any other."""
    for name in ("ab1", "ab2"):
        local.publish(row(name))
    assert len(local.starting_with(prefix)) == count
