"""Looks at an S3 bucket as the agent uses it: with a few bytes of its own, which it takes away.

Each operation is tried by itself, so that what is missing is named as the store's owner knows it:
by its IAM action. Where the bucket cannot be reached at all everything else is left out, because
each would wait, and then say the same.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from zoomsync_agent.core.errors import (
    AgentError,
    CredentialsRefused,
    DestinationDenied,
    SecretsUnavailable,
    SetupIncomplete,
)
from zoomsync_agent.doctor.findings import Finding, Level, ok, problem, warning
from zoomsync_agent.http import LOOPBACK
from zoomsync_agent.s3.answers import time_of
from zoomsync_agent.s3.multipart import Multipart
from zoomsync_agent.s3.objects import SHA256, ObjectFacts, Objects, content_md5
from zoomsync_agent.s3.requests import Refused, Requests
from zoomsync_agent.s3.signing import UNSIGNED

_PROBE: Final = ".zoomsync-doctor/"
_BYTES: Final = b"zoomsync doctor looks whether this bucket can keep recordings\n"
_SKEW_NOTICED: Final = 60.0
_OK: Final = 200
_PRECONDITION: Final = 412
_NEEDED: Final = ("s3:PutObject", "s3:GetObject", "s3:ListBucket")
_USEFUL: Final = {
    "s3:DeleteObject": "a copy that arrived damaged cannot be taken away",
    "s3:AbortMultipartUpload": "uploads that nobody continues stay, and cost money",
    "s3:ListMultipartUploadParts": "a large upload that was interrupted begins anew",
    "s3:ListBucketMultipartUploads": "an upload whose name was lost is not found again",
}
ACTIONS: Final = (*_NEEDED, *_USEFUL)
"""What the agent asks of a bucket, as IAM calls it."""
_OF_KEY: Final = ("kms:GenerateDataKey", "kms:Decrypt")
_OF_BUCKET: Final = ("s3:ListBucket", "s3:ListBucketMultipartUploads")


def policy(
    bucket: str, prefix: str = "", actions: tuple[str, ...] = ACTIONS, kms_key: str = ""
) -> str:
    """Return the IAM policy that allows *actions*, as JSON.

    Args:
        bucket: its name.
        prefix: begins the keys of all objects.
        actions: some of `ACTIONS`.
        kms_key: ARN of the key with which objects are encrypted; empty for none of one's own.
    """
    of_bucket = [one for one in actions if one in _OF_BUCKET]
    of_objects = [one for one in actions if one not in _OF_BUCKET]
    statements = []
    if of_bucket:
        statements.append(_statement(of_bucket, f"arn:aws:s3:::{bucket}"))
    if of_objects:
        statements.append(_statement(of_objects, f"arn:aws:s3:::{bucket}/{prefix}*"))
    if kms_key:
        statements.append(_statement(list(_OF_KEY), kms_key))
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def _statement(actions: list[str], resource: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


@dataclass(slots=True)
class _Patient:
    """The bucket, and what was found out so far."""

    requests: Requests
    headers: Mapping[str, str]
    now: Callable[[], float]
    key: str = field(default_factory=lambda: _PROBE + secrets.token_hex(8))
    denied: dict[str, str] = field(default_factory=dict)
    """What is not allowed, by its action, in the store's own words."""
    troubles: list[str] = field(default_factory=list)
    """What else went wrong, as sentences."""

    @property
    def name(self) -> str:
        return self.requests.bucket.name


def examine_bucket(
    requests: Requests, headers: Mapping[str, str], *, now: Callable[[], float]
) -> list[Finding]:
    """Return what was found about a bucket, in the order in which it is to be mended.

    Args:
        requests: to the bucket, as who we are.
        headers: how objects are to be kept: storage class, encryption.
        now: tells the time of this computer in epoch seconds.
    """
    patient = _Patient(requests, headers, now)
    reached = _reached(patient)
    found = [*_address(patient), *reached]
    if any(one.level is Level.PROBLEM for one in reached):
        return found
    return [*found, *_objects(patient), *_multipart(patient), *_permissions(patient)]


def _address(patient: _Patient) -> Iterator[Finding]:
    bucket = patient.requests.bucket
    if bucket.base.startswith("http://") and bucket.host not in LOOPBACK:
        yield warning(
            "address",
            f"{bucket.host} is asked without encryption: whoever can listen on this network can "
            "read the recordings.",
            "Give the store a certificate and let S3_ENDPOINT_URL begin with https.",
        )
    else:
        yield ok("address", f"The bucket “{bucket.name}” is looked for at {bucket.host}.")


def _reached(patient: _Patient) -> list[Finding]:
    """Return whether the store answers and takes the keys, and how its clock stands to ours."""
    requests = patient.requests
    try:
        with requests.told("look at the bucket"):
            response = requests.send(
                "GET",
                action="s3:ListBucket",
                query={"list-type": "2", "max-keys": "1", "prefix": requests.bucket.prefix},
            )
    except DestinationDenied as exc:
        # The keys are right, and may not do this; everything else may be allowed all the same.
        patient.denied["s3:ListBucket"] = exc.detail
        return [ok("keys", "The store knows the access keys.")]
    except (CredentialsRefused, SecretsUnavailable) as exc:
        return [problem("keys", _told(exc), exc.hint)]
    except SetupIncomplete as exc:
        return [problem("bucket", _told(exc))]
    except AgentError as exc:
        return [problem("bucket", _told(exc), exc.hint)]
    return [
        ok("keys", "The store knows the access keys."),
        ok("bucket", f"The bucket “{patient.name}” is there."),
        *_clock(patient, response),
    ]


def _told(exc: AgentError) -> str:
    told = exc.detail.rstrip(".")
    return f"{exc.title}: {told}{'' if told.endswith('?') else '.'}"


def _clock(patient: _Patient, response: httpx.Response) -> Iterator[Finding]:
    theirs = time_of(response)
    if theirs is None:
        return
    skew = patient.now() - theirs
    if abs(skew) > _SKEW_NOTICED:
        way = "ahead of" if skew > 0 else "behind"
        yield warning(
            "clock",
            f"The clock of this computer is {abs(skew) / 60:.0f} minutes {way} the store's. "
            "Requests are signed with the store's time.",
            "Let the system set date and time by itself.",
        )


def _objects(patient: _Patient) -> Iterator[Finding]:
    """Put, look, get, compare, and see whether a stranger can do that too."""
    objects = Objects(patient.requests)
    key, sha256 = patient.key, hashlib.sha256(_BYTES).hexdigest()
    headers = {
        **patient.headers,
        SHA256: sha256,
        "Content-MD5": content_md5(_BYTES),
        "Content-Type": "text/plain",
    }
    put: list[httpx.Response] = []
    if not _may(
        patient, lambda: put.append(objects.put(key, _BYTES, len(_BYTES), sha256, headers))
    ):
        return
    yield from _storing(patient, put[0])
    try:
        got: list[bytes] = []
        # HEAD is allowed by the same action, and looks at what the receipt is checked by.
        if _may(patient, lambda: got.append(_read(patient, key))):
            facts: list[ObjectFacts | None] = []
            if _may(patient, lambda: facts.append(objects.facts(key))):
                yield _content(got[0], facts[0], sha256)
        yield from _privacy(patient, key)
        yield from _replacing(objects, key, sha256, headers)
    finally:
        _may(patient, lambda: objects.delete(key))


def _storing(patient: _Patient, put: httpx.Response) -> Iterator[Finding]:
    """See whether the store says that it encrypts as it was asked to."""
    wanted = patient.headers.get("x-amz-server-side-encryption", "")
    if wanted and put.headers.get("x-amz-server-side-encryption", "") != wanted:
        yield warning(
            "encryption",
            f"The store does not say that it encrypts with {wanted}, as s3_encryption asks.",
            "Ask whoever runs it; many stores ignore what they do not know.",
        )


def _kms_key(patient: _Patient) -> str:
    """Return for which key of KMS something must be allowed; * where that is not known."""
    if not patient.headers.get("x-amz-server-side-encryption", "").startswith("aws:kms"):
        return ""
    key = patient.headers.get("x-amz-server-side-encryption-aws-kms-key-id", "")
    return key if key.startswith("arn:") else "*"


def _read(patient: _Patient, key: str) -> bytes:
    return patient.requests.send("GET", key, action="s3:GetObject").content


def _content(got: bytes, facts: ObjectFacts | None, sha256: str) -> Finding:
    if got != _BYTES or facts is None or facts.size != len(_BYTES):
        return problem("content", "What is put there comes back as something else.")
    if facts.sha256 != sha256:
        return warning(
            "content",
            "What is put there comes back as it was, but the store forgets what it was told of it. "
            "A file that the agent sent and lost track of is read back to be recognised.",
        )
    return ok("content", "What is put there comes back as it was.")


def _privacy(patient: _Patient, key: str) -> Iterator[Finding]:
    """See whether the object opens for whoever knows its address."""
    url = patient.requests.bucket.object_url(key)
    try:
        status = patient.requests.http.get(url).status_code
    except httpx.HTTPError:
        return
    if status == _OK:
        yield problem(
            "privacy",
            f"The bucket “{patient.name}” is public: whoever knows or guesses an address can open "
            "the recording.",
            "Block public access to the bucket (at Amazon: Permissions, Block public access).",
        )
    else:
        yield ok("privacy", "A stranger who knows the address cannot open an object.")


def _replacing(
    objects: Objects, key: str, sha256: str, headers: Mapping[str, str]
) -> Iterator[Finding]:
    """See whether the store itself refuses to replace an object."""
    condition = {**headers, "If-None-Match": "*"}
    try:
        objects.put(key, _BYTES, len(_BYTES), sha256, condition)
    except Refused as exc:
        if exc.answer.status == _PRECONDITION:
            yield ok("replacing", "The store refuses to replace an object.")
        if not exc.answer.is_not_implemented:
            return
    except httpx.HTTPError:
        return
    yield warning(
        "replacing",
        "The store does not know how to refuse to replace an object. The agent looks before it "
        "writes; another program that writes the same name in that moment would be replaced.",
    )


def _multipart(patient: _Patient) -> Iterator[Finding]:
    """Begin an upload in parts, look at it, and end it."""
    multipart, key = Multipart(patient.requests), f"{patient.key}-parts"
    if "s3:PutObject" in patient.denied:
        return
    begun: list[str] = []
    if not _may(patient, lambda: begun.append(multipart.create(key, patient.headers))):
        return
    upload_id = begun[0]
    md5 = {"Content-MD5": content_md5(_BYTES)}
    sent = _may(
        patient,
        lambda: multipart.send(
            key, upload_id, 1, lambda: iter([_BYTES]), len(_BYTES), UNSIGNED, md5
        ),
    )
    _may(patient, lambda: multipart.parts(key, upload_id))
    _may(patient, lambda: list(multipart.unfinished(key)))
    if _may(patient, lambda: multipart.abort(key, upload_id)) and sent:
        yield ok("multipart", "Large files can be sent in parts.")


def _permissions(patient: _Patient) -> Iterator[Finding]:
    bucket = patient.requests.bucket
    missing = [action for action in ACTIONS if action in patient.denied]
    if not missing and not patient.troubles:
        yield ok("permissions", "Everything that the agent asks for is allowed.")
    mend = (
        "Let whoever owns the bucket allow all that the agent asks for:\n"
        f"{policy(bucket.name, bucket.prefix, kms_key=_kms_key(patient))}"
    )
    for action in missing:
        words = (
            f" (the store says: {patient.denied[action]})"
            if "kms" in patient.denied[action].lower()
            else ""
        )
        if action in _USEFUL:
            yield warning("permissions", f"{action} is not allowed: {_USEFUL[action]}.", mend)
        else:
            yield problem("permissions", f"{action} is not allowed{words}.", mend)
        mend = ""  # once is enough
    for other in dict.fromkeys(patient.troubles):
        yield problem("store", other)


def _may(patient: _Patient, do: Callable[[], object]) -> bool:
    """Return whether something could be done; take note of what was not allowed."""
    try:
        with patient.requests.told("doctor"):
            try:
                do()
            except Refused as exc:
                if isinstance(patient.requests.error(exc, "doctor"), DestinationDenied):
                    for action in exc.action.split(", "):
                        patient.denied[action] = exc.answer.text
                    return False
                raise
    except AgentError as exc:
        patient.troubles.append(_told(exc))
        return False
    return True
