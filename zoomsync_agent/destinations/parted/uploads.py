"""Unfinished uploads of one object: found again, gone on with, or ended."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.core.recording import ObjectKey
from zoomsync_agent.destinations.parted.notes import Assurance, Notes
from zoomsync_agent.destinations.patience import Patience
from zoomsync_agent.s3.multipart import Listing, Multipart, NoSuchUpload, Part
from zoomsync_agent.s3.requests import Refused

STALE_SECONDS: Final = 86_400.0
"""An unfinished upload of the same object that is older than this is nobody's any more."""
_SHA256: Final = "SHA256"


@dataclass(slots=True)
class Upload:
    """An unfinished upload: what was noted, and what the store has."""

    notes: Notes
    there: dict[int, Part]


class Uploads:
    """Those of one object.

    Args:
        multipart: the protocol.
        key: of the object.
        part_bytes: how large its parts are.
        assurance: what the store does.
        headers: what is to be known of the object.
        patience: tries again what failed for a moment.
        expect_time: breaks off when told to.
        clock: the time, in epoch seconds.
    """

    def __init__(
        self,
        multipart: Multipart,
        key: ObjectKey,
        part_bytes: int,
        assurance: Assurance,
        headers: Mapping[str, str],
        patience: Patience,
        expect_time: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._multipart = multipart
        self._key = key
        self._part_bytes = part_bytes
        self._assurance = assurance
        self._headers = headers
        self._patience = patience
        self._expect_time = expect_time
        self._clock = clock

    def begun(self) -> Upload:
        """Go on with an upload of this very object that nobody noted, else begin one."""
        headers = dict(self._headers)
        if self._assurance.keeps_checksums:
            headers["x-amz-checksum-algorithm"] = _SHA256

        def once() -> Upload:
            # Looked for before each try: one whose answer was lost was begun all the same.
            adopted = self._adopted() if self._assurance.lists_parts else None
            if adopted is not None:
                return adopted
            upload_id = self._multipart.create(self._key, headers)
            return Upload(Notes(upload_id, self._part_bytes), {})

        return self._patience.try_(once, self._expect_time)

    def resumed(self, notes: Notes) -> Upload | None:
        """Return the noted upload if it can be gone on with; drop it if it is of no use."""
        if notes.part_bytes != self._part_bytes:
            self._abort(notes.upload_id)
            return None
        return self.looked_at(notes)

    def looked_at(self, notes: Notes) -> Upload | None:
        """Return an upload with the parts that the store has of it; None where it has none."""
        try:
            listing = self._patience.try_(
                lambda: self._multipart.parts(self._key, notes.upload_id),
                self._expect_time,
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
            return Upload(notes, {number: Part(number, etag) for number, etag in noted})
        wanted = _SHA256 if self._assurance.keeps_checksums else ""
        if listing.algorithm not in (wanted, ""):
            self._abort(notes.upload_id)
            return None
        return Upload(notes, dict(listing.parts))

    def _adopted(self) -> Upload | None:
        """Return the youngest unfinished upload of this object; end those that are stale.

        The key holds a part of the content's hash, so whoever began it meant the same content;
        each of its parts is compared before it counts.
        """
        try:
            found = [
                one
                for one in self._multipart.unfinished(self._key)
                if one.key == self._key and one.upload_id
            ]
        except (Refused, httpx.HTTPError):
            return None  # it may not be asked; then a new one is begun
        found.sort(key=lambda one: one.initiated)
        stale = [one for one in found if self._clock() - one.initiated > STALE_SECONDS]
        for one in stale:
            self._abort(one.upload_id)
        if len(stale) == len(found):
            return None
        return self.looked_at(Notes(found[-1].upload_id, self._part_bytes))

    def drop(self, upload: Upload | None) -> None:
        """Free what an upload holds that nobody will continue, if that can be done now."""
        if upload is not None:
            self._abort(upload.notes.upload_id)

    def _abort(self, upload_id: str) -> None:
        """Free what an upload holds that nobody will continue, if that can be done now."""
        with contextlib.suppress(Refused, httpx.HTTPError, AgentError):
            self._multipart.abort(self._key, upload_id)
