"""The doctor looks at a bucket as the agent uses it, and names what is missing."""

import json

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.s3_server import S3Server, s3_error
from tests.fakes.s3_server.faults import Fault
from zoomsync_agent.doctor import Level
from zoomsync_agent.doctor.bucket import ACTIONS, examine_bucket, policy
from zoomsync_agent.s3.bucket import Bucket
from zoomsync_agent.s3.credentials import FixedKeys, Keys
from zoomsync_agent.s3.requests import Requests


@pytest.fixture
def clock():
    """Give the time."""
    return ManualClock()


@pytest.fixture
def server(clock):
    """Give the store."""
    with S3Server(clock=clock.now) as found:
        yield found


@pytest.fixture
def examine(server, clock):
    """Give a way to have the bucket looked at."""
    opened = []

    def look(*, region=None, name=None, secret=None, headers=None, ahead=0.0):
        bucket = Bucket(
            name or server.bucket,
            region or server.region,
            server.url,
            is_path_style=True,
            prefix="zoom/",
        )
        keys = Keys(server.access_key, secret or server.secret_key)
        opened.append(Requests(bucket, FixedKeys(keys), lambda: clock.now() + ahead))
        return examine_bucket(opened[-1], headers or {}, now=lambda: clock.now() + ahead)

    yield look
    for one in opened:
        one.close()


def _bad(found):
    return [one for one in found if one.level is not Level.OK]


def test_a_bucket_in_order(examine, server):
    """Everything is looked at, and nothing is left behind."""
    found = examine()
    assert _bad(found) == []
    names = [one.name for one in found]
    assert names == [
        "address",
        "keys",
        "bucket",
        "content",
        "privacy",
        "replacing",
        "multipart",
        "permissions",
    ]
    assert server.objects == {}
    assert server.uploads == {}
    touched = {one.path for one in server.requests if one.method in ("PUT", "DELETE", "POST")}
    assert all(path.startswith("/recordings/zoom/.zoomsync-doctor/") for path in touched)


@pytest.mark.parametrize("action", ACTIONS)
def test_each_missing_action_is_named(examine, server, action):
    """By its own name and no other, with a policy that allows it."""
    server.denied = {action}
    found = _bad(examine())
    named = [one for one in found if "is not allowed" in one.sentence]
    assert [one.sentence.split()[0] for one in named] == [action]
    told = json.loads(named[0].mend.partition("\n")[2])
    allowed = {one for statement in told["Statement"] for one in statement["Action"]}
    assert allowed == set(ACTIONS)
    is_needed = action in ("s3:PutObject", "s3:GetObject", "s3:ListBucket")
    assert named[0].level is (Level.PROBLEM if is_needed else Level.WARNING)


def test_a_policy_speaks_of_bucket_and_objects_apart():
    """IAM allows listing on the bucket and everything else on its objects."""
    told = json.loads(policy("kept", "zoom/"))
    assert [one["Resource"] for one in told["Statement"]] == [
        "arn:aws:s3:::kept",
        "arn:aws:s3:::kept/zoom/*",
    ]


def test_the_region_is_named(examine):
    """With the command that sets it."""
    (found,) = _bad(examine(region="us-west-2"))
    assert "zoomsync config set s3_region eu-central-1" in found.sentence


def test_a_missing_bucket_is_named(examine):
    """And nothing else is tried."""
    (found,) = _bad(examine(name="nobody"))
    assert "there is no bucket “nobody”" in found.sentence


def test_wrong_keys_are_told_from_a_missing_right(examine):
    """They are the keys, whatever else may be wrong."""
    (found,) = _bad(examine(secret="wrong"))  # noqa: S106  opens nothing
    assert found.name == "keys"
    assert "sign-in s3" in found.mend


def test_a_clock_that_is_wrong_is_named(examine):
    """The agent goes by the store's; the user may want to know."""
    (found,) = _bad(examine(ahead=3600))
    assert (found.name, found.level) == ("clock", Level.WARNING)
    assert "60 minutes ahead" in found.sentence


def test_a_public_bucket_is_a_problem(examine, server):
    """A stranger who gets an object without a signature is seen."""

    def open_to_all(exchange, work):
        del work
        from tests.fakes.http_server import Answer

        exchange.request.body.discard()
        return Answer(200, b"here you are")

    fault = Fault(
        lambda seen: seen.method == "GET" and "authorization" not in seen.headers, open_to_all
    )
    server.faults.append(fault)
    (found,) = _bad(examine())
    assert fault.fired
    assert (found.name, found.level) == ("privacy", Level.PROBLEM)


def test_a_store_that_forgets_and_replaces_is_said_to(examine, server):
    """These are warnings: the agent survives both."""
    server.conditional_writes = False
    server.keeps_metadata = False
    found = _bad(examine())
    assert {one.name for one in found} == {"content", "replacing"}
    assert {one.level for one in found} == {Level.WARNING}


def test_a_storage_class_that_the_store_does_not_know(examine, server):
    """What the settings ask for is tried, and refused in the store's own words."""
    fault = Fault(
        lambda seen: "x-amz-storage-class" in seen.headers,
        s3_error(400, "InvalidStorageClass", "The storage class you specified is not valid"),
        times=9,
    )
    server.faults.append(fault)
    found = _bad(examine(headers={"x-amz-storage-class": "NONSENSE"}))
    assert fault.fired
    assert any("InvalidStorageClass" in one.sentence for one in found)


def test_a_store_that_ignores_encryption_is_said_to(examine, server):
    """Whoever asked for it would believe that it is done."""
    wanted = {"x-amz-server-side-encryption": "AES256"}

    def silent(exchange, work):
        del exchange
        done = work()
        done.headers.pop("x-amz-server-side-encryption", None)
        return done

    fault = Fault(lambda seen: seen.method == "PUT", silent, times=9)
    server.faults.append(fault)
    (found,) = _bad(examine(headers=wanted))
    assert fault.fired
    assert (found.name, found.level) == ("encryption", Level.WARNING)
    server.faults.clear()
    assert _bad(examine(headers=wanted)) == []


def test_a_store_out_of_reach_is_one_problem(examine, server):
    """Everything else would only say the same."""
    fault = Fault(("GET", "/"), s3_error(503, "ServiceUnavailable"), times=9)
    server.faults.append(fault)
    (found,) = _bad(examine())
    assert fault.fired
    assert found.name == "bucket"
