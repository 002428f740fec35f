import stat
import subprocess
import sys
from pathlib import Path

import pytest

from zoomsync_agent.core.errors import FolderInvalid
from zoomsync_agent.desktop import paths


def linux(user):
    """Return where a Linux user's recordings are looked for."""
    return paths.default_recordings_path({"HOME": str(user)}, platform="linux")


def test_one_variable_moves_everything(tmp_path):
    """With ZOOMSYNC_HOME nothing of a profile lies anywhere else."""
    found = paths.home({"HOME": "/elsewhere", "ZOOMSYNC_HOME": str(tmp_path / "p")})

    files = (
        found.config_file,
        found.env_file,
        found.store_file,
        found.catalog_file,
        found.lock_file,
        found.log_file,
        found.default_archive,
    )
    assert all(file.is_relative_to(tmp_path / "p") for file in files)
    assert len(set(files)) == len(files)
    assert [f.name for f in files[:2]] == ["config.toml", ".env"]
    assert [f.name for f in files[2:]] == [
        "agent.db",
        "catalog.db",
        "agent.lock",
        "agent.log",
        "archive",
    ]


def test_secrets_of_two_profiles_do_not_meet(tmp_path):
    """Each home has its own name in the keyring, and always the same."""
    names = [
        paths.home({"HOME": "/u", **more}).service_name
        for more in (
            {},
            {"ZOOMSYNC_HOME": ""},
            {"ZOOMSYNC_HOME": str(tmp_path / "a")},
            {"ZOOMSYNC_HOME": str(tmp_path / "b")},
            {"ZOOMSYNC_HOME": str(tmp_path / "x" / ".." / "a")},
        )
    ]
    assert names[0] == names[1] == "zoomsync"
    assert names[2] == names[4]
    assert len(set(names)) == 3


def test_a_tilde_is_the_users_home():
    """ZOOMSYNC_HOME may be written as people write it."""
    found = paths.home({"HOME": "/u", "USERPROFILE": "/u", "ZOOMSYNC_HOME": "~/second"})
    assert found.data == Path("/u/second/data")


def test_without_the_variable_the_platform_decides(monkeypatch):
    """Settings, data and logs lie where the system wants them, the archive where people look."""
    monkeypatch.setattr("platformdirs.PlatformDirs", __import__("platformdirs").unix.Unix)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/u")

    found = paths.home({"HOME": "/u", "USERPROFILE": "/u"})

    assert found.config_file == Path("/u/.config/zoomsync/config.toml")
    assert found.store_file == Path("/u/.local/share/zoomsync/agent.db")
    assert found.log_file == Path("/u/.local/state/zoomsync/log/agent.log")
    assert found.default_archive == Path("/u/Zoom Archive")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_folders_are_private_even_if_they_were_not(tmp_path):
    """Nobody else may look into a home, nor into one that was created carelessly."""
    found = paths.home({"HOME": "/u", "ZOOMSYNC_HOME": str(tmp_path / "deep" / "p")})
    found.data.mkdir(parents=True)
    found.data.chmod(0o755)

    assert found.ensure() is found

    for folder in (found.config, found.data, found.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_folders_on_the_way_are_private_too(tmp_path):
    """What has to be created above a home is created for its user only."""
    paths.home({"HOME": "/u", "ZOOMSYNC_HOME": str(tmp_path / "deep" / "p")}).ensure()
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o700


def test_a_file_in_the_way_is_named(tmp_path):
    """The error says which folder cannot be had, and the file stays as it is."""
    (tmp_path / "data").write_text("mine")
    (tmp_path / "data").chmod(0o644)
    found = paths.home({"HOME": "/u", "ZOOMSYNC_HOME": str(tmp_path)})
    with pytest.raises(FolderInvalid, match="data"):
        found.ensure()
    assert (tmp_path / "data").read_text() == "mine"
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) & 0o044


def test_zoom_on_linux_is_looked_for_where_it_may_be(tmp_path):
    """The usual folder comes first, then those of snap and flatpak, then an old one."""
    usual = tmp_path / "Documents" / "Zoom"
    assert linux(tmp_path) == usual
    for path in (
        tmp_path / "Zoom",
        tmp_path / ".var/app/us.zoom.Zoom/Documents/Zoom",
        tmp_path / "snap/zoom-client/current/Documents/Zoom",
        usual,
    ):
        path.mkdir(parents=True)
        assert linux(tmp_path) == path


def test_zoom_on_macos_is_in_documents(tmp_path):
    """Nothing else is tried."""
    (tmp_path / "Zoom").mkdir()
    found = paths.default_recordings_path({"HOME": str(tmp_path)}, platform="darwin")
    assert found == paths.user_home({"HOME": str(tmp_path)}) / "Documents" / "Zoom"


@pytest.mark.parametrize("known", [Path("D:/OneDrive/Документи"), None])
def test_zoom_on_windows_is_in_the_known_folder(monkeypatch, known):
    """The shell knows where Documents really is; without its answer the usual place is taken."""
    monkeypatch.setattr(paths, "_known_documents", lambda: known)
    environ = {"HOME": "/u", "USERPROFILE": "/u"}
    found = paths.default_recordings_path(environ, platform="win32")
    assert found == (known or Path("/u/Documents")) / "Zoom"


def test_importing_the_paths_imports_no_settings():
    """Looking up a path must not cost what validating settings costs."""
    program = (
        "import sys, zoomsync_agent.desktop.paths, zoomsync_agent.desktop.mounts, "
        "zoomsync_agent.desktop.single_instance, zoomsync_agent.desktop.redact\n"
        "print(sorted(m for m in ('pydantic', 'psutil', 'structlog') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
