"""Names of Zoom's folders and files, and the names that the agent gives."""

import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.naming import (
    KeyStyle,
    display_name,
    file_part,
    meeting,
    object_key,
    recording_id,
    safe_file_name,
)
from zoomsync_agent.core.recording import FilePart, Kind, Meeting, MeetingKey
from zoomsync_agent.destinations.plain_keys import expect_plain
from zoomsync_agent.s3.bucket import Bucket

BERLIN = ZoneInfo("Europe/Berlin")
SHA = "1a2b3c4d5e6f" + "0" * 52
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
ANY_NAME = ANY_TEXT | st.sampled_from(
    [
        "",
        ".",
        "..",
        "CON",
        "nul.mp4",
        "COM1.tar.gz",
        "a" * 300,
        "週" * 200,
        "x.",
        "x ",
        "\ud800",
        "👩‍👩‍👧" * 40,
    ]
)


def posix(text):
    """Return a path that is the same on every system."""
    return PurePosixPath(text)


# What a file's own name tells -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("video1933084732.mp4", FilePart(Kind.VIDEO)),
        ("video1399019170.mp4", FilePart(Kind.VIDEO)),
        ("video2422222222.mp4", FilePart(Kind.VIDEO, 2)),
        ("video12422222222.mp4", FilePart(Kind.VIDEO, 12)),
        ("VIDEO1399019170.MP4", FilePart(Kind.VIDEO)),
        ("video1.mp4", FilePart(Kind.VIDEO)),
        ("video0399019170.mp4", FilePart(Kind.VIDEO)),
        ("audio1399019170.m4a", FilePart(Kind.AUDIO)),
        ("audio1675864608.m4a", FilePart(Kind.AUDIO)),
        ("audio2422222222.m4a", FilePart(Kind.AUDIO, 2)),
        ("as1399019170.mp4", FilePart(Kind.VIDEO, is_screen_share=True)),
        ("audioAnnSmith11624140658.m4a", FilePart(Kind.AUDIO, 1, "AnnSmith")),
        ("audioSamDoe11624140658.m4a", FilePart(Kind.AUDIO, 1, "SamDoe")),
        ("audioОльга11433333333.m4a", FilePart(Kind.AUDIO, 1, "Ольга")),
        ("audioSamDoe32624140658.m4a", FilePart(Kind.AUDIO, 2, "SamDoe")),
        ("audioSamDoe101624140658.m4a", FilePart(Kind.AUDIO, 1, "SamDoe")),
        ("audioiPhone1211624140658.m4a", FilePart(Kind.AUDIO, 1, "iPhone12")),
        ("audio1555123456711624140658.m4a", FilePart(Kind.AUDIO, 1, "15551234567")),
        ("audio11624140658.m4a", FilePart(Kind.AUDIO)),
        ("zoom_0.mp4", FilePart(Kind.VIDEO)),
        ("zoom_1.mp4", FilePart(Kind.VIDEO, 2)),
        ("audio_only.m4a", FilePart(Kind.AUDIO)),
        ("audio_only_0.m4a", FilePart(Kind.AUDIO)),
        ("audio_only_1.m4a", FilePart(Kind.AUDIO, 2)),
        ("demo-copy.mp4", FilePart(Kind.VIDEO)),
        ("astronomy.mp4", FilePart(Kind.VIDEO)),
        ("talk.webm", FilePart(Kind.VIDEO)),
        ("talk.mp3", FilePart(Kind.AUDIO)),
        ("talk.wav", FilePart(Kind.AUDIO)),
        ("GMT20241003-053000_Recording_1920x1080.mp4", FilePart(Kind.VIDEO)),
        ("GMT20241003-053000_Recording_1920x1080 (1).mp4", FilePart(Kind.VIDEO)),
        ("GMT20241003-053000_Recording.m4a", FilePart(Kind.AUDIO)),
        ("GMT20241003-053000_Recording_gallery_1280x720.mp4", FilePart(Kind.VIDEO)),
        (
            "GMT20241003-053000_Recording_as_1920x1080.mp4",
            FilePart(Kind.VIDEO, is_screen_share=True),
        ),
        ("GMT20200606-172821_Weekly-Syn_avo_640x360.mp4", FilePart(Kind.VIDEO)),
        ("GMT20241003-053000_RecordingnewChat.txt", FilePart(Kind.CHAT)),
        ("GMT20241003-053000_Recording.txt", FilePart(Kind.CHAT)),
        ("GMT20241003-053000_Recording.transcript.vtt", FilePart(Kind.TRANSCRIPT)),
        ("GMT20241003-053000_Recording.cc.vtt", FilePart(Kind.CAPTIONS)),
        ("GMT20241003-053000_Recording.cc (1).vtt", FilePart(Kind.CAPTIONS)),
        ("demo.vtt", FilePart(Kind.TRANSCRIPT)),
        ("chat.txt", FilePart(Kind.CHAT)),
        ("Chat (2).TXT", FilePart(Kind.CHAT)),
        ("meeting_saved_chat.txt", FilePart(Kind.CHAT)),
        ("meeting_saved_new_chat.txt", FilePart(Kind.CHAT)),
        ("closed_caption.txt", FilePart(Kind.CAPTIONS)),
        ("meeting_saved_closed_caption.txt", FilePart(Kind.CAPTIONS)),
    ],
)
def test_a_file_name_tells_its_part(name, part):
    """Every name that Zoom or its portal writes is understood, in composed and decomposed form."""
    assert file_part(name) == part
    assert file_part(unicodedata.normalize("NFD", name)) == part


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".mp4",
        "mp4",
        "video1411111111.mp4.tmp",
        "double_click_to_convert_01.zoom",
        "video1399019170.mp4.part",
        "video1399019170.mp4.crdownload",
        "video1399019170.mp4.download",
        ".video2.mp4.icloud",
        "._video1399019170.mp4",
        "~$video.mp4",
        ".DS_Store",
        "desktop.ini",
        "recording.conf",
        "zoomver.tag",
        "playback1399019170.m3u",
        "playback.m3u",
        "xcode_error.log",
        "notes.txt",
        "GMT20241003-053000_Recording.transcript.txt",
    ],
)
def test_other_files_are_not_taken(name):
    """Half-finished, hidden and foreign files are no recording files."""
    assert file_part(name) is None


@given(ANY_NAME, st.sampled_from(["", ".mp4", ".m4a", ".vtt", ".txt"]))
def test_any_file_name_has_an_answer(name, ending):
    """No name raises, and what is told can be stored."""
    part = file_part(name + ending)
    if part is not None:
        assert part.part >= 1
        (part.participant or "").encode()


# Folder names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "title", "start"),
    [
        ("2020-04-09 15.10.19 my meeting 612342203", "my meeting", "2020-04-09T15:10:19"),
        (
            "2021-01-11 10.55.45 Kim's Office Hour 96803833948",
            "Kim's Office Hour",
            "2021-01-11T10:55:45",
        ),
        (
            "2021-07-20 11.01.09 Sam Doe's Zoom Meeting 88351896599",
            "Sam Doe's Zoom Meeting",
            "2021-07-20T11:01:09",
        ),
        (
            "2021-01-22 15.20.24 ME 101_ Writing for Engineers 94482445948",
            "ME 101_ Writing for Engineers",
            "2021-01-22T15:20:24",
        ),
        (
            "2022-04-21 10.11.23  Data Basics (April 2022)",
            "Data Basics (April 2022)",
            "2022-04-21T10:11:23",
        ),
        ("2022-11-04 23.45.05 Alex's Zoom Meeting", "Alex's Zoom Meeting", "2022-11-04T23:45:05"),
        ("2026-07-11 19.09.26 Lee's Zoom Meeting", "Lee's Zoom Meeting", "2026-07-11T19:09:26"),
        (
            "2026-04-22 17.55.54 Night School_ Part 2_ …",
            "Night School_ Part 2_ …",
            "2026-04-22T17:55:54",
        ),
        (
            "2026-02-20 10.09.18 Reunión de Zoom de Álvaro Núñez",
            "Reunión de Zoom de Álvaro Núñez",
            "2026-02-20T10:09:18",
        ),
        (
            "2026-07-29 19.02.12 Іван Приклад's Personal Meeting Room",
            "Іван Приклад's Personal Meeting Room",
            "2026-07-29T19:02:12",
        ),
        ("2026-06-05 14.02.20 週次会議（例）", "週次会議（例）", "2026-06-05T14:02:20"),
        (
            "2026-02-19 15.07.57 Sala riunioni personale di Anna Esempio",
            "Sala riunioni personale di Anna Esempio",
            "2026-02-19T15:07:57",
        ),
        ("2026-03-14 10.00.05", "Zoom meeting", "2026-03-14T10:00:05"),
        ("2020-04-09 15.10.19 612342203", "Zoom meeting", "2020-04-09T15:10:19"),
        ("2026-04-09 15.10.19 Ticket 612342203", "Ticket 612342203", "2026-04-09T15:10:19"),
        ("2020-04-09 15.10.19 Room 1234", "Room 1234", "2020-04-09T15:10:19"),
    ],
)
def test_a_folder_name_tells_topic_and_start(folder, title, start):
    """Local time becomes an instant, the meeting number of old clients goes, the topic stays."""
    for form in ("NFC", "NFD"):
        path = posix(unicodedata.normalize(form, folder)) / "video1399019170.mp4"
        found = meeting(path, zone=BERLIN)
        assert found.title == title
        assert found.started_at == datetime.fromisoformat(start).replace(tzinfo=BERLIN).timestamp()
        assert not found.started_is_ambiguous
        assert found.key == meeting(posix(folder) / "chat.txt", zone=UTC).key


def test_all_files_of_a_folder_share_one_key():
    """Media, text and separate voices are one meeting; another folder is another."""
    folder = "2026-03-11 15.30.00 Интервью с Ольгой"
    names = ("video1433333333.mp4", "chat.txt", "Audio Record/audioОльга11433333333.m4a", "x/y.mp4")
    meetings = {meeting(posix(folder) / name, zone=BERLIN) for name in names}
    assert len(meetings) == 1
    other = meeting(posix("old") / folder / names[0], zone=BERLIN)
    assert other.key not in {found.key for found in meetings}
    assert other.key.startswith("2026-03-11_15.30.00-")
    assert other.key.isascii()


def test_both_kinds_of_path_give_one_key():
    """A key does not depend on the system's separator."""
    windows = PureWindowsPath("a\\2026-03-14 10.00.05 Weekly\\Audio Record\\audioX11433333333.m4a")
    linux = posix("a/2026-03-14 10.00.05 Weekly/video1433333333.mp4")
    assert meeting(windows, zone=BERLIN) == meeting(linux, zone=BERLIN)


def test_the_nearest_zoom_folder_wins():
    """A folder inside a meeting's folder does not hide it; an outer meeting does not either."""
    path = posix("2026-03-14 10.00.05 Outer/2026-03-15 11.00.00 Inner/export/demo.mp4")
    assert meeting(path, zone=BERLIN).title == "Inner"


# The hour that exists twice: Berlin, 25 October 2026, 02:00 to 03:00 -----------------------------

TWICE = posix("2026-10-25 02.30.00 Night shift/video1399019170.mp4")
FIRST = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()
SECOND = FIRST + 3600


@pytest.mark.parametrize(
    ("ended_before", "duration", "start", "is_ambiguous"),
    [
        (None, None, FIRST, True),
        (FIRST + 1900, 1800, FIRST, False),
        (SECOND + 1900, 1800, SECOND, False),
        (SECOND + 3700, 7200, FIRST, False),
        (SECOND + 60, None, SECOND, False),
        (FIRST + 60, None, FIRST, False),
        (FIRST - 60, None, FIRST, True),
        (SECOND + 30 * 86_400, 1800, FIRST, True),
        (float("nan"), None, FIRST, True),
    ],
)
def test_an_ambiguous_hour_is_decided_by_the_end(ended_before, duration, start, is_ambiguous):
    """The instant that fits the end best is taken; where nothing fits, the first, and it says so.

    A copy made a month later proves nothing about the hour.
    """
    found = meeting(TWICE, zone=BERLIN, ended_before=ended_before, duration=duration)
    assert (found.started_at, found.started_is_ambiguous) == (start, is_ambiguous)


def test_an_hour_that_was_skipped_is_no_error():
    """A local time that never was is taken as the zone takes it."""
    found = meeting(posix("2026-03-29 02.30.00 Early/video1399019170.mp4"), zone=BERLIN)
    assert found.started_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC).timestamp()
    assert not found.started_is_ambiguous


@pytest.mark.parametrize(
    "folder",
    ["2026-02-31 10.00.00 A", "2026-01-01 25.00.00 A", "0000-01-01 00.00.00 A", "2026-01-01 A"],
)
def test_an_impossible_date_is_a_foreign_folder(folder):
    """Such a folder keeps its whole name and has no start."""
    found = meeting(posix(folder) / "video1399019170.mp4", zone=BERLIN)
    assert (found.title, found.started_at) == (folder, None)


class _Refusing(tzinfo):
    """A zone whose rules cannot be had for any moment."""

    def utcoffset(self, _moment):
        raise OSError(22, "Invalid argument")

    dst = tzname = utcoffset


@pytest.mark.parametrize("zone", [BERLIN, UTC, timezone(timedelta(hours=-8)), _Refusing()])
@pytest.mark.parametrize(
    "folder",
    ["9999-12-31 23.00.00 x", "9999-01-01 00.00.00 x", "1969-12-31 12.00.00 x"],
)
def test_a_year_that_no_meeting_was_in_is_no_date(folder, zone):
    """Not every system and interface can write such a moment, so the folder is undated."""
    found = meeting(posix(folder) / "video1399019170.mp4", zone=zone)
    assert (found.title, found.started_at) == (folder, None)


def test_a_moment_before_the_epoch_is_no_date():
    """East of Greenwich the first day of 1970 began in 1969."""
    found = meeting(posix("1970-01-01 00.30.00 x/video1399019170.mp4"), zone=BERLIN)
    assert found.started_at is None
    assert meeting(posix("1970-01-02 00.30.00 x/a.mp4"), zone=BERLIN).started_at == 84_600


def test_a_zone_without_an_answer_leaves_a_folder_undated():
    """A recording is not lost because the system does not know its zone's rules."""
    found = meeting(posix("2024-01-01 10.00.00 x/a.mp4"), zone=_Refusing())
    assert found.started_at is None


@pytest.mark.parametrize("year", ["9999", "1969", "0001"])
def test_a_portal_year_that_no_meeting_was_in_is_no_date(year):
    """A download's name is held to the same years."""
    assert meeting(posix(f"GMT{year}0103-053000_Recording.mp4"), zone=BERLIN).started_at is None


# Web portal and foreign files --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("GMT20241003-053000_Recording_1920x1080.mp4", "Zoom recording"),
        ("GMT20241003-053000_Recording.m4a", "Zoom recording"),
        ("GMT20241003-053000_Recording_gallery_1280x720.mp4", "Zoom recording"),
        ("GMT20241003-053000_RecordingnewChat.txt", "Zoom recording"),
        ("GMT20241003-053000_Recording.transcript.vtt", "Zoom recording"),
        ("GMT20241003-053000_Recording.cc (1).vtt", "Zoom recording"),
        ("Team talks/GMT20241003-053000_Recording_1920x1080 (1).mp4", "Team talks"),
        ("GMT20241003-053000_Weekly-Syn_avo_640x360.mp4", "Weekly-Syn"),
        ("GMT20241003-053000_Weekly_Syn_640x360.mp4", "Weekly_Syn"),
    ],
)
def test_a_portal_download_is_in_utc(path, title):
    """GMT names hold UTC, and all downloads of one meeting share its key."""
    found = meeting(posix(path), zone=BERLIN)
    start = datetime(2024, 10, 3, 5, 30, tzinfo=UTC).timestamp()
    assert found == Meeting(MeetingKey("gmt20241003-053000"), title, start)


def test_an_impossible_portal_date_is_a_foreign_file():
    """A name that only looks like a download keeps its stem as title."""
    found = meeting(posix("GMT20241303-053000_Recording.mp4"), zone=BERLIN)
    assert (found.title, found.started_at) == ("GMT20241303-053000_Recording", None)


def test_a_download_inside_a_zoom_folder_belongs_to_it():
    """The folder's own start wins over the portal's name."""
    folder = posix("2026-03-14 10.00.05 Weekly")
    found = meeting(folder / "GMT20260314-090011_Recording.transcript.vtt", zone=BERLIN)
    assert found == meeting(folder / "video1399019170.mp4", zone=BERLIN)


@pytest.mark.parametrize("folder", ["", "clips"])
def test_loose_files_are_told_apart_by_their_stem(folder):
    """Media and its own texts share a key; the next file's text reaches neither."""
    keys = [
        meeting(posix(folder) / name, zone=BERLIN).key
        for name in ("demo.mp4", "demo.vtt", "demo.transcript.vtt", "other.mp4", "other.cc.vtt")
    ]
    assert len(set(keys[:3])) == len(set(keys[3:])) == 1
    assert keys[0] != keys[3]


def test_titles_of_foreign_files():
    """A folder names what is in it, in the root a file names itself."""
    assert meeting(posix("demo-copy.mp4"), zone=BERLIN).title == "demo-copy"
    assert meeting(posix("My talks/demo.mp4"), zone=BERLIN).title == "My talks"
    assert meeting(posix("demo.mp4"), zone=BERLIN).started_at is None


def test_a_renamed_zoom_folder_stays_together():
    """Files that Zoom named belong to their folder, whatever its name is now."""
    names = ("video1399019170.mp4", "audio1399019170.m4a", "zoom_0.mp4", "chat.txt")
    names += ("Audio Record/audioAnnSmith11624140658.m4a",)
    found = {meeting(posix("Budget talk") / name, zone=BERLIN) for name in names}
    assert len(found) == 1
    assert found.pop().title == "Budget talk"


@given(
    st.lists(
        ANY_NAME.map(lambda name: name.replace("/", "_"))
        | st.from_regex(r"\d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d.{0,20}", fullmatch=True)
        | st.from_regex(r"GMT\d{8}-\d{6}_.{0,20}", fullmatch=True),
        max_size=4,
    ),
    st.sampled_from([BERLIN, UTC]),
    st.none() | st.floats(),
    st.none() | st.floats(),
)
def test_any_path_is_some_meeting(parts, zone, ended_before, duration):
    """No path raises; key and title can be stored, and asking again gives the same key."""
    path = PurePosixPath(*parts)
    found = meeting(path, zone=zone, ended_before=ended_before, duration=duration)
    assert found.title.strip()
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in found.title)
    found.title.encode()
    assert found.key.isascii()
    assert found.key
    assert meeting(PurePath(path), zone=zone).key == found.key
    for style in KeyStyle:
        assert_safe(object_key(found, path.name, SHA, style=style, zone=zone), style)


# Names that the agent gives ----------------------------------------------------------------------

WEEKLY = Meeting(
    MeetingKey("k"), "Weekly Sync", datetime(2026, 3, 14, 10, 0, 5, tzinfo=BERLIN).timestamp()
)
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{d}{n}" for d in ("COM", "LPT") for n in range(1, 10))}


def assert_safe(key, style):
    """Check every promise of an object key of *style*."""
    key.encode()
    components = key.split("/")
    assert all(components)
    assert not {".", ".."}.intersection(components)
    if style is KeyStyle.ASCII:
        assert all(char.isascii() and (char.isalnum() or char in "._/-") for char in key)
        assert len(key) <= 200
        return
    assert len(components) == 3
    if style is KeyStyle.PLAIN:
        assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-./")
        assert not any(one.startswith(("-", ".")) or one.endswith("-") for one in components)
        assert len(key) <= 200
        return
    assert key == unicodedata.normalize("NFC", key)
    for component in components:
        assert len(component.encode()) <= 180
        assert component == component.strip()
        assert not component.endswith(".")
        assert not component.startswith(".")
        assert not set('\\:*?"<>|').intersection(component)
        assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in component)
        assert component.split(".")[0].rstrip().upper() not in RESERVED


@given(
    ANY_NAME,
    ANY_NAME,
    st.none() | st.floats() | st.floats(0, 4e9),
    st.sampled_from(KeyStyle),
    st.text(st.characters(exclude_categories=()), max_size=100)
    | st.sampled_from(["..", "/", "a/b"]),
)
def test_every_object_key_is_safe(title, name, started_at, style, user_id):
    """Whatever a meeting, a file or a user is called, every system can hold the key."""
    found = Meeting(MeetingKey("k"), title, started_at)
    key = object_key(found, name, SHA, style=style, zone=BERLIN, user_id=user_id)
    assert_safe(key, style)
    assert SHA[:12] in key.rpartition("/")[2]
    other = object_key(found, name, "f" * 64, style=style, zone=BERLIN, user_id=user_id)
    assert key != other


@pytest.mark.parametrize(
    ("title", "name", "key"),
    [
        (
            "Weekly Sync",
            "video1399019170.mp4",
            "2026/2026-03-14 10.00.05 Weekly Sync/video1399019170-1a2b3c4d5e6f.mp4",
        ),
        (
            'a/b\\c:d*e?f"g<h>i|j\n',
            "x.transcript.VTT",
            "2026/2026-03-14 10.00.05 a_b_c_d_e_f_g_h_i_j/x.transcript-1a2b3c4d5e6f.vtt",
        ),
        (
            "Ends with dots...  ",
            "CON.backup.mp4",
            "2026/2026-03-14 10.00.05 Ends with dots/_CON.backup-1a2b3c4d5e6f.mp4",
        ),
        (
            "週次会議\ud800\u202e",
            "no ending",
            "2026/2026-03-14 10.00.05 週次会議__/no ending-1a2b3c4d5e6f",
        ),
    ],
)
def test_a_readable_key(title, name, key):
    """People find year, start and title; what no file system holds becomes an underscore."""
    found = Meeting(WEEKLY.key, title, WEEKLY.started_at)
    assert object_key(found, name, SHA, style=KeyStyle.READABLE, zone=BERLIN) == key


@pytest.mark.parametrize(
    ("title", "folder"),
    [("Talk", "Talk"), ("con", "_con"), ("NUL.x", "_NUL.x"), ("..", "_"), ("", "_"), (".x", "_x")],
)
def test_a_readable_key_without_a_start(title, folder):
    """Without a date there is a shelf of its own, and the title alone must be a safe name."""
    found = Meeting(MeetingKey("k"), title)
    key = object_key(found, "demo.mp4", SHA, style=KeyStyle.READABLE, zone=BERLIN)
    assert key == f"undated/{folder}/demo-1a2b3c4d5e6f.mp4"


def test_long_names_are_cut_between_characters():
    """What is cut is the name; hash and ending stay, and no character is halved."""
    found = Meeting(WEEKLY.key, "会" * 200, WEEKLY.started_at)
    key = object_key(found, "議" * 200 + ".mp4", SHA, style=KeyStyle.READABLE, zone=BERLIN)
    _, folder, file = key.split("/")
    assert 176 <= len(folder.encode()) <= 180
    assert 176 <= len(file.encode()) <= 180
    assert file.endswith("議-1a2b3c4d5e6f.mp4")


@pytest.mark.parametrize(
    ("title", "name", "user_id", "key"),
    [
        ("Weekly Sync", "v.mp4", "u-1", "u-1/2026/03/1a2b3c4d5e6f0000-weekly-sync.mp4"),
        ("Reunión #1", "v.MP4", "u-1", "u-1/2026/03/1a2b3c4d5e6f0000-reunion-1.mp4"),
        ("週次会議", "v.mp4", "u-1", "u-1/2026/03/1a2b3c4d5e6f0000-recording.mp4"),
        ("Weekly", "v", "", "2026/03/1a2b3c4d5e6f0000-weekly"),
        ("Weekly", "v.mp4", "../x", "-x/2026/03/1a2b3c4d5e6f0000-weekly.mp4"),
    ],
)
def test_an_ascii_key(title, name, user_id, key):
    """Object storage gets the owner first and plain characters only."""
    found = Meeting(WEEKLY.key, title, WEEKLY.started_at)
    made = object_key(found, name, SHA, style=KeyStyle.ASCII, zone=BERLIN, user_id=user_id)
    assert made == key


def test_an_ascii_key_without_a_start():
    """The date is missing, the rest is the same."""
    found = Meeting(MeetingKey("k"), "Talk")
    key = object_key(found, "v.mp4", SHA, style=KeyStyle.ASCII, zone=BERLIN, user_id="u")
    assert key == "u/undated/1a2b3c4d5e6f0000-talk.mp4"


@pytest.mark.parametrize(
    ("title", "name", "key"),
    [
        (
            "Weekly Sync",
            "video1399019170.mp4",
            "2026/2026-03-14-100005-weekly-sync/video1399019170-1a2b3c4d5e6f.mp4",
        ),
        ("Reunión #1", "v.MP4", "2026/2026-03-14-100005-reunion-1/v-1a2b3c4d5e6f.mp4"),
        ("週次会議", "会.mp4", "2026/2026-03-14-100005-recording/file-1a2b3c4d5e6f.mp4"),
        ("a/b\\c\n", "../x.y.VTT", "2026/2026-03-14-100005-a-b-c/x-y-1a2b3c4d5e6f.vtt"),
        ("-", "no ending", "2026/2026-03-14-100005-recording/no-ending-1a2b3c4d5e6f"),
    ],
)
def test_a_plain_key(title, name, key):
    """For people, in characters that every store and every proxy leaves as they are."""
    found = Meeting(WEEKLY.key, title, WEEKLY.started_at)
    assert object_key(found, name, SHA, style=KeyStyle.PLAIN, zone=BERLIN, user_id="ann") == key


def test_a_plain_key_without_a_start():
    """There is a shelf for these."""
    found = Meeting(MeetingKey("k"), "Talk")
    key = object_key(found, "v.mp4", SHA, style=KeyStyle.PLAIN, zone=BERLIN)
    assert key == "undated/talk/v-1a2b3c4d5e6f.mp4"


def test_parts_of_one_meeting_share_a_plain_folder():
    """Whoever opens the bucket finds them beside each other; equal names do not meet."""
    keys = [
        object_key(WEEKLY, name, sha256, style=KeyStyle.PLAIN, zone=BERLIN)
        for name, sha256 in (("v.mp4", SHA), ("v.mp4", "f" * 64), ("audio.m4a", SHA))
    ]
    assert len(set(keys)) == 3
    assert len({key.rpartition("/")[0] for key in keys}) == 1


@given(ANY_NAME, ANY_NAME, st.none() | st.floats(0, 4e9))
def test_a_plain_key_passes_what_every_bucket_asks_for(title, name, started_at):
    """It is what `expect_plain` lets through, and stands in an address without an escape."""
    found = Meeting(MeetingKey("k"), title, started_at)
    key = object_key(found, name, SHA, style=KeyStyle.PLAIN, zone=BERLIN)
    expect_plain(key)
    assert Bucket("b").object_url(key).endswith(f"/{key}")


def test_a_recording_id_is_owner_and_content():
    """The same content of the same owner has one id for ever; anything else has another."""
    assert recording_id("ann", SHA) == "936237e8-7317-598a-8f74-e316d54f6937"
    assert recording_id("ann", SHA.upper()) == recording_id("ann", SHA)
    others = {recording_id("bob", SHA), recording_id("", SHA), recording_id("ann", "f" * 64)}
    assert len(others | {recording_id("ann", SHA)}) == 4
    assert recording_id("\ud800", SHA)


# Names that people see ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Weekly Sync ✓ 週次.mp4", "Weekly Sync ✓ 週次.mp4"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\nb\tc", r"a\x0ab\x09c"),
        ("photo\u202egpj.exe", r"photo\u202egpj.exe"),
        ("a\u2028b\x85", r"a\u2028b\x85"),
        ("caf\udce9", "caf\ufffd"),
    ],
)
def test_a_name_is_shown_as_it_is(name, shown):
    """What would move the cursor or turn the text is spelled out."""
    assert display_name(name) == shown


@given(ANY_NAME)
def test_a_shown_name_is_one_harmless_line(name):
    """Nothing that is shown controls a terminal, and what is harmless is untouched."""
    shown = display_name(name)
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in shown)
    assert not any("\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" for c in shown)
    assert display_name(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Talk.MP4", "Talk.mp4"),
        ("CON.mp4", "_CON.mp4"),
        ("a:b?.mp4", "a_b_.mp4"),
        ("会" * 100 + ".mp4", "会" * 45 + ".mp4"),
        (".mp4", "_mp4"),
        ("", "_"),
    ],
)
def test_a_file_name_becomes_one_that_every_system_can_hold(name, safe):
    """Within a number of bytes, not of characters; its ending stays."""
    assert safe_file_name(name, 140) == safe
