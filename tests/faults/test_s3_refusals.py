"""What a store refuses: who acts next, in words that say what to do, and nothing secret in them."""

from dataclasses import replace

import pytest

from tests.fakes.bucket_bench import FIRST_TOKEN, PART, PREFIX, SIZE, BucketBench, of
from tests.fakes.s3_server import S3Server, answer, html, on, s3_error
from zoomsync_agent.core.errors import (
    AgentError,
    ClockWrong,
    CredentialsRefused,
    DestinationDenied,
    DestinationFull,
    KeyTaken,
    NameRefused,
    ObjectTooLarge,
    RemoteUnavailable,
    SetupIncomplete,
)
from zoomsync_agent.core.recording import ObjectKey, Progress
from zoomsync_agent.destinations.s3 import Storing
from zoomsync_agent.s3.credentials import Keys

HOUR = 3600.0
SECOND_TOKEN = "second-session-token"  # noqa: S105  opens the stand-in alone


@pytest.fixture
def bench(tmp_path):
    """Give a bucket into which everything goes in parts, one after another."""
    with BucketBench(tmp_path) as found:
        yield found


@pytest.fixture
def outgoing(bench):
    """Give a recording of five parts and a rest."""
    return bench.outgoing()


# --- what refusals mean ------------------------------------------------------------------------

REFUSALS = {
    "denied": (s3_error(403, "AccessDenied", "Access Denied"), DestinationDenied, "s3:PutObject"),
    "denied without a word": (answer(403), DestinationDenied, "s3:PutObject"),
    "unknown key": (s3_error(403, "InvalidAccessKeyId"), CredentialsRefused, "InvalidAccessKeyId"),
    "signature": (s3_error(403, "SignatureDoesNotMatch"), CredentialsRefused, "Signature"),
    "token": (s3_error(400, "InvalidToken"), CredentialsRefused, "InvalidToken"),
    "bucket": (s3_error(404, "NoSuchBucket"), SetupIncomplete, "no bucket “recordings” at 127.0"),
    "region": (
        s3_error(301, "PermanentRedirect", Region="eu-west-1"),
        SetupIncomplete,
        "zoomsync config set s3_region eu-west-1",
    ),
    "region in a header": (
        answer(301, headers={"x-amz-bucket-region": "eu-west-1"}),
        SetupIncomplete,
        "eu-west-1",
    ),
    "elsewhere": (answer(307, headers={"location": "http://x/"}), SetupIncomplete, "S3_ENDPOINT"),
    "malformed": (
        s3_error(400, "AuthorizationHeaderMalformed", Region="ap-south-1"),
        SetupIncomplete,
        "lies in the region ap-south-1",
    ),
    "quota": (s3_error(403, "QuotaExceeded"), DestinationFull, "QuotaExceeded"),
    "minio is full": (s3_error(507, "XMinioStorageFull"), DestinationFull, "XMinioStorageFull"),
    "minio's quota": (
        s3_error(400, "XMinioAdminBucketQuotaExceeded"),
        DestinationFull,
        "BucketQuota",
    ),
    "no room": (answer(507), DestinationFull, "507"),
    "not paid": (answer(402), DestinationFull, "402"),
    "size": (s3_error(400, "EntityTooLarge"), ObjectTooLarge, "takes no file of this size"),
    "size, says a proxy": (html(413), ObjectTooLarge, "s3_part_size"),
    "storage class": (s3_error(400, "InvalidStorageClass"), SetupIncomplete, "StorageClass"),
    "encryption": (s3_error(400, "KMS.NotFoundException"), SetupIncomplete, "KMS.NotFound"),
    "name": (s3_error(400, "KeyTooLongError"), NameRefused, "video.mp4"),
    "locked": (s3_error(403, "InvalidObjectState"), KeyTaken, "video.mp4"),
    "a page with 403": (html(403), RemoteUnavailable, "403"),
    "a page with 404": (html(404), RemoteUnavailable, "404"),
    "not implemented": (s3_error(501, "NotImplemented"), SetupIncomplete, "NotImplemented"),
    "teapot": (answer(418, "?"), RemoteUnavailable, "418"),
    "no XML after all": (answer(400, "<Error><Code>"), RemoteUnavailable, "400"),
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "PutObject"])
def test_what_a_refusal_at_the_beginning_means(tmp_path, name, operation):
    """The right class decides who acts, and the sentence says what is the matter."""
    action, error, words = REFUSALS[name]
    with BucketBench(tmp_path, part_size=SIZE if operation == "PutObject" else PART) as bench:
        outgoing = bench.outgoing()
        fault = bench.fault(operation, action, 5)
        said = bench.fails(outgoing, error)
        assert fault.fired >= 1
        assert words in said.detail
        assert "<html" not in said.detail
        assert bench.server.objects == {}
        bench.server.faults.clear()
        assert bench.send(outgoing) is not None
        assert bench.holds(outgoing)


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload"])
@pytest.mark.parametrize("name", REFUSALS)
def test_what_a_refusal_in_the_middle_means(bench, outgoing, name, operation):
    """The same, and what is durable waits for the next attempt."""
    action, error, words = REFUSALS[name]
    bench.send(outgoing, stop=lambda: len(bench.paced) >= 2)
    fault = bench.fault(operation, action, 5)
    said = bench.fails(outgoing, error, resume_from=bench.reported[-1])
    assert fault.fired >= 1
    assert words in said.detail
    bench.server.faults.clear()
    before = bench.sent_parts()
    assert bench.send(outgoing, resume_from=bench.reported[-1]) is not None
    assert bench.holds(outgoing)
    assert sorted(bench.sent_parts()) == [1, 2, 3, 4, 5, 6]
    assert before == ([1, 2] if operation == "UploadPart" else [1, 2, 3, 4, 5, 6])
    assert bench.count("CreateMultipartUpload") == 1


@pytest.mark.parametrize("name", ["denied", "malformed", "quota", "a page with 403"])
def test_what_a_refusal_of_the_first_look_means(bench, outgoing, name):
    """A HEAD is refused without a word; the reason is asked for."""
    action, error, words = REFUSALS[name]
    looks, gets = of("HeadObject"), of("GetObject")
    fault = bench.fault(lambda seen: looks(seen) or gets(seen), action, 2)
    said = bench.fails(outgoing, error)
    assert fault.fired == 2
    assert words.replace("PutObject", "GetObject, s3:ListBucket") in said.detail


# --- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize("part_size", [PART, SIZE])
def test_wrong_keys_are_said(tmp_path, part_size):
    """By the stand-in's own judgement; nothing was sent, and right keys go on by themselves."""
    with BucketBench(tmp_path, part_size=part_size) as bench:
        outgoing, right = bench.outgoing(), bench.keys.now
        for wrong, words in (
            (Keys("AKIAZOOMSYNCOTHERKEY", right.secret_key), "InvalidAccessKeyId"),
            (Keys(right.access_key, "another secret"), "SignatureDoesNotMatch"),
            (Keys(right.access_key, right.secret_key, "no-token"), "InvalidToken"),
        ):
            bench.keys.now = wrong
            said = bench.fails(outgoing, CredentialsRefused)
            assert words in said.detail
            assert "another secret" not in said.detail
            assert "no-token" not in said.detail
        assert bench.sent_bytes() == 0
        bench.keys.now = right
        assert bench.send(outgoing) is not None


@pytest.mark.parametrize(
    "odd", [Keys("AKIA\u00a0ODD", "secret"), Keys("AKIA\nODD", "s"), Keys("AKIAODD", "s", "tökén")]
)
def test_keys_that_no_request_can_carry_are_said(bench, outgoing, odd):
    """Pasted with a blank that is none, say."""
    bench.keys.now = odd
    said = bench.fails(outgoing, CredentialsRefused)
    assert "characters" in said.detail
    assert bench.server.requests == []


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://a..b"},
        {"url": f"http://{'x' * 70}.example"},
        {"url": "http://xn--a.example"},
        {"storing": Storing(encryption="aws:kms", kms_key="clé")},
    ],
)
def test_settings_that_make_no_request_are_said(tmp_path, options):
    """What no host is called, and what no header holds, is for whoever wrote it."""
    with BucketBench(tmp_path, part_size=SIZE) as bench:
        outgoing = bench.outgoing()
        said = bench.fails(outgoing, SetupIncomplete, destination=bench.new_destination(**options))
        assert "S3_ENDPOINT_URL, s3_bucket and s3_kms_key" in said.detail
        assert bench.sent_bytes() == 0


EXPIRING = ["HeadObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]


@pytest.fixture
def temporary(tmp_path):
    """Give a bucket and keys with a token that ends."""
    with BucketBench(tmp_path, token=FIRST_TOKEN) as bench:
        bench.server.session_tokens.add(SECOND_TOKEN)
        yield bench


def _expiring(bench):
    """Let the first token end; the request is then judged by the stand-in itself."""

    def act(exchange, work):
        bench.server.expired_tokens.add(FIRST_TOKEN)
        return work()

    return act


@pytest.mark.parametrize("operation", EXPIRING)
def test_keys_that_end_are_renewed_and_it_goes_on(temporary, operation):
    """Wherever it happens: one renewal, and everything else as if nothing had been."""
    bench, outgoing = temporary, temporary.outgoing()
    first = bench.keys.now
    bench.keys.following = [Keys(first.access_key, first.secret_key, SECOND_TOKEN)]
    fault = bench.fault(operation, _expiring(bench))
    assert bench.send(outgoing) is not None
    assert fault.fired == 1
    assert bench.keys.refused == [first]
    bench.arrived(outgoing, resent=PART if operation == "UploadPart" else 0)
    assert bench.count("CreateMultipartUpload") == (2 if operation == EXPIRING[1] else 1)


@pytest.mark.parametrize("operation", EXPIRING)
@pytest.mark.parametrize("raises", [False, True])
def test_keys_that_end_for_good_ask_for_others(temporary, operation, raises):
    """Nobody knows others: it is said, what is durable stays, and new keys go on with it."""
    bench, outgoing = temporary, temporary.outgoing()
    first = bench.keys.now
    bench.keys.raises = raises
    fault = bench.fault(operation, _expiring(bench))
    said = bench.fails(outgoing, CredentialsRefused)
    assert fault.fired == 1
    assert "has ended" in said.detail if raises else "ExpiredToken" in said.detail
    assert "aws sso login" in said.hint
    bench.keys.now = Keys(first.access_key, first.secret_key, SECOND_TOKEN)
    bench.goes_on(outgoing, resent=PART if operation == "UploadPart" else 0)


def test_keys_that_end_under_several_parts_are_renewed(tmp_path):
    """Each of the parts that were refused is sent again with the new ones."""
    with BucketBench(tmp_path, token=FIRST_TOKEN, parallel=4) as bench:
        bench.server.session_tokens.add(SECOND_TOKEN)
        outgoing, first = bench.outgoing(), bench.keys.now
        second = Keys(first.access_key, first.secret_key, SECOND_TOKEN)
        bench.keys.following = [second] * 4
        fault = bench.on_part(2, _expiring(bench))
        assert bench.send(outgoing) is not None
        assert fault.fired == 1
        assert bench.holds(outgoing)
        assert 1 <= len(bench.keys.refused) <= 4
        assert sorted(bench.sent_parts()) == [1, 2, 3, 4, 5, 6]


# --- the clock ---------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [HOUR, -HOUR, 400 * 24 * HOUR])
@pytest.mark.parametrize("part_size", [PART, SIZE])
def test_a_clock_that_is_wrong_is_the_stores_from_then_on(tmp_path, skew, part_size):
    """It tells its time with the refusal; signatures then bear that, and so do links."""
    with BucketBench(tmp_path, part_size=part_size) as bench:
        outgoing, bench.skew = bench.outgoing(), skew
        receipt = bench.send(outgoing)
        assert receipt is not None
        bench.arrived(outgoing)
        assert _skewed(bench) == 2  # the HEAD, and what asks for its reason
        assert bench.destination.check(receipt) == receipt
        assert bench.destination.link(outgoing.key, 60)
        assert _skewed(bench) == 2


def _skewed(bench):
    """Return how many requests were refused."""
    return sum(seen.status == 403 for seen in bench.server.requests)


def test_a_clock_that_jumps_in_the_middle(bench, outgoing):
    """A computer that wakes up in another time, say: one part is signed anew."""

    def jump(_count):
        bench.skew = 2 * HOUR if len(bench.paced) >= 2 else 0.0

    assert bench.send(outgoing, before_piece=jump) is not None
    bench.arrived(outgoing, resent=PART)
    assert _skewed(bench) == 1


@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "UploadPart"])
def test_a_store_that_keeps_refusing_the_time_is_said(bench, outgoing, operation):
    """Its own clock does not please it either: people are asked to look."""
    fault = bench.fault(operation, s3_error(403, "RequestTimeTooSkewed", "too large"), 2)
    said = bench.fails(outgoing, ClockWrong)
    assert fault.fired == 1  # the time it told is ours: nothing to set right
    assert "RequestTimeTooSkewed" in said.detail
    bench.server.faults.clear()
    bench.goes_on(outgoing, resent=PART if operation == "UploadPart" else 0)


def test_a_store_that_tells_another_time_each_time_is_said(bench, outgoing):
    """Once set right and refused again, it is not tried for ever."""

    def confused(exchange, work):
        refused = s3_error(403, "RequestTimeTooSkewed")(exchange, work)
        refused.headers["date"] = "Fri, 14 Mar 2031 10:00:05 GMT"
        return refused

    fault = bench.fault("CreateMultipartUpload", confused, 9)
    bench.fails(outgoing, ClockWrong)
    assert fault.fired == 2
    bench.server.faults.clear()
    bench.goes_on(outgoing)


# --- the bucket --------------------------------------------------------------------------------


@pytest.mark.parametrize("part_size", [PART, SIZE])
def test_a_bucket_that_is_not_there_is_named(tmp_path, part_size):
    """And once it is there, the same agent goes on, as sure of the store as ever."""
    with BucketBench(tmp_path, part_size=part_size) as bench:
        outgoing = bench.outgoing()
        bench.server.bucket = "other"
        said = bench.fails(outgoing, SetupIncomplete)
        assert "there is no bucket “recordings” at 127.0.0.1" in said.detail
        bench.server.bucket = "recordings"
        assert bench.send(outgoing) is not None
        bench.arrived(outgoing, resent=bench.count("PutObject") // 2 * SIZE)
        assert bench.stored(outgoing).checksum_sha256


def test_a_missing_bucket_does_not_say_that_objects_are_gone(bench, outgoing):
    """Neither one by one nor by the listing: nothing is uploaded again because of a wrong name."""
    receipt = bench.send(outgoing)
    bench.server.bucket = "other"
    looks = [
        lambda: bench.destination.check(receipt),
        lambda: list(bench.destination.check_all([receipt] * 20)),
        lambda: list(bench.destination.inventory()),
        lambda: bench.destination.describe(outgoing.key, {}),
        lambda: bench.destination.abandon(outgoing.key, bench.reported[-1]),
    ]
    for look in looks:
        with pytest.raises(SetupIncomplete, match="recordings") as told:
            look()
        bench.expect_no_secret(told.value)


@pytest.mark.parametrize("denied", ["s3:GetObject", "s3:ListBucket"])
def test_what_may_not_be_looked_at_is_not_gone(bench, outgoing, denied):
    """The check says what is not allowed."""
    receipt = bench.send(outgoing)
    gone = replace(receipt, key=ObjectKey(f"{receipt.key}x"), url=f"{receipt.url}x")
    bench.server.denied.add(denied)
    with pytest.raises(DestinationDenied, match=denied) as told:
        bench.destination.check(gone)
    bench.expect_no_secret(told.value)


def test_a_bucket_that_may_not_be_listed_is_looked_at_one_by_one(bench, outgoing):
    """A listing that is refused is no reason to doubt what is there."""
    receipt = bench.send(outgoing)
    bench.server.denied.add("s3:ListBucket")
    assert list(bench.destination.check_all([receipt] * 20)) == [receipt] * 20


@pytest.mark.parametrize("part_size", [PART, SIZE])
@pytest.mark.parametrize("denied", ["s3:PutObject", "s3:GetObject", "s3:ListBucket"])
def test_a_permission_that_is_missing_is_named(tmp_path, denied, part_size):
    """In the words in which it is granted; granted, it goes on."""
    with BucketBench(tmp_path, part_size=part_size) as bench:
        outgoing = bench.outgoing()
        bench.server.denied.add(denied)
        said = bench.fails(outgoing, DestinationDenied)
        assert denied in said.detail.partition("(needs ")[2]
        assert "“recordings”" in said.detail
        bench.server.denied.clear()
        assert bench.send(outgoing) is not None
        bench.arrived(outgoing, resent=bench.count("PutObject") // 2 * SIZE)


@pytest.mark.parametrize(
    "denied",
    [
        {"s3:AbortMultipartUpload"},
        {"s3:ListMultipartUploadParts"},
        {"s3:ListBucketMultipartUploads"},
        {"s3:DeleteObject"},
        {
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
            "s3:ListBucketMultipartUploads",
            "s3:DeleteObject",
        },
    ],
)
def test_permissions_that_only_save_room_or_time_are_not_needed(bench, outgoing, denied):
    """An upload, also one that was interrupted, succeeds without them."""
    bench.server.denied.update(denied)
    bench.send(outgoing, stop=lambda: len(bench.paced) >= 2)
    may_not_look = "s3:ListMultipartUploadParts" in denied
    bench.goes_on(outgoing, resent=2 * PART if may_not_look else 0)


def test_an_upload_that_may_not_be_dropped_is_said(bench, outgoing):
    """Cancelling is no upload: whoever wants the room back hears what is missing."""
    bench.send(outgoing, stop=lambda: len(bench.paced) >= 2)
    bench.server.denied.add("s3:AbortMultipartUpload")
    with pytest.raises(DestinationDenied, match="s3:AbortMultipartUpload") as told:
        bench.destination.abandon(outgoing.key, bench.reported[-1])
    bench.expect_no_secret(told.value)
    bench.server.denied.clear()
    bench.destination.abandon(outgoing.key, bench.reported[-1])
    assert bench.server.uploads == {}


@pytest.mark.parametrize("part_size", [PART, SIZE])
def test_a_wrong_region_is_put_right_in_words(tmp_path, part_size):
    """By the stand-in's own judgement of the signature."""
    with BucketBench(tmp_path, part_size=part_size) as bench:
        outgoing = bench.outgoing()
        wrong = bench.new_destination(region="us-west-2")
        said = bench.fails(outgoing, SetupIncomplete, destination=wrong)
        assert said.detail == (
            "the bucket “recordings” lies in the region eu-central-1, not in us-west-2 "
            "(AWS_REGION goes before s3_region): zoomsync config set s3_region eu-central-1"
        )
        assert bench.sent_bytes() == 0


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "operation", ["HeadObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]
)
def test_a_redirect_is_never_followed(bench, outgoing, status, operation):
    """Neither a signature nor a byte of a recording goes where somebody points."""
    with S3Server() as elsewhere:
        move = answer(status, headers={"location": f"{elsewhere.url}/recordings/x"})
        gets = of("GetObject")
        fault = bench.fault(lambda seen: of(operation)(seen) or gets(seen), move, 2)
        with pytest.raises(AgentError):
            bench.send(outgoing)
        assert fault.fired >= 1
        assert elsewhere.requests == []
    bench.server.faults.clear()
    bench.goes_on(outgoing, resent=PART * (operation == "UploadPart"))


# --- what not every store can do ---------------------------------------------------------------


@pytest.mark.parametrize("part_size", [PART, SIZE])
def test_a_store_without_conditional_writes_is_written_without(tmp_path, part_size):
    """Told once that it does not know `If-None-Match`, it is not asked for ever."""
    with BucketBench(tmp_path, part_size=part_size) as bench:
        first, second = bench.outgoing(), bench.outgoing(b"another one" * PART, "other.mp4")
        ends = on("PutObject" if part_size == SIZE else "CompleteMultipartUpload")
        fault = bench.fault(
            lambda seen: ends(seen) and "if-none-match" in seen.headers,
            s3_error(501, "NotImplemented", Header="If-None-Match"),
            99,
        )
        assert bench.send(first) is not None
        assert fault.fired == 1
        assert bench.holds(first)
        assert bench.send(second) is not None
        assert bench.holds(second)
        assert bench.server.uploads == {}


def test_a_store_that_takes_no_part_of_this_size_says_so(bench, outgoing):
    """By the stand-in's own limit."""
    bench.server.largest_body = PART - 1
    said = bench.fails(outgoing, ObjectTooLarge)
    assert "takes no file of this size" in said.detail


def test_a_name_that_is_too_long_is_refused_for_good(bench):
    """By the stand-in's own limit; the recording is to be renamed."""
    outgoing = bench.outgoing()
    with pytest.raises(NameRefused):
        bench.send(replace(outgoing, key=ObjectKey(f"{'y' * 1024}/{outgoing.key}")))
    assert bench.server.objects == {}


def test_a_token_of_another_kind_of_upload_is_no_trouble(bench, outgoing):
    """What was noted by another destination, or by nobody, begins anew."""
    for token in ("", "{}", '{"upload": 1, "size": Infinity, "parts": {}}', "[" * 9999):
        assert bench.send(outgoing, resume_from=Progress(PART, token)) is not None
        bench.server.remove_object(PREFIX + outgoing.key)
