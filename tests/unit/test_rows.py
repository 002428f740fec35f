"""A catalog row as plain columns."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.stores import row
from zoomsync_agent.core import rows
from zoomsync_agent.core.recording import Kind, ProcessingStatus, RecordingRow

TEXT = st.text(max_size=20)
ROWS = st.builds(
    RecordingRow,
    recording_id=TEXT,
    user_id=TEXT,
    file_url=TEXT,
    meeting_title=TEXT,
    file_name=TEXT,
    file_size=st.integers(0, 1 << 60),
    created_at=st.integers(0, 1 << 33).map(float),
    updated_at=st.integers(0, 1 << 33).map(float),
    processing_status=st.sampled_from(ProcessingStatus),
    transcription_text=TEXT,
    summary=TEXT,
    action_items=st.lists(TEXT, max_size=3).map(tuple),
    sha256=TEXT,
    started_at=st.none() | st.integers(0, 1 << 33).map(float),
    duration_seconds=st.none() | st.floats(0, 1e6),
    kind=st.sampled_from(Kind),
    part=st.integers(1, 100),
    participant=st.none() | TEXT,
    source=st.just("local"),
    meeting_key=TEXT,
    destination=TEXT,
    object_key=TEXT,
    device=TEXT,
)


@given(ROWS)
def test_a_row_survives_json(one):
    """What lies beside a recording in the archive is the whole row."""
    assert rows.from_dict(json.loads(json.dumps(rows.as_dict(one)))) == one


@given(st.integers(0, 4_000_000_000_000_000), st.integers(0, 4_000_000_000_000_000))
def test_times_sort_as_text(first, second):
    """SQL compares them as text: a whole second must not come after its own fractions."""
    earlier, later = sorted((first / 1e6, second / 1e6))
    assert rows.iso(earlier) <= rows.iso(later)


@given(st.integers(0, 4_000_000_000_000_000).map(lambda n: n / 1e6))
def test_a_time_survives(moment):
    """To the microsecond."""
    assert rows.epoch(rows.iso(moment)) == pytest.approx(moment, abs=1e-6)


def test_a_time_without_a_zone_is_utc():
    """And nothing is nothing."""
    assert rows.epoch("1970-01-01T00:00:01") == 1.0
    assert rows.epoch("1970-01-01T01:00:01+01:00") == 1.0
    assert rows.epoch("1970-01-01T00:00:01Z") == 1.0
    assert (rows.epoch(None), rows.iso(None)) == (None, None)


def test_the_first_twelve_columns_are_the_dashboards():
    """In their order."""
    assert list(rows.as_dict(row()))[:12] == [
        "recording_id", "user_id", "file_url", "meeting_title", "file_name", "file_size",
        "created_at", "updated_at", "processing_status", "transcription_text", "summary",
        "action_items",
    ]  # fmt: skip


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(rows.as_dict(row()))), JUNK, max_size=6))
def test_what_is_no_row_is_told_in_one_of_three_ways(junk):
    """A file that somebody edited ends a rebuild for this one object at most."""
    with contextlib.suppress(KeyError, TypeError, ValueError):
        rows.from_dict({**rows.as_dict(row()), **junk})


@pytest.mark.parametrize("column", ["file_size", "part"])
def test_a_number_without_an_end_is_none(column):
    """JSON as Python writes it knows Infinity."""
    with pytest.raises(ValueError, match="no end"):
        rows.from_dict({**rows.as_dict(row()), column: float("inf")})


@pytest.mark.parametrize("column", ["recording_id", "file_size", "updated_at", "processing_status"])
def test_a_row_without_a_needed_column_is_none(column):
    """And columns of a newer version are left out."""
    columns = {**rows.as_dict(row()), "from_the_future": 1}
    assert rows.from_dict(columns) == row()
    del columns[column]
    with pytest.raises(KeyError):
        rows.from_dict(columns)
