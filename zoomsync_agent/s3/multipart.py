"""Uploads in parts: the client's part of S3's protocol, and nothing about meaning.

Source: Amazon S3 API Reference, CreateMultipartUpload, UploadPart, ListParts,
CompleteMultipartUpload, AbortMultipartUpload, ListMultipartUploads; "Amazon S3 multipart upload
limits" (10,000 parts of 5 MiB to 5 GiB).
"""

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import httpx

from zoomsync_agent.core.rows import epoch
from zoomsync_agent.s3.answers import answer_of, children, document, name_of, number_of
from zoomsync_agent.s3.objects import CHECKSUM
from zoomsync_agent.s3.requests import Body, Refused, Requests

MOST_PARTS: Final = 10_000
_MIB: Final = 1 << 20
_PART: Final = httpx.Timeout(120.0, connect=15.0, write=60.0)
"""A peer that reads nothing for a minute is gone; one that has all may take longer to answer."""
_COMPLETE: Final = httpx.Timeout(60.0, connect=15.0, read=1800.0)
"""A store may put a large object together for minutes before it answers."""
_NOT_FOUND: Final = 404
_MD5: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Part:
    """One part as the store has it; *etag* without quotes, *checksum* in base64 where it is kept.

    `size` is None where the store does not tell it, and so is `modified`, in epoch seconds.
    """

    number: int
    etag: str
    size: int | None = None
    checksum: str = ""
    is_md5: bool = True
    """Whether *etag* may be the MD5 of the part: not so where the store encrypts with its keys."""
    modified: float | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The parts of an upload, by number, and the kind of checksum that it wants with each."""

    parts: Mapping[int, Part]
    algorithm: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """An unfinished upload as the store lists it.

    `initiated` is in epoch seconds, None where the store does not tell it in a way that is known.
    """

    key: str
    upload_id: str
    initiated: float | None


class NoSuchUpload(Exception):
    """The store does not know the upload (any more)."""


def part_bytes(size: int, wanted: int) -> int:
    """Return how large the parts of a file of *size* bytes are: *wanted*, or as large as need be.

    Whole MiB where it is more than *wanted*, so that the same file is always cut the same way.
    """
    least = -(-size // MOST_PARTS)
    return wanted if least <= wanted else -(-least // _MIB) * _MIB


def etag_of_parts(etags: Sequence[str]) -> str:
    """Return the ETag of an object that was put together of parts with these; empty if not of MD5.

    Stores that encrypt have ETags of another kind, which tell nothing of the whole.
    """
    if not all(_MD5.fullmatch(etag) for etag in etags):
        return ""
    whole = hashlib.md5(b"".join(map(bytes.fromhex, etags)), usedforsecurity=False)
    return f"{whole.hexdigest()}-{len(etags)}"


def may_be_md5(response: httpx.Response) -> bool:
    """Return whether an ETag may be made of MD5s: not so where a store encrypts with keys."""
    return not response.headers.get("x-amz-server-side-encryption", "").startswith("aws:kms")


class Multipart:
    """Uploads in parts to one bucket.

    Args:
        requests: sends signed requests.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def now(self) -> float:
        """Return the time in epoch seconds, by the clock that the store's dates are of."""
        return self._requests.store_time()

    def create(self, key: str, headers: Mapping[str, str]) -> str:
        """Begin an upload and return its id.

        Args:
            key: of the object that it will be.
            headers: what is to be known of the object.

        Raises:
            Refused, httpx.HTTPError: it could not be begun.
        """
        response = self._requests.send(
            "POST", key, action="s3:PutObject", query={"uploads": ""}, headers=headers
        )
        found = document(response)
        upload_id = dict(children(found)).get("UploadId", "") if found is not None else ""
        if not upload_id:
            raise httpx.RemoteProtocolError("the store named no upload")
        return upload_id

    def send(
        self,
        key: str,
        upload_id: str,
        number: int,
        body: Body,
        length: int,
        payload: str,
        headers: Mapping[str, str],
    ) -> Part:
        """Send one part, in place of an earlier one of the same number.

        Raises:
            NoSuchUpload: it does not exist any more.
            Refused, httpx.HTTPError: it may or may not be there.
        """
        with _upload_known():
            response = self._requests.send(
                "PUT",
                key,
                action="s3:PutObject",
                query={"partNumber": str(number), "uploadId": upload_id},
                headers=headers,
                body=body,
                length=length,
                payload=payload,
                timeout=_PART,
            )
        etag = response.headers.get("etag", "").strip('"')
        if not etag:
            raise httpx.RemoteProtocolError("the store named no part")
        return Part(
            number, etag, length, response.headers.get(CHECKSUM, ""), is_md5=may_be_md5(response)
        )

    def parts(self, key: str, upload_id: str) -> Listing:
        """Return the parts that the store has.

        Raises:
            NoSuchUpload: it does not exist any more.
            Refused, httpx.HTTPError: it could not be asked.
        """
        parts: dict[int, Part] = {}
        marker = "0"
        while True:
            with _upload_known():
                response = self._requests.send(
                    "GET",
                    key,
                    action="s3:ListMultipartUploadParts",
                    query={"uploadId": upload_id, "part-number-marker": marker},
                )
            found = document(response)
            if found is None:
                raise httpx.RemoteProtocolError("the store told no parts")
            for part in _parts(found):
                parts[part.number] = part
            told = dict(children(found))
            before, marker = marker, told.get("NextPartNumberMarker", "")
            if told.get("IsTruncated") != "true" or marker in ("", "0", before):
                return Listing(parts, told.get("ChecksumAlgorithm", ""))

    def complete(
        self, key: str, upload_id: str, parts: Sequence[Part], headers: Mapping[str, str]
    ) -> bool:
        """Let the parts become the object; return whether its ETag may be made of MD5s.

        Raises:
            NoSuchUpload: it does not exist any more; the object may be there.
            Refused, httpx.HTTPError: the object may or may not be there.
        """
        told = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>&quot;{escape(part.etag)}&quot;"
            f"</ETag>{_checksum(part)}</Part>"
            for part in parts
        )
        content = (
            '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"{told}</CompleteMultipartUpload>"
        ).encode()
        with _upload_known():
            response = self._requests.send(
                "POST",
                key,
                action="s3:PutObject",
                query={"uploadId": upload_id},
                headers={"Content-Type": "application/xml", **headers},
                content=content,
                payload=hashlib.sha256(content).hexdigest(),
                timeout=_COMPLETE,
            )
            found = document(response)
            if found is not None and name_of(found) == "Error":
                # The status was sent before the store knew how it would end.
                raise Refused(answer_of(response), "s3:PutObject")
        return may_be_md5(response)

    def abort(self, key: str, upload_id: str) -> None:
        """End an upload and free what it holds; without effect where that is done or too late.

        Raises:
            Refused, httpx.HTTPError: it could not be asked for.
        """
        try:
            self._requests.send(
                "DELETE", key, action="s3:AbortMultipartUpload", query={"uploadId": upload_id}
            )
        except Refused as exc:
            if exc.answer.status != _NOT_FOUND or exc.answer.code == "NoSuchBucket":
                raise

    def unfinished(self, below: str) -> Iterator[Begun]:
        """Yield the unfinished uploads whose keys begin with *below*.

        Raises:
            Refused, httpx.HTTPError: they could not be listed.
        """
        prefix = self._requests.bucket.prefix
        more: dict[str, str] = {}
        while True:
            try:
                response = self._requests.send(
                    "GET",
                    action="s3:ListBucketMultipartUploads",
                    query={"uploads": "", "prefix": prefix + below, **more},
                )
            except Refused as exc:
                if exc.answer.code == "NoSuchUpload":
                    return  # so rclone says that there are none
                raise
            found = document(response)
            if found is None:
                raise httpx.RemoteProtocolError("the store told no uploads")
            for element in found:
                if name_of(element) == "Upload":
                    told = dict(children(element))
                    key = told.get("Key", "")
                    # Some stores list all of them, whatever was asked for.
                    if key.startswith(prefix + below):
                        yield Begun(
                            key.removeprefix(prefix),
                            told.get("UploadId", ""),
                            _epoch(told.get("Initiated", "")),
                        )
            told = dict(children(found))
            marker = told.get("NextKeyMarker", "")
            if told.get("IsTruncated") != "true" or not marker:
                return
            after = {"key-marker": marker, "upload-id-marker": told.get("NextUploadIdMarker", "")}
            if after == more:
                return
            more = after


@contextlib.contextmanager
def _upload_known() -> Iterator[None]:
    """Tell that an upload is not known from every other refusal.

    Raises:
        NoSuchUpload: it is not.
    """
    try:
        yield
    except Refused as exc:
        answer = exc.answer
        is_missing = answer.status == _NOT_FOUND and answer.code in ("", "NoSuchKey", "NotFound")
        if (is_missing and not answer.is_page) or answer.code == "NoSuchUpload":
            raise NoSuchUpload from exc
        raise


def _checksum(part: Part) -> str:
    if not part.checksum:
        return ""
    return f"<ChecksumSHA256>{escape(part.checksum)}</ChecksumSHA256>"


def _parts(found: ET.Element) -> Iterator[Part]:
    for element in found:
        if name_of(element) != "Part":
            continue
        told = dict(children(element))
        number = number_of(told.get("PartNumber", ""))
        if number is not None:
            yield Part(
                number,
                told.get("ETag", "").strip('"'),
                number_of(told.get("Size", "")),
                told.get("ChecksumSHA256", ""),
                modified=_epoch(told.get("LastModified", "")),
            )


def _epoch(text: str) -> float | None:
    try:
        return epoch(text)
    except (ValueError, OverflowError, OSError):
        return None
