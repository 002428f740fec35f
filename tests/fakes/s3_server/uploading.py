"""Uploads in parts: begun, sent, looked at, completed, given up."""

from tests.fakes.http_server import Answer
from tests.fakes.s3_server import checksums
from tests.fakes.s3_server.bodies import Content, receive, receive_document
from tests.fakes.s3_server.documents import (
    Wanted,
    branch,
    completed,
    document,
    initiated,
    iso,
    leaf,
    wanted_parts,
)
from tests.fakes.s3_server.errors import invalid, no_such_upload
from tests.fakes.s3_server.faults import Exchange
from tests.fakes.s3_server.listing import parts_page
from tests.fakes.s3_server.multipart import Part, Upload, chosen, joined, part_number
from tests.fakes.s3_server.objects import (
    checksum_type,
    described,
    encryption_headers,
    is_conditional,
    is_md5,
    tag_of,
    version_headers,
)
from tests.fakes.s3_server.state import StoredObject

XML = {"content-type": "application/xml"}


def create(exchange: Exchange) -> Answer:
    """Begin an upload.

    Raises:
        S3Error: what it is to become cannot be kept.
        Vanished: the client went away.
    """
    store, headers = exchange.store, exchange.headers
    if store.checksums == "refuse":
        checksums.refuse_all(headers)
    algorithm = None if store.checksums == "ignore" else checksums.wanted_algorithm(headers)
    described_so = described(store, exchange.key, headers)
    receive_document(exchange)
    upload = store.add_upload(
        exchange.key,
        metadata=described_so.metadata,
        headers=dict(headers),
        algorithm=algorithm,
        encryption=described_so.encryption,
    )
    told = XML | encryption_headers(upload.encryption)
    if algorithm:
        told["x-amz-checksum-algorithm"] = algorithm.upper()
        told["x-amz-checksum-type"] = "COMPOSITE"
    return Answer(200, initiated(upload.bucket, upload.key, upload.id), told)


def _upload_of(exchange: Exchange) -> Upload:
    return exchange.store.upload(exchange.query["uploadId"], exchange.key)


def send_part(exchange: Exchange) -> Answer:
    """Keep one part; it takes the place of one with the same number.

    Raises:
        S3Error: the upload is not there, or the body is not what was said of it.
        Vanished: the client went away; nothing is kept of it.
    """
    store, number, upload = exchange.store, part_number(exchange.query), _upload_of(exchange)
    content = receive(exchange)
    _expect_algorithm(upload, content)
    value = content.checksum[1] if content.checksum else None
    tag = tag_of(store, content, upload.encryption)
    part = Part(content.data, f'"{tag}"', content.size, content.md5, value, store.clock())
    with store.guard:
        if upload.id not in store.uploads:
            raise no_such_upload(upload.id)
        upload.parts[number] = part
    told = {"etag": part.etag} | encryption_headers(upload.encryption)
    if content.checksum:
        told[checksums.PREFIX + content.checksum[0]] = content.checksum[1]
    return Answer(200, headers=told)


def _expect_algorithm(upload: Upload, content: Content) -> None:
    sent = content.checksum[0] if content.checksum else None
    if sent != upload.algorithm:
        message = (
            "Checksum Type mismatch occurred, expected checksum Type: "
            f"{upload.algorithm or 'null'}, actual checksum Type: {sent or 'null'}"
        )
        raise invalid("InvalidRequest", message)


def list_parts(exchange: Exchange) -> Answer:
    """Tell which parts are here.

    Raises:
        S3Error: the upload is not there, or a parameter is wrong.
    """
    upload, query = _upload_of(exchange), exchange.query
    with exchange.store.guard:
        page = parts_page(upload.parts, query)
    algorithm = upload.algorithm
    parts = [
        branch(
            "Part",
            leaf("PartNumber", number),
            leaf("LastModified", iso(part.uploaded)),
            leaf("ETag", part.etag),
            leaf("Size", part.size),
            leaf(f"Checksum{algorithm.upper()}", part.checksum)
            if algorithm and part.checksum
            else None,
        )
        for number, part in page.shown
    ]
    root = branch(
        "ListPartsResult",
        leaf("Bucket", upload.bucket),
        leaf("Key", upload.key),
        leaf("UploadId", upload.id),
        leaf("StorageClass", upload.headers.get("x-amz-storage-class", "STANDARD")),
        leaf("PartNumberMarker", page.after),
        leaf("NextPartNumberMarker", page.shown[-1][0] if page.shown else 0),
        leaf("MaxParts", page.most),
        leaf("IsTruncated", str(page.is_truncated).lower()),
        leaf("ChecksumAlgorithm", algorithm.upper()) if algorithm else None,
        leaf("ChecksumType", "COMPOSITE") if algorithm else None,
        *parts,
    )
    return Answer(200, document(root), dict(XML))


def complete(exchange: Exchange) -> Answer:
    """Make an object of the parts that the body names, and forget the others.

    Raises:
        S3Error: they are not what is here, or the name was to be free.
        Vanished: the client went away.
    """
    store = exchange.store
    if store.checksums == "refuse":
        checksums.refuse_all(exchange.headers)
    upload, only_if_absent = _upload_of(exchange), is_conditional(exchange)
    wanted = wanted_parts(receive_document(exchange))
    with store.guard:
        stored = _assembled(exchange, _upload_of(exchange), wanted)
        store.commit(upload.key, stored, only_if_absent=only_if_absent)
        del store.uploads[upload.id]
    sums = [leaf(f"Checksum{name.upper()}", value) for name, value in stored.checksums.items()]
    body = completed(
        f"http://{exchange.headers.get('host', '')}{exchange.request.seen.path}",
        upload.bucket,
        upload.key,
        stored.etag,
        *sums,
        leaf("ChecksumType", checksum_type(stored.checksums)) if sums else None,
    )
    told = XML | encryption_headers(stored.encryption) | version_headers(stored)
    return Answer(200, body, told)


def _assembled(exchange: Exchange, upload: Upload, wanted: list[Wanted]) -> StoredObject:
    store, headers = exchange.store, exchange.headers
    parts = chosen(upload, wanted, store.smallest_part)
    opaque = None if is_md5(store, upload.encryption) else store.opaque_tag()
    whole = joined(parts, opaque)
    told = headers.get("x-amz-mp-object-size")
    if told is not None and told != str(whole.size):
        message = "The provided 'x-amz-mp-object-size' header does not match what was computed."
        raise invalid("InvalidRequest", message)
    stored = described(store, upload.key, upload.headers)
    stored.metadata, stored.encryption = upload.metadata, upload.encryption
    stored.data, stored.size, stored.etag = whole.data, whole.size, whole.etag
    algorithm = upload.algorithm
    if algorithm:
        value = checksums.composite(algorithm, [part.checksum or "" for part in parts])
        _expect_composite(headers.get(checksums.PREFIX + algorithm), algorithm, value)
        stored.checksums = {algorithm: value}
    return stored


def _expect_composite(sent: str | None, algorithm: str, value: str) -> None:
    """Hold the checksum of all, which may come without the number of parts, against ours."""
    if sent is not None and sent not in (value, value.partition("-")[0]):
        raise checksums.bad_digest(algorithm)


def abort(exchange: Exchange) -> Answer:
    """Forget an upload and its parts.

    Raises:
        S3Error: it is not there.
    """
    with exchange.store.guard:
        del exchange.store.uploads[_upload_of(exchange).id]
    return Answer(204)
