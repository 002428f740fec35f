"""`zoomsync autostart`: whether the agent starts at login."""

import os
from typing import TYPE_CHECKING

import click

from zoomsync_agent.cli.output import command, home, json_option, print_json

if TYPE_CHECKING:
    from zoomsync_agent.desktop.autostart import Autostart


@click.group()
def autostart() -> None:
    """Start the agent at login, or do not. Each profile has an entry of its own."""


@autostart.command()
@json_option
@command
def on(as_json: bool) -> None:
    """Start the agent at login, with this very program; mends an entry that is wrong."""
    found = _autostart()
    found.set(wanted=True)
    _tell(found, as_json=as_json)
    if not as_json:
        _tell_of_environment()


@autostart.command()
@json_option
@command
def off(as_json: bool) -> None:
    """Do not start the agent at login. One that runs goes on."""
    found = _autostart()
    found.set(wanted=False)
    if as_json:
        _tell(found, as_json=True)
    else:
        click.echo("The agent no longer starts at login.")


@autostart.command()
@json_option
@command
def status(as_json: bool) -> None:
    """Say whether the agent starts at login, and what is wrong with that."""
    _tell(_autostart(), as_json=as_json)


def _tell_of_environment() -> None:
    """Say what was set for this terminal alone, and will be something else at login."""
    from pathlib import Path

    from zoomsync_agent import settings
    from zoomsync_agent.desktop.secret_files import VARIABLE

    found = settings.origins(home(), os.environ, cwd=Path.cwd())
    names = [one.env for one in found if one.source == "environment"]
    names += [VARIABLE] if os.environ.get(VARIABLE, "").strip() else []
    if names:
        click.echo(
            f"Set in this terminal alone, so perhaps not at login: {', '.join(names)}. Settings "
            "hold everywhere once they are written down: zoomsync config set KEY VALUE",
            err=True,
        )


def _autostart() -> "Autostart":
    from zoomsync_agent.desktop.autostart import Autostart

    return Autostart(home())


def _tell(found: "Autostart", *, as_json: bool) -> None:
    told = found.status()
    if as_json:
        print_json({"at_login": told.is_on, "place": told.place, "problem": told.problem or None})
        return
    if not told.is_on:
        click.echo("The agent does not start at login (zoomsync autostart on lets it).")
    elif told.problem:
        click.echo(f"The agent does not start at login, although it should. {told.problem}")
        click.echo("Mend it: zoomsync autostart on")
    else:
        click.echo(f"The agent starts at login: {told.place}")
