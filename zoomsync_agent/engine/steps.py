"""What is done to a job, one method per step: fetch, identify, transfer, publish."""

import contextlib
import hashlib
import json
import mimetypes
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from zoomsync_agent.core import naming, transcript
from zoomsync_agent.core.errors import (
    ActionNeeded,
    CloudOff,
    HandedInLost,
    PermanentError,
    RecordingDeleted,
    SourceBusy,
    SourceChanged,
    SourceDamaged,
    SourceDenied,
    SourceMissing,
    SourceUnavailable,
    TransientError,
)
from zoomsync_agent.core.job import Job, Step
from zoomsync_agent.core.os_errors import reading
from zoomsync_agent.core.recording import (
    FileIdentity,
    Kind,
    Outgoing,
    Progress,
    RecordingId,
)
from zoomsync_agent.engine.publishing import Owner, Publisher, Stores
from zoomsync_agent.ports import (
    Catalog,
    Clock,
    Destination,
    FileRecord,
    Origin,
    StoredObject,
    Work,
)

_READ_BYTES: Final = 1 << 20
_TEXT_LIMIT_BYTES: Final = 32 << 20
"""A chat or transcript is never that long; what is, is kept but not read into the row."""
_TWIN_WAIT_SECONDS: Final = 1.0
_FRESH_SECONDS: Final = 60.0
"""A receipt of the last minute needs no second look before its row is published."""


@dataclass(frozen=True, slots=True)
class Next:
    """The step is done; go on with the next one."""

    step: Step


@dataclass(frozen=True, slots=True)
class Finished:
    """The job is done."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The step was told to stop and can be continued."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Another job is sending the same content."""

    seconds: float


Outcome = Next | Finished | Stopped | Wait


class Steps:
    """The work itself.

    Args:
        stores: where steps keep what they learn.
        destinations: by name.
        origins: where files come from that are fetched, by name.
        catalogs: every catalog that gets the rows.
        clock: the time.
        owner: whose recordings these are.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        destinations: Mapping[str, Destination],
        catalogs: tuple[Catalog, ...],
        clock: Clock,
        owner: Owner,
        origins: Mapping[str, Origin] | None = None,
    ) -> None:
        self._files = stores.files
        self._origins = origins or {}
        self._objects = stores.objects
        self._meetings = stores.meetings
        self._destinations = destinations
        self._clock = clock
        self._owner = owner
        self.publisher = Publisher(stores, destinations, catalogs, clock, owner)

    def run(self, work: Work, *, stop: Callable[[], bool], pace: Callable[[int], None]) -> Outcome:
        """Run the job's step.

        Raises:
            AgentError: what went wrong; the job stays at this step.
        """
        try:
            match work.job.step:
                case Step.FETCH:
                    return self._fetch(work, stop, pace)
                case Step.IDENTIFY:
                    return self._identify(work, stop)
                case Step.TRANSFER:
                    return self._transfer(work, stop, pace)
                case Step.PUBLISH:
                    return self._publish(work)
        except (SourceChanged, SourceMissing) as exc:
            return self._other_version(work, exc)
        except SourceDamaged as exc:
            if work.file.is_copy:
                self._release(work.file)
                return Next(Step.FETCH)
            self._expect_root(work, exc)
            raise
        except (RecordingDeleted, HandedInLost):
            # The next sweep reports it should it be back by then.
            self._files.mark_gone([os.fspath(work.file.path)])
            self._drop_copy(work.file)
            raise
        except SourceDenied as exc:
            self._expect_root(work, exc)
            raise

    def _other_version(self, work: Work, exc: SourceChanged | SourceMissing) -> Outcome:
        """Return what is next where the file is not the one that was found, or not there.

        Raises:
            AgentError: nothing is; the job waits or ends.
        """
        is_fetching = work.job.step is Step.FETCH
        if work.file.is_fetched and not is_fetching:
            # Its source tells whether there is another version.
            return Next(Step.FETCH)
        if isinstance(exc, SourceMissing):
            self._expect_root(work, exc)
            # The next sweep reports it should it be back by then.
            self._files.mark_gone([os.fspath(work.file.path)])
            raise exc
        if not is_fetching and _is_as_queued(work):
            # Nobody reports a file that is what it was; its own job has to go on.
            raise SourceBusy(f"{work.file.path} changed and changed back") from exc
        self._give_up(work.job)
        raise exc

    @staticmethod
    def _expect_root(work: Work, exc: Exception) -> None:
        # A drive that was pulled may answer anything, so any error means that it is away.
        if not os.path.isdir(work.file.root):  # noqa: PTH112  False where `Path` would raise
            raise SourceUnavailable(str(work.file.root)) from exc

    # --- fetch -----------------------------------------------------------------------------

    def _fetch(self, work: Work, stop: Callable[[], bool], pace: Callable[[int], None]) -> Outcome:
        """Bring the file here, from where its bytes are."""
        file = self._files.get(work.file.id)
        if file.identity != FileIdentity(work.job.size, work.job.mtime_ns):
            raise SourceChanged(str(file.path))
        origin = self._origins.get(file.source)
        if origin is None:
            raise CloudOff
        return Next(Step.IDENTIFY) if origin.fetch(file, stop=stop, pace=pace) else Stopped()

    # --- identify --------------------------------------------------------------------------

    def _identify(self, work: Work, stop: Callable[[], bool]) -> Outcome:
        """Learn the content's hash before the first byte leaves."""
        file = work.file
        sha256 = self._hash(work, stop)
        if sha256 is None:
            return Stopped()
        if not file.kind.is_media and file.kind is not Kind.OTHER:
            self._read_text(file, sha256)
        self._files.set_hash(file.id, FileIdentity(work.job.size, work.job.mtime_ns), sha256)
        self._give_up(work.job, but=sha256)
        return Next(Step.TRANSFER)

    @staticmethod
    def _hash(work: Work, stop: Callable[[], bool]) -> str | None:
        wanted = FileIdentity(work.job.size, work.job.mtime_ns)
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(_READ_BYTES))
        with reading(work.file.path), work.file.path.open("rb", buffering=0) as source:
            _expect(source.fileno(), wanted, work.file)
            while count := source.readinto(buffer):
                digest.update(buffer[:count])
                if stop():
                    return None
            _expect(source.fileno(), wanted, work.file)
        return digest.hexdigest()

    def _read_text(self, file: FileRecord, sha256: str) -> None:
        cues: tuple[transcript.Cue, ...] = ()
        if file.identity.size <= _TEXT_LIMIT_BYTES:
            with reading(file.path):
                data = file.path.read_bytes()
            if hashlib.sha256(data).hexdigest() != sha256:
                raise SourceChanged(str(file.path))
            cues = transcript.parse(file.kind, transcript.decode(data))
        # What was written to one person is not kept where everybody's text is.
        shared = [transcript.to_dict(cue) for cue in cues if not cue.is_private]
        self._files.save_text(file, sha256, json.dumps(shared))

    # --- transfer --------------------------------------------------------------------------

    def _transfer(
        self, work: Work, stop: Callable[[], bool], pace: Callable[[int], None]
    ) -> Outcome:
        """Bring the content into the destination, once."""
        job, file = work.job, self._files.get(work.file.id)
        if file.sha256 is None or file.identity != FileIdentity(job.size, job.mtime_ns):
            raise SourceChanged(str(file.path))
        destination = self._destinations[job.destination]
        stored = self._reserve(job, file, destination)
        if stored.receipt is not None and destination.check(stored.receipt):
            return Next(Step.PUBLISH)
        if stored.job_id != job.id:
            return Wait(_TWIN_WAIT_SECONDS)
        if stored.receipt is not None:
            self._objects.save_receipt(stored, None)
            stored = replace(stored, receipt=None, progress=Progress(0))
        outgoing = Outgoing(
            path=file.path,
            key=stored.key,
            size=job.size,
            mtime_ns=job.mtime_ns,
            sha256=file.sha256,
            content_type=mimetypes.guess_type(file.path.name)[0] or "application/octet-stream",
        )
        is_told = False

        def report(progress: Progress) -> None:
            nonlocal is_told
            self._objects.save_progress(stored, progress)
            if not is_told:
                # Not before: an archive that takes nothing is no place to which files are under
                # way, and a small file is there as soon as it could be told.
                is_told = True
                with contextlib.suppress(ActionNeeded):  # the row waits; the bytes need not
                    self.publisher.uploading(file, stored)

        receipt = destination.send(
            outgoing,
            resume_from=stored.progress if stored.progress.resume_token else None,
            report=report,
            stop=stop,
            pace=pace,
        )
        if receipt is None:
            return Stopped()
        self._objects.save_receipt(stored, receipt)
        return Next(Step.PUBLISH)

    def _reserve(self, job: Job, file: FileRecord, destination: Destination) -> StoredObject:
        sha256 = file.sha256 or ""
        scope = _scope(file)
        needs_owner = destination.key_style is naming.KeyStyle.ASCII
        if scope and self._objects.find(job.destination, sha256, scope) is None:
            self._objects.rescope(job.destination, sha256, scope)
        key = naming.object_key(
            file.meeting,
            file.path.name,
            sha256,
            style=destination.key_style,
            zone=self._owner.zone,
            # A folder needs no owner: it fills while nobody is signed in to where the rows go.
            user_id=self._owner.user_id if needs_owner else "",
        )
        stored = self._objects.reserve(job.destination, sha256, scope, key, job.id)
        if (
            needs_owner
            and stored.receipt is None
            and stored.job_id == job.id
            and stored.key.partition("/")[0] != key.partition("/")[0]
        ):
            # Begun for whoever was signed in then; nobody else may continue it.
            return self._objects.rekey(stored, key)
        return stored

    # --- publish ---------------------------------------------------------------------------

    def _publish(self, work: Work) -> Outcome:
        """Bring the rows up to date: this recording's, or those of the text's meeting."""
        file = self._files.get(work.file.id)
        if file.sha256 is None:
            raise SourceChanged(str(file.path))
        if file.kind.is_media:
            if not self._is_still_there(work.job.destination, file.sha256):
                return Next(Step.TRANSFER)
            self._publish_media(work.job.destination, file)
        else:
            stored = self._objects.find(work.job.destination, file.sha256, _scope(file))
            self.publisher.meeting_of(file, stored)
        self._release(file)
        return Finished()

    def _publish_media(self, destination: str, file: FileRecord) -> None:
        """Publish a row; again, where a summary has come meanwhile that it does not tell yet."""
        while True:
            told = self._meetings.summary_of(file.meeting.key)
            self.publisher.completed(destination, file)
            if self._meetings.summary_of(file.meeting.key) == told:
                return

    def _drop_copy(self, file: FileRecord) -> None:
        """Free the room of what is not safe but can be had again; an original stays."""
        if file.is_copy:
            self._release(file)

    def _release(self, file: FileRecord) -> None:
        """Free the room that a file takes here which was fetched, or handed in and is safe."""
        origin = self._origins.get(file.source)
        if origin is not None:
            origin.release(file)
        elif file.is_copy:  # its source is switched off by now
            with contextlib.suppress(OSError):
                file.path.unlink(missing_ok=True)

    def _is_still_there(self, destination: str, sha256: str) -> bool:
        """Return whether the bytes of a receipt are there; a fresh receipt is believed."""
        stored = self._objects.find(destination, sha256, "")
        if stored is None or stored.receipt is None:
            return False
        age = self._clock.now() - stored.receipt.verified_at
        if 0 <= age < _FRESH_SECONDS:
            return True
        return self._destinations[destination].check(stored.receipt) is not None

    def publish_failure(self, work: Work) -> None:
        """Say in the catalog that a recording failed, unless its bytes are safe already."""
        self.publisher.failed(self._files.get(work.file.id), work.job.destination)
        self._give_up(work.job)

    def publish_end(self, work: Work) -> None:
        """Take back what the catalog says of an upload that was cancelled."""
        self._drop_copy(work.file)
        self._give_up(work.job)

    def recording_of(self, work: Work) -> RecordingId | None:
        """Return the id of the recording that a job sends; None until hash and owner are known."""
        sha256 = self._files.get(work.file.id).sha256
        if sha256 is None:
            return None
        try:
            return naming.recording_id(self._owner.user_id, sha256)
        except ActionNeeded:
            return None

    def _give_up(self, job: Job, *, but: str = "") -> None:
        """Let no row say "uploading" of what *job* will not send, all of it or all *but* one."""
        for stored in self._objects.unfinished(job.id):
            if stored.sha256 != but:
                # The catalog may be away; what becomes of the job does not hang on it.
                with contextlib.suppress(TransientError, PermanentError, ActionNeeded):
                    self.publisher.given_up(stored)

    def drop_abandoned(self) -> None:
        """Free what half-finished uploads hold that nobody will continue.

        Raises:
            AgentError: a destination cannot be reached; the rest is dropped another time.
        """
        for stored in self._objects.abandoned():
            destination = self._destinations.get(stored.destination)
            if destination is not None:
                destination.abandon(stored.key, stored.progress)
            self.publisher.given_up(stored)
            self._objects.save_progress(stored, Progress(0))


def _is_as_queued(work: Work) -> bool:
    """Return whether the file that was found to have changed is the one of the job again."""
    try:
        stat = work.file.path.stat()
    except (OSError, ValueError):
        return False
    return FileIdentity(stat.st_size, stat.st_mtime_ns) == FileIdentity(
        work.job.size, work.job.mtime_ns
    )


def _expect(descriptor: int, wanted: FileIdentity, file: FileRecord) -> None:
    stat = os.fstat(descriptor)
    if FileIdentity.of(stat) != wanted:
        raise SourceChanged(str(file.path))


def _scope(file: FileRecord) -> str:
    return "" if file.kind.is_media else file.meeting.key
