"""Signatures of requests, version 4, worked out anew on the side of the store.

Source: AWS, "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API reference:
"Using the Authorization Header" and "Using Query Parameters".
"""

import calendar
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from tests.fakes.http_server import Request
from tests.fakes.s3_server.errors import S3Error, access_denied, invalid

ALGORITHM: Final = "AWS4-HMAC-SHA256"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
HEADER_ERROR: Final = "AuthorizationHeaderMalformed"
QUERY_ERROR: Final = "AuthorizationQueryParametersError"
_WEEK: Final = 604_800
_STAMP: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_UNRESERVED: Final = "-._~"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says of who signed it, when, and what.

    `expires` is for how many seconds a link holds, and None where headers are signed; `payload` is
    the hash that is signed in the place of the body.
    """

    access_key: str
    day: str
    region: str
    stamp: str
    signed: tuple[str, ...]
    signature: str
    payload: str
    token: str | None
    expires: int | None = None

    @property
    def at(self) -> float:
        """When it was signed, in seconds since 1970."""
        return float(calendar.timegm(time.strptime(self.stamp, "%Y%m%dT%H%M%SZ")))

    @property
    def scope(self) -> str:
        """What the key was made for."""
        return f"{self.day}/{self.region}/s3/aws4_request"


def claim_of(request: Request, *, strict: bool = True) -> Claim | None:
    """Return what a request says of its signature; None where it is not signed.

    Args:
        request: the request.
        strict: as at AWS: all headers that matter are signed, and the body is spoken of. Other
            stores leave that to the client.

    Raises:
        S3Error: it is signed in no way that is known.
    """
    if "X-Amz-Algorithm" in request.query or "X-Amz-Signature" in request.query:
        claim, code = _of_query(request), QUERY_ERROR
    elif "authorization" in request.headers:
        claim, code = (
            _of_header(request, request.headers["authorization"], strict=strict),
            HEADER_ERROR,
        )
    else:
        return None
    if strict:
        _expect_signed(request, claim, code)
    return claim


def _of_header(request: Request, header: str, *, strict: bool) -> Claim:
    kind, _, rest = header.partition(" ")
    if kind != ALGORITHM:
        message = (
            "The authorization mechanism you have provided is not supported. Please use "
            f"{ALGORITHM}."
        )
        raise invalid("InvalidRequest", message)
    pairs = [field.strip().partition("=") for field in rest.split(",")]
    fields = {name: value for name, _, value in pairs}
    if set(fields) != {"Credential", "SignedHeaders", "Signature"}:
        message = "The authorization header is malformed; the fields are not those of version 4"
        raise invalid(HEADER_ERROR, message)
    access_key, day, region = _credential(fields["Credential"], HEADER_ERROR)
    stamp = request.headers.get("x-amz-date", "")
    if not _is_stamp(stamp):
        raise access_denied("AWS authentication requires a valid Date or x-amz-date header")
    payload = request.headers.get("x-amz-content-sha256")
    if payload is None and strict:
        message = "Missing required header for this request: x-amz-content-sha256"
        raise invalid("InvalidRequest", message)
    return Claim(
        access_key, day, region, stamp, tuple(fields["SignedHeaders"].split(";")),
        fields["Signature"], payload or UNSIGNED, request.headers.get("x-amz-security-token"),
    )  # fmt: skip


def _of_query(request: Request) -> Claim:
    query = request.query
    names = ("Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires")
    missing = [name for name in names if f"X-Amz-{name}" not in query]
    if missing or query["X-Amz-Algorithm"] != ALGORITHM:
        message = (
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
            "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        )
        raise invalid(QUERY_ERROR, message)
    if "authorization" in request.headers:
        message = "Only one auth mechanism allowed"
        raise invalid("InvalidArgument", message)
    access_key, day, region = _credential(query["X-Amz-Credential"], QUERY_ERROR)
    if not _is_stamp(query["X-Amz-Date"]):
        message = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        raise invalid(QUERY_ERROR, message)
    signed = tuple(query["X-Amz-SignedHeaders"].split(";"))
    return Claim(
        access_key, day, region, query["X-Amz-Date"], signed,
        query["X-Amz-Signature"], request.headers.get("x-amz-content-sha256", UNSIGNED),
        query.get("X-Amz-Security-Token"), _seconds(query["X-Amz-Expires"]),
    )  # fmt: skip


def _credential(text: str, code: str) -> tuple[str, str, str]:
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or not all(parts):
        message = (
            'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/'
            'aws4_request".'
        )
        raise invalid(code, f"The authorization header is malformed; {message}")
    access_key, day, region, service, end = parts
    if service != "s3":
        message = f'incorrect service "{service}". This endpoint belongs to "s3".'
        raise invalid(code, f"The authorization header is malformed; {message}")
    if end != "aws4_request":
        message = f'incorrect terminal "{end}". This endpoint uses "aws4_request".'
        raise invalid(code, f"The authorization header is malformed; {message}")
    return access_key, day, region


def _is_stamp(text: str) -> bool:
    if not _STAMP.fullmatch(text):
        return False
    try:
        time.strptime(text, "%Y%m%dT%H%M%SZ")
    except ValueError:
        return False
    return True


def _seconds(text: str) -> int:
    if not re.fullmatch("[0-9]+", text):
        raise invalid(QUERY_ERROR, "X-Amz-Expires should be a number")
    seconds = int(text)
    if seconds > _WEEK:
        message = "X-Amz-Expires must be less than a week (in seconds) that is 604800"
        raise invalid(QUERY_ERROR, message)
    return seconds


def _expect_signed(request: Request, claim: Claim, code: str) -> None:
    """Check the day, and that everything is signed that must be."""
    if claim.day != claim.stamp[:8]:
        message = f'Invalid credential date "{claim.day}". This date is not the same as X-Amz-Date:'
        raise invalid(code, f'{message} "{claim.stamp[:8]}".')
    must = {"host"} | {name for name in request.headers if name.startswith("x-amz-")}
    left_out = sorted(must.difference(claim.signed))
    if left_out:
        message = "There were headers present in the request which were not signed"
        raise access_denied(message, HeadersNotSigned=", ".join(left_out))


def canonical(request: Request, claim: Claim) -> bytes:
    """Return the request in the one form that is signed."""
    values = [
        b"%s:%s\n" % (name.encode(), b" ".join(_header(request, name).split()))
        for name in claim.signed
    ]
    lines = [
        request.method.encode(),
        quote(unquote_to_bytes(request.seen.path), safe=f"/{_UNRESERVED}").encode(),
        _query(request.raw_query).encode(),
        b"".join(values),
        ";".join(claim.signed).encode(),
        claim.payload.encode(),
    ]
    return b"\n".join(lines)


def _header(request: Request, name: str) -> bytes:
    # The wire shows headers as Latin-1, which is how to get at their bytes.
    return request.headers.get(name, "").encode("latin-1")


def _query(raw: str) -> str:
    pairs = []
    for field in raw.split("&") if raw else []:
        name, _, value = field.partition("=")
        if name != "X-Amz-Signature":
            pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ")), safe=_UNRESERVED)


def string_to_sign(request: Request, claim: Claim) -> str:
    """Return the text whose signature is asked for."""
    digest = hashlib.sha256(canonical(request, claim)).hexdigest()
    return f"{ALGORITHM}\n{claim.stamp}\n{claim.scope}\n{digest}"


def is_signed_with(request: Request, claim: Claim, secret: str) -> bool:
    """Return whether the signature was made with *secret*."""
    key = f"AWS4{secret}".encode()
    for word in claim.scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    expected = hmac.digest(key, string_to_sign(request, claim).encode(), "sha256").hex()
    return hmac.compare_digest(expected.encode(), claim.signature.encode("latin-1", "replace"))


def signature_mismatch(request: Request, claim: Claim) -> S3Error:
    """Return the refusal of a signature, with what should have been signed."""
    message = (
        "The request signature we calculated does not match the signature you provided. Check your "
        "key and signing method."
    )
    told = {
        "AWSAccessKeyId": claim.access_key,
        "StringToSign": string_to_sign(request, claim),
        "SignatureProvided": claim.signature,
        "CanonicalRequest": canonical(request, claim).decode("utf-8", "replace"),
    }
    return S3Error(403, "SignatureDoesNotMatch", message, told)
