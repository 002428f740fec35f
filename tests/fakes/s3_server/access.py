"""Who is let in: signatures, clocks, regions, tokens and permissions, as at AWS."""

from datetime import UTC, datetime
from typing import Final

from tests.fakes.s3_server.errors import S3Error, access_denied, invalid
from tests.fakes.s3_server.faults import Exchange
from tests.fakes.s3_server.operations import action
from tests.fakes.s3_server.signature import (
    HEADER_ERROR,
    QUERY_ERROR,
    Claim,
    claim_of,
    is_signed_with,
    signature_mismatch,
)

SKEW_SECONDS: Final = 900


def let_in(exchange: Exchange) -> Claim:
    """Return who signed the request.

    Raises:
        S3Error: nobody who may, not now, not for this store, or not what has arrived.
    """
    store, claim = exchange.store, claim_of(exchange.request)
    if claim is None:
        raise access_denied()
    if claim.access_key != store.access_key:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise S3Error(403, "InvalidAccessKeyId", message, {"AWSAccessKeyId": claim.access_key})
    _expect_region(exchange, claim)
    _expect_now(exchange, claim)
    _expect_token(exchange, claim)
    if not is_signed_with(exchange.request, claim, store.secret_key):
        raise signature_mismatch(exchange.request, claim)
    return claim


def _expect_region(exchange: Exchange, claim: Claim) -> None:
    region = exchange.store.region
    if claim.region == region:
        return
    if claim.expires is not None:
        message = f'Error parsing the X-Amz-Credential parameter; the region "{claim.region}" is '
        raise invalid(QUERY_ERROR, f'{message}wrong; expecting "{region}"', Region=region)
    message = f"The authorization header is malformed; the region '{claim.region}' is wrong; "
    raise invalid(HEADER_ERROR, f"{message}expecting '{region}'", Region=region)


def _expect_now(exchange: Exchange, claim: Claim) -> None:
    now = exchange.store.clock()
    if claim.expires is None:
        if abs(now - claim.at) > SKEW_SECONDS:
            raise _too_skewed(claim, now)
    elif claim.at - now > SKEW_SECONDS:
        told = {"X-Amz-Date": claim.stamp, "ServerTime": _zulu(now)}
        raise access_denied("Request is not valid yet", **told)
    elif now > claim.at + claim.expires:
        told = {
            "X-Amz-Expires": str(claim.expires),
            "Expires": _zulu(claim.at + claim.expires),
            "ServerTime": _zulu(now),
        }
        raise access_denied("Request has expired", **told)


def _too_skewed(claim: Claim, now: float) -> S3Error:
    message = "The difference between the request time and the current time is too large."
    told = {
        "RequestTime": claim.stamp,
        "ServerTime": _zulu(now),
        "MaxAllowedSkewMilliseconds": str(SKEW_SECONDS * 1_000),
    }
    return S3Error(403, "RequestTimeTooSkewed", message, told)


def _zulu(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _expect_token(exchange: Exchange, claim: Claim) -> None:
    token, store = claim.token, exchange.store
    if token is None or token in store.session_tokens - store.expired_tokens:
        return
    if token in store.expired_tokens:
        told = {"Token-0": token}
        raise S3Error(400, "ExpiredToken", "The provided token has expired.", told)
    message = "The provided token is malformed or otherwise invalid."
    raise S3Error(400, "InvalidToken", message, {"Token-0": token})


def expect_allowed(exchange: Exchange, name: str) -> None:
    """Check that the key has the permission for an operation.

    Raises:
        S3Error: it does not.
    """
    needed = action(name, exchange.query)
    if needed in exchange.store.denied:
        place = "/".join(filter(None, (exchange.store.bucket, exchange.key)))
        message = (
            "User: arn:aws:iam::123456789012:user/stand-in is not authorized to perform: "
            f'{needed} on resource: "arn:aws:s3:::{place}" because no identity-based policy allows '
            f"the {needed} action"
        )
        raise access_denied(message)
