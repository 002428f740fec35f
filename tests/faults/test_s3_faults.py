"""Whatever happens on the way into a bucket: whole in the end or not there, nothing sent twice."""

import contextlib
import socket
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.bucket_bench import PART, PARTS, PREFIX, SIZE, BucketBench, of
from tests.fakes.s3_server import (
    answer,
    cut_after,
    cut_before_body,
    error_in_200,
    error_in_200_but_done,
    html,
    lose_answer,
    s3_error,
    slow_down,
    wrong_etag,
)
from tests.fakes.uploading import recorded
from zoomsync_agent.core.errors import (
    ActionNeeded,
    KeyTaken,
    NetworkUnavailable,
    RemoteUnavailable,
    SourceChanged,
    TransientError,
)

TRIES = 5


@pytest.fixture
def bench(tmp_path):
    """Give a bucket into which everything goes in parts, one after another."""
    with BucketBench(tmp_path) as found:
        yield found


@pytest.fixture
def small(tmp_path):
    """Give a bucket into which everything goes by one request."""
    with BucketBench(tmp_path, part_size=SIZE) as found:
        yield found


@pytest.fixture
def outgoing(bench):
    """Give a recording of five parts and a rest."""
    return bench.outgoing()


# --- a store that stumbles ---------------------------------------------------------------------

STUMBLES = {
    "slow down": slow_down(),
    "too many": s3_error(429, "TooManyRequests", "Slow down"),
    "too many, without a word": answer(429),
    "internal": s3_error(500, "InternalError", "We encountered an internal error."),
    "unavailable": s3_error(503, "ServiceUnavailable"),
    "timeout": s3_error(400, "RequestTimeout", "Your socket connection was idle."),
    "conflict": s3_error(409, "OperationAborted"),
    "a proxy": html(502),
    "a slow proxy": html(504),
    "a cut": cut_before_body(),
}
OF_PARTS = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "HeadObject")
TOLD = [
    (name, operation)
    for name in STUMBLES
    for operation in OF_PARTS
    # A HEAD has no words, so these two are not told from a refusal for good.
    if operation != "HeadObject" or name not in ("timeout", "conflict")
]


@pytest.mark.parametrize(("name", "operation"), TOLD)
@pytest.mark.parametrize("times", [1, TRIES - 1])
def test_a_store_that_stumbles_is_waited_for(bench, outgoing, name, operation, times):
    """Longer and longer, within the same call; what was there before is not sent again."""
    fault = bench.fault(operation, STUMBLES[name], times)
    assert bench.send(outgoing) is not None
    assert fault.fired == times
    is_taken = operation == "UploadPart" and name != "a cut"
    bench.arrived(outgoing, resent=times * PART if is_taken else 0)
    wanted = sum((0.5, 1.0, 2.0, 4.0)[:times])
    assert 0.75 * wanted <= sum(bench.waits) <= 1.25 * wanted
    assert len(bench.server.objects) == 1


@pytest.mark.parametrize("name", STUMBLES)
def test_a_small_file_waits_too(small, name):
    """One request, made again until it is taken."""
    outgoing = small.outgoing()
    fault = small.fault("PutObject", STUMBLES[name], TRIES - 1)
    assert small.send(outgoing) is not None
    assert fault.fired == TRIES - 1
    assert small.holds(outgoing)
    assert sum(small.waits) > 5


@pytest.mark.parametrize("operation", OF_PARTS)
def test_slow_down_without_end_is_left_for_later(bench, outgoing, operation):
    """After five tries the attempt ends, and the next one has nothing to repeat."""
    fault = bench.fault(operation, slow_down(), TRIES)
    error = bench.fails(outgoing, RemoteUnavailable)
    assert fault.fired == TRIES
    assert "503" in error.detail
    bench.goes_on(outgoing, resent=TRIES * PART if operation == "UploadPart" else 0)


def test_what_is_durable_is_kept_over_a_store_that_ends(bench, outgoing):
    """Two parts are there, the third never arrives: the report says so, and only the rest goes."""
    fault = bench.on_part(3, slow_down(), TRIES)
    bench.fails(outgoing, RemoteUnavailable)
    assert fault.fired == TRIES
    assert bench.reported[-1].offset == 2 * PART
    bench.goes_on(outgoing, resent=TRIES * PART, destination=bench.new_destination())
    assert bench.count("CreateMultipartUpload") == 1
    assert bench.sent_parts() == [1, 2, 3, 4, 5, 6]


def test_a_small_file_is_left_for_later_too(small):
    """The same error, and nothing half there."""
    outgoing = small.outgoing()
    fault = small.fault("PutObject", slow_down(), TRIES)
    error = small.fails(outgoing, RemoteUnavailable)
    assert fault.fired == TRIES
    assert "SlowDown" in error.detail
    assert small.server.objects == {}
    assert small.send(outgoing) is not None
    assert small.holds(outgoing)


def test_told_to_stop_it_does_not_wait_for_a_slow_store(bench, outgoing):
    """A stop is asked for between naps of a quarter of a second."""
    fault = bench.fault("CreateMultipartUpload", slow_down(), 10)
    assert bench.send(outgoing, stop=lambda: len(bench.waits) >= 4) is None
    assert fault.fired <= 3
    assert len(bench.waits) == 4
    assert max(bench.waits) <= 0.25


def test_a_look_at_the_parts_is_waited_for(bench, outgoing):
    """After a restart the store is asked what it has, as often as that takes."""
    bench.send(outgoing, stop=lambda: len(bench.paced) >= 2)
    fault = bench.fault("ListParts", slow_down(), TRIES - 1)
    bench.goes_on(outgoing)
    assert fault.fired == TRIES - 1


# --- cut connections ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3, PARTS])
@pytest.mark.parametrize("taken", [0, 1, 1000])
def test_a_part_that_is_cut_is_sent_again(bench, outgoing, number, taken):
    """A store keeps no half of a part; the other parts are not touched."""
    fault = bench.on_part(number, cut_after(taken) if taken else cut_before_body())
    bench.send(outgoing)
    assert fault.fired == 1
    bench.arrived(outgoing, resent=taken)
    assert bench.sent_parts() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("number", [1, 3, PARTS])
@pytest.mark.parametrize(
    ("checksums", "verifies"), [("verify", True), ("ignore", True), ("ignore", False)]
)
def test_a_part_whose_answer_is_lost_is_not_sent_again(
    bench, outgoing, number, checksums, verifies
):
    """The store is asked whether it has it, and whether it is the right one."""
    bench.server.checksums, bench.server.verifies_payload = checksums, verifies
    fault = bench.on_part(number, lose_answer())
    bench.send(outgoing)
    assert fault.fired == 1
    assert bench.count("ListParts") == 1
    bench.arrived(outgoing)


def test_a_part_whose_answer_is_lost_is_sent_again_where_nobody_may_ask(bench, outgoing):
    """Then its successor takes its place."""
    bench.server.denied.add("s3:ListMultipartUploadParts")
    fault = bench.on_part(3, lose_answer())
    bench.send(outgoing)
    assert fault.fired == 1
    bench.arrived(outgoing, resent=PART)


def test_a_lost_answer_to_the_beginning_leaves_no_second_upload(bench, outgoing):
    """What was begun and not heard of is found and gone on with."""
    fault = bench.fault("CreateMultipartUpload", lose_answer())
    bench.send(outgoing)
    assert fault.fired == 1
    assert bench.count("CreateMultipartUpload") == 1
    bench.arrived(outgoing)


@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_answer_to_the_end_is_no_failure(bench, outgoing, times):
    """The object is there, which is looked at; nothing is sent again and nothing is deleted."""
    fault = bench.fault("CompleteMultipartUpload", lose_answer(), times)
    bench.send(outgoing)
    assert fault.fired == times
    bench.arrived(outgoing)
    assert bench.count("DeleteObject") == 0
    assert bench.count("GetObject") == 0


def test_a_lost_end_and_another_ones_object_is_nobodys_to_delete(bench, outgoing):
    """The upload is gone and something else has its name: that stays, and is said."""

    def end(exchange, work):
        bench.server.uploads.clear()
        bench.put(outgoing, b"somebody else's")
        return work()

    fault = bench.fault("CompleteMultipartUpload", end)
    bench.fails(outgoing, KeyTaken)
    assert fault.fired == 1
    assert bench.stored(outgoing).data == b"somebody else's"
    assert bench.count("DeleteObject") == 0


@pytest.mark.parametrize("times", [1, TRIES])
def test_a_small_file_whose_answer_is_lost_is_not_sent_again(small, times):
    """One look shows that it is there."""
    outgoing = small.outgoing()
    fault = small.fault("PutObject", lose_answer(), times)
    assert small.send(outgoing) is not None
    assert fault.fired == 1
    small.arrived(outgoing)


@pytest.mark.parametrize("taken", [0, 1, 5000])
def test_a_small_file_that_is_cut_is_sent_again(small, taken):
    """Nothing of it was kept."""
    outgoing = small.outgoing()
    fault = small.fault("PutObject", cut_after(taken) if taken else cut_before_body())
    assert small.send(outgoing) is not None
    assert fault.fired == 1
    small.arrived(outgoing, resent=taken)


@pytest.mark.parametrize("operation", OF_PARTS)
def test_cuts_without_end_are_left_for_later(bench, outgoing, operation):
    """Five in a row end the attempt, not the upload."""
    fault = bench.fault(operation, cut_before_body(), TRIES)
    with pytest.raises(TransientError) as told:
        bench.send(outgoing)
    assert isinstance(told.value, NetworkUnavailable | RemoteUnavailable)
    bench.expect_no_secret(told.value)
    assert fault.fired == TRIES
    bench.goes_on(outgoing)


def test_a_network_that_is_away_is_waited_for_by_others(bench, outgoing):
    """Nobody listens: the error says where, and the next attempt sends everything."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = bench.new_destination(url=f"http://127.0.0.1:{port}")
    error = bench.fails(outgoing, NetworkUnavailable, destination=away)
    assert "127.0.0.1" in error.detail
    bench.goes_on(outgoing)


def test_an_answer_that_is_no_http_is_no_answer(bench, outgoing):
    """Garbage on the wire is the server's trouble, not an error nobody knows."""

    def garbage(exchange, work):
        exchange.request.body.discard()
        exchange.request.wire.send(b"\x00\x01 garbage\r\n\r\n")

    fault = bench.on_part(2, garbage)
    bench.send(outgoing)
    assert fault.fired == 1
    bench.arrived(outgoing, resent=PART)


# --- the end -----------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [error_in_200, error_in_200_but_done])
def test_an_error_in_an_answer_of_200_is_an_error(bench, outgoing, action):
    """Done or not, the object is there in the end, once."""
    fault = bench.fault("CompleteMultipartUpload", action())
    assert bench.send(outgoing) is not None
    assert fault.fired == 1
    assert bench.count("CompleteMultipartUpload") == 2
    bench.arrived(outgoing)
    assert bench.count("DeleteObject") == 0


def test_errors_in_answers_of_200_without_end_are_left_for_later(bench, outgoing):
    """No receipt for what is not there; the parts stay."""
    fault = bench.fault("CompleteMultipartUpload", error_in_200(), TRIES)
    error = bench.fails(outgoing, RemoteUnavailable)
    assert fault.fired == TRIES
    assert "InternalError" in error.detail
    assert bench.server.objects == {}
    bench.goes_on(outgoing)


@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "ListParts", "HeadObject"])
def test_an_answer_of_200_that_says_nothing_is_none(bench, outgoing, operation):
    """A page of whoever stands between is neither an upload nor an object."""
    bench.send(outgoing, stop=lambda: len(bench.paced) >= 1)
    fault = bench.fault(operation, html(200), 20)
    resume = None if operation == "CreateMultipartUpload" else bench.reported[-1]
    if operation == "CreateMultipartUpload":
        bench.server.uploads.clear()
    bench.fails(outgoing, RemoteUnavailable, resume_from=resume)
    assert fault.fired >= 1
    bench.server.faults.clear()
    assert bench.send(outgoing, resume_from=resume) is not None
    assert bench.holds(outgoing)


@pytest.mark.parametrize(
    "action", [html(502), html(403), answer(404, "no route"), cut_before_body(), slow_down()]
)
def test_without_a_look_there_is_no_receipt(bench, outgoing, action):
    """All bytes are there, and the next attempt proves it without sending one."""
    is_over = []

    def end(exchange, work):
        is_over.append(True)
        return work()

    bench.fault("CompleteMultipartUpload", end)
    looks = of("HeadObject")
    gets = of("GetObject")
    fault = bench.fault(lambda seen: bool(is_over) and (looks(seen) or gets(seen)), action, 20)
    with pytest.raises(TransientError):
        bench.send(outgoing)
    assert fault.fired >= 1
    bench.server.faults.clear()
    bench.goes_on(outgoing)


def test_an_object_that_vanished_before_the_look_has_no_receipt(bench, outgoing):
    """Somebody else may delete what has just arrived; it is sent again later."""

    def end(exchange, work):
        done = work()
        bench.server.remove_object(PREFIX + outgoing.key)
        return done

    fault = bench.fault("CompleteMultipartUpload", end)
    bench.fails(outgoing, RemoteUnavailable)
    assert fault.fired == 1
    bench.goes_on(outgoing, resent=SIZE)


def test_a_file_that_changes_while_a_fault_is_mended_is_dropped(bench, outgoing):
    """The half-finished upload is freed, and no object of mixed versions appears."""

    def change(exchange, work):
        outgoing.path.write_bytes(recorded(SIZE)[:-1])

    fault = bench.on_part(3, change)
    bench.fails(outgoing, SourceChanged)
    assert fault.fired == 1
    assert bench.server.uploads == {}
    assert bench.server.objects == {}


# --- anything, in any order --------------------------------------------------------------------


def _forget(exchange, work):
    """Forget the upload, as a rule of the bucket may."""
    exchange.store.uploads.clear()
    return work()


def _lose_part(exchange, work):
    """Take the part, and lose another one that was there."""
    done = work()
    for upload in exchange.store.uploads.values():
        upload.parts.pop(min(upload.parts, default=0), None)
    return done


ACTIONS = {
    "cut": cut_after(777),
    "cut before": cut_before_body(),
    "lost": lose_answer(),
    "slow": slow_down(),
    "internal": s3_error(500, "InternalError"),
    "proxy": html(502),
    "page": html(403),
    "wrong": wrong_etag(),
    "forgotten": _forget,
    "vanished": _lose_part,
    "late": error_in_200(),
    "denied": s3_error(403, "AccessDenied"),
}


def test_any_trouble_in_any_order(tmp_path_factory):
    """Whole in the end or not there, and no receipt too early, whatever the store proves."""
    fired = Counter()

    @settings(max_examples=80)
    @given(
        told=st.lists(
            st.tuples(st.sampled_from([*ACTIONS, "stop"]), st.integers(1, 4)), max_size=6
        ),
        forgotten=st.integers(0, 3),
        parallel=st.sampled_from([1, 3]),
        checksums=st.sampled_from(["verify", "ignore"]),
        verifies=st.booleans(),
    )
    def run(told, forgotten, parallel, checksums, verifies):
        folder = tmp_path_factory.mktemp("any")
        with BucketBench(folder, parallel=parallel) as bench:
            bench.server.checksums, bench.server.verifies_payload = checksums, verifies
            _in_trouble(bench, told, forgotten, fired)

    run()

    assert set(fired) == set(ACTIONS)


def _in_trouble(bench, told, forgotten, fired):
    """Send over what is *told*; the progress of the first attempts is *forgotten*."""
    outgoing = bench.outgoing(recorded(3 * PART + 500))
    faults, stops, number = [], [], 0
    for kind, after in told:
        number += after
        if kind == "stop":
            stops.append(number)
        else:
            faults.append((kind, bench.fault(_nth_of_an_upload(number), ACTIONS[kind])))
    receipt, resume_from = None, None
    for attempt in range(30):
        with contextlib.suppress(TransientError, ActionNeeded):
            receipt = bench.send(outgoing, resume_from=resume_from, stop=bench.stops(stops))
        assert PREFIX + outgoing.key not in bench.server.objects or bench.holds(outgoing)
        if receipt is not None:
            break
        if bench.reported and attempt >= forgotten:
            resume_from = bench.reported[-1]
    assert receipt is not None
    assert receipt.sha256 == outgoing.sha256
    assert list(bench.server.objects) == [PREFIX + outgoing.key]
    assert bench.server.uploads == {}
    fired.update({kind: fault.fired for kind, fault in faults if fault.fired})


def _nth_of_an_upload(number):
    """Match the *number*-th request that sends or completes."""
    sends, completes = of("UploadPart"), of("CompleteMultipartUpload")
    seen_so_far = []

    def matches(seen):
        if not sends(seen) and not completes(seen):
            return False
        seen_so_far.append(seen)
        return len(seen_so_far) == number

    return matches
