"""`zoomsync status`."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from zoomsync_agent.cli.output import (
    command,
    console,
    control,
    for_profile,
    json_option,
    load,
    print_json,
)
from zoomsync_agent.core.account import Account, AccountState
from zoomsync_agent.core.errors import SignInRequired
from zoomsync_agent.core.snapshot import Rows, Snapshot
from zoomsync_agent.core.units import readable_size

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 20
_PAGES = {
    "overview": "",
    "recordings": "ui/recordings",
    "activity": "ui/activity",
    "health": "ui/health",
    "settings": "ui/settings",
    "setup": "ui/setup",
}


@click.command()
@click.option("--all", "show_all", is_flag=True, help="Show every file that is not uploaded.")
@json_option
@command
def status(show_all: bool, as_json: bool) -> None:
    """Show what the agent does, and for every file that is not uploaded why not."""
    with control() as agent:
        seen = agent.snapshot(limit=1_000_000 if show_all or as_json else 200)
    if as_json:
        print_json(seen.as_dict())
        return
    show(seen, limit=len(seen.waiting) if show_all else _SHOWN)


@click.command("open")
@click.argument("page", type=click.Choice(list(_PAGES)), default="overview", required=False)
@click.option("--print", "only_print", is_flag=True, help="Print the link instead.")
@click.option("--token", is_flag=True, help="Print the token for programs instead.")
@json_option
@command
def open_page(page: str, only_print: bool, token: bool, as_json: bool) -> None:
    """Open the running agent's page in the browser. The link works once, for two minutes.

    Whoever has the token of --token can do all that you can.
    """
    import webbrowser

    from zoomsync_agent import app

    home, _ = load()
    if token:
        found = app.page_token(home)
        if as_json:
            print_json({"token": found})
        else:
            click.echo(found)
        return
    link = app.page_link(home, _PAGES[page])
    if as_json:
        print_json({"link": link})
    elif only_print or not webbrowser.open(link):
        click.echo(link)


def show(seen: Snapshot, *, limit: int = _SHOWN) -> None:
    """Print a snapshot for people."""
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    _show_whole(out, seen)
    for active in seen.active:
        done = f" {active.sent * 100 // active.size} %" if active.sent and active.size else ""
        out.print(
            f"\n{active.label}{done}: {active.meeting_title} · {active.file_name} "
            f"({readable_size(active.size)})"
        )
    for waiting in seen.waiting[:limit]:
        number = f"  [job {waiting.job_id}]" if waiting.job_id is not None else ""
        out.print(Text(f"\n{waiting.label}: {waiting.meeting_title}{number}", style="yellow"))
        out.print(Padding(Text(waiting.path, style="dim"), (0, 0, 0, 2), expand=False))
        out.print(Padding(Text(for_profile(waiting.sentence)), (0, 0, 0, 2), expand=False))
    if len(seen.waiting) > limit:
        out.print(f"\n… and {len(seen.waiting) - limit} more: zoomsync status --all")


def _show_whole(out: "Console", seen: Snapshot) -> None:
    """Print what is to be said of the agent as a whole."""
    from rich.text import Text

    out.print(Text(for_profile(seen.sentence), style="bold"))
    out.print(f"  Recordings folder  {seen.recordings_path}")
    out.print(f"  Archive            {seen.archive}")
    if seen.account is not None:
        out.print(f"  Account            {_account(seen.account)}")
    if seen.zoom_account is not None:
        out.print(f"  Zoom's cloud       {_cloud(seen)}")
    if seen.rows.waiting or seen.rows.refused:
        out.print(f"  Rows               {_rows(seen.rows)}")
    if seen.url:
        out.print(f"  Page               {seen.url}")
    if seen.paused_until:
        until = datetime.fromisoformat(seen.paused_until).astimezone()
        out.print(f"  Paused until       {until:%Y-%m-%d %H:%M}")
    elif seen.is_paused:
        out.print(for_profile("  Paused until       you say zoomsync resume"))
    if seen.snoozed_until:
        until = datetime.fromisoformat(seen.snoozed_until).astimezone()
        out.print(f"  Notices            none until {until:%Y-%m-%d %H:%M}")
    if not seen.is_watching:
        out.print(for_profile("  Monitoring         stopped, until you say zoomsync monitor start"))
    _show_aside(out, seen)


def _show_aside(out: "Console", seen: Snapshot) -> None:
    """Print what needs nobody, and is good to know."""
    if seen.update:
        out.print(f"  Newer version      {seen.update.version}: {seen.update.url}")
    if seen.history.files:
        out.print(
            f"  Left out           {seen.history.files:,} older files, "
            f"{readable_size(seen.history.size)} (zoomsync sync --backfill all takes them in)"
        )


def _cloud(seen: Snapshot) -> str:
    who = f"signed in as {seen.zoom_account}" if seen.zoom_account else ""
    if seen.cloud is not None:
        is_out = issubclass(seen.cloud.kind, SignInRequired)
        return f"{who}; {seen.cloud.sentence}" if who and not is_out else seen.cloud.sentence
    return who or "nobody is signed in: zoomsync sign-in zoom"


def _account(account: Account) -> str:
    if account.state is AccountState.SERVICE:
        return f"service key, for user {account.user_id}"
    if account.state is AccountState.UNKNOWN:
        return f"not known: {account.detail}"
    if account.state is AccountState.SIGNED_OUT:
        return f"signed out: {account.detail}" if account.detail else "signed out"
    told = f"signed in as {account.who or account.user_id}"
    return f"{told} ({account.detail})" if account.detail else told


def _rows(rows: Rows) -> str:
    told = [f"{rows.waiting:,} wait for the database"] if rows.waiting else []
    if rows.refused:
        told.append(f"{rows.refused:,} refused by it")
    why = f": {rows.problem.sentence}" if rows.problem else ""
    return ", ".join(told) + why
