"""Objects of a Supabase bucket by Storage's REST interface: look, send small ones, sign, delete.

Source: Supabase Storage, `/object` routes. Nearly every refusal is an HTTP 400 whose body holds
the true status; `supabase.answers` has undone that before it is judged here.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx

from zoomsync_agent.core.recording import ObjectKey, Outgoing
from zoomsync_agent.supabase.answers import Answer
from zoomsync_agent.supabase.requests import Body, Refused, Requests

SHA256: Final = "sha256"
"""Under this name an object tells, in its own metadata, the hash of its content."""
_READ_BYTES: Final = 1 << 20
_OK: Final = 200
_NOT_FOUND: Final = 404
_PAGE: Final = 1000
_UPLOAD: Final = httpx.Timeout(120.0, connect=15.0)


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What Storage tells of an object; *etag* without quotes, *sha256* as its sender told it."""

    size: int
    etag: str
    sha256: str
    checksum: str = ""
    version: str = ""
    """Another one each time something is put there."""


class Objects:
    """The objects of one bucket.

    Args:
        requests: sends a request as who we are.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._storage = requests.project.storage
        self._bucket = requests.project.bucket

    def facts(self, key: ObjectKey) -> ObjectFacts | None:
        """Return what is known of an object; None where there is none that we may see.

        Raises:
            Refused, httpx.HTTPError: it could not be looked at.
        """
        try:
            response = self._requests.send("GET", self._url("object/info", key))
        except Refused as exc:
            # Not any 404: a gateway whose project is away says that too.
            if exc.answer.status == _NOT_FOUND and _names_an_object(exc.answer):
                return None
            raise
        told = _mapping(response)
        metadata = told.get("metadata")
        sha256 = metadata.get(SHA256, "") if isinstance(metadata, dict) else ""
        size = told.get("size")
        if not isinstance(size, int):
            raise httpx.RemoteProtocolError("the server told no size")
        return ObjectFacts(
            size,
            str(told.get("etag", "")).strip('"'),
            str(sha256),
            version=str(told.get("version", "")),
        )

    def put(self, outgoing: Outgoing, body: Body) -> None:
        """Send a small object in one request; never over another one.

        Raises:
            Refused, httpx.HTTPError: it may or may not be there.
        """
        described = json.dumps({SHA256: outgoing.sha256}).encode()
        self._requests.send(
            "POST",
            self._url("object", outgoing.key),
            headers={
                "Content-Type": outgoing.content_type,
                "Content-Length": str(outgoing.size),
                "Cache-Control": "max-age=3600",
                "x-upsert": "false",
                "x-metadata": base64.b64encode(described).decode(),
            },
            body=body,
            timeout=_UPLOAD,
        )

    def delete(self, key: ObjectKey) -> None:
        """Delete an object, should it be there.

        Raises:
            Refused, httpx.HTTPError: it could not be asked for.
        """
        try:
            self._requests.send("DELETE", self._url("object", key))
        except Refused as exc:
            if exc.answer.status != _NOT_FOUND:
                raise

    def sign(self, key: ObjectKey, seconds: int) -> str:
        """Return a link with which anybody can read the object for *seconds*.

        Raises:
            Refused, httpx.HTTPError: there is none to be had.
        """
        told = _mapping(
            self._requests.send("POST", self._url("object/sign", key), json={"expiresIn": seconds})
        )
        path = str(told.get("signedURL", ""))
        if not path.startswith("/"):
            raise httpx.RemoteProtocolError("the server told no link")
        return self._storage + path

    def sizes_below(self, folder: str) -> dict[str, int]:
        """Return the objects in *folder*, at any depth: their sizes in bytes by key.

        Raises:
            Refused, httpx.HTTPError: they could not be listed.
        """
        found: dict[str, int] = {}
        cursor: str | None = None
        while True:
            asked = {"prefix": folder, "limit": _PAGE, "with_delimiter": False}
            told = _mapping(
                self._requests.send(
                    "POST",
                    f"{self._storage}/object/list-v2/{self._bucket}",
                    json=asked if cursor is None else {**asked, "cursor": cursor},
                )
            )
            for key, size in _sizes(told.get("objects")):
                found[key if key.startswith(folder) else folder + key] = size
            before, cursor = cursor, told.get("nextCursor")
            if not told.get("hasNext") or not cursor or cursor == before:
                return found

    def any_below(self, folder: str) -> bool:
        """Return whether we see anything in *folder*.

        Raises:
            Refused, httpx.HTTPError: it could not be looked at.
        """
        response = self._requests.send(
            "POST",
            f"{self._storage}/object/list/{self._bucket}",
            json={"prefix": folder, "limit": 1, "offset": 0},
        )
        told = _json(response)
        if not isinstance(told, list):
            raise httpx.RemoteProtocolError("the server told no list")
        return bool(told)

    def size_limit(self) -> int | None:
        """Return the bucket's own limit in bytes; None where there is none that we may see.

        Raises:
            Refused, httpx.HTTPError: it could not be looked at.
        """
        try:
            told = _mapping(self._requests.send("GET", f"{self._storage}/bucket/{self._bucket}"))
        except Refused as exc:
            if exc.answer.status == _NOT_FOUND:
                return None
            raise
        limit = told.get("file_size_limit")
        return limit if isinstance(limit, int) else None

    def hash(self, key: ObjectKey, expect_time: Callable[[], None]) -> str:
        """Return the SHA-256 of an object, read back whole.

        Args:
            key: names the object.
            expect_time: called before each piece; what it raises ends the reading.

        Raises:
            Refused, httpx.HTTPError: it could not be read.
        """
        link = self.sign(key, 3600)
        digest = hashlib.sha256()
        plain = {"Accept-Encoding": "identity"}
        with self._requests.project.http.stream("GET", link, headers=plain) as response:
            if response.status_code != _OK:
                # No `raise_for_status`: its message holds the link, which lets anybody in.
                raise httpx.RemoteProtocolError(f"HTTP {response.status_code} to reading back")
            for piece in response.iter_bytes(_READ_BYTES):
                expect_time()
                digest.update(piece)
        return digest.hexdigest()

    def _url(self, route: str, key: ObjectKey) -> str:
        return f"{self._storage}/{route}/{self._bucket}/{quote(key)}"


def _names_an_object(answer: Answer) -> bool:
    """Return whether it is an object that was not found; older servers tell no code."""
    return answer.code in ("NoSuchKey", "not_found") or answer.message == "Object not found"


def _sizes(objects: Any) -> Iterator[tuple[str, int]]:
    for one in objects if isinstance(objects, list) else ():
        metadata = one.get("metadata") if isinstance(one, dict) else None
        size = metadata.get("size") if isinstance(metadata, dict) else None
        if isinstance(size, int):
            yield str(one.get("key") or one.get("name") or ""), size


def _mapping(response: httpx.Response) -> dict[str, Any]:
    told = _json(response)
    if not isinstance(told, dict):
        raise httpx.RemoteProtocolError("the server told no JSON object")
    return told


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError) as exc:
        # A network that wants a sign-in of its own answers anything with a page of its own.
        raise httpx.RemoteProtocolError("the server answered something else than JSON") from exc
