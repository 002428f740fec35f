"""New releases: what a feed says, and which version is newer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.updates import Release, is_newer, latest_in

PAGE = "https://example.org/releases/1"
NUMBERS = st.lists(st.integers(0, 999_999), min_size=1, max_size=5)


def _feed(**told):
    return json.dumps({"tag_name": "v1.2.3", "html_url": PAGE, **told})


def test_githubs_answer_is_understood():
    """With all that stands in it beside."""
    assert latest_in(_feed(name="One", assets=[], body="…")) == Release("1.2.3", PAGE)


def test_a_plain_feed_is_understood():
    """Whoever packages the program may write one by hand."""
    assert latest_in(json.dumps({"version": "2.0", "url": PAGE})) == Release("2.0", PAGE)


def test_the_newest_of_several_counts():
    """In whatever order they stand, and by numbers, not by letters."""
    told = [{"version": one, "url": PAGE} for one in ("1.9", "1.10", "1.2")]
    assert latest_in(json.dumps(told)) == Release("1.10", PAGE)


@pytest.mark.parametrize(
    "told",
    [
        {"draft": True},
        {"prerelease": True},
        {"tag_name": "v2.0rc1"},
        {"tag_name": "nightly"},
        {"tag_name": 7},
        {"tag_name": "1.0; rm -rf"},
        {"html_url": "http://example.org/"},
        {"html_url": "javascript:alert(1)"},
        {"html_url": "https://user@example.org/"},
        {"html_url": "https://[bad"},
        {"html_url": "https:///nowhere"},
        {"html_url": "file:///etc/passwd"},
        {"html_url": f"https://example.org/{'a' * 600}"},
        {"html_url": "https://example.org/a b"},
        {"html_url": None},
    ],
    ids=str,
)
def test_what_nobody_should_be_told_of_is_nothing(told):
    """Neither what is not finished, nor what would be opened elsewhere than on the web."""
    assert latest_in(_feed(**told)) is None


@given(st.text(max_size=60))
def test_whatever_comes_is_read_with_patience(text):
    """A captive portal answers with a page."""
    assert latest_in(text) is None or latest_in(text).version
    Release.read(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["tag_name", "version", "html_url", "url"]), inner)
        ),
    )
)
def test_whatever_json_comes_is_read_with_patience(told):
    """Of another form, or of none."""
    latest_in(json.dumps(told))


@given(NUMBERS, NUMBERS)
def test_versions_are_ordered_by_their_numbers(one, other):
    """As if the shorter one ended in zeros."""
    mine, others = (".".join(map(str, numbers)) for numbers in (one, other))
    padded = [[*numbers, 0, 0, 0, 0, 0][:5] for numbers in (one, other)]
    assert is_newer(mine, others) == (padded[0] > padded[1])


@pytest.mark.parametrize(
    ("newer", "older"),
    [("1.0", "1.0rc1"), ("1.0rc1", "1.0b2"), ("1.0b2", "1.0a9"), ("1.0a1", "1.0.dev3")],
)
def test_what_is_tried_out_comes_before_its_release(newer, older):
    """Whoever runs one is told of the release."""
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


@pytest.mark.parametrize("version", ["", "x", "1.0+local", "1..2", "1.0.0.0.0.0"])
def test_what_is_no_version_is_never_newer(version):
    """A development tree may have any."""
    assert not is_newer(version, "0.1")
    assert not is_newer("99", version)


def test_a_release_is_kept_and_read():
    """And what was kept by hand is not believed."""
    release = Release("1.2", PAGE)
    assert Release.read(release.text) == release
    for bad in (None, "", "1.2", "x https://example.org", "1.2 file:///etc"):
        assert Release.read(bad) is None
