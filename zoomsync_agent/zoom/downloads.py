"""Recording files on their way from Zoom: whose token goes where, and what is no recording.

Source: Zoom API reference ("download_url"); what developers have published for what it leaves out:
a redirect to a store whose signed address soon ends, pages and refusals that come with status 200.
"""

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from zoomsync_agent.core.errors import DownloadRefused, RemoteUnavailable
from zoomsync_agent.http import network_error, new_client

STALL_SECONDS: Final = 60.0
"""A download of which nothing has come for so long is broken off, and goes on from there."""
_REDIRECTS: Final = 5
_PIECE_BYTES: Final = 1 << 18
_WORTHWHILE_BYTES: Final = 1 << 17
"""Less is not handed on by itself."""
_GATHER_SECONDS: Final = 0.2
"""For more of a portion nobody waits longer."""
_PARTIAL: Final = 206
_RANGE: Final = 416
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_REFUSED: Final = (401, 403)
_MOVED: Final = (301, 302, 303, 307, 308)
_PAGES: Final = ("text/html", "application/xhtml")
_JSON: Final = "application/json"
_DOING: Final = "download from Zoom"


class RangeRefused(Exception):
    """There is nothing at the offset that was asked for: begin anew."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The bytes of a file from `offset` on. `total` is the size of the whole; None: not told."""

    offset: int
    total: int | None
    etag: str
    response: httpx.Response

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes as they come.

        Raises:
            NetworkUnavailable, RemoteUnavailable: they ended too soon, or none came for long.
        """
        try:
            left = self._length()
            connection = self.response.extensions.get("network_stream")
            if left <= _PIECE_BYTES or connection is None or not _hands_over_all():
                yield from self.response.iter_raw(_PIECE_BYTES)
            else:
                yield from self._straight(connection, left)
        except httpx.HTTPError as exc:
            raise _no_answer(exc, str(self.response.url)) from exc

    def _length(self) -> int:
        """Return how many bytes come, as they are; 0 where that is not told."""
        headers = self.response.headers
        is_told = "transfer-encoding" not in headers
        return (_number(headers.get("content-length", "")) or 0) if is_told else 0

    def _straight(self, connection: "_Connection", left: int) -> Iterator[bytes]:
        """Yield *left* bytes as the connection gives them; it serves nothing else then.

        On their way through httpx all bytes are copied four times.
        """
        import httpcore  # noqa: PLC0415  not before `zoomsync_agent.http` has loaded it

        # Kept until the end: the connection is closed as soon as nobody holds it.
        ahead = self.response.iter_raw()
        piece = next(ahead, b"")
        stall_seconds = self.response.request.extensions["timeout"]["read"]
        while piece:
            yield piece
            left -= len(piece)
            try:
                piece = _read(connection, min(left, _PIECE_BYTES), stall_seconds)
            except httpcore.TimeoutException as exc:
                raise httpx.ReadTimeout(str(exc)) from exc
            except httpcore.NetworkError as exc:
                raise httpx.ReadError(str(exc)) from exc
        if left:
            raise httpx.RemoteProtocolError(f"the answer ended {left} bytes too soon")


class _Connection(Protocol):
    """What httpx gives as `network_stream`."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return some bytes, none at the end."""
        ...


def _read(connection: _Connection, most: int, stall_seconds: float) -> bytes:
    """Return the next bytes, none at the end. Over TLS they come in small portions."""
    import httpcore  # noqa: PLC0415  not before `zoomsync_agent.http` has loaded it

    portions = [connection.read(most, stall_seconds) if most else b""]
    while portions[-1] and sum(map(len, portions)) < min(most, _WORTHWHILE_BYTES):
        try:
            portions.append(connection.read(most - sum(map(len, portions)), _GATHER_SECONDS))
        except httpcore.ReadTimeout:
            break  # a slow line: what has come counts, and whoever waits is asked
    return b"".join(portions)


@functools.cache
def _hands_over_all() -> bool:
    """Return whether the first piece of an answer is all that has been read of it so far.

    So it is, but nobody promises it; were it otherwise, bytes would be lost in the middle.
    """
    import h11  # noqa: PLC0415  comes with httpx

    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("host", "localhost")]))
    reader.send(h11.EndOfMessage())
    begun = bytes(2 * _PIECE_BYTES)
    reader.receive_data(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n" + begun)
    reader.next_event()
    piece = reader.next_event()
    return isinstance(piece, h11.Data) and len(piece.data) == len(begun)


class Downloads:
    """Opens downloads. Thread-safe.

    Args:
        zoom: base address of Zoom's sign-in; whoever lies below its host is Zoom.
        stall_seconds: how long nothing may come.
    """

    def __init__(self, zoom: str, *, stall_seconds: float = STALL_SECONDS) -> None:
        self._zoom = urlsplit(zoom)
        self._timeout = httpx.Timeout(stall_seconds, connect=15.0)
        self._client = new_client(zoom)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextlib.contextmanager
    def opened(self, url: str, token: str, offset: int, *, is_json: bool) -> Iterator[Stream]:
        """Give the bytes of a file from *offset* on, or from its beginning.

        The token goes to the host of *url* alone. What it redirects to is asked without it, and is
        kept nowhere: its address opens the file for whoever has it.

        Args:
            url: as Zoom has just told it.
            token: of whoever may download.
            offset: how many bytes are here already.
            is_json: whether the file itself is JSON, and an answer of JSON is no refusal.

        Raises:
            DownloadRefused: Zoom does not hand it out to this token, or not at all.
            RangeRefused: the file is not longer than *offset*.
            NetworkUnavailable, RemoteUnavailable: there is no proper answer.
        """
        if not self.is_zooms(url):
            raise DownloadRefused(f"{_DOING}: the address is not one of Zoom's")
        response = self._follow(url, token, offset)
        try:
            yield _checked(response, offset, is_json=is_json)
        finally:
            response.close()

    def size_of(self, url: str, token: str) -> int | None:
        """Return how large a text is; None where Zoom does not tell.

        Raises:
            As `opened`.
        """
        with self.opened(url, token, 0, is_json=False) as stream:
            return stream.total

    def is_zooms(self, url: str) -> bool:
        """Return whether an address may be told a token."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        known = self._zoom.hostname or ""
        if parts.scheme != self._zoom.scheme:
            return False
        return host == known or (parts.scheme == "https" and host.endswith(f".{known}"))

    def _follow(self, url: str, token: str, offset: int) -> httpx.Response:
        bearer: str | None = token
        retried = False
        first = _place(url)
        for _ in range(_REDIRECTS):
            response = self._ask(url, bearer, offset)
            if response.status_code in _MOVED:
                target = response.headers.get("location", "")
                response.close()
                url = self._target(url, target)
                bearer = token if bearer is not None and _place(url) == first else None
            elif (
                response.status_code in _REFUSED
                and bearer is None
                and not retried
                and self.is_zooms(url)
            ):
                # Nobody says whether Zoom's own store wants to see the token.
                response.close()
                bearer, retried = token, True
            else:
                return response
        raise RemoteUnavailable(f"{_DOING}: it is redirected again and again")

    def _target(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        scheme = urlsplit(target).scheme
        if not location or scheme not in ("https", self._zoom.scheme):
            raise RemoteUnavailable(f"{_DOING}: it is redirected to nowhere")
        return target

    def _ask(self, url: str, bearer: str | None, offset: int) -> httpx.Response:
        headers = {"Accept-Encoding": "identity"}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        if offset:
            headers["Range"] = f"bytes={offset}-"
        request = self._client.build_request("GET", url, headers=headers, timeout=self._timeout)
        try:
            return self._client.send(request, stream=True)
        except httpx.InvalidURL as exc:
            raise DownloadRefused(f"{_DOING}: it leads to an address that is none") from exc
        except httpx.HTTPError as exc:
            raise _no_answer(exc, url) from exc


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _no_answer(exc: httpx.HTTPError, url: str) -> Exception:
    # The host alone: the rest of the address opens the file for whoever has it.
    host = urlsplit(url).hostname or ""
    return network_error(exc, host, _DOING, setting="the network")


def _checked(response: httpx.Response, offset: int, *, is_json: bool) -> Stream:
    """Return the bytes of an answer that is one.

    Raises:
        DownloadRefused, RangeRefused, RemoteUnavailable: it is none.
    """
    status = response.status_code
    if status == _RANGE and offset:
        raise RangeRefused
    if status >= _SERVER_FAULT or status == _TOO_MANY:
        raise RemoteUnavailable(f"{_DOING}: HTTP {status}")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not response.is_success:
        raise DownloadRefused(f"{_DOING}: HTTP {status}")
    if kind.startswith(_PAGES):
        raise DownloadRefused(f"{_DOING}: a page came instead of the file")
    if kind == _JSON and not is_json:
        raise DownloadRefused(f"{_DOING}: a refusal came instead of the file")
    length = _number(response.headers.get("content-length", ""))
    etag = response.headers.get("etag", "")
    if status != _PARTIAL:
        return Stream(0, length, etag, response)
    span, _, total = response.headers.get("content-range", "").partition("/")
    begin = span.removeprefix("bytes").strip().partition("-")[0]
    if _number(begin) != offset:
        raise RemoteUnavailable(f"{_DOING}: another part came than was asked for")
    return Stream(offset, _number(total), etag, response)


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else None
