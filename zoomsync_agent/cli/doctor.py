"""`zoomsync doctor`."""

import sys
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
    from zoomsync_agent.doctor import Finding

_MARKS: Final = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


@click.command()
@click.argument(
    "what", type=click.Choice(["computer", "supabase", "s3", "zoom"]), default=None, required=False
)
@json_option
@command
def doctor(what: str | None, as_json: bool) -> None:
    """Look at what keeps the recordings, and say what is wrong and how to mend it.

    Without a name: at this computer, and at all that the settings use or name. A Supabase project
    is only looked at; in an S3 bucket a few bytes are written and taken away again. Ends with the
    exit code 3 if there is a problem.
    """
    from zoomsync_agent.app import checks

    home, settings = load()
    match what:
        case "computer":
            found = checks.computer_findings(settings, home)
        case "zoom":
            found = checks.zoom_findings(settings, home)
        case "s3":
            found = checks.bucket_findings(settings, home)
        case "supabase":
            found = checks.project_findings(settings, home)
        case _:
            found = checks.computer_findings(settings, home)
            found += checks.remote_findings(settings, home)
            if settings.supabase_url and not settings.uses_supabase:
                # Whoever has named a project is about to use it.
                found += checks.project_findings(settings, home)
    if as_json:
        print_json({"findings": [one.as_dict() for one in found]})
    else:
        _show(found)
    if not checks.is_in_order(found):
        sys.exit(ExitCode.INCOMPLETE)


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
