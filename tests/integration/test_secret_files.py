"""Secrets in files: what others could read or exchange is refused, and nothing is lost."""

import os
import stat
import sys
from pathlib import Path

import pytest

from zoomsync_agent.app import checks
from zoomsync_agent.core.errors import SecretsUnavailable
from zoomsync_agent.desktop import paths
from zoomsync_agent.desktop.secret_files import VARIABLE, FileSecrets, secret_store
from zoomsync_agent.desktop.secrets import KeyringSecrets
from zoomsync_agent.settings import load

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")

SECRET = "the-refresh-token"  # noqa: S105  it is none


@pytest.fixture
def top(tmp_path):
    """Give the folder for all homes."""
    return tmp_path / "secrets"


@pytest.fixture
def store(top):
    """Give a store with a secret."""
    found = FileSecrets(top, "zoomsync")
    found.set("session", SECRET)
    return found


def _refused(call, *words):
    with pytest.raises(SecretsUnavailable) as told:
        call()
    assert SECRET not in f"{told.value!r}"
    for word in words:
        assert word in told.value.detail


def test_nobody_else_may_open_anything(top, store):
    """Whatever the umask was."""
    before = os.umask(0)
    try:
        store.set("other", SECRET)
        FileSecrets(top.with_name("second"), "zoomsync").set("session", SECRET)
    finally:
        os.umask(before)
    for place in (top, top.with_name("second")):
        for path in (place, *place.rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_file_that_others_may_open_is_refused(top, store, mode):
    """With what mends it."""
    path = top / "zoomsync" / "session"
    path.chmod(mode)
    _refused(lambda: store.get("session"), "chmod 600", str(path))
    path.chmod(0o600)
    assert store.get("session") == SECRET
    path.chmod(0o400)
    assert store.get("session") == SECRET


@pytest.mark.parametrize("which", ["top", "own"])
@pytest.mark.parametrize("mode", [0o750, 0o705, 0o770, 0o701])
def test_a_folder_that_others_may_open_is_refused(top, store, which, mode):
    """For reading and writing alike: they could exchange what is in it."""
    folder = top if which == "top" else top / "zoomsync"
    folder.chmod(mode)
    for call in (
        lambda: store.get("session"),
        lambda: store.set("session", "another"),
        lambda: store.delete("session"),
    ):
        _refused(call, "chmod 700", str(folder))
    folder.chmod(0o700)
    assert store.get("session") == SECRET


@pytest.mark.parametrize("which", ["file", "own", "top"])
def test_links_are_refused(top, store, tmp_path, which):
    """Whoever made them."""
    path = {"file": top / "zoomsync" / "session", "own": top / "zoomsync", "top": top}[which]
    away = tmp_path / "away"
    path.rename(away)
    path.symlink_to(away)
    _refused(lambda: store.get("session"))


def test_a_second_name_of_a_file_is_refused(top, store, tmp_path):
    """Somebody else may hold it."""
    os.link(top / "zoomsync" / "session", tmp_path / "second")
    _refused(lambda: store.get("session"), "link")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
@pytest.mark.parametrize("which", ["file", "own", "top"])
def test_what_belongs_to_somebody_else_is_refused(top, store, which):
    """They could read it."""
    path = {"file": top / "zoomsync" / "session", "own": top / "zoomsync", "top": top}[which]
    os.chown(path, 65534, 65534)
    _refused(lambda: store.get("session"), "somebody else")


def test_what_is_no_file_or_no_text_is_refused(top, store):
    """A pipe is not waited for."""
    path = top / "zoomsync" / "session"
    path.write_bytes(b"\xff\xfe")
    _refused(lambda: store.get("session"), "no text")
    path.unlink()
    os.mkfifo(path, 0o600)
    _refused(lambda: store.get("session"), "no file")


def test_a_path_that_depends_on_where_the_agent_was_started_is_refused():
    """It would be another one the next time."""
    _refused(lambda: FileSecrets(Path("secrets"), "zoomsync").get("session"), VARIABLE)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_what_was_there(top, store, monkeypatch, step):
    """Whole, and nothing beside it."""
    fired = []

    def fail(*_arguments):
        fired.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), fail)
    _refused(lambda: store.set("session", "another"), "No space")
    monkeypatch.undo()
    assert fired
    assert store.get("session") == SECRET
    assert [one.name for one in (top / "zoomsync").iterdir()] == ["session"]


def test_a_secret_is_durable_before_its_name_is_given(store, monkeypatch):
    """A token that rotates is lost otherwise: the old one no longer works."""
    done = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append(os.fstat(fd).st_mode), fsync(fd))[1])
    monkeypatch.setattr(Path, "replace", lambda *a: (done.append("name"), replace(*a))[1])
    store.set("session", "another")
    first, name, last = done
    assert stat.S_ISREG(first)
    assert name == "name"
    assert stat.S_ISDIR(last)


@pytest.mark.parametrize("name", ["../session", "a/b", "..", ".", "con.txt", "ü"])
def test_a_name_is_never_a_path(top, store, name):
    """It stays in its folder."""
    store.set(name, "x")
    assert store.get(name) == "x"
    assert store.get("session") == SECRET
    assert all(one.parent == top / "zoomsync" for one in top.rglob("*") if one.is_file())


def test_each_home_and_profile_has_its_own(top):
    """Tokens that are renewed must not be shared."""
    environ = {"HOME": "/u", VARIABLE: str(top)}
    homes = [
        paths.home({**environ, **more})
        for more in ({}, {"ZOOMSYNC_PROFILE": "work"}, {"ZOOMSYNC_HOME": "/h"})
    ]
    for number, home in enumerate(homes):
        secret_store(home, environ).set("session", str(number))
    assert [secret_store(home, environ).get("session") for home in homes] == ["0", "1", "2"]
    assert isinstance(secret_store(homes[0], {}), KeyringSecrets)
    assert isinstance(secret_store(homes[0], {VARIABLE: " "}), KeyringSecrets)


def test_the_doctor_looks_at_the_folder(home, top, monkeypatch, tmp_path):
    """Instead of the keyring."""
    monkeypatch.setenv(VARIABLE, str(top))
    monkeypatch.setenv("HOME", str(tmp_path))
    values = {"destination": "s3", "s3_bucket": "recordings"}
    settings = load(home, {}, cwd=tmp_path, overrides=values)

    def told():
        found = checks.computer_findings(settings, home)
        return next(one for one in found if one.name == "folder for secrets")

    assert told().level == "ok"
    top.mkdir(mode=0o755)
    top.chmod(0o755)
    assert told().level == "problem"
    assert "chmod 700" in told().sentence


def test_what_a_killed_process_left_goes_with_the_next_secret(top, store):
    """It holds a secret, and nobody reads it any more."""
    folder = top / "zoomsync"
    old, new = folder / ".abc.new", folder / ".def.new"
    for path in (old, new):
        path.write_text(SECRET)
        path.chmod(0o600)
    os.utime(old, (1.0, 1.0))
    store.set("session", "another")
    assert not old.exists()
    assert new.exists()  # somebody may be writing it just now
    os.utime(new, (1.0, 1.0))
    store.delete("session")
    assert not new.exists()
