"""Signatures of requests and links.

Source: AWS, "Signature Version 4 for API requests".
"""

from collections.abc import Mapping
from typing import Final

from zoomsync_agent.s3.credentials import Keys

UNSIGNED: Final = "UNSIGNED-PAYLOAD"
"""In place of a hash: the body is proven otherwise."""
EMPTY: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of nothing."""


def signed_headers(
    keys: Keys,
    region: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    payload: str,
    at: float,
) -> dict[str, str]:
    """Return *headers* with those that sign the request.

    Args:
        keys: sign it.
        region: of the bucket.
        method: of HTTP.
        url: whole, escaped as it will be sent.
        headers: all of them are signed.
        payload: SHA-256 of the body in lower-case hex, or `UNSIGNED`.
        at: the time, in epoch seconds as the store tells them.
    """
    from zoomsync_agent.s3.botocore_auth import HeaderAuth, new_request  # noqa: PLC0415  100 ms

    request = new_request(method, url, headers)
    HeaderAuth(keys, "s3", region, payload=payload, at=at).add_auth(request)
    return {str(name): str(value) for name, value in request.headers.items()}


def signed_link(keys: Keys, region: str, url: str, *, seconds: int, at: float) -> str:
    """Return an address with which anybody can read *url* for *seconds*, a week at most."""
    from zoomsync_agent.s3.botocore_auth import QueryAuth, new_request  # noqa: PLC0415  100 ms

    request = new_request("GET", url, {})
    QueryAuth(keys, "s3", region, expires=seconds, at=at).add_auth(request)
    return str(request.url)
