"""What is known before a part leaves: what the store does, and what was noted before."""

import json
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
    """What is remembered of an unfinished upload: the parts that the store has named, by number."""

    upload_id: str
    part_bytes: int
    etags: dict[int, str] = field(default_factory=dict)

    @classmethod
    def read(cls, token: str) -> Self | None:
        """Return what *token* says; None where it is none of these notes."""
        try:
            told = json.loads(token)
            etags = {int(number): str(etag) for number, etag in told["parts"].items()}
            return cls(str(told["upload"]), int(told["size"]), etags)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return None

    def written(self) -> str:
        """Return them as a resume token."""
        told = {"upload": self.upload_id, "size": self.part_bytes, "parts": self.etags}
        return json.dumps(told, separators=(",", ":"))
