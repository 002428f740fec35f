"""Settings that are chosen together: all or none, never a secret, never against the environment."""

import tomllib

import pytest

from zoomsync_agent import settings
from zoomsync_agent.app import choosing
from zoomsync_agent.core.errors import SettingsError


def _written(home):
    try:
        return tomllib.loads(home.config_file.read_text("utf-8"))
    except FileNotFoundError:
        return {}


def test_what_belongs_together_is_written_together(home, tmp_path):
    """A destination and what it needs; either alone would be refused."""
    with pytest.raises(SettingsError):
        choosing.choose(home, {"destination": "s3"})
    assert _written(home) == {}
    choosing.choose(home, {"destination": "s3", "s3_bucket": "my-recordings"})
    assert _written(home) == {"destination": "s3", "s3_bucket": "my-recordings"}


def test_two_folders_change_places(home, tmp_path):
    """Which one after the other could not."""
    a, b = tmp_path / "a", tmp_path / "b"
    choosing.choose(home, {"recordings_path": str(a), "archive_path": str(b)})
    choosing.choose(home, {"recordings_path": str(b), "archive_path": str(a)})
    assert _written(home) == {"recordings_path": str(b), "archive_path": str(a)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"workers": "many"},
        {"no_such_setting": "1"},
        {"supabase_key": "sb_secret_abc"},
        {"zoom_client_secret": "abc"},
        {"destination": "supabase", "supabase_url": "nonsense"},
    ],
)
def test_one_mistake_keeps_everything_as_it_was(home, wrong):
    """Also what is right beside it."""
    with pytest.raises(SettingsError) as told:
        choosing.choose(home, {"device": "laptop", **wrong})
    assert _written(home) == {}
    assert "sb_secret_abc" not in str(told.value)


def test_what_the_environment_decides_is_not_written_past_it(home, monkeypatch):
    """It would look as if it were saved, and change nothing."""
    monkeypatch.setenv("ZOOMSYNC_WORKERS", "4")
    with pytest.raises(SettingsError, match="ZOOMSYNC_WORKERS"):
        choosing.choose(home, {"workers": "3"})
    assert _written(home) == {}


def test_what_was_agreed_to_is_written_down(home, tmp_path):
    """Defaults may change with a later version; a choice does not."""
    chosen = settings.load(home, {}, cwd=tmp_path)
    assert not choosing.is_set_up(home)
    choosing.confirm(home, chosen)
    assert choosing.is_set_up(home)
    assert set(_written(home)) == set(choosing.OF_SETUP)
    assert settings.load(home, {}, cwd=tmp_path) == chosen


def test_a_file_is_no_folder(home, tmp_path):
    """And the mistake is said before anything is written."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingsError, match="is a file"):
        choosing.choose(home, {"recordings_path": str(file)})
    assert _written(home) == {}
