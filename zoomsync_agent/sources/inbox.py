"""The inbox: recordings that were handed in over the page or the API, on their way to the archive.

What is handed in is a copy of something that somebody has elsewhere, so it is kept only until it is
safe. Until then it is the only one that is known here, and is treated as an original.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from zoomsync_agent.core import naming
from zoomsync_agent.core.errors import DiskFull, NotAllowed, RecordingDeleted
from zoomsync_agent.core.facts import UPLOAD
from zoomsync_agent.core.os_errors import keeping
from zoomsync_agent.core.readiness import Completeness, Reason, Structure, Verdict
from zoomsync_agent.core.recording import FileIdentity, Meeting, MeetingKey
from zoomsync_agent.core.units import readable_size
from zoomsync_agent.ports import FileRecord, Sighting
from zoomsync_agent.sources import media

_PIECE_BYTES: Final = 1 << 20
_DURABLE_BYTES: Final = 32 << 20
_RESERVE_BYTES: Final = 1 << 30
"""So much room is left to everybody else."""
_PRIVATE: Final = 0o700
_PARTIAL: Final = ".partial"
_FORGOTTEN_SECONDS: Final = 24 * 3_600.0
_NAME_CHARS: Final = 100
_HASH_CHARS: Final = 20
_UNSAFE: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
_TAKEN: Final = (Completeness.PROVEN, Completeness.UNKNOWN)


class Inbox:
    """One folder of recordings that were handed in; also the `Origin` of their jobs. Thread-safe.

    Args:
        folder: need not exist yet.
        on_gone: told the path of a recording that is no longer there.
    """

    name = UPLOAD

    def __init__(
        self, folder: Path, *, on_gone: Callable[[str], object] = lambda _path: None
    ) -> None:
        self._folder = folder
        self._on_gone = on_gone

    def receive(
        self,
        stream: BinaryIO,
        name: str,
        *,
        title: str,
        started_at: float | None,
        size: int | None,
    ) -> Sighting:
        """Write a recording down, durably, and look into it; return what the queue is to be told.

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
        """
        shown = _safe_name(name)
        part = naming.file_part(shown)
        if part is None or not part.kind.is_media:
            raise NotAllowed(
                f"“{shown}” is not the name of a recording; it ends in .mp4, .m4a, .webm, .mp3 or "
                ".wav"
            )
        with self._writing() as partial:
            digest, written = self._write(stream, partial, size)
            if size is not None and written != size:
                raise NotAllowed(f"{written:,} of {size:,} bytes arrived; nothing was kept")
            found = _look_into(partial, written, Path(shown).suffix)
            path = self._folder / digest[:_HASH_CHARS] / shown
            path.parent.mkdir(mode=_PRIVATE, exist_ok=True)
            if not path.exists():  # else the same content lies there and waits already
                partial.replace(path)
        _flush_folder(path.parent)
        begun = time.time() if started_at is None else started_at
        status = path.stat()
        return Sighting(
            path=path,
            root=self._folder,
            identity=FileIdentity.of(status),
            inode=0,  # nobody else can give it another name
            kind=part.kind,
            meeting=Meeting(
                MeetingKey(f"{UPLOAD}-{digest[:_HASH_CHARS]}"),
                naming.one_line(title) or Path(shown).stem,
                begun,
            ),
            verdict=Verdict(Reason.READY),
            duration_seconds=found.duration_seconds,
            source=UPLOAD,
        )

    def fetch(
        self, file: FileRecord, *, stop: Callable[[], bool], pace: Callable[[int], None]
    ) -> bool:
        """Return whether *file* lies here still, as it was handed in.

        Raises:
            RecordingDeleted: it does not.
        """
        del stop, pace  # it is here already
        with contextlib.suppress(OSError):
            if FileIdentity.of(file.path.stat()) == file.identity:
                return True
        raise RecordingDeleted("what was handed in is no longer in the inbox")

    def release(self, file: FileRecord) -> None:
        """Remove *file*: it is safe, or nobody wants it any more."""
        with contextlib.suppress(OSError):
            file.path.unlink()
        with contextlib.suppress(OSError):
            file.path.parent.rmdir()
        self._on_gone(os.fspath(file.path))

    def clean(self) -> None:
        """Remove what was begun to be handed in and never came to its end."""
        with contextlib.suppress(OSError):
            for one in self._folder.glob(f"*{_PARTIAL}"):
                if time.time() - one.stat().st_mtime > _FORGOTTEN_SECONDS:
                    one.unlink()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Path]:
        """Give a path of its own for one recording, which does not outlive a failure."""
        partial = self._folder / f"{secrets.token_hex(8)}{_PARTIAL}"
        try:
            with keeping(self._folder):
                self._folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
                yield partial
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()

    def _write(self, stream: BinaryIO, partial: Path, size: int | None) -> tuple[str, int]:
        """Write all of *stream* down; return the SHA-256 and how many bytes there were."""
        free = shutil.disk_usage(self._folder).free - _RESERVE_BYTES
        if size is not None and size > free:
            raise DiskFull(
                f"{readable_size(size)} were announced; {readable_size(max(0, free))} can be taken "
                f"in {self._folder}"
            )
        digest, written, durable = hashlib.sha256(), 0, 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(partial, flags, 0o600), "wb", buffering=0) as to:
            while piece := _read(stream):
                written += len(piece)
                if written > free:
                    raise DiskFull(f"only {readable_size(max(0, free))} can be taken")
                digest.update(piece)
                view = memoryview(piece)
                while view:
                    view = view[to.write(view) :]
                if written - durable >= _DURABLE_BYTES:
                    os.fsync(to.fileno())
                    durable = written
            os.fsync(to.fileno())
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


def _safe_name(name: str) -> str:
    """Return the last part of *name*, as a name that every system can hold."""
    last = re.split(r"[\\/]", name)[-1]
    plain = naming.one_line(_UNSAFE.sub("_", last)).strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    return f"{stem[:_NAME_CHARS].strip(' .')}{dot}{suffix[:8]}" if dot else plain[:_NAME_CHARS]


def _flush_folder(folder: Path) -> None:
    """Make a new name durable; Windows needs and knows no such thing."""
    if os.name != "nt":
        with contextlib.suppress(OSError):
            fd = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
