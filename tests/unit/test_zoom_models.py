"""Whatever Zoom tells of a meeting, it can be seen and remembered, and harms no other."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.stores import decided, queue_database
from zoomsync_agent.core.facts import ZOOM
from zoomsync_agent.sources.zoom_cloud import Origin, record_of, sightings
from zoomsync_agent.store.cloud import SqliteCloudStore
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.zoom.models import meeting_of

ROOT = Path("/spool")
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
TIMES = st.sampled_from(
    ["", "2026-03-14T10:00:05Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "yesterday"]
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(max_size=40) | ANY,
        "file_type": st.sampled_from(["MP4", "M4A", "CHAT", "TIMELINE", "", "nul"]) | ANY,
        "file_extension": st.sampled_from(["MP4", "", "a/b", "..", "\0"]) | ANY,
        "recording_type": st.sampled_from(["shared_screen(CC)", "", "../../x", "a:b"]) | ANY,
        "file_size": st.integers() | ANY,
        "status": st.sampled_from(["completed", "processing", ""]) | ANY,
        "download_url": st.just("https://zoom.us/rec/download/x") | ANY,
        "recording_start": TIMES | ANY,
        "recording_end": TIMES | ANY,
        "file_name": st.text(max_size=80) | ANY,
    },
)
MEETINGS = st.fixed_dictionaries(
    {"uuid": st.text(max_size=30) | ANY},
    optional={
        "id": ANY,
        "topic": st.text(max_size=200) | ANY,
        "start_time": TIMES | ANY,
        "duration": ANY,
        "host_email": st.text(max_size=30) | ANY,
        "recording_files": st.lists(FILES, max_size=6) | ANY,
        "participant_audio_files": st.lists(FILES, max_size=3) | ANY,
    },
)


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    """Give a queue."""
    found = queue_database(tmp_path_factory.mktemp("queue") / "agent.db")
    yield found
    found.close()


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(told=MEETINGS)
def test_whatever_zoom_tells_can_be_remembered(db, told):
    """And a file lies nowhere but below the spool."""
    meeting = meeting_of(told)
    if meeting is None:
        return
    seen = sightings(meeting, "ann", ROOT, {})
    for one in seen:
        assert one.path.is_relative_to(ROOT)
        assert ".." not in one.path.parts
        assert len(one.path.relative_to(ROOT).parts) == 3
        assert len(one.path.name.encode()) <= 255
        assert one.source == ZOOM
        assert Origin.read(one.origin).uuid == meeting.uuid
        assert not one.verdict.is_ready or one.identity.size > 0
    SqliteJobStore(db).record([decided(one) for one in seen], ("folder",), 0.0)
    SqliteCloudStore(db).remember([(record_of(meeting, "ann"), 0.0)], 0.0)


@given(told=MEETINGS)
def test_the_same_file_is_the_same_sighting(told):
    """However often it is told."""
    meeting = meeting_of(told)
    if meeting is not None:
        assert sightings(meeting, "a", ROOT, {}) == sightings(meeting_of(told), "a", ROOT, {})
