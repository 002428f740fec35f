"""A folder that may not be looked into has a sentence too."""

import errno
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.fakes.clock import ManualClock
from zoomsync_agent.core import readiness
from zoomsync_agent.core.recording import FileIdentity
from zoomsync_agent.ports import KnownFile
from zoomsync_agent.sources.watch import FolderWatch
from zoomsync_agent.sources.zoom_folder import Listing


class _Listener:
    def __init__(self):
        self.gone_paths = []

    def known(self, folder):
        return {}

    def seen(self, sightings): ...

    def gone(self, paths):
        self.gone_paths += paths

    def swept(self, root): ...

    def root_state(self, root, problem): ...


def _watch(root, listener):
    return FolderWatch(
        root,
        listener,
        clock=ManualClock(),
        zone=ZoneInfo("UTC"),
        quiet_seconds=30,
        sweep_seconds=60,
        events=False,
    )


def test_a_folder_that_may_not_be_opened_is_named(tmp_path):
    """Its files cannot be counted, but somebody is told, with the meeting's title."""
    listener = _Listener()
    watch = _watch(tmp_path, listener)
    folder = tmp_path / "2026-03-14 10.00.05 Weekly Sync"

    (told,) = watch._examine(Listing(folder, (), "Permission denied", errno.EACCES), {})

    assert told.path == folder / "*"
    assert told.meeting.title == "Weekly Sync"
    assert "Permission denied" in readiness.sentence(told.verdict)
    assert watch._due == {}  # there can be thousands: a sweep or an event finds it opened


def test_a_closed_folder_is_named_once(tmp_path):
    """What is remembered of it is not told again, until it says something else."""
    listener = _Listener()
    watch = _watch(tmp_path, listener)
    listing = Listing(tmp_path / "closed", (), "Permission denied", errno.EACCES)
    (told,) = watch._examine(listing, {})
    known = KnownFile(told.identity, is_settled=False, verdict=told.verdict)
    assert watch._examine(listing, {str(told.path): known}) == []
    other = Listing(tmp_path / "closed", (), "Operation not permitted", errno.EPERM)
    assert len(watch._examine(other, {str(told.path): known})) == 1


def test_a_folder_that_is_simply_gone_is_not(tmp_path):
    """It was deleted or renamed in between; what was known of it is gone at once."""
    listener = _Listener()

    known = {str(tmp_path / "x" / "video1.mp4"): KnownFile(FileIdentity(1, 1), is_settled=True)}
    told = _watch(tmp_path, listener)._examine(
        Listing(Path(tmp_path / "x"), (), "No such file or directory", errno.ENOENT), known
    )

    assert told == []
    assert listener.gone_paths == list(known)
