"""What a store's refusals mean.

Source: Amazon S3 API Reference, "Error responses". Stores differ in the namespace of the document
and in how much of it they fill in; a HEAD is refused without a word.
"""

import email.utils
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

import httpx

from zoomsync_agent.core.errors import (
    AgentError,
    ClockWrong,
    CredentialsRefused,
    DestinationDenied,
    DestinationFull,
    RemoteUnavailable,
    SetupIncomplete,
)
from zoomsync_agent.s3.bucket import Bucket

_SHOWN: Final = 300
_LARGEST_ANSWER: Final = 16 << 20
_TRY_LATER: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "ConditionalRequestConflict",
        "IncompleteBody",
        "InternalError",
        "OperationAborted",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServerBusy",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "TooManyRequestsException",
    }
)
_WRONG_KEYS: Final = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
_ABOUT_KEYS: Final = {
    "ExpiredToken": "the session token has ended",
    "ExpiredTokenException": "the session token has ended",
    "InvalidAccessKeyId": "the store does not know the access key",
    "SignatureDoesNotMatch": "the secret access key does not belong to the access key",
}
_FULL: Final = frozenset(
    {
        "InsufficientCapacity",
        "QuotaExceeded",
        "StorageQuotaExceeded",
        "XMinioAdminBucketQuotaExceeded",
        "XMinioStorageFull",
    }
)
_ELSEWHERE: Final = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "Redirect",
        "TemporaryRedirect",
    }
)
_OTHER_BYTES: Final = frozenset({"BadDigest", "XAmzContentSHA256Mismatch"})
_DENIED: Final = frozenset({"AccessDenied", "AccessForbidden", "AllAccessDisabled", "Forbidden"})
_REDIRECTS: Final = (301, 307, 308)
_MAY_NOT: Final = (401, 403)
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_NOT_IMPLEMENTED: Final = 501
_NO_ROOM: Final = 507


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal, as far as the store explained it.

    `region` is where the bucket lies, should the store say so; `server_time` is when it answered,
    in epoch seconds, None where it did not say.
    """

    status: int
    code: str = ""
    message: str = ""
    region: str = ""
    server_time: float | None = None
    is_page: bool = False
    """A page of HTML: something in between answers, not the store."""

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed a moment later."""
        if self.code in _TRY_LATER or self.status == _TOO_MANY:
            return True
        return (
            self.status >= _SERVER_FAULT
            and self.status not in (_NOT_IMPLEMENTED, _NO_ROOM)
            and self.code not in _FULL
        )

    @property
    def is_about_keys(self) -> bool:
        """Whether it is the keys that the store does not take."""
        # Supabase calls a session that has ended a denied access.
        return self.code in _WRONG_KEYS or '"exp" claim' in self.message

    @property
    def is_about_content(self) -> bool:
        """Whether what arrived was not what the request said that it is."""
        return self.code in _OTHER_BYTES

    @property
    def is_not_implemented(self) -> bool:
        """Whether the store does not know what it was asked for."""
        return self.status == _NOT_IMPLEMENTED or self.code == "NotImplemented"

    @property
    def text(self) -> str:
        """What it said, in a line."""
        said = " ".join(filter(None, (self.code, self.message)))
        return f"HTTP {self.status} {said}".rstrip()


def answer_of(response: httpx.Response) -> Answer:
    """Return what a refusal says; its body must have been read."""
    told = document(response)
    body = response.content.decode(errors="replace").lstrip()[:_SHOWN].lower()
    fields = {} if told is None else dict(children(told))
    return Answer(
        response.status_code,
        fields.get("Code", ""),
        fields.get("Message", "")[:_SHOWN],
        fields.get("Region", "") or response.headers.get("x-amz-bucket-region", ""),
        time_of(response),
        is_page=told is None and body.startswith("<") and "<html" in body,
    )


def document(response: httpx.Response) -> ET.Element | None:
    """Return the XML document of an answer; None where there is none, or where it is a page."""
    if not response.content or len(response.content) > _LARGEST_ANSWER:
        return None
    try:
        # Expat refuses what expands without end. Some begin with blanks: a sign of life.
        told = ET.fromstring(response.content.strip())  # noqa: S314
    except (ET.ParseError, ValueError, LookupError):
        return None
    return None if name_of(told).lower() == "html" else told


def name_of(element: ET.Element) -> str:
    """Return the name of an element without its namespace, which stores write or do not write."""
    return str(element.tag).rpartition("}")[2]


def children(element: ET.Element) -> Iterator[tuple[str, str]]:
    """Yield name and text of what lies in *element*."""
    for child in element:
        yield name_of(child), (child.text or "").strip()


def number_of(text: str) -> int | None:
    """Return a number as stores write them; None where *text* is none."""
    return int(text) if _NUMBER.fullmatch(text) else None


def time_of(response: httpx.Response) -> float | None:
    """Return when a store answered by its own clock, in epoch seconds; None if it does not say."""
    try:
        date = response.headers.get("date", "")
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def meaning(answer: Answer, bucket: Bucket, doing: str, action: str) -> AgentError:  # noqa: PLR0911
    """Return what a refusal means wherever it happens.

    Args:
        answer: what the store said.
        bucket: for which.
        doing: what was being done; begins the detail.
        action: what must be allowed for it, as IAM calls it.
    """
    detail = f"{doing}: {answer.text}"
    if answer.code == "RequestTimeTooSkewed":
        return ClockWrong(detail)
    if answer.code in _ELSEWHERE or answer.status in _REDIRECTS:
        return _elsewhere(answer, bucket, detail)
    if answer.is_about_keys:
        words = _ABOUT_KEYS.get(answer.code)
        return CredentialsRefused(f"{doing}: {words} ({answer.code})" if words else detail)
    if answer.code == "NoSuchBucket":
        return SetupIncomplete(
            f"there is no bucket “{bucket.name}” at {bucket.host}: make it there, or correct its "
            "name: zoomsync config set s3_bucket NAME"
        )
    if answer.code == "InvalidStorageClass":
        return SetupIncomplete(
            f"{bucket.host} does not know the storage class of s3_storage_class "
            '(InvalidStorageClass); to go without one: zoomsync config set s3_storage_class ""'
        )
    if answer.code in _FULL or answer.status in (402, _NO_ROOM):
        return DestinationFull(detail)
    if answer.is_transient or answer.is_page:
        return RemoteUnavailable(detail)
    if answer.code in _DENIED or answer.status in _MAY_NOT:
        return DestinationDenied(f"{detail} (needs {action} on the bucket “{bucket.name}”)")
    if answer.code:
        # The store understood, and will say so again until somebody changes something.
        return SetupIncomplete(detail)
    return RemoteUnavailable(detail)


def _elsewhere(answer: Answer, bucket: Bucket, detail: str) -> AgentError:
    if answer.region and answer.region != bucket.region:
        return SetupIncomplete(
            f"the bucket “{bucket.name}” lies in the region {answer.region}, not in "
            f"{bucket.region} (AWS_REGION goes before s3_region): zoomsync config set s3_region "
            f"{answer.region}"
        )
    return SetupIncomplete(f"{detail}; is s3_region or S3_ENDPOINT_URL right?")
