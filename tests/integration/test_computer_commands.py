"""Commands about this computer: start at login, profiles, room."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests.fakes.page_world import VIDEO, PageWorld
from tests.fakes.process import wait_for
from zoomsync_agent import app, settings
from zoomsync_agent.app import checks
from zoomsync_agent.cli import zoomsync
from zoomsync_agent.core.facts import FREEING_PROBLEM
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.desktop import logs, paths
from zoomsync_agent.desktop.autostart import Autostart
from zoomsync_agent.desktop.single_instance import InstanceLock
from zoomsync_agent.store.state import SqliteStateStore


@pytest.fixture(autouse=True)
def _user(tmp_path, monkeypatch):
    """Let the user's own folder be a fresh one, and this process what it was before."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "nice", lambda _by: 0)
    yield
    logs.close()


@pytest.fixture
def world(home, tmp_path):
    """Give an agent's home, with a recording that came home."""
    with PageWorld(home, tmp_path) as found:
        place = found.record("2020-11-23 09.15.00 Weekly", VIDEO)
        os.utime(place / VIDEO.name, (1.6e9, 1.6e9))
        found.sync()
        found.video = place / VIDEO.name
        yield found


def _run(*arguments, code=0, **options):
    done = CliRunner().invoke(zoomsync, list(map(str, arguments)), **options)
    assert done.exit_code == code, done.output
    return done.output


def _json(*arguments, code=0):
    return json.loads(_run(*arguments, "--json", code=code))


# --- start at login ----------------------------------------------------------------------------


def test_what_holds_in_this_terminal_alone_is_said(home, monkeypatch):
    """At login there is another environment."""
    assert "this terminal alone" not in _run("autostart", "on")
    monkeypatch.setenv("ZOOMSYNC_SECRETS_DIR", "/somewhere")
    monkeypatch.setenv("ZOOMSYNC_WORKERS", "1")
    told = _run("autostart", "on")
    assert "ZOOMSYNC_WORKERS, ZOOMSYNC_SECRETS_DIR" in told


def test_on_off_and_status(home):
    """And the doctor looks at it."""
    assert _json("autostart", "status") == {
        "at_login": False,
        "place": Autostart(home).status().place,
        "problem": None,
    }
    assert "starts at login" in _run("autostart", "on")
    assert _json("autostart", "status")["at_login"]
    assert [one.level for one in checks.at_login_findings(home)] == ["ok"]
    assert _json("autostart", "off")["at_login"] is False
    assert checks.at_login_findings(home) == []


def test_a_stale_entry_is_told_and_mended(home):
    """By status, doctor, and on."""
    Autostart(home, command=["/gone/zoomsync", "run"]).set(wanted=True)
    assert "/gone/zoomsync" in _json("autostart", "status")["problem"]
    assert "zoomsync autostart on" in _run("autostart", "status")
    (found,) = checks.at_login_findings(home)
    assert (found.level, found.name) == ("warning", "start at login")
    assert _json("autostart", "on")["problem"] is None


def test_each_profile_starts_for_itself(home):
    """With its own name."""
    _run("--profile", "Work", "autostart", "on")
    assert not _json("autostart", "status")["at_login"]
    work = paths.home({**os.environ, "ZOOMSYNC_PROFILE": "work"})
    command = Autostart(work)._entry.read()
    assert command[-4:] == ["--profile", "work", "run", "--at-login"]


# --- profiles ----------------------------------------------------------------------------------


def test_a_profile_has_settings_of_its_own(home, tmp_path):
    """And is listed from then on."""
    _run("--profile", "Work", "config", "set", "archive_path", tmp_path / "w")
    assert "ZOOMSYNC_PROFILE" not in os.environ
    usual, work = _json("profiles")["profiles"]
    assert (usual["name"], work["name"]) == ("", "work")
    assert work["archive"] == str(tmp_path / "w")
    assert usual["archive"] != work["archive"]
    assert (usual["selected"], work["selected"]) == (True, False)
    with InstanceLock(home):
        assert [one["running"] for one in _json("profiles")["profiles"]] == [True, False]
    assert "work" in _run("profiles")
    assert _json("--profile", "work", "profiles")["profiles"][1]["selected"]


def test_a_home_can_be_named_too(tmp_path):
    """As the entry of the start at login does."""
    _run("--home", tmp_path / "there", "config", "set", "workers", 3)
    assert (tmp_path / "there" / "config" / "config.toml").exists()
    assert str(tmp_path / "there") not in os.environ.get("ZOOMSYNC_HOME", "")


@pytest.mark.parametrize("name", ["a/b", "..", "x" * 33])
def test_a_name_that_is_none_is_refused(name):
    """With the exit code of wrong use."""
    assert "32 letters" in _run("--profile", name, "profiles", code=2)


def test_a_name_in_the_environment_that_is_none_is_refused(monkeypatch):
    """Whatever the command."""
    monkeypatch.setenv("ZOOMSYNC_PROFILE", "a/b")
    assert "32 letters" in _run("status", code=2)


def test_a_profile_that_was_mistyped_is_not_made(home):
    """By commands that only look; those that there are are named."""
    told = _run("--profile", "nosuch", "status", code=2)
    assert "There is no profile “nosuch”; there are: default" in told
    assert "zoomsync --profile nosuch setup" in told
    assert len(_json("profiles")["profiles"]) == 1


def test_commands_in_sentences_are_about_the_profile(home):
    """Whoever does as they are told starts the right agent."""
    _run("--profile", "work", "config", "set", "workers", "1")
    assert "Start it: zoomsync --profile work run" in _run("--profile", "work", "status")
    assert "zoomsync --profile work run" in _run("--profile", "work", "open", code=2)
    assert "Start it: zoomsync run" in _run("status")


def test_two_profiles_with_one_archive_are_told(home, tmp_path):
    """It is allowed, and worth a word."""
    for profile in ("", "work"):
        _run("--profile", profile, "config", "set", "archive_path", tmp_path / "same")
    _run("--profile", "work", "config", "set", "recordings_path", tmp_path / "work")
    (found,) = checks.profile_findings(_settings(home), home)
    assert "work" in found.sentence
    assert str(tmp_path / "same") in found.sentence
    _run("--profile", "work", "config", "set", "archive_path", tmp_path / "other")
    assert checks.profile_findings(_settings(home), home) == []


def _settings(home):
    return settings.load(home, os.environ, cwd=home.config)


# --- room --------------------------------------------------------------------------------------


def test_a_dry_run_moves_nothing(world):
    """It lists, and says how much."""
    told = _json("free-space", "--dry-run")
    assert [one["path"] for one in told["moved"]] == [str(world.video)]
    assert told["size"] == VIDEO.stat().st_size
    assert world.video.exists()
    said = _run("free-space", "--dry-run")
    assert "1 file" in said
    assert "would be moved" in said


def test_it_asks_first(world):
    """And without somebody to ask it refuses."""
    assert "--yes" in _run("free-space", code=2)
    assert world.video.exists()


def test_what_is_safe_goes_to_the_trash_of_the_user(world, tmp_path):
    """For good only in the archive; it is told in the journal, and once."""
    said = _run("free-space", "--yes", "--older-than", 0)
    assert "moved to the trash" in said
    assert not world.video.exists()
    (there,) = (tmp_path / "user").rglob(f"Trash/files/{VIDEO.name}")
    assert there.read_bytes() == VIDEO.read_bytes()
    assert _json("free-space", "--yes")["moved"] == []
    (row,) = world.catalog.recent()
    assert row.processing_status == "completed"
    page = world.client().get("/ui/activity", base_url="http://127.0.0.1").get_data(as_text=True)
    assert "restore it there" in page


def test_what_is_printed_for_programs_is_json_and_nothing_else(world):
    """The log goes to its file, which tells what was moved; a real process, as a script has it."""
    command = [sys.executable, "-m", "zoomsync_agent", "free-space", "--yes", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert [one["path"] for one in json.loads(done.stdout)["moved"]] == [str(world.video)]
    assert done.stderr == ""
    lines = map(json.loads, world.home.log_file.read_text("utf-8").splitlines())
    (told,) = [one for one in lines if one["event"] == "freed"]
    assert told["path"].endswith(VIDEO.name)
    assert told["bytes"] == VIDEO.stat().st_size


def test_what_stays_is_told(world):
    """Why, and how many of the many."""
    told = _json("free-space", "--dry-run", "--older-than", 36_500)
    assert told["moved"] == []
    assert [one["code"] for one in told["stays"]] == ["young"]
    assert "more recent than" in _run("free-space", "--dry-run", "--older-than", 36_500)


def test_an_archive_that_is_away_is_told(world):
    """With the exit code that says that something could not be done."""
    world.archive.rename(world.archive.with_name("away"))
    _run("free-space", "--yes", code=2)
    world.archive.mkdir()
    told = _json("free-space", "--dry-run", code=3)
    assert told["moved"] == []
    assert "archive" in told["problem"]
    assert world.video.exists()


def test_what_the_settings_say_holds(world):
    """Where the command does not say it."""
    _run("config", "set", "free_space_after_days", 3650)
    assert _json("free-space", "--dry-run")["stays"][0]["code"] == "young"


def test_the_agent_frees_by_itself_where_the_settings_say_so(world):
    """Found long ago, and safe; after the first look at the archive."""
    with world.desk._databases.queue.write() as conn:
        conn.execute("UPDATE files SET first_seen = 1.6e9")
    _run("config", "set", "free_space_after_days", 1)
    with app.running(settings.load(world.home, os.environ, cwd=world.home.config), world.home):
        wait_for("it is in the trash", lambda: not world.video.exists())
    (row,) = world.catalog.recent()
    assert row.processing_status == "completed"


def test_why_no_room_is_freed_is_among_what_health_tells(world):
    """Only where somebody wants it freed."""
    state = SqliteStateStore(world.desk._databases.queue)
    state.set(FREEING_PROBLEM, Problem("destination_unavailable", "the drive is away").text)
    assert not any(one.name == "free space" for one in world.desk.findings())
    world.desk.change({"free_space_after_days": "30"})
    (found,) = [one for one in world.desk.findings() if one.name == "free space"]
    assert "the drive is away" in found.sentence


@pytest.mark.parametrize("days", ["x", "-1", "36501"])
def test_what_is_no_number_of_days_is_said_plainly(home, days):
    """With what can be written."""
    told = _run("free-space", "--older-than", days, code=2)
    assert f"“{days}” is no number of days; write 0 to 36500" in told
