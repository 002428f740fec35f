"""Unfinished uploads of one object: found again, gone on with, or ended.

Others may send the same content into the same bucket, so an upload is ended only where we began it
or where nobody can still be at it.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.core.recording import Outgoing
from zoomsync_agent.destinations.parted.notes import Assurance, Notes, terms_of
from zoomsync_agent.destinations.patience import Patience
from zoomsync_agent.s3.multipart import Begun, Listing, Multipart, NoSuchUpload, Part
from zoomsync_agent.s3.requests import Refused

STALE_SECONDS: Final = 7 * 86_400.0
"""An unfinished upload that was begun longer ago may be nobody's any more …"""
IDLE_SECONDS: Final = 86_400.0
"""… and is, if no part of it has come for so long: 100 GB over 1 Mbit/s take nine days."""
_SHA256: Final = "SHA256"
_LOOKED_AT: Final = 3
"""So many of the youngest are looked at for one to go on with."""
_STORING: Final = ("x-amz-storage-class", "x-amz-server-side-encryption")


@dataclass(slots=True)
class Upload:
    """An unfinished upload: what was noted, and what the store has."""

    notes: Notes
    there: dict[int, Part]


class Uploads:
    """Those of one object.

    Args:
        multipart: the protocol.
        outgoing: the file that it will hold.
        part_bytes: how large its parts are.
        assurance: what the store does.
        headers: what is to be known of the object.
        patience: tries again what failed for a moment.
        expect_time: breaks off when told to.
    """

    def __init__(
        self,
        multipart: Multipart,
        outgoing: Outgoing,
        part_bytes: int,
        assurance: Assurance,
        headers: Mapping[str, str],
        patience: Patience,
        expect_time: Callable[[], None],
    ) -> None:
        self._multipart = multipart
        self._outgoing = outgoing
        self._key = outgoing.key
        self._part_bytes = part_bytes
        self._assurance = assurance
        self._algorithm = _SHA256 if assurance.keeps_checksums else ""
        checksums = {"x-amz-checksum-algorithm": self._algorithm} if self._algorithm else {}
        self._headers = {**headers, **checksums}
        self._terms = terms_of(self._headers)
        self._patience = patience
        self._expect_time = expect_time
        self._dropped: set[str] = set()

    def begun(self) -> Upload:
        """Go on with an upload of this very object that nobody noted, else begin one."""

        def once() -> Upload:
            # Looked for before each try: one whose answer was lost was begun all the same.
            adopted = self._adopted() if self._assurance.lists_parts else None
            if adopted is not None:
                return adopted
            upload_id = self._multipart.create(self._key, self._headers)
            return Upload(Notes(upload_id, self._part_bytes, terms=self._terms), {})

        return self._patience.try_(once, self._expect_time)

    def resumed(self, notes: Notes) -> Upload | None:
        """Return the noted upload if it can be gone on with; drop it if it is of no use."""
        if (notes.part_bytes, notes.terms) != (self._part_bytes, self._terms):
            self._drop(notes)
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
        if listing.algorithm not in (self._algorithm, ""):
            self._drop(notes)
            return None
        return Upload(notes, dict(listing.parts))

    def drop(self, upload: Upload | None) -> None:
        """Forget an upload that we will not continue, and free what it holds if we began it."""
        if upload is not None:
            self._drop(upload.notes)

    def end(self, upload: Upload) -> None:
        """Free what an upload holds that nobody needs any more: the object is there."""
        self._abort(upload.notes.upload_id)

    # --- those of others -------------------------------------------------------------------

    def _adopted(self) -> Upload | None:
        """Return a young unfinished upload of this object; end those that are stale.

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
        now, young = self._multipart.now(), []
        for one in found:
            self._expect_time()
            if self._is_stale(one, now):
                self._abort(one.upload_id)
            elif one.upload_id not in self._dropped:
                young.append(one)
        # It becomes what it was begun to be, and how its parts are kept cannot be seen from here.
        if any(name.lower().startswith(_STORING) for name in self._headers):
            return None
        young.sort(key=lambda one: one.initiated or 0.0)
        tried = (self._going_on(one.upload_id) for one in reversed(young[-_LOOKED_AT:]))
        return next(filter(None, tried), None)

    def _is_stale(self, one: Begun, now: float) -> bool:
        """Return whether nobody can still be at an upload; what is not known speaks against it."""
        if one.initiated is None or now - one.initiated <= STALE_SECONDS:
            return False
        try:
            listing = self._multipart.parts(self._key, one.upload_id)
        except Refused as exc:
            return not exc.answer.is_transient  # it may not be asked: its own age must do
        except (NoSuchUpload, httpx.HTTPError):
            return False
        return all(
            part.modified is not None and now - part.modified > IDLE_SECONDS
            for part in listing.parts.values()
        )

    def _going_on(self, upload_id: str) -> Upload | None:
        """Return an upload of somebody else if its parts can be ours."""
        try:
            listing = self._multipart.parts(self._key, upload_id)
        except NoSuchUpload:
            return None
        except Refused as exc:
            if exc.answer.is_transient or exc.answer.is_about_keys:
                raise
            return None
        # Where the store does not tell the algorithm, the first part shows whether it is ours.
        if listing.algorithm not in (self._algorithm, ""):
            return None
        # Two who cut the file differently would send over each other's parts.
        if any(part.size not in (None, self._size_of(n)) for n, part in listing.parts.items()):
            return None
        notes = Notes(upload_id, self._part_bytes, terms=self._terms, is_adopted=True)
        return Upload(notes, dict(listing.parts))

    def _size_of(self, number: int) -> int:
        before = (number - 1) * self._part_bytes
        return min(self._part_bytes, self._outgoing.size - before)

    # --- ended -----------------------------------------------------------------------------

    def _drop(self, notes: Notes) -> None:
        self._dropped.add(notes.upload_id)
        if not notes.is_adopted:
            self._abort(notes.upload_id)

    def _abort(self, upload_id: str) -> None:
        """Free what an upload holds that nobody will continue, if that can be done now."""
        with contextlib.suppress(Refused, httpx.HTTPError, AgentError):
            self._multipart.abort(self._key, upload_id)
