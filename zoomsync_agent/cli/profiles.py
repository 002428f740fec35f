"""`zoomsync profiles`: several agents of one user, each with its own settings."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoomsync_agent.cli.output import command, console, json_option, print_json
from zoomsync_agent.core.errors import AgentError, SettingsError

if TYPE_CHECKING:
    from zoomsync_agent.desktop.paths import Home


@click.command()
@json_option
@command
def profiles(as_json: bool) -> None:
    """List the profiles. One is made by naming it: zoomsync --profile NAME setup.

    Each has its own folder, destination, accounts, page and start at login.
    """
    from zoomsync_agent.desktop import paths

    selected = paths.home(os.environ).profile
    found = [_of(home, is_selected=home.profile == selected) for home in paths.homes(os.environ)]
    if as_json:
        print_json({"profiles": found})
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "Profile", "Runs", "At login", "Recordings", "Archive"):
        table.add_column(name, overflow="fold")
    for one in found:
        told = (one["problem"], "") if one["problem"] else (one["recordings_path"], one["archive"])
        table.add_row(
            "*" if one["selected"] else "",
            one["name"] or paths.USUAL,
            "yes" if one["running"] else "no",
            "yes" if one["at_login"] else "no",
            *told,
        )
    console().print(table)


def _of(home: "Home", *, is_selected: bool) -> dict[str, Any]:
    """Return what there is to say of one profile."""
    from zoomsync_agent import app
    from zoomsync_agent import settings as settings_module
    from zoomsync_agent.desktop.autostart import Autostart
    from zoomsync_agent.desktop.paths import PROFILE_VARIABLE
    from zoomsync_agent.desktop.single_instance import holder

    environ = {**os.environ, PROFILE_VARIABLE: home.profile}
    told: dict[str, Any] = {
        "name": home.profile,
        "selected": is_selected,
        "config_file": str(home.config_file),
        "running": holder(home) is not None,
        "at_login": False,
        "recordings_path": "",
        "destination": "",
        "archive": "",
        "problem": "",
    }
    try:
        told["at_login"] = Autostart(home).status().is_on
        settings = settings_module.load(home, environ, cwd=Path.cwd())
    except SettingsError as exc:
        told["problem"] = exc.detail.splitlines()[0]
    except AgentError as exc:
        told["problem"] = exc.detail
    else:
        told |= {
            "recordings_path": str(settings.recordings_path),
            "destination": settings.destination,
            "archive": app.archive_of(settings),
        }
    return told
