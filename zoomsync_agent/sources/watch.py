"""Watches the recordings folder: events say where to look sooner, sweeps find the rest.

Nothing is concluded from an event. Overflows, watch limits, unmounts and renamed roots are silent,
so every folder is also looked through at the start, on request and on a clock, and the root itself
is compared with what it was.
"""

import logging
import os
import queue
from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.ports import Clock, KnownFile, Sighting, SourceListener
from zoomsync_agent.service import ThreadService
from zoomsync_agent.sources.observer import Hint, Observing
from zoomsync_agent.sources.settling import Settling
from zoomsync_agent.sources.zoom_folder import Listing, ZoomFolder

if TYPE_CHECKING:
    from collections.abc import Mapping

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
_RETRY_SECONDS: Final = 5.0


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
        is_unwanted: tells whether nothing new is to be seen now. What was not told of for that
            reason is found by a sweep as soon as it is wanted again.
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
        is_unwanted: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__("settler")
        self._is_unwanted = is_unwanted
        self._root = root
        self._real_root = root
        self._folder = ZoomFolder(root)
        self._listener = listener
        self._clock = clock
        self._settling = Settling(self._folder, clock=clock, zone=zone, quiet_seconds=quiet_seconds)
        self._sweep_seconds = sweep_seconds
        self._hints: queue.SimpleQueue[Hint] = queue.SimpleQueue()
        self._observing = Observing(root, self._hints.put) if events else None
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
            if self._is_unwanted():
                self._root_identity = None  # so that everything is looked through afterwards
                self._root_check_at = now + _ROOT_CHECK_SECONDS
                self._due.clear()
                return
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
                covered = filter(self._folder.covers, some)
                self._look(*map(self._folder.listing, covered))
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
        folder = self._inside(hint.folder)
        if folder is None:
            return
        due = now + _WRITE_PAUSE_SECONDS if hint.is_write else now
        self._is_due(folder, due)
        if folder != self._root:
            # "Audio Record" and its meeting tell about each other.
            self._is_due(folder.parent, due)
        if hint.is_new_folder:
            for listing in self._folder.listings(folder):
                self._due.setdefault(listing.folder, now)

    def _inside(self, folder: Path) -> Path | None:
        """Return *folder* as it is named below the root; None where no sweep would look either."""
        if folder in self._due:
            return folder
        if not folder.is_relative_to(self._root) and folder.is_relative_to(self._real_root):
            # macOS names what is behind a link, whatever name was asked for.
            folder = self._root / folder.relative_to(self._real_root)
        return folder if self._folder.covers(folder) else None

    def _is_due(self, folder: Path, due: float) -> None:
        self._due[folder] = min(due, self._due.get(folder, due))

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
            self._real_root = Path(os.path.realpath(self._root))
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
                if self._is_over():
                    return
                self._tell(batch)
                batch = []
        if self._is_over():
            return
        self._tell(batch)
        # A root that went away in the middle proves nothing about what was in it.
        if self._root.is_dir():
            self._listener.gone(
                [path for known in remembered.values() for path in known if not _exists(path)]
            )
            self._listener.swept(self._root)
        took = self._clock.monotonic() - began
        self._sweep_at = began + max(self._sweep_seconds, took * _SWEEP_SHARE)

    def _is_over(self) -> bool:
        """Return whether nobody is to be told of what was seen just now.

        Asked after a look and before it is told of, so that nothing is told which was not there
        before somebody stopped the monitoring.
        """
        return self._stopping.is_set() or self._is_unwanted()

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
        if self._is_over():
            self._sweep_at = 0.0  # nobody comes back to these folders by themselves
            return
        self._tell(batch)

    def _examine(self, listing: Listing, known: "Mapping[str, KnownFile]") -> list[Sighting]:
        """Decide about the files of one folder; tell what is gone, and come back when it is due."""
        look = self._settling.look(listing, known)
        self._listener.gone(look.gone)
        if look.recheck_seconds is not None:
            self._is_due(listing.folder, self._clock.monotonic() + look.recheck_seconds)
        return list(look.sightings)

    def _tell(self, sightings: Sequence[Sighting]) -> None:
        """Tell of some files at once, or of each alone where one of them cannot be remembered."""
        try:
            self._listener.seen(sightings)
        except (AgentError, OSError):
            raise  # no fault of a file
        except Exception as exc:  # noqa: BLE001  one file must not hide the others
            if len(sightings) == 1:
                self._tell_fault(self._settling.faulty(sightings[0], exc))
                return
            for one in sightings:
                self._tell([one])

    def _tell_fault(self, faulty: Sighting) -> None:
        try:
            self._listener.seen([faulty])
        except (AgentError, OSError):
            raise
        except Exception as exc:  # noqa: BLE001  the log has the file and its first fault
            _log.debug("not even the fault can be remembered", exc_info=exc)


def _exists(path: str) -> bool:
    return os.path.lexists(path)
