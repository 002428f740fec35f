"""Checksums that a client may send along, as headers `x-amz-checksum-…`.

Source: Amazon S3 user guide, "Checking object integrity".
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from tests.fakes.s3_server.errors import S3Error, invalid, not_implemented

PREFIX: Final = "x-amz-checksum-"
_DECLARED: Final = "x-amz-sdk-checksum-algorithm"
_KNOWN: Final = frozenset({"crc32", "crc32c", "crc64nvme", "sha1", "sha256"})


class Hasher(Protocol):
    """Takes bytes and knows their digest."""

    def update(self, data: bytes | memoryview, /) -> object:
        """Take some more."""

    def digest(self) -> bytes:
        """Return the digest of all."""


class Crc32:
    """CRC-32 in the form of a hash."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes | memoryview, /) -> None:
        """Take some more."""
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        """Return it with the highest byte first."""
        return self._value.to_bytes(4, "big")


HASHERS: Final[Mapping[str, Callable[[], Hasher]]] = {
    "crc32": Crc32,
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}


def sent_checksum(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the algorithm, in lower case, and the value of the one checksum in *headers*.

    Raises:
        S3Error: there are several, or it cannot be one.
    """
    found = [(name, headers[PREFIX + name]) for name in sorted(_KNOWN) if PREFIX + name in headers]
    declared = headers.get(_DECLARED, "").lower()
    if declared and declared not in [name for name, _ in found]:
        message = (
            f"{_DECLARED} specified, but no corresponding {PREFIX}* or x-amz-trailer headers were "
            "found."
        )
        raise invalid("InvalidRequest", message)
    if not found:
        return None
    if len(found) > 1:
        message = f"Expecting a single {PREFIX} header. Multiple checksum Types are not allowed."
        raise invalid("InvalidRequest", message)
    algorithm, value = found[0]
    if algorithm not in HASHERS:
        raise not_implemented(PREFIX + algorithm)
    if len(_decoded(value)) != len(HASHERS[algorithm]().digest()):
        message = f"Value for {PREFIX}{algorithm} header is invalid."
        raise invalid("InvalidRequest", message)
    return algorithm, value


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def wanted_algorithm(headers: Mapping[str, str]) -> str | None:
    """Return the algorithm, in lower case, that an upload is to be begun with.

    Raises:
        S3Error: there is none of that name.
    """
    name = headers.get("x-amz-checksum-algorithm", "").lower()
    if name and name not in _KNOWN:
        message = (
            "Checksum algorithm provided is unsupported. Please try again with any of the valid "
            "types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
        )
        raise invalid("InvalidRequest", message)
    if name and name not in HASHERS:
        raise not_implemented("x-amz-checksum-algorithm")
    return name or None


def refuse_all(headers: Mapping[str, str]) -> None:
    """Refuse every header that is about checksums.

    Raises:
        S3Error: there is one.
    """
    for name in headers:
        if name.startswith(PREFIX) or name == _DECLARED:
            raise not_implemented(name)


def encoded(digest: bytes) -> str:
    """Return a digest as headers show it."""
    return base64.b64encode(digest).decode()


def composite(algorithm: str, values: Iterable[str]) -> str:
    """Return the checksum of the checksums of parts."""
    hasher, count = HASHERS[algorithm](), 0
    for count, value in enumerate(values, 1):  # noqa: B007  the number of them is needed
        hasher.update(_decoded(value))
    return f"{encoded(hasher.digest())}-{count}"


def bad_digest(algorithm: str) -> S3Error:
    """Return the refusal of bytes that are not those of the checksum."""
    message = f"The {algorithm.upper()} you specified did not match the calculated checksum."
    return invalid("BadDigest", message)
