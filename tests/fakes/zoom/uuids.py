"""UUIDs of meetings: 16 bytes in base64, whose slashes make them hard to put into a path."""

import base64
from random import Random
from typing import Final, Literal
from urllib.parse import unquote

UuidKind = Literal["plain", "slash", "leading", "double"]
"""Without `/`, with one inside, beginning with one, with two in a row."""

KINDS: Final[tuple[UuidKind, ...]] = ("plain", "slash", "leading", "double")
_CHARACTERS: Final = 22


def kind_of(uuid: str) -> UuidKind:
    """Return what is special about *uuid*."""
    if "//" in uuid:
        return "double"
    if uuid.startswith("/"):
        return "leading"
    return "slash" if "/" in uuid else "plain"


def new_uuid(random: Random, kind: UuidKind) -> str:
    """Return a new UUID of this kind."""
    text = base64.b64encode(random.randbytes(16)).decode().replace("/", "x")
    at = random.randrange(2, _CHARACTERS - 4)
    if kind == "slash":
        return f"{text[:at]}/{text[at + 1 :]}"
    if kind == "leading":
        return f"/{text[1:]}"
    if kind == "double":
        return f"{text[:at]}//{text[at + 2 :]}"
    return text


def meeting_name(segment: str) -> tuple[str, bool]:
    """Return the name in one segment of a path as it was sent, and whether it arrived.

    The front undoes one encoding and loses its way where the path then begins with a slash or has
    two in a row, so those names have to be encoded twice. Others may be.
    """
    once = unquote(segment)
    if once.startswith("/") or "//" in once:
        return once, False
    return unquote(once), True
