"""`zoomsync free-space`: originals that are safe in the archive go to this computer's trash."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from zoomsync_agent.cli.output import (
    ExitCode,
    command,
    console,
    fail,
    json_option,
    load,
    print_json,
)
from zoomsync_agent.core.errors import UsageError
from zoomsync_agent.core.freeing import MANY, MOST_DAYS, SENTENCES, USUAL_DAYS, Kept, Plan
from zoomsync_agent.core.units import readable_files, readable_size


class _Days(click.ParamType[int]):
    """How old a recording must be."""

    name = "DAYS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return a number of days."""
        try:
            days = int(value)
        except ValueError:
            days = -1
        if not 0 <= days <= MOST_DAYS:
            self.fail(f"“{value}” is no number of days; write 0 to {MOST_DAYS}", param, ctx)
        return days


@click.command("free-space")
@click.option(
    "--older-than",
    "days",
    type=_Days(),
    help=f"Only recordings made so many DAYS ago or before; {USUAL_DAYS} unless set.",
    metavar="DAYS",
)
@click.option("--dry-run", is_flag=True, help="Only print what would be moved.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@command
def free_space(days: int | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Move originals that are safe in the archive to the trash of this computer.

    Each one only when it has just been read and the archive has just said that it has all of it.
    Nothing is deleted: restore it from the trash to have it back.
    """
    from zoomsync_agent.app import freeing
    from zoomsync_agent.cli.agent import log_to

    home, settings = load()
    log_to(home, settings, console=False)
    if days is None:
        chosen = settings.free_space_after_days
        days = USUAL_DAYS if isinstance(chosen, str) else chosen
    plan = freeing.plan(settings, home, days)
    if dry_run:
        _tell(plan, "would be moved to the trash", as_json=as_json)
        return _end(plan)
    if not as_json:
        _show(plan, "can be moved to the trash")
    if not plan.moved:
        if as_json:
            print_json(_as_dict(plan))
        return _end(plan)
    if not yes and not _agreed(plan, as_json=as_json):
        return None
    done = freeing.free(settings, home, days, agreed=plan.moved)
    if as_json:
        print_json(_as_dict(done))
    else:
        moved = {one.path for one in plan.moved}
        _show_kept([one for one in done.kept if one.original.path in moved])
        click.echo(f"{_amount(done)} moved to the trash.")
    return _end(done)


def _agreed(plan: Plan, *, as_json: bool) -> bool:
    if as_json or not sys.stdin.isatty():
        fail(UsageError("say --yes to move them, or --dry-run only to look"), as_json=as_json)
    return click.confirm(f"Move {_amount(plan)} to the trash?", err=True)


def _end(plan: Plan) -> None:
    """End with the exit code that tells of a plan that could not be made whole."""
    if plan.problem:
        sys.exit(ExitCode.INCOMPLETE)


def _tell(plan: Plan, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_dict(plan))
    else:
        _show(plan, words)


def _show(plan: Plan, words: str) -> None:
    out = console()
    for one in plan.moved:
        out.print(f"{readable_size(one.size):>10}  {one.path}")
    _show_kept(plan.kept)
    if plan.problem:
        click.echo(plan.problem)
    elif plan.moved:
        click.echo(f"{_amount(plan)} {words}.")
    else:
        click.echo("There is nothing to move.")


def _show_kept(kept: Sequence[Kept]) -> None:
    out = console()
    for one in kept:
        if one.why not in MANY:
            out.print(f"{'stays':>10}  {one.original.path}: {one.sentence}", style="dim")
    for why, count in Counter(one.why for one in kept if one.why in MANY).items():
        out.print(f"{'stays':>10}  {readable_files(count)}: {SENTENCES[why]}", style="dim")


def _amount(plan: Plan) -> str:
    return f"{readable_files(len(plan.moved))}, {readable_size(plan.size)},"


def _as_dict(plan: Plan) -> dict[str, Any]:
    return {
        "moved": [{"path": str(one.path), "size": one.size} for one in plan.moved],
        "size": plan.size,
        "stays": [
            {"path": str(one.original.path), "code": str(one.why), "sentence": one.sentence}
            for one in plan.kept
        ],
        "problem": plan.problem or None,
    }
