"""XML as S3 speaks it, both ways, and times as it writes them."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from tests.fakes.s3_server.errors import S3Error, invalid

NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_CHECKSUM: Final = re.compile(r"Checksum(CRC32|SHA1|SHA256)")


def leaf(name: str, value: object) -> ET.Element:
    """Return an element with a text."""
    made = ET.Element(name)
    made.text = str(value)
    return made


def branch(name: str, *children: ET.Element | None) -> ET.Element:
    """Return an element with the children that are not None."""
    made = ET.Element(name)
    made.extend([child for child in children if child is not None])
    return made


def bare(root: ET.Element) -> bytes:
    """Return a document without a namespace, as errors of S3 are."""
    return DECLARATION + ET.tostring(root)


def document(root: ET.Element) -> bytes:
    """Return a document in the namespace of S3."""
    root.set("xmlns", NAMESPACE)
    return bare(root)


def error_document(
    error: S3Error, resource: str, request_id: str, host_id: str = "stand-in"
) -> bytes:
    """Return what the body of a refusal says."""
    return bare(
        branch(
            "Error",
            leaf("Code", error.code),
            leaf("Message", error.message),
            *(leaf(name, value) for name, value in error.elements.items()),
            leaf("Resource", resource),
            leaf("RequestId", request_id),
            leaf("HostId", host_id),
        )
    )


def initiated(bucket: str, key: str, upload_id: str) -> bytes:
    """Return what is said of an upload that was begun."""
    return document(
        branch(
            "InitiateMultipartUploadResult",
            leaf("Bucket", bucket),
            leaf("Key", key),
            leaf("UploadId", upload_id),
        )
    )


def completed(location: str, bucket: str, key: str, etag: str, *more: ET.Element | None) -> bytes:
    """Return what is said of an upload that was completed."""
    return document(
        branch(
            "CompleteMultipartUploadResult",
            leaf("Location", location),
            leaf("Bucket", bucket),
            leaf("Key", key),
            leaf("ETag", etag),
            *more,
        )
    )


def iso(when: float) -> str:
    """Return a time as documents write it."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass(slots=True)
class Wanted:
    """One part that a completion names; `checksums` by algorithm in lower case."""

    number: int
    etag: str
    checksums: dict[str, str] = field(default_factory=dict)


def wanted_parts(body: bytes) -> list[Wanted]:
    """Return the parts that the document of a completion names.

    Raises:
        S3Error: it is no such document.
    """
    try:
        root = ET.fromstring(body)  # noqa: S314  tests are not hostile
        found = [_wanted(one) for one in root if _name(one) == "Part"]
    except (ET.ParseError, ValueError, KeyError) as exc:
        raise _malformed() from exc
    if _name(root) != "CompleteMultipartUpload" or not found:
        raise _malformed()
    return found


def _wanted(part: ET.Element) -> Wanted:
    said = {_name(one): (one.text or "").strip() for one in part}
    checksums = {
        match[1].lower(): value for name, value in said.items() if (match := _CHECKSUM.match(name))
    }
    return Wanted(int(said["PartNumber"]), said["ETag"], checksums)


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _malformed() -> S3Error:
    message = (
        "The XML you provided was not well-formed or did not validate against our published schema"
    )
    return invalid("MalformedXML", message)
