"""Signatures of requests and links, made by botocore over hashes that we bring.

Source: AWS, "Signature Version 4 for API requests". botocore would hash a body by reading it or
leave it unsigned; here every body is signed with the hash that it must have, so that a store
refuses one that arrives as anything else.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from zoomsync_agent.s3.credentials import Keys

UNSIGNED: Final = "UNSIGNED-PAYLOAD"
"""In place of a hash: the body is proven otherwise."""
EMPTY: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of nothing."""
_STAMP: Final = "%Y%m%dT%H%M%SZ"


class _AtTime:
    """Signs as of a given moment, which may be the store's and not this computer's."""

    def __init__(self, *args: Any, at: float, **more: Any) -> None:
        super().__init__(*args, **more)
        self._stamp = datetime.fromtimestamp(at, UTC).strftime(_STAMP)

    def add_auth(self: Any, request: AWSRequest) -> None:
        """Sign the request; botocore's own takes the time of this computer."""
        request.context["timestamp"] = self._stamp
        self._modify_request_before_signing(request)
        to_sign = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(to_sign, request))


class _HeaderAuth(_AtTime, S3SigV4Auth):
    def __init__(self, *args: Any, payload: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self._payload = payload

    def payload(self, request: AWSRequest) -> str:
        """Return the hash that stands in the signature."""
        del request
        return self._payload


class _QueryAuth(_AtTime, S3SigV4QueryAuth):
    pass


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
    request = AWSRequest(method, url, headers=dict(headers))
    _HeaderAuth(keys, "s3", region, payload=payload, at=at).add_auth(request)
    return {str(name): str(value) for name, value in request.headers.items()}


def signed_link(keys: Keys, region: str, url: str, *, seconds: int, at: float) -> str:
    """Return an address with which anybody can read *url* for *seconds*, a week at most."""
    request = AWSRequest("GET", url)
    _QueryAuth(keys, "s3", region, expires=seconds, at=at).add_auth(request)
    return str(request.url)
