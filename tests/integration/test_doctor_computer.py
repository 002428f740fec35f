"""The doctor looks at this computer: folders, room, keyring."""

import os
import sys
import threading

import pytest

from tests.fakes.secrets import MemorySecrets
from zoomsync_agent.app import checks
from zoomsync_agent.core.errors import SecretsUnavailable
from zoomsync_agent.doctor import Level
from zoomsync_agent.doctor.computer import Computer, examine_archive, examine_computer
from zoomsync_agent.settings import load


def _look(tmp_path, secrets=None, seconds=1.0, **changed):
    facts = {
        "recordings_path": tmp_path / "Zoom", "archive_path": tmp_path / "Archive",
        "data_path": tmp_path, "needs_keyring": secrets is not None, **changed,
    }  # fmt: skip
    found = examine_computer(Computer(**facts), secrets or MemorySecrets(), keyring_seconds=seconds)
    return {one.name: one for one in found}


def test_all_is_well(tmp_path):
    """And nothing is left behind by looking."""
    (tmp_path / "Zoom").mkdir()
    (tmp_path / "Archive").mkdir()
    found = _look(tmp_path, MemorySecrets())
    wrong = {one.sentence for one in found.values() if one.level is Level.PROBLEM}
    assert wrong == set()
    assert set(found) >= {"recordings folder", "archive folder", "keyring", "room in the archive"}
    assert sorted(one.name for one in tmp_path.iterdir()) == ["Archive", "Zoom"]
    assert list((tmp_path / "Archive").iterdir()) == []


def test_a_folder_that_is_not_there_is_no_problem_yet(tmp_path):
    """It is watched as soon as it appears, and the archive is made when it is needed."""
    found = _look(tmp_path)
    assert found["recordings folder"].level is Level.WARNING
    assert found["archive folder"].level is Level.OK
    assert not (tmp_path / "Archive").exists()


def test_a_file_in_the_place_of_a_folder_is_one(tmp_path):
    """For the recordings as for the archive."""
    (tmp_path / "Zoom").touch()
    (tmp_path / "Archive").touch()
    found = _look(tmp_path)
    assert found["recordings folder"].level is Level.PROBLEM
    assert found["archive folder"].level is Level.PROBLEM


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes of files are POSIX's")
def test_an_archive_that_takes_nothing_is_named(tmp_path, monkeypatch):
    """With what the system says."""
    import pathlib

    struck = []

    def refuse(self, *_args, **_kwargs):
        struck.append(self)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "touch", refuse)
    (found,) = examine_archive(tmp_path)
    assert struck
    assert found.level is Level.PROBLEM
    assert "Permission denied" in found.sentence


def test_little_room_is_worth_a_word(tmp_path, monkeypatch):
    """Before it is none."""
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("U", (), {"free": 1 << 30})())
    assert _look(tmp_path)["room in the archive"].level is Level.WARNING


def test_a_keyring_that_waits_for_its_password_keeps_nobody_waiting(tmp_path):
    """It may show a window of its own."""
    password, waited = threading.Event(), []

    class Waiting(MemorySecrets):
        def get(self, name):
            waited.append(password.wait(30.0))
            return super().get(name)

    found = _look(tmp_path, Waiting(), seconds=0.1)["keyring"]
    assert not waited
    password.set()
    assert found.level is Level.WARNING


def test_a_keyring_that_is_not_there_is_a_problem(tmp_path):
    """With what to do about it."""

    class Missing(MemorySecrets):
        def get(self, name):
            raise SecretsUnavailable("There is no keyring on this computer")

    found = _look(tmp_path, Missing())["keyring"]
    assert found.level is Level.PROBLEM
    assert "no keyring" in found.sentence


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the icon shows them")
def test_a_session_without_a_bus_shows_no_notices(home, tmp_path, monkeypatch):
    """Which is said, unless nobody wants any."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    chosen = load(home, {}, cwd=tmp_path)
    (found,) = checks.notice_findings(chosen)
    assert (found.name, found.level) == ("notices", Level.OK)
    assert "no D-Bus" in found.sentence
    assert found in checks.computer_findings(chosen, home)
    off = load(home, {}, cwd=tmp_path, overrides={"notify": "off"})
    assert checks.notice_findings(off) == []
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/somewhere")
    assert checks.notice_findings(chosen) == []
