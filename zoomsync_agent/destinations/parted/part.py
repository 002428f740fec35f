"""One part: what it must be, and its way to the store."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Self

import httpx

from zoomsync_agent.core.errors import SourceChanged, VerificationFailed
from zoomsync_agent.core.recording import Outgoing
from zoomsync_agent.destinations.hashing import Hashing
from zoomsync_agent.destinations.outflow import Outflow, ToldToStop
from zoomsync_agent.destinations.parted.notes import Assurance
from zoomsync_agent.destinations.patience import Patience
from zoomsync_agent.destinations.source_file import expect_unchanged, md5_of
from zoomsync_agent.s3.multipart import Multipart, NoSuchUpload, Part
from zoomsync_agent.s3.objects import CHECKSUM, in_header
from zoomsync_agent.s3.requests import Refused
from zoomsync_agent.s3.signing import UNSIGNED

_WRONG_PARTS: Final = 3
"""So often a part may arrive as something else."""
_ANSWER_LOST: Final = (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError)
"""After these a request may have been done: all of it had left."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a part lies in the file; *number* counts from 1."""

    number: int
    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Hashed:
    """What a part must be; empty where nobody needs to know."""

    sha256: bytes = b""
    md5: bytes = b""

    @property
    def checksum(self) -> str:
        """The SHA-256 as it stands in a header."""
        return in_header(self.sha256)


def fits(known: Part, hashed: Hashed) -> bool:
    """Return whether a part that the store has surely is what it must be."""
    if known.checksum and hashed.sha256:
        return known.checksum == hashed.checksum
    return bool(hashed.md5) and known.etag == hashed.md5.hex()


class PartReader:
    """Reads a file from its beginning, part by part, and hashes it, whole and each part.

    A context manager; not thread-safe.

    Args:
        outgoing: the file.
        flow: asks whether to go on, and holds the file open.
        assurance: tells which hashes of a part are needed.
        piece_bytes: how much is read at a time.
    """

    def __init__(
        self, outgoing: Outgoing, flow: Outflow, assurance: Assurance, piece_bytes: int
    ) -> None:
        self._outgoing = outgoing
        self._flow = flow
        self._assurance = assurance
        self._piece_bytes = piece_bytes
        self._whole = hashlib.sha256()
        self._hashing = Hashing()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._hashing.close()

    def read(self, cut: Cut, known: Part | None, *, is_noted: bool) -> Hashed:
        """Read the next part and return what it must be.

        Args:
            cut: where it lies.
            known: what the store has of it, None for nothing.
            is_noted: we sent what it has, and it says so too.

        Raises:
            ToldToStop: broken off.
            SourceChanged: the file has become shorter.
        """
        needs_sha256 = self._assurance.refuses_other_bytes or self._assurance.keeps_checksums
        # A part that nobody noted is compared with whatever the store tells of it.
        needs_md5 = not is_noted and (
            self._assurance.compares_md5 or (known is not None and not known.checksum)
        )
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        hashes = [self._whole, sha256] if needs_sha256 else [self._whole]
        source = self._flow.source
        source.seek(cut.offset)
        left = cut.count
        while left:
            self._flow.expect_time()
            piece = source.read(min(self._piece_bytes, left))
            if not piece:
                raise SourceChanged(f"{self._outgoing.path} became shorter")
            # MD5 is the slow one and goes on beside the others. Those take a piece in sooner here
            # than threads are told of it, and the second one finds it in the core's cache.
            if needs_md5:
                self._hashing.feed([md5], piece)
            for one in hashes:
                one.update(piece)
            left -= len(piece)
        self._hashing.settle()
        return Hashed(sha256.digest() if needs_sha256 else b"", md5.digest() if needs_md5 else b"")

    def expect_content(self) -> None:
        """Make sure that the file is unchanged, and that all that was read adds up to its hash.

        Raises:
            SourceChanged, VerificationFailed: it does not.
        """
        self._flow.expect_unchanged()
        if self._whole.hexdigest() != self._outgoing.sha256:
            raise VerificationFailed(f"{self._outgoing.path} does not hold what was read at first")


class PartSender:
    """Sends parts of one file, over trouble. Thread-safe.

    Args:
        multipart: the protocol.
        outgoing: the file.
        assurance: what the store does.
        pace: told of each piece before it moves.
        piece_bytes: how much moves at a time.
        patience: tries again what failed for a moment.
    """

    def __init__(
        self,
        multipart: Multipart,
        outgoing: Outgoing,
        assurance: Assurance,
        pace: Callable[[int], None],
        piece_bytes: int,
        patience: Patience,
    ) -> None:
        self._multipart = multipart
        self._outgoing = outgoing
        self._assurance = assurance
        self._pace = pace
        self._piece_bytes = piece_bytes
        self._patience = patience
        self._broken_off = threading.Event()

    def break_off(self) -> None:
        """Let every part that is on its way end at its next piece, and no request be made after.

        One may hang in the middle of a piece, and is not waited for. It reads the file by a handle
        of its own and tells nobody what came of it. Should its last piece leave after all, a part
        arrives late, perhaps after another run has sent it too: of the same upload, and so of the
        same content, it takes the place of its like. Where a store then calls it by another name,
        the completion, which names each part, is refused, and the parts are looked at again.
        """
        self._broken_off.set()

    def send(self, upload_id: str, cut: Cut, hashed: Hashed) -> Part:
        """Send one part and return what the store calls it.

        Raises:
            ToldToStop: broken off.
            NoSuchUpload: it does not exist any more.
            Refused, httpx.HTTPError: it may or may not be there.
            SourceChanged: the file is not the one that was meant.
            VerificationFailed: the store does not keep what it is sent.
        """
        payload = hashed.sha256.hex() if self._assurance.refuses_other_bytes else UNSIGNED
        headers = self._proofs(hashed)

        def once() -> Part:
            self._expect_not_broken_off()
            try:
                return self._multipart.send(
                    self._outgoing.key,
                    upload_id,
                    cut.number,
                    lambda: self._body(cut),
                    cut.count,
                    payload,
                    headers,
                )
            except _ANSWER_LOST:
                part = self._arrived(upload_id, cut, hashed)
                if part is None:
                    raise
                return part

        problem = ""
        for _ in range(_WRONG_PARTS):
            try:
                part = self._patience.try_(once, self._expect_not_broken_off)
            except Refused as exc:
                if not exc.answer.is_about_content:
                    raise
                problem = exc.answer.text
                continue
            except NoSuchUpload as exc:
                if not problem:
                    raise
                # Some stores end an upload of which a part arrived as something else.
                raise VerificationFailed(f"{self._outgoing.key}: {problem}") from exc
            wanted = hashed.md5.hex()
            if not self._assurance.compares_md5 or not part.is_md5 or part.etag == wanted:
                return part
            problem = (
                f"the store names it {part.etag}, which is not the MD5 of what was sent. If this "
                "store's ETags are no MD5: zoomsync config set verify size"
            )
        raise VerificationFailed(f"part {cut.number} of {self._outgoing.key}: {problem}")

    def _arrived(self, upload_id: str, cut: Cut, hashed: Hashed) -> Part | None:
        """Return a part of whose arrival nobody told, should the store have it as it must be."""
        if self._broken_off.is_set() or not self._assurance.lists_parts:
            return None
        try:
            listing = self._multipart.parts(self._outgoing.key, upload_id)
        except (NoSuchUpload, Refused, httpx.HTTPError):
            return None
        found = listing.parts.get(cut.number)
        if found is None or found.size not in (None, cut.count):
            return None
        if not hashed.md5 and not found.checksum:
            hashed = replace(hashed, md5=self._md5_of(cut))
        return found if fits(found, hashed) else None

    def _md5_of(self, cut: Cut) -> bytes:
        with self._outgoing.path.open("rb", buffering=0) as source:
            return md5_of(source, cut.offset, cut.count, self._expect_not_broken_off)

    def _proofs(self, hashed: Hashed) -> dict[str, str]:
        """Return the headers by which the store can tell that a part arrived as it must be."""
        headers = {}
        if self._assurance.keeps_checksums:
            headers[CHECKSUM] = hashed.checksum
        if self._assurance.compares_md5:
            headers["Content-MD5"] = in_header(hashed.md5)
        return headers

    def _body(self, cut: Cut) -> Iterator[bytes]:
        """Yield the bytes of a part; the last of them only while the file is unchanged."""
        with self._outgoing.path.open("rb", buffering=0) as source:
            expect_unchanged(source, self._outgoing)
            source.seek(cut.offset)
            left = cut.count
            while left:
                self._expect_not_broken_off()
                piece = source.read(min(self._piece_bytes, left))
                if not piece:
                    raise SourceChanged(f"{self._outgoing.path} became shorter")
                self._pace(len(piece))
                left -= len(piece)
                if not left:
                    expect_unchanged(source, self._outgoing)
                yield piece

    def _expect_not_broken_off(self) -> None:
        if self._broken_off.is_set():
            raise ToldToStop
