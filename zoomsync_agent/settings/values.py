"""Kinds of values that settings have: how they are written, and how they are checked."""

import re
import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

MAX_NAME: Final = 200
_MIN_LIMIT: Final = 1_000
_MAX_LIMIT: Final = 10**12
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_RATE: Final = re.compile(
    r"(?P<number>\d{1,15}(?:\.\d{1,9})?)\s?(?P<unit>[kmg]i?)?b?(?:/s)?", re.IGNORECASE
)
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-]{1,253}(?::[0-9]{1,5})?")
_YES: Final = frozenset({"yes", "true", "on", "1"})
_NO: Final = frozenset({"no", "false", "off", "0"})
_NO_LIMIT: Final = frozenset({"none", "off", "unlimited"})


def as_rate(value: object) -> int:
    """Return bytes per second, as written ``5M``, ``500K``, ``2 MB/s``, ``1MiB``; 0 is no limit."""
    if isinstance(value, str):
        text = value.strip().lower()
        if text in _NO_LIMIT:
            return 0
        match = _RATE.fullmatch(text)
        if match is None:
            raise ValueError("not a number of bytes per second")
        value = float(match["number"]) * _UNITS[(match["unit"] or "").lower()]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("not a number of bytes per second")  # noqa: TRY004 - pydantic wants it
    if value != 0 and not _MIN_LIMIT <= value <= _MAX_LIMIT:
        raise ValueError("out of range")
    return int(value)


def as_backfill(value: object) -> object:
    """Return a number of days as a number, and a word in lower case."""
    if isinstance(value, str):
        text = value.strip().lower()
        return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else text
    return value


def as_size(value: object) -> int:
    """Return bytes, as written ``6Mi``, ``6 MiB``, ``8M``."""
    if isinstance(value, str):
        match = _RATE.fullmatch(value.strip())
        if match is None or value.strip().endswith("/s"):
            raise ValueError("not a number of bytes")
        value = float(match["number"]) * _UNITS[(match["unit"] or "").lower()]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("not a number of bytes")  # noqa: TRY004 - pydantic wants it
    return int(value)


def as_day(value: object) -> object:
    """Return a day, as written ``2024-01-31``; an empty word is none."""
    if isinstance(value, str):
        text = value.strip()
        value = date.fromisoformat(text) if text else None
    if isinstance(value, date) and value > datetime.now(UTC).date() + timedelta(days=1):
        raise ValueError("in the future")
    return value


def as_address(value: str) -> str:
    """Return the base address of a project without a slash at its end."""
    return value.strip().rstrip("/")


def as_origins(value: str) -> str:
    """Return web origins (RFC 6454), as written ``https://a.example http://localhost:3000``."""
    origins = value.replace(",", " ").split()
    for origin in origins:
        if _ORIGIN.fullmatch(origin) is None:
            raise ValueError("not a web origin")
    return " ".join(origins)


def no_bool(value: object) -> object:
    """Refuse a truth value, which pydantic would take as a number."""
    if isinstance(value, bool):
        raise ValueError("not a number")  # noqa: TRY004 - pydantic wants it
    return value


def as_word(value: object) -> object:
    """Return a word in lower case, without blanks around it."""
    return value.strip().lower() if isinstance(value, str) else value


def as_yes_or_no(value: object) -> object:
    """Return a truth value, in whatever way it is written, as ``yes`` or ``no``."""
    word = str(value).strip().lower() if isinstance(value, (str, bool)) else value
    if word in _YES:
        return "yes"
    return "no" if word in _NO else word


def as_name(value: str) -> str:
    """Refuse what cannot be shown in a line."""
    if not value.isprintable():
        raise ValueError("has control characters")
    return value


def as_absolute(value: Path) -> Path:
    """Refuse a path that depends on where the agent was started."""
    if not value.is_absolute():
        raise ValueError("not an absolute path")
    return value


def this_device() -> str:
    """Return the name of this computer."""
    return socket.gethostname()[:MAX_NAME].strip() or "unknown"


def setting(
    env: str,
    allowed: str,
    description: str,
    default: Any = ...,
    *,
    alias: str = "",
    **limits: Any,
) -> Any:
    """Return a field with what is to be known of it without its value.

    Args:
        env: the variable that sets it.
        allowed: what it can be, for people.
        description: what it is for.
        default: its value unless it is set; a function makes it.
        alias: another variable that means the same.
        **limits: what pydantic is to check.
    """
    extra: dict[str, JsonValue] = {"env": env, "allowed": allowed, "alias": alias}
    if callable(default):
        limits["default_factory"] = default
    else:
        limits["default"] = default
    return Field(description=description, json_schema_extra=extra, **limits)


Folder = Annotated[Path, AfterValidator(as_absolute)]
Name = Annotated[str, AfterValidator(as_name)]
NoBool = BeforeValidator(no_bool)
Word = BeforeValidator(as_word)
