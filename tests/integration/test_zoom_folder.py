"""The recordings folder on a real disk, with the trees that Zoom leaves behind."""

import errno
import json
import os
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import media as make
from zoomsync_agent.core.readiness import STALLED_SECONDS, Reason
from zoomsync_agent.sources import file_facts, zoom_folder
from zoomsync_agent.sources.file_facts import FileSystem, entry_from, has_writer
from zoomsync_agent.sources.recording_conf import ConfItem
from zoomsync_agent.sources.zoom_folder import ZoomFolder, parse_conf, real_name

NOW = 1_773_482_405.0
LONG_AGO = NOW - 86_400
RAW = "double_click_to_convert_01.zoom"

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="leases exist on Linux only")
posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


def conf(*items):
    """Return recording.conf for (audio, video, percent) each."""
    rows = [{"audio": a, "prefix": "", "process": p, "video": v} for a, v, p in items]
    return json.dumps({"items": rows, "magic_number": "399019170"}).encode()


def write(folder, files, changed_at=LONG_AGO):
    """Write files that were changed last at *changed_at*."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
        os.utime(folder / name, (changed_at, changed_at))
    return folder


class Tree:
    """A recordings folder under test."""

    def __init__(self, root):
        self.root = root
        self.zoom = ZoomFolder(root)

    def judge(self, path, *, unchanged=0.0, media_ready=False, now=NOW, quiet=10.0):
        """Return what is decided about one file."""
        listing = self.zoom.listing((self.root / path).parent)
        entry = next(e for e in listing.entries if e.name == (self.root / path).name)
        return self.zoom.examine(
            listing,
            entry,
            now=now,
            unchanged_seconds=unchanged,
            quiet_seconds=quiet,
            media_ready=media_ready,
        )

    def reasons(self, folder, **options):
        """Return the reason for every file of a folder that the agent takes."""
        found = {}
        for entry in self.zoom.listing(self.root / folder).entries:
            examined = self.judge(f"{folder}/{entry.name}", **options)
            if examined is not None:
                found[entry.name] = examined.verdict.reason
        return found

    def about(self, folder, now=NOW):
        """Return the verdict about raw data in a folder."""
        return self.zoom.folder_verdict(self.zoom.listing(self.root / folder), now)


@pytest.fixture
def tree(tmp_path):
    """The folders that Zoom's clients leave behind, of all ages."""
    root = tmp_path / "Zoom"
    film, sound = make.mp4(5000), make.mp4(500)
    write(
        root / "2026-03-14 10.00.05 Weekly Sync",
        {
            "video1399019170.mp4": film,
            "audio1399019170.m4a": sound,
            "playback1399019170.m3u": b"video1399019170.mp4",
            "chat.txt": b"18:45:12\t From Ann Smith : hello\n",
            "recording.conf": conf(("audio1399019170.m4a", "video1399019170.mp4", 100)),
            "zoomver.tag": b"6.0",
        },
    )
    write(
        root / "2026-03-14 12.00.00 Long one",
        {
            RAW: make.filler(9000),
            "video1411111111.mp4.tmp": film,
            "recording.conf": conf(("audio1411111111.m4a", "video1411111111.mp4", 37)),
        },
        NOW - 5,
    )
    write(
        root / "2026-03-13 09.00.00 Crashed",
        {
            RAW: make.filler(9000),
            "double_click_to_convert_02.zoom": make.filler(100),
            "recording.conf": conf(("", "", 0)),
            "zoomver.tag": b"6.0",
            "xcode_error.log": b"failed",
        },
    )
    write(
        root / "2026-03-12 15.30.00 Night School_ Part 2_",
        {
            "video1422222222.mp4": film,
            "video2422222222.mp4": film,
            "audio1422222222.m4a": sound,
            "audio2422222222.m4a": sound,
            "recording.conf": conf(
                ("audio1422222222.m4a", "video1422222222.mp4", 100),
                ("audio2422222222.m4a", "video2422222222.mp4", 100),
            ),
        },
    )
    speaker = root / "2026-03-11 15.30.00 Интервью с Ольгой" / "Audio Record"
    write(speaker, {"audioОльга11433333333.m4a": sound})
    write(
        root / "2020-04-09 15.10.19 my meeting 612342203",
        {"zoom_0.mp4": film, "audio_only.m4a": sound, "playback.m3u": b"x", "chat.txt": b"hi"},
    )
    write(
        root / "2026-07-21 17.06.44 OSG Factory Ops Meeting",
        {"meeting_saved_closed_caption.txt": b"[Ann] 18:05:11\ntext\n"},
    )
    write(root / "2022-04-21 10.11.23  Data Basics (April 2022)", {"video1.mp4": film})
    write(root, {"demo-copy.mp4": film, ".DS_Store": b"x", "desktop.ini": b"x"})
    (root / "transcripts").mkdir()
    return Tree(root)


# --- what Zoom leaves behind -------------------------------------------------------------------


def test_a_finished_meeting_is_ready_at_once(tree):
    """No waiting where the structure proves it; the chat goes with the film."""
    folder = "2026-03-14 10.00.05 Weekly Sync"
    assert tree.reasons(folder, media_ready=True, unchanged=5) == {
        "video1399019170.mp4": Reason.READY,
        "audio1399019170.m4a": Reason.READY,
        "chat.txt": Reason.READY if sys.platform == "linux" else Reason.SETTLING,
    }
    examined = tree.judge(f"{folder}/video1399019170.mp4")
    assert examined.duration_seconds == 3.0
    assert examined.part.kind.is_media
    assert tree.about(folder) is None


def test_a_conversion_shows_its_percentage_before_there_is_a_film(tree):
    """The stub of a conversion would play; nothing of it is taken, and people see 37 %."""
    folder = "2026-03-14 12.00.00 Long one"
    assert tree.reasons(folder) == {}
    name, verdict = tree.about(folder)
    assert (name, verdict.reason, verdict.percent) == (RAW, Reason.CONVERTING, 37)


def test_a_meeting_that_was_never_converted_is_shown(tree):
    """Raw data that lies there for a day is a row of its own."""
    name, verdict = tree.about("2026-03-13 09.00.00 Crashed")
    assert (name, verdict.reason, verdict.detail) == (RAW, Reason.NEEDS_CONVERSION, RAW)


@pytest.mark.parametrize(
    "folder",
    [
        "2026-03-12 15.30.00 Night School_ Part 2_",
        "2026-03-11 15.30.00 Интервью с Ольгой/Audio Record",
        "2022-04-21 10.11.23  Data Basics (April 2022)",
        ".",
    ],
)
def test_every_generation_of_names_is_ready(tree, folder):
    """Two parts, separate participants, odd spaces, files that people put there."""
    reasons = tree.reasons(folder)
    assert reasons
    assert set(reasons.values()) == {Reason.READY}
    assert tree.about(folder) is None


def test_old_folders_without_a_note_are_ready(tree):
    """Clients until 2021 wrote no recording.conf."""
    reasons = tree.reasons(
        "2020-04-09 15.10.19 my meeting 612342203", unchanged=20, media_ready=True
    )
    assert reasons == dict.fromkeys(("zoom_0.mp4", "audio_only.m4a", "chat.txt"), Reason.READY)


def test_captions_without_a_recording_wait(tree):
    """Zoom saves captions into a folder of their own."""
    reasons = tree.reasons("2026-07-21 17.06.44 OSG Factory Ops Meeting", unchanged=1e6)
    assert set(reasons.values()) == {Reason.WAITS_FOR_MEDIA}


def test_files_of_other_kinds_are_not_taken(tree):
    """No verdict for what the agent does not take."""
    assert tree.judge("desktop.ini") is None
    assert tree.judge("2026-03-14 10.00.05 Weekly Sync/zoomver.tag") is None


def test_the_life_of_a_meeting(tmp_path):
    """Recording, converting, renamed into place, done: one folder through all its states."""
    tree = Tree(tmp_path)
    folder = write(tmp_path / "m", {RAW: b"raw", "recording.conf": conf(("", "", 0))}, NOW - 2)
    assert tree.about("m")[1].reason is Reason.RECORDING

    write(folder, {"video1.mp4.tmp": make.mp4(50)}, NOW - 1)
    write(folder, {"recording.conf": conf(("audio1.m4a", "video1.mp4", 63))}, NOW - 1)
    verdict = tree.about("m")[1]
    assert (verdict.reason, verdict.percent) == (Reason.CONVERTING, 63)

    write(folder, {"video1.mp4": make.mp4(5000)}, NOW)
    assert tree.judge("m/video1.mp4").verdict.reason is Reason.CONVERTING
    assert tree.about("m") is None  # the film says it now

    (folder / RAW).unlink()
    (folder / "video1.mp4.tmp").unlink()
    assert tree.judge("m/video1.mp4").verdict.reason is Reason.CONVERTING
    write(folder, {"recording.conf": conf(("audio1.m4a", "video1.mp4", 100))}, NOW)
    assert tree.judge("m/video1.mp4").verdict.reason is Reason.READY


def test_a_ready_part_does_not_hide_the_part_that_was_never_converted(tmp_path):
    """Part 1 is taken on Zoom's word, and the raw data of part 2 is a row of its own."""
    raw = "double_click_to_convert_02.zoom"
    files = {"video1.mp4": make.mp4(), raw: b"raw"}
    files["recording.conf"] = conf(("", "video1.mp4", 100), ("", "", 0))
    write(tmp_path / "m", files)
    tree = Tree(tmp_path)
    assert tree.judge("m/video1.mp4").verdict.is_ready
    assert tree.about("m")[0] == raw
    assert tree.about("m")[1].reason is Reason.NEEDS_CONVERSION


def test_separate_participants_follow_their_meeting(tmp_path):
    """Raw data in the meeting's folder counts for the folder with the participants too."""
    sounds = {"audioAnnSmith11624140658.m4a": make.mp4()}
    write(tmp_path / "m" / "Audio Record", sounds)
    write(tmp_path / "m", {RAW: b"raw", "recording.conf": conf(("", "", 12))}, NOW - 3)
    tree = Tree(tmp_path)
    verdict = tree.judge("m/Audio Record/audioAnnSmith11624140658.m4a").verdict
    assert (verdict.reason, verdict.percent) == (Reason.CONVERTING, 12)
    assert tree.about("m/Audio Record") is None


def test_growth_counts_where_the_time_of_an_open_file_stands_still(tmp_path):
    """Windows enters the time late: a raw file that grows is being recorded all the same."""
    write(tmp_path / "m", {RAW: b"raw"})
    tree = Tree(tmp_path)
    assert tree.about("m")[1].reason is Reason.NEEDS_CONVERSION
    write(tmp_path / "m", {RAW: b"raw and more"})
    assert tree.about("m")[1].reason is Reason.RECORDING
    assert tree.about("m", NOW + STALLED_SECONDS + 1)[1].reason is Reason.NEEDS_CONVERSION


def test_a_decomposed_name_is_the_name_in_the_note(tmp_path):
    """MacOS hands out names in another Unicode form than the one that Zoom noted."""
    name = "audioZoë.m4a"
    write(tmp_path / "m", {unicodedata.normalize("NFD", name): make.mp4(), RAW: b"x"})
    note = conf((unicodedata.normalize("NFC", name), "", 100))
    write(tmp_path / "m", {"recording.conf": note})
    tree = Tree(tmp_path)
    assert tree.judge(f"m/{unicodedata.normalize('NFD', name)}").verdict.is_ready


def test_a_stray_file_of_another_program_holds_nothing(tmp_path):
    """Hidden files and office locks that end in .tmp are not Zoom's."""
    write(tmp_path / "m", {"video1.mp4": make.mp4(), "~WRL0001.tmp": b"x", "._a.tmp": b"x"}, NOW)
    assert Tree(tmp_path).judge("m/video1.mp4").verdict.is_ready


# --- one file ----------------------------------------------------------------------------------


def test_a_film_that_is_being_copied_is_waited_for(tmp_path):
    """The same file at three lengths."""
    whole = make.mp4(9000)
    write(tmp_path, {"a.mp4": whole[:4000]})
    tree = Tree(tmp_path)
    assert tree.judge("a.mp4").verdict.reason is Reason.INCOMPLETE
    write(tmp_path, {"a.mp4": b""})
    assert tree.judge("a.mp4").verdict.reason is Reason.EMPTY
    write(tmp_path, {"a.mp4": whole})
    assert tree.judge("a.mp4").verdict.reason is Reason.READY


def test_a_file_that_was_replaced_since_the_listing_is_not_judged(tmp_path):
    """The verdict is about the bytes that were listed, or there is none."""
    write(tmp_path, {"a.mp4": make.mp4(9000)})
    zoom = ZoomFolder(tmp_path)
    listing = zoom.listing(tmp_path)
    write(tmp_path, {"a.mp4": make.mp4(8000)})
    options = {"now": NOW, "unchanged_seconds": 99, "quiet_seconds": 1, "media_ready": False}
    verdict = zoom.examine(listing, listing.entries[0], **options).verdict
    assert (verdict.reason, verdict.recheck_seconds) == (Reason.SETTLING, 1)


def test_a_file_that_vanished_since_the_listing_is_unreadable(tmp_path):
    """Deleted between two looks: an answer, not an error."""
    write(tmp_path, {"a.mp4": make.mp4()})
    zoom = ZoomFolder(tmp_path)
    listing = zoom.listing(tmp_path)
    (tmp_path / "a.mp4").unlink()
    options = {"now": NOW, "unchanged_seconds": 99, "quiet_seconds": 1, "media_ready": False}
    assert zoom.examine(listing, listing.entries[0], **options).verdict.reason is Reason.UNREADABLE


@pytest.mark.parametrize("name", ["a.mp4", "chat.txt"])
def test_a_refusal_of_the_system_is_passed_on_in_its_words(tmp_path, monkeypatch, name):
    """The sentence names what the system said."""
    write(tmp_path, {name: make.mp4()})

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(zoom_folder, "open_to_read", refuse)
    verdict = Tree(tmp_path).judge(name, media_ready=True).verdict
    assert (verdict.reason, verdict.detail) == (Reason.UNREADABLE, "Permission denied")


@posix_only
def test_links_and_pipes_are_not_opened(tmp_path):
    """A link may lead anywhere, and opening a pipe would wait for ever."""
    write(tmp_path / "elsewhere", {"film.mp4": make.mp4()})
    root = write(tmp_path / "Zoom", {})
    (root / "link.mp4").symlink_to(tmp_path / "elsewhere" / "film.mp4")
    os.mkfifo(root / "pipe.mp4")
    os.mkfifo(root / "recording.conf")
    tree = Tree(root)
    assert tree.judge("link.mp4").verdict.reason is Reason.LINK
    assert tree.judge("pipe.mp4").verdict.reason is Reason.FOREIGN
    for name in ("link.mp4", "pipe.mp4"):
        with pytest.raises(OSError, match=r"."):
            file_facts.open_to_read(root / name)


# --- placeholders ------------------------------------------------------------------------------


class Status:
    """What `lstat` says, on systems other than this one."""

    st_mode, st_size, st_mtime_ns, st_dev, st_ino = 0o100644, 9000, 1, 2, 3

    def __init__(self, **fields):
        for name, value in fields.items():
            setattr(self, name, value)


@pytest.mark.parametrize(
    ("name", "fields", "trusted", "expected"),
    [
        ("a.mp4", {"st_file_attributes": 0x20}, False, False),
        ("a.mp4", {"st_file_attributes": 0x1000}, False, True),
        ("a.mp4", {"st_file_attributes": 0x40020}, False, True),
        ("a.mp4", {"st_file_attributes": 0x400020}, False, True),
        ("a.mp4", {"st_flags": 0x40000000, "st_blocks": 999}, False, True),
        (".a.mp4.icloud", {"st_blocks": 8}, False, True),
        ("a.mp4", {"st_blocks": 0}, True, True),
        ("a.mp4", {"st_blocks": 8}, True, True),
        ("a.mp4", {"st_blocks": 18}, True, False),
        ("a.mp4", {"st_blocks": 0}, False, False),
        ("a.mp4", {"st_blocks": 0, "st_flags": 0x20}, True, False),
        ("a.mp4", {"st_blocks": 0, "st_size": 4096}, True, False),
    ],
)
def test_what_is_only_in_the_cloud_is_recognised(name, fields, trusted, expected):
    """OneDrive, iCloud and sparse files; compressed, tiny and remote files are not those."""
    assert entry_from(name, Status(**fields), trust_blocks=trusted).is_placeholder is expected


def test_a_placeholder_is_never_opened(tmp_path, monkeypatch):
    """Opening would download it."""
    write(tmp_path, {"a.mp4": make.mp4(), ".b.mp4.icloud": b"x", "recording.conf": conf()})
    tree = Tree(tmp_path)
    listing = tree.zoom.listing(tmp_path)
    cloudy = replace(
        listing, entries=tuple(replace(e, is_placeholder=True) for e in listing.entries)
    )

    def refuse(*_):
        raise AssertionError("opened")

    monkeypatch.setattr(zoom_folder, "open_to_read", refuse)
    monkeypatch.setattr(zoom_folder, "has_writer", refuse)
    options = {"now": NOW, "unchanged_seconds": 99, "quiet_seconds": 1, "media_ready": False}
    for entry in cloudy.entries:
        examined = tree.zoom.examine(cloudy, entry, **options)
        assert examined is None or examined.verdict.reason is Reason.PLACEHOLDER
    assert real_name(".b.mp4.icloud") == "b.mp4"


@posix_only
def test_a_file_with_holes_is_a_placeholder_where_blocks_tell(tmp_path, monkeypatch):
    """The size is promised, the content is not there."""
    with (tmp_path / "a.mp4").open("wb") as file:
        file.truncate(1_000_000)
    monkeypatch.setattr(zoom_folder, "file_system_of", lambda _: FileSystem(True, True))
    assert Tree(tmp_path).judge("a.mp4").verdict.reason is Reason.PLACEHOLDER
    monkeypatch.setattr(zoom_folder, "file_system_of", lambda _: FileSystem())
    assert Tree(tmp_path).judge("a.mp4").verdict.reason is Reason.INCOMPLETE


# --- who has it open -----------------------------------------------------------------------------


@linux_only
def test_a_writer_is_noticed_and_so_is_its_end(tmp_path):
    """An open descriptor counts, in this process too; readers do not."""
    path = tmp_path / "a.mp4"
    path.write_bytes(make.mp4())
    assert has_writer(path) is False
    with path.open("rb"):
        assert has_writer(path) is False
    with path.open("ab"):
        assert has_writer(path) is True
    assert has_writer(path) is False
    assert has_writer(tmp_path / "absent") is None


@linux_only
def test_a_writer_in_another_process_holds_the_film(tmp_path, monkeypatch):
    """Whole by its structure and yet open: it is waited for."""
    path = tmp_path / "a.mp4"
    path.write_bytes(make.mp4())
    monkeypatch.setattr(zoom_folder, "file_system_of", lambda _: FileSystem(False, True))
    script = "import sys; f = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()"
    tree = Tree(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"open\n"
        assert tree.judge("a.mp4").verdict.reason is Reason.OPEN_ELSEWHERE
        writer.stdin.close()
        writer.wait()
    assert tree.judge("a.mp4").verdict.is_ready


@linux_only
def test_a_lease_that_is_broken_does_not_end_the_process(tmp_path):
    """Others open the file for writing while it is asked about, thousands of times."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    script = "import sys\nfor _ in range(3000): open(sys.argv[1], 'ab').close()\n"
    with subprocess.Popen([sys.executable, "-c", script, str(path)]) as writer:
        answers = set()
        while writer.poll() is None:
            answers.add(has_writer(path))
    assert writer.returncode == 0
    assert False in answers


@linux_only
def test_a_network_drive_is_not_asked_who_writes(tmp_path, monkeypatch):
    """NFS and SMB always refuse; believing that would hold every file for ever."""
    path = tmp_path / "a.mp4"
    path.write_bytes(make.mp4())
    monkeypatch.setattr(zoom_folder, "has_writer", lambda _: True)
    monkeypatch.setattr(zoom_folder, "file_system_of", lambda _: FileSystem(False, False))
    assert Tree(tmp_path).judge("a.mp4").verdict.is_ready
    monkeypatch.setattr(zoom_folder, "file_system_of", lambda _: FileSystem(False, True))
    assert Tree(tmp_path).judge("a.mp4").verdict.reason is Reason.OPEN_ELSEWHERE


@pytest.mark.skipif(sys.platform == "win32", reason="Windows is not asked")
@pytest.mark.parametrize(
    ("kind", "blocks", "leases"),
    [("ext4", True, True), ("btrfs", False, True), ("nfs4", False, False), ("new", False, False)],
)
def test_the_innermost_mount_decides_what_is_believed(tmp_path, monkeypatch, kind, blocks, leases):
    """A drive that is mounted inside another has its own rules."""
    import psutil

    class Mount:
        def __init__(self, mountpoint, fstype):
            self.mountpoint, self.fstype = mountpoint, fstype

    real = os.path.realpath(tmp_path)
    mounts = [Mount("/", "xfs"), Mount(real, kind), Mount(real + "-other", "xfs")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
    found = file_facts.file_system_of(tmp_path / "Zoom")
    assert (found.trusts_blocks, found.trusts_leases) == (blocks, leases)


# --- walking -------------------------------------------------------------------------------------


def test_every_folder_is_listed_parents_first(tree):
    """All folders but hidden ones, and entries in order of their names."""
    (tree.root / ".git").mkdir()
    listings = list(tree.zoom.listings())
    assert listings[0].folder == tree.root
    assert len(listings) == 11
    assert not any(listing.error for listing in listings)
    names = [e.name for e in listings[1].entries]
    assert names == sorted(names)
    assert names


@posix_only
def test_a_loop_of_links_is_not_walked(tmp_path):
    """A link to a folder above is an entry like others."""
    write(tmp_path / "m", {"a.mp4": make.mp4()})
    (tmp_path / "m" / "up").symlink_to(tmp_path, target_is_directory=True)
    listings = list(ZoomFolder(tmp_path).listings())
    assert [listing.folder.name for listing in listings] == [tmp_path.name, "m"]
    assert [e.is_link for e in listings[1].entries] == [False, True]


def test_depth_is_bounded(tmp_path):
    """A folder inside a folder inside a folder … comes to an end."""
    deep = tmp_path
    for _ in range(20):
        deep /= "d"
    deep.mkdir(parents=True)
    assert len(list(ZoomFolder(tmp_path).listings())) == zoom_folder.MAX_DEPTH + 1


def test_a_folder_that_is_away_is_told(tmp_path):
    """A root that is not there is one listing with an error."""
    (only,) = ZoomFolder(tmp_path / "absent").listings()
    assert only.errno == errno.ENOENT
    assert only.error
    assert only.entries == ()


def test_one_unreadable_folder_does_not_hide_the_others(tmp_path, monkeypatch):
    """The walk goes on behind a folder that cannot be read."""
    for name in ("a", "b", "c"):
        write(tmp_path / name, {"x.mp4": make.mp4()})
    scandir = os.scandir

    def refusing(path):
        if Path(path).name == "b":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = {i.folder.name: (i.error, len(i.entries)) for i in ZoomFolder(tmp_path).listings()}
    assert found["b"] == ("Permission denied", 0)
    assert found["a"] == found["c"] == ("", 1)


def test_an_entry_describes_a_file_without_opening_it(tmp_path):
    """Size, time and identity as the system tells them."""
    write(tmp_path, {"a.mp4": b"12345"})
    entry = entry_from("a.mp4", (tmp_path / "a.mp4").lstat(), trust_blocks=True)
    status = (tmp_path / "a.mp4").stat()
    assert (entry.size, entry.mtime_ns) == (5, status.st_mtime_ns)
    assert (entry.device, entry.inode) == (status.st_dev, status.st_ino)
    assert entry.is_regular
    assert not entry.is_link


# --- recording.conf ------------------------------------------------------------------------------


def test_the_note_of_two_parts_is_read():
    """Per cent as numbers, as text, as fractions; unknown fields are ignored."""
    note = b'{"items":[{"audio":"a.m4a","video":"v.mp4","process":"100"},{"process":62.9}],"x":[]}'
    found = parse_conf(note)
    assert found.readable
    assert found.items == (ConfItem("a.m4a", "v.mp4", 100), ConfItem("", "", 62))
    assert (found.percent_of("v.mp4"), found.percent_of("other.mp4")) == (100, None)
    assert found.pending_percent == 62


def test_the_pending_percentage_is_that_of_what_is_not_done():
    """A finished part does not make the other look nearly done."""
    assert parse_conf(conf(("", "", 100), ("", "", 20), ("", "", 41))).pending_percent == 30
    assert parse_conf(conf(("", "", 100))).pending_percent is None
    assert parse_conf(conf()).pending_percent is None


@pytest.mark.parametrize("value", [None, True, [], {}, "x", "NaN", "1e999", float("inf")])
def test_a_percentage_that_is_none_says_nothing(value):
    """Neither done nor pending."""
    found = parse_conf(json.dumps({"items": [{"process": value}]}).encode())
    assert found.items == (ConfItem("", "", None),)
    assert found.pending_percent is None


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b'{"items":3}', b'{"items":[3]}', b"\xff"]
)
def test_a_broken_note_is_not_readable(data):
    """Half-written JSON, foreign kinds."""
    assert not parse_conf(data).readable


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["items", "audio", "video", "process"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_note_gets_an_answer(data):
    """Nothing in the file raises, and per cent stay per cent."""
    found = parse_conf(data)
    assert all(i.percent is None or 0 <= i.percent <= 100 for i in found.items)


def test_a_note_of_absurd_depth_gets_an_answer():
    """Brackets without end are not followed."""
    assert not parse_conf(b"[" * 200_000).readable


def test_a_walk_opens_no_file(tmp_path, monkeypatch):
    """Listing needs names and lstat, nothing else."""
    for number in range(50):
        write(tmp_path / str(number), {"video1.mp4": b"x", "chat.txt": b"y"})

    def refuse(*_args, **_options):
        raise AssertionError("opened")

    monkeypatch.setattr(os, "open", refuse)
    assert sum(len(i.entries) for i in ZoomFolder(tmp_path).listings()) == 100
