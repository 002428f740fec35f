"""What people can do to the queue."""

import re

import click

from zoomsync_agent.cli.output import command, control, json_option, print_json
from zoomsync_agent.control import MAX_PAUSE_SECONDS
from zoomsync_agent.core.errors import UsageError

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_UNITS = {"": 60.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def duration(text: str) -> float:
    """Return "90s", "30m", "2h", "1d" or plain minutes as seconds.

    Raises:
        UsageError: *text* is none of these, or longer than a pause can be.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(f"“{text}” is no duration; write 30m, 2h, 1d or a number of minutes")
    seconds = float(match[1]) * _UNITS[match[2]]
    if not seconds:
        raise UsageError(f"“{text}” is no time at all; write 30m, 2h, 1d or a number of minutes")
    if seconds > MAX_PAUSE_SECONDS:
        raise UsageError(f"“{text}” is longer than a year")
    return seconds


@click.command()
@click.argument("names", nargs=-1, metavar="[ID|JOB|PATH]…")
@json_option
@command
def retry(names: tuple[str, ...], as_json: bool) -> None:
    """Try uploads again now: those named, or all that failed or wait."""
    with control() as agent:
        count = agent.retry(names)
        when = "now" if agent.is_running else "when the agent runs: zoomsync run"
    _tell("retried", count, f"will be tried again {when}", as_json=as_json)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="ID|JOB|PATH…")
@json_option
@command
def cancel(names: tuple[str, ...], as_json: bool) -> None:
    """Do not upload a recording after all. The original stays where it is."""
    with control() as agent:
        count = agent.cancel(names)
    _tell("cancelled", count, "cancelled", as_json=as_json)


@click.command()
@click.option("--for", "how_long", metavar="TIME", help="For how long, such as 30m or 2h.")
@json_option
@command
def pause(how_long: str | None, as_json: bool) -> None:
    """Let no new byte move; a running upload stops at its next durable point."""
    with control() as agent:
        agent.pause(None if how_long is None else duration(how_long))
        is_running = agent.is_running
    if as_json:
        print_json({"paused": True})
        return
    until = "until you say zoomsync resume" if how_long is None else f"for {how_long}"
    click.echo(f"Paused {until}.{'' if is_running else ' No agent is running now.'}")


@click.command()
@json_option
@command
def resume(as_json: bool) -> None:
    """Go on after a pause."""
    with control() as agent:
        agent.resume()
    if as_json:
        print_json({"paused": False})
    else:
        click.echo("Going on.")


@click.group()
def monitor() -> None:
    """Start and stop looking for new recordings. What is found already goes on."""


@monitor.command()
@json_option
@command
def start(as_json: bool) -> None:
    """Look for new recordings again."""
    _watch(wanted=True, as_json=as_json)


@monitor.command()
@json_option
@command
def stop(as_json: bool) -> None:
    """Do not look for new recordings until “zoomsync monitor start”."""
    _watch(wanted=False, as_json=as_json)


def _watch(*, wanted: bool, as_json: bool) -> None:
    with control() as agent:
        agent.watch(wanted=wanted)
    if as_json:
        print_json({"watching": wanted})
    elif wanted:
        click.echo("New recordings are taken up as they appear, while the agent runs.")
    else:
        click.echo("New recordings are not noticed until: zoomsync monitor start")


def _tell(what: str, count: int, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json({what: count})
    elif not count:
        click.echo("There is nothing to try again.")
    else:
        click.echo(f"{count} {'upload' if count == 1 else 'uploads'} {words}.")
