"""`zoomsync doctor`."""

import sys
import time
from typing import TYPE_CHECKING, Final

import click

from zoomsync_agent.cli.output import (
    ExitCode,
    command,
    console,
    json_option,
    load,
    print_json,
)

if TYPE_CHECKING:
    from zoomsync_agent.desktop.paths import Home
    from zoomsync_agent.doctor import Finding
    from zoomsync_agent.settings import Settings

_MARKS: Final = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


@click.command()
@click.argument("what", type=click.Choice(["supabase", "s3"]), default=None, required=False)
@json_option
@command
def doctor(what: str | None, as_json: bool) -> None:
    """Look at what keeps the recordings, and say what is wrong and how to mend it.

    Without a name: at the destination of the settings, or at the project that they name. A
    Supabase project is only looked at; in an S3 bucket a few bytes are written and taken away
    again. Ends with the exit code 3 if there is a problem.
    """
    from zoomsync_agent.doctor import Level

    home, settings = load()
    if what is None and settings.destination == "s3":
        what = "s3"
    elif what is None and (settings.uses_supabase or settings.supabase_url):
        # Whoever has named a project is about to use it.
        what = "supabase"
    match what:
        case "s3":
            found = _bucket(settings, home)
        case "supabase":
            found = _examined(settings, home)
        case _:
            found = [_folder(settings)]
    if as_json:
        print_json({"findings": [one.as_dict() for one in found]})
    else:
        _show(found)
    if any(one.level is Level.PROBLEM for one in found):
        sys.exit(ExitCode.INCOMPLETE)


def _folder(settings: "Settings") -> "Finding":
    from zoomsync_agent.doctor import Finding, Level

    return Finding(
        "destination",
        Level.OK,
        f"Recordings go into the folder {settings.archive_path}; there is nothing to look at. "
        "(Of other places: zoomsync doctor supabase, zoomsync doctor s3.)",
    )


def _bucket(settings: "Settings", home: "Home") -> "list[Finding]":
    from zoomsync_agent.app import bucket
    from zoomsync_agent.core.errors import SettingsError
    from zoomsync_agent.doctor import Finding, Level
    from zoomsync_agent.doctor.bucket import examine_bucket

    try:
        with bucket.opened(settings, home) as requests:
            return examine_bucket(requests, bucket.storing_of(settings).headers, now=time.time)
    except SettingsError as exc:
        return [Finding("settings", Level.PROBLEM, f"{exc.detail}.")]


def _examined(settings: "Settings", home: "Home") -> "list[Finding]":
    from zoomsync_agent import app
    from zoomsync_agent.app import remote
    from zoomsync_agent.core.account import AccountState
    from zoomsync_agent.core.errors import SettingsError
    from zoomsync_agent.doctor import Facts, Finding, Level, examine

    with app.beside(settings, home) as control:
        largest_queued = control.largest_queued()
    try:
        with remote.opened(settings, home) as opened:
            facts = Facts(
                url=settings.supabase_url,
                public_key=settings.supabase_key,
                is_service_mode=opened.access.account().state is AccountState.SERVICE,
            )
            return examine(
                facts,
                opened.project,
                opened.access,
                largest_queued=largest_queued,
                now=time.time,
            )
    except SettingsError as exc:
        # What keeps the agent from using the project at all is a finding like any other.
        return [Finding("settings", Level.PROBLEM, f"{exc.detail}.")]


def _show(found: "list[Finding]") -> None:
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    for one in found:
        mark, colour = _MARKS[one.level]
        out.print(Text.assemble((f"{mark} ", colour), one.sentence))
        if one.mend:
            out.print(Padding(Text(one.mend), (0, 0, 0, 2), expand=False))
    sql = dict.fromkeys(one.sql for one in found if one.sql)
    if sql:
        out.print(Text("\nSQL that mends it, for the dashboard's SQL Editor:\n", style="bold"))
    for text in sql:
        # Without indentation and wrapping: it is to be copied.
        out.print(Text(f"{text}\n"), soft_wrap=True)
