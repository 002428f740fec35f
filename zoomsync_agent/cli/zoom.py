"""`zoomsync sign-in zoom` and `zoomsync sign-out zoom`."""

import contextlib
import queue
import sys
import threading
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

from zoomsync_agent.cli.output import load, print_json
from zoomsync_agent.core.account import Account, AccountState
from zoomsync_agent.core.errors import AgentError

if TYPE_CHECKING:
    from zoomsync_agent.zoom.app import Scopes


def sign_in(*, no_browser: bool, as_json: bool) -> None:
    """Sign in to Zoom in the browser, or with what the user pastes."""
    import webbrowser

    from zoomsync_agent.app import zoom
    from zoomsync_agent.zoom.sign_in import ZoomSignIn

    home, settings = load()
    keeper = zoom.zoom_keeper(settings, home)
    account = ZoomSignIn(keeper).by_browser(
        partial(_show, is_opened=not no_browser),
        opens=None if no_browser else webbrowser.open,
        pasted=_pasted(),
    )
    zoom.account_changed(home, account)
    scopes = None
    with contextlib.suppress(AgentError):
        scopes = keeper.scopes()
    _report(account, scopes, as_json=as_json)


def sign_out(*, as_json: bool) -> None:
    """Sign out of Zoom, there and here."""
    from zoomsync_agent.app import zoom

    home, settings = load()
    account = zoom.zoom_keeper(settings, home).sign_out()
    zoom.account_changed(home, account)
    _report(account, None, as_json=as_json)


def _show(link: str, *, is_opened: bool) -> None:
    said = "If none has opened, open:" if is_opened else "Open this there:"
    click.echo(f"Sign in to Zoom in the browser on this computer. {said}", err=True)
    click.echo(f"  {link}", err=True)
    click.echo(
        "Should Zoom show an error of its own there, check zoom_client_id and the app's redirect "
        "address (README). This waits for five minutes; Ctrl-C ends it.",
        err=True,
    )
    if sys.stdin.isatty():
        click.echo(
            "Should the browser end at a page that cannot be reached, paste its address here:",
            err=True,
        )


def _pasted() -> "queue.Queue[str] | None":
    """Return what gets a line that the user pastes; None where nobody can."""
    if not sys.stdin.isatty():
        return None
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        with contextlib.suppress(OSError, ValueError):
            line = sys.stdin.readline()
            if line.strip():
                lines.put(line)

    # It may wait for ever; the end of the command does not wait for it.
    threading.Thread(target=read, name="paste", daemon=True).start()
    return lines


def _report(account: Account, scopes: "Scopes | None", *, as_json: bool) -> None:
    from zoomsync_agent.zoom.app import USEFUL

    missing = scopes.missing(USEFUL) if scopes is not None else []
    if as_json:
        print_json({"account": asdict(account), "missing_scopes": missing})
    elif account.state is AccountState.SIGNED_IN:
        click.echo(f"You are signed in to Zoom as {account.who or account.user_id}.")
        if account.detail:
            click.echo(f"  {account.detail}")
        for scope in missing:
            click.echo(f"  The app was not granted {scope}: needed {USEFUL[scope]}.")
    else:
        click.echo("You are signed out of Zoom.")
