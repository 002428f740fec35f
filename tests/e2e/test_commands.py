"""Every command as scripts use it: exit codes, JSON, and what must never be in the output."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from tests.fakes.process import ChildFault, Zoomsync
from tests.fakes.tree import ArchiveView, ZoomTree, sha256

ROW_KEYS = [
    "recording_id",
    "meeting_title",
    "file_name",
    "file_size",
    "file_url",
    "sha256",
    "processing_status",
]
HEAVY = {"click", "rich", "pydantic", "flask", "supabase", "httpx", "watchdog", "sqlite_utils"}
DAY = 86_400.0

pytestmark = pytest.mark.slow


@pytest.fixture
def zoomsync(tmp_path):
    """A home without anything in it."""
    with Zoomsync(tmp_path) as zoomsync:
        yield zoomsync


@pytest.fixture
def tree(zoomsync):
    """Its recordings folder."""
    return ZoomTree(zoomsync.recordings)


def _path(url):
    return Path(unquote(urlparse(url).path))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("status",), 0),
        (("recordings", "list"), 0),
        (("recordings", "search", "budget"), 0),
        (("recordings", "show", "0000-nothing"), 2),
        (("retry",), 0),
        (("retry", "nothing-like-it"), 2),
        (("cancel", "nothing-like-it"), 2),
        (("pause", "--for", "1s"), 0),
        (("pause", "--for", "soon"), 2),
        (("resume",), 0),
        (("config", "show"), 0),
        (("config", "set", "workers", "3"), 0),
        (("config", "set", "workers", "many"), 2),
        (("config", "set", "no_such_setting", "1"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_every_command_speaks_json(zoomsync, tree, arguments, code):
    """What is printed is one JSON value; an error has code, title, detail and hint."""
    said = zoomsync.json(*arguments, code=code)
    assert ("error" in said) == (code != 0)
    if code:
        assert {"code", "title", "detail", "hint"} == said["error"].keys()
        assert said["error"]["detail"]


def test_a_wrong_setting_is_an_error_in_json_too(zoomsync, tree):
    """The exit code is 2 and the detail names the setting."""
    zoomsync.settings = {"ZOOMSYNC_WORKERS": "99"}
    for command in ("sync", "status"):
        assert "ZOOMSYNC_WORKERS" in zoomsync.json(command, code=2)["error"]["detail"]


def test_an_unknown_command_is_wrong_use(zoomsync):
    """The exit code is 2, and the known commands are named."""
    done = zoomsync.run("snyc")
    assert done.code == 2
    assert "sync" in done.err


def test_what_could_not_be_uploaded_is_exit_code_3(zoomsync, tree):
    """A sync that leaves a finished recording behind says so, in its code and in its JSON."""
    tree.meeting("Blocked")
    zoomsync.home.mkdir()
    zoomsync.archive.write_bytes(b"a file, not a folder")
    said = zoomsync.json("sync", code=3)
    assert [one["sentence"] for one in said["not_uploaded"]]
    assert all(one["sentence"] for one in said["not_uploaded"])


def test_the_version_is_told_without_loading_anything_heavy(tmp_path):
    """`--version` imports none of the libraries; so does a bare import of the package."""
    listing = (
        "import sys; sys.argv = ['zoomsync', '--version']\n"
        "from zoomsync_agent.__main__ import main\n"
        "main()\n"
        # A name that stands for nothing keeps a module from being loaded.
        "loaded = {name for name, module in sys.modules.items() if module is not None}\n"
        "print(*sorted({name.partition('.')[0] for name in loaded}))"
    )
    out = subprocess.run(
        [sys.executable, "-c", listing], cwd=tmp_path, capture_output=True, check=True, text=True
    ).stdout
    version, modules = out.splitlines()
    assert version.startswith("zoomsync ")
    assert "zoomsync_agent" in modules.split()
    assert not HEAVY & set(modules.split())


def test_the_demo_is_the_real_thing(zoomsync, tmp_path):
    """Keys as promised; every hash is that of the file in the Zoom folder and in the archive."""
    done = zoomsync.run("demo", "--once", "--json", "--keep-in", str(tmp_path / "stage"))
    assert done.code == 0, done.err
    rows = done.json()["recordings"]
    (place,) = (tmp_path / "stage").iterdir()
    originals = {sha256(path) for path in (place / "Documents" / "Zoom").rglob("*.m[p4]*")}
    assert len(rows) == 3
    for row in rows:
        assert list(row) == ROW_KEYS
        assert row["processing_status"] == "completed"
        assert row["sha256"] in originals
        copy = _path(row["file_url"])
        assert copy.is_relative_to(place)
        assert sha256(copy) == row["sha256"]
        assert copy.stat().st_size == row["file_size"]
    assert not zoomsync.home.exists()


def test_the_demo_waits_for_files_of_which_no_event_told(zoomsync, tmp_path):
    """It looks again when the meeting is over: on a busy machine events come late, or never."""
    deaf = (
        "from zoomsync_agent.sources import observer\n"
        "observer.Forwarder.dispatch = lambda *_: fired()"
    )
    zoomsync.fault = ChildFault(deaf, tmp_path / "strikes")
    done = zoomsync.run("demo", "--once", "--json", "--keep-in", str(tmp_path / "stage"))
    assert done.code == 0, done.err
    assert len(done.json()["recordings"]) == 3
    assert zoomsync.fault.strikes


def test_the_demo_with_a_cloud_brings_that_home_too(zoomsync, tmp_path):
    """Signed in to a stand-in, without a keyring; one meeting was recorded in both places."""
    stage = tmp_path / "stage"
    done = zoomsync.run("demo", "--once", "--cloud", "--json", "--keep-in", str(stage))
    assert done.code == 0, done.err
    rows = done.json()["recordings"]
    (place,) = stage.iterdir()
    assert all(sha256(_path(row["file_url"])) == row["sha256"] for row in rows)
    assert sum(row["file_name"] == "audio_only.m4a" for row in rows) >= 5
    described = [
        json.loads(path.read_text("utf-8")) for path in (place / "home" / "archive").rglob("*.json")
    ]
    twins = [one for one in described if one.get("meeting_title") == "Entrevista con Zoë Núñez"]
    media = {(one["source"], one["meeting_key"]) for one in twins if "recording_id" in one}
    assert {source for source, _ in media} == {"local", "zoom"}
    assert len({key for _, key in media}) == 1
    assert any(one.get("summary") for one in described)
    assert not [one for one in (place / "home" / "data" / "spool").rglob("*") if one.is_file()]


def test_a_second_sync_sends_nothing(zoomsync, tree):
    """The same JSON, and not one file of the archive is written again."""
    tree.meeting("One", chat="hello")
    tree.meeting("Two", captions="words")
    first, stamps = zoomsync.json("sync"), ArchiveView(zoomsync.archive).stamps()
    assert len(stamps) == 2
    assert zoomsync.json("sync") == first
    assert ArchiveView(zoomsync.archive).stamps() == stamps


@pytest.mark.parametrize(
    ("backfill", "taken"), [("none", 0), ("2", 1), ("all", 2)], ids=["none", "days", "all"]
)
def test_backfill_decides_about_what_was_there_before(zoomsync, tree, backfill, taken):
    """Older recordings are left out as chosen, counted, and taken in later on request."""
    old = tree.meeting("Old", age_seconds=30 * DAY)
    recent = tree.meeting("Recent", age_seconds=DAY)
    for folder, days in ((old, 30), (recent, 1)):
        _date(folder, days)
    said = zoomsync.json("sync", "--backfill", backfill)
    assert len(said["recordings"]) == taken
    assert zoomsync.json("status")["history"]["files"] == 2 - taken
    tree.meeting("New")
    assert len(zoomsync.json("sync", "--backfill", backfill)["recordings"]) == taken + 1
    assert len(zoomsync.json("sync", "--backfill", "all")["recordings"]) == 3


def _date(folder, days):
    from datetime import datetime, timedelta

    then = datetime.now().astimezone() - timedelta(days=days)
    folder.rename(folder.with_name(f"{then:%Y-%m-%d %H.%M.%S} {folder.name[20:]}"))


def test_a_renamed_meeting_keeps_its_row_and_its_copy(zoomsync, tree):
    """The row has the new title under the same id; the medium is not sent again."""
    folder = tree.meeting("Budgte", chat="numbers")
    (before,) = zoomsync.json("sync")["recordings"]
    stamps = ArchiveView(zoomsync.archive).stamps()
    folder.rename(folder.with_name(folder.name.replace("Budgte", "Budget")))

    (after,) = zoomsync.json("sync")["recordings"]

    assert after == before | {"meeting_title": "Budget"}
    assert ArchiveView(zoomsync.archive).stamps() == stamps
    assert "numbers" in zoomsync.rows()[0]["transcription_text"]


def test_a_copied_recording_is_not_sent_again(zoomsync, tree):
    """The same content in another folder is the same recording."""
    folder = tree.meeting("Original")
    before, stamps = zoomsync.json("sync"), ArchiveView(zoomsync.archive).stamps()
    copy = zoomsync.recordings / "My favourites"
    copy.mkdir()
    (media,) = folder.glob("*.mp4")
    (copy / "best.mp4").write_bytes(media.read_bytes())

    assert zoomsync.json("sync") == before
    assert ArchiveView(zoomsync.archive).stamps() == stamps


def test_text_beside_the_recording_is_in_its_row_and_can_be_found(zoomsync, tree):
    """Chat and captions, also those that come later than the recording."""
    folder = tree.meeting("Planning", chat="the roadmap is ready")
    zoomsync.json("sync")
    (folder / "meeting_saved_closed_caption.txt").write_text(
        "[Bo Li] 09:01:09\nwe begin with storage\n\n", "utf-8"
    )
    zoomsync.json("sync")
    (row,) = zoomsync.rows()
    assert "the roadmap is ready" in row["transcription_text"]
    assert "we begin with storage" in row["transcription_text"]
    for word in ("roadmap", "storage", "Planning"):
        assert len(zoomsync.json("recordings", "search", word)["recordings"]) == 1


def test_logs_tell_neither_secrets_nor_where_somebody_lives(zoomsync, tree):
    """A token in a file name, and the path of the home directory, never reach the log."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"  # noqa: S105
    tree.meeting("Ordinary")
    odd = zoomsync.recordings / f"access_token={token}"
    odd.mkdir()
    (odd / "cut.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(40))
    zoomsync.settings = {"ZOOMSYNC_LOG_LEVEL": "debug"}
    with zoomsync.agent() as running:
        zoomsync.run("sync", "--json")
        err = running.err
    for said in (zoomsync.log, err):
        assert "agent started" in said
        assert token not in said
        assert str(zoomsync.place) not in said


def test_status_is_readable_text_too(zoomsync, tree):
    """Without --json people get sentences; a title with markup is shown as it is."""
    tree.meeting("[bold]Quarterly[red] :rocket:")
    done = zoomsync.run("sync")
    assert done.code == 0
    assert "safe" in done.out
    assert "[bold]" in zoomsync.run("recordings", "list").out
    assert json.dumps(zoomsync.json("status"))
