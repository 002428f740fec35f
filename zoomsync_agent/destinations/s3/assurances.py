"""Finds out what a store does so that nothing else is kept than what was sent.

Amazon's own store is known. Any other one is asked by sending it a few bytes that are not what
the request says: a store that takes them would take a damaged recording too.
"""

import contextlib
import hashlib
import threading
from collections.abc import Mapping
from typing import Final

import httpx

from zoomsync_agent.destinations.parted import Assurance
from zoomsync_agent.s3.objects import CHECKSUM, Objects, in_header
from zoomsync_agent.s3.requests import Refused, Requests

PROBE: Final = ".zoomsync-probe"
"""Key of the few bytes; deleted where a store takes them."""
_BYTES: Final = b"zoomsync asks whether a wrong hash is refused\n"
_OTHER: Final = hashlib.sha256(b"something else")
_NOT_THE_HASH: Final = frozenset(
    {
        "BadDigest",
        "InvalidDigest",
        "SignatureDoesNotMatch",
        "XAmzContentChecksumMismatch",
        "XAmzContentSHA256Mismatch",
    }
)
"""What stores say of a body that is not the one of the hash. The signature holds the hash too."""
_ABOUT_US: Final = (401, 403, 404)


class Assurances:
    """Knows it, once it has been found out. Thread-safe.

    Args:
        requests: to the store.
        proves_content: whether anybody wants to know; see `Assurance`.
    """

    def __init__(self, requests: Requests, *, proves_content: bool) -> None:
        self._bucket = requests.bucket
        self._objects = Objects(requests)
        self._guard = threading.Lock()
        self._told: Assurance | None = None
        self._proves_content = proves_content

    def told(self) -> Assurance:
        """Return what the store does. Only to be asked when the keys are known to be right.

        Raises:
            Refused, httpx.HTTPError: it could not be found out.
        """
        with self._guard:
            return self._told or self._found_out()

    def _found_out(self) -> Assurance:
        if self._bucket.is_aws:
            return Assurance(
                refuses_other_bytes=True,
                keeps_checksums=True,
                proves_content=self._proves_content,
            )
        if not self._proves_content:
            return Assurance(proves_content=False)
        wrong = {CHECKSUM: in_header(_OTHER.digest())}
        refuses = self._refuses(_OTHER.hexdigest(), {})
        keeps = self._refuses(hashlib.sha256(_BYTES).hexdigest(), wrong)
        found = Assurance(refuses_other_bytes=bool(refuses), keeps_checksums=bool(keeps))
        if refuses is not None and keeps is not None:
            self._told = found
        return found

    def _refuses(self, sha256: str, headers: Mapping[str, str]) -> bool | None:
        """Return whether the store refuses bytes because a hash is wrong; None if that is open."""
        try:
            self._objects.put(PROBE, _BYTES, len(_BYTES), sha256, headers)
        except Refused as exc:
            if exc.answer.is_transient:
                raise
            if exc.answer.code in _NOT_THE_HASH:
                return True
            # Who may not write now, or has no bucket yet, learns nothing of the store.
            is_open = exc.answer.is_about_keys or exc.answer.status in _ABOUT_US
            return None if is_open else False
        # It may not be deleted by everybody; a few bytes then stay, under always the same name.
        with contextlib.suppress(Refused, httpx.HTTPError):
            self._objects.delete(PROBE)
        return False
