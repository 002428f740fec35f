"""What the headers and addresses of resumable uploads say (tus 1.0.0, "Headers")."""

import base64
import binascii
import re
import uuid
from typing import Final

from tests.fakes.supabase_server.refusals import Refusal
from tests.fakes.supabase_server.state import unbase64

DIGITS: Final = re.compile(r"[0-9]{1,18}")
_METADATA_KEY: Final = re.compile(r"[!-+\--~]+")


def fault(status: int, text: str) -> Refusal:
    """A failure that only resumable uploads know; the text goes out as it is."""
    return Refusal(status, "", "", text)


def announced_length(headers: dict[str, str]) -> int | None:
    """Return the length that a create tells, in bytes; None where it comes later.

    Raises:
        Refusal: it says neither, both, or nonsense.
    """
    length, defers = headers.get("upload-length"), headers.get("upload-defer-length")
    if (length is None) == (defers is None):
        raise fault(400, "Upload-Length or Upload-Defer-Length header required\n")
    if length is None:
        if defers != "1":
            raise fault(400, "Invalid upload-defer-length\n")
        return None
    if not DIGITS.fullmatch(length):
        raise fault(400, "Invalid upload-length\n")
    return int(length)


def parse_metadata(header: str) -> dict[str, str]:
    """Return the pairs of a header Upload-Metadata, in order.

    Raises:
        Refusal: it is malformed.
    """
    found: dict[str, str] = {}
    for pair in header.split(","):
        name, *rest = pair.strip(" ").split(" ")
        if not _METADATA_KEY.fullmatch(name) or name in found or len(rest) > 1:
            raise fault(400, "Invalid upload-metadata\n")
        try:
            found[name] = unbase64(rest[0]) if rest else ""
        except (ValueError, binascii.Error) as exc:
            raise fault(400, "Invalid upload-metadata\n") from exc
    return found


def format_metadata(metadata: dict[str, str]) -> str:
    """Return the value of a header Upload-Metadata."""
    pairs = ((name, base64.b64encode(value.encode()).decode()) for name, value in metadata.items())
    return ",".join(f"{name} {value}".rstrip() for name, value in pairs)


def named(upload_id: str) -> tuple[str, str]:
    """Return bucket and key that an address names, whether it is known or not.

    Raises:
        Refusal: it is malformed.
    """
    try:
        text = base64.urlsafe_b64decode(upload_id + "=" * (-len(upload_id) % 4)).decode()
        bucket, rest = text.split("/", 1)
        key, version = rest.rsplit("/", 1)
        uuid.UUID(version)
    except ValueError as exc:
        raise fault(400, "Invalid upload id") from exc
    return bucket, key
