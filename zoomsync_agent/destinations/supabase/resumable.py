"""One large file on its way by resumable upload, over whatever happens meanwhile.

Every turn sends one chunk and believes only what the server then says it holds. After trouble the
server is asked how far it is; a turn without progress counts, and a few in a row end the attempt,
which is continued later from the same place.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import httpx

from zoomsync_agent.core.errors import (
    AgentError,
    RemoteUnavailable,
    SourceChanged,
    VerificationFailed,
)
from zoomsync_agent.core.recording import Outgoing, Progress
from zoomsync_agent.destinations.outflow import Outflow
from zoomsync_agent.destinations.proof import Sent
from zoomsync_agent.destinations.supabase.etags import PartTally
from zoomsync_agent.destinations.supabase.finishing import Finishing
from zoomsync_agent.destinations.supabase.objects import Objects
from zoomsync_agent.destinations.supabase.tus import NoSuchUpload, Tus, Upload
from zoomsync_agent.supabase.requests import Refused

_STUMBLES: Final = 3
"""So many turns in a row may bring nothing before the attempt ends."""
_BUSY_SECONDS: Final = (2.0, 4.0, 8.0, 10.0, 10.0, 10.0)
"""Waits for a server that still works at the last request, the whole of it if need be."""
_BUSY: Final = (423, 503)
_CONFLICT: Final = 409
_TOO_LARGE: Final = 413
_BEYOND_LENGTH: Final = "upload's size exceeded"
_NAP_SECONDS: Final = 0.25


class ResumableUpload:
    """Sends one file; used once.

    Args:
        tus: the protocol.
        objects: looks at what is under the key.
        outgoing: the file.
        flow: its bytes.
        chunk_bytes: how much is made durable at a time.
        metadata: what the server is told at the beginning.
        proves_etag: whether to work out what Storage must call the object.
        finishing: counts the last requests, which must not be broken off.
        wait: sleeps for so many seconds.
        report: told after every durable chunk.
    """

    def __init__(
        self,
        tus: Tus,
        objects: Objects,
        outgoing: Outgoing,
        flow: Outflow,
        *,
        chunk_bytes: int,
        metadata: Mapping[str, str],
        proves_etag: bool,
        finishing: Finishing,
        wait: Callable[[float], object],
        report: Callable[[Progress], None],
    ) -> None:
        self._tus = tus
        self._objects = objects
        self._outgoing = outgoing
        self._flow = flow
        self._chunk_bytes = chunk_bytes
        self._metadata = metadata
        self._proves_etag = proves_etag
        self._finishing = finishing
        self._nap = wait
        self._report = report
        self._tally: PartTally | None = None
        """None where it does not tell (any more) what Storage calls the object."""
        self._has_begun_anew = False

    def run(self, resume_from: Progress | None) -> Sent:
        """Send what the server does not have yet.

        Raises:
            ToldToStop: broken off; what is durable has been reported.
            Refused, httpx.HTTPError: what it means for the file its caller knows.
            RemoteUnavailable: nothing moves any more; it can be continued.
            SourceChanged, VerificationFailed: the file is not the one that was meant; the upload
                is dropped.
        """
        upload = self._resumed(resume_from)
        stumbles = 0
        while upload is not None and upload.offset < self._outgoing.size:
            before = upload.offset
            upload = self._next(upload)
            if upload is not None:
                self._report(Progress(upload.offset, upload.url))
                stumbles = 0 if upload.offset > before else stumbles + 1
                if stumbles >= _STUMBLES:
                    raise RemoteUnavailable("the server takes no more bytes just now")
        if upload is None:
            return Sent(is_new=False)
        return Sent(is_new=True, etag=self._tally.etag() if self._tally else "")

    def _next(self, upload: Upload) -> Upload | None:
        """Send one chunk, over trouble; None where an object is under the key now."""
        self._flow.expect_time()
        try:
            return self._chunk(upload)
        except NoSuchUpload:
            return self._anew()
        except Refused as exc:
            return self._after_refusal(upload, exc)
        except httpx.HTTPError:
            # The server may have kept any part of it, or all.
            return self._looked(upload)
        except (SourceChanged, VerificationFailed):
            self._drop(upload)
            raise

    def _chunk(self, upload: Upload) -> Upload:
        count = min(self._chunk_bytes, self._outgoing.size - upload.offset)
        is_last = upload.offset + count == self._outgoing.size
        md5 = None

        def body() -> Iterator[bytes]:
            nonlocal md5
            md5 = self._tally.begin() if self._tally else None
            # Whoever hangs up while the server puts the object together may lose it.
            return self._flow.body(upload.offset, count, may_stop=not is_last, md5=md5)

        with self._finishing.one() if is_last else contextlib.nullcontext():
            after = self._tus.append(upload, count, body, is_last=is_last)
        self._flow.settle()
        is_whole = after.offset == upload.offset + count
        if not (self._tally and md5 and is_whole and self._tally.end(md5, count)):
            self._tally = None
        return after

    def _drop(self, upload: Upload) -> None:
        """Free what an upload holds that nobody will continue; it ends by itself otherwise."""
        with contextlib.suppress(Refused, httpx.HTTPError, AgentError):
            self._tus.drop(upload.url)

    # --- beginning -------------------------------------------------------------------------

    def _resumed(self, resume_from: Progress | None) -> Upload | None:
        """Return the upload that was begun before if the server still has it, else begin one.

        None where an object is under the key already.
        """
        if resume_from is None or not self._tus.knows(resume_from.resume_token):
            return self._begun()
        try:
            upload = self._look(resume_from.resume_token)
        except NoSuchUpload:
            return self._begun()
        return self._finished() if upload.offset >= self._outgoing.size else upload

    def _begun(self) -> Upload | None:
        """Begin an upload; None where an object is under the key already."""
        try:
            upload = self._tus.create(self._outgoing.size, self._metadata, {"x-upsert": "false"})
        except Refused as exc:
            if exc.answer.status == _CONFLICT:
                return None
            raise
        self._tally = PartTally() if self._proves_etag else None
        # Told at once: what is begun and forgotten would hold room on the server for a day.
        self._report(Progress(0, upload.url))
        return upload

    def _anew(self) -> Upload | None:
        """Begin once more what the server has forgotten; None where the object is there."""
        if self._objects.facts(self._outgoing.key) is not None:
            return None
        if self._has_begun_anew:
            raise RemoteUnavailable("the server forgot the upload again and again")
        self._has_begun_anew = True
        return self._begun()

    # --- after trouble ---------------------------------------------------------------------

    def _after_refusal(self, upload: Upload, exc: Refused) -> Upload | None:
        status, message = exc.answer.status, exc.answer.message
        if status == _CONFLICT and "already exists" in message:
            self._drop(upload)
            return None
        if status == _TOO_LARGE and _BEYOND_LENGTH in message:
            # The server has another length in mind than we have; nothing can come of this one.
            self._drop(upload)
            return self._anew()
        if status == _CONFLICT or status in _BUSY or "does not exist" in message:
            return self._looked(upload)
        raise exc

    def _looked(self, upload: Upload) -> Upload | None:
        """Ask how far the server is; None where an object is under the key now."""
        self._tally = None
        try:
            found = self._look(upload.url)
        except NoSuchUpload:
            return self._anew()
        return self._finished() if found.offset >= self._outgoing.size else found

    def _finished(self) -> Upload | None:
        """Return None if the finished upload has become an object, else begin anew."""
        return None if self._objects.facts(self._outgoing.key) is not None else self._anew()

    def _look(self, url: str) -> Upload:
        """Ask how far an upload is, with patience for a server that is still busy with it."""
        for seconds in _BUSY_SECONDS:
            try:
                return self._tus.look(url)
            except Refused as exc:
                if exc.answer.status not in _BUSY:
                    raise
                self._wait(seconds)
        return self._tus.look(url)

    def _wait(self, seconds: float) -> None:
        while seconds > 0:
            self._flow.expect_time()
            self._nap(min(seconds, _NAP_SECONDS))
            seconds -= _NAP_SECONDS
