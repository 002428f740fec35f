"""Uploads in parts: what is here, and what a completion makes of it."""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.fakes.s3_server.documents import Wanted
from tests.fakes.s3_server.errors import S3Error, invalid, invalid_argument

MOST_PARTS = 10_000


@dataclass(slots=True)
class Part:
    """One part that is here, whole.

    `data` is None where bytes are not kept; `etag` has its quotes; `checksum` is in base64.
    """

    data: bytes | None
    etag: str
    size: int
    md5: bytes = b""
    checksum: str | None = None
    uploaded: float = 0.0


@dataclass(slots=True)
class Upload:
    """An upload in parts that is not completed.

    `headers` are those it was begun with, `metadata` what the object will have of its own, and
    `algorithm` that of the parts' checksums. `progress` counts the bytes of all parts that came,
    also of those whose place others took.
    """

    id: str
    key: str
    initiated: float
    parts: dict[int, Part] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    algorithm: str | None = None
    encryption: str | None = None
    bucket: str = ""
    progress: int = 0


@dataclass(frozen=True, slots=True)
class Joined:
    """What the parts are together; `etag` has its quotes."""

    data: bytes | None
    size: int
    etag: str


def part_number(query: Mapping[str, str]) -> int:
    """Return the number of the part that a request is about.

    Raises:
        S3Error: it is none.
    """
    text = query["partNumber"]
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_PARTS):
        message = f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive"
        raise invalid_argument(message, "partNumber", text)
    return int(text)


def chosen(upload: Upload, wanted: Sequence[Wanted], smallest: int) -> list[Part]:
    """Return the parts that a completion names, in order.

    Raises:
        S3Error: one is not here, they are out of order, or one before the last is too small.
    """
    numbers = [one.number for one in wanted]
    if any(after <= before for before, after in itertools.pairwise(numbers)):
        message = (
            "The list of parts was not in ascending order. Parts must be ordered by part number."
        )
        raise invalid("InvalidPartOrder", message, UploadId=upload.id)
    parts = [_chosen(upload, one) for one in wanted]
    for number, part in zip(numbers[:-1], parts[:-1], strict=True):
        if part.size < smallest:
            raise _too_small(number, part, smallest)
    return parts


def _chosen(upload: Upload, wanted: Wanted) -> Part:
    part = upload.parts.get(wanted.number)
    sums = [] if upload.algorithm is None else [wanted.checksums.get(upload.algorithm)]
    is_same = part is not None and part.etag.strip('"') == wanted.etag.strip('"')
    if part is None or not is_same or any(one not in (None, part.checksum) for one in sums):
        message = (
            "One or more of the specified parts could not be found.  The part may not have been "
            "uploaded, or the specified entity tag may not match the part's entity tag."
        )
        told = {
            "UploadId": upload.id,
            "PartNumber": str(wanted.number),
            "ETag": wanted.etag.strip('"'),
        }
        raise S3Error(400, "InvalidPart", message, told)
    if upload.algorithm is not None and None in sums:
        message = (
            f"The upload was created using a {upload.algorithm} checksum. The complete request must"
            f" include the checksum for each part. It was missing for part {wanted.number} in the"
            " request."
        )
        raise invalid("InvalidRequest", message)
    return part


def _too_small(number: int, part: Part, smallest: int) -> S3Error:
    message = "Your proposed upload is smaller than the minimum allowed size"
    told = {
        "ProposedSize": str(part.size),
        "MinSizeAllowed": str(smallest),
        "PartNumber": str(number),
        "ETag": part.etag.strip('"'),
    }
    return S3Error(400, "EntityTooSmall", message, told)


def joined(parts: Sequence[Part], opaque: str | None) -> Joined:
    """Put parts together.

    Args:
        parts: in order.
        opaque: stands in the ETag for the MD5 of MD5s; None works that out.
    """
    pieces = [part.data for part in parts if part.data is not None]
    data = b"".join(pieces) if len(pieces) == len(parts) else None
    md5s = b"".join(part.md5 for part in parts)
    tag = hashlib.md5(md5s, usedforsecurity=False).hexdigest() if opaque is None else opaque
    return Joined(data, sum(part.size for part in parts), f'"{tag}-{len(parts)}"')
