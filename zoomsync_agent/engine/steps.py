"""What is done to a job, one method per step: identify, transfer, publish."""

import contextlib
import hashlib
import json
import mimetypes
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, Final

from zoomsync_agent.core import naming, rows, transcript
from zoomsync_agent.core.errors import (
    AgentError,
    SourceChanged,
    SourceDamaged,
    SourceDenied,
    SourceMissing,
    SourceUnavailable,
)
from zoomsync_agent.core.job import Job, Step
from zoomsync_agent.core.os_errors import reading
from zoomsync_agent.core.recording import (
    FileIdentity,
    MeetingKey,
    Outgoing,
    ProcessingStatus,
    Progress,
    Receipt,
    RecordingRow,
)
from zoomsync_agent.ports import (
    Catalog,
    Clock,
    Destination,
    FileRecord,
    FileStore,
    ObjectStore,
    StateStore,
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


@dataclass(frozen=True, slots=True)
class Stores:
    """Where steps keep what they learn."""

    files: FileStore
    objects: ObjectStore
    state: StateStore


class Steps:
    """The work itself.

    Args:
        stores: where steps keep what they learn.
        destinations: by name.
        catalogs: every catalog that gets the rows.
        clock: the time.
        user_id: who owns the recordings.
        device: the name of this machine.
        zone: the time zone in which Zoom named its folders.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        destinations: Mapping[str, Destination],
        catalogs: tuple[Catalog, ...],
        clock: Clock,
        user_id: str,
        device: str,
        zone: tzinfo,
    ) -> None:
        self._files = stores.files
        self._objects = stores.objects
        self._state = stores.state
        self._destinations = destinations
        self._catalogs = catalogs
        self._clock = clock
        self._user_id = user_id
        self._device = device
        self._zone = zone

    def run(self, work: Work, *, stop: Callable[[], bool], pace: Callable[[int], None]) -> Outcome:
        """Run the job's step.

        Raises:
            AgentError: what went wrong; the job stays at this step.
        """
        try:
            match work.job.step:
                case Step.IDENTIFY:
                    return self._identify(work, stop)
                case Step.TRANSFER:
                    return self._transfer(work, stop, pace)
                case Step.PUBLISH:
                    return self._publish(work)
        except (SourceMissing, SourceDamaged, SourceDenied) as exc:
            # A drive that was pulled may answer anything, so any error means that it is away.
            if not os.path.isdir(work.file.root):  # noqa: PTH112  False where `Path` would raise
                raise SourceUnavailable(str(work.file.root)) from exc
            if isinstance(exc, SourceMissing):
                # The next sweep reports it should it be back by then.
                self._files.mark_gone([os.fspath(work.file.path)])
            raise

    # --- identify --------------------------------------------------------------------------

    def _identify(self, work: Work, stop: Callable[[], bool]) -> Outcome:
        """Learn the content's hash before the first byte leaves."""
        file = work.file
        sha256 = self._hash(work, stop)
        if sha256 is None:
            return Stopped()
        if not file.kind.is_media:
            self._read_text(file, sha256)
        self._files.set_hash(file.id, file.identity, sha256)
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
        if file.kind.is_media:
            self._publish_row(file, stored, ProcessingStatus.UPLOADING)
        outgoing = Outgoing(
            path=file.path,
            key=stored.key,
            size=job.size,
            mtime_ns=job.mtime_ns,
            sha256=file.sha256,
            content_type=mimetypes.guess_type(file.path.name)[0] or "application/octet-stream",
        )
        try:
            receipt = destination.send(
                outgoing,
                resume_from=stored.progress if stored.progress.resume_token else None,
                report=lambda progress: self._objects.save_progress(stored, progress),
                stop=stop,
                pace=pace,
            )
        except SourceChanged:
            # Nobody will finish this version; its row must not say "uploading" for ever.
            if file.kind.is_media:
                with contextlib.suppress(AgentError):
                    self._publish_row(file, stored, ProcessingStatus.FAILED)
            raise
        if receipt is None:
            return Stopped()
        self._objects.save_receipt(stored, receipt)
        return Next(Step.PUBLISH)

    def _reserve(self, job: Job, file: FileRecord, destination: Destination) -> StoredObject:
        sha256 = file.sha256 or ""
        scope = _scope(file)
        if scope and self._objects.find(job.destination, sha256, scope) is None:
            self._objects.rescope(job.destination, sha256, scope)
        key = naming.object_key(
            file.meeting,
            file.path.name,
            sha256,
            style=destination.key_style,
            zone=self._zone,
            user_id=self._user_id,
        )
        return self._objects.reserve(job.destination, sha256, scope, key, job.id)

    # --- publish ---------------------------------------------------------------------------

    def _publish(self, work: Work) -> Outcome:
        """Bring the rows up to date: this recording's, or those of the text's meeting."""
        file = self._files.get(work.file.id)
        if file.sha256 is None:
            raise SourceChanged(str(file.path))
        if file.kind.is_media:
            stored = self._objects.find(work.job.destination, file.sha256, "")
            if not self._is_still_there(stored):
                return Next(Step.TRANSFER)
            self._publish_completed(self._teller(file), stored)
            return Finished()
        stored = self._objects.find(work.job.destination, file.sha256, _scope(file))
        if stored is not None and stored.receipt is not None:
            self._destinations[work.job.destination].describe(
                stored.key, _described_text(file, stored.receipt)
            )
        for media in self._files.of_meeting(file.meeting.key):
            self._publish_completed(
                self._teller(media),
                self._objects.find(work.job.destination, media.sha256 or "", ""),
            )
        return Finished()

    def _is_still_there(self, stored: StoredObject | None) -> bool:
        """Return whether the bytes of a receipt are there; a fresh receipt is believed."""
        if stored is None or stored.receipt is None:
            return False
        age = self._clock.now() - stored.receipt.verified_at
        if 0 <= age < _FRESH_SECONDS:
            return True
        return self._destinations[stored.destination].check(stored.receipt)

    def _teller(self, file: FileRecord) -> FileRecord:
        """Return which of the files of this content tells title and name: the best still there."""
        same = self._files.with_hash(file.sha256 or "")
        # `Path.exists` raises where the folder may not be read; the bytes are safe all the same.
        return next((one for one in same if os.path.exists(one.path)), file)  # noqa: PTH110

    def _publish_completed(self, file: FileRecord, stored: StoredObject | None) -> None:
        if stored is None or stored.receipt is None:
            return  # its own job publishes it once the bytes are there
        row = self._publish_row(file, stored, ProcessingStatus.COMPLETED)
        self._destinations[stored.destination].describe(stored.key, rows.as_dict(row))

    def drop_abandoned(self) -> None:
        """Free what half-finished uploads hold that nobody will continue.

        Raises:
            AgentError: a destination cannot be reached; the rest is dropped another time.
        """
        for stored in self._objects.abandoned():
            destination = self._destinations.get(stored.destination)
            if destination is not None:
                destination.abandon(stored.key, stored.progress)
                self._objects.save_progress(stored, Progress(0))

    def publish_failure(self, work: Work) -> None:
        """Say in the catalog that a recording failed, unless its bytes are safe already."""
        file = self._files.get(work.file.id)
        if not file.kind.is_media or file.sha256 is None:
            return
        stored = self._objects.find(work.job.destination, file.sha256, "")
        if stored is not None and stored.receipt is None:
            self._publish_row(file, stored, ProcessingStatus.FAILED)

    def _publish_row(
        self, file: FileRecord, stored: StoredObject, status: ProcessingStatus
    ) -> RecordingRow:
        sha256 = stored.sha256
        recording_id = naming.recording_id(self._user_id, sha256)
        now = self._state.stamp(self._clock.now())
        row = RecordingRow(
            recording_id=recording_id,
            user_id=self._user_id,
            file_url=_url(stored.receipt),
            meeting_title=naming.display_name(file.meeting.title),
            file_name=naming.display_name(file.path.name),
            file_size=file.identity.size,
            created_at=now,
            updated_at=now,
            processing_status=status,
            transcription_text=self._text_of(file.meeting.key, file.meeting.started_at),
            sha256=sha256,
            started_at=file.meeting.started_at,
            duration_seconds=file.duration_seconds,
            kind=file.kind,
            part=file.part,
            participant=file.participant,
            meeting_key=file.meeting.key,
            destination=stored.destination,
            object_key=stored.key,
            device=self._device,
        )
        for catalog in self._catalogs:
            before = catalog.get(recording_id)
            if before is not None:
                row = replace(
                    row,
                    created_at=before.created_at,
                    transcription_text=row.transcription_text or before.transcription_text,
                    summary=before.summary,
                    action_items=before.action_items,
                )
            catalog.publish(row)
        return row

    def _text_of(self, meeting_key: MeetingKey, started_at: float | None) -> str:
        cues = {
            kind: [transcript.from_dict(one) for text in texts for one in json.loads(text)]
            for kind, texts in self._files.texts_of(meeting_key).items()
        }
        merged = transcript.merge(cues, started_at=started_at, zone=self._zone)
        return transcript.plain_text(merged)


def _expect(descriptor: int, wanted: FileIdentity, file: FileRecord) -> None:
    stat = os.fstat(descriptor)
    if FileIdentity(stat.st_size, stat.st_mtime_ns) != wanted:
        raise SourceChanged(str(file.path))


def _scope(file: FileRecord) -> str:
    return "" if file.kind.is_media else file.meeting.key


def _url(receipt: Receipt | None) -> str:
    return receipt.url if receipt else ""


def _described_text(file: FileRecord, receipt: Receipt) -> dict[str, Any]:
    return {
        "kind": file.kind,
        "file_name": naming.display_name(file.path.name),
        "file_size": receipt.size,
        "sha256": receipt.sha256,
        "meeting_key": file.meeting.key,
        "meeting_title": naming.display_name(file.meeting.title),
    }
