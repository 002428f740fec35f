"""What makes sure that an object is there and is the file."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from zoomsync_agent.core.errors import KeyTaken, RemoteUnavailable, VerificationFailed
from zoomsync_agent.core.recording import ObjectKey, Outgoing

_MD5: Final = re.compile(r"[0-9a-f]{32}(?:-[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Sent:
    """What is under the key now: put there by us just now, or by somebody before.

    `etag` and `checksum` are what the store must call it if it holds what was sent; empty where
    that is not known.
    """

    is_new: bool
    etag: str = ""
    checksum: str = ""


class Facts(Protocol):
    """What a store tells of an object."""

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    @property
    def etag(self) -> str:
        """Its name of this content, without quotes."""
        ...

    @property
    def sha256(self) -> str:
        """The hash, as its sender told it; empty where the store does not keep that."""
        ...

    @property
    def checksum(self) -> str:
        """The hash, as the store found it itself; empty where it does not."""
        ...


class Stored(Protocol):
    """The objects of a store, as far as they are compared. What it raises its caller knows."""

    def facts(self, key: ObjectKey) -> Facts | None:
        """Return what is known of an object; None where there is none."""
        ...

    def delete(self, key: ObjectKey) -> None:
        """Delete an object, should it be there."""
        ...

    def hash(self, key: ObjectKey, expect_time: Callable[[], None]) -> str:
        """Return the SHA-256 of an object, read back whole."""
        ...


class Proof:
    """Compares objects with the files that they are to be.

    Args:
        objects: of the store.
        expect_sight: raises where an object that is not to be seen may be there all the same.
    """

    def __init__(self, objects: Stored, expect_sight: Callable[[ObjectKey], None]) -> None:
        self._objects = objects
        self._expect_sight = expect_sight
        self._is_etag_md5 = True
        # Objects that are perhaps not what they say they are.
        self._doubted: set[ObjectKey] = set()

    def prove(
        self,
        outgoing: Outgoing,
        sent: Sent,
        expected: Callable[[], str],
        expect_time: Callable[[], None],
    ) -> None:
        """Make sure that what is under the key is the file, whoever put it there.

        Args:
            outgoing: the file.
            sent: what was done to bring it there.
            expected: reads the file and tells what Storage calls an object that came of it in one
                go; empty where that is not to be known.
            expect_time: breaks off when told to.

        Raises:
            Exception: it could not be looked at; the store's own errors.
            ToldToStop: while it was read back.
            VerificationFailed: what we sent arrived as something else; it is deleted.
            KeyTaken: something else was there before.
            RemoteUnavailable: the object is not to be seen, though it was accepted.
        """
        found = self._objects.facts(outgoing.key)
        if found is None:
            self._expect_sight(outgoing.key)
            raise RemoteUnavailable(f"{outgoing.key} was accepted and is not there")
        if self._is_same(outgoing, found, sent, expected, expect_time):
            return
        # What names our content without being it was sent by us, however long ago.
        if not sent.is_new and found.sha256 != outgoing.sha256:
            raise KeyTaken(outgoing.key)
        # Until it is gone it goes on saying that it is the file; the next attempt must not believe.
        self._doubted.add(outgoing.key)
        self._take_away(outgoing.key, found)
        raise VerificationFailed(f"{outgoing.key}: what arrived is not what was sent")

    def _take_away(self, key: ObjectKey, judged: Facts) -> None:
        """Delete the object that was judged, unless another one has its place meanwhile.

        Reading it back may have taken minutes, in which somebody else found it wrong too.
        """
        if self._objects.facts(key) == judged:
            self._objects.delete(key)
        now = self._objects.facts(key)
        if now != judged:
            self._doubted.discard(key)

    def _is_same(
        self,
        outgoing: Outgoing,
        found: Facts,
        sent: Sent,
        expected: Callable[[], str],
        expect_time: Callable[[], None],
    ) -> bool:
        if found.size != outgoing.size:
            return False
        if not sent.is_new and found.sha256 not in ("", outgoing.sha256):
            return False
        is_told = sent.is_new or bool(found.sha256)
        if is_told and outgoing.key not in self._doubted:
            if _is_comparable(sent.checksum, found.checksum) and sent.checksum == found.checksum:
                return True
            # What an object says of itself its sender said at the beginning: it may have arrived
            # as something else, and the agent may have died before it was compared.
            ours = sent.etag
            if not sent.is_new and self._is_etag_md5 and _may_be_md5(found.etag):
                ours = expected()
            if not _is_comparable(sent.checksum, found.checksum):
                is_cut_alike = _is_comparable(ours, found.etag)
                if self._is_etag_md5 and is_cut_alike and ours == found.etag:
                    return True
                if not (self._is_etag_md5 and (is_cut_alike or (ours and not sent.is_new))):
                    return True  # the size is all that can be compared
        # A store that encrypts has ETags of another kind: only the bytes themselves decide.
        self._doubted.add(outgoing.key)
        is_same = self._objects.hash(outgoing.key, expect_time) == outgoing.sha256
        if is_same:
            self._doubted.discard(outgoing.key)
            self._is_etag_md5 = self._is_etag_md5 and not sent.is_new
        return is_same


def _may_be_md5(etag: str) -> bool:
    return _MD5.fullmatch(etag) is not None


def _is_comparable(ours: str, theirs: str) -> bool:
    """Return whether two names of a content were made of the same number of parts, if at all."""
    return bool(ours and theirs) and ours.partition("-")[2] == theirs.partition("-")[2]
