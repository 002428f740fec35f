"""What is known before a part leaves: what the store does, and what was noted before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Assurance:
    """What a store does so that nothing else is kept than what was sent."""

    refuses_other_bytes: bool = False
    """A body whose SHA-256 is not the signed one is refused."""
    keeps_checksums: bool = False
    """A body whose SHA-256 is not the one in its header is refused, and the hash is kept."""
    proves_content: bool = True
    """Where a store does neither, what it has is compared with what it calls it."""
    lists_parts: bool = True
    """The store tells which parts it has; where it does not, what we noted must do."""

    @property
    def compares_md5(self) -> bool:
        """Whether ETags are compared with MD5s, at 1.4 s of processor time per GiB."""
        return self.proves_content and not (self.refuses_other_bytes or self.keeps_checksums)


@dataclass(slots=True)
class Notes:
    """What is remembered of an unfinished upload: the parts that the store has named, by number.

    `terms` says what it was begun with, as `terms_of` tells it; empty where an older version noted
    it. `is_adopted` is one that somebody else began, and may still be sending.
    """

    upload_id: str
    part_bytes: int
    etags: dict[int, str] = field(default_factory=dict)
    terms: str = ""
    is_adopted: bool = False

    @classmethod
    def read(cls, token: str) -> Self | None:
        """Return what *token* says; None where it is none of these notes."""
        try:
            told = json.loads(token)
            etags = {int(number): str(etag) for number, etag in told["parts"].items()}
            return cls(
                str(told["upload"]),
                int(told["size"]),
                etags,
                str(told.get("terms", "")),
                told.get("adopted") is True,
            )
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return None

    def written(self) -> str:
        """Return them as a resume token."""
        told: dict[str, object] = {
            "upload": self.upload_id,
            "size": self.part_bytes,
            "parts": self.etags,
            "terms": self.terms,
        }
        if self.is_adopted:
            told["adopted"] = True
        return json.dumps(told, separators=(",", ":"))


def terms_of(headers: Mapping[str, str]) -> str:
    """Return a digest of the headers with which an upload is begun.

    What it becomes is settled then: a class of storage, an encryption or a kind of checksum that
    was set later has no effect on it.
    """
    told = json.dumps(sorted((name.lower(), value) for name, value in headers.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:16]
