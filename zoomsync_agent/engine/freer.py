"""Frees room on this computer: originals that are safe elsewhere go to this computer's own trash.

An original is moved against proof of this very moment alone: its bytes have just been read and have
the hash of its receipt, every destination has just been asked and has the whole object, and where
the archive is a folder the copy there has been read, too. It is noted before it is done. Nothing is
ever deleted, and what its user takes back from the trash is left alone.
"""

import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from zoomsync_agent.core.errors import (
    AgentError,
    CopyUnreadable,
    SourceMissing,
    StoreDamaged,
    TrashUnavailable,
)
from zoomsync_agent.core.freeing import DAY_SECONDS, Kept, Original, Plan, Stays, is_junk
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.recording import FileIdentity, Receipt
from zoomsync_agent.engine.originals import (
    Claims,
    FileStays,
    Stamp,
    ToldToStop,
    expect_due,
    expect_unclaimed,
    is_one_file,
    nobody_claims,
    sha256_of,
)
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import (
    Clock,
    Destination,
    FileRecord,
    FreedStore,
    Keepsake,
    LocalTrash,
    ObjectStore,
)


class Freer:
    """Plans what may be freed, and frees it.

    Args:
        freed: remembers what was moved.
        objects: the receipts.
        destinations: all those that must have a recording, by name.
        trash: moves files.
        root: the recordings folder; nothing outside of it is touched.
        clock: the time.
        log: where events go.
        others: gives, for one look through the folder, what other profiles still need.
        is_open: tells whether another program is writing a file; None where nobody knows.
        is_in_cloud: tells whether reading a file would download it.
        is_far: tells whether a file lies on a network.
        take: returns when so many bytes may come over the network, or when told to stop.
    """

    def __init__(
        self,
        freed: FreedStore,
        objects: ObjectStore,
        destinations: Mapping[str, Destination],
        trash: LocalTrash,
        *,
        root: Path,
        clock: Clock,
        log: Log,
        others: Callable[[], AbstractContextManager[Claims]] = nobody_claims,
        is_open: Callable[[Path], bool | None] = lambda _path: None,
        is_in_cloud: Callable[[os.stat_result], bool] = lambda _found: False,
        is_far: Callable[[Path], bool] = lambda _path: False,
        take: Callable[[int, Callable[[], bool]], object] = lambda _count, _stop: None,
    ) -> None:
        self._freed = freed
        self._objects = objects
        self._destinations = destinations
        self._trash = trash
        self._root = root
        self._clock = clock
        self._log = log
        self._others = others
        self._is_open = is_open
        self._is_in_cloud = is_in_cloud
        self._is_far = is_far
        self._take = take

    @property
    def gates(self) -> frozenset[str]:
        """What the work of freeing needs: names as surroundings hold them."""
        return frozenset(self._destinations)

    def expect_trash(self) -> None:
        """Go on only where there is a trash into which anything can be moved.

        Raises:
            TrashUnavailable: this computer has none.
        """
        if self._trash.refusal:
            raise TrashUnavailable(self._trash.refusal)

    def plan(self, days: float) -> Plan:
        """Return what would be moved, as far as it can be told without reading any recording.

        Every destination is asked for all files at once.

        Args:
            days: how many days ago a recording must have been made.
        """
        kept: list[Kept] = []
        due: list[FileRecord] = []
        with self._others() as claims:
            for one in self._freed.originals(tuple(self._destinations), self._clock.now()):
                try:
                    self._expect_due(one, days, is_asked=True)
                    self._expect_same(one.file)
                    expect_unclaimed(one.file, claims)
                except FileStays as exc:
                    kept.append(Kept(_original(one.file), exc.why, exc.detail))
                else:
                    due.append(one.file)
        moved, problem = due, ""
        for name, destination in self._destinations.items():
            try:
                moved = list(self._held(name, destination, moved, kept))
            except StoreDamaged:
                raise
            except AgentError as exc:
                moved, problem = [], Problem.of(exc).sentence
        return Plan(tuple(map(_original, moved)), tuple(kept), problem)

    def _held(
        self, name: str, destination: Destination, files: Sequence[FileRecord], kept: list[Kept]
    ) -> Iterator[FileRecord]:
        """Yield the files that a destination has, asked for all of them at once.

        A folder is looked into at no cost; whatever else there is, is for each file before it goes.

        Raises:
            AgentError: it cannot be asked.
        """
        told: list[tuple[FileRecord, Receipt]] = []
        for file in files:
            receipt = self._receipt(name, file)
            try:
                if receipt is None:
                    raise FileStays(Stays.LOST)  # noqa: TRY301  told like all others
                if destination.local_path(receipt) is None:
                    told.append((file, receipt))
                    continue
                self._expect_held_by(destination, receipt, self._stamp(file))
            except FileStays as exc:
                kept.append(Kept(_original(file), exc.why, exc.detail))
            else:
                yield file
        answers = destination.check_all([receipt for _, receipt in told])
        for (file, _), now in zip(told, answers, strict=True):
            if now is None:
                kept.append(Kept(_original(file), Stays.LOST))
            else:
                yield file

    def free(
        self,
        days: float,
        *,
        is_asked: bool = False,
        agreed: Collection[Original] | None = None,
        stop: Callable[[], bool] = lambda: False,
        spared: Callable[[Keepsake], bool] = lambda _one: False,
        told: Callable[[Original], object] = lambda _original: None,
    ) -> Plan:
        """Move to the trash what may be moved, the oldest first.

        Args:
            days: how many days ago a recording must have been made.
            is_asked: somebody asks for it at this moment. Of itself nothing is moved that was
                found more recently, however old it is.
            agreed: what somebody was shown and agreed to; nothing else is moved. None for all.
            stop: asked between pieces; true ends the work.
            spared: tells of files that are not looked at this time.
            told: told of each file that was moved.

        Raises:
            AgentError: a destination cannot be reached; what was moved before stays moved.
        """
        moved: list[Original] = []
        kept: list[Kept] = []
        wanted = None if agreed is None else {(one.path, one.size) for one in agreed}
        self.settle()
        with self._others() as claims:
            for one in self._freed.originals(tuple(self._destinations), self._clock.now()):
                if stop():
                    break
                original = _original(one.file)
                if wanted is not None and (original.path, original.size) not in wanted:
                    continue
                try:
                    self._expect_due(one, days, is_asked=is_asked)
                    if spared(one):
                        continue
                    self._free(one.file, stop, claims)
                except FileStays as exc:
                    kept.append(Kept(original, exc.why, exc.detail))
                    continue
                except ToldToStop:
                    break
                moved.append(original)
                told(original)
                self._log.info("freed", path=str(one.file.path), bytes=original.size)
                self._tidy(one.file.path.parent, one.recorded_at)
        return Plan(tuple(moved), tuple(kept))

    def settle(self) -> None:
        """Find out what became of moves that were broken off, and what was taken back."""
        now = self._clock.now()
        for file in self._freed.unsure():
            if not os.path.isdir(self._root):  # noqa: PTH112  False where `Path` would raise
                break  # a drive that is away tells nothing
            if os.path.lexists(file.path):
                # It was not moved; or something else lies there, and that has a life of its own.
                self._freed.forget(file)
            else:
                self._freed.moved(file, now)
        self._freed.find_restored(now)

    # --- whether ---------------------------------------------------------------------------

    def _expect_due(self, one: Keepsake, days: float, *, is_asked: bool) -> None:
        """Go on only with what every destination has, and what is old enough."""
        expect_due(one, self._clock.now() - days * DAY_SECONDS, is_asked=is_asked)
        if self._trash.refusal:
            raise FileStays(Stays.NO_TRASH, self._trash.refusal)

    def _expect_same(self, file: FileRecord) -> None:
        """Go on only with a plain file of the recordings folder that is what it was."""
        path = file.path
        if not path.is_relative_to(self._root) or path == self._root:
            raise FileStays(Stays.OUTSIDE)
        try:
            real, root = os.path.realpath(path), os.path.realpath(self._root)
            found = path.lstat()
        except OSError as exc:
            raise FileStays(Stays.CHANGED, exc.strerror or "") from exc
        inside = path.relative_to(self._root)
        if not stat.S_ISREG(found.st_mode) or Path(real) != Path(root) / inside:
            raise FileStays(Stays.LINK)
        if self._is_in_cloud(found):
            raise FileStays(Stays.IN_CLOUD)
        if FileIdentity.of(found) != file.identity:
            raise FileStays(Stays.CHANGED)

    @staticmethod
    def _stamp(file: FileRecord) -> Stamp:
        try:
            return Stamp.of(file.path.lstat())
        except OSError as exc:
            raise FileStays(Stays.CHANGED, exc.strerror or "") from exc

    def _expect_held(self, file: FileRecord, stamp: Stamp) -> list[tuple[Destination, Receipt]]:
        """Go on only where every destination has just said that it has the whole object.

        Raises:
            AgentError: one of them cannot be asked.
        """
        found = []
        for name, destination in self._destinations.items():
            receipt = self._receipt(name, file)
            if receipt is None:
                raise FileStays(Stays.LOST)
            self._expect_held_by(destination, receipt, stamp)
            found.append((destination, receipt))
        if not found:
            raise FileStays(Stays.WAITING)
        return found

    def _receipt(self, destination: str, file: FileRecord) -> Receipt | None:
        scope = "" if file.kind.is_media else file.meeting.key
        stored = self._objects.find(destination, file.sha256 or "", scope)
        receipt = stored.receipt if stored else None
        return receipt if receipt is not None and receipt.size == file.identity.size else None

    @staticmethod
    def _expect_held_by(destination: Destination, receipt: Receipt, stamp: Stamp) -> None:
        """Go on only with what a destination has just seen, and what is no second name.

        Raises:
            AgentError: the destination cannot be asked.
        """
        try:
            is_here = destination.is_here(receipt)
        except CopyUnreadable as exc:
            raise FileStays(Stays.UNREADABLE, exc.detail.rstrip(".")) from exc
        if not is_here:
            # What lies in another place is believed to be there, which is no proof.
            is_believed = destination.check(receipt) is not None
            raise FileStays(Stays.ELSEWHERE if is_believed else Stays.LOST)
        copy = destination.local_path(receipt)
        if copy is not None and is_one_file(copy, stamp):
            raise FileStays(Stays.SAME_FILE)

    # --- the move --------------------------------------------------------------------------

    def _free(self, file: FileRecord, stop: Callable[[], bool], claims: Claims) -> None:
        """Move one file, against proof.

        Raises:
            FileStays: it stays where it is.
            AgentError: a destination cannot be reached.
        """
        path = file.path
        self._expect_same(file)
        expect_unclaimed(file, claims)
        stamp = self._stamp(file)
        self._expect_held(file, stamp)  # before anything large is read
        try:
            is_same = self._sha256(path, stamp, stop) == file.sha256
        except OSError as exc:
            raise FileStays(Stays.CHANGED, exc.strerror or "") from exc
        if not is_same:
            raise FileStays(Stays.CHANGED)
        for destination, receipt in self._expect_held(file, stamp):
            self._expect_copy(destination, receipt, stamp, stop)
        if self._is_open(path):
            raise FileStays(Stays.OPEN)
        expect_unclaimed(file, claims)
        self._freed.note(file, self._clock.now())
        try:
            self._move(file, stamp)
        except FileStays:
            if os.path.lexists(path):
                self._freed.forget(file)
            raise
        self._freed.moved(file, self._clock.now())

    def _move(self, file: FileRecord, stamp: Stamp) -> None:
        """Move a file that is still the one that was read."""
        self._expect_same(file)
        if self._stamp(file) != stamp:
            raise FileStays(Stays.CHANGED)
        try:
            self._trash.move(file.path)
        except SourceMissing:
            raise FileStays(Stays.CHANGED) from None
        except AgentError as exc:
            raise FileStays(Stays.NO_TRASH, exc.detail.rstrip(".")) from exc

    def _expect_copy(
        self, destination: Destination, receipt: Receipt, stamp: Stamp, stop: Callable[[], bool]
    ) -> None:
        """Go on only where the copy in a folder is another file with the same content.

        Raises:
            AgentError: the archive has gone away; not if only this copy cannot be read.
        """
        copy = destination.local_path(receipt)
        if copy is None:
            return
        try:
            found = Stamp.of(copy.stat())
            if found.is_same_file(stamp):
                raise FileStays(Stays.SAME_FILE)
            is_same = self._sha256(copy, found, stop) == receipt.sha256
        except OSError as exc:
            self._expect_held_by(destination, receipt, stamp)
            raise FileStays(Stays.UNREADABLE, exc.strerror or "") from exc
        if not is_same:
            raise FileStays(Stays.DIFFERENT)

    def _sha256(self, path: Path, stamp: Stamp, stop: Callable[[], bool]) -> str | None:
        """Hash a file; what comes over a network comes no faster than other bytes may."""
        if not self._is_far(path):
            return sha256_of(path, stamp, stop)
        return sha256_of(path, stamp, stop, lambda count: self._take(count, stop))

    def _tidy(self, folder: Path, recorded_at: float) -> None:
        """Take away a folder in which nothing is left but what Zoom leaves beside recordings.

        Such leftovers go to the trash; the folder itself goes only if it is empty then, so whatever
        somebody puts into it at this very moment stays. What is younger than a day stays as it is:
        the meeting may go on with another segment.
        """
        before = self._clock.now() - DAY_SECONDS
        if recorded_at > before:
            return
        while folder != self._root and folder.is_relative_to(self._root):
            try:
                with os.scandir(folder) as found:
                    left = [(Path(one.path), one.is_file(follow_symlinks=False)) for one in found]
                if not all(is_file and is_junk(path.name) for path, is_file in left):
                    return
                if any(path.lstat().st_mtime > before for path, _ in left):
                    return
                for path, _ in left:
                    self._trash.move(path)
                folder.rmdir()
            except (OSError, AgentError):
                return  # it is only a folder
            folder = folder.parent


def _original(file: FileRecord) -> Original:
    return Original(file.path, file.meeting.title, file.identity.size)
