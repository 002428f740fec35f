"""One large file on its way in parts, several at a time, over whatever happens meanwhile.

The caller's thread reads the file from its beginning and hashes it, whole and part by part; a part
whose hash is known is sent by a thread of its own, which reads it once more. So memory does not
grow with the parts, and no part leaves before it is known what it must be. The parts become the
object only when all that was read adds up to the file's hash.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from typing import Final

from zoomsync_agent.core.errors import RemoteUnavailable, SourceChanged, VerificationFailed
from zoomsync_agent.core.recording import Outgoing, Progress
from zoomsync_agent.destinations.outflow import Outflow, piece_bytes
from zoomsync_agent.destinations.parted.notes import Assurance, Notes
from zoomsync_agent.destinations.parted.part import Cut, Hashed, PartReader, PartSender, fits
from zoomsync_agent.destinations.parted.uploads import Upload, Uploads
from zoomsync_agent.destinations.patience import Patience
from zoomsync_agent.destinations.proof import Sent, Stored
from zoomsync_agent.s3.condition import Unreplaced
from zoomsync_agent.s3.multipart import Multipart, NoSuchUpload, Part, etag_of_parts, part_bytes
from zoomsync_agent.s3.objects import in_header
from zoomsync_agent.s3.requests import Refused, is_transient
from zoomsync_agent.service import beside

PART_BYTES: Final = 8 << 20
PARALLEL: Final = 4
_GRACE_SECONDS: Final = 2.0
"""Told to stop, parts that are nearly there may arrive; the rest is broken off."""
_END_SECONDS: Final = 1.0
"""So long are parts that were broken off waited for; those that hang in a request stay behind."""
_LOOK_SECONDS: Final = 0.25
_COMPLETIONS: Final = 4
_PRECONDITION: Final = 412


class _PartsMissing(Exception):
    """The store does not have all parts as we thought."""

    def __init__(self, refused: Refused) -> None:
        super().__init__()
        self.refused = refused


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
        unreplaced: lets the store refuse to replace an object.
        pace: told of each piece before it moves.
        bytes_per_second: the bandwidth limit, 0 for none.
        completing: held while the parts become the object.
        nap: sleeps for so many seconds.
        report: told after every durable part.
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
        unreplaced: Unreplaced,
        pace: Callable[[int], None],
        bytes_per_second: int,
        completing: Callable[[], contextlib.AbstractContextManager[None]],
        nap: Callable[[float], object],
        report: Callable[[Progress], None],
    ) -> None:
        self._multipart = multipart
        self._objects = objects
        self._outgoing = outgoing
        self._flow = flow
        self._part_bytes = part_bytes(outgoing.size, wanted_part_bytes)
        self._parallel = parallel
        self._assurance = assurance
        self._unreplaced = unreplaced
        self._pace = pace
        self._piece_bytes = piece_bytes(bytes_per_second)
        self._completing = completing
        self._patience = Patience(is_transient, nap)
        self._report = report
        self._uploads = Uploads(
            multipart,
            outgoing,
            self._part_bytes,
            assurance,
            headers,
            self._patience,
            flow.expect_time,
        )
        self._hashes: dict[int, Hashed] = {}
        self._has_begun_anew = False

    # --- the whole -------------------------------------------------------------------------

    def run(self, resume_from: Progress | None) -> Sent:
        """Send what the store does not have yet, and let it become the object.

        Raises:
            ToldToStop: broken off; what is durable has been reported.
            Refused, httpx.HTTPError: what it means for the file its caller knows. InvalidPart: a
                store that lists no parts did not have them, and did not have those that were sent
                anew.
            RemoteUnavailable: nothing moves any more; it can be continued.
            SourceChanged, VerificationFailed: the file is not the one that was meant, or the store
                does not keep what it is sent; the upload is dropped.
        """
        notes = Notes.read(resume_from.resume_token) if resume_from else None
        upload = self._uploads.resumed(notes) if notes else None
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
            except _PartsMissing as exc:
                if upload is not None and self._assurance.lists_parts:
                    upload = self._uploads.looked_at(upload.notes)
                else:
                    # Which of them it misses nobody can know.
                    self._drop_once(upload, exc.refused)
                    upload = None
            except Refused as exc:
                if not _is_about_checksums(exc):
                    raise
                self._drop_once(upload, exc)
                upload = None
            except (SourceChanged, VerificationFailed):
                self._uploads.drop(upload)
                raise
        raise RemoteUnavailable("the store forgot the upload, or its parts, again and again")

    def _drop_once(self, upload: Upload | None, exc: Refused) -> None:
        """Drop an upload of which nothing can come, so that another one is begun; once.

        Raises:
            Refused: *exc*, where that has been tried.
        """
        if self._has_begun_anew:
            raise exc
        self._has_begun_anew = True
        self._uploads.drop(upload)

    def _begun(self) -> Upload:
        upload = self._uploads.begun()
        # Told at once: what is begun and forgotten holds room in the store, and costs money.
        self._tell(upload)
        return upload

    def _tell(self, upload: Upload) -> None:
        done = len(upload.notes.etags) * self._part_bytes
        last = -(-self._outgoing.size // self._part_bytes)
        if last in upload.notes.etags:
            done -= last * self._part_bytes - self._outgoing.size
        self._report(Progress(done, upload.notes.written()))

    def _cuts(self) -> Iterator[Cut]:
        for number, offset in enumerate(range(0, self._outgoing.size, self._part_bytes), start=1):
            yield Cut(number, offset, min(self._part_bytes, self._outgoing.size - offset))

    # --- the parts -------------------------------------------------------------------------

    def _send_missing(self, upload: Upload) -> None:
        """Send all parts that the store does not have as they must be."""
        # The store is believed, not the notes: what it does not have, or calls otherwise, is sent.
        there, etags = upload.there, upload.notes.etags
        for number in [n for n in etags if n not in there or there[n].etag != etags[n]]:
            del etags[number]
        pending: dict[Future[Part], Cut] = {}
        sender = PartSender(
            self._multipart,
            self._outgoing,
            self._assurance,
            self._pace,
            self._piece_bytes,
            self._patience,
        )
        upload_id = upload.notes.upload_id
        with PartReader(self._outgoing, self._flow, self._assurance, self._piece_bytes) as reader:
            try:
                for cut in self._cuts():
                    hashed = self._read(reader, cut, upload)
                    if cut.number in etags:
                        continue
                    while len(pending) >= self._parallel:
                        self._settle(pending, upload)
                    self._flow.expect_time()
                    pending[beside(partial(sender.send, upload_id, cut, hashed), "part")] = cut
                while pending:
                    self._settle(pending, upload)
            except BaseException:
                self._end(pending, upload, sender)
                raise
            reader.expect_content()

    def _read(self, reader: PartReader, cut: Cut, upload: Upload) -> Hashed:
        """Read a part, and note it should the store have it as it must be, and only then."""
        self._flow.expect_time()
        etags, known = upload.notes.etags, upload.there.get(cut.number)
        if known is not None and known.size not in (None, cut.count):
            known = None
        is_noted = known is not None and cut.number in etags
        hashed = self._hashes[cut.number] = reader.read(cut, known, is_noted=is_noted)
        if known is not None and (is_noted or fits(known, hashed)):
            etags[cut.number] = known.etag
        else:
            etags.pop(cut.number, None)
        return hashed

    def _settle(self, pending: dict[Future[Part], Cut], upload: Upload) -> None:
        """Wait until one more part is there, and tell of it."""
        while True:
            done, _ = wait(pending, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            self._note(done, pending, upload)
            if done:
                return
            self._flow.expect_time()

    def _note(
        self, done: set[Future[Part]], pending: dict[Future[Part], Cut], upload: Upload
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

    def _end(self, pending: dict[Future[Part], Cut], upload: Upload, sender: PartSender) -> None:
        """Let parts that are nearly there arrive, break off the others, leave those that hang."""
        done, rest = wait(pending, timeout=_GRACE_SECONDS)
        sender.break_off()
        late, _hanging = wait(rest, timeout=_END_SECONDS)
        with contextlib.suppress(Exception):  # something has ended it already
            self._note(done | late, pending, upload)

    # --- the object ------------------------------------------------------------------------

    def _completed(self, upload: Upload) -> Sent:
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
            self._uploads.end(upload)
            return Sent(is_new=False)
        self._flow.expect_unchanged()
        complete = partial(
            self._multipart.complete, self._outgoing.key, upload.notes.upload_id, parts
        )
        try:
            with self._completing():
                is_md5 = self._patience.try_(partial(self._unreplaced.try_, complete), lambda: None)
        except NoSuchUpload:
            # An earlier try may have succeeded without our hearing of it. Or the upload is gone
            # and somebody else has the name: what is there is not surely ours.
            if not self._is_there():
                raise
            return Sent(is_new=False)
        except Refused as exc:
            if exc.answer.status == _PRECONDITION:
                self._uploads.end(upload)
                return Sent(is_new=False)
            if exc.answer.code in ("InvalidPart", "InvalidPartOrder"):
                raise _PartsMissing(exc) from exc
            raise
        return Sent(
            is_new=True,
            etag=etag_of_parts([part.etag for part in parts])
            if is_md5 and self._assurance.proves_content
            else "",
            checksum=self._checksum() if checksum else "",
        )

    def _is_there(self) -> bool:
        """Return whether there is an object under the key, whosever it is."""
        key = self._outgoing.key
        found = self._patience.try_(lambda: self._objects.facts(key), self._flow.expect_time)
        return found is not None

    def _checksum(self) -> str:
        """Return what a store calls an object that was put together of these parts."""
        whole = hashlib.sha256(b"".join(self._hashes[n].sha256 for n in sorted(self._hashes)))
        return f"{in_header(whole.digest())}-{len(self._hashes)}"


def _is_about_checksums(exc: Refused) -> bool:
    """Return whether an upload was begun for parts with other checksums, or with none."""
    answer = exc.answer
    return answer.code == "InvalidRequest" and "checksum" in answer.message.lower()
