"""Resumable uploads: the client's part of the tus protocol 1.0.0, and nothing about meaning.

Source: https://tus.io/protocols/resumable-upload (core protocol, creation, termination,
expiration). What a server's refusal means, and what is to be done then, its caller knows.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

from zoomsync_agent.supabase.requests import Body, Refused, Requests

_VERSION: Final = {"Tus-Resumable": "1.0.0"}
_BODY: Final = {"Content-Type": "application/offset+octet-stream"}
_PROBE: Final = httpx.Timeout(20.0, connect=15.0)
_CHUNK: Final = httpx.Timeout(120.0, connect=15.0)
_LAST_CHUNK: Final = httpx.Timeout(120.0, connect=15.0, read=1800.0)
"""A server puts the whole object together before it answers the last request. Whoever hangs up
meanwhile may lose the finished upload, so this waits longer than that ever takes."""
_GONE: Final = (404, 410)


class NoSuchUpload(Exception):
    """The server does not know the upload (any more)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A half-finished upload: its address and how many of its bytes are durable."""

    url: str
    offset: int


class Tus:
    """Uploads to one server.

    Args:
        requests: sends a request with whatever lets it in.
        endpoint: the address at which uploads are created.
    """

    def __init__(self, requests: Requests, endpoint: str) -> None:
        self._requests = requests
        self._endpoint = endpoint.rstrip("/")

    def knows(self, url: str) -> bool:
        """Return whether *url* can be an upload of this server; a token goes nowhere else."""
        return url.startswith(self._endpoint + "/")

    def largest(self) -> int | None:
        """Return how many bytes an upload may have; None where the server does not say.

        Raises:
            Refused, httpx.HTTPError: it could not be asked.
        """
        response = self._requests.send("OPTIONS", self._endpoint, headers=_VERSION, timeout=_PROBE)
        return _number(response.headers.get("tus-max-size"))

    def create(self, length: int, metadata: Mapping[str, str], more: Mapping[str, str]) -> Upload:
        """Begin an upload.

        Args:
            length: of the whole, in bytes; more than none.
            metadata: what the server is told about it; names are ASCII without spaces.
            more: further headers.

        Raises:
            Refused, httpx.HTTPError: it could not be begun.
        """
        response = self._requests.send(
            "POST",
            self._endpoint,
            headers={
                **_VERSION,
                **more,
                "Content-Length": "0",
                "Upload-Length": str(length),
                "Upload-Metadata": ",".join(
                    f"{name} {base64.b64encode(value.encode()).decode()}"
                    for name, value in metadata.items()
                ),
            },
            timeout=_PROBE,
        )
        return Upload(self._ours(response.headers.get("location", "")), 0)

    def _ours(self, location: str) -> str:
        """Return the address of an upload on the server that we know.

        Behind a proxy a server may name itself wrongly; only the last part, the upload's own
        name, counts.
        """
        try:
            name = urlsplit(location).path.rstrip("/").rpartition("/")[2]
        except ValueError:  # as in http://[
            name = ""
        if not name:
            raise httpx.RemoteProtocolError("the server named no upload")
        return f"{self._endpoint}/{name}"

    def look(self, url: str) -> Upload:
        """Return how far an upload is. Not to be called while a part of it is being sent.

        Raises:
            NoSuchUpload: it does not exist, has expired, or is somebody else's.
            Refused, httpx.HTTPError: it could not be asked; 423 and 503 mean that it is busy.
        """
        try:
            response = self._requests.send(
                "HEAD", url, headers=_VERSION, timeout=_PROBE, is_blank_expiry=True
            )
        except Refused as exc:
            if exc.answer.status in (*_GONE, 400, 403):
                raise NoSuchUpload from exc
            raise
        offset = _number(response.headers.get("upload-offset"))
        if offset is None:
            raise httpx.RemoteProtocolError("the server told no offset")
        return Upload(url, offset)

    def append(self, upload: Upload, count: int, body: Body, *, is_last: bool) -> Upload:
        """Send the next *count* bytes and return how far the upload is then.

        The server may have kept fewer than were sent, and says so.

        Raises:
            NoSuchUpload: it does not exist any more, or has expired.
            Refused, httpx.HTTPError: how far it is now, only `look` can tell.
        """
        try:
            response = self._requests.send(
                "PATCH",
                upload.url,
                headers={
                    **_VERSION,
                    **_BODY,
                    "Upload-Offset": str(upload.offset),
                    "Content-Length": str(count),
                },
                body=body,
                timeout=_LAST_CHUNK if is_last else _CHUNK,
            )
        except Refused as exc:
            if exc.answer.status in _GONE:
                raise NoSuchUpload from exc
            raise
        offset = _number(response.headers.get("upload-offset"))
        if offset is None or not upload.offset <= offset <= upload.offset + count:
            raise httpx.RemoteProtocolError("the server told an impossible offset")
        return Upload(upload.url, offset)

    def drop(self, url: str) -> None:
        """End an upload and free what it holds; without effect where that is done or too late.

        Raises:
            Refused, httpx.HTTPError: it could not be asked for.
        """
        try:
            self._requests.send("DELETE", url, headers=_VERSION, timeout=_PROBE)
        except Refused as exc:
            if exc.answer.status not in (*_GONE, 400, 403, 409):
                raise


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
