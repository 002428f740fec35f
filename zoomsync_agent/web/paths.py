"""Addresses that several parts of the site have to know."""

from typing import Final

UPLOADS: Final = ("/upload/recording", "/ui/upload")
"""Where recordings are handed in, by programs and by people: bodies may be large there."""
