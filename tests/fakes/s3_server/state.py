"""What the store keeps and how it is set: objects, versions, uploads, knobs."""

import itertools
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any, Final, Literal

from tests.fakes.s3_server.errors import (
    S3Error,
    access_denied,
    invalid_argument,
    no_such_key,
    no_such_upload,
    precondition_failed,
)
from tests.fakes.s3_server.multipart import Upload

ACCESS_KEY: Final = "AKIAZOOMSYNCTESTKEY1"
SECRET_KEY: Final = "stand-in/secret/for/tests/only/123456789"  # noqa: S105  opens this alone


@dataclass(slots=True)
class StoredObject:
    """One object that is there, whole, or one version of it.

    `data` is None where bytes are not kept; `etag` has its quotes; `checksums` are in base64 by
    algorithm in lower case.
    """

    data: bytes | None
    etag: str
    size: int
    metadata: dict[str, str] = field(default_factory=dict)
    content_type: str = "binary/octet-stream"
    storage_class: str = "STANDARD"
    encryption: str | None = None
    checksums: dict[str, str] = field(default_factory=dict)
    version_id: str | None = None
    last_modified: float = 0.0
    is_locked: bool = False

    @property
    def checksum_sha256(self) -> str | None:
        """Its SHA-256 as it was sent along: of all, or of the parts' and `-` and their number."""
        return self.checksums.get("sha256")


@dataclass(frozen=True, slots=True)
class DeleteMarker:
    """A version that says that the object is deleted."""

    version_id: str


class Store:
    """One bucket: everything but the network.

    Attributes:
        bucket: its name.
        region: where it says it is.
        access_key, secret_key: who is let in.
        session_tokens: tokens that may come with the key.
        expired_tokens: tokens that did once.
        smallest_part: in bytes; only the last part may be smaller.
        largest_body: in bytes; of an object or a part sent in one request.
        verifies_payload: a body must be the one whose hash was signed.
        checksums: what becomes of `x-amz-checksum-…`: verified, taken on trust, not noticed, or
            refused.
        conditional_writes: `If-None-Match: *` is heeded.
        versioned: every write and deletion makes a version.
        object_lock: bodies need a checksum, and versions cannot be deleted.
        keeps_metadata: `x-amz-meta-…` is kept.
        encryption: how objects are kept if nobody says; with `aws:kms` no ETag is an MD5.
        denied: permissions that the key does not have, such as `s3:PutObject`.
        spoils: every byte is stored with its bits flipped, and nobody notices.
        objects: what is there, by key.
        versions: of each key, the newest one last; filled only while `versioned`.
        uploads: those that are neither completed nor aborted, by id.
        guard: held while any of these change.
    """

    def __init__(
        self,
        *,
        bucket: str,
        region: str,
        access_key: str,
        secret_key: str,
        keep_bytes: bool,
        hashing: bool,
        smallest_part: int,
        clock: Callable[[], float],
        guard: threading.RLock,
    ) -> None:
        self.bucket = bucket
        self.region = region
        self.access_key = access_key
        self.secret_key = secret_key
        self.session_tokens: set[str] = set()
        self.expired_tokens: set[str] = set()
        self.keep_bytes = keep_bytes
        self.hashing = hashing
        self.smallest_part = smallest_part
        self.largest_body = 5 << 30
        self.clock = clock
        self.verifies_payload = True
        self.checksums: Literal["verify", "echo", "ignore", "refuse"] = "verify"
        self.conditional_writes = True
        self.versioned = False
        self.object_lock = False
        self.keeps_metadata = True
        self.encryption: str | None = None
        self.denied: set[str] = set()
        self.spoils = False
        self.objects: dict[str, StoredObject] = {}
        self.versions: dict[str, list[StoredObject | DeleteMarker]] = {}
        self.uploads: dict[str, Upload] = {}
        self.guard = guard
        self._opaque = itertools.count(1)

    def put_object(
        self, key: str, data: bytes, metadata: dict[str, str] | None = None
    ) -> StoredObject:
        """Put an object there, as another program would have."""
        etag = f'"{md5(data, usedforsecurity=False).hexdigest()}"'
        stored = StoredObject(data, etag, len(data), metadata=dict(metadata or {}))
        return self.commit(key, stored)

    def remove_object(self, key: str) -> None:
        """Take an object away as if it had never been there, with all of its versions."""
        with self.guard:
            del self.objects[key]
            self.versions.pop(key, None)

    def add_upload(self, key: str, *, initiated: float | None = None, **more: Any) -> Upload:
        """Begin an upload; *more* are other attributes of it."""
        begun = self.clock() if initiated is None else initiated
        upload = Upload(secrets.token_urlsafe(48), key, begun, bucket=self.bucket, **more)
        with self.guard:
            self.uploads[upload.id] = upload
        return upload

    def commit(
        self, key: str, stored: StoredObject, *, only_if_absent: bool = False
    ) -> StoredObject:
        """Make an object visible, whole.

        Raises:
            S3Error: the name is taken, and it was to be free.
        """
        with self.guard:
            if only_if_absent:
                self.expect_absent(key)
            stored.last_modified = self.clock()
            stored.is_locked = self.object_lock
            if self.is_versioned:
                stored.version_id = secrets.token_urlsafe(24)
                self.versions.setdefault(key, []).append(stored)
            self.objects[key] = stored
        return stored

    def expect_absent(self, key: str) -> None:
        """Check that a name is free.

        Raises:
            S3Error: it is not.
        """
        if key in self.objects:
            raise precondition_failed("If-None-Match")

    @property
    def is_versioned(self) -> bool:
        """Whether writes make versions; locked ones always do."""
        return self.versioned or self.object_lock

    def current(self, key: str) -> StoredObject:
        """Return the object.

        Raises:
            S3Error: it is not there, or whether it is must not be known.
        """
        with self.guard:
            stored, versions = self.objects.get(key), self.versions.get(key)
        if stored is not None:
            return stored
        if "s3:ListBucket" in self.denied:
            raise access_denied()
        last = versions[-1] if versions else None
        if isinstance(last, DeleteMarker):
            headers = {"x-amz-delete-marker": "true", "x-amz-version-id": last.version_id}
            raise no_such_key(key, headers)
        raise no_such_key(key)

    def version(self, key: str, version_id: str) -> StoredObject | DeleteMarker:
        """Return one version of an object.

        Raises:
            S3Error: there is none of that name.
        """
        if not version_id:
            message = "Version id cannot be the empty string"
            raise invalid_argument(message, "versionId", version_id)
        with self.guard:
            for one in self.versions.get(key, []):
                if one.version_id == version_id:
                    return one
        told = {"Key": key, "VersionId": version_id}
        raise S3Error(404, "NoSuchVersion", "The specified version does not exist.", told)

    def delete(self, key: str) -> DeleteMarker | None:
        """Delete an object; where there are versions, by one more that says so."""
        with self.guard:
            self.objects.pop(key, None)
            if not self.is_versioned:
                return None
            marker = DeleteMarker(secrets.token_urlsafe(24))
            self.versions.setdefault(key, []).append(marker)
            return marker

    def delete_version(self, key: str, one: StoredObject | DeleteMarker) -> None:
        """Delete a version for good; what is the newest one then is the object.

        Raises:
            S3Error: it is locked.
        """
        if isinstance(one, StoredObject) and one.is_locked:
            raise access_denied("Access Denied because object protected by object lock.")
        with self.guard:
            left = [other for other in self.versions[key] if other is not one]
            self.versions[key] = left
            self.objects.pop(key, None)
            if left and isinstance(left[-1], StoredObject):
                self.objects[key] = left[-1]

    def upload(self, upload_id: str, key: str) -> Upload:
        """Return an upload.

        Raises:
            S3Error: there is none of that name, or it is for another key.
        """
        with self.guard:
            found = self.uploads.get(upload_id)
        if found is None or found.key != key:
            raise no_such_upload(upload_id)
        return found

    def opaque_tag(self) -> str:
        """Return what looks like an MD5 and is none."""
        return f"{next(self._opaque):032x}"
