"""The folder into which Zoom records: its layout, its listing, and the facts about its files."""

import functools
import math
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from zoomsync_agent.core import naming, readiness
from zoomsync_agent.core.naming import real_name
from zoomsync_agent.core.readiness import Conversion, Facts, Verdict
from zoomsync_agent.core.recording import FileIdentity, FilePart
from zoomsync_agent.sources import media
from zoomsync_agent.sources.file_facts import (
    Entry,
    FileSystem,
    entry_from,
    file_system_of,
    has_writer,
    is_junction,
    open_to_read,
)
from zoomsync_agent.sources.recording_conf import (
    DONE_PERCENT,
    ConfItem,
    RecordingConf,
    parse_conf,
)

__all__ = [
    "CONF_NAME",
    "ConfItem",
    "Examined",
    "Listing",
    "RecordingConf",
    "ZoomFolder",
    "is_taken",
    "parse_conf",
    "real_name",
]

MAX_DEPTH: Final = 12
"""Levels below the root that are walked: Zoom uses two, people who sort by year four."""

PARTICIPANTS_FOLDER: Final = "Audio Record"
"""The folder inside a meeting's folder with one sound file for each participant."""

CONF_NAME: Final = "recording.conf"
RAW_SUFFIX: Final = ".zoom"
UNFINISHED_SUFFIX: Final = ".tmp"

_MAX_CONF_BYTES: Final = 1 << 20
_MAX_REMEMBERED: Final = 2000


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one directory. `error` says why it could not be read, or not to its end."""

    folder: Path
    entries: tuple[Entry, ...]
    error: str = ""
    errno: int | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found out about one file."""

    verdict: Verdict
    part: FilePart
    duration_seconds: float | None = None


@functools.lru_cache(maxsize=4096)
def is_taken(name: str) -> bool:
    """Return whether the agent takes files of this name at all."""
    return naming.file_part(real_name(name)) is not None


@dataclass(frozen=True, slots=True)
class _Signs:
    """What lies beside the files of a meeting."""

    conf: RecordingConf
    conversion: Conversion
    changed_at: float

    def at(self, now: float) -> Conversion:
        # Off by hours in either direction is a clock that was set, not work going on.
        return replace(self.conversion, changed_seconds=abs(now - self.changed_at))


class ZoomFolder:
    """The recordings folder at *root*. To be used from one thread at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._file_systems: dict[int, FileSystem] = {}
        self._seen: dict[Path, tuple[int, int, float]] = {}
        self._last: tuple[Listing, _Signs] | None = None

    def covers(self, folder: Path) -> bool:
        """Return whether *folder* is one of those that are looked into.

        These are the root and what lies below it, as far as no name on the way begins with a dot,
        none is a link, and the way is not too long. A folder that does not exist is covered, so
        that what was in it is found to be gone.
        """
        try:
            names = folder.relative_to(self.root).parts
        except ValueError:
            return False
        on_the_way = (self.root.joinpath(*names[:depth]) for depth in range(1, len(names) + 1))
        return all(
            _is_walked(name, depth) for depth, name in enumerate(names, start=1)
        ) and not any(map(_is_link, on_the_way))

    def listings(self, top: Path | None = None) -> Iterator[Listing]:
        """Walk the whole folder, parents first; what cannot be read is told, and the rest goes on.

        Args:
            top: where to begin; a folder that is covered, the root by default. Below it exactly
                those folders are walked that are covered.
        """
        top = top or self.root
        waiting = [(str(top), len(top.parts) - len(self.root.parts))]
        while waiting:
            folder, depth = waiting.pop()
            listing, below = self._scan(folder, depth + 1)
            yield listing
            waiting.extend((path, depth + 1) for path in sorted(below, reverse=True))

    def listing(self, folder: Path) -> Listing:
        """Return the files of one directory."""
        return self._scan(str(folder), MAX_DEPTH + 1)[0]

    def examine(
        self,
        listing: Listing,
        entry: Entry,
        *,
        now: float,
        unchanged_seconds: float,
        quiet_seconds: float,
        media_ready: bool,
    ) -> Examined | None:
        """Gather the facts about a file, the cheap ones first, and decide.

        Args:
            listing: the directory in which *entry* was found.
            entry: the file.
            now: epoch seconds.
            unchanged_seconds: for how long size and time of the file have stood still.
            quiet_seconds: how long they must, where nothing proves that the file is complete.
            media_ready: whether a recording beside this file is ready; matters to text only.

        Returns:
            The verdict, or None for a file that the agent does not take.
        """
        name = real_name(entry.name)
        part = naming.file_part(name)
        if part is None:
            return None
        signs = self._signs(listing, now)
        facts = Facts(
            name=name,
            size=entry.size,
            is_media=part.kind.is_media,
            is_link=entry.is_link,
            is_regular=entry.is_regular,
            is_placeholder=entry.is_placeholder,
            conversion=signs.at(now),
            named_percent=signs.conf.percent_of(name),
            media_ready=media_ready,
            unchanged_seconds=unchanged_seconds,
            quiet_seconds=quiet_seconds,
        )
        verdict = readiness.decide_unopened(facts)
        if verdict is not None:
            return Examined(verdict, part)
        facts = self._opened(facts, listing.folder / entry.name, entry)
        duration = facts.structure.duration_seconds if facts.structure else None
        return Examined(readiness.decide(facts), part, duration)

    def folder_verdict(self, listing: Listing, now: float) -> tuple[str, Verdict] | None:
        """Return the verdict about raw data that no media file in the folder speaks for.

        The name is that of the main `.zoom` file (or of the half-written file). None where
        nothing is left to convert, or where the verdict of a media file already says it.
        """
        if self._is_participants(listing.folder):
            return None
        if not any(_is_unfinished(entry.name) for entry in listing.entries):
            return None  # nearly every folder: recording.conf need not even be read
        signs = self._signs(listing, now)
        conversion = signs.at(now)
        halves = [n for n in conversion.unfinished if _is_media(n[: -len(UNFINISHED_SUFFIX)])]
        names = (*conversion.raw, *halves)
        speaks = any(
            _is_media(name) and signs.conf.percent_of(name) != DONE_PERCENT
            for name in (real_name(e.name) for e in listing.entries)
        )
        verdict = readiness.decide_folder(conversion)
        return None if not names or speaks or verdict is None else (names[0], verdict)

    def _scan(self, folder: str, depth_below: int) -> tuple[Listing, list[str]]:
        entries: list[Entry] = []
        below: list[str] = []
        trouble: OSError | None = None
        trust_blocks: bool | None = None
        try:
            with os.scandir(folder) as found:
                for item in found:
                    try:
                        if item.is_dir(follow_symlinks=False):
                            if _is_walked(item.name, depth_below) and not _is_junction(item):
                                below.append(item.path)
                            continue
                        status = _status(item)
                    except FileNotFoundError:
                        continue  # gone since the directory was read
                    if trust_blocks is None:
                        trust_blocks = self._file_system(folder, status.st_dev).trusts_blocks
                    entries.append(entry_from(item.name, status, trust_blocks=trust_blocks))
        except OSError as exc:
            trouble = exc
        entries.sort(key=_by_name)
        if trouble is None:
            return Listing(Path(folder), tuple(entries)), below
        text = readiness.printable(trouble.strerror or type(trouble).__name__)
        return Listing(Path(folder), tuple(entries), text, trouble.errno), below

    def _file_system(self, folder: str, device: int) -> FileSystem:
        known = self._file_systems.get(device)
        if known is None:
            known = self._file_systems[device] = file_system_of(Path(folder))
        return known

    def _opened(self, facts: Facts, path: Path, entry: Entry) -> Facts:
        """Add what can be known only by opening the file."""
        may_ask = sys.platform == "win32" or (
            self._file_system(str(path.parent), entry.device).trusts_leases
        )
        facts = replace(facts, is_held=has_writer(path) if may_ask else None)
        if facts.is_held and not readiness.is_worth_probing(facts):
            return facts
        try:
            with open_to_read(path) as file:
                status = os.fstat(file.fileno())
                if FileIdentity.of(status) != entry.identity:
                    return replace(facts, is_changing=True)
                if not facts.is_media:
                    return facts
                found = media.probe(file, entry.size, Path(facts.name).suffix)
                return replace(facts, structure=found)
        except OSError as exc:
            return replace(facts, read_error=exc.strerror or str(exc))

    def _signs(self, listing: Listing, now: float) -> _Signs:
        if self._last is not None and self._last[0] is listing:
            return self._last[1]
        beside = [listing]
        if self._is_participants(listing.folder):
            beside.insert(0, self.listing(listing.folder.parent))
        raw: list[str] = []
        unfinished: list[str] = []
        conf = RecordingConf()
        has_media = False
        changed_at = -math.inf
        for place in beside:
            for entry in place.entries:
                name = entry.name.casefold()
                if name.endswith(RAW_SUFFIX) and not name.startswith("."):
                    raw.append(entry.name)
                elif name.endswith(UNFINISHED_SUFFIX) and not name.startswith((".", "~")):
                    unfinished.append(entry.name)
                elif name == CONF_NAME:
                    conf = _read_conf(place.folder / entry.name, entry)
                else:
                    has_media = has_media or _is_media(entry.name)
                    continue
                changed_at = max(
                    changed_at, self._changed_at(place.folder / entry.name, entry, now)
                )
        conversion = Conversion(
            raw=tuple(raw),
            unfinished=tuple(unfinished),
            percent=conf.pending_percent,
            is_conf_unreadable=not conf.readable,
            has_media=has_media,
        )
        signs = _Signs(conf, conversion, changed_at)
        self._last = (listing, signs)
        return signs

    def _changed_at(self, path: Path, entry: Entry, now: float) -> float:
        """Return when a file changed last: by its own time, or by what was seen of it.

        Windows enters the time of an open file late, but its size grows.
        """
        size, mtime_ns, seen_at = self._seen.get(path, (entry.size, entry.mtime_ns, -math.inf))
        if (size, mtime_ns) != (entry.size, entry.mtime_ns):
            seen_at = now
        if len(self._seen) >= _MAX_REMEMBERED:
            self._seen.clear()
        self._seen[path] = (entry.size, entry.mtime_ns, seen_at)
        return max(entry.mtime_ns / 1e9, seen_at)

    def _is_participants(self, folder: Path) -> bool:
        return folder.name.casefold() == PARTICIPANTS_FOLDER.casefold() and folder != self.root


def _is_walked(name: str, depth: int) -> bool:
    """Whether a folder of this name is looked into, *depth* levels below the root."""
    return depth <= MAX_DEPTH and not name.startswith(".")


def _is_link(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISLNK(found.st_mode) or is_junction(found)


def _by_name(entry: Entry) -> str:
    return entry.name


def _is_unfinished(name: str) -> bool:
    return name.casefold().endswith((RAW_SUFFIX, UNFINISHED_SUFFIX))


@functools.lru_cache(maxsize=4096)
def _is_media(name: str) -> bool:
    part = naming.file_part(name)
    return part is not None and part.kind.is_media


def _status(item: os.DirEntry[str]) -> os.stat_result:
    if sys.platform == "win32":
        # The directory's copy of size and time is stale while a program has the file open.
        return os.lstat(item.path)
    return item.stat(follow_symlinks=False)


def _is_junction(item: os.DirEntry[str]) -> bool:
    return sys.platform == "win32" and is_junction(os.lstat(item.path))


def _read_conf(path: Path, entry: Entry) -> RecordingConf:
    if entry.is_link or not entry.is_regular or entry.is_placeholder:
        return RecordingConf(readable=False)
    try:
        with open_to_read(path) as file:
            return parse_conf(file.read(_MAX_CONF_BYTES))
    except OSError:
        return RecordingConf(readable=False)
