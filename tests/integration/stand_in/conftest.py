"""What every test of the stand-ins begins with."""

import re
from http.client import HTTPConnection
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from tests.fakes.clock import ManualClock
from tests.fakes.s3_server import S3Server
from tests.fakes.supabase_server import Person, SupabaseServer


@pytest.fixture
def clock():
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def server(clock):
    """A project."""
    with SupabaseServer(clock=clock.now) as running:
        yield running


@pytest.fixture
def http():
    """A client for all of a test's requests."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def person(server, http):
    """Somebody signed in."""
    return Person(server, http)


@pytest.fixture
def store():
    """A store that speaks S3 and takes parts of 4 bytes."""
    with S3Server(smallest_part=4) as running:
        yield running


@pytest.fixture
def connect():
    """Make clients of AWS's own library, which tries everything once."""
    opened = []

    def open_one(url, region, access_key, secret_key, token=None, **more):
        config = Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            proxies={},
            **{"request_checksum_calculation": "when_required", **more},
        )
        opened.append(
            boto3.client(
                "s3",
                endpoint_url=url,
                region_name=region,
                aws_access_key_id=access_key,
                aws_secret_access_key=secret_key,
                aws_session_token=token,
                config=config,
            )
        )
        return opened[-1]

    yield open_one
    for client in opened:
        client.close()


@pytest.fixture
def client(connect, store):
    """A client of the store."""
    return connect(store.url, store.region, store.access_key, store.secret_key)


class _Signer(S3SigV4Auth):
    """Signs headers, with the hash of the body or what a test says in its place."""

    said = None

    def payload(self, request):
        return self.said or super().payload(request)


class Asker:
    """Asks a store with signed headers, and lets a test spoil what was signed."""

    def __init__(self, url, http, **credentials):
        self.url = url
        self.http = http
        self.credentials = credentials

    def sign(self, method, url, content=b"", headers=None, **credentials):
        """Return the headers of a request."""
        told = self.credentials | credentials
        made = Credentials(told["access_key"], told["secret_key"], told.get("token"))
        signer = _Signer(made, "s3", told["region"])
        signer.said = told.get("payload")
        request = AWSRequest(method, url, data=content, headers=headers or {})
        signer.add_auth(request)
        return dict(request.headers.items())

    def __call__(
        self, method, path, content=b"", headers=None, *, sent=None, extra=None, **credentials
    ):
        """Ask; *sent* is a body other than what was signed, *extra* are headers without signature.

        None as the value of a header leaves it out.
        """
        url = self.url + path
        signed = self.sign(method, url, content, headers, **credentials) | (extra or {})
        told = {name: value for name, value in signed.items() if value is not None}
        body = content if sent is None else sent
        return self.http.request(method, url, content=body, headers=told)

    def begin(self, method, path, headers, beginning=b""):
        """Send the head of a request as it is, and how the body begins; return the connection."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(beginning or None)
        return connection


@pytest.fixture
def asker():
    """Make who asks without a library in between."""
    return Asker


@pytest.fixture
def ask(store, http):
    """Ask the store without a library in between."""
    known = {"access_key": store.access_key, "secret_key": store.secret_key}
    return Asker(store.url, http, region=store.region, **known)


@pytest.fixture
def said():
    """Return what an element of an answer says."""

    def find(response, name):
        match = re.search(rf"<{name}>(.*?)</{name}>", response.text, re.DOTALL)
        return match and match[1]

    return find
