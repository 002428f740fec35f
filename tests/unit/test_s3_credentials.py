"""Where keys come from, in which order, and what is said where there are none."""

import json
import threading

import pytest
from botocore import exceptions

from tests.fakes.secrets import MemorySecrets
from zoomsync_agent.app.bucket import S3_KEYS, keep_keys, kept_keys
from zoomsync_agent.core.errors import (
    AgentError,
    CredentialsRefused,
    NetworkUnavailable,
    SecretsUnavailable,
)
from zoomsync_agent.s3 import credentials
from zoomsync_agent.s3.credentials import (
    AwsChain,
    FirstOf,
    FixedKeys,
    KeptKeys,
    Keys,
    profile_region,
)

ONE = Keys("AKIAONE", "first secret")
TWO = Keys("AKIATWO", "second secret", "token")
FILE = """
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = default secret

[work]
aws_access_key_id = AKIAWORK
aws_secret_access_key = work secret
aws_session_token = work token
"""


class Source:
    """Credentials that are given, or an error; counts how often it is asked."""

    def __init__(self, *found):
        self.found = list(found)
        self.asked = 0

    def _next(self):
        now = self.found[0] if len(self.found) == 1 else self.found.pop(0)
        if isinstance(now, AgentError):
            raise now
        return now

    def keys(self):
        """Return the next keys, the last ones for ever."""
        self.asked += 1
        return self._next()

    def renewed(self, refused, reason=""):
        """Return the next keys."""
        found = self._next()
        return None if found == refused else found


@pytest.fixture
def aws(tmp_path, monkeypatch):
    """Give a home of AWS's tools; nothing in it asks a network."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    return folder


# --- the order ---------------------------------------------------------------------------------


def test_the_first_that_has_keys_is_asked_from_then_on():
    """The others are not asked again, not even those before it."""
    none, some, more = Source(CredentialsRefused("none")), Source(ONE), Source(TWO)
    first = FirstOf(none, some, more)
    assert [first.keys() for _ in range(3)] == [ONE] * 3
    assert (none.asked, some.asked, more.asked) == (1, 3, 0)


def test_a_locked_keyring_is_passed_over():
    """Keys from elsewhere do."""
    locked = Source(SecretsUnavailable("The keyring is locked."))
    assert FirstOf(locked, Source(ONE)).keys() == ONE


def test_a_locked_keyring_is_named_where_nobody_else_has_keys():
    """It says more than that nothing was found elsewhere, wherever it stands."""
    locked = Source(SecretsUnavailable("The keyring is locked."))
    none = Source(CredentialsRefused("no access keys were found"))
    for order in ((locked, none), (none, locked)):
        with pytest.raises(SecretsUnavailable, match="locked"):
            FirstOf(*order).keys()


def test_nothing_found_is_looked_for_again():
    """Somebody may have signed in meanwhile."""
    source = Source(CredentialsRefused("none"), ONE)
    first = FirstOf(source)
    with pytest.raises(CredentialsRefused):
        first.keys()
    assert first.keys() == ONE
    with pytest.raises(CredentialsRefused):
        FirstOf().keys()


def test_keys_that_are_refused_are_renewed_where_they_came_from():
    """Else all are looked through again."""
    first = FirstOf(Source(CredentialsRefused("none")), Source(ONE, TWO))
    first.keys()
    assert first.renewed(ONE) == TWO
    fixed = FirstOf(Source(CredentialsRefused("none"), TWO), FixedKeys(ONE))
    assert fixed.keys() == ONE
    assert fixed.renewed(ONE) == TWO
    assert FirstOf(FixedKeys(ONE)).renewed(ONE) is None


def test_a_network_that_is_away_is_no_reason_for_other_keys():
    """The next source may be somebody else."""
    away = Source(NetworkUnavailable("renew the access keys"))
    with pytest.raises(NetworkUnavailable):
        FirstOf(away, Source(ONE)).keys()


# --- the keyring -------------------------------------------------------------------------------


def test_kept_keys_are_read_once_and_again_when_refused():
    """Somebody may have signed in with others."""
    secrets = MemorySecrets()
    keep_keys(secrets, ONE)
    kept = KeptKeys(lambda: kept_keys(secrets))
    assert [kept.keys(), kept.keys()] == [ONE, ONE]
    assert secrets.reads == 1
    assert kept.renewed(ONE) is None
    keep_keys(secrets, Keys("AKIATWO", "second secret"))
    assert kept.renewed(ONE) == Keys("AKIATWO", "second secret")
    assert kept.keys() == Keys("AKIATWO", "second secret")


def test_a_keyring_without_keys_says_so():
    """And is read again the next time."""
    secrets = MemorySecrets()
    kept = KeptKeys(lambda: kept_keys(secrets))
    with pytest.raises(CredentialsRefused, match="keyring"):
        kept.keys()
    keep_keys(secrets, ONE)
    assert kept.keys() == ONE
    secrets.locked = True
    assert kept.keys() == ONE  # known already
    with pytest.raises(SecretsUnavailable):
        kept.renewed(ONE)
    assert secrets.refused == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", '["a"]', '["a","b","c"]', "no", "[" * 99, "7"])
def test_what_is_no_keys_is_none(text):
    """Whoever wrote it there."""
    secrets = MemorySecrets()
    secrets.values[S3_KEYS] = text
    assert kept_keys(secrets) is None


def test_keys_are_kept_as_they_are():
    """Whatever they are made of."""
    secrets = MemorySecrets()
    odd = Keys('A"K', 'sec\\ret/"+=ü')
    keep_keys(secrets, odd)
    assert kept_keys(secrets) == odd
    assert json.loads(secrets.values[S3_KEYS])


# --- as every AWS tool finds them --------------------------------------------------------------


def test_keys_of_the_environment(aws, monkeypatch):
    """With their token."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", TWO.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", TWO.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TWO.token)
    assert AwsChain().keys() == TWO
    assert AwsChain().renewed(TWO) is None


def test_keys_of_a_profile(aws):
    """The default one, or the one that was named."""
    (aws / "credentials").write_text(FILE)
    assert AwsChain().keys() == Keys("AKIADEFAULT", "default secret")
    assert AwsChain("work").keys() == Keys("AKIAWORK", "work secret", "work token")


def test_keys_of_the_environment_do_not_go_before_a_profile_that_was_named(aws, monkeypatch):
    """Whoever names a profile means it."""
    (aws / "credentials").write_text(FILE)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ONE.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ONE.secret_key)
    assert AwsChain("work").keys().access_key == "AKIAWORK"
    assert AwsChain().keys() == ONE


def test_no_keys_anywhere_are_said_and_looked_for_again(aws):
    """Written meanwhile, they are found by the same chain."""
    chain = AwsChain()
    with pytest.raises(CredentialsRefused, match="no access keys were found"):
        chain.keys()
    (aws / "credentials").write_text(FILE)
    assert chain.keys() == Keys("AKIADEFAULT", "default secret")


def test_a_profile_that_is_not_there_is_named(aws):
    """With the words of AWS's own tools."""
    (aws / "credentials").write_text(FILE)
    with pytest.raises(CredentialsRefused, match=r"there is no AWS profile “home”"):
        AwsChain("home").keys()


@pytest.mark.parametrize("content", ["[default\nbroken", "\x00\xff", "aws_access_key_id = x"])
def test_a_file_that_cannot_be_read_is_said(aws, content):
    """Without a word of what is in it."""
    (aws / "credentials").write_bytes(content.encode("latin-1"))
    with pytest.raises(CredentialsRefused) as told:
        AwsChain().keys()
    assert "broken" not in told.value.detail


def test_keys_that_are_refused_are_looked_for_from_the_beginning(aws):
    """Somebody has written others into the file."""
    (aws / "credentials").write_text(FILE)
    chain = AwsChain()
    old = chain.keys()
    assert chain.renewed(old) is None
    (aws / "credentials").write_text(FILE.replace("AKIADEFAULT", "AKIANEWER"))
    assert chain.keys() == old  # nobody has refused them
    assert chain.renewed(old).access_key == "AKIANEWER"
    assert chain.keys().access_key == "AKIANEWER"


def test_the_region_of_a_profile(aws):
    """Where it names one; a file that cannot be read has none."""
    (aws / "config").write_text(
        "[default]\nregion = eu-west-3\n[profile work]\nregion = us-east-2\n[profile x]\n"
    )
    assert profile_region("") == "eu-west-3"
    assert profile_region("work") == "us-east-2"
    assert profile_region("x") == ""
    assert profile_region("missing") == ""
    (aws / "config").write_text("[default")
    assert profile_region("") == ""


class Session:
    """Botocore's session, as far as keys are concerned; *raises* in place of keys, in turn."""

    def __init__(self, *raises):
        self.raises = list(raises)
        self.looked = 0

    def get_credentials(self):
        """Begin to look."""
        self.looked += 1
        return self

    def get_frozen_credentials(self):
        """Return keys."""
        if self.raises:
            raise self.raises.pop(0)
        return Keys(f"AKIA{self.looked}", "secret", None)


DENIED = {"Error": {"Code": "AccessDenied", "Message": "not authorized to sts:AssumeRole"}}


@pytest.mark.parametrize(
    ("raised", "error", "words"),
    [
        (exceptions.ClientError(DENIED, "AssumeRole"), CredentialsRefused, "sts:AssumeRole"),
        (exceptions.UnauthorizedSSOTokenError(), CredentialsRefused, "aws sso login"),
        (RuntimeError("refreshed, but still expired"), CredentialsRefused, "still expired"),
        (exceptions.EndpointConnectionError(endpoint_url="https://sts"), NetworkUnavailable, "sts"),
        (exceptions.ReadTimeoutError(endpoint_url="https://sts"), NetworkUnavailable, "sts"),
    ],
)
def test_keys_that_cannot_be_renewed_say_why(monkeypatch, raised, error, words):
    """A role that may not be assumed, a session that has ended, a network that is away."""
    session = Session(raised)
    monkeypatch.setattr(credentials, "_session", lambda profile: session)
    chain = AwsChain()
    with pytest.raises(error, match=words):
        chain.keys()
    assert chain.keys().access_key.startswith("AKIA")
    assert session.raises == []


def test_several_requests_that_are_refused_look_once(monkeypatch):
    """Four parts on their way end with one question, not with four."""
    session = Session()
    monkeypatch.setattr(credentials, "_session", lambda profile: session)
    chain = AwsChain()
    old = chain.keys()
    found, begin = [], threading.Barrier(4)

    def refused():
        begin.wait(10)
        found.append(chain.renewed(old))

    threads = [threading.Thread(target=refused) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert found == [Keys("AKIA2", "secret")] * 4
    assert session.looked == 2
