"""Which operation a request asks for, and which permission it needs."""

from collections.abc import Mapping
from typing import Final

from tests.fakes.s3_server.errors import S3Error

_TABLE: Final[tuple[tuple[str, bool, frozenset[str], str], ...]] = (
    ("HEAD", False, frozenset(), "HeadBucket"),
    ("GET", False, frozenset({"uploads"}), "ListMultipartUploads"),
    ("GET", False, frozenset({"list-type"}), "ListObjectsV2"),
    ("PUT", True, frozenset({"partNumber", "uploadId"}), "UploadPart"),
    ("PUT", True, frozenset(), "PutObject"),
    ("GET", True, frozenset({"uploadId"}), "ListParts"),
    ("GET", True, frozenset(), "GetObject"),
    ("HEAD", True, frozenset(), "HeadObject"),
    ("POST", True, frozenset({"uploads"}), "CreateMultipartUpload"),
    ("POST", True, frozenset({"uploadId"}), "CompleteMultipartUpload"),
    ("DELETE", True, frozenset({"uploadId"}), "AbortMultipartUpload"),
    ("DELETE", True, frozenset(), "DeleteObject"),
)

_OTHER_RESOURCES: Final = frozenset({
    "acl", "attributes", "cors", "delete", "encryption", "legal-hold", "lifecycle", "location",
    "logging", "notification", "object-lock", "partNumber", "policy", "policyStatus", "replication",
    "restore", "retention", "select", "tagging", "torrent", "uploadId", "uploads", "versioning",
    "versions", "website",
})  # fmt: skip

_ACTIONS: Final[Mapping[str, str]] = {
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListParts": "s3:ListMultipartUploadParts",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "DeleteObject": "s3:DeleteObject",
}

_OF_VERSIONS: Final = frozenset({"GetObject", "HeadObject", "DeleteObject"})


def operation(method: str, query: Mapping[str, str], *, has_key: bool) -> str:
    """Return the name of the operation, as the API reference has it.

    Raises:
        S3Error: it is none that the stand-in knows.
    """
    for wanted, keyed, needed, name in _TABLE:
        if (wanted, keyed) == (method, has_key) and needed <= query.keys():
            if (query.keys() - needed) & _OTHER_RESOURCES:
                break
            return name
    message = "A header or query you provided implies functionality that is not implemented"
    raise S3Error(501, "NotImplemented", message)


def action(name: str, query: Mapping[str, str]) -> str:
    """Return the permission that an operation needs."""
    needed = _ACTIONS[name]
    return f"{needed}Version" if name in _OF_VERSIONS and "versionId" in query else needed
