"""`zoomsync notices`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from zoomsync_agent.cli.output import command, control, json_option, print_json
from zoomsync_agent.cli.queue import duration
from zoomsync_agent.core.errors import NotAllowed

if TYPE_CHECKING:
    from zoomsync_agent.desktop.paths import Home
    from zoomsync_agent.settings import Settings

_OFF = "off"
_USUAL = "problems"


@click.group()
def notices() -> None:
    """Choose whether notices appear on the desktop, and try whether they do."""


@notices.command()
@click.argument("how_long", metavar="TIME")
@json_option
@command
def snooze(how_long: str, as_json: bool) -> None:
    """Let no notice appear for a while, such as 2h or 1d; what happens is told afterwards."""
    seconds = duration(how_long)
    with control() as agent:
        agent.quiet.snooze(seconds)
        until = agent.quiet.snoozed_until
    moment = datetime.fromtimestamp(until or 0.0, UTC)
    if as_json:
        print_json({"snoozed_until": moment.isoformat()})
    else:
        click.echo(f"No notices until {moment.astimezone():%Y-%m-%d %H:%M}.")


@notices.command()
@json_option
@command
def on(as_json: bool) -> None:
    """Let notices appear again."""
    home, settings = _chosen()
    with control() as agent:
        agent.quiet.snooze(0.0)
    if settings.notify == _OFF:
        settings = _choose(home, _USUAL)
    if as_json:
        print_json({"notify": settings.notify, "snoozed_until": None})
    elif settings.notify == _OFF:
        click.echo("Notices stay off: the variable ZOOMSYNC_NOTIFY, or an .env file, says so.")
    else:
        what = "what needs you" if settings.notify == _USUAL else "what needs you and what is safe"
        click.echo(f"Notices tell {what}.")


@notices.command()
@json_option
@command
def off(as_json: bool) -> None:
    """Let no notice appear any more, whatever happens."""
    home, _ = _chosen()
    settings = _choose(home, _OFF)
    if as_json:
        print_json({"notify": settings.notify})
    elif settings.notify == _OFF:
        click.echo("No notices any more. The page and zoomsync status still tell everything.")
    else:
        click.echo(
            f"Notices stay at “{settings.notify}”: the variable ZOOMSYNC_NOTIFY, or an .env file, "
            "says so."
        )


@notices.command()
@json_option
@command
def test(as_json: bool) -> None:
    """Let the running agent show a notice."""
    _, settings = _chosen()
    with control() as agent:
        is_asked = agent.is_running and settings.notify != _OFF
        if is_asked:
            agent.quiet.try_notice()
        is_running, until = agent.is_running, agent.quiet.snoozed_until
    if not is_running:
        raise NotAllowed("Only a running agent shows notices: zoomsync run")
    if as_json:
        print_json({"asked": is_asked})
    elif not is_asked:
        click.echo("Notices are off: zoomsync notices on")
    else:
        if until:
            moment = datetime.fromtimestamp(until, UTC).astimezone()
            click.echo(f"Notices are put off until {moment:%Y-%m-%d %H:%M}; this one is shown.")
        click.echo(
            "A notice should appear within seconds. If none does, zoomsync doctor or the log tells "
            "why."
        )


def _chosen() -> "tuple[Home, Settings]":
    from zoomsync_agent.cli.output import load

    return load()


def _choose(home: "Home", value: str) -> "Settings":
    """Write the setting down and return what holds then."""
    from zoomsync_agent import settings
    from zoomsync_agent.app import choosing

    choosing.tried(home, {"notify": value})
    settings.save(home, "notify", value)
    return _chosen()[1]
