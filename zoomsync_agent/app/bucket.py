"""The S3 bucket, wired from settings and secrets.

Loaded only where one is used: an HTTP client and botocore cost 180 ms.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Final

from zoomsync_agent.core.errors import (
    AgentError,
    CredentialsRefused,
    SettingsError,
    SignInFailed,
)
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.secret_files import secret_store
from zoomsync_agent.destinations.s3 import S3Destination, Storing
from zoomsync_agent.ports import SecretStore
from zoomsync_agent.s3.bucket import DEFAULT_REGION, Bucket
from zoomsync_agent.s3.credentials import (
    AwsChain,
    Credentials,
    FirstOf,
    FixedKeys,
    GivenKeys,
    KeptKeys,
    Keys,
    profile_region,
)
from zoomsync_agent.s3.objects import Objects
from zoomsync_agent.s3.requests import Requests
from zoomsync_agent.settings import AWS_KEYS, Settings, secret

S3_KEYS: Final = "s3.keys"
"""Name under which the keyring keeps the access keys."""
_ENCRYPTIONS: Final = {"none": "", "aes256": "AES256"}


def bucket_of(settings: Settings) -> Bucket:
    """Return the bucket that the user chose.

    Raises:
        SettingsError: there is none.
    """
    if settings.bucket_problem:
        raise SettingsError(settings.bucket_problem)
    is_path = settings.s3_addressing == "path" or (
        # A certificate of Amazon covers one label only, so a name with dots goes into the path.
        settings.s3_addressing == "auto" and bool(settings.s3_endpoint or "." in settings.s3_bucket)
    )
    region = settings.s3_region
    if not region and (settings.s3_profile or not settings.s3_endpoint):
        region = profile_region(settings.s3_profile)
    return Bucket(
        settings.s3_bucket,
        region or DEFAULT_REGION,
        settings.s3_endpoint,
        is_path,
        settings.s3_prefix,
    )


def requests_to(settings: Settings, home: Home) -> Requests:
    """Return what sends requests to the bucket. Nothing is asked of the network or the keyring.

    Raises:
        SettingsError: there is no bucket, or only half of the keys is set.
    """
    return Requests(bucket_of(settings), _credentials(settings, home))


def destination_of(requests: Requests, settings: Settings) -> S3Destination:
    """Return the destination."""
    return S3Destination(
        requests,
        storing=storing_of(settings),
        part_size=settings.s3_part_size,
        parallel=settings.s3_parallel,
        bytes_per_second=settings.bandwidth_limit,
        proves_content=settings.verify == "content",
    )


def storing_of(settings: Settings) -> Storing:
    """Return how objects are to be kept."""
    return Storing(
        settings.s3_storage_class,
        _ENCRYPTIONS.get(settings.s3_encryption, settings.s3_encryption),
        settings.s3_kms_key,
    )


@contextlib.contextmanager
def opened(
    settings: Settings, home: Home, keys: tuple[str, str] | None = None
) -> Iterator[Requests]:
    """Give the bucket for the time of a command.

    Args:
        settings: name it.
        home: keeps the keys.
        keys: access key and secret, instead of those.

    Raises:
        SettingsError: there is no bucket, or only half of the keys is set.
    """
    if keys is None:
        requests = requests_to(settings, home)
    else:
        requests = Requests(bucket_of(settings), FixedKeys(Keys(*keys)))
    try:
        yield requests
    finally:
        requests.close()


def given_keys(home: Home, names: tuple[str, ...] = AWS_KEYS) -> Keys | None:
    """Return the keys that stand in the environment or the home's ``.env``.

    Args:
        home: whose ``.env`` is read.
        names: of the variables: key, secret, and perhaps token.

    Raises:
        SettingsError: only half of them is there, or others may read the file.
    """
    access, hidden, *more = (secret(home, os.environ, name) for name in names)
    if access is None and hidden is None:
        return None
    if access is None or hidden is None:
        there = access or hidden
        is_set, is_not = names[:2] if access else names[1::-1]
        raise SettingsError(f"{is_set} is set in {there.source if there else ''}, {is_not} is not")
    if access.source != hidden.source:
        raise SettingsError(
            f"{names[0]} is set in {access.source} and {names[1]} in {hidden.source}; they must "
            "stand in the same place"
        )
    # A token belongs to the keys that it came with, and to no others.
    tokens = [one.value for one in more if one is not None and one.source == access.source]
    return Keys(access.value, hidden.value, tokens[0] if tokens else None)


def keep_keys(secrets: SecretStore, keys: Keys) -> None:
    """Keep access keys in the keyring."""
    secrets.set(S3_KEYS, json.dumps([keys.access_key, keys.secret_key]))


def kept_keys(secrets: SecretStore) -> Keys | None:
    """Return the access keys that the keyring holds."""
    try:
        access_key, secret_key = json.loads(secrets.get(S3_KEYS) or "[]")
        return Keys(str(access_key), str(secret_key))
    except (ValueError, TypeError):
        return None


def try_and_keep(settings: Settings, home: Home, access_key: str, secret_key: str) -> str:
    """Keep access keys in the keyring, unless the store refuses them.

    Returns:
        Why they could not be tried, as a sentence; empty where they were.

    Raises:
        SignInFailed: the store refuses them; nothing was kept.
        SecretsUnavailable: the keyring does not take them.
    """
    keys = Keys(access_key, secret_key)
    told = ""
    try:
        requests = Requests(bucket_of(settings), FixedKeys(keys))
        with contextlib.closing(requests), requests.told("try the keys"):
            Objects(requests).any_below("")
    except CredentialsRefused as exc:
        raise SignInFailed(f"{exc.detail.rstrip('.')}. Nothing was kept.") from exc
    except SettingsError:
        told = "They could not be tried: no bucket is set yet (zoomsync config set s3_bucket …)."
    except AgentError as exc:
        told = f"They could not be tried: {exc.detail.rstrip('.')}."
    keep_keys(secret_store(home.ensure()), keys)
    return told


def _credentials(settings: Settings, home: Home) -> Credentials:
    given = given_keys(home)
    if given is not None:
        return GivenKeys(given, lambda: given_keys(home))
    chain = AwsChain(settings.s3_profile)
    if settings.s3_profile:
        return chain
    secrets = secret_store(home)
    return FirstOf(KeptKeys(lambda: kept_keys(secrets)), chain)
