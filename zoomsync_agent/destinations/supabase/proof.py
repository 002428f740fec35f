"""Proof that an object is the file, and that what is not to be seen is not there."""

import re
from collections.abc import Callable
from typing import Final

from zoomsync_agent.core.errors import (
    KeyTaken,
    RemoteUnavailable,
    SetupIncomplete,
    VerificationFailed,
)
from zoomsync_agent.core.recording import ObjectKey, Outgoing
from zoomsync_agent.destinations.supabase.objects import ObjectFacts, Objects
from zoomsync_agent.destinations.supabase.resumable import Sent

_MD5: Final = re.compile(r"[0-9a-f]{32}(?:-[0-9]+)?")


class Sight:
    """Knows whether objects are to be seen at all.

    Args:
        objects: of the bucket.
        bucket: its name.
        policies_allow: tells whether the policies let us see our objects, None where that cannot
            be known; asked when not one object is to be seen.
    """

    def __init__(
        self,
        objects: Objects,
        bucket: str,
        policies_allow: Callable[[], bool | None],
    ) -> None:
        self._objects = objects
        self._bucket = bucket
        self._policies_allow_sight = policies_allow

    def expect(self, key: ObjectKey) -> None:
        """Make sure that an object that is not to be seen is not there.

        Without a policy for reading everything looks as if it were deleted.

        Raises:
            SetupIncomplete: nothing is to be seen, and that may not be for lack of objects.
            Refused, httpx.HTTPError: it could not be looked at.
        """
        if self._objects.any_below(key.partition("/")[0]):
            return
        if self._policies_allow_sight():
            return
        raise SetupIncomplete(
            f"nothing in the bucket “{self._bucket}” is to be seen: is it there, and does "
            "a policy allow reading?"
        )


class Proof:
    """Compares objects with the files that they are to be.

    Args:
        objects: of the bucket.
        sight: knows whether they are to be seen.
    """

    def __init__(self, objects: Objects, sight: Sight) -> None:
        self._objects = objects
        self._sight = sight
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
            Refused, httpx.HTTPError: it could not be looked at.
            ToldToStop: while it was read back.
            VerificationFailed: what we sent arrived as something else; it is deleted.
            KeyTaken: something else was there before.
            RemoteUnavailable: the object is not to be seen, though it was accepted.
        """
        found = self._objects.facts(outgoing.key)
        if found is None:
            self._sight.expect(outgoing.key)
            raise RemoteUnavailable(f"{outgoing.key} was accepted and is not there")
        if self._is_same(outgoing, found, sent, expected, expect_time):
            return
        # What names our content without being it was sent by us, however long ago.
        if not sent.is_new and found.sha256 != outgoing.sha256:
            raise KeyTaken(outgoing.key)
        # Until it is gone it goes on saying that it is the file; the next attempt must not believe.
        self._doubted.add(outgoing.key)
        self._objects.delete(outgoing.key)
        if self._objects.facts(outgoing.key) is None:
            self._doubted.discard(outgoing.key)
        raise VerificationFailed(f"{outgoing.key}: what arrived is not what was sent")

    def _is_same(
        self,
        outgoing: Outgoing,
        found: ObjectFacts,
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
            # What an object says of itself its sender said at the beginning: it may have arrived
            # as something else, and the agent may have died before it was compared.
            ours = sent.etag
            if not sent.is_new and self._is_etag_md5 and _may_be_md5(found.etag):
                ours = expected()
            if not (self._is_etag_md5 and _is_comparable(ours, found.etag)):
                return True  # the size is all that can be compared
            if ours == found.etag:
                return True
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
    """Return whether two ETags were made of the same number of parts, if of MD5 at all."""
    return bool(ours) and ours.partition("-")[2] == theirs.partition("-")[2]
