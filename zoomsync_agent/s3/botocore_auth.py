"""botocore's signers, over hashes and a time that we bring. Loaded with the first signature.

botocore would hash a body by reading it or leave it unsigned; here every body is signed with the
hash that it must have, so that a store refuses one that arrives as anything else.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest

_STAMP: Final = "%Y%m%dT%H%M%SZ"


def new_request(method: str, url: str, headers: Mapping[str, str]) -> AWSRequest:
    """Return a request as botocore signs it."""
    return AWSRequest(method, url, headers=dict(headers))


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


class HeaderAuth(_AtTime, S3SigV4Auth):
    """Signs by headers; *payload* stands in the signature as the hash of the body."""

    def __init__(self, *args: Any, payload: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self._payload = payload

    def payload(self, request: AWSRequest) -> str:
        """Return the hash that stands in the signature."""
        del request
        return self._payload


class QueryAuth(_AtTime, S3SigV4QueryAuth):
    """Signs an address."""
