"""What a bucket's other users, a strange environment and a large store must not be able to do."""

import ssl
import threading

import httpx
import pytest

from tests.fakes.bucket_bench import PART, PREFIX, SIZE, BucketBench, of
from tests.fakes.http_server import Answer, Fault
from tests.fakes.s3_server import s3_error
from zoomsync_agent.core.errors import (
    AgentError,
    CredentialsRefused,
    SetupIncomplete,
    VerificationFailed,
)
from zoomsync_agent.core.recording import ObjectKey, Receipt
from zoomsync_agent.destinations.s3 import Storing
from zoomsync_agent.http import network_error, new_client
from zoomsync_agent.s3.bucket import Bucket
from zoomsync_agent.s3.credentials import AwsChain, profile_region


@pytest.fixture
def bench(tmp_path):
    """Give a bucket into which everything goes in parts, one after another."""
    with BucketBench(tmp_path) as found:
        yield found


# --- other users of the bucket -----------------------------------------------------------------


def test_only_the_object_that_was_judged_is_taken_away(tmp_path):
    """Another agent may have put a right one in its place while it was read back."""
    with BucketBench(tmp_path, part_size=SIZE) as bench:
        _replaced_while_read(bench)


def _replaced_while_read(bench):
    outgoing = bench.outgoing()
    data = outgoing.path.read_bytes()
    wrong = bytes(len(data))
    bench.put(outgoing, wrong, sha256=outgoing.sha256)
    bench.server.verifies_payload, bench.server.checksums = False, "ignore"

    def replaced_meanwhile(exchange, work):
        del exchange
        done = work()
        bench.server.remove_object(f"{PREFIX}{outgoing.key}")
        bench.clock.advance(60)
        bench.put(outgoing, data, sha256=outgoing.sha256)
        return done

    fault = bench.fault(of("GetObject"), replaced_meanwhile)
    with pytest.raises(VerificationFailed):
        bench.send(outgoing)
    assert fault.fired == 1
    assert bench.holds(outgoing)
    assert bench.count("DeleteObject") <= 2  # of what was put there to ask
    assert bench.send(outgoing) is not None
    assert bench.holds(outgoing)


@pytest.mark.parametrize("is_right", [True, False])
def test_what_came_in_other_parts_is_read_back(bench, is_right):
    """It says that it is the file, in a store that looks at nothing; its name tells nothing."""
    bench.server.verifies_payload, bench.server.checksums = False, "ignore"
    outgoing = bench.outgoing()
    data = outgoing.path.read_bytes()
    bench.put(outgoing, data if is_right else bytes(len(data)), sha256=outgoing.sha256)
    if is_right:
        assert bench.send(outgoing) is not None
        assert bench.sent_bytes() == 0
    else:
        with pytest.raises(VerificationFailed):
            bench.send(outgoing)
        assert bench.send(outgoing) is not None
    assert bench.count("GetObject") == 1
    assert bench.holds(outgoing)


def test_a_bucket_full_of_other_things_is_not_read_through(bench):
    """Receipts are looked up in a bounded number of requests, however much lies there."""
    receipts = []
    for number in range(12):
        key = ObjectKey(f"2026/2026-03-14-1000{number:02}-sync/video-{number:012x}.mp4")
        stored = bench.server.put_object(f"{PREFIX}{key}", b"x" * number)
        url = bench.destination._bucket.object_url(key)
        receipts.append(Receipt("s3", key, stored.size, "", url, 0.0))
    for number in range(7_000):
        bench.server.put_object(f"{PREFIX}2026/0/{number}", b"")
    for number in range(3_000):
        bench.server.put_object(f"{PREFIX}elsewhere/{number}", b"")
    before = len(bench.server.requests)
    assert all(bench.destination.check_all(receipts))
    assert len(bench.server.requests) - before <= 6 + len(receipts)


def test_an_inventory_asks_only_for_what_the_agent_named(bench):
    """Others keep things in the bucket too."""
    outgoing = bench.outgoing()
    bench.send(outgoing)
    for name in ("2026/report.pdf", "notes.json", "backup/2026/x-0123456789ab.mp4", "2026/a/b"):
        bench.server.put_object(PREFIX + name, b"foreign")
    before = bench.count("HeadObject")
    (found,) = bench.destination.inventory()
    assert found.receipt.key == outgoing.key
    assert bench.count("HeadObject") == before + 1


def test_a_description_that_cannot_be_read_ends_no_rebuild(bench):
    """Somebody moved it into a class that has to be thawed."""
    outgoing = bench.outgoing()
    bench.send(outgoing)
    bench.destination.describe(outgoing.key, {"meeting_title": "Weekly"})
    fault = bench.fault(of("GetObject"), s3_error(403, "InvalidObjectState"))
    (found,) = bench.destination.inventory()
    assert fault.fired == 1
    assert (found.receipt.sha256, found.described) == (outgoing.sha256, {})


def test_descriptions_are_kept_where_they_can_be_read(bench):
    """Whatever class the recordings are in."""
    destination = bench.new_destination(storing=Storing("DEEP_ARCHIVE"))
    outgoing = bench.outgoing()
    bench.send(outgoing, destination=destination)
    destination.describe(outgoing.key, {"meeting_title": "Weekly"})
    assert bench.stored(outgoing).storage_class == "DEEP_ARCHIVE"
    assert bench.server.objects[f"{PREFIX}{outgoing.key}.json"].storage_class == "STANDARD"


# --- clock and keys ----------------------------------------------------------------------------


def test_parts_that_are_refused_at_once_for_the_clock_all_go_on(tmp_path):
    """The first one sets the clock, the others see that it was set."""
    with BucketBench(tmp_path, parallel=4) as bench:
        outgoing = bench.outgoing()
        gate = threading.Barrier(4)

        def jumps(exchange, work):
            del exchange
            done = work()
            bench.skew = 3600.0  # as when a laptop wakes
            return done

        def at_once(exchange, work):
            del exchange
            gate.wait(10)
            return work()

        jump = bench.fault(of("CreateMultipartUpload"), jumps)
        together = bench.fault(of("UploadPart"), at_once, times=4)
        bench.goes_on(outgoing, resent=4 * PART)
        assert (jump.fired, together.fired) == (1, 4)
        refused = [one for one in bench.server.seen("PUT") if one.status == 403]
        assert len(refused) == 4


@pytest.fixture
def aws(tmp_path, monkeypatch):
    """Give a home of AWS's tools."""
    folder = tmp_path / "aws"
    folder.mkdir()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    return folder


@pytest.mark.parametrize(
    "config",
    [
        "[default]\ncredential_process = /no/such/helper\n",
        "[default]\ncredential_process = /bin/echo hello\n",
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/x\nweb_identity_token_file = /no/x\n",
    ],
)
def test_a_profile_that_does_not_work_is_about_the_keys(bench, aws, config):
    """Whatever goes wrong in it is not taken for a recording that is gone."""
    (aws / "config").write_text(config, "utf-8")
    bench.keys = AwsChain()
    destination = bench.new_destination()
    with pytest.raises(CredentialsRefused):
        bench.send(bench.outgoing(), destination=destination)
    assert profile_region("") == ""


def test_a_config_that_is_a_folder_is_survived(aws):
    """The region is then nobody's."""
    (aws / "config").mkdir()
    assert profile_region("") == ""


# --- the way there -----------------------------------------------------------------------------


@pytest.mark.parametrize("proxy", ["socks5h://127.0.0.1:1080", "http://127.0.0.1:3128"])
def test_proxies_that_people_have(monkeypatch, proxy):
    """Are taken from the environment."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    new_client("https://s3.example.com").close()


def test_a_proxy_that_cannot_be_used_is_named(monkeypatch):
    """It is a matter of the settings, and no fault of the agent."""
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:70")
    with pytest.raises(SetupIncomplete, match="ALL_PROXY"):
        new_client("https://s3.example.com")


def test_a_certificate_that_nobody_trusts_is_no_missing_network():
    """It does not go away by itself."""
    error = httpx.ConnectError("certificate verify failed")
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_message = "self-signed certificate"
    error.__cause__ = cause
    told = network_error(error, "nas.lan", "upload", setting="S3_ENDPOINT_URL")
    assert isinstance(told, SetupIncomplete)
    assert "self-signed certificate" in told.detail


def test_a_reason_is_not_read_for_ever(tmp_path):
    """A store that answers a HEAD with a no and a range with everything costs no memory."""
    sent = []

    with BucketBench(tmp_path, part_size=SIZE) as bench:

        def all_of_it(exchange, work):
            del work
            exchange.request.body.discard()
            head = b"HTTP/1.1 200 OK\r\ncontent-length: 2147483648\r\n\r\n"
            exchange.request.wire.send(head)
            try:
                for _ in range(2048):
                    exchange.request.wire.send(bytes(1 << 20))
                    sent.append(1)
            finally:
                exchange.request.wire.close()
            return Answer(200)

        bench.server.faults.append(Fault(of("HeadObject"), s3_error(405, "MethodNotAllowed"), 2))
        fault = bench.fault(of("GetObject"), all_of_it)
        with pytest.raises(AgentError):
            bench.send(bench.outgoing())
        assert fault.fired == 1
    assert len(sent) < 64


@pytest.mark.parametrize(
    ("host", "is_aws"),
    [
        ("s3.eu-central-1.amazonaws.com", True),
        ("s3.amazonaws.com", True),
        ("bucket.s3.dualstack.us-east-1.amazonaws.com", True),
        ("s3-fips.us-east-1.amazonaws.com", True),
        ("s3.cn-north-1.amazonaws.com.cn", True),
        ("abc.execute-api.eu-central-1.amazonaws.com", False),
        ("my-proxy.elb.amazonaws.com", False),
        ("s3.amazonaws.com.example.org", False),
    ],
)
def test_only_amazons_own_store_is_known(host, is_aws):
    """What customers run on its computers is asked what it does, as any other."""
    assert Bucket("b", endpoint=f"https://{host}").is_aws is is_aws
