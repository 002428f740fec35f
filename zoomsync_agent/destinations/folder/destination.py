"""A plain folder as the archive: the destination that needs no account.

A file is written under a hidden temporary name, flushed, read back from the disk, compared by
SHA-256, and only then given its name, which never replaces another file. Beside each file lies a
small JSON file that says what it is, so the archive explains itself without the agent.
"""

import contextlib
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

from zoomsync_agent.core.errors import (
    CopyUnreadable,
    DestinationFull,
    DestinationUnavailable,
    KeyTaken,
    NameRefused,
    SourceChanged,
    VerificationFailed,
)
from zoomsync_agent.core.naming import KeyStyle
from zoomsync_agent.core.os_errors import destination_error, reading, writing
from zoomsync_agent.core.recording import (
    Archived,
    ObjectKey,
    Outgoing,
    Progress,
    Receipt,
)
from zoomsync_agent.core.units import readable_size
from zoomsync_agent.destinations.folder import describing
from zoomsync_agent.destinations.folder.copying import Copier
from zoomsync_agent.destinations.folder.partial import (
    adopt_traits,
    make_folder,
    name_without_replacing,
    opened_alone,
)
from zoomsync_agent.destinations.folder.places import path_in, paths_of, size_of
from zoomsync_agent.destinations.source_file import expect_unchanged
from zoomsync_agent.durable import flush_folders, make_durable

MARKER: Final = ".zoomsync-archive"
"""Lies in the root of every archive; tells a mounted drive from its empty mount point."""
CHUNK_BYTES: Final = 64 << 20
"""So much is made durable and reported at a time; a crash repeats at most this."""
_PACED_BYTES: Final = 1 << 18
_SMALLEST_STEP: Final = 1 << 12
_READ_BYTES: Final = 1 << 20
_RESERVE_BYTES: Final = 16 << 20
"""Left free, so that the archive's disk is never filled to the last byte."""


class FolderDestination:
    """`Destination` in a folder.

    Args:
        root: the archive folder; made when it is first used.
        is_known: whether this root has been used before; then a root without its marker is taken
            for a drive that is not connected, and nothing is written to its mount point.
        on_first_use: called once the root is an archive, so that it is known from then on.
        bytes_per_second: the bandwidth limit, 0 for none; under one, bytes move in small pieces
            and about a quarter of a second's worth is made durable at a time.
        chunk_bytes: how much is made durable at a time.
    """

    name = "folder"
    key_style = KeyStyle.READABLE

    def __init__(
        self,
        root: Path,
        *,
        is_known: bool = False,
        on_first_use: Callable[[], None] = lambda: None,
        bytes_per_second: int = 0,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self._root = root
        self._is_known = is_known
        self._descriptions = describing.Descriptions()
        self._on_first_use = on_first_use
        self._is_limited = bytes_per_second > 0
        self._chunk_bytes = chunk_bytes
        self._step_bytes = chunk_bytes
        if self._is_limited:
            self._chunk_bytes = min(chunk_bytes, max(bytes_per_second // 4, _SMALLEST_STEP))
            self._step_bytes = min(_PACED_BYTES, max(bytes_per_second // 8, _SMALLEST_STEP))

    def send(
        self,
        outgoing: Outgoing,
        *,
        resume_from: Progress | None,
        report: Callable[[Progress], None],
        stop: Callable[[], bool],
        pace: Callable[[int], None],
    ) -> Receipt | None:
        """Copy one file into the archive and prove that it is there; see the port."""
        self._prepare()
        target = self._path(outgoing.key)
        with reading(outgoing.path), outgoing.path.open("rb", buffering=0) as source:
            expect_unchanged(source, outgoing)
            with writing(self._root):
                partial = target.parent / f".{outgoing.sha256[:32]}.partial"
                if target.exists():
                    if not self._prove_existing(target, outgoing, stop):
                        return None
                    # Left by a crash between giving the copy its name and taking the other away.
                    partial.unlink(missing_ok=True)
                    flush_folders(target.parent, self._root)
                    return self._receipt(outgoing)
                make_folder(target.parent, self._root)
                self._expect_room(outgoing.size - (size_of(partial) or 0))
                mode = os.fstat(source.fileno()).st_mode & 0o666
                try:
                    with opened_alone(partial) as copy:
                        begin = self._resume_offset(copy, partial, resume_from)
                        if not self._copy(
                            source, copy, outgoing, begin, partial, report, stop, pace
                        ):
                            return None
                        make_durable(copy.fileno())
                        expect_unchanged(source, outgoing)
                        if not self._verify(copy, outgoing, stop):
                            report(Progress(outgoing.size, partial.name))
                            return None
                        adopt_traits(copy, partial, mode, outgoing.mtime_ns)
                        if sys.platform != "win32":  # still alone: nobody else writes to it
                            self._name(partial, target, outgoing)
                    if sys.platform == "win32":  # a file that is open cannot be renamed there
                        self._name(partial, target, outgoing)
                except (SourceChanged, VerificationFailed):
                    partial.unlink(missing_ok=True)  # no later try will continue it
                    raise
                flush_folders(target.parent, self._root)
        return self._receipt(outgoing)

    def check(self, receipt: Receipt) -> Receipt | None:
        """Return the receipt with the file's address of now, or None if the file is gone.

        A file that was kept while the archive lay elsewhere still counts there; where that place
        cannot be looked at, it is believed.
        """
        self._prepare()
        with writing(self._root):
            here, *earlier = paths_of(self._root, receipt)
            if size_of(here) == receipt.size:
                return replace(receipt, url=self._url(receipt.key))
            for elsewhere in earlier:
                other_root = elsewhere.parents[len(PurePosixPath(receipt.key).parts) - 1]
                if not (other_root / MARKER).exists() or size_of(elsewhere) == receipt.size:
                    return receipt
            return None

    def check_all(self, receipts: Sequence[Receipt]) -> Iterator[Receipt | None]:
        """Yield what `check` returns for each of *receipts*; asking a disk costs little."""
        return (self.check(receipt) for receipt in receipts)

    def is_here(self, receipt: Receipt) -> bool:
        """Return whether the file has just been seen, in this archive or in that of its time.

        Raises:
            CopyUnreadable: that cannot be told of this file; the archive itself is there.
        """
        self._prepare()
        try:
            return any(size_of(one) == receipt.size for one in paths_of(self._root, receipt))
        except OSError as exc:
            self._prepare()  # perhaps all of it has just gone away
            raise CopyUnreadable(f"{receipt.key}: {exc.strerror or exc}") from exc

    def local_path(self, receipt: Receipt) -> Path | None:
        """Return the file, in this archive or in that of its time."""
        paths = paths_of(self._root, receipt)
        with contextlib.suppress(OSError):
            return next((one for one in paths if size_of(one) == receipt.size), paths[0])
        return paths[0]

    def link(self, key: ObjectKey, seconds: int) -> str:  # noqa: ARG002  files have no end
        """Return the file's address, which opens at any time for whoever may read the folder."""
        return self._url(key)

    def describe(self, key: ObjectKey, described: Mapping[str, Any]) -> None:
        """Write the row beside the file; an older row never replaces a newer one."""
        with writing(self._root):
            self._descriptions.write(self._path(key), described)

    def inventory(self) -> Iterator[Archived]:
        """Yield every file of the archive; its hash is read from beside it, else computed."""
        with writing(self._root):
            if not (self._root / MARKER).exists():
                if self._is_known:
                    raise self._is_away()
                return  # not an archive (yet): what lies there is somebody else's
        for folder, subfolders, names in os.walk(self._root, onerror=self._not_listed):
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            for name in sorted(names):
                path = Path(folder, name)
                if name.startswith(".") or (path.suffix == ".json" and name[:-5] in names):
                    continue
                archived = self._archived(path)
                if archived is not None:
                    yield archived

    def _not_listed(self, exc: OSError) -> None:
        """Give up a listing that has holes; what is closed to us will stay closed."""
        if not isinstance(exc, PermissionError | FileNotFoundError):
            raise destination_error(exc, self._root) from exc

    def abandon(self, key: ObjectKey, progress: Progress) -> None:
        """Delete the half-written copy."""
        self._prepare()
        partial = self._path(key).parent / PurePosixPath(progress.resume_token).name
        if partial.suffix == ".partial":
            with writing(self._root):
                partial.unlink(missing_ok=True)

    # --- the root --------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Make the root an archive, or make sure that it is the one it was."""
        marker = self._root / MARKER
        with writing(self._root):
            if marker.exists():
                self._become_known()
                return
            if self._is_known:
                raise self._is_away()
            if self._root.exists() and not self._root.is_dir():
                raise NameRefused(f"{self._root} is a file, not a folder")
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            marker.touch()
            flush_folders(self._root, self._root.parent)
            self._become_known()

    def _is_away(self) -> DestinationUnavailable:
        return DestinationUnavailable(
            f"{self._root} is not the archive it was: is its drive connected? (To start a "
            f"new archive there, create an empty file named {MARKER} in it.)"
        )

    def _become_known(self) -> None:
        if not self._is_known:
            self._on_first_use()
        self._is_known = True

    def _path(self, key: ObjectKey) -> Path:
        return path_in(self._root, key)

    def _expect_room(self, missing: int) -> None:
        free = shutil.disk_usage(self._root).free
        if missing + _RESERVE_BYTES > free:
            raise DestinationFull(
                f"{self._root} has {readable_size(free)} free; "
                f"{readable_size(missing)} are needed, "
                f"and {readable_size(_RESERVE_BYTES)} are kept free"
            )

    # --- the copy --------------------------------------------------------------------------

    @staticmethod
    def _resume_offset(copy: BinaryIO, partial: Path, resume_from: Progress | None) -> int:
        """Cut the half-written copy to what is known to be durable, and return its length."""
        begin = 0
        if resume_from is not None and PurePosixPath(resume_from.resume_token).name == partial.name:
            begin = resume_from.offset
        if os.fstat(copy.fileno()).st_size < begin:
            begin = 0
        copy.truncate(begin)
        return begin

    def _copy(
        self,
        source: BinaryIO,
        copy: BinaryIO,
        outgoing: Outgoing,
        begin: int,
        partial: Path,
        report: Callable[[Progress], None],
        stop: Callable[[], bool],
        pace: Callable[[int], None],
    ) -> bool:
        """Copy from *begin* to the end; return False when told to stop."""
        copier = Copier(source, copy)
        offset = begin
        if begin == 0 and not self._is_limited and copier.clone():
            offset = outgoing.size
        step = self._step_bytes
        durable = offset
        while offset < outgoing.size:
            if stop():
                break
            count = min(step, outgoing.size - offset)
            pace(count)
            moved = _move(copier, source, outgoing, offset, count)
            if moved == 0:
                raise SourceChanged(f"{outgoing.path} became shorter")
            offset += moved
            if offset - durable >= self._chunk_bytes:
                make_durable(copy.fileno())
                expect_unchanged(source, outgoing)
                durable = offset
                report(Progress(durable, partial.name))
        if offset < outgoing.size:
            make_durable(copy.fileno())
            report(Progress(offset, partial.name))
            return False
        return True

    @staticmethod
    def _verify(copy: BinaryIO, outgoing: Outgoing, stop: Callable[[], bool]) -> bool:
        """Read the copy back and compare it; return False when told to stop."""
        if sys.platform == "linux":
            # Ask for the bytes on the disk, not for those still in memory.
            with contextlib.suppress(OSError):
                os.posix_fadvise(copy.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        sha256 = _sha256(copy, stop)
        if sha256 not in (None, outgoing.sha256):
            raise VerificationFailed(
                f"{outgoing.key}: SHA-256 of the copy is not {outgoing.sha256}"
            )
        return sha256 is not None

    def _name(self, partial: Path, target: Path, outgoing: Outgoing) -> None:
        """Give the copy its name, unless another agent was faster with the same content."""
        try:
            name_without_replacing(partial, target)
        except KeyTaken:
            self._prove_existing(target, outgoing, _never)
            partial.unlink(missing_ok=True)

    @staticmethod
    def _prove_existing(target: Path, outgoing: Outgoing, stop: Callable[[], bool]) -> bool:
        """Accept a file under the key only if it is the same content, and make sure that it stays.

        Whoever gave it its name may have died before it was durable. Returns False when told to
        stop.
        """
        if not target.is_file() or target.stat().st_size != outgoing.size:
            raise KeyTaken(str(target))
        with target.open("rb", buffering=0) as file:
            sha256 = _sha256(file, stop)
            if sha256 is None:
                return False
            if sha256 != outgoing.sha256:
                raise KeyTaken(str(target))
            if sys.platform != "win32":  # there a file that is only read cannot be flushed
                make_durable(file.fileno())
        return True

    def _receipt(self, outgoing: Outgoing) -> Receipt:
        return Receipt(
            destination=self.name,
            key=outgoing.key,
            size=outgoing.size,
            sha256=outgoing.sha256,
            url=self._url(outgoing.key),
            verified_at=time.time(),
        )

    def _url(self, key: ObjectKey) -> str:
        return self._root.joinpath(*PurePosixPath(key).parts).as_uri()

    def _archived(self, path: Path) -> Archived | None:
        described = describing.read(path)
        try:
            stat = path.stat()
            sha256 = str(described.get("sha256", ""))
            if described.get("file_size") != stat.st_size or len(sha256) != 64:  # noqa: PLR2004
                described = {}
                with path.open("rb", buffering=0) as file:
                    sha256 = _sha256(file, _never) or ""
        except OSError:
            return None  # unreadable: its recording is simply not known to be there
        key = ObjectKey(path.relative_to(self._root).as_posix())
        return Archived(
            Receipt(self.name, key, stat.st_size, sha256, path.as_uri(), stat.st_mtime), described
        )


def _move(copier: Copier, source: BinaryIO, outgoing: Outgoing, offset: int, count: int) -> int:
    try:
        return copier.move(offset, count)
    except OSError:
        # The error does not say which side it was: read once more, which blames the source.
        with reading(outgoing.path):
            source.seek(offset)
            while count > 0 and source.read(min(count, _READ_BYTES)):
                count -= _READ_BYTES
        raise


def _sha256(file: BinaryIO, stop: Callable[[], bool]) -> str | None:
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_READ_BYTES))
    file.seek(0)
    while count := file.readinto(buffer):  # type: ignore[attr-defined]
        digest.update(buffer[:count])
        if stop():
            return None
    return digest.hexdigest()


def _never() -> bool:
    return False
