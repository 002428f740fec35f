"""Who comes to the S3 endpoint of Storage: with plain keys, or with a token of a user."""

from typing import Final

from tests.fakes.http_server import Request
from tests.fakes.s3_server.errors import S3Error
from tests.fakes.s3_server.signature import Claim, claim_of, is_signed_with
from tests.fakes.supabase_server.refusals import Refusal
from tests.fakes.supabase_server.state import Caller, State

_REGIONS: Final = ("auto", "us-east-1")
_MISMATCH: Final = "The request signature we calculated does not match the signature you provided"


def caller_of(state: State, request: Request) -> Caller:
    """Return who signed the request; the clock and the body's hash are not looked at.

    Raises:
        Refusal: nobody who is known, or not this request, or the token is not good.
    """
    claim = _claim(request)
    if claim.expires is not None and state.clock() > claim.at + claim.expires:
        raise Refusal(400, "", "ExpiredToken", "The provided token has expired.")
    if claim.token is None:
        _expect_plain(state, request, claim)
        return Caller("service_role")
    if claim.access_key != state.tenant_id:
        raise Refusal(403, "Unauthorized", "AccessDenied", "Invalid Access Key")
    if not _is_signed(state, request, claim, _secrets(state)):
        more = ", Check your credentials. The session token should be a valid JWT token"
        raise Refusal(403, "", "SignatureDoesNotMatch", _MISMATCH + more)
    return state.caller(claim.token)


def _claim(request: Request) -> Claim:
    try:
        claim = claim_of(request, strict=False)
    except S3Error as error:
        raise Refusal(400, "", "InvalidSignature", error.message) from error
    if claim is None:
        raise Refusal(403, "Unauthorized", "AccessDenied", "Missing signature")
    return claim


def _expect_plain(state: State, request: Request, claim: Claim) -> None:
    if claim.access_key != state.s3_access_key:
        message = "The Access Key Id you provided does not exist in our records."
        raise Refusal(403, "", "InvalidAccessKeyId", message)
    if not _is_signed(state, request, claim, [state.s3_secret_key]):
        more = ". Check your key and signing method."
        raise Refusal(403, "", "SignatureDoesNotMatch", _MISMATCH + more)


def _secrets(state: State) -> list[str]:
    known = {"tenant": state.tenant_id, "anon": state.keys.anon}
    return [known[name] for name in sorted(state.s3_secrets_accepted)]


def _is_signed(state: State, request: Request, claim: Claim, secrets: list[str]) -> bool:
    """A region that is not known is not refused: the signature is made for another one then."""
    is_known = claim.region in (*_REGIONS, state.s3_region)
    return is_known and any(is_signed_with(request, claim, secret) for secret in secrets)
