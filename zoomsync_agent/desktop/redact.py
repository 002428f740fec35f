"""Take secrets, and the user's name in paths, out of text that is about to be written down.

Rather too much is hidden than too little. Every pattern either takes what it has looked at or gives
up after a bounded number of characters, so the time is linear in the text, whoever wrote it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

MASK: Final = "[redacted]"
_MAX_DEPTH: Final = 8

# Names whose value is a secret wherever they stand; access_token and the like end in one of them.
_NAMES: Final = (
    r"(?:token|password|passwd|passcode|pwd|secret(?:[_-]?access)?(?:[_-]?key)?|api[_-]?key"
    r"|authorization|signature|credential|code[_-]?verifier)"
)
# Names that are secret in a query or a form only: elsewhere "state" and "code" are the agent's own
# words, and hiding them would make the log useless.
_QUERY_NAMES: Final = r"(?:code|state|policy|key-pair-id|zak|sig)"

_LEAD: Final = (
    rf"(?:{_NAMES}\\*+[\"']?[ \t]*+(?:[:=]|%3d|%3a)[ \t]*+(?:basic[ \t]++)?"
    r"|bearer(?:[ \t]++|%20))"
)
# A value ends where the next name begins: what somebody glued in front of a secret must not use up
# the name that gives the secret away.
_QUOTED: Final = (
    r"(?:\\++[\"'](?:(?!{lead})(?:[^\"'\\\r\n]|\\++(?![\"'\\])))*+"
    r"|\"(?:(?!{lead})(?:\\[\"'\\]|[^\"\r\n]))*+"
    r"|'(?:(?!{lead})(?:\\[\"'\\]|[^'\r\n]))*+)"
).replace("{lead}", _LEAD)
_BARE: Final = rf"(?:(?!{_LEAD})[^\s\"'&<>])*+"
# What tells itself by its form ends there too, and where a field of a form begins.
_STOP: Final = rf"(?!{_LEAD}|{_QUERY_NAMES}=)"
_RUN: Final = rf"(?:{_STOP}[\w-])*+"

_KEYS: Final = (
    rf"(?P<key>sb_(?:secret|publishable)_(?:{_STOP}[\w.~+/=-])*+)"
    rf"|(?P<aws>(?-i:A[KS]IA)(?:{_STOP}(?-i:[A-Z0-9])){{16,}}+)"
)
_TOKENS: Final = rf"(?P<jwt>(?-i:eyJ){_RUN}(?:\.{_RUN})*+)|{_KEYS}"
_SECRETS: Final = re.compile(
    rf"(?P<lead>{_LEAD})(?P<value>{_QUOTED}|{_BARE})"
    rf"|(?P<query>(?P<mark>[?&#;]|%3f|%26)?{_QUERY_NAMES}(?:=|%3d))(?P<part>{_BARE})"
    rf"|{_TOKENS}",
    re.IGNORECASE | re.ASCII,
)
_TOKENS_ONLY: Final = re.compile(_TOKENS, re.IGNORECASE | re.ASCII)
_KEYS_ONLY: Final = re.compile(_KEYS, re.IGNORECASE | re.ASCII)
_USER_INFO: Final = re.compile(r"(://[^\s/@:]*+:)[^\s/@]++(?=@)")
_SECRET_NAME: Final = re.compile(_NAMES + r"\Z", re.IGNORECASE | re.ASCII)
_CLOSING: Final = ",;)}"
_MIN_JWT_HEADER: Final = 13


def redact(text: str, home: str = "") -> str:
    """Return *text* without secrets, and with *home* written as ``~``.

    Args:
        text: anything; it need not be well-formed.
        home: the user's home directory; empty leaves paths alone.
    """
    text = _SECRETS.sub(_hide, text)
    if pattern := _home_pattern(home):
        text = pattern.sub("~", text)
    return _USER_INFO.sub(rf"\1{MASK}", text)


def redact_all(value: object, home: str = "", *, depth: int = 0) -> object:
    """Return *value* with every string in it redacted, and values under secret names hidden.

    Whatever is neither a container nor a number becomes its redacted text, so that nothing is
    turned into text after this.
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return redact(value, home)
    if depth < _MAX_DEPTH:
        if isinstance(value, Mapping):
            return {
                redact(str(key), home): MASK
                if is_secret_name(str(key)) and item not in (None, "")
                else redact_all(item, home, depth=depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple, set, frozenset)):
            return [redact_all(item, home, depth=depth + 1) for item in value]
    return redact(_text(value), home)


def is_secret_name(name: str) -> bool:
    """Return whether what is kept under *name* is a secret, as in ``refresh_token``."""
    return _SECRET_NAME.search(name) is not None


def _text(value: object) -> str:
    try:
        if isinstance(value, BaseException):
            return f"{type(value).__name__}: {value}"
        return str(value)
    except Exception as exc:  # noqa: BLE001 - a broken __str__ must not cost the log line
        return f"<{type(value).__name__} that cannot be shown: {type(exc).__name__}>"


def _hide(match: re.Match[str]) -> str:
    if match["lead"] is not None:
        return match["lead"] + _masked(match["value"])
    if match["query"] is not None:
        # Without a mark in front it may still be the first field of a form: then another follows.
        if match["mark"] or match.string.startswith("&", match.end()):
            return match["query"] + _masked(match["part"])
        return match["query"] + _TOKENS_ONLY.sub(_hide_token, match["part"])
    return _hide_token(match)


def _hide_token(match: re.Match[str]) -> str:
    run = match["jwt"]
    if run is None or _holds_jwt(run):
        return MASK
    # Not one after all; other keys may still have been swallowed with it.
    return _KEYS_ONLY.sub(MASK, run)


def _holds_jwt(run: str) -> bool:
    return any(
        len(part[part.find("eyJ") :]) >= _MIN_JWT_HEADER
        for part in run.split(".")[:-2]
        if "eyJ" in part
    )


def _masked(value: str) -> str:
    """Return what stands for *value*: its opening quote and closing punctuation stay readable."""
    opening = value[: len(value) - len(value.lstrip("\\"))]
    if value[len(opening) : len(opening) + 1] in ('"', "'"):
        opening = value[: len(opening) + 1]
        return opening + MASK if value != opening else value
    core = value.rstrip(_CLOSING)
    return MASK + value[len(core) :] if core else value


@lru_cache(maxsize=4)
def _home_pattern(home: str) -> re.Pattern[str] | None:
    """Return what finds *home* however it was written down; None for a home that says nothing."""
    windows = home[1:2] == ":" or home.startswith("\\\\")
    parts = [part for part in re.split(r"[\\/]+" if windows else "/+", home) if part]
    if not parts or (windows and len(parts) == 1):
        return None
    # Up to four: JSON within JSON doubles a backslash twice.
    separator = r"(?:[\\/]|%2[fF]|%5[cC]){1,4}+"
    body = separator.join("".join(map(_spellings, part)) for part in parts)
    if not windows or home.startswith("\\\\"):
        body = separator + body
    # Not the beginning of another user's name; two homes in a row are two homes.
    pattern = rf"{body}(?={body}|(?!\.?[\w-]))"
    return re.compile(pattern, re.IGNORECASE if windows else re.NOFLAG)


def _spellings(char: str) -> str:
    """Return a pattern for *char* as itself, percent-encoded, or as a JSON escape."""
    if char.isascii() and (char.isalnum() or char in "_.-"):
        return re.escape(char)
    # A byte of a name that is not UTF-8 stands in the text as a low surrogate.
    errors = "surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass"
    encoded = "".join(f"%(?i:{code:02x})" for code in char.encode("utf-8", errors))
    escaped = "".join(
        rf"\\{{1,4}}u(?i:{int.from_bytes(unit, 'big'):04x})" for unit in _utf16_units(char)
    )
    return f"(?:{re.escape(char)}|{encoded}|{escaped})"


def _utf16_units(char: str) -> list[bytes]:
    raw = char.encode("utf-16-be", errors="surrogatepass")
    return [raw[at : at + 2] for at in range(0, len(raw), 2)]
