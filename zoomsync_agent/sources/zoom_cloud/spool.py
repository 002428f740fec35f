"""The spool: downloads that are not uploaded yet. Bounded, private, and cleaned.

A file is written beside its name as `.part` and gets its name only when all of it is there. What
has been written is made durable piece by piece, and only that is counted on after a crash or a
power cut: Zoom tells no hash by which a damaged middle would be noticed.
"""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from zoomsync_agent.core import naming
from zoomsync_agent.core.errors import (
    DiskFull,
    SourceBusy,
    SpoolFull,
    SpoolUnusable,
)
from zoomsync_agent.core.os_errors import keeping
from zoomsync_agent.core.recording import FileIdentity, partial_of
from zoomsync_agent.core.units import readable_size

DURABLE_BYTES: Final = 32 << 20
"""So much is written before it is made durable."""
_RESERVE_BYTES: Final = 1 << 30
"""So much room is left to everybody else."""
_FORGOTTEN_SECONDS: Final = 3_600.0
"""A download that was begun and is wanted by nobody is kept for so long: it may be tried again."""
_PRIVATE: Final = 0o700
_NOTE: Final = ".etag"
"""Ends the name of what is noted of a half-finished download: which version it is of."""


class Spool:
    """One folder of downloads. Thread-safe, as far as each file is one thread's.

    Args:
        folder: need not exist yet.
        most: how many bytes may wait in it; a single file may be larger.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._guard = threading.Lock()
        self._promised: dict[Path, int] = {}

    def root_of(self, account: str) -> Path:
        """Return the folder of one account's downloads."""
        return self._folder / naming.short_hash(account)

    def holds(self, path: Path, identity: FileIdentity) -> bool:
        """Return whether a download is there, whole."""
        try:
            return FileIdentity.of(path.stat()) == identity
        except OSError:
            return False

    @contextlib.contextmanager
    def room_for(self, path: Path, size: int) -> Iterator[None]:
        """Keep room for a download of *size* bytes while it is under way.

        Raises:
            SourceBusy: somebody else is downloading it.
            SpoolFull: as much waits here as may.
            DiskFull: the disk has no room.
            SpoolUnusable: the folder cannot be written.
        """
        with self._guard:
            if partial_of(path) in self._promised:
                raise SourceBusy(f"{path.name} is being downloaded already")
            root = self._folder / path.relative_to(self._folder).parts[0]
            held = {
                one: stat.st_size
                for one, stat in self._files()
                if one.is_relative_to(root) and not one.name.endswith(_NOTE)
            }
            held |= self._promised
            for own in (path, partial_of(path)):
                held.pop(own, None)
            there = _size_of(partial_of(path))
            used = sum(held.values())
            if used and used + size > self._most:
                raise SpoolFull(f"{readable_size(used)} wait in {self._folder}")
            promised = sum(self._promised.values()) - sum(_size_of(one) for one in self._promised)
            with keeping(self._folder):
                _make_private(self._folder)
                free = shutil.disk_usage(self._folder).free
            if free - promised < size - there + _RESERVE_BYTES:
                raise DiskFull(
                    f"{readable_size(size)} are to be downloaded to {self._folder}, where "
                    f"{readable_size(free)} are free, and {readable_size(_RESERVE_BYTES)} are left "
                    "to others"
                )
            with keeping(self._folder):
                _make_private(path.parent)
            self._promised[partial_of(path)] = size
        try:
            yield
        finally:
            with self._guard:
                self._promised.pop(partial_of(path), None)

    @contextlib.contextmanager
    def writing(self, path: Path) -> Iterator["Part"]:
        """Give the half-finished download of *path*, which goes on where it is durable.

        It gets its name at the end of the context, if it was finished.

        Raises:
            SpoolUnusable: the folder cannot be written, or does not keep times exactly.
            DiskFull: the disk has no room.
        """
        part = partial_of(path)
        with keeping(self._folder):
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            file = os.fdopen(os.open(part, flags, 0o600), "rb+", buffering=0)
            with file:
                found = Part(file, path)
                try:
                    yield found
                finally:
                    # Closed first: Windows neither renames an open file nor leaves its time alone.
                    file.close()
                    if found.identity is not None:
                        _name(path, found.identity)

    def release(self, path: Path) -> None:
        """Remove a download, whole or not, and the folders that were for it alone."""
        for one in (path, partial_of(path), _note_of(path)):
            with contextlib.suppress(OSError):
                one.unlink()
        # Alone: another download may just be making its folder there.
        with self._guard:
            for folder in path.parents:
                if folder in (self._folder, *self._folder.parents):
                    return
                try:
                    folder.rmdir()
                except OSError:  # something else lies in it
                    return

    def clean(self, wanted: Collection[Path]) -> None:
        """Remove what is none of *wanted*; what has just been begun stays."""
        with self._guard:
            promised = {one.with_name(one.name.removesuffix(".part")) for one in self._promised}
        held = {*wanted, *promised}
        kept = {*held, *map(partial_of, held), *map(_note_of, held)}
        now = time.time()
        for path, stat in self._files():
            if path in kept:
                continue
            is_young = now - stat.st_mtime < _FORGOTTEN_SECONDS
            if path.suffix in (".part", _NOTE):
                if not is_young:
                    self.release(path.with_suffix(""))
            else:
                self.release(path)

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = Path(folder, name)
                with contextlib.suppress(OSError):  # it went meanwhile
                    yield path, path.stat()


class Part:
    """A half-finished download. Not thread-safe.

    Args:
        file: where it is written.
        path: the name that it gets.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.identity: FileIdentity | None = None
        size = os.fstat(file.fileno()).st_size
        # Beyond the last flush a power cut may have left anything.
        self.offset = size - size % DURABLE_BYTES
        self._durable = self.offset
        file.truncate(self.offset)
        file.seek(self.offset)

    def begin_at(self, offset: int) -> None:
        """Go on at *offset*, which is 0 or where it is."""
        if offset != self.offset:
            self._file.truncate(offset)
            self._file.seek(offset)
            self.offset = self._durable = offset

    def write(self, piece: bytes) -> None:
        """Add *piece*; each full stretch is made durable before anything is written behind it."""
        view = memoryview(piece)
        while view:
            count = self._file.write(view[: self._durable + DURABLE_BYTES - self.offset])
            self.offset += count
            view = view[count:]
            if self.offset - self._durable == DURABLE_BYTES:
                os.fsync(self._file.fileno())
                self._durable = self.offset

    def head(self, count: int) -> bytes:
        """Return the first *count* bytes."""
        self._file.seek(0)
        found = self._file.read(count)
        self._file.seek(self.offset)
        return found

    @property
    def version(self) -> str:
        """Which version of the file this is of, as Zoom's store calls it; empty: not known."""
        try:
            return _note_of(self._path).read_text("utf-8")
        except (OSError, ValueError):
            return ""

    def note(self, version: str) -> None:
        """Take note of the version, before anything of it is written."""
        with keeping(self._path.parent):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(
                os.open(_note_of(self._path), flags, 0o600), "w", encoding="utf-8"
            ) as to:
                to.write(version)

    @property
    def file(self) -> BinaryIO:
        """The file, to look into."""
        return self._file

    def finish(self, identity: FileIdentity) -> None:
        """Make all of it durable, and let it have its name and its time at the end."""
        os.fsync(self._file.fileno())
        self.identity = identity


def _name(path: Path, identity: FileIdentity) -> None:
    """Give a whole download its time and its name."""
    part = partial_of(path)
    os.utime(part, ns=(identity.mtime_ns, identity.mtime_ns))
    if FileIdentity.of(part.stat()) != identity:
        raise SpoolUnusable(f"{path.parent} does not keep the times of files exactly")
    part.replace(path)
    with contextlib.suppress(OSError):
        _note_of(path).unlink()


def _note_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{_NOTE}")


def _make_private(folder: Path) -> None:
    """Make a folder, and those that are missing above it, for the user's eyes alone."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=_PRIVATE, exist_ok=True)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
