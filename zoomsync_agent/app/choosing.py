"""Settings that people choose, in a command or on the page: checked as a whole, then written."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from zoomsync_agent import settings as settings_module
from zoomsync_agent.core.errors import SettingsError
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.settings import Settings

OF_SETUP: Final = ("recordings_path", "destination", "archive_path", "backfill")
"""What the setup asks about. Whoever has chosen one of these has been through it."""
_SECRETS: Final = {
    "supabase_service_key": "SUPABASE_SERVICE_KEY",
    "service_key": "SUPABASE_SERVICE_KEY",
    "database_url": "DATABASE_URL",
    "zoom_client_secret": "ZOOM_CLIENT_SECRET",
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
}
_IN_FILES: Final = ("default", "command line")


def tried(home: Home, values: Mapping[str, str]) -> Settings:
    """Return the settings as they would be with *values*.

    Raises:
        SettingsError: one of them cannot be, is a secret, or is decided elsewhere.
    """
    for key, value in values.items():
        expect_no_secret(key, value)
    whole = settings_module.load(home, os.environ, cwd=Path.cwd(), overrides=dict(values))
    for key in values:
        expect_folder(key, whole)
        if key.startswith("s3_") and whole.form_problem:
            raise SettingsError(whole.form_problem)
    return whole


def choose(home: Home, values: Mapping[str, str]) -> None:
    """Write *values* into config.toml, all or none.

    Raises:
        SettingsError: one of them cannot be, is a secret, or is decided elsewhere.
    """
    tried(home, values)
    now = settings_module.origins(home, os.environ, cwd=Path.cwd())
    for one in now:
        is_elsewhere = one.source not in (*_IN_FILES, str(home.config_file))
        if one.name in values and is_elsewhere:
            raise SettingsError(
                f"{one.name} is set by {one.source} ({one.env}), and only there can it be changed"
            )
    settings_module.save_all(home.ensure(), values)


def is_set_up(home: Home) -> bool:
    """Return whether somebody has been through the setup, or has settings of their own."""
    try:
        found = settings_module.origins(home, os.environ, cwd=Path.cwd())
    except SettingsError:
        return True  # somebody has written into them
    return any(one.source != "default" for one in found if one.name in OF_SETUP)


def confirm(home: Home, chosen: Settings) -> None:
    """Write down what somebody has agreed to in the setup.

    So that neither the defaults of a later version nor a folder that appears change it.
    """
    found = settings_module.origins(home, os.environ, cwd=Path.cwd())
    unsaid = {one.name for one in found if one.source == "default"}
    agreed: dict[str, Any] = {
        name: str(getattr(chosen, name)) for name in OF_SETUP if name in unsaid
    }
    settings_module.save_all(home.ensure(), agreed)


def expect_folder(key: str, whole: Settings) -> None:
    """Refuse a file where a folder is meant.

    Raises:
        SettingsError: there is one.
    """
    chosen = {"recordings_path": whole.recordings_path, "archive_path": whole.archive_path}
    path = chosen.get(key)
    if path is not None and path.exists() and not path.is_dir():
        raise SettingsError(f"{key}: {path} is a file, not a folder")


def expect_no_secret(key: str, value: str) -> None:
    """Refuse what must not be written into a file.

    Raises:
        SettingsError: it is a secret, or no key for programs in the hands of users.
    """
    from zoomsync_agent.supabase.keys import kind_of  # noqa: PLC0415  httpx costs 80 ms

    kind = kind_of(value)
    if kind.is_secret:
        raise SettingsError(
            "this is a secret key, which passes every policy; it was not written down. Keep it "
            "with: zoomsync sign-in --service-key"
        )
    if key.lower() in _SECRETS:
        raise SettingsError(
            f"{key} is no setting but a secret: set the variable {_SECRETS[key.lower()]}, in the "
            "environment or a private .env; or keep it in the keyring with zoomsync sign-in "
            "--service-key, or zoomsync sign-in s3"
        )
    if key == "supabase_key" and value and not kind.is_public:
        raise SettingsError(
            "this is not a publishable or anon key; it is in the project's dashboard under "
            "Settings, API Keys, and begins with sb_publishable_"
        )
