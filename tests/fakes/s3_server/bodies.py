"""Bodies on their way in: counted, hashed, held against what was said of them."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from tests.fakes.http_server import Request
from tests.fakes.s3_server import checksums
from tests.fakes.s3_server.checksums import Hasher
from tests.fakes.s3_server.errors import (
    S3Error,
    invalid,
    invalid_argument,
    not_implemented,
)
from tests.fakes.s3_server.faults import Exchange
from tests.fakes.s3_server.signature import UNSIGNED

_FLIPPED: Final = bytes(byte ^ 0xFF for byte in range(256))
_HASH: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Content:
    """A body that is here, whole.

    `data` is None where bytes are not kept, `md5` empty where nothing is hashed, and `checksum` the
    algorithm and the value that came along.
    """

    data: bytes | None
    size: int
    md5: bytes
    checksum: tuple[str, str] | None


def receive(exchange: Exchange) -> Content:
    """Take the body of an object or a part.

    Raises:
        S3Error: it is not what was said of it, too large, or of unknown length.
        Vanished: the client went away.
    """
    store, request = exchange.store, exchange.request
    expect_length(request)
    size = request.body.length or 0
    if size > store.largest_body:
        raise _too_large(size, store.largest_body)
    taker = _Taker(exchange)
    if store.object_lock and not (taker.content_md5 or taker.checksum):
        message = (
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object and Put Part "
            "requests with Object Lock parameters"
        )
        raise invalid("InvalidRequest", message)
    taker.take()
    return taker.content()


def receive_document(exchange: Exchange) -> bytes:
    """Take a body that is looked at: a document.

    Raises:
        S3Error: it is not what was signed.
        Vanished: the client went away.
    """
    body = exchange.request.body.read()
    store, expected = exchange.store, _signed_hash(exchange)
    actual = hashlib.sha256(body).hexdigest()
    if expected and store.verifies_payload and store.hashing and expected != actual:
        raise _payload_mismatch(expected, actual)
    return body


def expect_length(request: Request) -> None:
    """Check that the client says how long the body is.

    Raises:
        S3Error: it does not.
    """
    if request.body.length is None:
        raise not_implemented("Transfer-Encoding")
    if "content-length" not in request.headers:
        message = "You must provide the Content-Length HTTP header."
        raise S3Error(411, "MissingContentLength", message)


def _too_large(size: int, most: int) -> S3Error:
    message = "Your proposed upload exceeds the maximum allowed size"
    told = {"ProposedSize": str(size), "MaxSizeAllowed": str(most)}
    return S3Error(400, "EntityTooLarge", message, told, early=True)


def _payload_mismatch(expected: str, actual: str) -> S3Error:
    message = "The provided 'x-amz-content-sha256' header does not match what was computed."
    told = {"ClientComputedContentSHA256": expected, "S3ComputedContentSHA256": actual}
    return S3Error(400, "XAmzContentSHA256Mismatch", message, told)


def _signed_hash(exchange: Exchange) -> str | None:
    """Return the hash that the body must have; None where it is not signed."""
    payload = exchange.claim.payload if exchange.claim else UNSIGNED
    if payload == UNSIGNED:
        return None
    if payload.startswith("STREAMING-"):
        raise not_implemented("x-amz-content-sha256")
    if not _HASH.fullmatch(payload):
        message = (
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or"
            " a valid sha256 value."
        )
        raise invalid_argument(message, "x-amz-content-sha256", payload)
    return payload


def _md5_header(value: str | None) -> bytes | None:
    if value is None:
        return None
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != hashlib.md5(usedforsecurity=False).digest_size:
        told = {"Content-MD5": value}
        raise S3Error(400, "InvalidDigest", "The Content-MD5 you specified was invalid.", told)
    return digest


class _Taker:
    """Takes one body, with as little work as the store allows."""

    def __init__(self, exchange: Exchange) -> None:
        store = exchange.store
        self._body = exchange.request.body
        self._spoils = exchange.spoils or store.spoils
        self._data = bytearray() if store.keep_bytes else None
        self.content_md5 = _md5_header(exchange.headers.get("content-md5"))
        self.checksum = _sent_checksum(exchange)
        signed = _signed_hash(exchange)
        self._signed = signed if store.verifies_payload and store.hashing else None
        self._stored_md5 = hashlib.md5(usedforsecurity=False) if store.hashing else None
        self._hashers: dict[str, Hasher] = {}
        if self._signed:
            self._hashers["sha256"] = hashlib.sha256()
        is_verified = store.hashing and store.checksums == "verify" and self.checksum is not None
        self._verified = self.checksum[0] if is_verified and self.checksum else None
        if self._verified:
            self._hashers.setdefault(self._verified, checksums.HASHERS[self._verified]())
        if store.hashing and self.content_md5 and self._spoils:
            self._hashers["md5"] = hashlib.md5(usedforsecurity=False)

    def take(self) -> None:
        """Read all of the body."""
        looked_at = self._data is not None or self._stored_md5 is not None
        for piece in self._body.pieces(looked_at=looked_at):
            if looked_at:
                self._add(piece)
        self._check()

    def _add(self, piece: memoryview) -> None:
        for hasher in self._hashers.values():
            hasher.update(piece)
        kept: bytes | memoryview = bytes(piece).translate(_FLIPPED) if self._spoils else piece
        if self._stored_md5 is not None:
            self._stored_md5.update(kept)
        if self._data is not None:
            self._data += kept

    def _check(self) -> None:
        """Hold what has come against what was said of it, in the order of S3."""
        if self._signed and self._hashers["sha256"].digest().hex() != self._signed:
            raise _payload_mismatch(self._signed, self._hashers["sha256"].digest().hex())
        arrived = self._hashers.get("md5", self._stored_md5)
        if self.content_md5 and arrived and arrived.digest() != self.content_md5:
            message = "The Content-MD5 you specified did not match what we received."
            told = {
                "ExpectedDigest": self.content_md5.hex(),
                "CalculatedDigest": checksums.encoded(arrived.digest()),
            }
            raise S3Error(400, "BadDigest", message, told)
        if self._verified and self.checksum:
            digest = self._hashers[self._verified].digest()
            if checksums.encoded(digest) != self.checksum[1]:
                raise checksums.bad_digest(self._verified)

    def content(self) -> Content:
        """Return what has come."""
        data = None if self._data is None else bytes(self._data)
        digest = b"" if self._stored_md5 is None else self._stored_md5.digest()
        return Content(data, self._body.length or 0, digest, self.checksum)


def _sent_checksum(exchange: Exchange) -> tuple[str, str] | None:
    mode = exchange.store.checksums
    if mode == "refuse":
        checksums.refuse_all(exchange.headers)
    return None if mode in ("ignore", "refuse") else checksums.sent_checksum(exchange.headers)
