"""`zoomsync config`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoomsync_agent.cli.output import command, console, json_option, print_json

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


def _tell_of_folder(key: str, whole: "Settings") -> None:
    """Say that a folder is not there yet, which may be a mistake."""
    chosen = {"recordings_path": whole.recordings_path, "archive_path": whole.archive_path}
    path = chosen.get(key)
    if path is not None and not path.exists():
        click.echo(f"{path} does not exist yet.", err=True)


@config.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("key")
@click.argument("value")
@json_option
@command
def set_(key: str, value: str, as_json: bool) -> None:
    """Write one setting into config.toml."""
    from zoomsync_agent import settings
    from zoomsync_agent.app import choosing
    from zoomsync_agent.desktop import paths
    from zoomsync_agent.desktop.single_instance import holder

    home = paths.home(os.environ)
    choosing.expect_no_secret(key, value)
    if key in settings.SPECS:
        # What stops the next start is not written down.
        _tell_of_folder(key, choosing.tried(home, {key: value}))
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
        click.echo("The running agent takes it up at once.")
