"""The folder of recordings that were handed in, and the `Origin` of their jobs."""

import contextlib
import hashlib
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path, PurePath
from typing import BinaryIO, Final, NamedTuple

from zoomsync_agent.core import naming
from zoomsync_agent.core.errors import (
    DiskFull,
    HandedInLost,
    NotAllowed,
    SourceMissing,
    SpoolUnusable,
)
from zoomsync_agent.core.facts import UPLOAD
from zoomsync_agent.core.job import CANCELLED_DAYS, JobId, State
from zoomsync_agent.core.os_errors import keeping, reading
from zoomsync_agent.core.readiness import Completeness, Reason, Structure, Verdict
from zoomsync_agent.core.recording import FileIdentity, FilePart, Kind, Meeting, MeetingKey
from zoomsync_agent.core.units import readable_size
from zoomsync_agent.durable import flush_folders, make_durable
from zoomsync_agent.ports import Clock, FileRecord, HandedInStore, Sighting
from zoomsync_agent.sources import media
from zoomsync_agent.sources.inbox import note
from zoomsync_agent.sources.inbox.note import Note
from zoomsync_agent.sources.inbox.room import STRETCH_BYTES, Room

_PIECE_BYTES: Final = 1 << 20
_PRIVATE: Final = 0o700
_FORGOTTEN_SECONDS: Final = 3_600.0
"""What nobody writes any more is removed after so long."""
_KEPT_SECONDS: Final = CANCELLED_DAYS * 86_400.0
_NAME_BYTES: Final = 140
"""Encrypting file systems hold 143 in a name; the meeting's title says all of it."""
_TAKEN: Final = (Completeness.PROVEN, Completeness.UNKNOWN)

_alone = threading.RLock()
"""Held while a file gets its name and its job, or goes: by every `Inbox`, the page has its own."""
_room: Final = Room()


class HandedIn(NamedTuple):
    """A recording that was handed in, and the job that brings it to the archive."""

    seen: Sighting
    job_id: JobId


class Inbox:
    """One folder of recordings that were handed in; also the `Origin` of their jobs. Thread-safe.

    Each content has a folder of its own, named by its hash: the recording, and a note that tells a
    lost queue all about it.

    Args:
        folder: need not exist yet.
        queue: gets the jobs.
        clock: the time.
    """

    name = UPLOAD

    def __init__(self, folder: Path, queue: HandedInStore, clock: Clock) -> None:
        self._folder = folder
        self._queue = queue
        self._clock = clock
        self._taken_again: set[Path] = set()

    # --- handing in ------------------------------------------------------------------------

    def receive(
        self,
        stream: BinaryIO,
        name: str,
        *,
        title: str,
        started_at: float | None,
        size: int | None,
    ) -> HandedIn:
        """Write a recording down and queue it; both are durable when this returns.

        The same content that waits already is not kept twice: its job goes on, whatever became of
        it, and what is said of it now counts.

        Args:
            stream: its bytes.
            name: its name; only the last part counts.
            title: of the meeting; empty takes the file's name.
            started_at: of the meeting, in epoch seconds; None takes now.
            size: how many bytes were announced; None where nobody knows.

        Raises:
            NotAllowed: it is no recording, not whole, or fewer bytes than were announced.
            DiskFull: there is no room for it.
            SpoolUnusable: the folder cannot be written.
            TransientError: it is here and will have its job within minutes, but not just now.
        """
        spoken = naming.one_line(re.split(r"[\\/]", name)[-1]).strip(" .")
        shown = naming.safe_file_name(spoken, _NAME_BYTES)
        if not naming.is_media(shown):
            raise NotAllowed(
                f"“{spoken}” is not the name of a recording; it ends in .mp4, .m4a, .webm, .mp3 or "
                ".wav"
            )
        with self._writing() as partial:
            digest, written = _write(stream, partial, size)
            if size is not None and written != size:
                raise NotAllowed(f"{written:,} of {size:,} bytes arrived; nothing was kept")
            found = _look_into(partial, written, Path(shown).suffix)
            with _alone:
                title, started_at = self._about(digest, spoken, naming.one_line(title), started_at)
                told = Note(
                    name=shown,
                    title=title,
                    started_at=started_at,
                    sha256=digest,
                    size=written,
                    mtime_ns=partial.stat().st_mtime_ns,
                )
                told = self._keep(partial, told)
                seen = self._sighting(told, found.duration_seconds)
                return HandedIn(seen, self._queue.take_in(seen, self._clock.now()))

    def _about(
        self, digest: str, name: str, title: str, started_at: float | None
    ) -> tuple[str, float]:
        """Return title and start of the meeting.

        What nobody says now is as it was said before, or as the name tells it that Zoom gave.
        """
        noted = Note.read(self._folder / digest[: note.HASH_CHARS])
        before = (noted.title, noted.started_at) if noted else self._queue.told_of(digest)
        named = naming.meeting(PurePath(name), zone=UTC)
        found = Path(name).stem if named.started_at is None else named.title
        default, start = before or (found, named.started_at)
        moment = start if started_at is None else started_at
        return title or default, self._clock.now() if moment is None else moment

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Path]:
        """Give a path of its own for one recording, which does not outlive a failure."""
        partial = self._folder / f"{secrets.token_hex(8)}{note.PARTIAL}"
        try:
            with keeping(self._folder):
                self._folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
                yield partial
        finally:
            _room.forget(partial)
            with contextlib.suppress(OSError):
                partial.unlink()

    def _keep(self, partial: Path, told: Note) -> Note:
        """Give a recording its name, durably; return what is noted of it.

        Should the same one lie there, its job knows it by that name and that time.
        """
        folder = self._folder_of(told)
        folder.mkdir(mode=_PRIVATE, exist_ok=True)
        before = Note.read(folder)
        if before is not None:
            told = replace(told, name=before.name, mtime_ns=before.mtime_ns)
        os.utime(partial, ns=(told.mtime_ns, told.mtime_ns))
        told.write(folder)
        path = folder / told.name
        try:
            partial.replace(path)
        except PermissionError:  # Windows, where it is just being sent
            if FileIdentity.of(path.stat()) != told.identity:
                raise
        flush_folders(folder, self._folder.parent)
        return told

    def _folder_of(self, told: Note) -> Path:
        return self._folder / told.sha256[: note.HASH_CHARS]

    def _sighting(self, told: Note, duration: float | None) -> Sighting:
        folder = self._folder_of(told)
        part = naming.file_part(told.name) or FilePart(Kind.VIDEO)
        return Sighting(
            path=folder / told.name,
            root=self._folder,
            identity=told.identity,
            inode=0,  # nobody else can give it another name
            kind=part.kind,
            meeting=Meeting(MeetingKey(f"{UPLOAD}-{folder.name}"), told.title, told.started_at),
            verdict=Verdict(Reason.READY),
            duration_seconds=duration,
            source=UPLOAD,
        )

    # --- the jobs of what lies here --------------------------------------------------------

    def fetch(
        self, file: FileRecord, *, stop: Callable[[], bool], pace: Callable[[int], None]
    ) -> bool:
        """Return whether *file* lies here as it was handed in; False if told to stop.

        A time that was changed, say by a backup that was put back, is put right again where the
        content is what it was.

        Raises:
            HandedInLost: it does not lie here.
            SpoolUnusable: its time cannot be put right.
        """
        del pace  # it is here already
        try:
            with reading(file.path):
                status = file.path.stat()
                if FileIdentity.of(status) == file.identity:
                    return True
                if status.st_size != file.identity.size:
                    raise HandedInLost(f"{file.path} has another size")
                digest = _hash(file.path, stop)
        except SourceMissing as exc:
            raise HandedInLost(f"{file.path} was moved or deleted") from exc
        if digest is None:
            return False
        told = Note.read(file.path.parent)
        if not digest.startswith(told.sha256 if told else file.path.parent.name):
            raise HandedInLost(f"{file.path} holds something else")
        with keeping(self._folder):
            os.utime(file.path, ns=(file.identity.mtime_ns, file.identity.mtime_ns))
            if FileIdentity.of(file.path.stat()) != file.identity:
                raise SpoolUnusable(f"{self._folder} does not keep the times of files exactly")
        return True

    def release(self, file: FileRecord) -> None:
        """Remove *file*, which is safe."""
        with _alone:
            self._let_go(file.path)

    def _let_go(self, path: Path) -> None:
        # First: that it is safe must not be what a power cut undoes, once it is gone.
        self._queue.gone(path)
        if path.parent.parent == self._folder:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
                (path.parent / note.NAME).unlink(missing_ok=True)
                path.parent.rmdir()

    # --- looking through -------------------------------------------------------------------

    def look(self) -> None:
        """Let everything that lies here have its job, and remove what nobody wants.

        A queue can be lost, a power cut can undo what it was told last, and it may have been too
        busy to be told at all. What is safe already is found to be so by its job.

        Raises:
            AgentError: the queue cannot be used; another time it can.
        """
        with contextlib.suppress(OSError):
            for one in sorted(self._folder.iterdir()):
                with _alone, contextlib.suppress(OSError):
                    if one.suffix == note.PARTIAL:
                        self._clean(one)
                    elif one.is_dir():
                        self._see_to(one)

    def _clean(self, partial: Path) -> None:
        age = self._clock.now() - partial.stat().st_mtime
        if age > _FORGOTTEN_SECONDS and not _room.is_promised(partial):
            partial.unlink()

    def _see_to(self, folder: Path) -> None:
        told = Note.read(folder) or Note.guess(folder)
        if told is None:
            folder.rmdir()
            return
        path = folder / told.name
        standing = self._queue.standing_of(path)
        state = standing.state if standing else None
        if not os.path.lexists(path):
            if state in (None, State.DONE, State.CANCELLED):
                self._let_go(path)  # only its note is left
        elif state is None or (state is State.DONE and path not in self._taken_again):
            self._taken_again.add(path)  # once: it may be a file that cannot be removed
            self._queue.take_in(self._sighting(told, _duration_of(path)), self._clock.now())
        elif (
            standing is not None
            and state is State.CANCELLED
            and self._clock.now() - standing.since > _KEPT_SECONDS
        ):
            self._let_go(path)


def _write(stream: BinaryIO, partial: Path, size: int | None) -> tuple[str, int]:
    """Write all of *stream* down; return the SHA-256 and how many bytes there were."""
    digest, written, durable = hashlib.sha256(), 0, 0
    room = _room.measure(partial, size)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(partial, flags, 0o600), "wb", buffering=0) as to:
        while piece := _read(stream):
            written += len(piece)
            if written - durable > room:
                raise DiskFull(f"only {readable_size(room)} more can be taken")
            digest.update(piece)
            view = memoryview(piece)
            while view:
                view = view[to.write(view) :]
            if written - durable >= STRETCH_BYTES:
                make_durable(to.fileno())
                durable = written
                room = _room.measure(partial, None if size is None else max(0, size - written))
        make_durable(to.fileno())
    return digest.hexdigest(), written


def _read(stream: BinaryIO) -> bytes:
    """Return the next piece.

    Raises:
        NotAllowed: whoever sends has gone.
    """
    try:
        return stream.read(_PIECE_BYTES)
    except OSError as exc:
        raise NotAllowed(
            "the connection broke before all of it was here; nothing was kept"
        ) from exc


def _look_into(path: Path, size: int, suffix: str) -> Structure:
    with path.open("rb") as file:
        found = media.probe(file, size, suffix)
    if found.completeness not in _TAKEN:
        raise NotAllowed(f"this is no whole recording: {found.detail}")
    return found


def _duration_of(path: Path) -> float | None:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return media.probe(file, path.stat().st_size, path.suffix).duration_seconds
    return None


def _hash(path: Path, stop: Callable[[], bool]) -> str | None:
    """Return the SHA-256 of a file; None if told to stop."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            if stop():
                return None
    return digest.hexdigest()
