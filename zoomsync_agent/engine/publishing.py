"""Rows: what the catalogs are told of a recording, and when."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from zoomsync_agent.core import naming, rows, transcript
from zoomsync_agent.core.recording import MeetingKey, ProcessingStatus, Receipt, RecordingRow
from zoomsync_agent.ports import (
    Catalog,
    Clock,
    Destination,
    FileRecord,
    FileStore,
    MeetingStore,
    ObjectStore,
    StateStore,
    StoredObject,
)


@dataclass(frozen=True, slots=True)
class Stores:
    """Where steps keep what they learn."""

    files: FileStore
    meetings: MeetingStore
    objects: ObjectStore
    state: StateStore


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose recordings these are, and where they were made.

    `user` is an id, or tells it: with a remote project it is whoever is signed in. `zone` is the
    time zone in which Zoom named its folders.
    """

    user: str | Callable[[], str]
    device: str
    zone: tzinfo

    @property
    def user_id(self) -> str:
        """The owner's id.

        Raises:
            SignInRequired, SecretsUnavailable: it is not known.
        """
        return self.user if isinstance(self.user, str) else self.user()


class Publisher:
    """Tells the catalogs, and describes objects beside themselves.

    A row says "completed" only where there is a receipt.
    """

    def __init__(
        self,
        stores: Stores,
        destinations: Mapping[str, Destination],
        catalogs: tuple[Catalog, ...],
        clock: Clock,
        owner: Owner,
    ) -> None:
        self._files = stores.files
        self._meetings = stores.meetings
        self._objects = stores.objects
        self._state = stores.state
        self._destinations = destinations
        self._catalogs = catalogs
        self._clock = clock
        self._owner = owner

    def completed(self, destination: str, file: FileRecord) -> None:
        """Publish the row of a media file whose bytes are there.

        Without a receipt nothing is published: the file's own job does it once they are.
        """
        stored = self._objects.find(destination, file.sha256 or "", "")
        if stored is None or stored.receipt is None or not self._is_of_owner(stored):
            return
        row = self._publish(self._teller(file), stored, ProcessingStatus.COMPLETED)
        described = rows.as_dict(row)
        if self._title_of(row):
            # Whoever rebuilds a lost queue learns that no file says so.
            described[rows.GIVEN_TITLE] = row.meeting_title
        self._destinations[destination].describe(stored.key, described)

    def uploading(self, file: FileRecord, stored: StoredObject) -> None:
        """Publish that a recording is on its way; text has no row of its own."""
        if file.kind.is_media:
            self._publish(file, stored, ProcessingStatus.UPLOADING)

    def failed(self, file: FileRecord, destination: str) -> None:
        """Publish that a recording failed, unless its bytes are safe already."""
        if not file.kind.is_media or file.sha256 is None:
            return
        stored = self._objects.find(destination, file.sha256, "")
        if stored is not None and stored.receipt is None:
            self._publish(file, stored, ProcessingStatus.FAILED)

    def given_up(self, stored: StoredObject) -> None:
        """Take back that a content is on its way, where a catalog says so."""
        recording_id = naming.recording_id(self._owner.user_id, stored.sha256)
        for catalog in self._catalogs:
            row = catalog.get(recording_id)
            if row is not None and row.processing_status is ProcessingStatus.UPLOADING:
                now = self._state.stamp(self._clock.now())
                catalog.publish(
                    replace(row, processing_status=ProcessingStatus.FAILED, updated_at=now)
                )

    def lost(self, stored: StoredObject) -> None:
        """Publish that the bytes of a recording are no longer where they were."""
        self._correct(stored, file_url="", processing_status=ProcessingStatus.FAILED)

    def moved(self, stored: StoredObject, receipt: Receipt) -> None:
        """Publish the new address of a recording."""
        self._correct(stored, file_url=receipt.url)

    def found(self, stored: StoredObject, receipt: Receipt) -> None:
        """Publish that the bytes of a recording are there again."""
        self._correct(stored, file_url=receipt.url, processing_status=ProcessingStatus.COMPLETED)

    def _correct(self, stored: StoredObject, **columns: Any) -> None:
        recording_id = naming.recording_id(self._owner.user_id, stored.sha256)
        for catalog in self._catalogs:
            row = catalog.get(recording_id)
            if row is not None and not stored.scope:
                now = self._state.stamp(self._clock.now())
                catalog.publish(replace(row, updated_at=now, **columns))

    def meeting_of(self, text: FileRecord, stored: StoredObject | None) -> None:
        """Bring every row of a text's meeting up to date, and describe the text."""
        if stored is None:
            return
        if stored.receipt is not None:
            title = self._meetings.title_of(text.meeting.key) or text.meeting.title
            self._destinations[stored.destination].describe(
                stored.key, _described_text(text, stored.receipt, title)
            )
        for media in self._files.of_meeting(text.meeting.key):
            self.completed(stored.destination, media)

    def _is_of_owner(self, stored: StoredObject) -> bool:
        """Return whether an object lies in the folder of whoever is the owner now."""
        if self._destinations[stored.destination].key_style is not naming.KeyStyle.ASCII:
            return True
        return stored.key.partition("/")[0] == naming.owner_folder(self._owner.user_id)

    def _teller(self, file: FileRecord) -> FileRecord:
        """Return which of the files of this content tells title and name: the best still there."""
        same = self._files.with_hash(file.sha256 or "")
        # `Path.exists` raises where the folder may not be read; the bytes are safe all the same.
        return next((one for one in same if os.path.exists(one.path)), file)  # noqa: PTH110

    def _publish(
        self, file: FileRecord, stored: StoredObject, status: ProcessingStatus
    ) -> RecordingRow:
        """Publish a row; again, where somebody has renamed its meeting meanwhile."""
        while True:
            row = self._publish_once(file, stored, status)
            if self._title_of(row) in ("", row.meeting_title):
                return row

    def _publish_once(
        self, file: FileRecord, stored: StoredObject, status: ProcessingStatus
    ) -> RecordingRow:
        sha256 = stored.sha256
        user_id = self._owner.user_id  # once: somebody else may sign in meanwhile
        recording_id = naming.recording_id(user_id, sha256)
        now = self._clock.now()
        summary = self._meetings.summary_of(file.meeting.key)
        row = RecordingRow(
            recording_id=recording_id,
            user_id=user_id,
            file_url=_url(stored.receipt),
            meeting_title=naming.display_name(file.meeting.title),
            file_name=naming.display_name(file.path.name),
            file_size=file.identity.size,
            created_at=now,
            updated_at=now,
            processing_status=status,
            transcription_text=self._text_of(file.meeting.key, file.meeting.started_at),
            summary=summary.text,
            action_items=summary.action_items,
            sha256=sha256,
            started_at=file.meeting.started_at,
            duration_seconds=file.duration_seconds,
            kind=file.kind,
            part=file.part,
            participant=file.participant,
            source=file.source,
            meeting_key=self._meetings.group_of(file),
            destination=stored.destination,
            object_key=stored.key,
            device=self._owner.device,
        )
        row = replace(row, meeting_title=self._title_of(row) or row.meeting_title)
        for catalog in self._catalogs:
            before = catalog.get(recording_id)
            if before is not None:
                row = replace(
                    row,
                    created_at=before.created_at,
                    transcription_text=row.transcription_text or before.transcription_text,
                    summary=row.summary or before.summary,
                    action_items=row.action_items or before.action_items,
                )
                if _is_told(row, before):
                    row = replace(row, updated_at=before.updated_at)
                    continue
            row = replace(row, updated_at=self._state.stamp(self._clock.now()))
            if before is None:
                row = replace(row, created_at=row.updated_at)
            catalog.publish(row)
        return row

    def _title_of(self, row: RecordingRow) -> str:
        """Return the title that somebody gave to a row's meeting; empty where nobody did."""
        return self._meetings.title_of(row.meeting_key or row.recording_id)

    def _text_of(self, meeting_key: MeetingKey, started_at: float | None) -> str:
        cues = {
            kind: [transcript.from_dict(one) for text in texts for one in json.loads(text)]
            for kind, texts in self._files.texts_of(meeting_key).items()
        }
        merged = transcript.merge(cues, started_at=started_at, zone=self._owner.zone)
        return transcript.plain_text(merged)


def _is_told(row: RecordingRow, before: RecordingRow) -> bool:
    """Return whether *before* says all that *row* says, as a catalog keeps it."""
    return rows.as_dict(replace(row, updated_at=before.updated_at)) == rows.as_dict(before)


def _url(receipt: Receipt | None) -> str:
    return receipt.url if receipt else ""


def _described_text(file: FileRecord, receipt: Receipt, title: str) -> dict[str, Any]:
    return {
        "kind": file.kind,
        "file_name": naming.display_name(file.path.name),
        "file_size": receipt.size,
        "sha256": receipt.sha256,
        "source": file.source,
        "meeting_key": file.meeting.key,
        "meeting_title": naming.display_name(title),
    }
