"""What all commands share: errors and exit codes, JSON, the home and its settings."""

import contextlib
import functools
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import click

from zoomsync_agent.core.errors import AgentError, AlreadyRunning, TransientError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from zoomsync_agent.control import Control
    from zoomsync_agent.desktop.paths import Home
    from zoomsync_agent.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


class ExitCode(IntEnum):
    """What the process tells its caller."""

    DONE = 0
    FAULT = 1
    USAGE = 2
    INCOMPLETE = 3
    RUNNING = 4
    INTERRUPTED = 130


_PLAIN_WIDTH = 2000

STOPPED = "Stopped. What is unfinished goes on from there at the next start."

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Turn errors of the agent into a sentence and an exit code."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        as_json = bool(kwargs.get("as_json"))
        try:
            with _ending_alike():
                return function(*args, **kwargs)
        except AgentError as exc:
            fail(exc, as_json=as_json)
        except BrokenPipeError:
            # The reader, say `head`, has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(ExitCode.DONE)
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted.", err=True)
            sys.exit(ExitCode.INTERRUPTED)

    return guarded


@contextlib.contextmanager
def _ending_alike() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does: in order, at a durable point."""
    changed = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # What is ignored stays ignored: `nohup` wants it so.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                changed[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)


def fail(error: AgentError, *, as_json: bool) -> NoReturn:
    """Say what went wrong and end with its exit code."""
    if as_json:
        print_json(
            {
                "error": {
                    "code": error.code,
                    "title": error.title,
                    "detail": error.detail,
                    "hint": error.hint,
                }
            }
        )
    else:
        click.echo(f"{error.title}.", err=True)
        if error.detail and error.detail != error.title:
            click.echo(f"  {for_profile(error.detail)}", err=True)
        # What was asked for is not tried again by itself: this command has ended.
        hint = "Try again later." if isinstance(error, TransientError) else error.hint
        if hint:
            click.echo(f"  {for_profile(hint)}", err=True)
    if isinstance(error, AlreadyRunning):
        sys.exit(ExitCode.RUNNING)
    sys.exit(ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.INCOMPLETE)


def print_json(value: Any) -> None:
    """Print a value as JSON, whatever the terminal's encoding."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2, default=str)
    click.echo(text)


def console(*, stderr: bool = False) -> "Console":
    """Return the terminal; titles of meetings are never read as markup."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # In a file or a pipe a line is a line: paths are to be copied and searched for.
    width = None if stream.isatty() else _PLAIN_WIDTH
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


def home() -> "Home":
    """Return the home and profile that the environment selects."""
    from zoomsync_agent.desktop import paths

    return paths.home(os.environ)


def for_profile(text: str) -> str:
    """Return a sentence whose commands are about the profile that this one is about."""
    from zoomsync_agent.cli import COMMANDS

    try:
        profile = home().profile
    except UsageError:  # its name is none, which is what is being said
        profile = ""
    if not profile:
        return text
    named = "|".join(COMMANDS)
    return re.sub(rf"\bzoomsync (?=(?:{named})\b)", f"zoomsync --profile {profile} ", text)


def secrets_place() -> str:
    """Return where secrets are kept, for people."""
    from zoomsync_agent.desktop.secret_files import VARIABLE

    return os.environ.get(VARIABLE, "").strip() or "the keyring"


def expect_profile() -> None:
    """Make sure that the profile that the environment selects is there.

    Raises:
        UsageError: it is not; a word that was mistyped must not make one.
    """
    from zoomsync_agent.desktop.paths import USUAL, homes

    there = home()
    if not there.profile or there.config.is_dir() or there.data.is_dir():
        return
    names = [one.profile or USUAL for one in homes(os.environ) if one.profile != there.profile]
    raise UsageError(
        f"There is no profile “{there.profile}”; there are: {', '.join(names)}. Make it: "
        f"zoomsync --profile {there.profile} setup"
    )


def load(**overrides: Any) -> "tuple[Home, Settings]":
    """Return the home and its settings; *overrides* that are None are left out."""
    from zoomsync_agent import settings

    there = home()
    chosen = {key: value for key, value in overrides.items() if value is not None}
    return there, settings.load(there, os.environ, cwd=Path.cwd(), overrides=chosen)


@contextlib.contextmanager
def control() -> "Iterator[Control]":
    """Give what people see and do, beside a running agent or without one."""
    from zoomsync_agent import app

    there, settings = load()
    with app.beside(settings, there) as found:
        yield found
