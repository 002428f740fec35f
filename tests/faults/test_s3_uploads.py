"""Unfinished uploads of a bucket: gone on with, begun anew, given up; never mixed or sent twice."""

import contextlib
import hashlib
import json
import os
import threading
from base64 import b64encode

import pytest

from tests.fakes.bucket_bench import PART, PARTS, PREFIX, SIZE, BucketBench
from tests.fakes.s3_server import answer, cut_before_body, s3_error
from tests.fakes.uploading import recorded
from zoomsync_agent.core.errors import (
    AgentError,
    KeyTaken,
    RemoteUnavailable,
    SourceChanged,
    TransientError,
    VerificationFailed,
)
from zoomsync_agent.core.recording import Progress
from zoomsync_agent.destinations.parted import Notes

DAY = 86_400.0
PATIENCE = 10.0
MODES = [("verify", True), ("ignore", True), ("verify", False), ("ignore", False)]


@pytest.fixture
def bench(tmp_path):
    """Give a bucket into which everything goes in parts, one after another."""
    with BucketBench(tmp_path) as found:
        yield found


@pytest.fixture
def outgoing(bench):
    """Give a recording of five parts and a rest."""
    return bench.outgoing()


@pytest.fixture
def wide(tmp_path):
    """Give a bucket into which four parts go at a time."""
    with BucketBench(tmp_path, parallel=4) as found:
        yield found


@pytest.fixture(params=MODES, ids=["all", "signed", "checksums", "md5"])
def any_mode(request, bench):
    """Give a bucket that looks at everything, at something, at nothing."""
    bench.server.checksums, bench.server.verifies_payload = request.param
    return bench


def interrupted(bench, outgoing, pieces=2):
    """Send so many parts, be told to stop, and return what the store has of it."""
    begun = len(bench.paced)
    assert bench.send(outgoing, stop=lambda: len(bench.paced) - begun >= pieces) is None
    (upload,) = bench.server.uploads.values()
    assert sorted(upload.parts) == list(range(1, pieces + 1))
    return upload


# --- notes -------------------------------------------------------------------------------------


def test_what_was_noted_and_is_there_is_not_sent_again(any_mode):
    """Another process, with nothing but what was reported, sends the rest."""
    bench, outgoing = any_mode, any_mode.outgoing()
    interrupted(bench, outgoing)
    bench.goes_on(outgoing, destination=bench.new_destination())
    assert bench.count("CreateMultipartUpload") == 1
    assert bench.sent_parts() == [1, 2, 3, 4, 5, 6]


def test_what_was_noted_and_is_not_there_is_sent(any_mode):
    """The store is believed, not the notes."""
    bench, outgoing = any_mode, any_mode.outgoing()
    upload = interrupted(bench, outgoing, 3)
    del upload.parts[2]
    bench.goes_on(outgoing, resent=PART)
    assert bench.sent_parts() == [1, 2, 3, 2, 4, 5, 6]


def test_what_is_there_and_was_not_noted_is_compared_and_kept(any_mode):
    """The agent died before it could write it down."""
    bench, outgoing = any_mode, any_mode.outgoing()
    interrupted(bench, outgoing)
    at_first = next(one for one in bench.reported if one.offset == 0)
    bench.goes_on(outgoing, resume_from=at_first, destination=bench.new_destination())
    assert bench.sent_parts() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("is_noted", [True, False])
def test_a_part_of_other_content_is_sent_again(any_mode, is_noted):
    """Of the right size, under the right number: its name tells that it is another one."""
    bench, outgoing = any_mode, any_mode.outgoing()
    upload = interrupted(bench, outgoing)
    requests = bench.new_requests()
    _send_other_part(bench, requests, outgoing, upload)
    resume = bench.reported[-1] if is_noted else bench.reported[0]
    before = bench.sent_bytes()
    assert bench.send(outgoing, resume_from=resume) is not None
    assert bench.holds(outgoing)
    assert bench.sent_bytes() - before == SIZE - PART
    assert bench.sent_parts().count(2) == 3


def _send_other_part(bench, requests, outgoing, upload):
    other = recorded(2 * PART)[PART:][::-1]
    digest = hashlib.sha256(other).digest()
    checksum = {"x-amz-checksum-sha256": b64encode(digest).decode()} if upload.algorithm else {}
    requests.send(
        "PUT",
        outgoing.key,
        action="",
        query={"partNumber": "2", "uploadId": upload.id},
        headers=checksum,
        content=other,
        payload=digest.hex(),
    )


def test_a_part_of_another_length_is_sent_again(any_mode):
    """Without a look at what it is."""
    bench, outgoing = any_mode, any_mode.outgoing()
    upload = interrupted(bench, outgoing)
    upload.parts[2].size = PART - 1
    bench.goes_on(outgoing, resent=PART)


def test_notes_of_other_parts_begin_anew(bench, outgoing):
    """The size of parts was changed meanwhile; the old upload is freed."""
    interrupted(bench, outgoing)
    wider = bench.new_destination(part_size=2 * PART)
    bench.goes_on(outgoing, destination=wider, resent=2 * PART)
    assert bench.count("AbortMultipartUpload") == 1


def test_notes_of_an_upload_without_checksums_begin_anew(bench, outgoing):
    """A store that has learnt to keep them is not asked to mix."""
    bench.server.checksums = "ignore"
    interrupted(bench, outgoing)
    bench.server.checksums = "verify"
    (upload,) = bench.server.uploads.values()
    upload.algorithm = "sha1"
    assert bench.send(outgoing, resume_from=bench.reported[-1], destination=bench.new_destination())
    bench.arrived(outgoing, resent=2 * PART)


@pytest.mark.parametrize(
    "token", ["", "nobody knows this", "{}", json.dumps({"upload": "x", "size": PART, "parts": {}})]
)
def test_notes_that_name_nothing_begin_anew(bench, outgoing, token):
    """Of another destination, or of nobody."""
    assert bench.send(outgoing, resume_from=Progress(3 * PART, token)) is not None
    bench.arrived(outgoing)


# --- uploads that nobody noted -----------------------------------------------------------------


def test_an_upload_that_nobody_noted_is_gone_on_with(any_mode):
    """The queue was lost; what is in the store is compared, and only the rest is sent."""
    bench, outgoing = any_mode, any_mode.outgoing()
    interrupted(bench, outgoing, 3)
    bench.reported.clear()
    bench.goes_on(outgoing, destination=bench.new_destination())
    assert bench.count("CreateMultipartUpload") == 1
    assert bench.sent_parts() == [1, 2, 3, 4, 5, 6]


def test_the_youngest_of_several_is_gone_on_with_and_the_stale_are_ended(bench, outgoing):
    """What is older than a week is nobody's; what is younger may be somebody's."""
    key, now = PREFIX + outgoing.key, bench.clock.now()
    stale = [bench.server.add_upload(key, initiated=now - 7 * DAY - n) for n in (1, 5000)]
    young = bench.server.add_upload(key, initiated=now - 3000)
    interrupted_upload = bench.server.add_upload(key, initiated=now - 60, algorithm="sha256")
    other = bench.server.add_upload(f"{key}.json", initiated=now - 9 * DAY)
    assert bench.send(outgoing) is not None
    assert bench.holds(outgoing)
    assert bench.count("CreateMultipartUpload") == 0
    assert set(bench.server.uploads) == {young.id, other.id}
    assert not {one.id for one in (*stale, interrupted_upload)} & set(bench.server.uploads)


def test_only_stale_ones_are_ended_and_one_is_begun(bench, outgoing):
    """Nothing of a week ago is built on."""
    interrupted(bench, outgoing)
    bench.clock.advance(7 * DAY + 1)
    bench.reported.clear()
    bench.goes_on(outgoing, resent=2 * PART)
    assert bench.count("AbortMultipartUpload") == 1
    assert bench.count("CreateMultipartUpload") == 2


def test_many_unfinished_uploads_are_listed_page_by_page(bench, outgoing):
    """The one that counts is on the second page."""
    key = PREFIX + outgoing.key
    for n in range(1_200):
        bench.server.add_upload(f"{key}", initiated=bench.clock.now() - 500 + n / 10)
    youngest = max(bench.server.uploads.values(), key=lambda one: one.initiated)
    youngest.algorithm = "sha256"
    assert bench.send(outgoing) is not None
    assert bench.count("ListMultipartUploads") == 2
    assert youngest.id not in bench.server.uploads
    assert bench.count("CreateMultipartUpload") == 0


def test_where_unfinished_uploads_may_not_be_listed_one_is_begun(bench, outgoing):
    """A trouble with a courtesy is none with the upload."""
    fault = bench.fault("ListMultipartUploads", answer(500), 9)
    assert bench.send(outgoing) is not None
    assert fault.fired == 1
    bench.arrived(outgoing)


# --- given up ----------------------------------------------------------------------------------


def test_a_cancelled_upload_is_freed(bench, outgoing):
    """And once more without effect."""
    interrupted(bench, outgoing)
    for _ in range(2):
        bench.destination.abandon(outgoing.key, bench.reported[-1])
    assert bench.server.uploads == {}
    assert bench.count("AbortMultipartUpload") == 2


def test_an_upload_is_noted_before_its_first_part(bench, outgoing):
    """Whoever cancels at the very beginning frees it too."""
    fault = bench.on_part(1, s3_error(403, "AccessDenied"))
    with pytest.raises(AgentError):
        bench.send(outgoing)
    assert fault.fired == 1
    assert bench.reported[0].offset == 0
    bench.destination.abandon(outgoing.key, bench.reported[0])
    assert bench.server.uploads == {}


def test_an_object_that_is_there_frees_what_was_begun_for_it(bench, outgoing):
    """Another agent was quicker."""
    interrupted(bench, outgoing)
    bench.put(outgoing, recorded(SIZE), sha256=outgoing.sha256)
    assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None
    assert bench.server.uploads == {}
    assert bench.sent_bytes() == 2 * PART


# --- forgotten ---------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload", "ListParts"])
def test_an_upload_that_is_gone_is_begun_anew(bench, outgoing, operation):
    """Ended by a rule of the bucket: noticed at the next request, and all of it is sent once."""
    interrupted(bench, outgoing)

    def forget(exchange, work):
        bench.server.uploads.clear()
        return work()

    fault = bench.fault(operation, forget)
    assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None
    assert fault.fired == 1
    assert bench.count("CreateMultipartUpload") == 2
    lost = {"UploadPart": 3 * PART, "CompleteMultipartUpload": SIZE, "ListParts": 2 * PART}
    bench.arrived(outgoing, resent=lost[operation])


def test_an_upload_that_is_gone_again_and_again_is_left_for_later(bench, outgoing):
    """Once anew in an attempt; a store that forgets everything is not fed for ever."""
    fault = bench.fault("UploadPart", s3_error(404, "NoSuchUpload"), 2)
    with pytest.raises(TransientError, match="again and again") as told:
        bench.send(outgoing)
    assert type(told.value) is RemoteUnavailable
    assert fault.fired == 2
    assert bench.count("CreateMultipartUpload") <= 2


def test_a_page_that_says_404_is_no_forgotten_upload(bench, outgoing):
    """A proxy without its store costs nothing that is there."""
    interrupted(bench, outgoing)
    page = answer(404, "<html><body>no such route</body></html>", {"content-type": "text/html"})
    fault = bench.on_part(3, page)
    bench.fails(outgoing, RemoteUnavailable, resume_from=bench.reported[-1])
    assert fault.fired == 1
    bench.goes_on(outgoing, resent=PART)
    assert bench.count("CreateMultipartUpload") == 1


# --- the file ----------------------------------------------------------------------------------


@pytest.mark.parametrize("when", [1, 3, 6])
def test_a_file_that_changes_while_four_parts_are_sent_is_dropped(wide, when):
    """Neither an object nor an upload of mixed versions stays."""
    outgoing = wide.outgoing()
    guard, seen = threading.Lock(), []

    def change(_count):
        with guard:
            seen.append(True)
            if len(seen) == when:
                outgoing.path.write_bytes(recorded(SIZE)[:-1])

    wide.fails(outgoing, SourceChanged, before_piece=change)
    assert wide.server.objects == {}
    assert wide.server.uploads == {}


def test_a_file_that_holds_something_else_is_never_completed(wide):
    """Same size, same time: only the hash of all that was read tells."""
    outgoing = wide.outgoing()
    stat = outgoing.path.stat()
    outgoing.path.write_bytes(recorded(SIZE)[::-1])
    os.utime(outgoing.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    wide.fails(outgoing, VerificationFailed)
    assert wide.server.objects == {}
    assert wide.server.uploads == {}
    assert wide.count("CompleteMultipartUpload") == 0


# --- four at a time ----------------------------------------------------------------------------


def test_four_parts_are_on_their_way_at_a_time(wide):
    """No more and, where the store is slow, no fewer."""
    outgoing = wide.outgoing()
    together, most, lock = [0], [0], threading.Lock()
    all_here = threading.Barrier(4, timeout=PATIENCE)

    def slowly(exchange, work):
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        with contextlib.suppress(threading.BrokenBarrierError):
            if int(exchange.query["partNumber"]) <= 4:
                all_here.wait()
        try:
            return work()
        finally:
            with lock:
                together[0] -= 1

    fault = wide.fault("UploadPart", slowly, 99)
    assert wide.send(outgoing) is not None
    assert fault.fired == PARTS
    assert most[0] == 4
    wide.arrived(outgoing)


@pytest.mark.parametrize("pieces", [1, 3, 9])
def test_told_to_stop_four_parts_at_a_time_keep_what_is_durable(wide, pieces):
    """Those on their way arrive or are broken off; at most these go again."""
    outgoing = wide.outgoing(recorded(20 * PART))
    assert wide.send(outgoing, stop=lambda: len(wide.paced) >= pieces) is None
    (upload,) = wide.server.uploads.values()
    notes = Notes.read(wide.reported[-1].resume_token)
    assert set(notes.etags) <= set(upload.parts)
    assert wide.reported[-1].offset == sum(upload.parts[n].size for n in notes.etags)
    wide.goes_on(outgoing, resent=wide.sent_bytes() - wide.reported[-1].offset)
    assert wide.sent_bytes() - outgoing.size <= 4 * PART


def test_told_to_stop_a_slow_part_is_broken_off(wide, monkeypatch):
    """Nobody waits for a store that does not answer; what was not heard of is sent again."""
    monkeypatch.setattr("zoomsync_agent.destinations.parted.upload._GRACE_SECONDS", 0.05)
    outgoing = wide.outgoing(recorded(20 * PART))
    go_on = threading.Event()

    def slowly(_count):
        if len(wide.paced) >= 2:
            go_on.wait(PATIENCE)

    def stop():
        if len(wide.paced) < 2:
            return False
        threading.Timer(0.2, go_on.set).start()
        return True

    assert wide.send(outgoing, stop=stop, before_piece=slowly) is None
    assert wide.server.objects == {}
    wide.goes_on(outgoing, resent=wide.sent_bytes() - wide.reported[-1].offset)
    assert wide.sent_bytes() - outgoing.size <= 4 * PART


def test_an_error_of_one_part_keeps_the_others(wide):
    """The three that were on their way beside it are durable and noted."""
    outgoing = wide.outgoing()
    fault = wide.on_part(2, s3_error(403, "AccessDenied"))
    with pytest.raises(AgentError):
        wide.send(outgoing)
    assert fault.fired == 1
    notes = Notes.read(wide.reported[-1].resume_token)
    (upload,) = wide.server.uploads.values()
    assert set(notes.etags) == set(upload.parts) >= {1}
    assert 2 not in notes.etags
    wide.goes_on(outgoing, resent=PART)


@pytest.mark.parametrize("number", [1, 4, PARTS])
def test_a_cut_of_one_of_four_costs_that_part(wide, number):
    """The others go on meanwhile."""
    outgoing = wide.outgoing()
    fault = wide.on_part(number, cut_before_body(), 2)
    assert wide.send(outgoing) is not None
    assert fault.fired == 2
    wide.arrived(outgoing)


# --- who comes first ---------------------------------------------------------------------------


CONTENTS = {
    "the same": recorded(SIZE),
    "other": b"other",
    "other of the same size": recorded(SIZE)[::-1],
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize(
    ("operation", "conditional"),
    [
        ("UploadPart", True),
        ("UploadPart", False),
        ("CompleteMultipartUpload", True),
        ("PutObject", True),
    ],
)
def test_an_object_that_exists_meanwhile_decides(tmp_path, operation, conditional, content):
    """Between the first look and the end it is seen, after the last look the store refuses."""
    with BucketBench(tmp_path, part_size=SIZE if operation == "PutObject" else PART) as bench:
        outgoing, data = bench.outgoing(), CONTENTS[content]
        bench.server.conditional_writes = conditional

        def somebody_else(exchange, work):
            bench.put(outgoing, data)
            return work()

        fault = bench.fault(operation, somebody_else)
        if content == "the same":
            assert bench.send(outgoing) is not None
        else:
            bench.fails(outgoing, KeyTaken)
        assert fault.fired == 1
        assert bench.stored(outgoing).data == data
        assert bench.server.uploads == {}
        assert bench.count("DeleteObject") == 0


def test_two_agents_with_the_same_content_end_with_one_object(bench, outgoing):
    """Each goes on with the upload of the other; who is later finds the object."""
    other = bench.new_destination()
    receipts = []

    def meanwhile(_count):
        if len(bench.paced) == 2 and not receipts:
            receipts.append(None)
            receipts[0] = bench.send(outgoing, destination=other)

    receipts.append(bench.send(outgoing, before_piece=meanwhile))
    assert all(receipts)
    assert bench.holds(outgoing)
    assert bench.server.uploads == {}
    assert bench.count("CompleteMultipartUpload") == 1
    assert bench.count("CreateMultipartUpload") == 1
