"""The command line: parse, call control, print. One file per group of commands."""

import difflib
import os
from collections.abc import Callable
from typing import Final

import click

from zoomsync_agent import __version__


def _run() -> click.Command:
    from zoomsync_agent.cli.agent import run

    return run


def _setup() -> click.Command:
    from zoomsync_agent.cli.agent import setup

    return setup


def _monitor() -> click.Command:
    from zoomsync_agent.cli.queue import monitor

    return monitor


def _sync() -> click.Command:
    from zoomsync_agent.cli.agent import sync

    return sync


def _demo() -> click.Command:
    from zoomsync_agent.cli.demo import demo

    return demo


def _status() -> click.Command:
    from zoomsync_agent.cli.status import status

    return status


def _open() -> click.Command:
    from zoomsync_agent.cli.status import open_page

    return open_page


def _recordings() -> click.Command:
    from zoomsync_agent.cli.recordings import recordings

    return recordings


def _retry() -> click.Command:
    from zoomsync_agent.cli.queue import retry

    return retry


def _cancel() -> click.Command:
    from zoomsync_agent.cli.queue import cancel

    return cancel


def _pause() -> click.Command:
    from zoomsync_agent.cli.queue import pause

    return pause


def _resume() -> click.Command:
    from zoomsync_agent.cli.queue import resume

    return resume


def _notices() -> click.Command:
    from zoomsync_agent.cli.notices import notices

    return notices


def _sign_in() -> click.Command:
    from zoomsync_agent.cli.account import sign_in

    return sign_in


def _sign_out() -> click.Command:
    from zoomsync_agent.cli.account import sign_out

    return sign_out


def _doctor() -> click.Command:
    from zoomsync_agent.cli.doctor import doctor

    return doctor


def _free_space() -> click.Command:
    from zoomsync_agent.cli.freeing import free_space

    return free_space


def _autostart() -> click.Command:
    from zoomsync_agent.cli.autostart import autostart

    return autostart


def _profiles() -> click.Command:
    from zoomsync_agent.cli.profiles import profiles

    return profiles


def _schema() -> click.Command:
    from zoomsync_agent.cli.schema import schema

    return schema


def _config() -> click.Command:
    from zoomsync_agent.cli.config import config

    return config


def _update() -> click.Command:
    from zoomsync_agent.cli.update import update

    return update


def _cloud() -> click.Command:
    from zoomsync_agent.cli.cloud import cloud

    return cloud


COMMANDS: Final[dict[str, tuple[Callable[[], click.Command], str]]] = {
    "setup": (_setup, "Set everything up on the page: folder, archive, accounts."),
    "run": (_run, "Watch the recordings folder and upload what is finished, until stopped."),
    "sync": (_sync, "Upload everything that is finished, then exit."),
    "status": (_status, "Show what the agent does and why files are not uploaded."),
    "monitor": (_monitor, "Start and stop looking for new recordings."),
    "open": (_open, "Open the running agent's page in the browser."),
    "recordings": (_recordings, "List, show and search recordings."),
    "cloud": (_cloud, "Look at your recordings in Zoom's cloud."),
    "retry": (_retry, "Try failed uploads again now."),
    "cancel": (_cancel, "Do not upload a recording after all."),
    "pause": (_pause, "Let no new byte move for a while."),
    "resume": (_resume, "Go on after a pause."),
    "notices": (_notices, "Choose whether notices appear on the desktop."),
    "sign-in": (_sign_in, "Sign in to Supabase, to an S3 store, or to Zoom."),
    "sign-out": (_sign_out, "Sign out again; nothing is deleted."),
    "doctor": (
        _doctor,
        "Look at folders, keyring, archive and accounts: what is wrong, and how to mend it.",
    ),
    "free-space": (
        _free_space,
        "Move originals that are safe in the archive to the trash of this computer.",
    ),
    "autostart": (_autostart, "Start the agent at login, or do not."),
    "profiles": (_profiles, "List the profiles: several agents, each with its own settings."),
    "schema": (_schema, "Print the SQL that sets up a Supabase project, or run it."),
    "config": (_config, "Show and change settings."),
    "update": (_update, "Ask whether there is a newer version; nothing is installed."),
    "demo": (_demo, "Play a Zoom meeting and watch it come home, in a throw-away home."),
}
"""Every command with its help; a command's module is loaded only when it is used."""


_MAKES_PROFILES: Final = frozenset(
    {"setup", "run", "sync", "config", "sign-in", "autostart", "demo", "profiles"}
)
"""With these somebody begins to use a profile; the others are about one that is there."""


class LazyGroup(click.Group):
    """A group that loads the module of a command when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        del ctx
        found = COMMANDS.get(cmd_name)
        return found[0]() if found else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without loading any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the known commands when an unknown one is asked for."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            guess = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(f"There is no command “{args[0]}”.{guess} Commands: {', '.join(COMMANDS)}.")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="zoomsync", message="%(prog)s %(version)s")
@click.option("--profile", metavar="NAME", help="Another set of settings, data and accounts.")
@click.option("--home", metavar="FOLDER", help="Where everything lives, as ZOOMSYNC_HOME says it.")
@click.pass_context
def zoomsync(ctx: click.Context, profile: str | None, home: str | None) -> None:
    """Bring every finished Zoom recording home by itself.

    Exit codes: 0 done · 1 fault of the program · 2 wrong use or setting · 3 something could not be
    uploaded · 4 another agent is running · 130 interrupted.
    """
    _select(ctx, "ZOOMSYNC_HOME", home)
    if profile is not None:
        from zoomsync_agent.cli.output import expect_profile, fail
        from zoomsync_agent.core.errors import UsageError
        from zoomsync_agent.desktop.paths import profile_name

        try:
            _select(ctx, "ZOOMSYNC_PROFILE", profile_name(profile))
            if ctx.invoked_subcommand not in _MAKES_PROFILES:
                expect_profile()
        except UsageError as exc:
            fail(exc, as_json=False)


def _select(ctx: click.Context, variable: str, value: str | None) -> None:
    """Let *variable* be *value* for this command, and for the programs that it starts."""
    if value is None:
        return
    before = os.environ.get(variable)
    os.environ[variable] = value

    @ctx.call_on_close
    def put_back() -> None:
        if before is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = before
