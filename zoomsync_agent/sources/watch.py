"""Watches the recordings folder: events say where to look sooner, sweeps find the rest.

Nothing is concluded from an event. Overflows, watch limits, unmounts and renamed roots are silent,
so every folder is also looked through at the start, on request and on a clock, and the root itself
is compared with what it was.
"""

import errno
import logging
import os
import queue
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zoomsync_agent.core import naming
from zoomsync_agent.core.readiness import Reason, Verdict
from zoomsync_agent.core.recording import FileIdentity, FilePart, Kind
from zoomsync_agent.ports import Clock, KnownFile, Sighting, SourceListener
from zoomsync_agent.service import ThreadService
from zoomsync_agent.sources.file_facts import Entry
from zoomsync_agent.sources.observer import Hint, Observing
from zoomsync_agent.sources.zoom_folder import Listing, ZoomFolder, is_taken, real_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_log = logging.getLogger(__name__)

_ROOT_CHECK_SECONDS: Final = 2.0
"""How often the root is compared with what it was."""
_WRITE_PAUSE_SECONDS: Final = 0.5
"""While a file is being written its folder is looked at no more often than this."""
_SWEEP_SHARE: Final = 300
"""A sweep that took t seconds is not repeated before 300 t: a third of a per cent of one core."""
_BATCH: Final = 500
_TOGETHER: Final = 100
"""Folders that are looked into for one transaction, when many are due: ten thousand can be."""
_CLOSED_RECHECK_SECONDS: Final = 60.0
ANY_NAME: Final = "*"
"""Stands for the files of a folder that may not be listed."""
_RETRY_SECONDS: Final = 5.0


@dataclass(slots=True)
class _Quiet:
    """Since when a file has looked as it does, in monotonic seconds."""

    identity: FileIdentity
    since: float


class FolderWatch(ThreadService):
    """The service that finds recordings in one folder; a `RecordingSource`.

    Args:
        root: the recordings folder; need not exist yet.
        listener: is told what is seen, on this service's thread.
        clock: the time.
        zone: the time zone in which Zoom names folders.
        quiet_seconds: how long a file must stand still where nothing can be proven.
        sweep_seconds: how often the whole folder is looked through, at the most often.
        events: whether the operating system is asked for events; without them the sweeps must do.
    """

    def __init__(
        self,
        root: Path,
        listener: SourceListener,
        *,
        clock: Clock,
        zone: tzinfo,
        quiet_seconds: float,
        sweep_seconds: float,
        events: bool = True,
    ) -> None:
        super().__init__("settler")
        self._root = root
        self._folder = ZoomFolder(root)
        self._listener = listener
        self._clock = clock
        self._zone = zone
        self._quiet_seconds = quiet_seconds
        self._sweep_seconds = sweep_seconds
        self._hints: queue.SimpleQueue[Hint] = queue.SimpleQueue()
        self._observing = Observing(root, self._hints.put) if events else None
        self._quiet: dict[str, _Quiet] = {}
        self._due: dict[Path, float] = {}
        self._sweep_at = 0.0
        self._root_check_at = 0.0
        self._root_identity: tuple[int, int] | None = None

    def look_soon(self) -> None:
        """Look through everything as soon as possible."""
        self._hints.put(Hint(None))

    def _wake(self) -> None:
        self._hints.put(Hint(self._root, is_write=True))

    def _run(self) -> None:
        self._sweep_at = 0.0
        self._root_identity = None
        try:
            while not self._stopping.is_set():
                self._tick()
                self._wait()
        finally:
            if self._observing is not None:
                self._observing.stop()

    def _tick(self) -> None:
        now = self._clock.monotonic()
        try:
            if now >= self._root_check_at:
                self._root_check_at = now + _ROOT_CHECK_SECONDS
                self._check_root()
            if self._root_identity is None:
                self._due.clear()
                return
            if now >= self._sweep_at:
                self.sweep()
            due = [folder for folder, due in self._due.items() if due <= now]
            for begin in range(0, len(due), _TOGETHER):
                if self._stopping.is_set():
                    return
                some = due[begin : begin + _TOGETHER]
                for folder in some:
                    self._due.pop(folder, None)
                self._look(*map(self._folder.listing, some))
        except OSError as exc:
            # One look failed as a whole, say because the drive went away in the middle of it.
            _log.warning("look failed: %s", exc)
            self._sweep_at = self._clock.monotonic() + _RETRY_SECONDS

    def _wait(self) -> None:
        """Wait for hints until something is due; put what they name on the list."""
        now = self._clock.monotonic()
        next_due = min([self._root_check_at, self._sweep_at, *self._due.values()])
        if self._root_identity is None:
            next_due = self._root_check_at
        try:
            hint = self._hints.get(timeout=max(0.0, next_due - now))
            while True:
                self._take(hint)
                hint = self._hints.get_nowait()
        except queue.Empty:
            return

    def _take(self, hint: Hint) -> None:
        now = self._clock.monotonic()
        if hint.folder is None:
            self._sweep_at = 0.0
            self._root_check_at = 0.0
            return
        due = now + _WRITE_PAUSE_SECONDS if hint.is_write else now
        for folder in _with_parent(hint.folder, self._root):
            self._due[folder] = min(due, self._due.get(folder, due))
        if hint.is_new_folder:
            for listing in ZoomFolder(hint.folder).listings():
                self._due.setdefault(listing.folder, now)

    # --- the root --------------------------------------------------------------------------

    def _check_root(self) -> None:
        """Notice that the root came, went or was replaced, and watch the one that is there."""
        problem = ""
        identity = None
        try:
            stat = self._root.stat()
            identity = (stat.st_dev, stat.st_ino)
            if not self._root.is_dir():
                identity, problem = None, "file"
            else:
                with os.scandir(self._root) as found:
                    next(found, None)
        except FileNotFoundError:
            problem = "missing"
        except PermissionError:
            identity, problem = None, "denied"
        except OSError as exc:
            identity, problem = None, exc.strerror or "unreadable"
        self._listener.root_state(self._root, problem)
        if identity != self._root_identity:
            self._root_identity = identity
            self._sweep_at = 0.0
            if self._observing is not None:
                self._observing.stop()
        if identity is not None and self._observing is not None and self._observing.renew():
            self._sweep_at = 0.0

    # --- looking ---------------------------------------------------------------------------

    def sweep(self) -> None:
        """Look through the whole folder once."""
        began = self._clock.monotonic()
        remembered = self._by_folder(self._listener.known(None))
        batch: list[Sighting] = []
        seen_folders: set[str] = set()
        for listing in self._folder.listings():
            if self._stopping.is_set():
                return
            folder = str(listing.folder)
            seen_folders.add(folder)
            known = remembered.pop(folder, {})
            batch += self._examine(listing, known)
            if len(batch) >= _BATCH:
                self._listener.seen(batch)
                batch = []
        self._listener.seen(batch)
        # A root that went away in the middle proves nothing about what was in it.
        if self._root.is_dir():
            self._listener.gone(
                [path for known in remembered.values() for path in known if not _exists(path)]
            )
            self._listener.swept(self._root)
        took = self._clock.monotonic() - began
        self._sweep_at = began + max(self._sweep_seconds, took * _SWEEP_SHARE)

    def _by_folder(self, known: "Mapping[str, KnownFile]") -> dict[str, dict[str, KnownFile]]:
        inside = str(self._root) + os.sep
        folders: dict[str, dict[str, KnownFile]] = {}
        for path, file in known.items():
            if path.startswith(inside):
                folders.setdefault(os.path.dirname(path), {})[path] = file  # noqa: PTH120  hot
        return folders

    def _look(self, *listings: Listing) -> None:
        """Decide about the files of some folders and tell of all of them at once."""
        batch: list[Sighting] = []
        for listing in listings:
            batch += self._examine(listing, self._listener.known(listing.folder))
        self._listener.seen(batch)

    def _examine(self, listing: Listing, known: "Mapping[str, KnownFile]") -> list[Sighting]:
        """Decide about every file of one folder that is not settled yet."""
        if listing.error:
            if listing.errno in (errno.ENOENT, errno.ENOTDIR) and self._root.is_dir():
                self._listener.gone(list(known))
            return self._closed_folder(listing)
        prefix = str(listing.folder) + os.sep
        paths = {prefix + entry.name for entry in listing.entries}
        gone = [path for path in known if path not in paths]
        for path in gone:
            self._quiet.pop(path, None)
        self._listener.gone(gone)
        open_entries = []
        settled = []
        for entry in listing.entries:
            file = known.get(prefix + entry.name)
            if (
                file is not None
                and file.is_settled
                and file.identity.size == entry.size
                and file.identity.mtime_ns == entry.mtime_ns
            ):
                settled.append(entry.name)
            else:
                open_entries.append(entry)
        sightings = []
        taken = [entry for entry in open_entries if is_taken(entry.name)]
        media_ready = bool(taken) and any(naming.is_media(real_name(name)) for name in settled)
        # Media first: a text is ready only once the media beside it is.
        for entry in sorted(taken, key=lambda one: not naming.is_media(real_name(one.name))):
            sighting = self._examine_one(listing, entry, media_ready=media_ready)
            if sighting is not None:
                sightings.append(sighting)
                media_ready = media_ready or (sighting.kind.is_media and sighting.verdict.is_ready)
        sightings += self._folder_sighting(listing, open_entries)
        return sightings

    def _closed_folder(self, listing: Listing) -> list[Sighting]:
        """Return what stands for the files of a folder that may not be looked into.

        "*" is no name that Zoom gives; it is gone as soon as the folder can be listed.
        """
        if listing.errno not in (errno.EACCES, errno.EPERM) or listing.folder == self._root:
            return []
        verdict = Verdict(
            Reason.UNREADABLE,
            recheck_seconds=_CLOSED_RECHECK_SECONDS,
            detail=f"its folder may not be opened ({listing.error})",
        )
        self._look_again(listing.folder, verdict)
        entry = Entry(
            name=ANY_NAME, size=0, mtime_ns=0, device=0, inode=0, allocated=None,
            is_link=False, is_regular=True, is_placeholder=False,
        )  # fmt: skip
        return [
            self._sighting(listing.folder / ANY_NAME, entry, FilePart(Kind.VIDEO), verdict, None)
        ]

    def _examine_one(self, listing: Listing, entry: Entry, *, media_ready: bool) -> Sighting | None:
        path = listing.folder / entry.name
        now = self._clock.monotonic()
        identity = FileIdentity(entry.size, entry.mtime_ns)
        quiet = self._quiet.get(str(path))
        if quiet is None or quiet.identity != identity:
            quiet = self._quiet[str(path)] = _Quiet(identity, now)
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
            self._quiet.pop(str(path), None)
        self._look_again(listing.folder, examined.verdict)
        return self._sighting(
            path, entry, examined.part, examined.verdict, examined.duration_seconds
        )

    def _folder_sighting(self, listing: Listing, entries: Iterable[Entry]) -> "Iterator[Sighting]":
        """Yield what stands for a meeting that Zoom has not converted yet."""
        found = self._folder.folder_verdict(listing, self._clock.now())
        if found is None:
            return
        name, verdict = found
        for entry in entries:
            if entry.name == name:
                self._look_again(listing.folder, verdict)
                part = FilePart(Kind.VIDEO)
                yield self._sighting(listing.folder / name, entry, part, verdict, None)

    def _sighting(
        self,
        path: Path,
        entry: Entry,
        part: FilePart,
        verdict: Verdict,
        duration: float | None,
    ) -> Sighting:
        meeting = naming.meeting(
            path.relative_to(self._root),
            zone=self._zone,
            ended_before=entry.mtime_ns / 1e9,
            duration=duration,
        )
        return Sighting(
            path=path,
            root=self._root,
            identity=FileIdentity(entry.size, entry.mtime_ns),
            device=entry.device,
            inode=entry.inode,
            kind=part.kind,
            meeting=meeting,
            verdict=verdict,
            part=part.part,
            participant=part.participant,
            duration_seconds=duration,
        )

    def _look_again(self, folder: Path, verdict: Verdict) -> None:
        if verdict.recheck_seconds is not None and verdict.reason is not Reason.READY:
            due = self._clock.monotonic() + verdict.recheck_seconds
            self._due[folder] = min(due, self._due.get(folder, due))


def _with_parent(folder: Path, root: Path) -> list[Path]:
    """Return *folder* and the one above: "Audio Record" and its meeting tell about each other."""
    return [folder] if folder == root else [folder, folder.parent]


def _exists(path: str) -> bool:
    return os.path.lexists(path)
