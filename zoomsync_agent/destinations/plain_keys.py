"""Names of objects that every store, and every proxy before it, leaves as they are."""

from zoomsync_agent.core.errors import NameRefused
from zoomsync_agent.core.recording import ObjectKey


def expect_plain(key: ObjectKey) -> None:
    """Refuse a key that something in between might fold or rewrite.

    Raises:
        NameRefused: it is not plain ASCII, or has empty or relative components.
    """
    parts = key.split("/")
    if not key.isascii() or not key.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise NameRefused(key)
