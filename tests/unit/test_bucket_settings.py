"""Settings of a bucket: judged where one is used, and named with what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.app.bucket import bucket_of
from zoomsync_agent.core.errors import SettingsError
from zoomsync_agent.s3.bucket import DEFAULT_REGION
from zoomsync_agent.settings import Settings, load


@pytest.fixture
def chosen(home, tmp_path, monkeypatch):
    """Load as if this had been said on the command line, or in the environment."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))

    def read(env=None, **said):
        environ = {"HOME": str(tmp_path), **(env or {})}
        return load(home, environ, cwd=tmp_path, overrides=said)

    return read


def refused(chosen, **said):
    """Return what is said about wrong settings."""
    with pytest.raises(SettingsError) as caught:
        chosen(destination="s3", **said)
    return caught.value.detail


WRONG = [
    ({}, "s3_bucket (S3_BUCKET) is not set"),
    ({"s3_bucket": "a/b"}, "s3_bucket (S3_BUCKET) cannot be “a/b”"),
    ({"s3_bucket": "-a"}, "S3_BUCKET"),
    ({"s3_bucket": "a"}, "S3_BUCKET"),
    ({"s3_bucket": "x" * 64}, "S3_BUCKET"),
    ({"s3_bucket": "büro"}, "S3_BUCKET"),
    ({"s3_region": "eu central"}, "s3_region (AWS_REGION) cannot be “eu central”"),
    ({"s3_region": "eu/../x"}, "AWS_REGION"),
    ({"s3_prefix": "a b"}, "s3_prefix (S3_PREFIX) cannot be “a b”"),
    ({"s3_prefix": "a//b"}, "S3_PREFIX"),
    ({"s3_prefix": "ä"}, "S3_PREFIX"),
    ({"s3_prefix": "a/../b"}, "cannot hold . or .."),
    ({"s3_prefix": "."}, "cannot hold . or .."),
    ({"s3_storage_class": "cold one"}, "S3_STORAGE_CLASS"),
    ({"s3_kms_key": "k"}, "which needs s3_encryption aws:kms"),
    ({"s3_kms_key": "k", "s3_encryption": "AES256"}, "which needs s3_encryption aws:kms"),
    ({"s3_endpoint": "s3.example.com"}, "is no address such as"),
    ({"s3_endpoint": "ftp://s3.example.com"}, "is no address such as"),
    ({"s3_endpoint": "https://"}, "is no address such as"),
    ({"s3_endpoint": "https://s3.example.com?a=b"}, "is no address such as"),
    ({"s3_endpoint": "https://s3.example.com#a"}, "is no address such as"),
    ({"s3_endpoint": "https://s3.example.com:99999"}, "is no address such as"),
    ({"s3_endpoint": "https://s3.example.com:0"}, "is no address such as"),
    ({"s3_endpoint": "https://[x"}, "is no address such as"),
    ({"s3_endpoint": "https://me:hidden@s3.example.com"}, "is no address such as"),
    ({"s3_endpoint": "http://s3.example.com"}, "must begin with https"),
    ({"s3_endpoint": "http://8.8.8.8:9000"}, "must begin with https"),
]


@pytest.mark.parametrize(("said", "words"), WRONG)
def test_what_is_wrong_is_named_where_a_bucket_is_used(chosen, said, words):
    """The setting, its variable, and the value but for a password."""
    rest = {} if "s3_bucket" in said or not said else {"s3_bucket": "recordings"}
    found = refused(chosen, **rest, **said)
    assert words in found
    assert "hidden" not in found
    assert "\n" not in found


@pytest.mark.parametrize(("said", "words"), WRONG)
def test_what_is_wrong_is_not_judged_where_none_is_used(chosen, said, words):
    """Several of these names stand in the files of other programs too."""
    found = chosen(destination="folder", **said)
    assert words in found.bucket_problem or "is not set" in found.bucket_problem
    with pytest.raises(SettingsError):
        bucket_of(found)


@pytest.mark.parametrize(
    "variable",
    ["AWS_REGION", "AWS_DEFAULT_REGION", "S3_ENDPOINT_URL", "AWS_ENDPOINT_URL", "S3_PREFIX"],
)
def test_the_variables_of_other_programs_are_left_alone(chosen, variable):
    """Whatever they say, as long as there is no bucket of ours."""
    assert chosen(env={variable: "anything at all / ?"}).destination == "folder"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://localhost:9000",
        "http://127.0.0.1:9000",
        "http://[::1]:9000",
        "http://192.168.1.7:9000",
        "http://10.0.0.7",
        "http://[fd00::7]:9000",
        "http://nas:9000",
        "http://nas.local",
        "http://minio.lan:9000/",
        "http://store.internal",
        "http://nas.home.arpa",
        "https://s3.example.com",
        "https://s3.example.com:9000",
        "https://example.com/storage/v1/s3",
    ],
)
def test_plain_http_is_for_what_is_near(chosen, endpoint):
    """This computer and its own network; anything else crosses the internet."""
    found = chosen(destination="s3", s3_bucket="recordings", s3_endpoint=endpoint)
    assert found.bucket_problem == ""
    assert bucket_of(found).base == endpoint.rstrip("/")


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ({}, "https://recordings.s3.us-east-1.amazonaws.com/"),
        ({"s3_region": "eu-west-1"}, "https://recordings.s3.eu-west-1.amazonaws.com/"),
        ({"s3_addressing": "path"}, "https://s3.us-east-1.amazonaws.com/recordings/"),
        ({"s3_bucket": "my.bucket"}, "https://s3.us-east-1.amazonaws.com/my.bucket/"),
        ({"s3_prefix": "/zoom/ann/"}, "https://recordings.s3.us-east-1.amazonaws.com/zoom/ann/"),
        ({"s3_endpoint": "https://s.example.com"}, "https://s.example.com/recordings/"),
        (
            {"s3_endpoint": "https://s.example.com", "s3_addressing": "virtual"},
            "https://recordings.s.example.com/",
        ),
    ],
)
def test_where_the_bucket_is(chosen, said, url):
    """At Amazon in the host, elsewhere and with dots in the path, unless something was chosen."""
    found = chosen(destination="s3", **{"s3_bucket": "recordings", **said})
    assert bucket_of(found).place == url


def test_the_region_of_the_profile_is_taken_where_none_was_set(chosen, tmp_path, monkeypatch):
    """What was set goes before it; without either it is the usual one."""
    (tmp_path / "config").write_text("[profile work]\nregion = ap-south-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    said = {"destination": "s3", "s3_bucket": "recordings"}
    assert bucket_of(chosen(**said, s3_profile="work")).region == "ap-south-1"
    assert bucket_of(chosen(**said, s3_profile="work", s3_region="eu-west-1")).region == "eu-west-1"
    assert bucket_of(chosen(**said)).region == DEFAULT_REGION


@pytest.mark.parametrize(
    ("text", "size"),
    [("8Mi", 8 << 20), ("5 MiB", 5 << 20), ("64M", 64_000_000), (5 << 20, 5 << 20)],
)
def test_the_size_of_parts_is_written_as_people_write_it(chosen, text, size):
    """In bytes, or with a unit."""
    assert chosen(s3_part_size=text).s3_part_size == size


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("s3_part_size", "1Mi"),
        ("s3_part_size", "1Gi"),
        ("s3_part_size", "5M/s"),
        ("s3_part_size", True),
        ("s3_parallel", 0),
        ("s3_parallel", 17),
        ("s3_parallel", True),
        ("s3_addressing", "host"),
        ("s3_encryption", "rot13"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_can(chosen, name, value):
    """Used or not: these names are ours alone."""
    with pytest.raises(SettingsError, match="allowed"):
        chosen(**{name: value})


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (
                "s3_bucket", "s3_region", "s3_endpoint", "s3_prefix", "s3_profile",
                "s3_storage_class", "s3_kms_key",
            ),
            st.text(max_size=30) | st.text("ab./:-@[]?#%", max_size=30).map("https://{}".format),
        ),
    )
)  # fmt: skip
def test_any_texts_are_a_bucket_or_a_problem(said):
    """In a line, and a bucket that is named has an address in ASCII."""
    found = Settings(recordings_path="/r", archive_path="/a", **said)
    problem = found.bucket_problem
    assert problem or found.s3_bucket.isascii()
    assert problem or found.s3_prefix.isascii()
