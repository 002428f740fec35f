"""What the stand-in keeps and how it is set: buckets, objects, uploads, policies, limits."""

import base64
import re
import secrets
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

from tests.fakes.s3_server import multipart
from tests.fakes.supabase_server.accounts import Accounts
from tests.fakes.supabase_server.intake import Intake, Upload
from tests.fakes.supabase_server.refusals import Refusal, denied, exists, no_bucket, no_object
from tests.fakes.supabase_server.tokens import BadToken, Keys

_KEY: Final = re.compile(r"[A-Za-z0-9_/!.*'() &$=@;:+,?-]+")
_BUCKET: Final = re.compile(r"[A-Za-z0-9_!.*'() &$=@;:+,?-]{1,100}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `anon`, `authenticated` or `service_role`, and which user."""

    role: str
    user_id: str = ""


@dataclass(slots=True)
class Bucket:
    """A bucket and its own limits; None stands for no limit."""

    public: bool = False
    file_size_limit: int | None = None
    allowed_mime_types: list[str] | None = None


@dataclass(slots=True)
class StoredObject:
    """One object that is there, whole.

    `data` is None where bytes are not kept; `metadata` is the user's own; `etag` has its quotes.
    """

    data: bytes | None
    size: int
    etag: str
    content_type: str = "application/octet-stream"
    cache_control: str = "no-cache"
    metadata: dict[str, Any] = field(default_factory=dict)
    owner: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    version: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: float = 0.0
    updated_at: float = 0.0


class Whole(Protocol):
    """What has come of an object, all of it."""

    @property
    def data(self) -> bytes | bytearray | None:
        """Its bytes, where they are kept."""

    @property
    def size(self) -> int:
        """How many they are."""

    @property
    def etag(self) -> str:
        """Its ETag, with quotes."""


class State:
    """A project: everything but the network.

    Attributes:
        bucket: name of the bucket that `objects` shows.
        buckets: by name; without its entry a bucket is missing.
        policies: what users may do with objects in the folder of their own name.
        max_size: the project's limit in bytes, which `tus-max-size` tells.
        url_life_seconds: how long an upload can be gone on with after its creation.
        backend: `s3` as hosted, or `file`.
        lock_wait_seconds: how long a second request on an upload waits until the first is cut.
        drops_on_disconnect: a client that leaves while its upload is assembled loses it.
        busy_heads: by path of an upload: how many HEADs are still told that it is busy.
        tenant_id: the project's name, which is the access key of whoever brings a token.
        s3_enabled: there is an endpoint that speaks S3.
        s3_access_key, s3_secret_key: plain keys, for which policies do not count.
        s3_secrets_accepted: what signs for a token: the `tenant`'s id, the `anon` key.
        s3_region: where the project says it is.
        s3_keeps_metadata: what comes as `x-amz-meta-…` becomes the object's own metadata.
        s3_smallest_part: in bytes; only the last part may be smaller.
        s3_uploads: those in parts that are neither completed nor aborted, by id.
        accounts: users and sessions.
        keys: the project's keys and its secret.
        guard: held while objects, uploads or requests change.
    """

    def __init__(
        self,
        *,
        bucket: str,
        keep_bytes: bool,
        hashing: bool,
        url_life_seconds: float,
        backend: Literal["s3", "file"],
        clock: Callable[[], float],
        jwt_secret: str | None,
        guard: threading.RLock,
    ) -> None:
        self.guard = guard
        self.bucket = bucket
        self.clock = clock
        self.backend = backend
        self.url_life_seconds = url_life_seconds
        self.max_size = 500 << 30
        self.lock_wait_seconds = 0.2
        self.drops_on_disconnect = True
        self.policies = {"select", "insert", "update", "delete"}
        self.buckets: dict[str, Bucket] = {bucket: Bucket()}
        self.busy_heads: dict[str, int] = {}
        self.keys = Keys(clock, jwt_secret)
        self.accounts = Accounts(self.keys, clock)
        self.tenant_id = "stub"
        self.s3_enabled = True
        self.s3_access_key = secrets.token_hex(16)
        self.s3_secret_key = secrets.token_hex(32)
        self.s3_secrets_accepted = {"tenant", "anon"}
        self.s3_region = "eu-central-1"
        self.s3_keeps_metadata = True
        self.s3_smallest_part = 5 << 20
        self.s3_uploads: dict[str, multipart.Upload] = {}
        self.all_uploads: dict[str, Upload] = {}
        self._keep_bytes = keep_bytes
        self._hashing = hashing
        self._shelves: dict[str, dict[str, StoredObject]] = defaultdict(dict)

    @property
    def objects(self) -> dict[str, StoredObject]:
        """Objects of the bucket, by key."""
        return self.shelf(self.bucket)

    @property
    def uploads(self) -> dict[str, Upload]:
        """Unfinished resumable uploads, by the last part of their addresses."""
        with self.guard:
            return {key: one for key, one in self.all_uploads.items() if not one.is_finished}

    def shelf(self, bucket: str) -> dict[str, StoredObject]:
        """Return the objects of *bucket*, by key."""
        with self.guard:
            return self._shelves[bucket]

    def put_object(
        self,
        key: str,
        data: bytes,
        owner: str | None = None,
        *,
        content_type: str = "application/octet-stream",
    ) -> StoredObject:
        """Put an object there, as another program of the user would have."""
        intake = Intake(keep=True, hashing=True, in_parts=False)
        intake.add(memoryview(data))
        folder = key.partition("/")[0]
        return self.store(
            self.bucket, key, intake, owner=owner or folder, content_type=content_type
        )

    def new_intake(self, *, in_parts: bool) -> Intake:
        """Return what takes the bytes of one object."""
        parts = in_parts and self.backend == "s3"
        return Intake(keep=self._keep_bytes, hashing=self._hashing, in_parts=parts)

    def store(
        self,
        bucket: str,
        key: str,
        whole: Whole,
        *,
        owner: str,
        content_type: str | None = None,
        cache_control: str = "no-cache",
        metadata: dict[str, Any] | None = None,
        version: str | None = None,
    ) -> StoredObject:
        """Make an object visible, whole; what had the name keeps its id."""
        now = self.clock()
        stored = StoredObject(
            None if whole.data is None else bytes(whole.data),
            whole.size,
            whole.etag,
            content_type or "application/octet-stream",
            cache_control,
            metadata or {},
            owner,
            created_at=now,
            updated_at=now,
        )
        stored.version = version or stored.version
        with self.guard:
            before = self.shelf(bucket).get(key)
            if before is not None:
                stored.id, stored.created_at = before.id, before.created_at
            self.shelf(bucket)[key] = stored
        return stored

    def drop_upload(self, upload: Upload) -> None:
        """Delete an upload and the object it became."""
        with self.guard:
            self.all_uploads.pop(upload.id, None)
            stored = self.shelf(upload.bucket).get(upload.key)
            if stored is not None and stored.version == upload.version:
                del self.shelf(upload.bucket)[upload.key]

    def caller(self, token: str) -> Caller:
        """Return who *token* is for.

        Raises:
            Refusal: it is none, or has expired.
        """
        try:
            claims = self.keys.claims(token)
        except BadToken as exc:
            raise Refusal(403, "Unauthorized", "AccessDenied", str(exc)) from exc
        return Caller(str(claims.get("role", "anon")), str(claims.get("sub", "")))

    def may(self, caller: Caller, bucket: str, key: str, *actions: str) -> bool:
        """Return whether policies let *caller* do all of *actions* with the object."""
        if caller.role == "service_role":
            return True
        own = bucket == self.bucket and key.partition("/")[0] == caller.user_id and "/" in key
        return caller.role == "authenticated" and own and self.policies.issuperset(actions)

    def visible(self, caller: Caller, bucket: str, key: str) -> StoredObject:
        """Return the object.

        Raises:
            Refusal: it is not there, or not for *caller*.
        """
        stored = self.shelf(bucket).get(key)
        if stored is None or bucket not in self.buckets:
            raise no_object()
        if not self.may(caller, bucket, key, "select"):
            raise no_object()
        return stored

    def expect_writable(self, caller: Caller, bucket: str, key: str, *, upsert: bool) -> None:
        """Check the name, the bucket, the policies, and whether the name is free.

        Raises:
            Refusal: one of them is against it.
        """
        check_key(key)
        if bucket not in self.buckets:
            raise no_bucket()
        if not self.may(
            caller, bucket, key, *(("insert", "select", "update")[: 3 if upsert else 1])
        ):
            raise denied()
        if not upsert and key in self.shelf(bucket):
            raise exists()

    def size_limit(self, bucket: str) -> int:
        """Return the smaller one of the two limits, in bytes."""
        own = self.buckets[bucket].file_size_limit if bucket in self.buckets else None
        return self.max_size if own is None else min(own, self.max_size)

    def expect_mime(self, bucket: str, mime: str | None) -> None:
        """Check that the bucket takes the type; no type at all passes.

        Raises:
            Refusal: it does not.
        """
        allowed = self.buckets[bucket].allowed_mime_types
        if allowed is None or mime is None:
            return
        bare = mime.partition(";")[0].strip()
        if bare not in allowed and bare.partition("/")[0] + "/*" not in allowed:
            message = f"mime type {bare} is not supported"
            raise Refusal(415, "invalid_mime_type", "InvalidMimeType", message)


def check_key(key: str) -> None:
    """Check the characters of a key.

    Raises:
        Refusal: one of them is not allowed.
    """
    if not _KEY.fullmatch(key):
        raise Refusal(400, "InvalidKey", "InvalidKey", f"Invalid key: {key}")


def is_bucket_name(name: str) -> bool:
    """Return whether a bucket can have this name."""
    return _BUCKET.fullmatch(name) is not None


def iso(when: float) -> str:
    """Return a time as Storage writes it."""
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def unbase64(text: str) -> str:
    """Return the text in *text*.

    Raises:
        ValueError: it is not base64, or not UTF-8.
    """
    return base64.b64decode(text, validate=True).decode()
