"""An agent that begins before its secrets can be read: it waits, and goes on by itself."""

import contextlib
import stat
import time
from pathlib import Path

import keyring.core
import pytest
import secretstorage
from keyring.backends import SecretService as KeyringBackends

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.secret_service import SecretService
from tests.fakes.zoom import ZoomServer, sha256_of
from zoomsync_agent.core.errors import SecretsUnavailable
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import home as home_of
from zoomsync_agent.desktop.secret_files import VARIABLE, secret_store
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.zoom.app import ZoomApp
from zoomsync_agent.zoom.session import ZoomKeeper

pytestmark = pytest.mark.slow


@pytest.fixture
def zoom():
    """Give the stand-in."""
    with ZoomServer() as found:
        yield found


@contextlib.contextmanager
def _signed_in(place, zoom, settings, monkeypatch):
    """Give a home in which somebody is signed in to Zoom, as a sign-in leaves it."""
    (place / "Zoom").mkdir()
    settings = {
        "ZOOM_CLIENT_ID": zoom.public_client_id,
        "ZOOM_URL": zoom.zoom_url,
        "ZOOMSYNC_ZOOM_POLL_SECONDS": "30",
        **settings,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with Zoomsync(place, settings) as found:
        home = home_of({"HOME": str(place), "ZOOMSYNC_HOME": str(found.home)}).ensure()
        keeper = ZoomKeeper(
            ZoomApp(zoom.public_client_id, oauth=zoom.zoom_url, api=zoom.api_url),
            secret_store(home),
            home.data / "zoom.session.lock",
            clock=SystemClock(),
        )
        told, ann = zoom.sign_in(), zoom.first_user
        keeper.adopt(
            Grant(
                told["access_token"], told["refresh_token"], told["expires_in"],
                ann.id, ann.email, told["scope"], told["api_url"],
            )
        )  # fmt: skip
        assert found.run("sync").code == 0  # it has worked before
        yield found


def _archived(zoomsync):
    return {row["sha256"] for row in zoomsync.rows() if row["processing_status"] == "completed"}


def _problem(zoomsync):
    """Return what the agent says of Zoom's cloud; empty where nothing is wrong."""
    cloud = zoomsync.run("status", "--json").json()["cloud"]
    return f"{cloud['code']}: {cloud['detail']}" if cloud else ""


def test_a_keyring_that_is_unlocked_later(tmp_path, tmp_path_factory, zoom, monkeypatch):
    """A real one: nobody is signed out meanwhile, and nothing has to be done afterwards."""
    with SecretService(tmp_path_factory.mktemp("k")) as service:
        monkeypatch.setattr(keyring.core, "_keyring_backend", KeyringBackends.Keyring())
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        with _signed_in(tmp_path, zoom, {**service.variables}, monkeypatch) as zoomsync:
            video = zoom.add_meeting("Weekly", time.time() - 86_400, 30, ("video",)).files[0]
            _lock(service)
            agent = zoomsync.start("run", "--headless")
            said = wait_for("it says why nothing comes", lambda: _problem(zoomsync))
            assert "locked" in said
            assert said.startswith(SecretsUnavailable.code)
            assert _archived(zoomsync) == set()
            _unlock(service)
            wait_for(
                "it goes on by itself",
                lambda: _archived(zoomsync) == {sha256_of(video.content)},
                seconds=100.0,
            )
            assert _problem(zoomsync) == ""
            agent.stop()


def _lock(service):
    with service._connected() as bus:
        collection = secretstorage.get_default_collection(bus)
        collection.lock()
        assert collection.is_locked()


def _unlock(service):
    """Do what a login does: hand the password to the keyring, which has a door for that."""
    from jeepney import DBusAddress, new_method_call
    from secretstorage.util import format_secret, open_session

    with service._connected() as bus:
        collection = secretstorage.get_default_collection(bus)
        secret = format_secret(open_session(bus), b"throw-away", "text/plain")
        door = DBusAddress(
            "/org/freedesktop/secrets",
            "org.freedesktop.secrets",
            "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
        )
        arguments = (collection.collection_path, secret)
        bus.send_and_get_reply(
            new_method_call(door, "UnlockWithMasterPassword", "o(oayays)", arguments)
        )
        assert not collection.is_locked()


def test_a_machine_without_a_keyring(tmp_path, zoom, monkeypatch):
    """Tokens that are renewed are kept in files of its user alone; looser ones are refused."""
    place = tmp_path / "secrets"
    settings = {
        VARIABLE: str(place),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    with _signed_in(tmp_path, zoom, settings, monkeypatch) as zoomsync:
        video = zoom.add_meeting("Weekly", time.time() - 86_400, 30, ("video",)).files[0]
        files = [one for one in place.rglob("*") if one.is_file()]
        assert files
        files[0].chmod(0o644)
        done = zoomsync.run("sync", "--json")
        assert "chmod 600" in done.json()["cloud_problem"]
        assert _archived(zoomsync) == set()
        files[0].chmod(0o600)
        assert zoomsync.run("sync").code == 0
        assert _archived(zoomsync) == {sha256_of(video.content)}
        for one in place.rglob("*"):
            wanted = 0o700 if one.is_dir() else 0o600
            assert stat.S_IMODE(Path(one).stat().st_mode) == wanted
