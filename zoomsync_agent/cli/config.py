"""`zoomsync config`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoomsync_agent.cli.output import command, console, json_option, print_json
from zoomsync_agent.core.errors import SettingsError

_SECRETS = {
    "supabase_service_key": "SUPABASE_SERVICE_KEY",
    "service_key": "SUPABASE_SERVICE_KEY",
    "database_url": "DATABASE_URL",
    "zoom_client_secret": "ZOOM_CLIENT_SECRET",
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
}

if TYPE_CHECKING:
    from zoomsync_agent.settings import Settings


@click.group()
def config() -> None:
    """Show and change settings."""


@config.command()
@json_option
@command
def show(as_json: bool) -> None:
    """Show every setting, its value and where that comes from."""
    from zoomsync_agent import settings
    from zoomsync_agent.desktop import paths

    home = paths.home(os.environ)
    found = settings.origins(home, os.environ, cwd=Path.cwd())
    if as_json:
        print_json(
            {
                "config_file": str(home.config_file),
                "settings": {
                    one.name: {
                        "value": one.value,
                        "source": one.source,
                        "env": one.env,
                        "allowed": one.allowed,
                        "description": one.description,
                    }
                    for one in found
                },
            }
        )
        return
    out = console()
    for one in found:
        value = str(home.log_file) if one.name == "log_file" and not one.value else str(one.value)
        out.print(f"{one.name} = {value}", style="bold")
        out.print(f"    {one.description}")
        out.print(f"    {one.allowed} · {one.env} · from {one.source}", style="dim")
    out.print(f"\nconfig file: {home.config_file}", style="dim")


def _expect_folders(key: str, whole: "Settings") -> None:
    chosen = {"recordings_path": whole.recordings_path, "archive_path": whole.archive_path}
    path = chosen.get(key)
    if path is not None and path.exists() and not path.is_dir():
        raise SettingsError(f"{key}: {path} is a file, not a folder")
    if path is not None and not path.exists():
        click.echo(f"{path} does not exist yet.", err=True)


def _expect_no_secret(key: str, value: str) -> None:
    from zoomsync_agent.supabase.keys import kind_of

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


@config.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("key")
@click.argument("value")
@json_option
@command
def set_(key: str, value: str, as_json: bool) -> None:
    """Write one setting into config.toml."""
    from zoomsync_agent import settings
    from zoomsync_agent.desktop import paths
    from zoomsync_agent.desktop.single_instance import holder

    home = paths.home(os.environ)
    _expect_no_secret(key, value)
    if key in settings.SPECS:
        # What stops the next start is not written down.
        whole = settings.load(home, os.environ, cwd=Path.cwd(), overrides={key: value})
        _expect_folders(key, whole)
        if key.startswith("s3_") and whole.form_problem:
            raise SettingsError(whole.form_problem)
    settings.save(home, key, value)
    running = holder(home)
    effective = next(
        one for one in settings.origins(home, os.environ, cwd=Path.cwd()) if one.name == key
    )
    is_overruled = effective.source != str(home.config_file)
    if as_json:
        print_json({"key": key, "value": effective.value, "source": effective.source})
        return
    click.echo(f"{key} is written to {home.config_file}.")
    if is_overruled:
        click.echo(f"It is overruled by {effective.source}, where it is {effective.value}.")
    if running is not None:
        click.echo("The running agent uses it from its next start.")
