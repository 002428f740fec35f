"""watchdog, reduced to hints.

watchdog calls handlers on its own thread, where an exception ends that thread without a word. So
the handler here only names a folder and leaves.
"""

import contextlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver

_log = logging.getLogger(__name__)

_OWN_READS: Final = frozenset({"opened", "closed_no_write"})
"""Our own reading makes these; taking them for hints would go round in circles."""
_WRITES: Final = frozenset({"modified", "attrib"})
_OVERFLOW_LOGGER: Final = "watchdog.observers.inotify_c"
"""The only place where watchdog says that events were lost."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Look into *folder* soon, or everywhere where it is None.

    A write may be one of thousands and can wait a moment; a new folder may hold files that no
    event ever names.
    """

    folder: Path | None
    is_write: bool = False
    is_new_folder: bool = False


class Observing:
    """An observer that is made anew whenever the old one has died.

    Args:
        root: the folder to watch, with all below it.
        tell: takes a hint; called on watchdog's thread; must not raise.
    """

    def __init__(self, root: Path, tell: Callable[[Hint], None]) -> None:
        self._root = root
        self._tell = tell
        self._observer: BaseObserver | None = None
        self._overflow = _OverflowHandler(tell)
        self._told_why = ""

    def renew(self) -> bool:
        """Make sure that an observer watches; return whether a new one was needed.

        Where none can be had, say because the system's watch limit is reached, the sweeps must do;
        that is said once.
        """
        if self._observer is not None:
            if self._observer.is_alive() and all(e.is_alive() for e in self._observer.emitters):
                return False
            self.stop()
        from watchdog import events  # noqa: PLC0415  costs 40 ms
        from watchdog.observers import Observer  # noqa: PLC0415  likewise

        observer = Observer()
        try:
            observer.schedule(
                cast("FileSystemEventHandler", Forwarder(self._tell)),
                os.fspath(self._root),
                recursive=True,
                # Not asked for: opening and closing after reading. A look into ten thousand
                # folders would overflow the kernel's queue with our own reads.
                event_filter=[
                    *(events.FileCreatedEvent, events.FileModifiedEvent, events.FileAttribEvent),
                    *(events.FileMovedEvent, events.FileDeletedEvent, events.FileClosedEvent),
                    *(events.DirCreatedEvent, events.DirModifiedEvent, events.DirAttribEvent),
                    *(events.DirMovedEvent, events.DirDeletedEvent),
                ],
            )
            observer.start()
        except OSError as exc:
            if self._told_why != str(exc):
                self._told_why = str(exc)
                _log.warning("no events from the recordings folder: %s; looking by clock", exc)
            return False
        self._told_why = ""
        self._observer = observer
        logging.getLogger(_OVERFLOW_LOGGER).addHandler(self._overflow)
        return True

    def stop(self) -> None:
        """Stop watching."""
        logging.getLogger(_OVERFLOW_LOGGER).removeHandler(self._overflow)
        observer, self._observer = self._observer, None
        if observer is not None:
            with contextlib.suppress(RuntimeError, OSError):
                observer.stop()
                observer.join(5.0)


class Forwarder:
    """Hands folders over and does nothing else; has the shape of a watchdog handler."""

    def __init__(self, tell: Callable[[Hint], None]) -> None:
        self._tell = tell

    def dispatch(self, event: "FileSystemEvent") -> None:
        """Name the folder in which something happened: of a folder that was modified, itself."""
        kind = event.event_type
        if kind in _OWN_READS:
            return
        for raw in (event.src_path, event.dest_path):
            if not raw:
                continue
            path = Path(os.fsdecode(raw))
            if event.is_directory and kind in _WRITES:
                self._tell(Hint(path, is_write=True))
                continue
            if event.is_directory and kind in ("created", "moved"):
                self._tell(Hint(path, is_new_folder=True))
            self._tell(Hint(path.parent, is_write=kind in _WRITES))


class _OverflowHandler(logging.Handler):
    """Turns watchdog's only sign of lost events into a sweep."""

    def __init__(self, tell: Callable[[Hint], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Ask for a sweep."""
        del record
        self._tell(Hint(None))
