"""Sends signed requests to one bucket."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from zoomsync_agent.core.errors import AgentError, CredentialsRefused, SetupIncomplete
from zoomsync_agent.http import TIMEOUT, network_error, new_client
from zoomsync_agent.s3.answers import Answer, answer_of, meaning, time_of
from zoomsync_agent.s3.bucket import Bucket, escaped
from zoomsync_agent.s3.credentials import Credentials, Keys
from zoomsync_agent.s3.signing import EMPTY, signed_headers, signed_link

Body = Callable[[], Iterator[bytes]]
"""Gives the body anew: a request whose keys were too old is made twice."""

_REFUSED: Final = 300
_EXPLANATION: Final = 1 << 16
_SKEW: Final = "RequestTimeTooSkewed"


class Refused(Exception):
    """The store answered, and not what was hoped for."""

    def __init__(self, answer: Answer, action: str) -> None:
        super().__init__(answer.text)
        self.answer = answer
        self.action = action
        """What must be allowed for what was asked, as IAM calls it."""


def is_transient(exc: Exception) -> bool:
    """Return whether the same request may succeed a moment later."""
    if isinstance(exc, Refused):
        return exc.answer.is_transient
    return isinstance(exc, httpx.HTTPError)


class Requests:
    """Requests to one bucket, each signed anew. Thread-safe.

    Args:
        bucket: to which requests go; no signature is ever made for another place.
        credentials: who we are.
        clock: the time of this computer, in epoch seconds.
    """

    def __init__(
        self, bucket: Bucket, credentials: Credentials, clock: Callable[[], float] = time.time
    ) -> None:
        self.bucket = bucket
        self._credentials = credentials
        self._clock = clock
        self._guard = threading.Lock()
        self._client: httpx.Client | None = None
        self._ahead = 0.0
        """How far the store's clock is ahead of the one that signatures go by, in seconds."""
        self._heard = 0.0
        """How far it was ahead of ours at its last answer."""

    @property
    def http(self) -> httpx.Client:
        """The client that all requests share; made when it is first used."""
        with self._guard:
            if self._client is None:
                self._client = new_client(self.bucket.base)
            return self._client

    def close(self) -> None:
        """Close the connections."""
        with self._guard:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def send(
        self,
        method: str,
        key: str | None = None,
        *,
        action: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        body: Body | None = None,
        length: int = 0,
        payload: str = EMPTY,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> httpx.Response:
        """Return the answer to a request, made once more where only keys or clock were wrong.

        Args:
            method: of HTTP.
            key: of an object, without the bucket's prefix; None for the bucket itself.
            action: what must be allowed, as IAM calls it.
            query: parameters.
            headers: beside those that sign.
            content: the body, where it is short.
            body: the body, where it comes in pieces.
            length: of *body*, in bytes.
            payload: SHA-256 of either in lower-case hex, or `signing.UNSIGNED`.
            timeout: for each step of the exchange.

        Raises:
            Refused: the answer is none of success.
            httpx.HTTPError: there was no answer.
            CredentialsRefused, SecretsUnavailable: there are no keys to be had.
            SetupIncomplete: what was set makes no request.
        """
        request = _Request(
            method,
            self._url(key, query),
            dict(headers or {}),
            content,
            body,
            length,
            payload,
            timeout,
        )
        keys = self._credentials.keys()
        try:
            return self._once(request, keys, action)
        except Refused as exc:
            other = self._mended(exc.answer, request, keys)
            if other is None:
                raise
            return self._once(request, other, action)

    def _mended(self, answer: Answer, request: "_Request", keys: Keys) -> Keys | None:
        """Return the keys with which the request may succeed now; None where nothing changed."""
        if answer.code == _SKEW:
            return keys if self._set_clock(answer, request.ahead) else None
        return self._credentials.renewed(keys, answer.code) if answer.is_about_keys else None

    def _once(self, request: "_Request", keys: Keys, action: str) -> httpx.Response:
        headers = self._signed(request, keys)
        if request.body is not None:
            # Not signed: it is ours, but a proxy may send the body in chunks.
            headers["Content-Length"] = str(request.length)
        try:
            response = self.http.request(
                request.method,
                request.url,
                headers=headers,
                content=request.content if request.body is None else request.body(),
                timeout=request.timeout,
            )
        except (UnicodeError, httpx.InvalidURL) as exc:
            # Names with labels that no host has, or a header with characters that none can hold.
            raise SetupIncomplete(
                f"a request to {self.bucket.url} cannot be written: {exc}; are S3_ENDPOINT_URL, "
                "s3_bucket and s3_kms_key right?"
            ) from exc
        told = time_of(response)
        if told is not None:
            self._heard = told - self._clock()
        if response.status_code >= _REFUSED:
            # A redirect is never followed: what is signed must not go where somebody points.
            raise Refused(answer_of(response), action)
        return response

    @contextlib.contextmanager
    def reading(
        self, key: str, *, action: str, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """Give the answer to a GET before its body is read, however large that is.

        Raises:
            As `send`.
        """
        url, plain = self._url(key, None), {**(headers or {}), "Accept-Encoding": "identity"}
        request = _Request("GET", url, plain)
        keys: Keys | None = self._credentials.keys()
        refused: Refused | None = None
        while keys is not None:
            with self.http.stream("GET", url, headers=self._signed(request, keys)) as response:
                if response.status_code < _REFUSED:
                    yield response
                    return
                is_again = refused is not None
                refused = Refused(answer_of(_beginning(response)), action)
            keys = None if is_again else self._mended(refused.answer, request, keys)
        if refused is not None:
            raise refused

    def _signed(self, request: "_Request", keys: Keys) -> dict[str, str]:
        _expect_sendable(keys)
        request.ahead = self._ahead
        return signed_headers(
            keys,
            self.bucket.region,
            request.method,
            request.url,
            request.headers,
            payload=request.payload,
            at=self._clock() + request.ahead,
        )

    def store_time(self) -> float:
        """Return the time in epoch seconds as the store told it with its last answer."""
        return self._clock() + self._heard

    def link(self, key: str, seconds: int) -> str:
        """Return an address with which anybody can read an object for *seconds*."""
        url = self.bucket.object_url(key)
        keys = self._credentials.keys()
        return signed_link(
            keys, self.bucket.region, url, seconds=seconds, at=self._clock() + self._ahead
        )

    def _url(self, key: str | None, query: Mapping[str, str] | None) -> str:
        url = self.bucket.url if key is None else self.bucket.object_url(key)
        if key is None and not urlsplit(url).path:
            url += "/"
        if query:
            pairs = (f"{escaped(name)}={escaped(value)}" for name, value in sorted(query.items()))
            url += "?" + "&".join(pairs)
        return url

    def _set_clock(self, answer: Answer, ahead: float) -> bool:
        """Take the store's time for signatures; False where it does not tell another one.

        Args:
            answer: tells the time.
            ahead: with which the refused request was signed; others may have been refused at once.
        """
        if answer.server_time is None:
            return False
        self._ahead = answer.server_time - self._clock()
        return abs(self._ahead - ahead) > 1.0

    # --- meaning ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def told(self, doing: str) -> Iterator[None]:
        """Turn what a request raises into an error of the agent.

        Args:
            doing: what is being done; begins the detail.

        Raises:
            AgentError: what it means wherever it happens.
        """
        try:
            yield
        except (Refused, httpx.HTTPError) as exc:
            raise self.error(exc, doing) from exc

    def error(self, exc: Refused | httpx.HTTPError, doing: str) -> AgentError:
        """Return what a failure means wherever it happens, for lack of a closer meaning.

        Args:
            exc: what `send` raised.
            doing: what was being done; begins the detail.
        """
        if isinstance(exc, httpx.HTTPError):
            setting = "S3_ENDPOINT_URL" if self.bucket.endpoint else "s3_region"
            return network_error(exc, self.bucket.address, doing, setting=setting)
        return meaning(exc.answer, self.bucket, doing, exc.action)


def _beginning(response: httpx.Response) -> httpx.Response:
    """Return a refusal with as much of its body as an explanation needs."""
    read, pieces = 0, []
    for piece in response.iter_raw(_EXPLANATION):
        pieces.append(piece)
        read += len(piece)
        if read >= _EXPLANATION:
            break
    headers = {
        name: value
        for name, value in response.headers.items()
        if name.lower() not in ("content-length", "content-encoding", "transfer-encoding")
    }
    return httpx.Response(response.status_code, headers=headers, content=b"".join(pieces))


def _expect_sendable(keys: Keys) -> None:
    """Make sure that a header can hold keys; the client's own error would show the signature.

    Raises:
        CredentialsRefused: they were pasted with a blank that is none, say.
    """
    if not all(
        text.isascii() and text.isprintable() for text in (keys.access_key, keys.token or "")
    ):
        raise CredentialsRefused("the access key or its token holds characters that no key has")


@dataclass(slots=True)
class _Request:
    """One request, to be made as often as it takes; see `Requests.send`."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | None = None
    body: Body | None = None
    length: int = 0
    payload: str = EMPTY
    timeout: httpx.Timeout = field(default_factory=lambda: TIMEOUT)
    ahead: float = 0.0
    """How far the store's clock was thought to be ahead when it was last signed."""
