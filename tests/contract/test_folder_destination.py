"""What a folder promises beyond the suite: its drive, its disk, and what people find in it."""

import errno
import json
import os
import shutil
import sys
import threading
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.kits import CHUNK, KEY, Sending, outgoing_of
from zoomsync_agent.core.errors import (
    AgentError,
    CopyUnreadable,
    DestinationDenied,
    DestinationFull,
    DestinationUnavailable,
    KeyTaken,
    NameRefused,
    SourceBusy,
    SourceChanged,
    SourceDamaged,
    SourceDenied,
    SourceMissing,
    VerificationFailed,
)
from zoomsync_agent.core.recording import ObjectKey, Progress
from zoomsync_agent.destinations.folder import destination as folder_module
from zoomsync_agent.destinations.folder import partial as partial_module
from zoomsync_agent.destinations.folder.copying import Copier
from zoomsync_agent.destinations.folder.destination import MARKER, FolderDestination
from zoomsync_agent.destinations.folder.places import openable

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024  as shutil has it


@pytest.fixture
def root(tmp_path):
    """Give the place of the archive; nothing is there yet."""
    return tmp_path / "archive"


@pytest.fixture
def archive(root):
    """Give an archive with small chunks."""
    return FolderDestination(root, chunk_bytes=CHUNK)


@pytest.fixture
def send(archive):
    """Give a way to send that keeps what it was told."""
    return Sending(archive)


@pytest.fixture
def recording(tmp_path):
    """Give a file of ten bytes."""
    path = tmp_path / "recordings" / "video.mp4"
    path.parent.mkdir()
    path.write_bytes(b"0123456789")
    os.utime(path, ns=(1, 1_700_000_000_123_456_700))
    path.chmod(0o644)
    return path


def _everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def _raise(number):
    def failing(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    return failing


# --- the root --------------------------------------------------------------------------------


def test_the_first_use_makes_an_archive(root, recording):
    """The folder and its marker are made, and it is known from then on."""
    known = []
    archive = FolderDestination(root, on_first_use=lambda: known.append(1))
    assert not root.exists()
    for _ in range(2):
        Sending(archive)(outgoing_of(recording))
    assert (root / MARKER).exists()
    assert known == [1]


@pytest.mark.parametrize("is_there", [True, False])
def test_nothing_is_written_to_the_mount_point_of_a_drive_that_is_away(root, recording, is_there):
    """A known archive without its marker is not connected: the mount point stays as it is."""
    if is_there:
        root.mkdir()
    send = Sending(FolderDestination(root, is_known=True))
    with pytest.raises(DestinationUnavailable, match="drive connected"):
        send(outgoing_of(recording))
    assert send.paced == []
    assert _everything(root) == []
    assert root.exists() is is_there


def test_a_drive_that_goes_away_between_two_recordings_is_noticed(root, archive, send, recording):
    """What was an archive a moment ago is not made anew."""
    receipt = send(outgoing_of(recording))
    shutil.rmtree(root)
    root.mkdir()
    recording.write_bytes(b"another")
    for ask in (lambda: send(outgoing_of(recording)), lambda: archive.check(receipt)):
        with pytest.raises(DestinationUnavailable):
            ask()
    assert _everything(root) == []


def test_the_drive_comes_back(root, archive, send, recording):
    """Nothing has to be told to the agent."""
    send(outgoing_of(recording))
    away = root.rename(root.with_name("away"))
    with pytest.raises(DestinationUnavailable):
        send(outgoing_of(recording))
    away.rename(root)
    assert send(outgoing_of(recording)) is not None


def test_an_inventory_of_a_drive_that_is_away_is_no_empty_inventory(root):
    """Nothing is there, and nothing can be seen: two different answers."""
    archive = FolderDestination(root, is_known=True)
    with pytest.raises(DestinationUnavailable):
        list(archive.inventory())
    assert list(FolderDestination(root).inventory()) == []


def test_a_root_that_is_a_file_is_refused_and_kept(root, recording):
    """The user chose a wrong path; the file there is not touched."""
    root.write_bytes(b"precious")
    for archive in (FolderDestination(root), FolderDestination(root, is_known=True)):
        with pytest.raises((NameRefused, DestinationUnavailable)):
            Sending(archive)(outgoing_of(recording))
    assert root.read_bytes() == b"precious"


def test_a_file_in_the_way_of_a_folder_is_kept(root, archive, send, recording):
    """Somebody's file has the name that the year's folder needs."""
    root.mkdir()
    (root / "2026").write_bytes(b"notes")
    with pytest.raises(KeyTaken):
        send(outgoing_of(recording))
    receipt = replace(_receipt(recording), key=KEY)
    assert not archive.check(receipt)
    assert (root / "2026").read_bytes() == b"notes"


def _receipt(recording):
    from zoomsync_agent.core.recording import Receipt

    outgoing = outgoing_of(recording)
    return Receipt("folder", outgoing.key, outgoing.size, outgoing.sha256, "", 0.0)


def test_no_more_is_taken_than_there_is_room_for(root, send, recording, monkeypatch):
    """The archive's disk is never filled to the last byte, and nothing half is left."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(1, 1, (16 << 20) + 9))
    with pytest.raises(DestinationFull, match="needed"):
        send(outgoing_of(recording))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(1, 1, (16 << 20) + 10))
    assert send(outgoing_of(recording)) is not None


def test_what_is_there_already_needs_no_room(root, send, recording, monkeypatch):
    """The rest of a half copy fits where the whole would not."""
    send(outgoing_of(recording), stop_after=2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(1, 1, (16 << 20) + 2))
    assert send(outgoing_of(recording), resume_from=send.reported[-1]) is not None


# --- the system's errors ---------------------------------------------------------------------

WRITING = {
    errno.ENOSPC: DestinationFull,
    errno.EDQUOT: DestinationFull,
    errno.EACCES: DestinationDenied,
    errno.EROFS: DestinationDenied,
    errno.EIO: DestinationUnavailable,
    errno.ESTALE: DestinationUnavailable,
    errno.ENAMETOOLONG: NameRefused,
}
READING = {
    errno.EACCES: SourceDenied,
    errno.EIO: SourceDamaged,
    errno.ESTALE: SourceBusy,
    errno.ENOENT: SourceMissing,
}


@pytest.mark.parametrize(("number", "cls"), WRITING.items())
@pytest.mark.parametrize("call", ["ftruncate", "fsync", "fdatasync", "link+rename", "open"])
def test_an_error_of_the_archive_is_the_archives(
    root, send, recording, monkeypatch, number, cls, call
):
    """Wherever writing fails, the archive is named, nothing shows, and a later try succeeds."""
    (root).mkdir()
    (root / MARKER).touch()
    outgoing = outgoing_of(recording)
    with monkeypatch.context() as patch:
        if call == "ftruncate":
            patch.setattr(FolderDestination, "_resume_offset", _raise(number))
        elif call == "link+rename":
            patch.setattr(os, "link", _raise(number))
            patch.setattr(Path, "rename", _raise(number))
        elif call == "open":
            patch.setattr(partial_module, "_open_for_update", _raise(number))
        else:
            patch.setattr(os, call, _raise(number))
        with pytest.raises(cls):
            send(outgoing)
        # Only names are flushed by fsync, so the file is whole by then.
        assert not (root / KEY).exists() or call == "fsync"
    assert send(outgoing) is not None
    assert (root / KEY).read_bytes() == b"0123456789"


@pytest.mark.parametrize(("number", "cls"), WRITING.items())
def test_an_error_while_bytes_move_is_the_archives_if_the_source_can_be_read(
    send, recording, monkeypatch, number, cls
):
    """The copy says only that it failed; the recording is read once more to know whose fault."""
    monkeypatch.setattr(Copier, "move", _raise(number))
    with pytest.raises(cls):
        send(outgoing_of(recording))


class _BadDisk:
    """A source that cannot be read from the byte *bad* on."""

    def __init__(self, file, bad, number):
        self._file, self._bad, self._number = file, bad, number

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        self._file.__enter__()
        return self

    def __exit__(self, *exc):
        return self._file.__exit__(*exc)

    def read(self, count=-1):
        self._check(count)
        return self._file.read(count)

    def readinto(self, buffer):
        self._check(len(buffer))
        return self._file.readinto(buffer)

    def _check(self, count):
        if self._file.tell() + count > self._bad:
            raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize(("number", "cls"), READING.items())
@pytest.mark.parametrize("bad", [0, 6])
def test_an_error_while_bytes_move_is_the_sources_if_it_cannot_be_read(
    root, recording, monkeypatch, number, cls, bad
):
    """A bad block in the middle of a chunk too: the archive is not blamed for it."""
    outgoing = outgoing_of(recording)
    opened = Path.open

    def bad_open(self, *args, **kwargs):
        file = opened(self, *args, **kwargs)
        return _BadDisk(file, bad, number) if self == recording else file

    monkeypatch.setattr(Path, "open", bad_open)
    monkeypatch.setattr(Copier, "move", _raise(number))
    monkeypatch.setattr(Copier, "clone", lambda self: False)
    with pytest.raises(cls):
        Sending(FolderDestination(root))(outgoing)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENODEV])
@pytest.mark.parametrize("ask", ["check", "describe", "abandon", "inventory"])
def test_only_errors_of_the_agent_cross(root, archive, send, recording, monkeypatch, number, ask):
    """Whatever the disk says to any question, the engine hears an `AgentError` or an answer."""
    receipt = send(outgoing_of(recording))
    asked = {
        "check": lambda: archive.check(receipt),
        "describe": lambda: archive.describe(KEY, {"a": 1}),
        "abandon": lambda: archive.abandon(KEY, Progress(1, "x.partial")),
        "inventory": lambda: list(archive.inventory()),
    }[ask]
    for call in ("stat", "unlink", "exists", "open", "is_dir"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, call, _raise(number))
            try:
                asked()
            except AgentError:
                continue
    assert (root / KEY).read_bytes() == b"0123456789"


def test_a_name_that_is_too_long_is_refused(send, recording):
    """The file system's limit is told as what it is."""
    with pytest.raises(NameRefused):
        send(outgoing_of(recording, "2026/" + "x" * 300 + ".mp4"))


# --- copying ---------------------------------------------------------------------------------


@pytest.mark.parametrize("in_kernel", [True, False])
def test_every_way_of_copying_gives_the_same_bytes(root, recording, monkeypatch, in_kernel):
    """Inside the kernel or by hand, resumed in the middle."""
    init = Copier.__init__

    def chosen(self, source, target):
        init(self, source, target)
        self._in_kernel = self._in_kernel and in_kernel

    monkeypatch.setattr(Copier, "__init__", chosen)
    send = Sending(FolderDestination(root, chunk_bytes=3))
    send(outgoing_of(recording), stop_after=2)
    send(outgoing_of(recording), resume_from=send.reported[-1])
    assert (root / KEY).read_bytes() == b"0123456789"


def test_a_kernel_that_copies_nothing_is_not_believed(root, send, recording, monkeypatch):
    """Some file systems say "nothing copied" where they mean "not here"."""
    monkeypatch.setattr(Copier, "_move_in_kernel", lambda self, offset, count: 0)
    send(outgoing_of(recording))
    assert (root / KEY).read_bytes() == b"0123456789"


def test_shared_blocks_are_verified_too(root, send, recording, monkeypatch):
    """A clone takes no time, and its bytes are read back all the same."""

    def clone(self):
        self._target.write(self._source.read())
        return True

    monkeypatch.setattr(Copier, "clone", clone)
    send(outgoing_of(recording))
    assert (root / KEY).read_bytes() == b"0123456789"
    assert send.paced == []

    def bad_clone(self):
        self._target.write(b"x" * 10)
        return True

    monkeypatch.setattr(Copier, "clone", bad_clone)
    with pytest.raises(VerificationFailed):
        send(outgoing_of(recording, "2026/other.mp4"))
    assert not (root / "2026/other.mp4").exists()


def test_where_there_are_no_hard_links_a_rename_does_it(root, send, recording, monkeypatch):
    """FAT and some network shares; other content under the name is kept there too."""
    monkeypatch.setattr(os, "link", _raise(errno.EPERM))
    send(outgoing_of(recording))
    assert (root / KEY).read_bytes() == b"0123456789"

    def somebody_else(_chunk):
        (root / "2026/other.mp4").write_bytes(b"first")

    with pytest.raises(KeyTaken):
        send(outgoing_of(recording, "2026/other.mp4"), before_chunk=somebody_else)
    assert (root / "2026/other.mp4").read_bytes() == b"first"


def test_a_limit_moves_bytes_in_small_pieces(root, recording, monkeypatch):
    """So that the rate holds within a chunk, and durable chunks stay large."""
    monkeypatch.setattr(folder_module, "_PACED_BYTES", 3)
    monkeypatch.setattr(folder_module, "_SMALLEST_STEP", 1)
    send = Sending(FolderDestination(root, bytes_per_second=24, chunk_bytes=6))
    send(outgoing_of(recording))
    assert send.paced == [3, 3, 3, 1]
    assert [progress.offset for progress in send.reported] == [6]


def test_the_copy_has_the_originals_time_and_nobodys_execute_bit(root, send, recording):
    """People sort an archive by date."""
    recording.chmod(0o755)
    send(outgoing_of(recording))
    copy = (root / KEY).stat()
    assert copy.st_mtime_ns == recording.stat().st_mtime_ns
    assert copy.st_mode & 0o777 == 0o644


def test_a_dangling_link_under_the_key_is_not_replaced(root, send, recording):
    """Somebody's link leads to a drive that is away just now."""
    (root / KEY).parent.mkdir(parents=True)
    (root / KEY).symlink_to(root / "nowhere")
    with pytest.raises(KeyTaken):
        send(outgoing_of(recording))
    assert (root / KEY).is_symlink()


# --- two at once, and half-written copies ----------------------------------------------------


def test_two_agents_do_not_write_the_same_half_copy(root, send, recording):
    """The second one is told to come back, and the first one's bytes stay as they are."""
    outgoing = outgoing_of(recording)
    other = Sending(FolderDestination(root, chunk_bytes=CHUNK))

    def meanwhile(chunk):
        if chunk == 1:
            with pytest.raises(DestinationUnavailable, match="another upload"):
                other(outgoing)

    assert send(outgoing, before_chunk=meanwhile) is not None
    assert (root / KEY).read_bytes() == b"0123456789"
    assert other.paced == []


def test_many_threads_with_one_content_leave_one_whole_object(root, recording):
    """Whoever wins, the object is whole and nothing else is left."""
    outgoing = outgoing_of(recording)
    begin = threading.Barrier(6, timeout=10)
    results = []

    def agent():
        send = Sending(FolderDestination(root, chunk_bytes=1))
        begin.wait()
        try:
            results.append(send(outgoing))
        except AgentError as exc:
            results.append(exc)

    threads = [threading.Thread(target=agent) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert not [one for one in results if isinstance(one, KeyTaken | VerificationFailed)]
    assert Sending(FolderDestination(root))(outgoing).sha256 == outgoing.sha256
    assert (root / KEY).read_bytes() == b"0123456789"


def test_a_name_given_twice_by_a_crash_is_no_danger(root, send, recording):
    """A crash between the new name and the end of the old one leaves two names of one file.

    Under another key in the same folder a later try must not cut the finished object to nothing.
    """
    outgoing = outgoing_of(recording)
    send(outgoing)
    partial = (root / KEY).parent / f".{outgoing.sha256[:32]}.partial"
    os.link(root / KEY, partial)
    other = ObjectKey(str(Path(KEY).with_name("renamed.mp4")))

    assert send(replace(outgoing, key=other), stop_after=0) is None
    assert (root / KEY).read_bytes() == b"0123456789"

    send(replace(outgoing, key=other))
    os.link(root / KEY, partial)
    send(outgoing)
    assert not partial.exists()
    assert (root / other).stat().st_ino != (root / KEY).stat().st_ino


def test_a_half_copy_of_other_bytes_is_found_out(root, send, recording):
    """Bytes that rotted in a half-written copy never become an object; the next try is whole."""
    outgoing = outgoing_of(recording)
    send(outgoing, stop_after=2)
    partial = next(root.rglob("*.partial"))
    partial.write_bytes(b"x" * 8)
    with pytest.raises(VerificationFailed):
        send(outgoing, resume_from=send.reported[-1])
    send(outgoing, resume_from=send.reported[-1])
    assert (root / KEY).read_bytes() == b"0123456789"


def test_a_half_copy_that_is_shorter_than_was_said_starts_over(root, send, recording):
    """A power cut can take bytes that were reported by a disk that lies."""
    outgoing = outgoing_of(recording)
    send(outgoing, stop_after=2)
    os.truncate(next(root.rglob("*.partial")), 1)
    send(outgoing, resume_from=send.reported[-1])
    assert (root / KEY).read_bytes() == b"0123456789"
    assert sum(send.paced) == 18


# --- what people find ------------------------------------------------------------------------


def test_the_description_is_a_readable_file_beside_the_recording(root, archive, send, recording):
    """The archive explains itself without the agent."""
    send(outgoing_of(recording))
    archive.describe(KEY, {"meeting_title": "Über 会議"})
    sidecar = root / f"{KEY}.json"
    assert "Über 会議" in sidecar.read_text("utf-8")
    assert json.loads(sidecar.read_text("utf-8")) == {"meeting_title": "Über 会議"}
    assert len(list(sidecar.parent.iterdir())) == 2


def test_a_description_that_stands_there_is_not_written_again(root, archive, send, recording):
    """An archive on a network drive or a slow disk is left in peace."""
    send(outgoing_of(recording))
    archive.describe(KEY, {"a": 1})
    before = (root / f"{KEY}.json").stat().st_ino
    archive.describe(KEY, {"a": 1})
    assert (root / f"{KEY}.json").stat().st_ino == before
    archive.describe(KEY, {"a": 2})
    assert json.loads((root / f"{KEY}.json").read_text("utf-8")) == {"a": 2}


def test_workers_that_describe_the_same_object_do_not_meet(root, archive, send, recording):
    """A recording's job and its transcript's may bring the row up to date at once."""
    send(outgoing_of(recording))
    begin = threading.Barrier(8, timeout=10)
    failures = []

    def worker(number):
        begin.wait()
        for turn in range(25):
            try:
                archive.describe(KEY, {"number": number, "turn": turn, "text": "x" * 5_000})
            except AgentError as exc:
                failures.append(exc)

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert json.loads((root / f"{KEY}.json").read_text("utf-8"))["text"] == "x" * 5_000
    assert len(list((root / KEY).parent.iterdir())) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[1]",
        "null",
        '{"sha256": 5, "file_size": 10}',
        '{"file_size": 10}',
        "[" * 200_000,
    ],
)
def test_a_description_that_is_none_is_not_believed(root, archive, send, recording, text):
    """The bytes tell what the object is when the file beside it does not."""
    receipt = send(outgoing_of(recording))
    (root / f"{KEY}.json").write_text(text)
    (archived,) = archive.inventory()
    assert archived.receipt.sha256 == receipt.sha256
    assert archived.described == {}


def test_a_description_of_another_size_is_not_believed(root, archive, send, recording):
    """The object was replaced by hand; its hash is computed anew."""
    receipt = send(outgoing_of(recording))
    archive.describe(KEY, {"sha256": receipt.sha256, "file_size": 10})
    (root / KEY).write_bytes(b"other content")
    (archived,) = archive.inventory()
    assert archived.receipt.sha256 != receipt.sha256
    assert archived.described == {}


def test_a_file_that_is_json_itself_is_listed(root, archive):
    """Only what lies beside a file of its name is a description."""
    (root / "2026").mkdir(parents=True)
    (root / MARKER).touch()
    (root / "2026/notes.json").write_text("{}")
    assert [one.receipt.key for one in archive.inventory()] == ["2026/notes.json"]


def test_a_source_that_became_shorter_is_noticed_before_its_time_is(root, send, recording):
    """A file cut to nothing with its old time put back is not what was hashed."""
    outgoing = outgoing_of(recording)

    def cut(chunk):
        if chunk == 1:
            os.truncate(recording, 2)
            os.utime(recording, ns=(1, outgoing.mtime_ns))

    with pytest.raises(SourceChanged):
        send(outgoing, before_chunk=cut)
    assert not (root / KEY).exists()


# --- an archive that changed its place --------------------------------------------------------


def test_a_moved_archive_is_still_the_archive(root, send, recording, tmp_path):
    """The receipt leads to where the file is now."""
    receipt = send(outgoing_of(recording))
    moved = root.rename(tmp_path / "moved")

    found = FolderDestination(moved).check(receipt)

    assert found is not None
    assert found.url == (moved / KEY).as_uri()


def test_what_an_earlier_archive_holds_still_counts(root, send, recording, tmp_path):
    """Until it is deleted there; where that place is away, it is believed."""
    receipt = send(outgoing_of(recording))
    new = FolderDestination(tmp_path / "new")

    assert new.check(receipt) == receipt
    root.rename(tmp_path / "unplugged")
    assert new.check(receipt) == receipt
    (tmp_path / "unplugged").rename(root)
    (root / KEY).unlink()
    assert new.check(receipt) is None


def test_nothing_is_forgotten_while_the_drive_is_away(root, send, recording):
    """A half-written copy is dropped when the drive is back, not before."""
    outgoing = outgoing_of(recording)
    assert send(outgoing, stop_after=1) is None
    away = root.rename(root.with_name("unplugged"))

    archive = FolderDestination(root, is_known=True)
    with pytest.raises(DestinationUnavailable):
        archive.abandon(outgoing.key, send.reported[-1])
    away.rename(root)
    archive.abandon(outgoing.key, send.reported[-1])

    assert not list(root.rglob("*.partial"))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_was_said_is_as_private_as_the_recording(root, send, recording):
    """The description holds the transcript, the folder's name the topic."""
    root.mkdir(mode=0o750)
    (root / MARKER).touch()
    recording.chmod(0o600)
    outgoing = outgoing_of(recording)
    send(outgoing)
    FolderDestination(root).describe(outgoing.key, {"transcription_text": "secret"})

    described = root / f"{KEY}.json"
    assert described.stat().st_mode & 0o077 == 0
    assert described.parent.stat().st_mode & 0o777 == root.stat().st_mode & 0o777


def test_verification_can_be_stopped_and_goes_on(root, recording):
    """Reading a large copy back takes minutes; the end of the agent does not wait for it."""
    recording.write_bytes(b"x" * (3 << 20))
    outgoing = outgoing_of(recording)
    archive = FolderDestination(root)
    progress, asked = [], []

    def stop():
        asked.append(1)
        return len(asked) > 2

    def send(**told):
        return archive.send(
            outgoing, **{"resume_from": None, "report": progress.append, "pace": len, **told}
        )

    assert send(stop=stop, pace=lambda _count: None) is None
    assert progress[-1].offset == outgoing.size
    assert not list(root.rglob("video*"))
    moved = []
    assert send(stop=bool, pace=moved.append, resume_from=progress[-1]) is not None
    assert moved == []
    (target,) = root.rglob("video*.mp4")
    assert target.read_bytes() == b"x" * (3 << 20)


def test_an_unlisted_part_of_an_archive_is_no_whole_listing(root, send, recording, monkeypatch):
    """A listing with holes must not count as complete; what is closed to us stays closed."""
    send(outgoing_of(recording))

    def broken(top, onerror):
        onerror(OSError(errno.EIO, "the disk"))
        return iter(())

    monkeypatch.setattr(os, "walk", broken)
    with pytest.raises(DestinationUnavailable):
        list(FolderDestination(root).inventory())
    monkeypatch.setattr(
        os, "walk", lambda _top, onerror: onerror(PermissionError(errno.EACCES, "x")) or iter(())
    )
    assert list(FolderDestination(root).inventory()) == []


def test_without_fdatasync_and_with_another_flush(root, send, recording, monkeypatch):
    """MacOS has no fdatasync; a large file must not fail because of it."""
    flushed = []
    monkeypatch.delattr(os, "fdatasync", raising=False)
    monkeypatch.setattr(partial_module.sys, "platform", "freebsd14")
    monkeypatch.setattr(os, "fsync", flushed.append)

    assert send(outgoing_of(recording)) is not None
    assert flushed


# --- one copy that cannot be looked at --------------------------------------------------------


@pytest.fixture
def kept(archive, send, recording, root, monkeypatch):
    """Give the receipt of a file whose disk answers with an error, and what that error meets."""
    receipt = send(outgoing_of(recording, KEY))
    stat, met = Path.stat, []

    def refuse(self, **options):
        if self == root / KEY:
            met.append(self)
            raise OSError(errno.EIO, "Input/output error")
        return stat(self, **options)

    monkeypatch.setattr(Path, "stat", refuse)
    yield receipt
    assert met


def test_a_copy_that_cannot_be_looked_at_is_told_apart_from_the_archive(archive, kept):
    """Others can still be asked for."""
    with pytest.raises(CopyUnreadable, match="Input/output"):
        archive.is_here(kept)


def test_an_archive_that_goes_away_meanwhile_is_told(archive, kept, root):
    """It was not the one file."""
    marker, prepare = root / MARKER, archive._prepare
    looks = []

    def look():
        if looks:
            marker.unlink()
        looks.append(1)
        prepare()

    archive._prepare = look
    with pytest.raises(DestinationUnavailable):
        archive.is_here(kept)
    assert len(looks) == 2


def test_long_paths_are_opened_on_windows_whatever_archive_they_lie_in():
    """Even those of a share, and those that have that form already."""
    long = "x" * 250
    assert str(openable(Path(f"C:\\{long}"), platform="win32")) == f"\\\\?\\C:\\{long}"
    assert str(openable(Path(f"\\\\nas\\z\\{long}"), platform="win32")) == (
        f"\\\\?\\UNC\\nas\\z\\{long}"
    )
    for plain in (f"\\\\?\\C:\\{long}", "C:\\short"):
        assert str(openable(Path(plain), platform="win32")) == plain
    assert openable(Path(f"/{long}"), platform="linux") == Path(f"/{long}")


def test_a_copy_in_an_earlier_archive_is_seen_there(archive, send, recording, root, tmp_path):
    """And its path is that."""
    receipt = send(outgoing_of(recording, KEY))
    second = FolderDestination(tmp_path / "second")
    assert second.is_here(receipt)
    assert second.local_path(receipt) == root / KEY
    root.rename(tmp_path / "away")
    assert not second.is_here(receipt)
    assert second.check(receipt) == receipt  # believed, which is not seen
