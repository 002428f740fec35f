"""What S3 will call an object, worked out beforehand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.supabase_server import intake
from tests.fakes.supabase_server.intake import Intake
from zoomsync_agent.destinations.supabase import etags
from zoomsync_agent.destinations.supabase.etags import PartTally

SMALLEST, LARGEST = 5, 50


@pytest.fixture(autouse=True, scope="module")
def small_parts():
    """Let parts be of 5 to 50 bytes instead of MiB, here and in the stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(etags, "_SMALLEST_PART", SMALLEST)
        patch.setattr(etags, "_LARGEST_PART", LARGEST)
        patch.setattr(intake, "SMALLEST_PART", SMALLEST)
        patch.setattr(intake, "LARGEST_PART", LARGEST)
        yield


def _theirs(requests):
    """Return the ETag that Storage gives to what came in these requests."""
    taken = Intake(keep=False, hashing=True, in_parts=True)
    for number, request in enumerate(requests, 1):
        for at in range(0, len(request), 7):
            taken.add(memoryview(request[at : at + 7]))
        taken.end_request(final=number == len(requests))
    return taken.etag.strip('"')


def _ours(requests):
    """Return the ETag as the tally tells it, or None where it cannot."""
    tally = PartTally()
    for request in requests:
        md5 = tally.begin()
        md5.update(request)
        if not tally.end(md5, len(request)):
            return None
    return tally.etag()


@given(st.lists(st.binary(min_size=1, max_size=LARGEST + 10), min_size=1, max_size=12))
def test_the_tally_knows_what_storage_will_say(requests):
    """However a file is cut into requests, the ETag is Storage's or none is told."""
    ours = _ours(requests)
    assert ours is None or ours == _theirs(requests)


@given(st.lists(st.binary(min_size=1, max_size=LARGEST - SMALLEST), min_size=1, max_size=12))
def test_requests_of_usual_sizes_always_have_an_etag(requests):
    """Only a request that Storage would cut in two leaves the tally without an answer."""
    assert _ours(requests) == _theirs(requests)


@given(st.binary(min_size=1, max_size=SMALLEST - 1), st.binary(min_size=1, max_size=LARGEST))
def test_a_request_that_was_sent_again_counts_once(first, second):
    """Its hash begins where the last whole request ended, however often it is begun."""
    tally = PartTally()
    md5 = tally.begin()
    md5.update(first)
    assert tally.end(md5, len(first))
    lost = tally.begin()
    lost.update(b"lost on the way")
    md5 = tally.begin()
    md5.update(second)
    if tally.end(md5, len(second)):
        assert tally.etag() == _theirs([first, second])
    else:
        assert len(first) + len(second) > LARGEST


def test_what_storage_cuts_in_two_is_not_guessed():
    """A small rest and a large request together are more than a part can hold."""
    assert _ours([b"a" * 4, b"b" * 47]) is None
    assert _ours([b"a" * 51]) is None
    assert _ours([b"a" * 4, b"b" * 46]) == _theirs([b"a" * 4, b"b" * 46])


def test_the_number_of_parts_stands_at_the_end():
    """One part for each request that is large enough, and one for the rest."""
    assert _ours([b"a" * 6] * 3 + [b"b"]).endswith("-4")
