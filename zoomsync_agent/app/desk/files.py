"""Recordings as files: what lies in folders, where bytes can be had, and what is handed in."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from zoomsync_agent.app.databases import Databases
from zoomsync_agent.app.inbox import inbox_of
from zoomsync_agent.app.links import link
from zoomsync_agent.core import naming
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.file_urls import path_of
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.desktop import paths, places
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.zone import local_zone
from zoomsync_agent.settings import Settings
from zoomsync_agent.sources.zoom_folder import ZoomFolder
from zoomsync_agent.web.desk import Backlog, Folder, Playable, Received

_DAY: Final = 86_400.0
_SOME_DAYS: Final = 30
_PLAY_SECONDS: Final = 4 * 3600.0
"""A link for the player opens so long: longer than a meeting."""
_COPY_BYTES_PER_SECOND: Final = 100e6
_UPLOAD_BYTES_PER_SECOND: Final = 2.5e6
"""What is assumed where nothing is known yet: a disk, and 20 Mbit/s."""


def recordings_folders(settings: Settings) -> list[Folder]:
    """Return the folders in which Zoom's recordings were found, the likeliest first.

    That of the settings is among them even where it does not exist.
    """
    likely = dict.fromkeys([settings.recordings_path, *paths.recordings_candidates(os.environ)])
    found = [counted(path) for path in likely if path.is_dir() or path == settings.recordings_path]
    return sorted(found, key=lambda one: (one.files == 0, not one.exists))


def counted(path: Path) -> Folder:
    """Return how many recordings lie in *path*, by names and sizes: none is opened."""
    files = size = 0
    oldest: float | None = None
    for length, changed in _media_in(path):
        files += 1
        size += length
        oldest = changed if oldest is None else min(oldest, changed)
    return Folder(path, files, size, oldest, path.is_dir())


def backlog(settings: Settings, speeds: Sequence[float]) -> list[Backlog]:
    """Return what each choice of `backfill` means here: all, the last 30 days, none."""
    rate = _rate(settings, speeds)
    since = SystemClock().now() - _SOME_DAYS * _DAY
    everything = list(_media_in(settings.recordings_path))
    recent = [(size, at) for size, at in everything if at >= since]
    return [
        Backlog(choice, len(found), total := sum(size for size, _ in found), total / rate)
        for choice, found in (("all", everything), (str(_SOME_DAYS), recent), ("none", []))
    ]


def _rate(settings: Settings, speeds: Sequence[float]) -> float:
    """Return how many bytes per second may be expected."""
    moved = [speed for speed in speeds if speed > 0]
    if moved:
        guess = max(moved)
    elif settings.destination == "folder":
        guess = _COPY_BYTES_PER_SECOND
    else:
        guess = _UPLOAD_BYTES_PER_SECOND
    return min(guess, settings.bandwidth_limit) if settings.bandwidth_limit else guess


def _media_in(path: Path) -> Iterator[tuple[int, float]]:
    """Yield bytes and time of every recording below *path*: the meeting's, or else the file's."""
    zone = local_zone()
    for listing in ZoomFolder(path).listings():
        for entry in listing.entries:
            if naming.is_media(entry.name) and entry.is_regular:
                relative = (listing.folder / entry.name).relative_to(path)
                held = naming.meeting(relative, zone=zone)
                yield entry.size, held.started_at or entry.mtime_ns / 1e9


def playable(settings: Settings, home: Home, row: RecordingRow) -> Playable:
    """Return where the bytes of a recording can be had.

    Raises:
        NotAllowed: they are nowhere, or not in the archive that the settings name.
    """
    if not row.file_url:
        raise NotAllowed(f"{row.file_name} is {row.processing_status}: there is nothing to open")
    if row.destination != "folder":
        return Playable(url=link(settings, home, row, _PLAY_SECONDS))
    path = places.resolved(path_of(row.file_url) or Path())
    root = places.resolved(settings.archive_path)
    if path is None or root is None or not places.is_within(path, [root]):
        # A row may have come from anywhere: nothing but the archive is ever opened for one.
        raise NotAllowed(f"{row.file_url} does not lie in the archive, {settings.archive_path}")
    if not path.is_file():
        raise NotAllowed(f"{path} is not there")
    return Playable(path=path)


def media_hosts(settings: Settings) -> list[str]:
    """Return the origins that links of recordings lead to."""
    if settings.destination == "supabase":
        return [_origin(settings.supabase_url)]
    if settings.destination == "s3":
        from zoomsync_agent.app import bucket  # noqa: PLC0415  botocore costs 100 ms

        return [_origin(bucket.bucket_of(settings).url)]
    return []


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def receive(
    databases: Databases,
    settings: Settings,
    home: Home,
    stream: BinaryIO,
    name: str,
    *,
    title: str,
    started_at: float | None,
    size: int | None,
) -> Received:
    """Take in a recording: to disk, checked by content, into the queue.

    Raises:
        NotAllowed: it is no recording, or is not whole.
        DiskFull, SpoolUnusable: there is no room for it.
    """
    found = inbox_of(databases, settings, home).receive(
        stream, name, title=title, started_at=started_at, size=size
    )
    return Received(
        file_name=found.seen.path.name,
        meeting_title=found.seen.meeting.title,
        size=found.seen.identity.size,
        kind=str(found.seen.kind),
        job_id=found.job_id,
    )
