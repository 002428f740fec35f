"""New releases of the program: what a feed says, and whether that is newer. Nothing is installed.

Source: GitHub, REST API, "Get the latest release"; and the versions of PEP 440, as far as the
project's own go.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

DAY_SECONDS: Final = 86_400.0
LONGEST_FEED: Final = 1 << 20
"""A feed of more bytes is none."""
_VERSION: Final = re.compile(
    r"v?(?P<numbers>\d{1,6}(?:\.\d{1,6}){0,4})(?:\.?(?P<kind>a|b|rc|dev)(?P<number>\d{1,6}))?"
)
_BEFORE: Final = {"dev": -4, "a": -3, "b": -2, "rc": -1}
_LONGEST_URL: Final = 500


@dataclass(frozen=True, slots=True)
class Release:
    """A release: its version as people write it, and the page that tells more of it."""

    version: str
    url: str

    @property
    def text(self) -> str:
        """The release as it is kept."""
        return f"{self.version} {self.url}"

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Return what `text` gave; None for nothing, and for what cannot be read."""
        version, _, url = (text or "").partition(" ")
        return cls(version, url) if _key_of(version) is not None and _is_page(url) else None


def latest_in(feed: str) -> Release | None:
    """Return the release that a feed names; None where it names none that can be told of.

    Args:
        feed: JSON, one release or a list of them, each with `tag_name` or `version`, and `html_url`
            or `url`. Drafts and what is tried out first do not count.
    """
    try:
        told = json.loads(feed)
    except ValueError:
        return None
    found = [_release_of(one) for one in (told if isinstance(told, list) else [told])]
    known = [one for one in found if one is not None]
    return max(known, key=lambda one: _key_of(one.version) or (), default=None)


def is_newer(version: str, than: str) -> bool:
    """Return whether *version* came after the version *than*; not, where one of them is none."""
    mine, other = _key_of(version), _key_of(than)
    return mine is not None and other is not None and mine > other


def pending(kept: str | None, version: str) -> Release | None:
    """Return the release that somebody with *version* should know of; None where there is none.

    Args:
        kept: the latest release, as `Release.text`; None where nobody was asked.
        version: of this program.
    """
    found = Release.read(kept)
    return found if found is not None and is_newer(found.version, version) else None


def _release_of(told: Any) -> Release | None:
    if not isinstance(told, dict) or told.get("draft") or told.get("prerelease"):
        return None
    version = told.get("tag_name") or told.get("version")
    url = told.get("html_url") or told.get("url")
    if not isinstance(version, str) or not isinstance(url, str):
        return None
    version = version.strip()
    key = _key_of(version)
    if key is None or key[-2] < 0 or not _is_page(url):
        return None
    return Release(version.removeprefix("v"), url)


def _is_page(url: str) -> bool:
    """Whether *url* can be opened in a browser without harm."""
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and not parts.username
    except ValueError:
        return False


def _key_of(version: str) -> tuple[int, ...] | None:
    """Return what versions are ordered by; None for what is none."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return None
    numbers = [int(one) for one in match["numbers"].split(".")]
    numbers += [0] * (5 - len(numbers))
    return (*numbers, _BEFORE.get(match["kind"] or "", 0), int(match["number"] or 0))
