"""Objects of a bucket: look, put, read back, list, delete.

Source: Amazon S3 API Reference, PutObject, HeadObject, GetObject, DeleteObject, ListObjectsV2.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

import httpx

from zoomsync_agent.s3.answers import children, document, name_of, number_of
from zoomsync_agent.s3.requests import Body, Refused, Requests

SHA256: Final = "x-amz-meta-sha256"
"""In this header an object tells, as its sender said it, the hash of its content."""
CHECKSUM: Final = "x-amz-checksum-sha256"
"""In this header a store tells, as it found it itself, the hash of an object or of its parts."""
_READ_BYTES: Final = 1 << 20
_NOT_FOUND: Final = 404
_NO_SUCH_RANGE: Final = 416
_UPLOAD: Final = httpx.Timeout(120.0, connect=15.0)


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What a store tells of an object; *etag* without quotes, *checksum* in base64.

    `modified` and `version` are the store's own words; with the rest they tell it from another one
    under the same key.
    """

    size: int
    etag: str
    sha256: str
    checksum: str = ""
    modified: str = ""
    version: str = ""


def in_header(digest: bytes) -> str:
    """Return a digest as it stands in the headers of requests and answers."""
    return base64.b64encode(digest).decode()


def content_md5(content: bytes) -> str:
    """Return what `Content-MD5` says of *content*."""
    return in_header(hashlib.md5(content, usedforsecurity=False).digest())


class Objects:
    """The objects of one bucket, by their keys without the bucket's prefix.

    Args:
        requests: sends signed requests.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def facts(self, key: str) -> ObjectFacts | None:
        """Return what is known of an object; None where there is none, or no such bucket.

        Raises:
            Refused, httpx.HTTPError: it could not be looked at. So it is where one may not list
                the bucket: then a store does not tell what is missing from what is hidden.
        """
        try:
            return self._looked_at(key)
        except Refused as exc:
            if exc.answer.is_transient:
                raise
        # Another one's answer names the reason, and keys or clock may have been set right by it.
        self._expect_no_reason(key)
        return self._looked_at(key)

    def _looked_at(self, key: str) -> ObjectFacts | None:
        try:
            response = self._requests.send(
                "HEAD", key, action="s3:GetObject", headers={"x-amz-checksum-mode": "ENABLED"}
            )
        except Refused as exc:
            if exc.answer.status == _NOT_FOUND:
                return None
            raise
        size = number_of(response.headers.get("content-length", ""))
        etag = response.headers.get("etag", "").strip('"')
        if size is None or not etag:
            raise httpx.RemoteProtocolError("the answer tells of no object")
        return ObjectFacts(
            size,
            etag,
            response.headers.get(SHA256, ""),
            response.headers.get(CHECKSUM, ""),
            response.headers.get("last-modified", ""),
            response.headers.get("x-amz-version-id", ""),
        )

    def _expect_no_reason(self, key: str) -> None:
        """Ask in a way that is answered with a reason: a HEAD is refused without a word.

        Raises:
            Refused: for this reason.
        """
        try:
            # What answers may not know of ranges, and send all of it; nobody reads that.
            action, few = "s3:GetObject, s3:ListBucket", {"Range": "bytes=0-0"}
            with self._requests.reading(key, action=action, headers=few):
                pass
        except Refused as exc:
            is_missing = exc.answer.status == _NOT_FOUND and exc.answer.code != "NoSuchBucket"
            if not is_missing and exc.answer.status != _NO_SUCH_RANGE:
                raise

    def put(
        self,
        key: str,
        body: Body | bytes,
        length: int,
        sha256: str,
        headers: Mapping[str, str],
    ) -> httpx.Response:
        """Send an object in one request.

        Args:
            key: of the object.
            body: all of it.
            length: of *body*, in bytes.
            sha256: what it must hold, in lower-case hex.
            headers: what else is to be known of it.

        Raises:
            Refused, httpx.HTTPError: it may or may not be there.
        """
        return self._requests.send(
            "PUT",
            key,
            action="s3:PutObject",
            headers=headers,
            content=body if isinstance(body, bytes) else None,
            body=None if isinstance(body, bytes) else body,
            length=length,
            payload=sha256,
            timeout=_UPLOAD,
        )

    def delete(self, key: str) -> None:
        """Delete an object, should it be there; a bucket with versions keeps it as an older one.

        Raises:
            Refused, httpx.HTTPError: it could not be asked for.
        """
        try:
            self._requests.send("DELETE", key, action="s3:DeleteObject")
        except Refused as exc:
            if exc.answer.status != _NOT_FOUND or exc.answer.code == "NoSuchBucket":
                raise

    def hash(self, key: str, expect_time: Callable[[], None]) -> str:
        """Return the SHA-256 of an object, read back whole.

        Args:
            key: names the object.
            expect_time: called before each piece; what it raises ends the reading.

        Raises:
            Refused, httpx.HTTPError: it could not be read.
        """
        digest = hashlib.sha256()
        for piece in self.pieces(key):
            expect_time()
            digest.update(piece)
        return digest.hexdigest()

    def pieces(self, key: str) -> Iterator[bytes]:
        """Yield the content of an object.

        Raises:
            Refused, httpx.HTTPError: it could not be read to its end.
        """
        with self._requests.reading(key, action="s3:GetObject") as response:
            yield from response.iter_bytes(_READ_BYTES)

    def sizes(self, below: str = "") -> Iterator[tuple[str, int]]:
        """Yield the keys that begin with *below*, in their order, each with its size in bytes.

        Raises:
            Refused, httpx.HTTPError: they could not be listed.
        """
        prefix = self._requests.bucket.prefix
        more: dict[str, str] = {}
        while True:
            query = {"list-type": "2", "prefix": prefix + below, "encoding-type": "url", **more}
            response = self._requests.send("GET", action="s3:ListBucket", query=query)
            found = document(response)
            if found is None or name_of(found) != "ListBucketResult":
                raise httpx.RemoteProtocolError("the store told no list")
            told = dict(children(found))
            is_escaped = told.get("EncodingType") == "url"
            for key, size in _entries(found):
                yield (unquote_plus(key) if is_escaped else key).removeprefix(prefix), size
            token = told.get("NextContinuationToken", "")
            if told.get("IsTruncated") != "true" or not token:
                return
            more = {"continuation-token": token}

    def any_below(self, below: str) -> bool:
        """Return whether there is a key that begins with *below*.

        Raises:
            Refused, httpx.HTTPError: it could not be looked at.
        """
        return next(self.sizes(below), None) is not None


def _entries(found: ET.Element) -> Iterator[tuple[str, int]]:
    for element in found:
        if name_of(element) == "Contents":
            entry = dict(children(element))
            size = number_of(entry.get("Size", ""))
            if size is not None:
                yield entry.get("Key", ""), size
