"""What is in the bucket, page by page: objects, and uploads that are not completed."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus
from xml.etree.ElementTree import Element

from tests.fakes.http_server import Answer
from tests.fakes.s3_server.documents import branch, document, iso, leaf
from tests.fakes.s3_server.errors import invalid_argument
from tests.fakes.s3_server.faults import Exchange
from tests.fakes.s3_server.multipart import Part, Upload
from tests.fakes.s3_server.objects import checksum_type
from tests.fakes.s3_server.state import StoredObject

_MOST: Final = 1_000
_XML: Final = {"content-type": "application/xml"}


def count_of(query: Mapping[str, str], name: str) -> int:
    """Return how many entries a page may have; S3 gives no more than 1,000.

    Raises:
        S3Error: it is no number.
    """
    return min(_number(query, name, _MOST), _MOST)


def _number(query: Mapping[str, str], name: str, usual: int) -> int:
    text = query.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit()) or int(text) >= 1 << 31:
        raise invalid_argument(f"Provided {name} not an integer or within range", name, text)
    return int(text)


@dataclass(frozen=True, slots=True)
class PartsPage:
    """Some of the parts of an upload, by number."""

    shown: list[tuple[int, Part]]
    after: int
    most: int
    is_truncated: bool


def parts_page(parts: Mapping[int, Part], query: Mapping[str, str]) -> PartsPage:
    """Return the parts that a listing shows.

    Raises:
        S3Error: a parameter is no number.
    """
    most, after = count_of(query, "max-parts"), _number(query, "part-number-marker", 0)
    numbers = sorted(number for number in parts if number > after)
    shown = [(number, parts[number]) for number in numbers[:most]]
    return PartsPage(shown, after, most, len(shown) < len(numbers))


def spelling(query: Mapping[str, str]) -> Callable[[str], str]:
    """Return how names are written: as they are, or encoded as in an address.

    Raises:
        S3Error: the encoding is none that S3 knows.
    """
    kind = query.get("encoding-type", "")
    if kind not in ("", "url"):
        message = "Invalid Encoding Method specified in Request"
        raise invalid_argument(message, "encoding-type", kind)
    return (lambda text: quote_plus(text, safe="/")) if kind else str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the names; `folders` are what names have in common up to a delimiter."""

    keys: list[str]
    folders: list[str]
    last: str
    is_truncated: bool


def page_of(keys: Iterable[str], prefix: str, delimiter: str, after: str, most: int) -> Page:
    """Return the first *most* entries that come after *after*.

    The order is that of UTF-8, which is that of code points.
    """
    entries: dict[str, bool] = {}
    for key in keys:
        if key.startswith(prefix):
            rest = key[len(prefix) :]
            end = rest.find(delimiter) if delimiter else -1
            entries[key if end < 0 else prefix + rest[: end + len(delimiter)]] = end >= 0
    names = sorted(one for one in entries if one > after)
    shown = names[:most]
    return Page(
        [one for one in shown if not entries[one]],
        [one for one in shown if entries[one]],
        shown[-1] if shown else after,
        0 < most < len(names),
    )


def token_of(last: str) -> str:
    """Return what a client sends back for the page after *last*."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def start_of(query: Mapping[str, str]) -> str:
    """Return the name after which a page of objects begins.

    Raises:
        S3Error: the token is none that was given.
    """
    token = query.get("continuation-token")
    if token is None:
        return query.get("start-after", "")
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as exc:
        message = "The continuation token provided is incorrect"
        raise invalid_argument(message, "continuation-token", token) from exc


def objects_document(
    bucket: str, query: Mapping[str, str], kept: Mapping[str, StoredObject]
) -> bytes:
    """Return a page of objects (ListObjectsV2).

    Raises:
        S3Error: a parameter is wrong.
    """
    spell, most = spelling(query), count_of(query, "max-keys")
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    page = page_of(kept, prefix, delimiter, start_of(query), most)
    after, token = query.get("start-after"), query.get("continuation-token")
    root = branch(
        "ListBucketResult",
        leaf("Name", bucket),
        leaf("Prefix", spell(prefix)),
        leaf("Delimiter", spell(delimiter)) if delimiter else None,
        leaf("StartAfter", spell(after)) if after is not None else None,
        leaf("ContinuationToken", token) if token is not None else None,
        leaf("NextContinuationToken", token_of(page.last)) if page.is_truncated else None,
        leaf("KeyCount", len(page.keys) + len(page.folders)),
        leaf("MaxKeys", most),
        leaf("EncodingType", "url") if query.get("encoding-type") else None,
        leaf("IsTruncated", str(page.is_truncated).lower()),
        *(_contents(spell(key), kept[key]) for key in page.keys),
        *(branch("CommonPrefixes", leaf("Prefix", spell(one))) for one in page.folders),
    )
    return document(root)


def _contents(key: str, stored: StoredObject) -> Element:
    algorithms = [leaf("ChecksumAlgorithm", name.upper()) for name in stored.checksums]
    return branch(
        "Contents",
        leaf("Key", key),
        leaf("LastModified", iso(stored.last_modified)),
        leaf("ETag", stored.etag),
        *algorithms,
        leaf("ChecksumType", checksum_type(stored.checksums)) if algorithms else None,
        leaf("Size", stored.size),
        leaf("StorageClass", stored.storage_class),
    )


def list_objects(exchange: Exchange) -> Answer:
    """Tell which objects there are.

    Raises:
        S3Error: a parameter is wrong.
    """
    store = exchange.store
    with store.guard:
        kept = dict(store.objects)
    return Answer(200, objects_document(store.bucket, exchange.query, kept), dict(_XML))


def uploads_document(bucket: str, query: Mapping[str, str], kept: Iterable[Upload]) -> bytes:
    """Return a page of uploads that are not completed (ListMultipartUploads).

    Raises:
        S3Error: a parameter is wrong.
    """
    spell, most = spelling(query), count_of(query, "max-uploads")
    prefix = query.get("prefix", "")
    key_marker, id_marker = query.get("key-marker", ""), query.get("upload-id-marker", "")
    fitting = sorted(
        (one for one in kept if one.key.startswith(prefix)),
        key=lambda one: (one.key, one.initiated, one.id),
    )
    left = [one for one in fitting if one.key > key_marker]
    same = [one for one in fitting if one.key == key_marker]
    at = next((n for n, one in enumerate(same, 1) if one.id == id_marker), len(same))
    left = same[at:] + left
    shown = left[:most]
    root = branch(
        "ListMultipartUploadsResult",
        leaf("Bucket", bucket),
        leaf("KeyMarker", spell(key_marker)),
        leaf("UploadIdMarker", id_marker),
        leaf("NextKeyMarker", spell(shown[-1].key)) if shown else None,
        leaf("NextUploadIdMarker", shown[-1].id) if shown else None,
        leaf("Prefix", spell(prefix)),
        leaf("EncodingType", "url") if query.get("encoding-type") else None,
        leaf("MaxUploads", most),
        leaf("IsTruncated", str(len(shown) < len(left)).lower()),
        *(_upload(spell(one.key), one) for one in shown),
    )
    return document(root)


def _upload(key: str, one: Upload) -> Element:
    return branch(
        "Upload",
        leaf("Key", key),
        leaf("UploadId", one.id),
        leaf("StorageClass", one.headers.get("x-amz-storage-class", "STANDARD")),
        leaf("Initiated", iso(one.initiated)),
        leaf("ChecksumAlgorithm", one.algorithm.upper()) if one.algorithm else None,
    )


def list_uploads(exchange: Exchange) -> Answer:
    """Tell which uploads are not completed.

    Raises:
        S3Error: a parameter is wrong.
    """
    store = exchange.store
    with store.guard:
        kept = list(store.uploads.values())
    return Answer(200, uploads_document(store.bucket, exchange.query, kept), dict(_XML))
