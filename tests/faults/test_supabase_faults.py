"""Whatever happens to an upload: whole in the end or not there, nothing sent twice without need."""

import contextlib
import re
import socket
import threading
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.supabase_server import (
    SupabaseServer,
    answer,
    busy_assembly,
    cut_after,
    cut_before_body,
    drop_finished,
    expire_token,
    html,
    lose_answer,
    short_patch,
    slow_assembly,
    wrong_location,
)
from tests.fakes.uploading import CHUNK, INFO, TUS, UploadBench, recorded
from zoomsync_agent.core.errors import (
    ActionNeeded,
    DestinationDenied,
    DestinationFull,
    KeyTaken,
    NameRefused,
    NetworkUnavailable,
    ObjectTooLarge,
    ProjectPaused,
    RemoteUnavailable,
    SetupIncomplete,
    SignInRequired,
    SourceChanged,
    TransientError,
)

PUT = "/storage/v1/object/recordings/"
PATIENCE = 10.0
GONE = (
    "Something went wrong with that request\nThe specified upload does not exist. The upload ID "
    "may be invalid, or the upload may have been aborted or completed.\n"
)
EXISTS = "The resource already exists"
RLS = "new row violates row-level security policy"
SIZE = len(recorded())
LAST = SIZE // CHUNK * CHUNK


@pytest.fixture
def bench(tmp_path):
    """Give a bucket into which everything goes in chunks."""
    with UploadBench(tmp_path) as found:
        yield found
        assert found.server.overlaps == []


@pytest.fixture
def outgoing(bench):
    """Give a recording of five chunks and a rest."""
    return bench.outgoing()


def broken(bench, outgoing, error, **more):
    """Send, expect *error*, and return it once nothing secret was found in it."""
    with pytest.raises(error) as told:
        bench.send(outgoing, **more)
    said = told.value
    assert type(said) is error
    assert said.detail
    for secret in bench.secrets():
        assert secret not in str(said)
    assert "token=" not in str(said)
    assert "eyJ" not in str(said)
    return said


def goes_on(bench, outgoing, *, resent=0, **more):
    """Send the rest; say that it is whole and how many bytes went twice at most."""
    resume = {"resume_from": bench.reported[-1]} if bench.reported else {}
    receipt = bench.send(outgoing, **(resume | more))
    assert receipt is not None
    arrived(bench, outgoing, resent=resent)
    return receipt


def arrived(bench, outgoing, *, resent=0):
    """Make sure that the file is there, by so many bytes more than its own."""
    assert bench.holds(outgoing)
    assert bench.stored(outgoing).size == outgoing.size
    assert bench.sent_bytes() == outgoing.size + resent


# --- going on ----------------------------------------------------------------------------------


def test_after_a_restart_it_goes_on_where_it_was(bench, outgoing):
    """Another process, with nothing but what was reported, sends the rest."""
    fault = bench.on_patch(3 * CHUNK, cut_before_body())
    down = bench.fault(("HEAD", TUS), html(502))
    broken(bench, outgoing, RemoteUnavailable)
    assert (fault.fired, down.fired) == (1, 1)
    assert bench.reported[-1].offset == 3 * CHUNK
    goes_on(bench, outgoing, destination=bench.new_destination())
    assert bench.count("POST") == 1


def test_after_a_sleep_the_token_is_renewed_once(bench, outgoing):
    """The clock has jumped by hours, connection and token are dead, and no byte goes twice."""

    def sleep(exchange, work):
        work()
        bench.clock.jump(3 * 3600)

    fault = bench.on_patch(2 * CHUNK, sleep)
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing)
    assert len(bench.access.renewals) == 1


def test_after_a_sleep_longer_than_the_upload_lives_it_begins_anew(bench, outgoing):
    """A day later the server has forgotten it; nothing else does."""

    def sleep(exchange, work):
        work()
        bench.clock.jump(25 * 3600)

    fault = bench.on_patch(2 * CHUNK, sleep)
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing, resent=3 * CHUNK)
    assert bench.count("POST") == 2


def test_a_network_that_changes_is_waited_for(tmp_path):
    """Refused on the old one, the rest goes over the new one; other connections, same upload."""
    with UploadBench(tmp_path) as bench:
        outgoing = bench.outgoing()
        free = _free_port()
        away = bench.new_destination(url=f"http://127.0.0.1:{free}")
        error = broken(bench, outgoing, NetworkUnavailable, destination=away)
        assert isinstance(error, TransientError)
        cut = bench.on_patch(CHUNK, cut_after(100))
        probe = bench.fault(("HEAD", TUS), cut_before_body())
        broken(bench, outgoing, RemoteUnavailable)
        assert (cut.fired, probe.fired) == (1, 1)
        goes_on(bench, outgoing, destination=bench.new_destination())


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize("remembers", [True, False])
def test_a_server_that_is_gone_in_the_middle_and_comes_back(bench, outgoing, remembers):
    """A server that starts again gets the rest, or all of it where it has forgotten."""

    def vanish(exchange, work):
        work()
        cut.start()
        assert bench.server.stopping.wait(PATIENCE)

    cut = threading.Thread(target=bench.server.close)
    fault = bench.on_patch(2 * CHUNK, vanish)
    with pytest.raises(TransientError) as told:
        bench.send(outgoing)
    assert isinstance(told.value, NetworkUnavailable | RemoteUnavailable)
    assert fault.fired == 1
    cut.join(PATIENCE)
    secret, port = bench.server.jwt_secret, bench.server.port
    with SupabaseServer(clock=bench.clock.now, jwt_secret=secret, port=port) as back:
        if remembers:
            back.all_uploads.update(bench.server.all_uploads)
        receipt = bench.send(outgoing, resume_from=bench.reported[-1])
        assert receipt is not None
        assert back.objects[outgoing.key].data == recorded()
        came = sum(seen.body_bytes for seen in back.seen("PATCH"))
        assert came == (SIZE - 3 * CHUNK if remembers else SIZE)
        assert back.overlaps == []


# --- tokens ------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, 2 * CHUNK, LAST])
def test_a_token_that_expires_before_a_chunk_is_renewed(bench, outgoing, offset):
    """Refused with HTTP 400; one renewal, the same offset, no look in between."""
    fault = bench.on_patch(offset, expire_token())
    bench.send(outgoing)
    assert fault.fired == 1
    assert len(bench.access.renewals) == 1
    assert bench.count("HEAD") == 0
    assert bench.count("PATCH") == 7
    arrived(bench, outgoing, resent=min(CHUNK, SIZE - offset))


def test_a_token_that_really_expires_between_two_chunks(bench, outgoing):
    """By the server's own clock, without any fault being played."""
    moved = []

    def before(count):
        moved.append(count)
        if len(moved) == 3:
            bench.clock.jump(3601)

    bench.send(outgoing, before_piece=before)
    assert len(bench.access.renewals) == 1
    assert bench.holds(outgoing)


@pytest.mark.parametrize("where", ["POST", "PATCH", "HEAD", "GET"])
def test_a_token_that_is_refused_again_asks_for_a_sign_in(bench, outgoing, where):
    """Wherever it happens; what is durable waits for whoever signs in."""
    stopped = bench.send(outgoing, stop=lambda: len(bench.paced) >= 2)
    assert stopped is None
    fault = bench.fault((where, "/storage/v1/"), expire_token(), times=2)
    resume = None if where == "POST" else bench.reported[-1]
    if where == "HEAD":
        # A HEAD has no words: it looks like an unknown upload, and the next request tells.
        more = bench.fault(("POST", TUS), expire_token(), times=2)
        broken(bench, outgoing, SignInRequired, resume_from=resume)
        assert more.fired == 2
    else:
        broken(bench, outgoing, SignInRequired, resume_from=resume)
    assert fault.fired == 2
    goes_on(bench, outgoing, resent=2 * CHUNK if where == "PATCH" else 0)


def test_a_session_that_is_not_renewed_is_said(bench, outgoing):
    """Nothing is asked again and again with a token that is dead."""
    fault = bench.on_patch(CHUNK, expire_token(), times=10)
    bench.access._renewing = None
    broken(bench, outgoing, SignInRequired)
    assert fault.fired == 1


def test_a_token_of_another_project_asks_for_a_sign_in(bench, outgoing):
    """What cannot be read at all is not renewed for ever."""
    bench.access._token = "not.a.token"  # noqa: S105  it is none
    error = broken(bench, outgoing, SignInRequired)
    assert isinstance(error, ActionNeeded)
    assert bench.access.renewals == []


# --- conflicts ---------------------------------------------------------------------------------


def test_an_offset_conflict_is_looked_up(bench, outgoing):
    """The server says where it is, and only that counts."""
    fault = bench.on_patch(2 * CHUNK, answer(409, "Upload-Offset conflict\n"))
    bench.send(outgoing)
    assert fault.fired == 1
    assert bench.count("HEAD") == 1
    arrived(bench, outgoing, resent=CHUNK)


def test_a_conflict_without_end_is_given_up_for_now(bench, outgoing):
    """Three turns that bring nothing, and the attempt ends; the next one may be luckier."""
    fault = bench.on_patch(2 * CHUNK, answer(409, "Upload-Offset conflict\n"), times=3)
    broken(bench, outgoing, RemoteUnavailable)
    assert fault.fired == 3
    goes_on(bench, outgoing, resent=3 * CHUNK)


@pytest.mark.parametrize("content", ["the same", "other", "other of the same size"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_object_that_exists_meanwhile_decides(bench, outgoing, content, method):
    """The same content is proven and not sent again; other content stays, and is said."""
    data = {
        "the same": recorded(),
        "other": b"other",
        "other of the same size": recorded()[::-1],
    }[content]

    def somebody_else(exchange, work):
        bench.server.put_object(outgoing.key, data)
        return work()

    fault = bench.fault(
        lambda seen: (
            seen.method == method and seen.headers.get("upload-offset") in (None, str(CHUNK))
        ),
        somebody_else,
    )
    if content == "the same":
        assert bench.send(outgoing) is not None
    else:
        broken(bench, outgoing, KeyTaken)
    assert fault.fired == 1
    assert bench.stored(outgoing).data == data
    assert bench.count("DELETE", PUT) == 0
    assert bench.sent_bytes() <= 2 * CHUNK


def test_a_conflict_with_our_own_finished_upload_is_success(bench, outgoing):
    """The last answer was lost, and so was the look at it: the next attempt finds the object."""
    fault = bench.on_patch(LAST, lose_answer())
    probe = bench.fault(("HEAD", TUS), cut_before_body())
    broken(bench, outgoing, RemoteUnavailable)
    assert (fault.fired, probe.fired) == (1, 1)
    assert bench.holds(outgoing)
    goes_on(bench, outgoing)
    assert bench.count("POST") == 1


# --- forgotten uploads -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (410, "The file for this url no longer exists\n"),
        (404, "The file for this url was not found\n"),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "HEAD"])
def test_an_upload_that_is_gone_is_begun_anew(bench, outgoing, status, text, method):
    """Expired or forgotten, noticed while sending or at the start of the next attempt."""
    bench.send(outgoing, stop=lambda: len(bench.paced) >= 2)
    fault = bench.fault((method, TUS), answer(status, text))
    lost = 2 * CHUNK + (CHUNK if method == "PATCH" else 0)
    goes_on(bench, outgoing, resent=lost)
    assert fault.fired == 1
    assert bench.count("POST") == 2


def test_an_upload_that_is_gone_again_and_again_is_given_up_for_now(bench, outgoing):
    """It is begun anew once in an attempt; a server that forgets everything is not fed for ever."""
    fault = bench.fault(("PATCH", TUS), answer(404, "The file for this url was not found\n"), 2)
    broken(bench, outgoing, RemoteUnavailable)
    assert fault.fired == 2
    assert bench.count("POST") == 2


def test_the_missing_upload_of_a_500_is_looked_up(bench, outgoing):
    """Storage's own words for a part that came too late; the upload itself knows better."""
    fault = bench.on_patch(2 * CHUNK, answer(500, GONE))
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing, resent=CHUNK)


def test_a_length_of_another_mind_begins_anew(bench, outgoing):
    """413 to a chunk: the upload is for fewer bytes than we have, so it is no use."""
    fault = bench.on_patch(2 * CHUNK, answer(413, "upload's size exceeded\n"))
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing, resent=3 * CHUNK)
    assert bench.count("DELETE") == 1


# --- busy --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [503, 423])
def test_a_busy_server_is_waited_for(bench, outgoing, status):
    """At a chunk and at the look after it: longer and longer, but not as a failure."""
    patch = bench.on_patch(2 * CHUNK, answer(status, "acquiring lock timeout"))
    head = bench.fault(("HEAD", TUS), answer(status, "acquiring lock timeout"), times=3)
    bench.send(outgoing)
    assert (patch.fired, head.fired) == (1, 3)
    assert sum(bench.waits) == pytest.approx(2 + 4 + 8)
    arrived(bench, outgoing, resent=CHUNK)


def test_a_server_that_stays_busy_is_left_for_later(bench, outgoing):
    """After three quarters of a minute the attempt ends; nothing is lost."""
    patch = bench.on_patch(2 * CHUNK, answer(503, "acquiring lock timeout"))
    head = bench.fault(("HEAD", TUS), answer(503, "acquiring lock timeout"), times=7)
    broken(bench, outgoing, RemoteUnavailable)
    assert (patch.fired, head.fired) == (1, 7)
    assert sum(bench.waits) == pytest.approx(44)
    goes_on(bench, outgoing, resent=CHUNK)


def test_told_to_stop_it_does_not_wait_for_a_busy_server(bench, outgoing):
    """A stop is asked for between naps of a quarter of a second."""
    bench.on_patch(2 * CHUNK, answer(503, "acquiring lock timeout"))
    head = bench.fault(("HEAD", TUS), answer(503, "acquiring lock timeout"), times=7)
    assert bench.send(outgoing, stop=lambda: len(bench.waits) >= 3) is None
    assert head.fired == 1
    assert len(bench.waits) == 3
    assert max(bench.waits) <= 0.25


# --- the end -----------------------------------------------------------------------------------


def test_a_lost_last_answer_is_no_failure(bench, outgoing):
    """The upload is complete and the object is there: nothing is sent again."""
    fault = bench.on_patch(LAST, lose_answer())
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing)
    assert bench.count("POST") == 1


def test_a_finished_upload_that_the_server_deleted_is_sent_once_more(bench, outgoing):
    """What newer servers do when a connection breaks at the end costs a second upload."""
    fault = bench.on_patch(LAST, drop_finished())
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing, resent=SIZE)
    assert bench.count("POST") == 2


def test_a_server_that_deletes_it_each_time_is_left_for_later(bench, outgoing):
    """Once anew in an attempt, not for ever; and never a receipt for what is not there."""
    fault = bench.on_patch(LAST, drop_finished(), times=2)
    broken(bench, outgoing, RemoteUnavailable)
    assert fault.fired == 2
    assert bench.sent_bytes() == 2 * SIZE
    assert outgoing.key not in bench.server.objects
    resume = bench.reported[-1]
    assert bench.send(outgoing, resume_from=resume) is not None
    assert bench.holds(outgoing)


def test_a_gateway_that_gives_up_while_the_object_is_put_together(bench, outgoing):
    """The answer is lost and the server still busy: it is waited for, then the object is there."""
    fault = bench.on_patch(LAST, busy_assembly(3))
    bench.send(outgoing)
    assert fault.fired == 1
    assert sum(bench.waits) == pytest.approx(2 + 4 + 8)
    arrived(bench, outgoing)


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_slow_end_is_waited_for(bench, outgoing, is_stopped):
    """Nobody hangs up, nobody asks meanwhile, and a stop does not cut it."""
    ready, asked = threading.Event(), threading.Event()

    def end(exchange, work):
        exchange.assembly = ready
        asked.set()
        return work()

    fault = bench.on_patch(LAST, end)
    found = []
    sending = threading.Thread(
        target=lambda: found.append(
            bench.send(outgoing, stop=lambda: is_stopped and asked.is_set())
        )
    )
    sending.start()
    assert asked.wait(PATIENCE)
    (upload,) = _all_of(bench, outgoing)
    _until(lambda: upload.offset == SIZE)
    sending.join(0.3)
    assert sending.is_alive()
    assert outgoing.key not in bench.server.objects
    ready.set()
    sending.join(PATIENCE)
    assert fault.fired == 1
    assert found[0] is not None
    arrived(bench, outgoing)
    assert bench.count("HEAD") == 0


def _all_of(bench, outgoing):
    return [one for one in bench.server.all_uploads.values() if one.key == outgoing.key]


def _until(condition):
    """Wait until something is so; the limit only ends a broken test."""
    for _ in range(int(PATIENCE * 200)):
        if condition():
            return
        threading.Event().wait(0.005)
    pytest.fail("it never came to that")


def test_a_slow_end_by_time(bench, outgoing):
    """A tenth of a second for putting together, as a server measures it."""
    fault = bench.on_patch(LAST, slow_assembly(0.1))
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing)
    assert bench.count("HEAD") == 0


# --- cut connections ---------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [1, 100, CHUNK - 1, CHUNK])
@pytest.mark.parametrize("offset", [0, 2 * CHUNK])
def test_what_a_cut_chunk_brought_is_not_sent_again(bench, outgoing, kept, offset):
    """The server keeps what came; exactly the rest is sent, and nothing is read back."""
    fault = bench.on_patch(offset, cut_after(kept))
    bench.send(outgoing)
    assert fault.fired == 1
    assert bench.count("HEAD") == 1
    # How Storage has cut the parts is not known any more, so the ETag is no reason for doubt.
    assert bench.count("GET", "/storage/v1/object/sign/") == 0
    arrived(bench, outgoing)


def test_a_cut_before_the_body_costs_nothing(bench, outgoing):
    """No byte had left, so none goes twice."""
    fault = bench.on_patch(CHUNK, cut_before_body())
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing)


@pytest.mark.parametrize("kept", [0, 10_000])
def test_a_short_answer_is_believed(bench, outgoing, kept):
    """A 204 that tells fewer bytes, and a connection that closes: on from there."""
    fault = bench.on_patch(2 * CHUNK, short_patch(kept))
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing)


def test_cuts_without_progress_end_the_attempt(bench, outgoing):
    """Three in a row; one that brings a single byte does not count."""
    fault = bench.on_patch(CHUNK, cut_before_body(), times=3)
    broken(bench, outgoing, RemoteUnavailable)
    assert fault.fired == 3
    goes_on(bench, outgoing)

    other = bench.outgoing(recorded()[::-1], "other.mp4")
    before = bench.sent_bytes()
    slow = bench.fault(("PATCH", TUS), cut_after(1), times=6)
    assert bench.send(other) is not None
    assert slow.fired == 6
    assert bench.holds(other)
    assert bench.sent_bytes() - before == SIZE


def test_a_lost_answer_in_the_middle_is_looked_up(bench, outgoing):
    """The chunk had arrived whole."""
    fault = bench.on_patch(2 * CHUNK, lose_answer())
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing)


@pytest.mark.parametrize("said", ["-1", "x", "", str(10**15), "٣"])
def test_an_impossible_offset_is_not_believed(bench, outgoing, said):
    """Neither less nor more than can be, nor what is no number."""
    bad = answer(204, headers={"upload-offset": said} if said.isascii() else {})
    fault = bench.on_patch(2 * CHUNK, bad)
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing, resent=CHUNK)


# --- where requests go -------------------------------------------------------------------------


class Listener:
    """A second server that takes note of whoever comes."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_raised):
        self._socket.close()

    @property
    def url(self):
        """Where it listens."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def visitors(self):
        """Return whether somebody has come."""
        try:
            connection, _ = self._socket.accept()
        except TimeoutError:
            return 0
        connection.close()
        return 1


def test_a_wrong_host_in_an_address_is_not_visited(bench, outgoing):
    """Behind a proxy a server may name itself wrongly; the token goes to the project only."""
    with Listener() as elsewhere:
        fault = bench.fault(("POST", TUS), wrong_location(elsewhere.url))
        bench.send(outgoing)
        assert fault.fired == 1
        arrived(bench, outgoing)
        assert elsewhere.visitors() == 0


@pytest.mark.parametrize("location", ["", "http://[", "https://example.org/", "/"])
def test_an_address_that_names_no_upload_is_an_error(bench, outgoing, location):
    """Nothing is sent to it."""
    fault = bench.fault(("POST", TUS), answer(201, headers={"location": location}))
    broken(bench, outgoing, RemoteUnavailable)
    assert fault.fired == 1
    assert bench.count("PATCH") == 0


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "PATCH", "HEAD", "GET"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_never_followed(bench, outgoing, method, status):
    """Neither the token nor a byte of a recording goes where somebody points."""
    bench.send(outgoing, stop=lambda: len(bench.paced) >= 1)
    fresh = bench.new_destination()
    resume = None if method == "POST" else bench.reported[-1]
    with Listener() as elsewhere:
        fault = bench.fault(
            (method, "/storage/v1/"), answer(status, headers={"location": elsewhere.url})
        )
        broken(bench, outgoing, RemoteUnavailable, destination=fresh, resume_from=resume)
        assert fault.fired == 1
        assert elsewhere.visitors() == 0
    assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None
    assert bench.holds(outgoing)


# --- what refusals mean ------------------------------------------------------------------------


def _rest(status, code, message):
    """Return what Storage's REST routes say: the true status stands in the body."""
    return answer(400, {"statusCode": str(status), "error": code, "message": message})


REFUSALS = {
    "a proxy": (html(502), RemoteUnavailable, "502"),
    "a slow proxy": (html(504), RemoteUnavailable, "504"),
    "a page with 403": (html(403), RemoteUnavailable, "403"),
    "plan used up": (
        answer(402, {"message": "exceed_egress_quota"}),
        DestinationFull,
        "plan is used up",
    ),
    "plan used up, as a page": (html(402), DestinationFull, "plan is used up"),
    "paused": (html(540), ProjectPaused, "540"),
    "too many": (answer(429, {"message": "slow down"}, {"retry-after": "7"}), RemoteUnavailable,
                 "slow down"),
    "database timeout": (answer(544, {"statusCode": "544", "message": "The connection to the "
                                      "database timed out"}), RemoteUnavailable, "timed out"),
    "internal": (answer(500, "Something went wrong\n"), RemoteUnavailable, "500"),
    "policy": (answer(403, RLS), DestinationDenied, "policy of the bucket “recordings”"),
    "policy, as JSON": (_rest(403, "Unauthorized", RLS), DestinationDenied, "policy"),
    "bucket": (answer(404, "Bucket not found"), SetupIncomplete, "no bucket “recordings”"),
    "type": (answer(415, "mime type video/mp4 is not supported"), SetupIncomplete, "video/mp4"),
    "name": (answer(400, "Invalid key: a/b"), NameRefused, "video.mp4"),
    "size": (answer(413, "Maximum size exceeded\n"), ObjectTooLarge, "bucket “recordings”"),
    "key": (answer(401, {"message": "Invalid API key"}), SetupIncomplete, "does not know the key"),
    "token": (_rest(403, "Unauthorized", "Invalid Compact JWS"), SignInRequired, "session"),
    "not JSON after all": (answer(400, "{" * 5000), RemoteUnavailable, "400"),
    "teapot": (answer(418, "?"), RemoteUnavailable, "418"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("small_bytes", [0, 1 << 20])
def test_what_a_refusal_at_the_beginning_means(tmp_path, name, small_bytes):
    """The right class decides who acts, and the sentence says what is the matter."""
    action, error, words = REFUSALS[name]
    with UploadBench(tmp_path, small_bytes=small_bytes) as bench:
        outgoing = bench.outgoing()
        fault = bench.fault(("POST", "/storage/v1/"), action)
        said = broken(bench, outgoing, error)
        assert fault.fired == 1
        assert words in said.detail
        assert "<html" not in said.detail
        assert len(said.detail) < 400
        assert bench.server.objects == {}
        assert bench.send(outgoing) is not None


@pytest.mark.parametrize(
    "name", [name for name in REFUSALS if name not in ("bucket", "size", "name")]
)
def test_what_a_refusal_in_the_middle_means(bench, outgoing, name):
    """The same, and what is durable waits for the next attempt."""
    action, error, words = REFUSALS[name]
    fault = bench.on_patch(2 * CHUNK, action)
    said = broken(bench, outgoing, error)
    assert fault.fired == 1
    assert words in said.detail
    goes_on(bench, outgoing, resent=CHUNK)
    assert bench.count("POST") == 1


def test_a_bucket_that_goes_away_in_the_middle(bench, outgoing):
    """It is said to be missing, and once it is back the upload goes on."""
    buckets = dict(bench.server.buckets)

    def remove(exchange, work):
        bench.server.buckets.clear()
        return work()

    fault = bench.on_patch(2 * CHUNK, remove)
    said = broken(bench, outgoing, SetupIncomplete)
    assert "recordings" in said.detail
    assert fault.fired == 1
    bench.server.buckets.update(buckets)
    assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None
    assert bench.holds(outgoing)


@pytest.mark.parametrize("small_bytes", [0, 1 << 20])
def test_a_bucket_that_does_not_take_the_type_says_so(tmp_path, small_bytes):
    """By the stand-in's own rule; the sentence names the type and where to allow it."""
    with UploadBench(tmp_path, small_bytes=small_bytes) as bench:
        bench.server.buckets["recordings"].allowed_mime_types = ["image/*"]
        said = broken(bench, bench.outgoing(), SetupIncomplete)
        assert "does not take video/mp4" in said.detail
        assert "dashboard" in said.detail


def test_an_answer_that_is_no_http_is_no_answer(bench, outgoing):
    """Garbage on the wire is the server's trouble, not an error nobody knows."""

    def garbage(exchange, work):
        exchange.request.body.discard()
        exchange.request.wire.send(b"\x00\x01 garbage\r\n\r\n")

    fault = bench.on_patch(2 * CHUNK, garbage)
    bench.send(outgoing)
    assert fault.fired == 1
    arrived(bench, outgoing, resent=CHUNK)


# --- the look at the end -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (html(502), RemoteUnavailable),
        (html(200), RemoteUnavailable),
        (answer(200, {"name": "no size"}), RemoteUnavailable),
        (answer(200, "[" * 5000), RemoteUnavailable),
        (cut_before_body(), RemoteUnavailable),
        (answer(404, {"message": "no Route matched with those values"}), RemoteUnavailable),
    ],
)
def test_without_a_look_there_is_no_receipt(bench, outgoing, action, error):
    """All bytes are there, and the next attempt proves it without sending one."""
    fault = bench.fault(("GET", INFO), action)
    broken(bench, outgoing, error)
    assert fault.fired == 1
    goes_on(bench, outgoing)


def test_an_object_that_vanished_before_the_look_has_no_receipt(bench, outgoing):
    """Somebody else may delete what has just arrived; it is sent again later."""

    def delete(exchange, work):
        bench.server.objects.clear()
        bench.server.put_object(bench.key("neighbour.mp4"), b"x")
        return work()

    fault = bench.fault(("GET", INFO), delete)
    broken(bench, outgoing, RemoteUnavailable)
    assert fault.fired == 1
    assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None
    assert bench.holds(outgoing)


def test_a_file_that_changes_while_a_fault_is_mended_is_dropped(bench, outgoing):
    """The half-finished upload is freed, and no object of mixed versions appears."""

    def change(exchange, work):
        outgoing.path.write_bytes(recorded()[:-1])

    fault = bench.on_patch(3 * CHUNK, change)
    broken(bench, outgoing, SourceChanged)
    assert fault.fired == 1
    assert bench.server.uploads == {}
    assert bench.server.objects == {}


# --- small files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action", [cut_before_body(), cut_after(1000), html(502), expire_token(), lose_answer()]
)
def test_a_small_file_is_whole_or_not_there(tmp_path, action):
    """One request that fails leaves nothing; one whose answer is lost leaves all of it."""
    with UploadBench(tmp_path, small_bytes=1 << 20) as bench:
        outgoing = bench.outgoing()
        fault = bench.fault(("POST", PUT), action)
        receipt = None
        with contextlib.suppress(NetworkUnavailable, RemoteUnavailable):
            receipt = bench.send(outgoing)
        assert fault.fired == 1
        assert bench.holds(outgoing) == (receipt is not None)
        assert bench.send(outgoing) is not None
        assert bench.holds(outgoing)


# --- anything, in any order --------------------------------------------------------------------

COUNTS = st.sampled_from([0, 1, 777, CHUNK - 1])
TROUBLE = st.one_of(
    st.tuples(st.just("cut"), COUNTS),
    st.tuples(st.just("short"), COUNTS),
    st.tuples(st.just("lost"), st.just(0)),
    st.tuples(st.just("gone"), st.just(0)),
    st.tuples(st.just("expired"), st.just(0)),
    st.tuples(st.just("conflict"), st.just(0)),
    st.tuples(st.just("busy"), st.integers(1, 8)),
    st.tuples(st.just("proxy"), st.sampled_from([402, 502, 503, 504, 540, 544])),
    st.tuples(st.just("dropped"), st.just(0)),
    st.tuples(st.just("stop"), st.just(0)),
)
ACTIONS = {
    "cut": cut_after,
    "short": short_patch,
    "lost": lambda _: lose_answer(),
    "gone": lambda _: answer(404, "The file for this url was not found\n"),
    "expired": lambda _: expire_token(),
    "conflict": lambda _: answer(409, "Upload-Offset conflict\n"),
    "busy": busy_assembly,
    "proxy": html,
    "dropped": lambda _: drop_finished(),
}
TAKES_NOTHING = {"gone", "expired", "conflict", "proxy"}


def test_any_trouble_in_any_order(tmp_path_factory):
    """Whole in the end or not there, at most a chunk twice for each fault, no receipt too early."""
    fired = Counter()

    @settings(max_examples=60)
    @given(
        told=st.lists(st.tuples(TROUBLE, st.integers(1, 4)), max_size=6),
        forgotten=st.integers(0, 3),
    )
    def run(told, forgotten):
        with UploadBench(tmp_path_factory.mktemp("any")) as bench:
            _in_trouble(bench, told, forgotten, fired)

    run()

    assert set(fired) == set(ACTIONS)


def _in_trouble(bench, told, forgotten, fired):
    """Send over what is *told*; the progress of the first attempts is *forgotten*."""
    outgoing = bench.outgoing(recorded(3 * CHUNK + 500))
    faults, stops, number = [], [], 0
    for (kind, how), after in told:
        number += after
        if kind == "stop":
            stops.append(number)
        else:
            faults.append((kind, bench.fault(_nth_patch(number), ACTIONS[kind](how))))
    stop = bench.stops(stops)
    receipt, resume_from = None, None
    for attempt in range(30):
        with contextlib.suppress(TransientError, ActionNeeded):
            receipt = bench.send(outgoing, resume_from=resume_from, stop=stop)
        assert (receipt is None) or bench.holds(outgoing)
        assert outgoing.key not in bench.server.objects or bench.holds(outgoing)
        if receipt is not None:
            break
        if bench.reported and attempt >= forgotten:
            resume_from = bench.reported[-1]
    assert receipt is not None
    assert receipt.sha256 == outgoing.sha256
    assert list(bench.server.objects) == [outgoing.key]
    assert bench.server.overlaps == []
    fired.update({kind: fault.fired for kind, fault in faults if fault.fired})
    if bench.count("POST") == 1:
        wasted = sum(fault.fired for kind, fault in faults if kind in TAKES_NOTHING)
        assert bench.sent_bytes() <= outgoing.size + wasted * CHUNK


def _nth_patch(number):
    """Match the chunk that is the *number*-th to be asked about."""
    seen_so_far = []

    def matches(seen):
        if seen.method != "PATCH":
            return False
        seen_so_far.append(seen)
        return len(seen_so_far) == number

    return matches


def test_no_message_holds_what_opens_anything(bench, outgoing, caplog):
    """Logs of every library at their most talkative, and what is remembered of an upload."""
    caplog.set_level("DEBUG")
    faults = [bench.on_patch(CHUNK, cut_after(10)), bench.on_patch(CHUNK + 10, html(502))]
    broken(bench, outgoing, RemoteUnavailable)
    goes_on(bench, outgoing, resent=CHUNK)
    assert [fault.fired for fault in faults] == [1, 1]
    assert "PATCH" in caplog.text
    for secret in bench.secrets():
        assert secret not in caplog.text
        assert all(secret not in repr(one) for one in bench.reported)
    assert not re.search(r"Bearer\s+\S", caplog.text)
