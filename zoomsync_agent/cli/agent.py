"""`zoomsync run` and `zoomsync sync`: the agent itself."""

import contextlib
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoomsync_agent.cli.output import STOPPED, ExitCode, command, json_option, load, print_json
from zoomsync_agent.core.errors import AlreadyRunning, NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoomsync_agent.control import Control, Sweeps
    from zoomsync_agent.desktop.paths import Home
    from zoomsync_agent.settings import Settings

MOST_DAYS = 36_500
HAND_OVER_SECONDS = 10.0
"""So long an agent that has only just begun may take to serve its page."""
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
            days = int(value)
        except ValueError:
            days = 0
        if not 1 <= days <= MOST_DAYS:
            self.fail(f"“{value}” is not all, none or a number of days from 1", param, ctx)
        return days


backfill_option = click.option(
    "--backfill",
    type=Backfill(),
    help="Recordings that are there already: take all, none, or those of the last DAYS.",
)


@click.command()
@click.option("--headless", is_flag=True, help="No tray and no live view; log lines instead.")
@click.option(
    "--at-login",
    is_flag=True,
    help="As the system starts it at login: without a word, and only once.",
)
@backfill_option
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON at every change.")
@command
def run(headless: bool, at_login: bool, backfill: str | int | None, as_json: bool) -> None:
    """Watch the recordings folder and upload what is finished, until stopped.

    With an agent already running, its page is opened.
    """
    from zoomsync_agent import app
    from zoomsync_agent.cli.live import JsonLines, LiveView

    is_live = not headless and not at_login and not as_json and sys.stderr.isatty()
    has_tray = not headless and not as_json
    try:
        home, settings = _load_decided(backfill, may_ask=is_live, is_quiet=as_json or at_login)
        log_to(home, settings, console=not is_live and not as_json and not at_login)
        follower = JsonLines() if as_json else LiveView(enabled=is_live)
        with follower:
            app.run(
                settings,
                home,
                reload=lambda: load()[1],
                redecide_history=backfill is not None,
                on_start=follower.show_always,
                with_tray=has_tray,
                # Where log lines are printed, one of them says it.
                on_no_tray=lambda why: follower.say(_no_icon(why)) if is_live else None,
            )
    except AlreadyRunning as exc:
        if not has_tray or backfill is not None:
            raise
        if not at_login:
            _hand_over(exc)
        return
    if is_live:
        click.echo(STOPPED, err=True)


def _no_icon(why: str) -> str:
    """Return what a terminal says where there is no tray; *why* is a sentence."""
    return f"No icon: {why} Its page: zoomsync open"


def _hand_over(running: AlreadyRunning) -> None:
    """Open the page of the agent that runs already."""
    import webbrowser

    from zoomsync_agent import app

    home, _ = load()
    deadline = time.monotonic() + HAND_OVER_SECONDS
    while True:
        try:
            link = app.page_link(home)
        except NotAllowed:
            if time.monotonic() >= deadline:
                raise running from None
            time.sleep(0.1)  # it has only just begun
        else:
            break
    owner = running.detail.partition(" owns ")[0]
    told = "Its page is open in your browser." if webbrowser.open(link) else f"Its page: {link}"
    click.echo(f"zoomsync is running already ({owner}). {told}", err=True)


@click.command()
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
@command
def setup(no_browser: bool) -> None:
    """Set everything up on the page; the agent begins when that is done, and goes on until stopped.

    With an agent already running, its page is opened.
    """
    import webbrowser

    from zoomsync_agent import app
    from zoomsync_agent.desktop.single_instance import holder

    home, settings = load()

    def show_page() -> None:
        link = app.page_link(home, "ui/setup")
        if no_browser or not webbrowser.open(link):
            click.echo(link)
        else:
            click.echo("The setup is open in your browser.", err=True)

    if holder(home) is not None:
        show_page()
        return
    log_to(home, settings, console=False)
    click.echo("Ctrl-C ends the agent.", err=True)
    has_begun = threading.Event()

    def tell_once(_control: "Control") -> None:
        if not has_begun.is_set():
            has_begun.set()
            click.echo("The agent works.", err=True)

    app.run(
        settings,
        home,
        reload=lambda: load()[1],
        is_held=not app.is_set_up(home),
        on_page=show_page,
        on_start=tell_once,
        with_tray=True,
        on_no_tray=lambda why: click.echo(_no_icon(why), err=True),
    )
    click.echo(STOPPED, err=True)


@click.command()
@backfill_option
@json_option
@command
def sync(backfill: str | int | None, as_json: bool) -> None:
    """Upload everything that is finished, then exit.

    With an agent already running, that agent does it and this command waits for it.
    """
    home, settings = _load_decided(backfill, may_ask=not as_json, is_quiet=as_json)
    log_to(home, settings, console=False)
    try:
        bring_home(home, settings, redecide=backfill is not None, as_json=as_json)
    except KeyboardInterrupt:
        click.echo(STOPPED, err=True)
        sys.exit(ExitCode.INTERRUPTED)


def bring_home(
    home: "Home",
    settings: "Settings",
    *,
    redecide: bool = False,
    sweeps: bool = True,
    as_json: bool = False,
) -> None:
    """Work until nothing is left to be done, here or by the agent that runs; then exit.

    Args:
        home: where everything lives.
        settings: what the user chose.
        redecide: decide anew what of the recordings from before the first start is taken.
        sweeps: look for recordings first; without it only what is in the queue is worked on.
        as_json: print JSON.
    """
    from zoomsync_agent import app
    from zoomsync_agent.control import Sweeps

    has_told = as_json
    while True:
        try:
            sys.exit(
                app.repairing(
                    settings,
                    home,
                    lambda agent: _wait(
                        agent.control,
                        Sweeps() if sweeps else None,
                        check=agent.check,
                        as_json=as_json,
                    ),
                    redecide_history=redecide,
                    sweeps=sweeps,
                )
            )
        except AlreadyRunning as exc:
            if not has_told:
                click.echo(f"{exc.detail}; it does the work, this waits for it.", err=True)
                has_told = True
        # An agent that ends before the work is done leaves it to this one.
        with contextlib.suppress(_AgentEnded), app.beside(settings, home) as control:
            check = _Watchman(home)
            first = look_once(control, check) if sweeps else None
            code = _wait(
                control, first, check=check, as_json=as_json,
                is_called_off=lambda: sweeps and not control.is_watching,
            )  # fmt: skip
            sys.exit(code)


class _AgentEnded(Exception):
    """The agent that was to do the work is gone."""


class _Watchman:
    """Looks, at most once a second, whether the other agent is still there."""

    def __init__(self, home: "Home") -> None:
        self._home = home
        self._asked_at = 0.0

    def __call__(self) -> None:
        from zoomsync_agent.desktop.single_instance import holder

        if time.monotonic() - self._asked_at >= 1.0:
            self._asked_at = time.monotonic()
            if holder(self._home) is None:
                raise _AgentEnded


def look_once(control: "Control", check: "Callable[[], None]") -> "Sweeps":
    """Have the agent look through everything, and ask for a second look; name the first.

    A sweep may have been going on when it was asked; only the next one surely began afterwards.
    """
    before = control.sweeps()
    control.look()
    while not control.sweeps().are_newer_than(before):
        if control.root_problem or not control.is_watching:
            return before  # nothing will be looked through; whoever waits sees why
        check()
        time.sleep(0.1)
    first = control.sweeps()
    control.look()
    return first


def _load_decided(
    backfill: str | int | None, *, may_ask: bool, is_quiet: bool
) -> "tuple[Home, Settings]":
    """Return home and settings; a choice about history is kept for every later start.

    Args:
        backfill: the choice that was made on the command line; without one the user may be asked.
        may_ask: whether there may be somebody to answer.
        is_quiet: say nothing, the output is for a program.

    Raises:
        AlreadyRunning: an agent has decided already, and decides by what it was started with.
    """
    from zoomsync_agent import settings as settings_module
    from zoomsync_agent.desktop.single_instance import holder

    home, settings = load(backfill=backfill)
    if backfill is None:
        return _with_history_decided(home, settings, may_ask=may_ask, is_quiet=is_quiet)
    owner = holder(home)
    if owner is not None:
        raise AlreadyRunning(f"{owner}. Stop it to change what happens to older recordings.")
    settings_module.save(home.ensure(), "backfill", backfill)
    return home, settings


def _with_history_decided(
    home: "Home", settings: "Settings", *, may_ask: bool, is_quiet: bool
) -> "tuple[Home, Settings]":
    """Tell, at the very first start, what lies there already, and let the user choose."""
    from zoomsync_agent import app
    from zoomsync_agent import settings as settings_module
    from zoomsync_agent.core.units import readable_size

    found = app.survey(settings, home)
    if found is None or not found.files:
        return home, settings
    count = "1 recording is" if found.files == 1 else f"{found.files:,} recordings are"
    said = f"{count} here already, {readable_size(found.size)}"
    if not (may_ask and sys.stdin.isatty() and sys.stderr.isatty()):
        if not is_quiet:
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


def _wait(
    control: "Control",
    after: "Sweeps | None",
    *,
    check: "Callable[[], None]",
    as_json: bool,
    is_called_off: "Callable[[], bool]" = lambda: False,
) -> ExitCode:
    from zoomsync_agent.cli.live import LiveView

    with LiveView(enabled=not as_json and sys.stderr.isatty()) as view:
        seen = view.wait_until_idle(
            control, after, check=check, patience=PATIENCE_SECONDS, is_called_off=is_called_off
        )
    is_short = seen.root_problem or is_called_off() or view.is_incomplete(seen)
    code = ExitCode.INCOMPLETE if is_short else ExitCode.DONE
    if as_json:
        print_json(
            {
                "recordings": [short_row(row) for row in control.recordings()],
                "not_uploaded": seen.as_dict()["waiting"],
                "left_out": asdict(seen.history),
                "cloud_problem": seen.cloud.sentence if seen.cloud else None,
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


def log_to(home: "Home", settings: "Settings", *, console: bool) -> None:
    """Write the log where the settings say, and let other programs go first."""
    from zoomsync_agent.desktop import logs, memory

    home.ensure()
    logs.configure(
        log_file=settings.log_file or home.log_file,
        level=settings.log_level,
        console=console,
        home_dir=Path.home(),
    )
    memory.use_few_arenas()
    # One of two uploaders must not starve the other programs of the desktop.
    if hasattr(os, "nice"):
        os.nice(5)
