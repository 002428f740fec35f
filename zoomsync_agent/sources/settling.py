"""Decides about the files of one folder: what is known already, what is quiet, what is told.

Whatever goes wrong about one file is told as a verdict about that file, and the others go on: an
odd name, an odd date or a fault of our own must not keep a healthy recording out of the archive.
"""

import errno
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Final

from zoomsync_agent.core import naming
from zoomsync_agent.core.naming import real_name
from zoomsync_agent.core.readiness import Reason, Verdict, printable
from zoomsync_agent.core.recording import FileIdentity, FilePart, Kind
from zoomsync_agent.ports import Clock, KnownFile, Sighting
from zoomsync_agent.sources.file_facts import Entry
from zoomsync_agent.sources.zoom_folder import Listing, ZoomFolder, is_taken

_log = logging.getLogger(__name__)

ANY_NAME: Final = "*"
"""Stands for the files of a folder that may not be listed. No name that Zoom gives."""

_NOT_BY_THE_CLOCK: Final = frozenset(
    {Reason.PLACEHOLDER, Reason.LINK, Reason.FOREIGN, Reason.UNREADABLE}
)
"""What no time changes: there can be thousands, and sweeps and events find what becomes of them."""

_MAX_FAULTS: Final = 1000


@dataclass(slots=True)
class _Quiet:
    """Since when a file has looked as it does, in monotonic seconds."""

    identity: FileIdentity
    since: float


@dataclass(frozen=True, slots=True)
class Look:
    """What a look into one folder found: `sightings` that tell something new, paths `gone`.

    `recheck_seconds` says when another look can tell more; None: only a change of the folder can.
    """

    sightings: Sequence[Sighting] = ()
    gone: Sequence[str] = ()
    recheck_seconds: float | None = None


class Settling:
    """Remembers since when the files of one recordings folder have stood still.

    Args:
        folder: the recordings folder.
        clock: the time.
        zone: the time zone in which Zoom names folders.
        quiet_seconds: how long a file must stand still where nothing can be proven.
    """

    def __init__(
        self, folder: ZoomFolder, *, clock: Clock, zone: tzinfo, quiet_seconds: float
    ) -> None:
        self._folder = folder
        self._root = folder.root
        self._clock = clock
        self._zone = zone
        self._quiet_seconds = quiet_seconds
        self._quiet: dict[str, _Quiet] = {}
        self._faults: set[tuple[Path, str]] = set()

    def look(self, listing: Listing, known: Mapping[str, KnownFile]) -> Look:
        """Decide about every file of one folder that is not settled yet.

        Args:
            listing: the folder's files as they are now.
            known: the folder's files as they are remembered.
        """
        if listing.error:
            return self._not_listed(listing, known)
        prefix = str(listing.folder) + os.sep
        paths = {prefix + entry.name for entry in listing.entries}
        gone = [path for path in known if path not in paths]
        for path in gone:
            self._quiet.pop(path, None)
        unsettled: list[Entry] = []
        settled: list[str] = []
        for entry in listing.entries:
            file = known.get(prefix + entry.name)
            if file is not None and file.is_settled and file.identity == entry.identity:
                settled.append(entry.name)
            else:
                unsettled.append(entry)
        found = list(self._decided(listing, unsettled, settled))
        rechecks = [
            one.verdict.recheck_seconds
            for one in found
            if one.verdict.recheck_seconds is not None
            and not one.verdict.is_ready
            and one.verdict.reason not in _NOT_BY_THE_CLOCK
        ]
        return Look(_news(found, known), gone, min(rechecks, default=None))

    def faulty(self, seen: Sighting, exc: Exception) -> Sighting:
        """Return what is told instead of *seen*, which could not be remembered."""
        verdict = self._fault(seen.path, exc)
        return replace(
            seen,
            identity=FileIdentity(0, 0),  # never that of the file, so that it is tried again
            inode=0,
            meeting=naming.nameless(seen.path.relative_to(self._root)),
            verdict=verdict,
            duration_seconds=None,
        )

    def _decided(
        self, listing: Listing, unsettled: Sequence[Entry], settled: Iterable[str]
    ) -> Iterator[Sighting]:
        taken = [entry for entry in unsettled if is_taken(entry.name)]
        media_ready = bool(taken) and any(naming.is_media(real_name(name)) for name in settled)
        # Media first: a text is ready only once the media beside it is.
        for entry in sorted(taken, key=lambda one: not naming.is_media(real_name(one.name))):
            try:
                seen = self._examined(listing, entry, media_ready=media_ready)
            except Exception as exc:  # noqa: BLE001  one file must not hide the others
                verdict = self._fault(listing.folder / entry.name, exc)
                seen = self._sighting(listing, entry, FilePart(Kind.VIDEO), verdict)
            if seen is not None:
                yield seen
                media_ready = media_ready or (seen.kind.is_media and seen.verdict.is_ready)
        try:
            yield from self._unconverted(listing, unsettled)
        except Exception as exc:  # noqa: BLE001  likewise
            self._fault(listing.folder, exc)

    def _examined(self, listing: Listing, entry: Entry, *, media_ready: bool) -> Sighting | None:
        path = str(listing.folder / entry.name)
        now = self._clock.monotonic()
        quiet = self._quiet.get(path)
        if quiet is None or quiet.identity != entry.identity:
            quiet = self._quiet[path] = _Quiet(entry.identity, now)
        examined = self._folder.examine(
            listing,
            entry,
            now=self._clock.now(),
            unchanged_seconds=now - quiet.since,
            quiet_seconds=self._quiet_seconds,
            media_ready=media_ready,
        )
        if examined is None:
            return None
        if examined.verdict.is_ready:
            self._quiet.pop(path, None)
        return self._sighting(
            listing, entry, examined.part, examined.verdict, examined.duration_seconds
        )

    def _unconverted(self, listing: Listing, entries: Iterable[Entry]) -> Iterator[Sighting]:
        """Yield what stands for a meeting that Zoom has not converted yet."""
        found = self._folder.folder_verdict(listing, self._clock.now())
        if found is None:
            return
        name, verdict = found
        for entry in entries:
            if entry.name == name:
                yield self._sighting(listing, entry, FilePart(Kind.VIDEO), verdict)

    def _not_listed(self, listing: Listing, known: Mapping[str, KnownFile]) -> Look:
        """Tell what is gone with its folder, or that a folder may not be looked into."""
        if listing.errno in (errno.ENOENT, errno.ENOTDIR):
            for path in known:
                self._quiet.pop(path, None)
            return Look(gone=list(known) if self._root.is_dir() else ())
        if listing.errno not in (errno.EACCES, errno.EPERM) or listing.folder == self._root:
            return Look()
        detail = f"its folder may not be opened ({listing.error})"
        entry = Entry(
            name=ANY_NAME, size=0, mtime_ns=0, device=0, inode=0, allocated=None,
            is_link=False, is_regular=True, is_placeholder=False,
        )  # fmt: skip
        verdict = Verdict(Reason.UNREADABLE, detail=detail)
        told = self._sighting(listing, entry, FilePart(Kind.VIDEO), verdict)
        return Look(_news([told], known))

    def _sighting(
        self,
        listing: Listing,
        entry: Entry,
        part: FilePart,
        verdict: Verdict,
        duration: float | None = None,
    ) -> Sighting:
        path = listing.folder / entry.name
        relative = path.relative_to(self._root)
        try:
            meeting = naming.meeting(
                relative, zone=self._zone, ended_before=entry.mtime_ns / 1e9, duration=duration
            )
        except Exception as exc:  # noqa: BLE001  one name must not hide the others
            meeting, verdict = naming.nameless(relative), self._fault(path, exc)
        return Sighting(
            path=path,
            root=self._root,
            identity=entry.identity,
            inode=entry.inode,
            kind=part.kind,
            meeting=meeting,
            verdict=verdict,
            part=part.part,
            participant=part.participant,
            duration_seconds=duration,
        )

    def _fault(self, path: Path, exc: Exception) -> Verdict:
        """Say once what went wrong about a file, and return the verdict about it."""
        detail = printable(f"{type(exc).__name__}: {exc}")
        if (path, detail) not in self._faults:
            if len(self._faults) >= _MAX_FAULTS:
                self._faults.clear()
            self._faults.add((path, detail))
            _log.error("a file was left out: %s", printable(str(path)), exc_info=exc)
        return Verdict(Reason.UNREADABLE, detail=detail)


def _news(found: Iterable[Sighting], known: Mapping[str, KnownFile]) -> list[Sighting]:
    """Return the sightings that tell something else than what is remembered."""
    news = []
    for one in found:
        before = known.get(str(one.path))
        if before is None or not before.says(one):
            news.append(one)
    return news
