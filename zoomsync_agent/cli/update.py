"""`zoomsync update`."""

import click

from zoomsync_agent import __version__
from zoomsync_agent.cli.output import command, json_option, load, print_json
from zoomsync_agent.core.updates import is_newer


@click.command()
@json_option
@command
def update(as_json: bool) -> None:
    """Ask whether there is a newer version. Nothing is installed."""
    from zoomsync_agent.app import updates

    _, settings = load()
    feed = updates.feed_of(settings)
    found = updates.latest(feed) if feed else None
    has_newer = found is not None and is_newer(found.version, __version__)
    if as_json:
        print_json(
            {
                "version": __version__,
                "latest": found.version if found else None,
                "url": found.url if found else None,
                "is_newer": has_newer,
            }
        )
    elif not feed:
        why = (
            "update_check is “no”"
            if settings.update_check == "no"
            else "this program came from no release, and update_feed is not set"
        )
        click.echo(f"Nobody is asked: {why}.")
    elif found is None:
        click.echo("The feed names no release.")
    elif has_newer:
        click.echo(f"zoomsync {found.version} is out; this is {__version__}.\n{found.url}")
    else:
        click.echo(f"This is the newest version: {__version__}.")
