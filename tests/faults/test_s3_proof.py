"""What a bucket proves of what has arrived, and what is done where it proves little or lies."""

import hashlib
import itertools
from dataclasses import replace

import pytest

from tests.fakes.bucket_bench import PART, PREFIX, SIZE, BucketBench, of
from tests.fakes.s3_proxy import S3Proxy
from tests.fakes.s3_server import DeleteMarker, answer, cut_before_body, html, s3_error, spoil
from tests.fakes.s3_server import wrong_etag as other_etag
from tests.fakes.uploading import recorded
from zoomsync_agent.core.errors import (
    DestinationDenied,
    KeyTaken,
    TransientError,
    VerificationFailed,
)
from zoomsync_agent.destinations.s3 import Storing
from zoomsync_agent.destinations.s3.assurances import PROBE

MODES = list(itertools.product(["verify", "echo", "ignore", "refuse"], [True, False]))
"""What a store makes of checksums, and whether it looks at the hash that was signed."""
LEAST = ("ignore", False)


@pytest.fixture
def bench(tmp_path):
    """Give a bucket into which everything goes in parts, one after another."""
    with BucketBench(tmp_path) as found:
        yield found


@pytest.fixture
def outgoing(bench):
    """Give a recording of five parts and a rest."""
    return bench.outgoing()


@pytest.fixture(params=[PART, SIZE], ids=["in parts", "at once"])
def either(request, tmp_path):
    """Give a bucket into which things go in parts, and one into which they go by one request."""
    with BucketBench(tmp_path, part_size=request.param) as found:
        yield found


def be(bench, mode):
    """Let the store be of this kind."""
    bench.server.checksums, bench.server.verifies_payload = mode


# --- what a store does -------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_every_kind_of_store_gets_the_file(either, mode):
    """Whole, sent once, not read back, and what was asked of the store leaves nothing behind."""
    be(either, mode)
    outgoing = either.outgoing()
    assert either.send(outgoing) is not None
    either.arrived(outgoing)
    assert list(either.server.objects) == [PREFIX + outgoing.key]
    assert either.count("GetObject") == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_store_is_told_what_it_can_check(either, mode):
    """The signed hash where it looks at that, a checksum where it looks at that, else the MD5."""
    be(either, mode)
    outgoing = either.outgoing()
    either.send(outgoing)
    bodies = [
        one
        for one in either.server.seen("PUT")
        if not one.path.endswith(PROBE) and one.status == 200
    ]
    assert bodies
    checks_checksums, checks_payload = mode[0] == "verify", mode[1]
    for seen in bodies:
        is_signed = seen.headers["x-amz-content-sha256"] != "UNSIGNED-PAYLOAD"
        assert is_signed >= checks_payload
        assert ("x-amz-checksum-sha256" in seen.headers) == checks_checksums
        assert ("content-md5" in seen.headers) == (not checks_checksums and not checks_payload)


def test_a_store_is_asked_once(bench):
    """Two small requests for as long as the agent runs."""
    for name in ("a.mp4", "b.mp4"):
        bench.send(bench.outgoing(recorded(SIZE) + name.encode(), name))
    assert len([one for one in bench.server.seen("PUT") if one.path.endswith(PROBE)]) == 2


def test_a_store_that_does_not_say_is_asked_again(bench):
    """A policy may be against that one name; what is known then is less, and not for ever."""
    probe = s3_error(403, "AccessDenied")
    fault = bench.fault(lambda seen: seen.path.endswith(PROBE), probe, 2)
    first = bench.outgoing()
    assert bench.send(first) is not None
    assert fault.fired == 2
    assert not bench.stored(first).checksum_sha256
    second = bench.outgoing(recorded(SIZE)[::-1], "other.mp4")
    assert bench.send(second) is not None
    assert bench.stored(second).checksum_sha256


@pytest.mark.parametrize("action", [html(502), cut_before_body(), s3_error(503, "SlowDown")])
def test_a_store_that_stumbles_when_it_is_asked_is_waited_for(bench, outgoing, action):
    """It is not taken for one that proves nothing."""
    fault = bench.fault(lambda seen: seen.path.endswith(PROBE), action, 3)
    bench.send(outgoing)
    assert fault.fired == 3
    assert bench.stored(outgoing).checksum_sha256


def test_what_was_put_there_to_ask_may_stay(bench, outgoing):
    """Where nothing may be deleted: a few bytes under one name, which are no recording."""
    be(bench, LEAST)
    bench.server.denied.add("s3:DeleteObject")
    bench.send(outgoing)
    assert sorted(bench.server.objects) == [PREFIX + PROBE, PREFIX + outgoing.key]
    assert [one.receipt.key for one in bench.destination.inventory()] == [outgoing.key]


def test_nobody_who_does_not_want_to_know_asks(bench, outgoing):
    """With “verify size” the size is all that is compared, at no cost."""
    destination = bench.new_destination(proves_content=False)
    assert bench.send(outgoing, destination=destination) is not None
    assert [one for one in bench.server.seen("PUT") if one.path.endswith(PROBE)] == []
    bench.arrived(outgoing)


# --- what arrives as something else ------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_bytes_that_were_spoiled_on_their_way_are_never_kept(either, mode):
    """Whatever the store looks at; no rest stays, and the next attempt sends all of it."""
    be(either, mode)
    outgoing = either.outgoing()
    either.destination.send(either.outgoing(b"", "empty.mp4"), **_deaf())  # the store is known now
    with S3Proxy(either.server.url) as proxy:
        proxy.spoils = True
        through = either.new_destination(url=proxy.url)
        through._assurances = either.destination._assurances
        said = either.fails(outgoing, VerificationFailed, destination=through)
        assert outgoing.key in said.detail
        assert PREFIX + outgoing.key not in either.server.objects
        assert either.server.uploads == {}
        proxy.spoils = False
        assert either.send(outgoing, destination=through) is not None
    assert either.holds(outgoing)


def _deaf():
    return {
        "resume_from": None,
        "report": lambda _: None,
        "stop": lambda: False,
        "pace": lambda _: None,
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("times", [1, 2])
def test_one_part_that_is_spoiled_is_sent_again(bench, outgoing, mode, times):
    """It costs that part, and no more."""
    be(bench, mode)
    # A store that checks refuses it, which nothing can hide: then the fault is a refusal.
    is_checked = mode[0] == "verify" or mode[1]
    refused = s3_error(400, "BadDigest" if mode[0] == "verify" else "XAmzContentSHA256Mismatch")
    fault = bench.on_part(3, refused if is_checked else spoil(), times)
    bench.send(outgoing)
    assert fault.fired == times
    bench.arrived(outgoing, resent=times * PART)


def test_a_part_that_is_always_spoiled_is_thrown_away(bench, outgoing):
    """Three times, and the whole upload is dropped: its parts are not to be trusted."""
    be(bench, LEAST)
    fault = bench.on_part(3, spoil(), 3)
    said = bench.fails(outgoing, VerificationFailed)
    assert fault.fired == 3
    assert "part 3" in said.detail
    assert bench.server.uploads == {}
    assert bench.server.objects == {}
    assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None
    assert bench.holds(outgoing)


def test_a_small_file_that_is_stored_wrongly_is_thrown_away(tmp_path):
    """Its ETag is not the MD5 of what was sent, and neither is what is read back."""
    with BucketBench(tmp_path, part_size=SIZE) as bench:
        be(bench, LEAST)
        outgoing = bench.outgoing()
        fault = bench.fault("PutObject", spoil())
        bench.fails(outgoing, VerificationFailed)
        assert fault.fired == 1
        assert bench.server.objects == {}
        assert bench.send(outgoing) is not None
        assert bench.holds(outgoing)


def test_what_could_not_be_thrown_away_is_not_believed(tmp_path):
    """It says that it is the file; the next attempt reads it, and does not certify it."""
    with BucketBench(tmp_path, part_size=SIZE) as bench:
        be(bench, LEAST)
        outgoing = bench.outgoing()
        fault = bench.fault("PutObject", spoil())
        bench.fault("DeleteObject", s3_error(500, "InternalError"))
        with pytest.raises(TransientError):
            bench.send(outgoing)
        assert fault.fired == 1
        bench.fails(outgoing, VerificationFailed)
        assert bench.server.objects == {}
        assert bench.send(outgoing) is not None
        assert bench.holds(outgoing)


# --- names of parts ----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode[0] == "verify" or mode[1]])
def test_a_wrong_name_of_a_part_is_put_right_from_the_listing(bench, outgoing, mode):
    """The store took only the right bytes and named them wrongly: nothing is sent again."""
    be(bench, mode)
    fault = bench.on_part(3, other_etag())
    bench.send(outgoing)
    assert fault.fired == 1
    assert bench.count("CompleteMultipartUpload") == 2
    assert bench.count("ListParts") == 1
    bench.arrived(outgoing)


@pytest.mark.parametrize("times", [1, 2])
def test_a_wrong_name_that_should_be_an_md5_is_a_wrong_part(bench, outgoing, times):
    """Nothing else tells what arrived, so the part is sent again."""
    be(bench, LEAST)
    fault = bench.on_part(3, other_etag(), times)
    bench.send(outgoing)
    assert fault.fired == times
    bench.arrived(outgoing, resent=times * PART)


def test_names_that_never_are_md5s_tell_how_to_go_on(bench, outgoing):
    """A store of another kind; whoever owns it can say that size must do."""
    be(bench, LEAST)
    fault = bench.fault("UploadPart", other_etag(), 99)
    said = bench.fails(outgoing, VerificationFailed)
    assert fault.fired == 3
    assert "zoomsync config set verify size" in said.detail
    assert bench.server.uploads == {}
    bench.server.faults.clear()
    bench.fault("UploadPart", other_etag(), 99)
    trusting = bench.new_destination(proves_content=False)
    assert bench.send(outgoing, destination=trusting) is not None
    assert bench.holds(outgoing)


@pytest.mark.parametrize("mode", MODES)
def test_a_part_that_vanished_is_sent_again(bench, outgoing, mode):
    """The end shows that it is not there; only that part goes once more."""
    be(bench, mode)

    def lose(exchange, work):
        (upload,) = bench.server.uploads.values()
        del upload.parts[2]
        return work()

    fault = bench.fault("CompleteMultipartUpload", lose)
    bench.send(outgoing)
    assert fault.fired == 1
    bench.arrived(outgoing, resent=PART)
    assert bench.sent_parts() == [1, 2, 3, 4, 5, 6, 2]


def test_parts_that_are_always_missing_are_left_for_later(bench, outgoing):
    """A store that loses parts again and again is not fed for ever."""
    fault = bench.fault("CompleteMultipartUpload", s3_error(400, "InvalidPart", "not found"), 4)
    with pytest.raises(TransientError, match="again and again"):
        bench.send(outgoing)
    assert fault.fired == 4
    bench.goes_on(outgoing)


# --- encryption --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("is_asked_for", [True, False])
def test_names_of_encrypted_objects_are_no_reason_to_read_them(either, mode, is_asked_for):
    """With a key of a service no ETag is an MD5; neither part nor object is doubted for it."""
    be(either, mode)
    if not is_asked_for:
        either.server.encryption = "aws:kms"
    storing = Storing("STANDARD_IA", "aws:kms", "a-key") if is_asked_for else Storing()
    destination = either.new_destination(storing=storing)
    outgoing = either.outgoing()
    receipt = either.send(outgoing, destination=destination)
    assert receipt is not None
    either.arrived(outgoing)
    assert either.count("GetObject") == 0
    assert either.stored(outgoing).encryption == "aws:kms"
    assert destination.check(receipt) == receipt
    # Somebody comes again, without a memory of it: nothing is sent, at most it is read.
    assert either.send(outgoing, destination=either.new_destination()) is not None
    either.arrived(outgoing)


def test_how_it_is_to_be_kept_is_said_with_everything(either):
    """The object; what describes it is encrypted too, and can be read at any time."""
    storing = Storing("STANDARD_IA", "aws:kms", "a-key")
    destination = either.new_destination(storing=storing)
    outgoing = either.outgoing()
    either.send(outgoing, destination=destination)
    destination.describe(outgoing.key, {"meeting_title": "Weekly"})
    for key, stored in either.server.objects.items():
        is_description = key.endswith(".json")
        assert stored.encryption == "aws:kms"
        assert stored.storage_class == ("STANDARD" if is_description else "STANDARD_IA")
    told = either.server.seen("PUT", "/recordings/kept/2026")[-1].headers
    assert told["x-amz-server-side-encryption-aws-kms-key-id"] == "a-key"


# --- versions and locks ------------------------------------------------------------------------


def test_a_deleted_object_of_a_bucket_with_versions_is_gone(either):
    """The older version does not count; it is sent again and is there again."""
    either.server.versioned = True
    outgoing = either.outgoing()
    receipt = either.send(outgoing)
    either.server.delete(PREFIX + outgoing.key)
    assert either.destination.check(receipt) is None
    assert list(either.destination.inventory()) == []
    again = either.send(outgoing)
    assert either.destination.check(again) == again
    either.arrived(outgoing, resent=SIZE)
    first, marker, last = either.server.versions[PREFIX + outgoing.key]
    assert isinstance(marker, DeleteMarker)
    assert first.data == last.data == outgoing.path.read_bytes()


@pytest.mark.parametrize("mode", MODES)
def test_a_bucket_that_locks_objects_takes_them(either, mode):
    """It wants a checksum or an MD5 with every body, which it gets."""
    be(either, mode)
    either.server.object_lock = True
    outgoing = either.outgoing()
    receipt = either.send(outgoing)
    assert receipt is not None
    either.destination.describe(outgoing.key, {"meeting_title": "Weekly"})
    assert either.holds(outgoing)
    (found,) = either.destination.inventory()
    assert found.described == {"meeting_title": "Weekly"}
    assert either.destination.check(receipt) == receipt


# --- metadata ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [("verify", True), LEAST])
def test_a_store_that_keeps_no_metadata_keeps_the_file(either, mode):
    """Whoever comes again does not know what it is, and reads it instead of sending it."""
    be(either, mode)
    either.server.keeps_metadata = False
    outgoing = either.outgoing()
    assert either.send(outgoing) is not None
    assert either.count("GetObject") == 0
    assert either.send(outgoing) is not None
    assert either.count("GetObject") == 1
    either.arrived(outgoing)


def test_a_store_that_keeps_no_metadata_tells_by_the_description(bench, outgoing):
    """An inventory finds the hash beside the object."""
    bench.server.keeps_metadata = False
    receipt = bench.send(outgoing)
    assert list(bench.destination.inventory()) == []
    bench.destination.describe(outgoing.key, {"sha256": outgoing.sha256})
    (found,) = bench.destination.inventory()
    assert replace(found.receipt, verified_at=receipt.verified_at) == receipt


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("content", [b"other", recorded(SIZE)[::-1]])
def test_something_else_under_the_key_stays(either, keeps, content):
    """Shorter or of the same size, whether the store tells what it is or not."""
    either.server.keeps_metadata = keeps
    outgoing = either.outgoing()
    either.put(outgoing, content, sha256=hashlib.sha256(content).hexdigest())
    either.fails(outgoing, KeyTaken)
    assert either.stored(outgoing).data == content
    assert either.sent_bytes() == 0


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode[0] != "verify" and not mode[1]])
def test_our_own_object_that_is_damaged_is_not_certified(either, mode):
    """It names our content, and its ETag says otherwise: it is read, and replaced."""
    be(either, mode)
    outgoing = either.outgoing()
    stored = either.put(outgoing, recorded(SIZE)[:-1] + b"?", sha256=outgoing.sha256)
    if either.options["part_size"] == PART:
        stored.etag = f'"{"0" * 32}-6"'
    either.fails(outgoing, VerificationFailed)
    assert either.count("GetObject") == 1
    assert either.server.objects == {}
    assert either.send(outgoing) is not None
    assert either.holds(outgoing)


def test_a_link_opens_the_object(bench, outgoing):
    """For whoever has it, and for a week at most."""
    bench.send(outgoing)
    link = bench.destination.link(outgoing.key, 10**9)
    assert "X-Amz-Expires=604800" in link
    assert bench.new_requests().http.get(link).content == recorded(SIZE)
    assert bench.new_requests().http.get(link[:-1] + "x").status_code == 403


def test_reading_back_that_fails_says_nothing_secret(bench, outgoing):
    """Neither keys nor signature are in any error; what is not allowed is named."""
    bench.server.keeps_metadata = False
    bench.send(outgoing)
    for action, kind in (
        (html(502), TransientError),
        (answer(403), DestinationDenied),
        (cut_before_body(), TransientError),
        (s3_error(503, "SlowDown"), TransientError),
    ):
        fault = bench.fault(of("GetObject"), action)
        with pytest.raises(kind) as told:
            bench.send(outgoing)
        bench.expect_no_secret(told.value)
        assert fault.fired == 1
