"""`zoomsync run` and `zoomsync sync`: the agent itself."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoomsync_agent.cli.output import ExitCode, command, json_option, load, print_json
from zoomsync_agent.core.errors import AlreadyRunning

if TYPE_CHECKING:
    from zoomsync_agent.control import Control
    from zoomsync_agent.desktop.paths import Home
    from zoomsync_agent.settings import Settings

PATIENCE_SECONDS = 20.0
"""`sync` waits for a retry that is due within so many seconds; longer waits are left to the agent
or to the next sync."""


class Backfill(click.ParamType[str | int]):
    """What happens to recordings that are there at the first start."""

    name = "all|none|DAYS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | int:
        """Return "all", "none" or a number of days."""
        if value in ("all", "none"):
            return str(value)
        try:
            return int(value)
        except ValueError:
            self.fail(f"“{value}” is not all, none or a number of days", param, ctx)


backfill_option = click.option(
    "--backfill",
    type=Backfill(),
    help="Recordings that are there already: take all, none, or those of the last DAYS.",
)


@click.command()
@click.option("--headless", is_flag=True, help="No live view; log lines instead.")
@backfill_option
@command
def run(headless: bool, backfill: str | int | None) -> None:
    """Watch the recordings folder and upload what is finished, until stopped."""
    from zoomsync_agent import app

    home, settings = load(backfill=backfill)
    if backfill is None:
        home, settings = _with_history_decided(home, settings, may_ask=not headless)
    is_live = not headless and sys.stderr.isatty()
    _log_to(home, settings, console=not is_live)
    if is_live:
        from zoomsync_agent.cli.live import LiveView

        with LiveView() as view:
            app.run(
                settings, home, redecide_history=backfill is not None, on_start=view.show_always
            )
    else:
        app.run(settings, home, redecide_history=backfill is not None)


@click.command()
@backfill_option
@json_option
@command
def sync(backfill: str | int | None, as_json: bool) -> None:
    """Upload everything that is finished, then exit.

    With an agent already running, that agent does it and this command waits for it.
    """
    from zoomsync_agent import app

    home, settings = load(backfill=backfill)
    if backfill is None:
        home, settings = _with_history_decided(home, settings, may_ask=not as_json)
    _log_to(home, settings, console=False)
    since = time.time()
    try:
        with app.running(settings, home, redecide_history=backfill is not None) as agent:
            code = _wait(agent.control, since, check=agent.check, as_json=as_json)
    except AlreadyRunning as exc:
        if backfill is not None:
            raise AlreadyRunning(
                f"{exc.detail}. Stop it to change what happens to older recordings."
            ) from exc
        if not as_json:
            click.echo(f"{exc.detail}; it does the work, this waits for it.", err=True)
        with app.beside(settings, home) as control:
            control.look()
            code = _wait(control, since, check=lambda: None, as_json=as_json)
    sys.exit(code)


def _with_history_decided(
    home: "Home", settings: "Settings", *, may_ask: bool
) -> "tuple[Home, Settings]":
    """Tell, at the very first start, what lies there already, and let the user choose."""
    from zoomsync_agent import app
    from zoomsync_agent import settings as settings_module
    from zoomsync_agent.core.units import readable_size

    found = app.survey(settings, home)
    if found is None or not found.files:
        return home, settings
    said = f"{found.files:,} recordings, {readable_size(found.size)}, are here already"
    if not (may_ask and sys.stdin.isatty() and sys.stderr.isatty()):
        if may_ask:
            click.echo(f"{said}; backfill is “{settings.backfill}”.", err=True)
        return home, settings
    click.echo(f"{said}. They are taken in after new ones, the oldest first.", err=True)
    chosen = click.prompt(
        "Take all, none, or those of the last DAYS?",
        type=Backfill(),
        default=settings.backfill,
        err=True,
    )
    settings_module.save(home.ensure(), "backfill", chosen)
    return load()


def _wait(control: "Control", since: float, *, check: Any, as_json: bool) -> ExitCode:
    from zoomsync_agent.cli.live import LiveView

    with LiveView(enabled=not as_json and sys.stderr.isatty()) as view:
        seen = view.wait_until_idle(control, since, check=check, patience=PATIENCE_SECONDS)
    code = ExitCode.INCOMPLETE if seen.root_problem or view.is_incomplete(seen) else ExitCode.DONE
    if as_json:
        print_json(
            {
                "recordings": [short_row(row) for row in control.recordings()],
                "not_uploaded": seen.as_dict()["waiting"],
            }
        )
    else:
        from zoomsync_agent.cli.status import show

        show(seen)
    return code


def short_row(row: Any) -> dict[str, Any]:
    """Return what `sync` and `demo` print of a recording."""
    return {
        "recording_id": row.recording_id,
        "meeting_title": row.meeting_title,
        "file_name": row.file_name,
        "file_size": row.file_size,
        "file_url": row.file_url,
        "sha256": row.sha256,
        "processing_status": str(row.processing_status),
    }


def _log_to(home: "Home", settings: "Settings", *, console: bool) -> None:
    from zoomsync_agent.desktop import logs

    home.ensure()
    logs.configure(
        log_file=settings.log_file or home.log_file,
        level=settings.log_level,
        console=console,
        home_dir=Path.home(),
    )
    # One of two uploaders must not starve the other programs of the desktop.
    if hasattr(os, "nice"):
        os.nice(5)
