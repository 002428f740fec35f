"""One large file on its way in parts, several at a time, over whatever happens meanwhile.

The caller's thread reads the file from its beginning and hashes it, whole and part by part; a part
whose hash is known is sent by a thread of its own, which reads it once more. So memory does not
grow with the parts, and no part leaves before it is known what it must be. The parts become the
object only when all that was read adds up to the file's hash.
"""

import base64
import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self

import httpx

from zoomsync_agent.core.errors import (
    AgentError,
    RemoteUnavailable,
    SourceChanged,
    VerificationFailed,
)
from zoomsync_agent.core.recording import Outgoing, Progress
from zoomsync_agent.destinations.hashing import Hashing
from zoomsync_agent.destinations.outflow import PIECE_BYTES, Outflow, ToldToStop, piece_bytes
from zoomsync_agent.destinations.patience import Patience
from zoomsync_agent.destinations.proof import Sent, Stored
from zoomsync_agent.destinations.source_file import expect_unchanged
from zoomsync_agent.s3.multipart import (
    Listing,
    Multipart,
    NoSuchUpload,
    Part,
    etag_of_parts,
    part_bytes,
)
from zoomsync_agent.s3.requests import Refused
from zoomsync_agent.s3.signing import UNSIGNED

if TYPE_CHECKING:
    from hashlib import _Hash

STALE_SECONDS: Final = 86_400.0
"""An unfinished upload of the same object that is older than this is nobody's any more."""
_GRACE_SECONDS: Final = 2.0
"""Told to stop, parts that are nearly there may arrive; the rest is broken off."""
_LOOK_SECONDS: Final = 0.25
_WRONG_PARTS: Final = 3
"""So often a part may arrive as something else."""
_COMPLETIONS: Final = 4
_PRECONDITION: Final = 412
_SHA256: Final = "SHA256"
_OTHER_BYTES: Final = ("BadDigest", "XAmzContentSHA256Mismatch")
_ANSWER_LOST: Final = (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError)
"""After these a request may have been done: all of it had left."""


@dataclass(frozen=True, slots=True)
class Assurance:
    """What a store does so that nothing else is kept than what was sent."""

    refuses_other_bytes: bool = False
    """A body whose SHA-256 is not the signed one is refused."""
    keeps_checksums: bool = False
    """A body whose SHA-256 is not the one in its header is refused, and the hash is kept."""
    proves_content: bool = True
    """Where a store does neither, what it has is compared with what it calls it."""
    lists_parts: bool = True
    """The store tells which parts it has; where it does not, what we noted must do."""

    @property
    def compares_md5(self) -> bool:
        """Whether ETags are compared with MD5s, at 1.4 s of processor time per GiB."""
        return self.proves_content and not (self.refuses_other_bytes or self.keeps_checksums)


@dataclass(slots=True)
class Notes:
    """What is remembered of an unfinished upload: the parts that the store has named, by number."""

    upload_id: str
    part_bytes: int
    etags: dict[int, str] = field(default_factory=dict)

    @classmethod
    def read(cls, token: str) -> Self | None:
        """Return what *token* says; None where it is none of these notes."""
        try:
            told = json.loads(token)
            etags = {int(number): str(etag) for number, etag in told["parts"].items()}
            return cls(str(told["upload"]), int(told["size"]), etags)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return None

    def written(self) -> str:
        """Return them as a resume token."""
        told = {"upload": self.upload_id, "size": self.part_bytes, "parts": self.etags}
        return json.dumps(told, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a part lies in the file; *number* counts from 1."""

    number: int
    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class _Hashed:
    """What a part must be; empty where nobody needs to know."""

    sha256: bytes = b""
    md5: bytes = b""

    @property
    def checksum(self) -> str:
        return base64.b64encode(self.sha256).decode()


@dataclass(slots=True)
class _Upload:
    """An unfinished upload: what was noted, and what the store has."""

    notes: Notes
    there: dict[int, Part]


class _PartsMissing(Exception):
    """The store does not have all parts as we thought."""


class PartedUpload:
    """Sends one file; used once.

    Args:
        multipart: the protocol.
        objects: looks at what is under the key.
        outgoing: the file.
        flow: asks whether to go on, and holds the file open.
        wanted_part_bytes: how large parts are, unless the file needs larger ones.
        parallel: so many parts are on their way at a time.
        assurance: what the store does.
        headers: what is to be known of the object.
        condition: headers by which the store refuses to replace an object; may be none.
        pace: told of each piece before it moves.
        bytes_per_second: the bandwidth limit, 0 for none.
        completing: held while the parts become the object.
        nap: sleeps for so many seconds.
        report: told after every durable part.
        clock: the time, in epoch seconds.
    """

    def __init__(
        self,
        multipart: Multipart,
        objects: Stored,
        outgoing: Outgoing,
        flow: Outflow,
        *,
        wanted_part_bytes: int,
        parallel: int,
        assurance: Assurance,
        headers: Mapping[str, str],
        condition: Mapping[str, str],
        pace: Callable[[int], None],
        bytes_per_second: int,
        completing: Callable[[], contextlib.AbstractContextManager[None]],
        nap: Callable[[float], object],
        report: Callable[[Progress], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._multipart = multipart
        self._objects = objects
        self._outgoing = outgoing
        self._flow = flow
        self._part_bytes = part_bytes(outgoing.size, wanted_part_bytes)
        self._parallel = parallel
        self._assurance = assurance
        self._headers = headers
        self._condition = condition
        self._pace = pace
        self._piece_bytes = piece_bytes(bytes_per_second)
        self._completing = completing
        self._patience = Patience(is_transient, nap)
        self._report = report
        self._clock = clock
        self._broken_off = threading.Event()
        self._hashes: dict[int, _Hashed] = {}
        self._has_begun_anew = False

    # --- the whole -------------------------------------------------------------------------

    def run(self, resume_from: Progress | None) -> Sent:
        """Send what the store does not have yet, and let it become the object.

        Raises:
            ToldToStop: broken off; what is durable has been reported.
            Refused, httpx.HTTPError: what it means for the file its caller knows.
            RemoteUnavailable: nothing moves any more; it can be continued.
            SourceChanged, VerificationFailed: the file is not the one that was meant, or the store
                does not keep what it is sent; the upload is dropped.
        """
        notes = Notes.read(resume_from.resume_token) if resume_from else None
        upload = self._resumed(notes) if notes else None
        for _ in range(_COMPLETIONS):
            try:
                upload = upload or self._begun()
                self._send_missing(upload)
                return self._completed(upload)
            except NoSuchUpload:
                if self._is_there():
                    return Sent(is_new=False)
                if self._has_begun_anew:
                    break
                self._has_begun_anew, upload = True, None
            except _PartsMissing:
                upload = self._looked_at(upload.notes) if upload else None
            except (SourceChanged, VerificationFailed):
                self._drop(upload)
                raise
        raise RemoteUnavailable("the store forgot the upload, or its parts, again and again")

    def _begun(self) -> _Upload:
        """Go on with an upload of this very object that nobody noted, else begin one."""
        headers = dict(self._headers)
        if self._assurance.keeps_checksums:
            headers["x-amz-checksum-algorithm"] = _SHA256

        def once() -> _Upload:
            # Looked for before each try: one whose answer was lost was begun all the same.
            adopted = self._adopted() if self._assurance.lists_parts else None
            if adopted is not None:
                return adopted
            upload_id = self._multipart.create(self._outgoing.key, headers)
            return _Upload(Notes(upload_id, self._part_bytes), {})

        upload = self._patience.try_(once, self._flow.expect_time)
        # Told at once: what is begun and forgotten holds room in the store, and costs money.
        self._tell(upload)
        return upload

    def _resumed(self, notes: Notes) -> _Upload | None:
        """Return the noted upload if it can be gone on with; drop it if it is of no use."""
        if notes.part_bytes != self._part_bytes:
            self._abort(notes.upload_id)
            return None
        return self._looked_at(notes)

    def _looked_at(self, notes: Notes) -> _Upload | None:
        """Return an upload with the parts that the store has of it; None where it has none."""
        try:
            listing = self._patience.try_(
                lambda: self._multipart.parts(self._outgoing.key, notes.upload_id),
                self._flow.expect_time,
            )
        except NoSuchUpload:
            return None
        except Refused as exc:
            if exc.answer.is_transient or exc.answer.is_about_keys:
                raise
            # It may not be asked: everything is sent again, each part in place of its forerunner.
            listing = Listing({})
        if not self._assurance.lists_parts:
            noted = notes.etags.items()
            return _Upload(notes, {number: Part(number, etag) for number, etag in noted})
        wanted = _SHA256 if self._assurance.keeps_checksums else ""
        if listing.algorithm not in (wanted, ""):
            self._abort(notes.upload_id)
            return None
        return _Upload(notes, dict(listing.parts))

    def _adopted(self) -> _Upload | None:
        """Return the youngest unfinished upload of this object; end those that are stale.

        The key holds a part of the content's hash, so whoever began it meant the same content;
        each of its parts is compared before it counts.
        """
        try:
            found = [
                one
                for one in self._multipart.unfinished(self._outgoing.key)
                if one.key == self._outgoing.key and one.upload_id
            ]
        except (Refused, httpx.HTTPError):
            return None  # it may not be asked; then a new one is begun
        found.sort(key=lambda one: one.initiated)
        stale = [one for one in found if self._clock() - one.initiated > STALE_SECONDS]
        for one in stale:
            self._abort(one.upload_id)
        if len(stale) == len(found):
            return None
        return self._looked_at(Notes(found[-1].upload_id, self._part_bytes))

    def _drop(self, upload: _Upload | None) -> None:
        if upload is not None:
            self._abort(upload.notes.upload_id)

    def _abort(self, upload_id: str) -> None:
        """Free what an upload holds that nobody will continue, if that can be done now."""
        with contextlib.suppress(Refused, httpx.HTTPError, AgentError):
            self._multipart.abort(self._outgoing.key, upload_id)

    def _tell(self, upload: _Upload) -> None:
        done = len(upload.notes.etags) * self._part_bytes
        last = -(-self._outgoing.size // self._part_bytes)
        if last in upload.notes.etags:
            done -= last * self._part_bytes - self._outgoing.size
        self._report(Progress(done, upload.notes.written()))

    def _cuts(self) -> Iterator[_Cut]:
        for number, offset in enumerate(range(0, self._outgoing.size, self._part_bytes), start=1):
            yield _Cut(number, offset, min(self._part_bytes, self._outgoing.size - offset))

    # --- the parts -------------------------------------------------------------------------

    def _send_missing(self, upload: _Upload) -> None:
        """Send all parts that the store does not have as they must be."""
        whole, self._broken_off = hashlib.sha256(), threading.Event()
        # The store is believed, not the notes: what it does not have, or calls otherwise, is sent.
        there, etags = upload.there, upload.notes.etags
        for number in [n for n in etags if n not in there or there[n].etag != etags[n]]:
            del etags[number]
        pending: dict[Future[Part], _Cut] = {}
        with ThreadPoolExecutor(self._parallel, "part") as pool, _closing(Hashing()) as hashing:
            try:
                for cut in self._cuts():
                    self._flow.expect_time()
                    known = there.get(cut.number)
                    if known is not None and known.size not in (None, cut.count):
                        known = None
                    is_noted = known is not None and cut.number in etags
                    hashed = self._hashed(cut, whole, hashing, known, is_noted=is_noted)
                    if known is not None and (is_noted or _fits(known, hashed)):
                        etags[cut.number] = known.etag
                        continue
                    etags.pop(cut.number, None)
                    while len(pending) >= self._parallel:
                        self._settle(pending, upload)
                    self._flow.expect_time()
                    sender = pool.submit(self._sent, upload.notes.upload_id, cut, hashed)
                    pending[sender] = cut
                while pending:
                    self._settle(pending, upload)
            except BaseException:
                self._end(pending, upload)
                raise
        self._expect_content(whole)

    def _expect_content(self, whole: "_Hash") -> None:
        self._flow.expect_unchanged()
        if whole.hexdigest() != self._outgoing.sha256:
            raise VerificationFailed(f"{self._outgoing.path} does not hold what was read at first")

    def _settle(self, pending: dict[Future[Part], _Cut], upload: _Upload) -> None:
        """Wait until one more part is there, and tell of it."""
        while True:
            done, _ = wait(pending, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            self._note(done, pending, upload)
            if done:
                return
            self._flow.expect_time()

    def _note(
        self, done: set[Future[Part]], pending: dict[Future[Part], _Cut], upload: _Upload
    ) -> None:
        """Tell of the parts that are there; raise what kept one of the others from it."""
        failed = None
        for sender in done:
            cut = pending.pop(sender)
            exc = sender.exception()
            if exc is None:
                upload.notes.etags[cut.number] = sender.result().etag
                self._tell(upload)
            else:
                failed = failed or exc
        if failed is not None:
            raise failed

    def _end(self, pending: dict[Future[Part], _Cut], upload: _Upload) -> None:
        """Let the parts that are nearly there arrive; break off the others."""
        done, rest = wait(pending, timeout=_GRACE_SECONDS)
        self._broken_off.set()
        late, _ = wait(rest)
        with contextlib.suppress(Exception):  # something has ended it already
            self._note(done | late, pending, upload)

    def _hashed(
        self,
        cut: _Cut,
        whole: "_Hash",
        hashing: Hashing,
        known: Part | None,
        *,
        is_noted: bool,
    ) -> _Hashed:
        """Read a part, as part of the whole, and return what it must be."""
        needs_sha256 = self._assurance.refuses_other_bytes or self._assurance.keeps_checksums
        # A part that nobody noted is compared with whatever the store tells of it.
        needs_md5 = not is_noted and (
            self._assurance.compares_md5 or (known is not None and not known.checksum)
        )
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        hashes = [whole, *([sha256] * needs_sha256), *([md5] * needs_md5)]
        source = self._flow.source
        source.seek(cut.offset)
        left = cut.count
        while left:
            self._flow.expect_time()
            piece = source.read(min(self._piece_bytes, left))
            if not piece:
                raise SourceChanged(f"{self._outgoing.path} became shorter")
            hashing.feed(hashes, piece)
            left -= len(piece)
        hashing.settle()
        hashed = _Hashed(
            sha256.digest() if needs_sha256 else b"", md5.digest() if needs_md5 else b""
        )
        self._hashes[cut.number] = hashed
        return hashed

    def _sent(self, upload_id: str, cut: _Cut, hashed: _Hashed) -> Part:
        """Send one part, over trouble; on a thread of its own."""
        payload = hashed.sha256.hex() if self._assurance.refuses_other_bytes else UNSIGNED
        headers = self._proofs(hashed)

        def once() -> Part:
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
                if exc.answer.code not in _OTHER_BYTES:
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

    def _arrived(self, upload_id: str, cut: _Cut, hashed: _Hashed) -> Part | None:
        """Return a part of whose arrival nobody told, should the store have it as it must be."""
        if not self._assurance.lists_parts:
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
        return found if _fits(found, hashed) else None

    def _md5_of(self, cut: _Cut) -> bytes:
        md5, left = hashlib.md5(usedforsecurity=False), cut.count
        with self._outgoing.path.open("rb", buffering=0) as source:
            source.seek(cut.offset)
            while left and (piece := source.read(min(PIECE_BYTES, left))):
                self._expect_not_broken_off()
                md5.update(piece)
                left -= len(piece)
        return md5.digest()

    def _proofs(self, hashed: _Hashed) -> dict[str, str]:
        """Return the headers by which the store can tell that a part arrived as it must be."""
        headers = {}
        if self._assurance.keeps_checksums:
            headers["x-amz-checksum-sha256"] = hashed.checksum
        if self._assurance.compares_md5:
            headers["Content-MD5"] = base64.b64encode(hashed.md5).decode()
        return headers

    def _body(self, cut: _Cut) -> Iterator[bytes]:
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

    # --- the object ------------------------------------------------------------------------

    def _completed(self, upload: _Upload) -> Sent:
        """Let the parts become the object, unless there is one already."""
        checksum = self._assurance.keeps_checksums
        parts = [
            Part(
                number,
                upload.notes.etags[number],
                checksum=self._hashes[number].checksum if checksum else "",
            )
            for number in sorted(upload.notes.etags)
        ]
        if self._is_there():
            self._drop(upload)
            return Sent(is_new=False)
        self._flow.expect_unchanged()
        try:
            with self._completing():
                is_md5 = self._patience.try_(
                    lambda: self._complete(upload.notes.upload_id, parts), lambda: None
                )
        except NoSuchUpload:
            # An earlier try may have succeeded without our hearing of it. Or the upload is gone
            # and somebody else has the name: what is there is not surely ours.
            if not self._is_there():
                raise
            return Sent(is_new=False)
        except Refused as exc:
            if exc.answer.status == _PRECONDITION:
                self._drop(upload)
                return Sent(is_new=False)
            if exc.answer.code in ("InvalidPart", "InvalidPartOrder"):
                raise _PartsMissing from exc
            raise
        return Sent(
            is_new=True,
            etag=etag_of_parts([part.etag for part in parts]) if is_md5 else "",
            checksum=self._checksum() if checksum else "",
        )

    def _is_there(self) -> bool:
        """Return whether there is an object under the key, whosever it is."""
        key = self._outgoing.key
        found = self._patience.try_(lambda: self._objects.facts(key), self._flow.expect_time)
        return found is not None

    def _complete(self, upload_id: str, parts: list[Part]) -> bool:
        key = self._outgoing.key
        try:
            return self._multipart.complete(key, upload_id, parts, self._condition)
        except Refused as exc:
            if not self._condition or not exc.answer.is_not_implemented:
                raise
            self._condition = {}
            return self._multipart.complete(key, upload_id, parts, {})

    def _checksum(self) -> str:
        """Return what a store calls an object that was put together of these parts."""
        whole = hashlib.sha256(b"".join(self._hashes[n].sha256 for n in sorted(self._hashes)))
        return f"{base64.b64encode(whole.digest()).decode()}-{len(self._hashes)}"


@contextlib.contextmanager
def _closing(hashing: Hashing) -> Iterator[Hashing]:
    try:
        yield hashing
    finally:
        hashing.close()


def _fits(known: Part, hashed: _Hashed) -> bool:
    """Return whether a part that the store has surely is what it must be."""
    if known.checksum and hashed.sha256:
        return known.checksum == hashed.checksum
    return bool(hashed.md5) and known.etag == hashed.md5.hex()


def is_transient(exc: Exception) -> bool:
    """Return whether the same request to a store may succeed a moment later."""
    if isinstance(exc, Refused):
        return exc.answer.is_transient
    return isinstance(exc, httpx.HTTPError)
