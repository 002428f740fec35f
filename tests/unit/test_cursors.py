"""Where a page ended, as text that somebody else keeps meanwhile."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core import cursors
from zoomsync_agent.core.cursors import Mark
from zoomsync_agent.core.errors import UsageError

ORDERS = {"title up": (str,), "size down": (int,), "ranked 1f": (float, str)}
TEXT = st.text(st.characters(exclude_categories=("Cs",)))
NUMBER = st.floats(-1e18, 1e18)
MARKS = st.one_of(
    st.builds(Mark, st.just("title up"), st.tuples(TEXT), TEXT),
    st.builds(Mark, st.just("size down"), st.tuples(st.integers(-(2**63), 2**63 - 1)), TEXT),
    st.builds(Mark, st.just("ranked 1f"), st.tuples(NUMBER, TEXT), TEXT),
)


def _text_of(values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


@given(MARKS)
def test_what_is_given_comes_back(mark):
    """Also after an address line, which takes letters, digits, - and _ as they are."""
    assert cursors.read(mark.cursor, ORDERS) == mark
    assert set(mark.cursor) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def test_no_cursor_is_the_first_page():
    """There is nothing after which to begin."""
    assert cursors.read("", ORDERS) is None


def test_a_cursor_of_another_order_is_refused():
    """It would begin anywhere."""
    with pytest.raises(UsageError, match="another list"):
        cursors.read(Mark("title up", ("a",), "id").cursor, {"size down": (int,)})


@pytest.mark.parametrize(
    "cursor",
    [
        "?",
        "é",
        "AAAA",
        _text_of({}),
        _text_of([]),
        _text_of(None),
        _text_of([1, 2, 3]),
        _text_of([["title up"], "a", "id"]),
        _text_of(["title up"]),
        _text_of(["title up", "id"]),
        _text_of(["title up", "a", "b", "id"]),
        _text_of(["title up", 1, "id"]),
        _text_of(["title up", "\ud800", "id"]),
        _text_of(["title up", "a", 7]),
        _text_of(["size down", "a", "id"]),
        _text_of(["size down", 1.5, "id"]),
        _text_of(["size down", True, "id"]),
        _text_of(["size down", 2**63, "id"]),
        _text_of(["ranked 1f", float("nan"), "", "id"]),
        _text_of(["ranked 1f", float("inf"), "", "id"]),
        base64.urlsafe_b64encode(b'["ranked 1f", 1e999, "", "id"]').decode(),
        base64.urlsafe_b64encode(b"[" * 5_000).decode(),
        "A" * 100_000,
    ],
)
def test_what_is_no_cursor_is_refused(cursor):
    """Whatever somebody puts into the address, with an error that says so."""
    with pytest.raises(UsageError):
        cursors.read(cursor, ORDERS)


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_no_text_is_a_fault(text):
    """Found by trying what nobody has thought of."""
    try:
        mark = cursors.read(text, ORDERS)
    except UsageError:
        return
    assert mark is None or mark.order in ORDERS
