"""Unfinished uploads that somebody else began, or that were begun on other terms than ours."""

import json
import re

import pytest

from tests.fakes.bucket_bench import PART, PREFIX, SIZE, BucketBench
from tests.fakes.s3_server import s3_error
from tests.fakes.uploading import recorded
from zoomsync_agent.core.errors import SourceChanged
from zoomsync_agent.core.recording import Progress
from zoomsync_agent.destinations.parted import Notes
from zoomsync_agent.destinations.s3 import Storing

DAY = 86_400.0


@pytest.fixture
def bench(tmp_path):
    """Give a bucket into which everything goes in parts, one after another."""
    with BucketBench(tmp_path) as found:
        yield found


@pytest.fixture
def outgoing(bench):
    """Give a recording of five parts and a rest."""
    return bench.outgoing()


def begun(bench, outgoing, pieces=2, **options):
    """Let another machine send so many parts; return its upload, and forget what it noted."""
    so_far, other = len(bench.paced), bench.new_destination(**options)
    stopped = bench.send(
        outgoing, destination=other, stop=lambda: len(bench.paced) - so_far >= pieces
    )
    assert stopped is None
    (upload,) = bench.server.uploads.values()
    assert sorted(upload.parts) == list(range(1, pieces + 1))
    return upload


def rewritten(pattern, text):
    """Do what is asked, and write the answer otherwise."""

    def act(exchange, work):
        done = work()
        done.body = re.sub(pattern, text, done.body)
        return done

    return act


# --- live uploads of others --------------------------------------------------------------------


@pytest.mark.parametrize("told", [b"", b"<Initiated>yesterday</Initiated>", b"<Initiated/>"])
def test_an_upload_whose_age_is_not_known_is_not_ended(bench, outgoing, told):
    """A store writes dates in its own way, or none."""
    theirs = begun(bench, outgoing)
    fault = bench.fault(
        "ListMultipartUploads", rewritten(rb"<Initiated>[^<]*</Initiated>", told), 99
    )
    wider = bench.new_destination(part_size=2 * PART)  # which cannot go on with it
    assert bench.send(outgoing, destination=wider) is not None
    assert fault.fired == 1
    assert set(bench.server.uploads) == {theirs.id}
    assert sorted(theirs.parts) == [1, 2]
    assert bench.count("AbortMultipartUpload") == 0


def test_the_clock_of_the_store_counts(bench, outgoing):
    """A computer that is a month ahead does not take what others do now for old."""
    theirs = begun(bench, outgoing)
    bench.skew = 30 * DAY
    wider = bench.new_destination(part_size=2 * PART)
    assert bench.send(outgoing, destination=wider) is not None
    assert set(bench.server.uploads) == {theirs.id}


@pytest.mark.parametrize(("idle", "is_kept"), [(3_600.0, True), (DAY + 1, False)])
def test_a_slow_upload_is_live_while_parts_come(bench, outgoing, idle, is_kept):
    """It may take longer than a week, if only one came within the last day."""
    theirs = begun(bench, outgoing)
    theirs.initiated = bench.clock.now() - 9 * DAY
    theirs.parts[1].uploaded = bench.clock.now() - 8 * DAY
    theirs.parts[2].uploaded = bench.clock.now() - idle
    wider = bench.new_destination(part_size=2 * PART)
    assert bench.send(outgoing, destination=wider) is not None
    assert set(bench.server.uploads) == ({theirs.id} if is_kept else set())


@pytest.mark.parametrize(
    ("action", "is_kept"),
    [
        (s3_error(403, "AccessDenied"), False),
        (s3_error(503, "SlowDown"), True),
        (s3_error(404, "NoSuchUpload"), True),
        (rewritten(rb"<LastModified>[^<]*</LastModified>", b""), True),
    ],
)
def test_an_old_upload_whose_parts_cannot_be_seen(bench, outgoing, action, is_kept):
    """Where nobody may look its age does; where nobody can just now nothing is said of it."""
    theirs = begun(bench, outgoing)
    theirs.initiated = bench.clock.now() - 9 * DAY
    fault = bench.fault("ListParts", action, 1)
    wider = bench.new_destination(part_size=2 * PART)
    assert bench.send(outgoing, destination=wider) is not None
    assert fault.fired == 1
    assert set(bench.server.uploads) == ({theirs.id} if is_kept else set())


def test_an_upload_that_was_adopted_is_left_to_who_began_it(bench, outgoing):
    """Another size of parts here is no reason to end it there."""
    theirs = begun(bench, outgoing)
    bench.reported.clear()
    so_far = len(bench.paced)
    assert bench.send(outgoing, stop=lambda: len(bench.paced) > so_far) is None
    assert Notes.read(bench.reported[-1].resume_token).upload_id == theirs.id
    wider = bench.new_destination(part_size=2 * PART)
    assert bench.send(outgoing, destination=wider, resume_from=bench.reported[-1]) is not None
    assert set(bench.server.uploads) == {theirs.id}
    assert bench.count("AbortMultipartUpload") == 0


def test_a_file_that_changes_ends_no_upload_of_others(bench, outgoing):
    """It has the version that we do not have any more."""
    theirs = begun(bench, outgoing)

    def change(_count):
        outgoing.path.write_bytes(recorded(SIZE)[:-1])

    bench.fails(outgoing, SourceChanged, before_piece=change)
    assert set(bench.server.uploads) == {theirs.id}


def test_an_object_that_is_there_ends_whatever_was_begun_for_it(bench, outgoing):
    """Nobody needs it any more."""
    begun(bench, outgoing)
    fault = bench.fault("UploadPart", _and_put(bench, outgoing))
    assert bench.send(outgoing) is not None
    assert fault.fired == 1
    assert bench.server.uploads == {}


def _and_put(bench, outgoing):
    def act(exchange, work):
        bench.put(outgoing, recorded(SIZE), sha256=outgoing.sha256)
        return work()

    return act


@pytest.mark.parametrize("sizes", ["told", "not told"])
def test_two_who_cut_a_file_differently_do_not_send_over_each_other(bench, outgoing, sizes):
    """Parts that are not ours by their length are left alone, with all the others."""
    theirs = begun(bench, outgoing)
    if sizes == "not told":
        bench.fault("ListParts", rewritten(rb"<Size>[^<]*</Size>", b""), 99)
    wider = bench.new_destination(part_size=2 * PART)
    assert bench.send(outgoing, destination=wider) is not None
    assert bench.holds(outgoing)
    if sizes == "told":
        assert [theirs.parts[number].size for number in (1, 2)] == [PART, PART]


# --- other terms -------------------------------------------------------------------------------

STORING = [
    Storing("", "AES256", ""),
    Storing("", "aws:kms", "a-key"),
    Storing("STANDARD_IA", "", ""),
]


@pytest.mark.parametrize("storing", STORING)
@pytest.mark.parametrize("is_noted", [True, False])
def test_what_was_begun_without_is_not_gone_on_with(bench, outgoing, storing, is_noted):
    """How an object is kept is settled when its upload begins; parts cannot change it."""
    theirs = begun(bench, outgoing)
    resume = bench.reported[-1] if is_noted else None
    destination = bench.new_destination(storing=storing)
    assert bench.send(outgoing, resume_from=resume, destination=destination) is not None
    assert bench.holds(outgoing)
    stored = bench.stored(outgoing)
    assert stored.encryption == (storing.encryption or None)
    assert stored.storage_class == (storing.storage_class or "STANDARD")
    # Ours was dropped; one of somebody else's is left to them.
    assert set(bench.server.uploads) == (set() if is_noted else {theirs.id})


def test_another_key_begins_anew(bench, outgoing):
    """Whoever changes it wants what is sent from then on to be kept with the new one."""
    begun(bench, outgoing, storing=Storing("", "aws:kms", "a-key"))
    other = bench.new_destination(storing=Storing("", "aws:kms", "another-key"))
    assert bench.send(outgoing, destination=other, resume_from=bench.reported[-1]) is not None
    assert bench.server.uploads == {}
    assert bench.count("CreateMultipartUpload") == 2


def test_the_same_terms_go_on(bench, outgoing):
    """Another start of the agent with the same settings."""
    storing = Storing("STANDARD_IA", "AES256", "")
    begun(bench, outgoing, storing=storing)
    bench.goes_on(outgoing, destination=bench.new_destination(storing=storing))
    assert bench.count("CreateMultipartUpload") == 1


def test_notes_of_an_older_version_begin_anew(bench, outgoing):
    """They do not say on what terms their upload was begun; it is ended, as it is ours."""
    begun(bench, outgoing)
    told = json.loads(bench.reported[-1].resume_token)
    old = json.dumps({name: told[name] for name in ("upload", "size", "parts")})
    resume = Progress(bench.reported[-1].offset, old)
    assert bench.send(outgoing, resume_from=resume) is not None
    bench.arrived(outgoing, resent=2 * PART)
    assert bench.count("AbortMultipartUpload") == 1


# --- other checksums ---------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [(False, True), (True, False)])
@pytest.mark.parametrize("is_noted", [True, False])
def test_verify_may_be_changed_in_the_middle(bench, outgoing, before, after, is_noted):
    """A store takes no parts of another kind of checksum than an upload was begun for."""
    theirs = begun(bench, outgoing, proves_content=before)
    resume = bench.reported[-1] if is_noted else None
    destination = bench.new_destination(proves_content=after)
    assert bench.send(outgoing, resume_from=resume, destination=destination) is not None
    assert bench.holds(outgoing)
    assert bool(bench.stored(outgoing).checksums) is after
    assert set(bench.server.uploads) == (set() if is_noted else {theirs.id})


def test_a_store_that_goes_on_refusing_a_checksum_is_believed(bench, outgoing):
    """Begun anew once, not for ever."""
    message = "Checksum Type mismatch occurred, expected checksum Type: null, actual: sha256"
    fault = bench.fault("UploadPart", s3_error(400, "InvalidRequest", message), 99)
    with pytest.raises(Exception, match="Checksum Type mismatch"):
        bench.send(outgoing)
    assert fault.fired == 2
    assert bench.count("CreateMultipartUpload") == 2


def test_parts_of_another_checksum_are_not_asked_for_twice(bench, outgoing):
    """Where a listing does not tell the kind, the first refusal does; then one is begun."""
    key = PREFIX + outgoing.key
    theirs = bench.server.add_upload(key, initiated=bench.clock.now() - 60)
    assert bench.send(outgoing) is not None
    assert set(bench.server.uploads) == {theirs.id}
    refused = [one for one in bench.server.requests if one.status == 400]
    assert len([one for one in refused if theirs.id in one.query.get("uploadId", "")]) == 1
