"""Objects: put, read, looked at, deleted."""

from collections.abc import Mapping
from email.utils import formatdate
from typing import Final

from tests.fakes.http_server import Answer
from tests.fakes.http_server.ranges import span
from tests.fakes.s3_server.bodies import Content, receive
from tests.fakes.s3_server.checksums import PREFIX
from tests.fakes.s3_server.errors import S3Error, invalid, not_implemented, precondition_failed
from tests.fakes.s3_server.faults import Exchange
from tests.fakes.s3_server.state import DeleteMarker, Store, StoredObject

META: Final = "x-amz-meta-"
ENCRYPTION: Final = "x-amz-server-side-encryption"
_KMS_KEY: Final = "arn:aws:kms:eu-central-1:123456789012:key/stand-in"
_CLASSES: Final = frozenset({
    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
    "DEEP_ARCHIVE", "GLACIER_IR",
})  # fmt: skip
_MOST_METADATA: Final = 2_048
_LONGEST_KEY: Final = 1_024


def put(exchange: Exchange) -> Answer:
    """Store an object.

    Raises:
        S3Error: its name, its body or its headers are against it, or the name was to be free.
        Vanished: the client went away; nothing is stored.
    """
    store, headers = exchange.store, exchange.headers
    if "x-amz-copy-source" in headers:
        raise not_implemented("x-amz-copy-source")
    only_if_absent = is_conditional(exchange)
    stored = described(store, exchange.key, headers)
    if only_if_absent:
        store.expect_absent(exchange.key)
    content = receive(exchange)
    stored.data, stored.size = content.data, content.size
    stored.etag = f'"{tag_of(store, content, stored.encryption)}"'
    if content.checksum:
        stored.checksums = dict([content.checksum])
    store.commit(exchange.key, stored, only_if_absent=only_if_absent)
    told = {"etag": stored.etag} | encryption_headers(stored.encryption) | version_headers(stored)
    return Answer(200, headers=told | checksum_headers(stored.checksums))


def is_conditional(exchange: Exchange) -> bool:
    """Return whether the name must be free.

    Raises:
        S3Error: the condition is one that writes do not know.
    """
    condition = exchange.headers.get("if-none-match")
    if condition is None or not exchange.store.conditional_writes:
        return False
    if condition != "*":
        raise not_implemented("If-None-Match")
    return True


def described(store: Store, key: str, headers: Mapping[str, str]) -> StoredObject:
    """Return an object as its headers describe it, still without bytes.

    Raises:
        S3Error: they cannot be kept.
    """
    if len(key.encode()) > _LONGEST_KEY:
        raise invalid("KeyTooLongError", "Your key is too long", MaxSizeAllowed=str(_LONGEST_KEY))
    metadata = {
        name.removeprefix(META): value for name, value in headers.items() if name.startswith(META)
    }
    if sum(len(name) + len(value) for name, value in metadata.items()) > _MOST_METADATA:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        raise invalid("MetadataTooLarge", message, MaxSizeAllowed=str(_MOST_METADATA))
    storage_class = headers.get("x-amz-storage-class", "STANDARD")
    if storage_class not in _CLASSES:
        message = "The storage class you specified is not valid"
        raise invalid("InvalidStorageClass", message, StorageClassRequested=storage_class)
    return StoredObject(
        None,
        "",
        0,
        metadata=metadata if store.keeps_metadata else {},
        content_type=headers.get("content-type", "binary/octet-stream"),
        storage_class=storage_class,
        encryption=headers.get(ENCRYPTION, store.encryption),
    )


def tag_of(store: Store, content: Content, encryption: str | None) -> str:
    """Return the ETag of bytes that came in one request, without quotes."""
    return content.md5.hex() if is_md5(store, encryption) else store.opaque_tag()


def is_md5(store: Store, encryption: str | None) -> bool:
    """Return whether ETags are made of MD5s."""
    return store.hashing and encryption in (None, "AES256")


def encryption_headers(encryption: str | None) -> dict[str, str]:
    """Return what answers say of the encryption."""
    if encryption is None:
        return {}
    key = {f"{ENCRYPTION}-aws-kms-key-id": _KMS_KEY} if encryption == "aws:kms" else {}
    return {ENCRYPTION: encryption} | key


def version_headers(one: StoredObject | DeleteMarker | None) -> dict[str, str]:
    """Return what answers say of the version."""
    if one is None or one.version_id is None:
        return {}
    return {"x-amz-version-id": one.version_id}


def checksum_headers(checksums: Mapping[str, str]) -> dict[str, str]:
    """Return what answers say of checksums."""
    told = {f"{PREFIX}{algorithm}": value for algorithm, value in checksums.items()}
    if told:
        told[f"{PREFIX}type"] = checksum_type(checksums)
    return told


def checksum_type(checksums: Mapping[str, str]) -> str:
    """Return whether they are of all of the bytes, or of the checksums of parts."""
    return "COMPOSITE" if any("-" in value for value in checksums.values()) else "FULL_OBJECT"


def get(exchange: Exchange) -> Answer:
    """Return the bytes of an object, or a range of them.

    Raises:
        S3Error: it is not there, not as it was to be, or has no such range.
    """
    stored = _found(exchange)
    if (unchanged := _conditions(exchange, stored)) is not None:
        return unchanged
    if stored.data is None:
        # Nothing that S3 says: this store was told to forget the bytes.
        raise S3Error(500, "InternalError", "bytes are not kept here")
    headers = _shown(exchange, stored)
    wanted = span(exchange.headers.get("range"), stored.size)
    if wanted is None:
        return Answer(200, stored.data, headers)
    first, last = wanted
    if first > last:
        told = {
            "RangeRequested": exchange.headers["range"],
            "ActualObjectSize": str(stored.size),
        }
        about = {"content-range": f"bytes */{stored.size}"}
        message = "The requested range is not satisfiable"
        raise S3Error(416, "InvalidRange", message, told, about)
    headers["content-range"] = f"bytes {first}-{last}/{stored.size}"
    # A checksum of all says nothing of a range.
    headers = {name: value for name, value in headers.items() if not name.startswith(PREFIX)}
    return Answer(206, stored.data[first : last + 1], headers)


def head(exchange: Exchange) -> Answer:
    """Return what is known of an object.

    Raises:
        S3Error: it is not there, or not as it was to be.
    """
    stored = _found(exchange)
    if (unchanged := _conditions(exchange, stored)) is not None:
        return unchanged
    return Answer(200, headers=_shown(exchange, stored) | {"content-length": str(stored.size)})


def _found(exchange: Exchange) -> StoredObject:
    version_id = exchange.query.get("versionId")
    if version_id is None:
        return exchange.store.current(exchange.key)
    one = exchange.store.version(exchange.key, version_id)
    if isinstance(one, DeleteMarker):
        message = "The specified method is not allowed against this resource."
        headers = {"x-amz-delete-marker": "true", "allow": "DELETE"} | version_headers(one)
        raise S3Error(405, "MethodNotAllowed", message, headers=headers)
    return one


def _conditions(exchange: Exchange, stored: StoredObject) -> Answer | None:
    """Return the answer to who has the object already; refuse where it is another one."""
    expected, had = (exchange.headers.get(name) for name in ("if-match", "if-none-match"))
    if expected is not None and expected not in ("*", stored.etag):
        raise precondition_failed("If-Match")
    if had is not None and had in ("*", stored.etag):
        return Answer(304, headers={"etag": stored.etag})
    return None


def _shown(exchange: Exchange, stored: StoredObject) -> dict[str, str]:
    told = {
        "etag": stored.etag,
        "last-modified": formatdate(stored.last_modified, usegmt=True),
        "content-type": stored.content_type,
        "accept-ranges": "bytes",
    }
    told |= {f"{META}{name}": value for name, value in stored.metadata.items()}
    told |= encryption_headers(stored.encryption) | version_headers(stored)
    if stored.storage_class != "STANDARD":
        told["x-amz-storage-class"] = stored.storage_class
    if exchange.headers.get(f"{PREFIX}mode") == "ENABLED":
        told |= checksum_headers(stored.checksums)
    return told


def delete(exchange: Exchange) -> Answer:
    """Delete an object, or one version of it; what is not there is deleted too.

    Raises:
        S3Error: the version is locked.
    """
    store, version_id = exchange.store, exchange.query.get("versionId")
    if version_id is None:
        marker = store.delete(exchange.key)
        told = {"x-amz-delete-marker": "true"} if marker else {}
        return Answer(204, headers=told | version_headers(marker))
    try:
        one = store.version(exchange.key, version_id)
    except S3Error as error:
        if error.code != "NoSuchVersion":
            raise
        return Answer(204, headers={"x-amz-version-id": version_id})
    store.delete_version(exchange.key, one)
    told = {"x-amz-delete-marker": "true"} if isinstance(one, DeleteMarker) else {}
    return Answer(204, headers=told | version_headers(one))
