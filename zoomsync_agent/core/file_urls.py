"""Addresses of files. Source: RFC 8089."""

import os
import sys
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes, urlsplit


def path_of(url: str, *, platform: str = sys.platform) -> Path | None:
    """Return the file that *url* names; None where it names something elsewhere.

    What `Path.as_uri` gave comes back byte for byte, in whatever encoding the name is.

    Args:
        url: an address of any kind.
        platform: as in `sys.platform`.
    """
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    if platform == "win32":
        # Not `url2pathname`, whose module loads a whole HTTP client.
        path = unquote(parts.path)
        told = f"//{unquote(parts.netloc)}{path}" if parts.netloc else path.lstrip("/")
        return Path(told.replace("/", "\\"))
    return Path(os.fsdecode(unquote_to_bytes(parts.path)))
