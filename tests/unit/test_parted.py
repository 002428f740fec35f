"""What is remembered of an unfinished upload, and what a store is believed."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomsync_agent.destinations.parted import Assurance, Notes
from zoomsync_agent.destinations.parted.notes import terms_of

ETAGS = st.dictionaries(st.integers(1, 10_000), st.text(max_size=40), max_size=30)


@given(st.text(max_size=300), st.integers(1, 5 << 30), ETAGS, st.text(max_size=20), st.booleans())
def test_notes_come_back_as_they_were_written(upload_id, part_bytes, etags, terms, is_adopted):
    """Whatever the store calls uploads and parts."""
    notes = Notes(upload_id, part_bytes, etags, terms, is_adopted)
    assert Notes.read(notes.written()) == notes


def test_notes_of_an_older_version_are_read():
    """They do not say what the upload was begun with, which is no terms that we have."""
    found = Notes.read('{"upload":"u","size":65536,"parts":{"1":"e"}}')
    assert found == Notes("u", 65_536, {1: "e"}, terms="", is_adopted=False)
    assert terms_of({}) != ""


def test_terms_are_those_of_the_headers():
    """However they are spelt and ordered; any other value is other terms."""
    known = {"x-amz-storage-class": "STANDARD_IA", "Content-Type": "video/mp4"}
    same = {"content-type": "video/mp4", "X-Amz-Storage-Class": "STANDARD_IA"}
    assert terms_of(known) == terms_of(same)
    others = [{}, {**known, "x-amz-storage-class": "GLACIER"}, {**known, "more": ""}]
    assert len({terms_of(one) for one in [known, *others]}) == 4


def test_notes_of_the_largest_upload_are_small():
    """Ten thousand parts fit into a column of the queue."""
    etags = dict.fromkeys(range(1, 10_001), "0" * 32)
    assert len(Notes("x" * 200, 8 << 20, etags).written()) < 1 << 19


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


FIELDS = ("upload", "size", "parts", "terms", "adopted")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, ANYTHING)))
@example({"upload": "u", "size": 1, "parts": {}, "terms": ["x"], "adopted": 7})
@example({"upload": "u", "size": float("inf"), "parts": {}})
@example({"upload": "u", "size": float("nan"), "parts": {}})
@example({"upload": "u", "size": 1, "parts": {"x": "e"}})
@example({"upload": "u", "size": 1, "parts": {"9" * 5_000: "e"}})
def test_any_document_is_notes_or_none(told):
    """Of whatever kind its fields are."""
    found = Notes.read(json.dumps(told))
    assert found is None or Notes.read(found.written()) == found


@pytest.mark.parametrize("token", ["", "{", "null", "[]", "7", "[" * 50_000, '"parts"', "\ud800"])
def test_any_text_is_notes_or_none(token):
    """A token of another destination begins anew."""
    assert Notes.read(token) is None


@pytest.mark.parametrize(
    ("assurance", "compares"),
    [
        (Assurance(), True),
        (Assurance(refuses_other_bytes=True), False),
        (Assurance(keeps_checksums=True), False),
        (Assurance(proves_content=False), False),
        (Assurance(refuses_other_bytes=True, keeps_checksums=True), False),
    ],
)
def test_md5s_are_worked_out_where_nothing_else_proves_anything(assurance, compares):
    """They cost processor time."""
    assert assurance.compares_md5 is compares
