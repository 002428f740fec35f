"""Several profiles that look into one recordings folder: none takes away what another one needs."""

import os
import sqlite3
from types import SimpleNamespace

import pytest

from tests.fakes.page_world import VIDEO, PageWorld
from tests.fakes.process import wait_for
from zoomsync_agent import app, settings
from zoomsync_agent.app import checks, freeing
from zoomsync_agent.app.neighbours import claims_beside
from zoomsync_agent.core.freeing import Stays
from zoomsync_agent.desktop import paths
from zoomsync_agent.sources.file_facts import is_in_cloud


@pytest.fixture(autouse=True)
def _user(tmp_path, monkeypatch):
    """Let the user's own folder be a fresh one."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def world(home, tmp_path):
    """Give an agent's home, with an old recording that came home."""
    with PageWorld(home, tmp_path) as found:
        place = found.record("2020-11-23 09.15.00 Weekly", VIDEO)
        os.utime(place / VIDEO.name, (1.6e9, 1.6e9))
        found.sync()
        found.video = place / VIDEO.name
        yield found


@pytest.fixture
def work(home):
    """Give the home of another profile; nothing is there yet."""
    return paths.home({**os.environ, "ZOOMSYNC_PROFILE": "work"})


def _set_up(work, world, **chosen):
    values = {"recordings_path": world.recordings, **chosen}
    settings.save_all(work.ensure(), {name: str(value) for name, value in values.items()})
    return settings.load(work, {**os.environ, "ZOOMSYNC_PROFILE": "work"}, cwd=work.config)


def _bring_home(work, world, **chosen):
    with app.running(_set_up(work, world, **chosen), work) as agent:
        wait_for(
            "it came home",
            lambda: agent.control.sweeps().folder and not agent.control.is_busy(5.0),
        )


def _stays(world, saying):
    """Expect that the recording stays, in a plan and when it is asked for, and why."""
    chosen = world.desk.settings()
    for made in (freeing.plan(chosen, world.home, 30), freeing.free(chosen, world.home, 30)):
        assert made.moved == ()
        (kept,) = made.kept
        assert kept.why is Stays.OTHER_PROFILE
        assert saying in kept.sentence
        assert "“work”" in kept.sentence
    assert world.video.exists()


def _goes(world):
    assert freeing.free(world.desk.settings(), world.home, 30).kept == ()
    assert not world.video.exists()


def test_what_another_profile_has_not_taken_stays(world, work):
    """Until it has it too."""
    _set_up(work, world)
    _stays(world, "has not brought it home yet")
    _bring_home(work, world)
    _goes(world)


def test_a_profile_that_looks_elsewhere_is_no_hindrance(world, work, tmp_path):
    """Nor one that nobody has set up."""
    _set_up(work, world, recordings_path=tmp_path / "another")
    paths.home({**os.environ, "ZOOMSYNC_PROFILE": "empty"}).ensure()
    _goes(world)


def test_a_folder_within_the_folder_counts(world, work):
    """By whatever name: a link leads there too."""
    link = world.recordings.with_name("link")
    link.symlink_to(world.recordings)
    _set_up(work, world, recordings_path=link / world.video.parent.name)
    _stays(world, "has not brought it home yet")


def test_what_lies_in_the_archive_of_another_profile_stays(world, work, tmp_path):
    """There it is the copy."""
    _set_up(work, world, recordings_path=tmp_path / "another", archive_path=world.recordings)
    _stays(world, "lies in the archive")


@pytest.mark.parametrize("content", [b"no database at all, but longer than a header" * 40, b"x"])
def test_a_database_that_cannot_be_read_keeps_everything(world, work, content):
    """And neither is it taken for damage of our own, nor touched."""
    _set_up(work, world)
    work.store_file.write_bytes(content)
    _stays(world, "database")
    assert work.store_file.read_bytes() == content


def test_a_database_of_another_version_keeps_everything(world, work):
    """It may say it in other words."""
    _set_up(work, world)
    with sqlite3.connect(work.store_file) as conn:
        conn.execute("CREATE TABLE something (id)")
    conn.close()
    _stays(world, "database")


def test_settings_that_cannot_be_read_keep_everything(world, work):
    """Nobody knows where it looks."""
    _set_up(work, world)
    work.config_file.write_text("not = [toml")
    _stays(world, "settings")


def test_the_variables_of_a_terminal_hide_no_folder(world, work, monkeypatch, tmp_path):
    """The other profile's agent may have been started without them."""
    _set_up(work, world)
    monkeypatch.setenv("ZOOM_RECORDINGS_PATH", str(tmp_path / "elsewhere"))
    with claims_beside(world.home) as claims:
        assert claims(SimpleNamespace(path=world.video, sha256="0" * 64))


def test_a_queue_without_settings_is_a_profile_too(world, work):
    """One that works with what is usual."""
    _bring_home(work, world)
    work.config_file.unlink()
    with claims_beside(world.home) as claims:
        # By itself it looks where Zoom records.
        usual = SimpleNamespace(path=work.default_recordings / "x" / "v.mp4", sha256="0" * 64)
        assert "“work”" in claims(usual)
        assert claims(SimpleNamespace(path=world.video, sha256="0" * 64)) is None


def test_nothing_is_made_for_a_profile_that_never_worked(world, work):
    """Whoever asks leaves no database behind."""
    _set_up(work, world)
    _stays(world, "has not brought it home yet")
    assert not work.store_file.exists()


def test_the_profiles_of_its_own_home_count(world, work, monkeypatch, tmp_path):
    """Wherever the variables lead by now."""
    _set_up(work, world)
    monkeypatch.setenv("ZOOMSYNC_HOME", str(tmp_path / "another home"))
    _stays(world, "has not brought it home yet")


def test_the_doctor_tells_who_shares_a_folder(world, work, tmp_path):
    """It does no harm, and means something."""
    _set_up(work, world, archive_path=tmp_path / "w")
    (found,) = checks.profile_findings(world.desk.settings(), world.home)
    assert found.level == "ok"
    assert "“work”" in found.sentence
    assert str(world.recordings) in found.sentence
    assert "only when both have it" in found.sentence
    _set_up(work, world, archive_path=tmp_path / "w", recordings_path=tmp_path / "another")
    assert checks.profile_findings(world.desk.settings(), world.home) == []


def test_what_the_system_says_of_a_file_in_a_cloud(tmp_path):
    """OneDrive's placeholders on Windows, iCloud's on macOS; a plain file is none."""
    path = tmp_path / "video.mp4"
    path.write_bytes(b"x" * 10_000)
    plain = path.stat()
    assert not is_in_cloud(plain)
    told = {name: getattr(plain, name) for name in ("st_mode", "st_size", "st_mtime_ns")}
    told |= {"st_dev": 1, "st_ino": 2, "st_blocks": 0}
    assert not is_in_cloud(SimpleNamespace(**told))
    for attributes in (0x1000, 0x40000, 0x400000):
        assert is_in_cloud(SimpleNamespace(**told, st_file_attributes=attributes))
    assert is_in_cloud(SimpleNamespace(**told, st_flags=0x40000000))
