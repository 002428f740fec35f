"""A lost queue and catalog, brought back from what the destinations hold."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.destinations import MemoryDestination
from tests.fakes.log import RecordingLog
from tests.fakes.stores import MemoryCatalog, MemoryState, catalog_database, queue_database, row
from tests.fakes.workshop import Workshop
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import DestinationUnavailable, RemoteUnavailable
from zoomsync_agent.core.job import State
from zoomsync_agent.core.recording import Kind, ObjectKey, Outgoing
from zoomsync_agent.destinations.folder import FolderDestination
from zoomsync_agent.engine.rebuild import NEEDS_REBUILD, Rebuilder, rebuild
from zoomsync_agent.store.objects import SqliteObjectStore


@pytest.fixture
def objects(tmp_path):
    """Give an empty queue."""
    db = queue_database(tmp_path / "new.db")
    yield SqliteObjectStore(db)
    db.close()


def _archive(*contents):
    destination = MemoryDestination()
    for number, data in enumerate(contents):
        key = f"{number}.mp4"
        destination.objects[key] = data
        sha256 = hashlib.sha256(data).hexdigest()
        one = row(f"r{number}", sha256=sha256, file_size=len(data), updated_at=1_000.0 + number)
        destination.described[key] = rows.as_dict(one)
    return destination


def test_what_the_archive_holds_is_known_again(objects):
    """Objects, rows, and a time that no later row is older than."""
    destination, catalog, state = _archive(b"a", b"b"), MemoryCatalog(), MemoryState()
    assert rebuild([destination], [catalog], objects, state, log=RecordingLog()) == (2, True)
    for data in (b"a", b"b"):
        found = objects.find("folder", hashlib.sha256(data).hexdigest(), "")
        assert destination.check(found.receipt)
    assert set(catalog.rows) == {"r0", "r1"}
    assert state.stamp(0.0) > 1_001.0


def test_nothing_is_sent_again_after_a_loss(tmp_path):
    """The recordings folder and the archive are all that is left; the rows are as they were."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before = Workshop(tmp_path / "a")
    before.add("m/video.mp4", b"0123456789")
    before.add("m/chat.txt", b"00:00:05\tFrom Ann to Everyone:\n\thello\n", kind=Kind.CHAT)
    before.run()
    after = Workshop(tmp_path / "b", before.memory)
    rebuild([before.memory], [after.catalog], after.objects, after.state, log=after.log)
    moved, keys = len(before.memory.chunks), set(before.memory.objects)
    for path in sorted(before.root.rglob("*.*")):
        data = path.read_bytes()
        kind = Kind.CHAT if path.suffix == ".txt" else Kind.VIDEO
        after.add(f"m/{path.name}", data, kind=kind)
    after.run()
    assert after.jobs.counts()[State.DONE] == 2
    assert len(before.memory.chunks) == moved
    assert set(before.memory.objects) == keys
    assert after.row().transcription_text == before.row().transcription_text
    assert after.row().created_at == before.row().created_at
    before.close()
    after.close()


def test_an_archive_that_cannot_be_listed_does_not_stop_the_others(objects):
    """What is not known is proven when it is sent again."""

    class Away(MemoryDestination):
        def inventory(self):
            raise DestinationUnavailable("away")

    log = RecordingLog()
    count = rebuild(
        [Away("away"), _archive(b"a")], [MemoryCatalog()], objects, MemoryState(), log=log
    )
    assert count == (1, False)
    assert log.named("archive not listed")[0].fields["destination"] == "away"


def test_a_rebuild_is_tried_until_it_is_complete_and_complains_once(objects):
    """The drive may be away all night; in the morning everything is known again."""
    destination, state, log = _archive(b"a", b"b"), MemoryState(), RecordingLog()
    there, is_away = destination.inventory, True

    def inventory():
        if is_away:
            raise DestinationUnavailable("away")
        return there()

    destination.inventory = inventory
    rebuilder = Rebuilder([destination], [MemoryCatalog()], objects, state, log=log)
    rebuilder.complete()
    assert log.events == []
    state.set(NEEDS_REBUILD, "agent.db")
    for _ in range(600):
        rebuilder.complete()
    assert len(log.events) == 2
    assert state.get(NEEDS_REBUILD) is not None
    is_away = False
    rebuilder.complete(stop=lambda: True)
    assert state.get(NEEDS_REBUILD) is not None
    rebuilder.complete()
    assert state.get(NEEDS_REBUILD) is None
    assert objects.find("folder", hashlib.sha256(b"b").hexdigest(), "") is not None


def test_a_row_that_cannot_be_kept_does_not_stop_the_others(objects):
    """One row less, and every object known."""
    catalog = MemoryCatalog()
    catalog.errors = [RemoteUnavailable("odd")]
    log = RecordingLog()
    count = rebuild([_archive(b"a", b"b", b"c")], [catalog], objects, MemoryState(), log=log)
    assert count == (3, True)
    assert len(catalog.rows) == 2
    assert objects.find("folder", hashlib.sha256(b"c").hexdigest(), "") is not None


def test_a_description_of_other_bytes_is_no_row(objects):
    """A row is only for the content that is there."""
    destination, catalog = _archive(b"a"), MemoryCatalog()
    destination.objects["0.mp4"] = b"other"
    rebuild([destination], [catalog], objects, MemoryState(), log=RecordingLog())
    assert catalog.rows == {}
    assert objects.find("folder", hashlib.sha256(b"other").hexdigest(), "") is not None


def test_a_moved_archive_gives_rows_that_lead_to_where_it_is(tmp_path, objects):
    """The row was written when the archive lay elsewhere."""
    old, new = tmp_path / "old", tmp_path / "new"
    source = tmp_path / "a.mp4"
    source.write_bytes(b"0123456789")
    stat = source.stat()
    sha256 = hashlib.sha256(b"0123456789").hexdigest()
    outgoing = Outgoing(source, ObjectKey("2026/a.mp4"), stat.st_size, stat.st_mtime_ns, sha256)
    first = FolderDestination(old)
    receipt = first.send(outgoing, resume_from=None, report=str, stop=bool, pace=str)
    first.describe(
        receipt.key, rows.as_dict(row(sha256=sha256, file_size=10, file_url=receipt.url))
    )
    old.rename(new)
    catalog = MemoryCatalog()

    rebuild([FolderDestination(new)], [catalog], objects, MemoryState(), log=RecordingLog())

    (found,) = catalog.rows.values()
    assert found.file_url == (new / "2026" / "a.mp4").as_uri()


def test_a_text_belongs_to_its_meeting(objects):
    """Chats lie beside each meeting; recordings are stored once."""
    destination = _archive(b"a")
    destination.described["0.mp4"] = {"kind": "chat", "meeting_key": "m"}
    rebuild([destination], [], objects, MemoryState(), log=RecordingLog())
    assert objects.find("folder", hashlib.sha256(b"a").hexdigest(), "m") is not None


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)
SHA = hashlib.sha256(b"a").hexdigest()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.dictionaries(st.sampled_from(sorted(rows.as_dict(row()))), JUNK, max_size=4))
def test_no_description_stops_a_rebuild(tmp_path, objects, junk):
    """Whatever somebody wrote beside a recording: the agent starts."""
    destination = _archive(b"a")
    destination.described["0.mp4"] = {**rows.as_dict(row(sha256=SHA)), **junk}
    db = catalog_database(tmp_path / "catalog.db")
    state = MemoryState()
    try:
        assert rebuild([destination], [LocalCatalog(db)], objects, state, log=RecordingLog()) == (
            1,
            True,
        )
    finally:
        db.close()


def test_a_number_without_an_end_does_not_stop_a_rebuild(tmp_path, objects):
    """Nor one that no database can hold."""
    db = catalog_database(tmp_path / "catalog.db")
    for odd in ({"part": float("inf")}, {"part": 10**30}, {"meeting_title": "\ud800"}):
        destination = _archive(b"a")
        destination.described["0.mp4"] = {**rows.as_dict(row(sha256=SHA)), **odd}
        log = RecordingLog()
        assert rebuild([destination], [LocalCatalog(db)], objects, MemoryState(), log=log) == (
            1,
            True,
        )
    db.close()
