"""The settings of an S3 bucket.

Several of their names belong to other tools too (`AWS_REGION`), so none is judged until a bucket is
used.
"""

import ipaddress
import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator

from zoomsync_agent.settings.values import NoBool, Word, as_address, as_size, setting

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9._-]+/)*")
_REGION: Final = re.compile(r"[A-Za-z0-9-]{0,40}")
_CLASS: Final = re.compile(r"[A-Z0-9_]{0,40}")
_BUCKET_RULE: Final = "the name alone, without s3:// and without a folder, as in my-recordings"
_PREFIX_RULE: Final = "folders of the characters A-Z a-z 0-9 _ . -, as in zoom/ann"
_CLASS_RULE: Final = "as in STANDARD_IA"
_KMS: Final = ("aws:kms", "aws:kms:dsse")


def _prefix(value: str) -> str:
    """Return a prefix that is empty or ends with a slash, and does not begin with one."""
    inner = value.strip().strip("/")
    return f"{inner}/" if inner else ""


def _upper(value: str) -> str:
    return value.strip().upper()


class BucketSettings(BaseModel):
    """Which bucket of which store, and how objects are kept there."""

    s3_bucket: str = setting(
        "S3_BUCKET", "a bucket's name", "The bucket that keeps the recordings.", ""
    )
    s3_region: str = setting(
        "AWS_REGION",
        "a region, as in eu-central-1",
        "Where the bucket lies; if unset, as the AWS profile says, else us-east-1.",
        "",
        alias="AWS_DEFAULT_REGION",
    )
    s3_endpoint: Annotated[str, AfterValidator(as_address)] = setting(
        "S3_ENDPOINT_URL",
        "an address such as https://s3.example.com, http only for this computer and its network",
        "The store, where it is not Amazon's own.",
        "",
        alias="AWS_ENDPOINT_URL",
    )
    s3_prefix: Annotated[str, AfterValidator(_prefix)] = setting(
        "S3_PREFIX",
        "folders of the characters A-Z a-z 0-9 _ . -, as in zoom/ann",
        "Begins the names of all objects.",
        "",
    )
    s3_addressing: Annotated[Literal["auto", "path", "virtual"], Word] = setting(
        "S3_ADDRESSING_STYLE",
        "auto, path or virtual",
        "Whether the bucket stands in the path or in the host; auto: in the host at Amazon, in the "
        "path elsewhere.",
        "auto",
    )
    s3_profile: str = setting(
        "AWS_PROFILE",
        "a profile of ~/.aws/config",
        "The AWS profile whose keys are used; it goes before keys in the keyring.",
        "",
    )
    s3_storage_class: Annotated[str, AfterValidator(_upper)] = setting(
        "S3_STORAGE_CLASS",
        "as the store names it, as in STANDARD_IA or INTELLIGENT_TIERING",
        "How objects are stored; if unset, as the store does by itself.",
        "",
    )
    s3_encryption: Annotated[Literal["none", "aes256", "aws:kms", "aws:kms:dsse"], Word] = setting(
        "S3_SERVER_SIDE_ENCRYPTION",
        "none, AES256, aws:kms or aws:kms:dsse",
        "How the store is asked to encrypt objects; none: as the bucket does by itself.",
        "none",
    )
    s3_kms_key: str = setting(
        "S3_KMS_KEY_ID",
        "a key's id or ARN",
        "The key for aws:kms; if unset, the store's own.",
        "",
    )
    s3_part_size: Annotated[int, BeforeValidator(as_size)] = setting(
        "ZOOMSYNC_S3_PART_SIZE",
        "bytes from 5Mi to 512Mi, as in 8Mi",
        "How large the parts of large uploads are; files of up to this size go by one request.",
        8 << 20,
        ge=5 << 20,
        le=512 << 20,
    )
    s3_parallel: Annotated[int, NoBool] = setting(
        "ZOOMSYNC_S3_PARALLEL",
        "a number from 1 to 16",
        "How many parts of one upload are on their way at the same time.",
        4,
        ge=1,
        le=16,
    )

    @property
    def bucket_problem(self) -> str:
        """Why these settings name no bucket; empty where they do."""
        if not self.s3_bucket:
            return "s3_bucket (S3_BUCKET) is not set: the bucket that keeps the recordings"
        return self.form_problem

    @property
    def form_problem(self) -> str:
        """Which of these settings has a form that it cannot have; empty where none has."""
        checks = (
            (_BUCKET, "s3_bucket (S3_BUCKET)", self.s3_bucket, _BUCKET_RULE),
            (_REGION, "s3_region (AWS_REGION)", self.s3_region, "as in eu-central-1"),
            (_PREFIX, "s3_prefix (S3_PREFIX)", self.s3_prefix, _PREFIX_RULE),
            (_CLASS, "s3_storage_class (S3_STORAGE_CLASS)", self.s3_storage_class, _CLASS_RULE),
        )
        for pattern, told, value, rule in checks:
            if value and not pattern.fullmatch(value):
                return f"{told} cannot be “{value.rstrip('/')}” (allowed: {rule})"
        if any(part in (".", "..") for part in self.s3_prefix.split("/")):
            return "s3_prefix (S3_PREFIX) cannot hold . or .."
        if self.s3_kms_key and self.s3_encryption not in _KMS:
            return (
                "s3_kms_key (S3_KMS_KEY_ID) is set, which needs s3_encryption aws:kms; to go "
                'without: zoomsync config set s3_kms_key ""'
            )
        return self._endpoint_problem()

    def _endpoint_problem(self) -> str:
        if not self.s3_endpoint:
            return ""
        shown = "" if "@" in self.s3_endpoint else f" ({self.s3_endpoint})"
        name = f"s3_endpoint (S3_ENDPOINT_URL){shown}"
        try:
            parts = urlsplit(self.s3_endpoint)
            is_plain = parts.port is None or parts.port > 0
        except ValueError:
            return f"{name} is no address such as https://s3.example.com"
        if parts.scheme == "http" and parts.hostname and not _is_near(parts.hostname):
            return f"{name} must begin with https: recordings would cross the internet unencrypted"
        is_bare = not parts.query and not parts.fragment and not parts.username
        if parts.scheme in ("http", "https") and parts.hostname and is_bare and is_plain:
            return ""
        return f"{name} is no address such as https://s3.example.com"


def _is_near(host: str) -> bool:
    """Return whether *host* surely is this computer or one of its own network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa"))
