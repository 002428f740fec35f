"""`zoomsync schema`."""

import os

import click

from zoomsync_agent.cli.output import command, json_option, load, print_json
from zoomsync_agent.core.errors import UsageError


@click.command()
@click.option("--apply", "is_applied", is_flag=True, help="Run it in the database DATABASE_URL.")
@json_option
@command
def schema(is_applied: bool, as_json: bool) -> None:
    """Print the SQL that sets a Supabase project up, for its SQL editor; or run it with --apply.

    Running it again changes nothing that is in order.
    """
    from zoomsync_agent.catalog import schema as files

    home, settings = load()
    bucket = settings.supabase_bucket
    if is_applied:
        from zoomsync_agent.settings import DATABASE_URL, secret

        found = secret(home, os.environ, DATABASE_URL)
        if found is None:
            raise UsageError(
                f"{DATABASE_URL} is set neither in the environment nor in {home.env_file}. Copy "
                "the connection string from the project's dashboard: Connect → Direct. Or print "
                "the SQL with “zoomsync schema” and run it in the SQL editor."
            )
        _apply(found.value, found.source, bucket, as_json=as_json)
    elif as_json:
        print_json({"bucket": bucket, "sql": files.whole(bucket)})
    else:
        click.echo(files.whole(bucket), nl=False)


def _apply(database_url: str, source: str, bucket: str, *, as_json: bool) -> None:
    from zoomsync_agent.catalog.schema import applying

    where = applying.target(database_url)
    if not as_json:
        click.echo(f"Changing {where} (the address is from {source}).")
    applied = applying.apply(
        database_url, bucket, tell=lambda said: None if as_json else click.echo(f"  {said}")
    )
    if as_json:
        print_json(
            {
                "host": where.host,
                "port": where.port,
                "database": where.database,
                "source": source,
                "applied": [f"{one.number:04} {one.name}" for one in applied],
            }
        )
    elif applied:
        click.echo("The project is set up.")
    else:
        click.echo("Everything was there; what had been changed by hand is in order again.")
