"""Supabase Storage as the archive, over real sockets: what is sent, asked and believed."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.supabase_server import answer, html, lose_answer
from tests.fakes.supabase_server.intake import Intake
from tests.fakes.uploading import CHUNK, INFO, TUS, UploadBench, recorded
from tests.fakes.workshop import Workshop
from zoomsync_agent.core.errors import (
    DestinationDenied,
    KeyTaken,
    NameRefused,
    NetworkUnavailable,
    NotFound,
    ObjectTooLarge,
    RemoteUnavailable,
    SetupIncomplete,
    SignInRequired,
    VerificationFailed,
)
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.core.naming import KeyStyle, object_key
from zoomsync_agent.core.recording import Meeting, MeetingKey, Progress
from zoomsync_agent.core.units import readable_size
from zoomsync_agent.destinations.supabase.destination import CHUNK_BYTES, SMALL_BYTES
from zoomsync_agent.destinations.supabase.etags import PartTally
from zoomsync_agent.engine.pace import Pace
from zoomsync_agent.engine.publishing import Owner

LIST_V2 = "/storage/v1/object/list-v2/"
LIST = "/storage/v1/object/list/"
PUT = "/storage/v1/object/recordings/"
SIGN = "/storage/v1/object/sign/"
MIB = 1 << 20
ODD_TITLES = [
    "Weekly Sync",
    "Über große Pläne – Q3/Q4",
    "会議 42 #1 [draft] {v2}",
    '100 % ~ ^ <b>"quoted"</b> | \\ `code`',
    "Привет мир",
    "🎉🎉",
    "..",
    ".",
    "",
    " leading and trailing ",
    "a" * 300,
    "tab\tnew\nline\x00null",
    "Jane's & John's (1:1) @ 10$ = ok; no?",
    "%2e%2e%2fescape",
    "\ud800 lone",
]


@pytest.fixture
def bench(tmp_path):
    """Give a bucket into which everything goes in chunks."""
    with UploadBench(tmp_path) as found:
        yield found


@pytest.fixture
def small(tmp_path):
    """Give a bucket with the real sizes."""
    with UploadBench(tmp_path, chunk_bytes=CHUNK_BYTES, small_bytes=SMALL_BYTES) as found:
        yield found


def _patch_etag(monkeypatch):
    """Let the store call objects something that is not their MD5, as one that encrypts does."""
    true = Intake.etag.fget

    def etag(self):
        digest, dash, parts = true(self).strip('"').partition("-")
        return f'"{digest[::-1]}{dash}{parts}"'

    monkeypatch.setattr(Intake, "etag", property(etag))


def _spoil(monkeypatch):
    """Let everything that arrives from now on be wrong."""
    add = Intake.add
    monkeypatch.setattr(
        Intake, "add", lambda self, piece: add(self, bytes(byte ^ 1 for byte in piece))
    )


# --- small files -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, SMALL_BYTES])
def test_a_small_file_is_one_request_and_one_look(small, size):
    """Up to 6 MiB a file goes by one request, with its hash, type and the proof by its MD5."""
    outgoing = small.outgoing(recorded(size))

    receipt = small.send(outgoing)

    assert small.holds(outgoing)
    assert (receipt.size, receipt.sha256, receipt.key) == (size, outgoing.sha256, outgoing.key)
    assert [(one.method, one.status) for one in small.server.requests] == [
        ("POST", 200),
        ("GET", 200),
    ]
    stored = small.stored(outgoing)
    assert stored.metadata == {"sha256": outgoing.sha256}
    assert stored.content_type == "video/mp4"
    assert stored.owner == small.user.id
    assert small.reported == []


def test_an_object_that_tells_another_hash_is_another(small):
    """Of the same size; one that tells none may be ours from long ago."""
    outgoing = small.outgoing(b"0123456789")
    receipt = small.send(outgoing)
    assert small.destination.is_here(receipt)
    small.stored(outgoing).metadata = {"sha256": "0" * 64}
    assert small.destination.check(receipt) is None
    assert not small.destination.is_here(receipt)
    small.stored(outgoing).metadata = {}
    assert small.destination.check(receipt) is not None


def test_one_byte_more_goes_in_chunks(small):
    """The first size that is no small file's."""
    outgoing = small.outgoing(recorded(SMALL_BYTES + 1))
    small.send(outgoing)
    assert small.holds(outgoing)
    assert [seen.body_bytes for seen in small.server.seen("PATCH")] == [SMALL_BYTES, 1]


def test_a_small_file_that_arrived_wrong_is_thrown_away(small, monkeypatch):
    """The ETag tells, the bytes themselves decide, and no object stays."""
    outgoing = small.outgoing(b"0123456789")
    _spoil(monkeypatch)
    with pytest.raises(VerificationFailed):
        small.send(outgoing)
    assert small.server.objects == {}


@pytest.mark.parametrize("tells_its_hash", [True, False])
def test_the_same_small_file_is_there_already(small, tells_its_hash):
    """It is proven: by the hash it tells, or by being read back where it tells none."""
    outgoing = small.outgoing(b"0123456789")
    small.server.put_object(outgoing.key, b"0123456789")
    if tells_its_hash:
        small.stored(outgoing).metadata = {"sha256": outgoing.sha256}

    assert small.send(outgoing).sha256 == outgoing.sha256

    assert small.holds(outgoing)
    assert small.count("GET", SIGN) == (0 if tells_its_hash else 1)


@pytest.mark.parametrize("other", [b"", b"012345678_", b"longer than ours"])
@pytest.mark.parametrize("tells_its_hash", [True, False])
@pytest.mark.parametrize("small_bytes", [0, 100])
def test_other_content_under_the_key_stays(tmp_path, other, tells_its_hash, small_bytes):
    """Whatever its size and whatever it tells: it is not touched, and the error says so."""
    with UploadBench(tmp_path, small_bytes=small_bytes) as bench:
        outgoing = bench.outgoing(b"0123456789")
        bench.server.put_object(outgoing.key, other)
        if tells_its_hash:
            bench.stored(outgoing).metadata = {"sha256": hashlib.sha256(other).hexdigest()}
        with pytest.raises(KeyTaken):
            bench.send(outgoing)
        assert bench.stored(outgoing).data == other
        assert bench.count("DELETE", PUT) == 0


def test_a_lost_answer_to_a_small_file_is_no_failure(small):
    """What is there then decides, and nothing is sent twice."""
    outgoing = small.outgoing(b"0123456789")
    fault = small.fault(("POST", PUT), lose_answer())
    assert small.send(outgoing).size == 10
    assert fault.fired == 1
    assert small.holds(outgoing)
    assert small.count("POST", PUT) == 1


def test_the_same_small_file_twice_is_once(small):
    """The second time a duplicate is refused, looked at and believed."""
    outgoing = small.outgoing(b"0123456789")
    first = small.send(outgoing)
    version = small.stored(outgoing).version
    second = small.new_destination().send(
        outgoing,
        resume_from=None,
        report=lambda _progress: None,
        stop=lambda: False,
        pace=lambda _count: None,
    )
    assert replace(second, verified_at=0.0) == replace(first, verified_at=0.0)
    assert small.stored(outgoing).version == version


def test_a_small_file_is_broken_off_when_told(tmp_path):
    """Within the one request; nothing is stored, and the next attempt sends it whole."""
    with UploadBench(tmp_path, small_bytes=SMALL_BYTES) as bench:
        outgoing = bench.outgoing(recorded(50_000))
        slow = bench.new_destination(bytes_per_second=1)
        receipt = bench.send(outgoing, destination=slow, stop=lambda: len(bench.paced) >= 3)
        assert receipt is None
        assert bench.server.objects == {}
        assert bench.send(outgoing) is not None
        assert bench.holds(outgoing)


# --- chunks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_bytes", [CHUNK, 3 * CHUNK, 10 * CHUNK])
def test_an_undisturbed_upload_asks_no_more_than_it_must(bench, chunk_bytes):
    """The limit, the beginning, one request a chunk of the size that was set, one look."""
    outgoing = bench.outgoing()
    bench.send(outgoing, destination=bench.new_destination(chunk_bytes=chunk_bytes))
    assert bench.holds(outgoing)
    chunks = [seen.body_bytes for seen in bench.server.seen("PATCH")]
    whole, rest = divmod(outgoing.size, chunk_bytes)
    assert chunks == [chunk_bytes] * whole + [rest]
    assert [seen.method for seen in bench.server.requests] == [
        "OPTIONS",
        "POST",
        *["PATCH"] * len(chunks),
        "GET",
    ]
    assert bench.server.overlaps == []
    assert bench.waits == []


def test_what_is_told_of_a_large_file(bench):
    """Name, type, owner and hash, and never that it may replace another."""
    outgoing = bench.outgoing()
    bench.send(outgoing)
    stored = bench.stored(outgoing)
    assert stored.metadata == {"sha256": outgoing.sha256}
    assert (stored.content_type, stored.owner) == ("video/mp4", bench.user.id)
    assert {seen.headers.get("x-upsert") for seen in bench.server.requests} <= {"false", None}


def test_progress_names_the_upload_and_only_grows(bench):
    """From what was reported last another start of the agent goes on."""
    outgoing = bench.outgoing()
    bench.send(outgoing)
    assert [one.offset for one in bench.reported] == [
        *range(0, outgoing.size, CHUNK),
        outgoing.size,
    ]
    assert len({one.resume_token for one in bench.reported}) == 1


def test_the_etag_proves_large_files_of_several_parts(tmp_path, monkeypatch):
    """With the real chunk size the ETag of the parts is worked out and compared."""
    with UploadBench(tmp_path, chunk_bytes=CHUNK_BYTES) as bench:
        outgoing = bench.outgoing(recorded(2 * CHUNK_BYTES + 5))
        bench.send(outgoing)
        assert bench.stored(outgoing).etag.endswith('-3"')
        assert bench.count("GET", SIGN) == 0

        other = bench.outgoing(recorded(CHUNK_BYTES + 5)[::-1], "other.mp4")
        _spoil(monkeypatch)
        with pytest.raises(VerificationFailed):
            bench.send(other)
        assert other.key not in bench.server.objects


def test_a_store_that_encrypts_is_read_back_once(bench, monkeypatch):
    """An ETag that is no MD5 costs one reading; the object stays, and the next is believed."""
    _patch_etag(monkeypatch)
    first, second = bench.outgoing(), bench.outgoing(recorded(2 * CHUNK), "second.mp4")
    assert bench.send(first) is not None
    assert bench.count("GET", SIGN) == 1
    assert bench.send(second) is not None
    assert bench.count("GET", SIGN) == 1
    assert bench.holds(first)
    assert bench.holds(second)
    assert bench.count("DELETE", "") == 0


def test_reading_back_can_be_stopped_and_is_not_forgotten(bench, monkeypatch):
    """A stop does not wait for gigabytes; until they are read there is no receipt."""
    _patch_etag(monkeypatch)
    outgoing = bench.outgoing()
    is_read = []
    reading = bench.fault(("GET", SIGN), lambda _exchange, work: is_read.append(1) or work())

    assert bench.send(outgoing, stop=lambda: bool(is_read)) is None

    assert reading.fired == 1
    assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None
    assert bench.count("GET", SIGN) == 2
    assert bench.sent_bytes() == outgoing.size


def test_a_wrong_copy_that_cannot_be_deleted_is_not_believed_later(bench, monkeypatch):
    """It says of itself that it is the file; that counts for nothing while it is in doubt."""
    outgoing = bench.outgoing()
    bench.server.policies.discard("delete")
    with monkeypatch.context() as patch:
        _spoil(patch)
        with pytest.raises(VerificationFailed):
            bench.send(outgoing)
    assert bench.stored(outgoing).metadata == {"sha256": outgoing.sha256}

    with pytest.raises(VerificationFailed):
        bench.send(outgoing)

    bench.server.policies.add("delete")
    with pytest.raises(VerificationFailed):
        bench.send(outgoing)
    assert bench.send(outgoing) is not None
    assert bench.holds(outgoing)


@pytest.mark.parametrize("small_bytes", [0, 10 * MIB])
def test_what_says_it_is_the_file_and_has_another_size_is_replaced(tmp_path, small_bytes):
    """Only we say so, so it is our own rest: thrown away once, and sent again."""
    with UploadBench(tmp_path, small_bytes=small_bytes) as bench:
        outgoing = bench.outgoing()
        bench.server.put_object(outgoing.key, recorded()[:-1])
        bench.stored(outgoing).metadata = {"sha256": outgoing.sha256}
        with pytest.raises(VerificationFailed):
            bench.send(outgoing)
        assert bench.server.objects == {}
        assert bench.send(outgoing) is not None
        assert bench.holds(outgoing)


@pytest.mark.parametrize("after", [1, 5, 9])
def test_a_stop_within_a_chunk_keeps_what_arrived(bench, after):
    """The next start sends the rest, and no byte of it twice."""
    outgoing = bench.outgoing()
    slow = bench.new_destination(bytes_per_second=8 * 8192)
    stopped = bench.send(outgoing, destination=slow, stop=lambda: len(bench.paced) >= 8 + after)
    assert stopped is None
    assert outgoing.key not in bench.server.objects
    assert bench.reported[-1].offset == CHUNK * (1 + after // 8)

    assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None

    assert bench.holds(outgoing)
    assert bench.sent_bytes() == outgoing.size
    assert bench.server.overlaps == []


def test_the_last_chunk_is_not_broken_off(bench):
    """Whoever hangs up there may lose the whole upload; so a stop waits for it."""
    outgoing = bench.outgoing(recorded(2 * CHUNK))
    slow = bench.new_destination(bytes_per_second=8 * 8192)
    receipt = bench.send(outgoing, destination=slow, stop=lambda: len(bench.paced) >= 9)
    assert receipt is not None
    assert bench.holds(outgoing)


def test_the_bandwidth_limit_holds_within_a_chunk(bench):
    """No quarter of a second carries more than its share and one piece."""
    rate = 8 * 8192
    clock = ManualClock()
    pace = Pace(rate, clock, wait=clock.advance)
    moved = []

    def before(count):
        pace.take(count, lambda: False)
        moved.append((clock.monotonic(), count))

    outgoing = bench.outgoing()
    began = clock.monotonic()
    bench.send(
        outgoing, destination=bench.new_destination(bytes_per_second=rate), before_piece=before
    )
    assert bench.holds(outgoing)
    assert max(count for _, count in moved) <= rate // 8
    total = 0
    for when, count in moved:
        total += count
        assert total <= rate * (when - began + 0.25) + rate // 8
    assert clock.monotonic() - began >= outgoing.size / rate - 0.5


def test_an_abandoned_upload_is_freed(bench):
    """It holds nothing on the server any more, and to do it again is no error."""
    outgoing = bench.outgoing()
    bench.send(outgoing, stop=lambda: len(bench.paced) >= 2)
    assert len(bench.server.uploads) == 1
    for _ in range(2):
        bench.destination.abandon(outgoing.key, bench.reported[-1])
    assert bench.server.uploads == {}
    assert bench.count("DELETE") == 2


def test_a_finished_upload_cannot_be_abandoned(bench):
    """What became an object stays one."""
    outgoing = bench.outgoing()
    bench.send(outgoing)
    bench.destination.abandon(outgoing.key, bench.reported[-1])
    assert bench.holds(outgoing)


def test_a_token_of_elsewhere_is_not_followed(bench):
    """Neither to continue nor to drop: what does not lie below our address is not asked."""
    outgoing = bench.outgoing()
    elsewhere = Progress(CHUNK, "http://127.0.0.1:9/storage/v1/upload/resumable/x")
    bench.destination.abandon(outgoing.key, elsewhere)
    assert bench.server.requests == []
    assert bench.send(outgoing, resume_from=elsewhere) is not None
    assert bench.count("HEAD") == 0


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ODD_TITLES)
@pytest.mark.parametrize("small_bytes", [0, 100])
def test_whatever_a_meeting_is_called_its_key_is_taken(tmp_path, title, small_bytes):
    """Titles are anything; Storage takes a few characters only."""
    with UploadBench(tmp_path, small_bytes=small_bytes) as bench:
        plain = bench.outgoing(b"0123456789")
        key = object_key(
            Meeting(MeetingKey("m"), title, 1_773_482_405.0),
            "vidéo 1 #2.MP4",
            plain.sha256,
            style=bench.destination.key_style,
            zone=UTC,
            user_id=bench.user.id,
        )
        receipt = bench.send(replace(plain, key=key))
        assert bench.server.objects[key].data == b"0123456789"
        assert bench.destination.check(receipt) == replace(receipt)
    assert bench.destination.key_style is KeyStyle.ASCII
    assert key.startswith(f"{bench.user.id}/{datetime.fromtimestamp(1_773_482_405, UTC):%Y/%m}/")


@pytest.mark.parametrize("small_bytes", [0, 100])
def test_a_name_that_storage_does_not_take_is_named(tmp_path, small_bytes):
    """Should one come, it is the name that is said to be at fault."""
    with UploadBench(tmp_path, small_bytes=small_bytes) as bench:
        outgoing = replace(bench.outgoing(b"0123456789"), key=bench.key("50 %.mp4"))
        with pytest.raises(NameRefused) as told:
            bench.send(outgoing)
        assert "50 %.mp4" in told.value.detail


# --- size limits -----------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [50 * 1000 * 1000, 50 << 20])
def test_the_free_plans_limit_is_said_before_the_first_byte(bench, limit):
    """The message names the size, the plan and the limit; nothing was begun."""
    bench.server.max_size = limit
    path = bench.folder / "large.mp4"
    with path.open("wb") as file:
        file.truncate(limit + 1)
    stat = path.stat()
    outgoing = replace(bench.outgoing(), path=path, size=stat.st_size, mtime_ns=stat.st_mtime_ns)
    with pytest.raises(ObjectTooLarge) as told:
        bench.send(outgoing)
    assert "Free plan" in told.value.detail
    assert readable_size(limit) in told.value.detail
    assert [seen.method for seen in bench.server.requests] == ["OPTIONS"]
    assert bench.paced == []


def test_another_limit_is_told_without_a_plan(bench):
    """A limit that somebody has set is not a plan's."""
    bench.server.max_size = 5 * CHUNK
    with pytest.raises(ObjectTooLarge) as told:
        bench.send(bench.outgoing())
    assert "plan" not in told.value.detail
    assert readable_size(5 * CHUNK) in told.value.detail
    assert "Storage, Settings" in told.value.detail


def test_a_file_of_exactly_the_limit_passes(bench):
    """The limit itself is allowed, the project's and the bucket's."""
    outgoing = bench.outgoing()
    bench.server.max_size = outgoing.size
    bench.server.buckets["recordings"].file_size_limit = outgoing.size
    assert bench.send(outgoing) is not None


def test_the_limit_is_asked_for_once_in_ten_minutes(bench):
    """A thousand files ask once; a limit that was raised is noticed."""
    bench.server.max_size = CHUNK
    outgoing = bench.outgoing()
    for _ in range(3):
        with pytest.raises(ObjectTooLarge):
            bench.send(outgoing)
    assert bench.count("OPTIONS") == 1
    bench.server.max_size = outgoing.size
    bench.clock.advance(599)
    with pytest.raises(ObjectTooLarge):
        bench.send(outgoing)
    bench.clock.advance(1)
    assert bench.send(outgoing) is not None
    assert bench.count("OPTIONS") == 2


def test_a_server_that_tells_no_limit_is_tried(bench):
    """What answers the question may not be Storage itself."""
    fault = bench.fault(("OPTIONS", TUS), answer(204))
    assert bench.send(bench.outgoing()) is not None
    assert fault.fired == 1


@pytest.mark.parametrize("small_bytes", [0, 10 * MIB])
@pytest.mark.parametrize("sees_the_bucket", [True, False])
def test_the_buckets_own_limit_has_its_own_sentence(tmp_path, small_bytes, sees_the_bucket):
    """Told at the beginning, before a byte; with the figure where it can be seen."""
    with UploadBench(tmp_path, small_bytes=small_bytes) as bench:
        bench.server.buckets["recordings"].file_size_limit = 2 * CHUNK
        if sees_the_bucket:
            bench.fault(("GET", "/storage/v1/bucket/"), answer(200, {"file_size_limit": 2 * CHUNK}))
        with pytest.raises(ObjectTooLarge) as told:
            bench.send(bench.outgoing())
        assert "bucket “recordings”" in told.value.detail
        assert (readable_size(2 * CHUNK) in told.value.detail) == sees_the_bucket
        assert bench.server.objects == {}
        assert bench.count("PATCH") == 0


def test_a_small_file_hears_of_the_projects_limit(tmp_path):
    """Its limit is not asked for beforehand, so it is told afterwards, and not as the bucket's."""
    with UploadBench(tmp_path, small_bytes=10 * MIB) as bench:
        bench.server.max_size = CHUNK
        with pytest.raises(ObjectTooLarge) as told:
            bench.send(bench.outgoing())
        assert "this project takes" in told.value.detail


@pytest.mark.parametrize("small_bytes", [0, 10 * MIB])
def test_a_proxy_that_takes_no_such_request_is_not_the_bucket(tmp_path, small_bytes):
    """A page of HTML with 413 comes from a server in front, whose owner can raise its limit."""
    with UploadBench(tmp_path, small_bytes=small_bytes) as bench:
        fault = bench.fault(
            lambda seen: seen.method == "PATCH" or seen.path.startswith(PUT), html(413)
        )
        with pytest.raises(SetupIncomplete) as told:
            bench.send(bench.outgoing())
        assert fault.fired == 1
        assert "in front of the project" in told.value.detail
        assert "ZOOMSYNC_CHUNK_SIZE" in told.value.detail


# --- links -----------------------------------------------------------------------------------


def test_a_link_opens_a_part_of_the_object_for_a_while(bench):
    """Whoever has it can read any range until it ends, and nothing afterwards."""
    outgoing = bench.outgoing()
    bench.send(outgoing)
    link = bench.destination.link(outgoing.key, 60)
    with httpx.Client(trust_env=False) as anybody:
        part = anybody.get(link, headers={"Range": "bytes=100-199"})
        assert part.status_code == 206
        assert part.content == recorded()[100:200]
        assert anybody.get(link).content == recorded()
        bench.clock.advance(61)
        assert anybody.get(link).status_code == 400


def test_there_is_no_link_to_what_is_not_there(bench):
    """An error of the agent, not a link that leads nowhere."""
    with pytest.raises(NotFound, match="not yours"):
        bench.destination.link(bench.key("nothing.mp4"), 60)


# --- looking ---------------------------------------------------------------------------------


@pytest.fixture
def receipts(bench):
    """Give the receipts of twelve objects, as they are in the bucket."""
    outgoing = bench.outgoing()
    one = bench.send(outgoing)
    found = []
    for number in range(12):
        key = bench.key(f"{number}.mp4")
        bench.server.put_object(key, recorded())
        url = one.url.removesuffix(outgoing.key) + key
        found.append(replace(one, key=key, url=url))
    bench.server.requests.clear()
    return found


def test_many_are_looked_up_in_one_request(bench, receipts):
    """Their receipts come back in order."""
    assert list(bench.destination.check_all(receipts)) == receipts
    assert [seen.path for seen in bench.server.requests] == [LIST_V2 + "recordings"]


def test_a_few_are_looked_at_one_by_one(bench, receipts):
    """A listing of a whole bucket is not worth it for three."""
    assert list(bench.destination.check_all(receipts[:3])) == receipts[:3]
    assert bench.count("POST", LIST_V2) == 0
    assert bench.count("GET", INFO) == 3


def test_more_than_a_page_is_listed_page_by_page(bench, receipts):
    """A thousand at a time; what lies in the last page is found."""
    for number in range(1100):
        bench.server.put_object(bench.key(f"a{number:04}"), b"x")
    assert list(bench.destination.check_all(receipts)) == receipts
    assert bench.count("POST", LIST_V2) == 2
    assert bench.count("GET", INFO) == 0


def test_a_listing_that_leads_in_a_circle_ends(bench, receipts):
    """Whatever a server says of a next page, the same one is not asked for for ever."""
    fault = bench.fault(
        ("POST", LIST_V2),
        answer(200, {"hasNext": True, "nextCursor": "x", "objects": ["?", {"metadata": 1}]}),
        times=100,
    )
    assert list(bench.destination.check_all(receipts)) == receipts
    assert fault.fired == 2


@pytest.mark.parametrize(
    "action",
    [
        answer(404, {"message": "Route POST:/object/list-v2 not found", "statusCode": 404}),
        answer(400, {"statusCode": "500", "error": "Internal", "message": "no such function"}),
    ],
)
def test_an_older_server_is_asked_for_each(bench, receipts, action):
    """Without that kind of listing it costs more requests, and the answer is the same."""
    fault = bench.fault(("POST", LIST_V2), action)
    assert list(bench.destination.check_all(receipts)) == receipts
    assert fault.fired == 1
    assert bench.count("GET", INFO) == 12


def test_what_was_deleted_or_replaced_is_gone(bench, receipts):
    """Alone among many, and looked at by itself before it is said."""
    del bench.server.objects[receipts[4].key]
    bench.server.put_object(receipts[7].key, b"something shorter")
    found = list(bench.destination.check_all(receipts))
    assert [number for number, one in enumerate(found) if one is None] == [4, 7]
    assert bench.count("GET", INFO) == 2
    assert bench.destination.check(receipts[4]) is None
    assert bench.destination.check(receipts[7]) is None


@pytest.mark.parametrize("how", ["policy", "bucket"])
@pytest.mark.parametrize("many", [True, False])
def test_what_cannot_be_seen_is_never_gone(bench, receipts, how, many):
    """Without a policy for reading, or a bucket, everything looks deleted; nothing is said so."""
    if how == "policy":
        bench.server.policies.discard("select")
    else:
        del bench.server.buckets["recordings"]
    looked_at = receipts if many else receipts[:1]
    known = bench.new_destination(policies_allow_sight=lambda: False)
    for destination in (known, bench.destination):
        with pytest.raises(SetupIncomplete) as told:
            list(destination.check_all(looked_at))
        assert "recordings" in told.value.detail


def test_an_empty_bucket_is_believed_where_the_policies_can_be_seen(bench, receipts):
    """Whoever deletes everything is not told that his project is broken."""
    bench.server.objects.clear()
    sighted = bench.new_destination(policies_allow_sight=lambda: True)
    assert sighted.check(receipts[0]) is None
    for blind in (None, False):
        with pytest.raises(SetupIncomplete):
            bench.new_destination(policies_allow_sight=lambda told=blind: told).check(receipts[0])


@pytest.mark.parametrize(
    "action",
    [
        html(404),
        answer(404, {"message": "no Route matched with those values"}),
        answer(404, {"message": "Route GET:/x not found", "error": "Not Found", "statusCode": 404}),
    ],
)
def test_a_gateway_that_finds_no_storage_does_not_say_gone(bench, receipts, action):
    """A project that starts answers 404 to everything for a while; that is of no object."""
    assert bench.destination.check(receipts[0])
    fault = bench.fault(("GET", INFO), action)
    with pytest.raises(RemoteUnavailable):
        bench.destination.check(receipts[0])
    assert fault.fired == 1


def test_an_older_server_without_codes_says_gone(bench, receipts):
    """Only the words tell there."""
    told = {"statusCode": "404", "error": "not_found", "message": "Object not found"}
    fault = bench.fault(("GET", INFO), answer(400, told))
    assert bench.destination.check(receipts[0]) is None
    assert fault.fired == 1


@pytest.mark.parametrize("path", [INFO, LIST])
def test_a_page_of_a_hotel_is_not_believed(bench, receipts, path):
    """A network that answers everything with its own page is away, and no object is gone."""
    del bench.server.objects[receipts[0].key]
    fault = bench.fault(lambda seen: seen.path.startswith(path), html(200))
    with pytest.raises(RemoteUnavailable):
        bench.new_destination().check(receipts[0])
    assert fault.fired == 1


def test_objects_of_others_are_believed(bench, receipts):
    """Another user's, or another project's: they cannot be looked at from here."""
    theirs = replace(
        receipts[0], url=receipts[0].url.replace(bench.user.id, "somebody-else"), key="x/y"
    )
    elsewhere = replace(receipts[0], url="https://other.example/storage/v1/object/x")
    assert bench.destination.check(theirs) == theirs
    assert list(bench.destination.check_all([*receipts, elsewhere]))[-1] == elsewhere
    assert bench.count("GET", INFO) == 0


def test_nobody_signed_in_is_said_so(bench, receipts):
    """No request is made without a token."""
    bench.access._user_id = bench.access._token = ""
    with pytest.raises(SignInRequired):
        bench.destination.check(receipts[0])
    with pytest.raises(SignInRequired):
        bench.send(bench.outgoing())
    assert bench.server.requests == []


def test_a_network_that_is_away_is_no_answer(bench, receipts):
    """What cannot be looked at is not gone."""
    bench.server.close()
    with pytest.raises(NetworkUnavailable):
        list(bench.destination.check_all(receipts))


# --- without what is needed --------------------------------------------------------------------


@pytest.mark.parametrize("small_bytes", [0, 10 * MIB])
def test_an_upload_that_cannot_be_seen_has_no_receipt(tmp_path, small_bytes):
    """Without a policy for reading there is no proof, so nothing is called safe."""
    with UploadBench(tmp_path, small_bytes=small_bytes) as bench:
        bench.server.policies.discard("select")
        outgoing = bench.outgoing()
        for resume_from in (None, Progress(0, "")):
            with pytest.raises(SetupIncomplete):
                bench.send(outgoing, resume_from=resume_from)
        bench.server.policies.add("select")
        assert bench.send(outgoing) is not None
        assert bench.holds(outgoing)


@pytest.mark.parametrize("small_bytes", [0, 10 * MIB])
def test_a_policy_that_is_missing_is_named(tmp_path, small_bytes):
    """The bucket, the policy, and who knows more."""
    with UploadBench(tmp_path, small_bytes=small_bytes) as bench:
        bench.server.policies.discard("insert")
        with pytest.raises(DestinationDenied) as told:
            bench.send(bench.outgoing())
        assert "policy of the bucket “recordings”" in told.value.detail
        assert "zoomsync doctor" in told.value.detail


# --- the engine over it ------------------------------------------------------------------------


@pytest.fixture
def workshop(tmp_path, bench):
    """Give an engine whose archive is the bucket, and whose owner is whoever is signed in."""
    found = Workshop(tmp_path, bench.destination)
    owner = Owner(lambda: bench.access.user_id, "desk", UTC)
    found.steps._owner = found.steps.publisher._owner = owner
    yield found
    found.close()


def test_a_recording_becomes_an_object_and_a_row(bench, workshop):
    """The row says completed against what is in the bucket, and nothing is sent again."""
    path = workshop.add("2026 Budget/video.mp4", recorded())
    workshop.run_all()
    assert workshop.job().state is State.DONE
    row = workshop.row()
    assert bench.server.objects[row.object_key].data == path.read_bytes()
    assert row.object_key.startswith(f"{bench.user.id}/")
    assert row.file_url == bench.destination._project.object_url(row.object_key)
    assert bench.sent_bytes() == len(recorded())


def test_whoever_signs_in_next_does_not_go_on_with_anothers_upload(bench, workshop):
    """What was begun for one user is begun anew for the other, in the other's folder."""
    broken = bench.on_patch(2 * CHUNK, answer(502))
    workshop.add("Budget/video.mp4", recorded())
    workshop.run()
    assert broken.fired == 1
    assert workshop.job().state is State.READY
    ann, bob = bench.user, bench.server.add_user("bob@example.org")

    bench.user, bench.access._user_id = bob, bob.id
    bench.access._token = bench.server.session_for(bob)["access_token"]
    workshop.run_all()

    assert workshop.job().state is State.DONE
    (key,) = bench.server.objects
    assert key.startswith(f"{bob.id}/")
    assert bench.server.objects[key].data == recorded()
    assert [row.object_key for row in workshop.completed()] == [key]
    (left,) = bench.server.uploads.values()
    assert left.key.startswith(f"{ann.id}/")
    assert left.offset == 2 * CHUNK


def test_a_missing_bucket_waits_for_the_user_and_goes_on_by_itself(bench, workshop):
    """The job is blocked and says why; once the bucket is there nothing else is needed."""
    bucket = bench.server.buckets.pop("recordings")
    workshop.add("Budget/video.mp4", recorded())
    workshop.run()
    job = workshop.job()
    assert (job.state, job.step) == (State.BLOCKED, Step.TRANSFER)
    assert job.error_code == SetupIncomplete.code
    bench.server.buckets["recordings"] = bucket
    workshop.run_all()
    assert workshop.job().state is State.DONE
    assert len(workshop.completed()) >= 1


@pytest.mark.parametrize("small", [0, 1 << 20])
def test_what_an_object_says_of_itself_is_not_enough(tmp_path, small):
    """The agent may have died before it compared what had arrived; the next try does."""
    with UploadBench(tmp_path, small_bytes=small) as bench:
        outgoing = bench.outgoing()
        wrong = bytes(outgoing.size)
        stored = bench.server.put_object(outgoing.key, wrong, bench.user.id)
        stored.metadata = {"sha256": outgoing.sha256}
        if not small:
            stored.etag = PartTally().etag()
        with pytest.raises(VerificationFailed):
            bench.send(outgoing)
        assert outgoing.key not in bench.server.objects
        assert bench.send(outgoing) is not None
        assert bench.holds(outgoing)


@pytest.mark.parametrize("small", [0, 1 << 20])
def test_the_file_itself_under_the_key_is_known_without_reading_it_back(tmp_path, small):
    """By what Storage calls it, which can be worked out here."""
    with UploadBench(tmp_path, small_bytes=small) as bench:
        outgoing = bench.outgoing()
        bench.send(outgoing)
        assert bench.send(outgoing, destination=bench.new_destination()) is not None
        assert bench.count("GET", "/storage/v1/object/sign") == 0


def test_a_lost_queue_is_rebuilt_from_the_bucket_where_no_rows_are_kept(bench):
    """Nothing is sent again: each object tells the hash of its content; others are left alone."""
    sent = [bench.outgoing(recorded(CHUNK * n), f"{n}.mp4") for n in (1, 2)]
    for outgoing in sent:
        bench.send(outgoing)
    bench.server.put_object(f"{bench.user.id}/by-hand.mp4", b"somebody's own")
    found = {one.receipt.key: one for one in bench.new_destination().inventory()}
    assert set(found) == {outgoing.key for outgoing in sent}
    for outgoing in sent:
        receipt = found[outgoing.key].receipt
        assert (receipt.size, receipt.sha256) == (outgoing.size, outgoing.sha256)
        assert bench.destination.check(receipt) == receipt


def test_a_bucket_that_cannot_be_listed_is_no_empty_one(bench):
    """Or a rebuild would count as done."""
    bench.fault(("POST", "/storage/v1/object/list"), answer(503, "busy"), times=2)
    with pytest.raises(RemoteUnavailable):
        list(bench.new_destination().inventory())
