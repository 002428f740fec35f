"""What lies in a bucket, and what is said beside each object."""

import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from zoomsync_agent.core.recording import ObjectKey
from zoomsync_agent.s3.objects import ObjectFacts, Objects, content_md5
from zoomsync_agent.s3.requests import Refused

_LARGEST_DESCRIPTION: Final = 64 << 20
_DESCRIPTION: Final = ".json"
_FOREIGN_LISTED: Final = 5_000
_OURS: Final = re.compile(r"(?:[0-9]{4}|undated)/.+/[^/]*[0-9a-f]{12}[^/]*")
"""As `naming.object_key` names objects: the year first, a part of the hash in the last name."""


@dataclass(frozen=True, slots=True)
class Storing:
    """How objects are to be kept; empty for what the bucket does by itself.

    `storage_class` as S3 names it, `encryption` AES256, aws:kms or aws:kms:dsse, `kms_key` the id
    or ARN of the key.
    """

    storage_class: str = ""
    encryption: str = ""
    kms_key: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What a store is told of it."""
        told = {
            "x-amz-storage-class": self.storage_class,
            "x-amz-server-side-encryption": self.encryption,
            "x-amz-server-side-encryption-aws-kms-key-id": self.kms_key,
        }
        return {name: value for name, value in told.items() if value}


AS_THE_BUCKET_DOES: Final = Storing()


class Shelf:
    """Lists and describes the objects of one bucket. What it raises is the store's own.

    Args:
        objects: of the bucket.
        storing: how objects are to be kept.
    """

    def __init__(self, objects: Objects, storing: Storing) -> None:
        self._objects = objects
        # Not in a storage class from which it could only be read hours later.
        self._storing = Storing("", storing.encryption, storing.kms_key)

    def sizes_of(self, wanted: set[ObjectKey]) -> dict[str, int]:
        """Return the sizes of those of *wanted* that listings show at a fair price.

        Others may keep millions of objects in the same bucket; those are not read through.
        """
        found: dict[str, int] = {}
        for folder in sorted({key.partition("/")[0] + "/" for key in wanted}):
            most = _FOREIGN_LISTED + 4 * len(wanted)
            listed = itertools.islice(self._objects.sizes(folder), most)
            found.update((key, size) for key, size in listed if key in wanted)
        return found

    def kept(self) -> Iterator[tuple[ObjectKey, ObjectFacts, Mapping[str, Any]]]:
        """Yield each object that the agent named, with what is known and what is said of it."""
        ours: list[ObjectKey] = []
        descriptions: dict[str, int] = {}
        for key, size in self._objects.sizes():
            if key.endswith(_DESCRIPTION):
                descriptions[key.removesuffix(_DESCRIPTION)] = size
            elif _OURS.fullmatch(key):
                ours.append(ObjectKey(key))
        for key in ours:
            found = self._objects.facts(key)
            if found is not None:
                is_described = 0 < descriptions.get(key, 0) <= _LARGEST_DESCRIPTION
                yield key, found, self._described(key) if is_described else {}

    def describe(self, key: ObjectKey, described: Mapping[str, Any]) -> None:
        """Keep what is said of an object beside it, under its name and `.json`."""
        content = json.dumps(described, ensure_ascii=False, indent=1).encode()
        headers = {
            **self._storing.headers,
            # A bucket with locked objects wants to see this.
            "Content-MD5": content_md5(content),
            "Content-Type": "application/json",
        }
        sha256 = hashlib.sha256(content).hexdigest()
        self._objects.put(key + _DESCRIPTION, content, len(content), sha256, headers)

    def _described(self, key: ObjectKey) -> Mapping[str, Any]:
        try:
            told = json.loads(b"".join(self._objects.pieces(key + _DESCRIPTION)))
        except (ValueError, RecursionError):
            return {}
        except Refused as exc:
            if exc.answer.is_transient or exc.answer.is_about_keys:
                raise
            return {}  # a rebuild goes on without what one object said of itself
        return told if isinstance(told, dict) else {}
