"""HTTP as the whole agent speaks it: one kind of client, one meaning of "no answer"."""

import socket
import ssl
import sys
from typing import Final
from urllib.parse import urlsplit

import httpx

from zoomsync_agent.core.errors import (
    AgentError,
    NetworkUnavailable,
    RemoteUnavailable,
    SetupIncomplete,
)

TIMEOUT: Final = httpx.Timeout(30.0, connect=15.0, pool=60.0)
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_LIMITS: Final = httpx.Limits(
    max_connections=160, max_keepalive_connections=16, keepalive_expiry=30
)


def _load_without_http2() -> None:
    """Load the transport; HTTP/2 is loaded by whoever asks for it, for 75 ms and 20 MiB."""
    if "httpcore" in sys.modules or "h2" in sys.modules:
        return
    sys.modules["h2"] = None  # type: ignore[assignment]  # which is how an import is made to fail
    try:
        import httpcore  # noqa: F401, PLC0415  before anybody else does
    finally:
        del sys.modules["h2"]


_load_without_http2()


def new_client(url: str) -> httpx.Client:
    """Return a client for requests to *url*; thread-safe, to be closed by the caller.

    Raises:
        SetupIncomplete: the environment names a proxy that cannot be used.

    HTTP/1.1 on purpose: idle HTTP/2 connections die without a word, and sending over HTTP/2 costs
    twice the processor time.
    """
    parts = urlsplit(url)
    verify: ssl.SSLContext | bool = False
    if parts.scheme == "https":
        import truststore  # noqa: PLC0415  only needed where there is something to trust

        # What the system trusts: companies install certificates of their own there.
        verify = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.Client(
            verify=verify,
            http2=False,
            timeout=TIMEOUT,
            limits=_LIMITS,
            trust_env=parts.hostname not in LOOPBACK,
            follow_redirects=False,
        )
    except (ImportError, ValueError, httpx.InvalidURL) as exc:
        raise SetupIncomplete(
            f"the proxy that HTTPS_PROXY or ALL_PROXY names cannot be used: {exc}"
        ) from exc


def network_error(exc: httpx.HTTPError, host: str, doing: str, *, setting: str) -> AgentError:
    """Return the error of a request that got no answer.

    Args:
        exc: what the client raised.
        host: to which the request went.
        doing: what was being done, as in ``upload``; begins the detail.
        setting: names where *host* comes from, for whoever mistyped it.
    """
    if isinstance(exc, httpx.ConnectError):
        reason = first_reason(exc)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return SetupIncomplete(
                f"{doing}: this computer does not trust the certificate of {host} "
                f"({reason.verify_message}); install the certificate of whoever made it in the "
                "system"
            )
        if isinstance(reason, ssl.SSLError):
            return SetupIncomplete(
                f"{doing}: {host} does not speak https there ({reason.reason}); is {setting} right?"
            )
        if isinstance(reason, socket.gaierror):
            return NetworkUnavailable(
                f"{doing}: no address is known of {host}; is this computer online, and is "
                f"{setting} right?"
            )
        if isinstance(reason, ConnectionRefusedError):
            return NetworkUnavailable(f"{doing}: {host} takes no connections just now")
    detail = f"{doing}: {type(exc).__name__} {exc}".rstrip()
    if isinstance(exc, httpx.ReadTimeout | httpx.RemoteProtocolError):
        return RemoteUnavailable(detail)
    return NetworkUnavailable(detail)


def first_reason(exc: BaseException) -> BaseException:
    """Return what an error came of at first."""
    while (before := exc.__cause__ or exc.__context__) is not None:
        exc = before
    return exc
