"""`zoomsync cloud`: what lies in Zoom's cloud."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import click

from zoomsync_agent.cli.output import (
    ExitCode,
    command,
    console,
    json_option,
    load,
    print_json,
)
from zoomsync_agent.core.errors import NotFound, UsageError
from zoomsync_agent.core.rows import iso
from zoomsync_agent.core.selection import KINDS, Selection
from zoomsync_agent.core.snapshot import Amount
from zoomsync_agent.core.units import readable_files, readable_size

if TYPE_CHECKING:
    from zoomsync_agent.desktop.paths import Home
    from zoomsync_agent.ports import CloudMeetingRecord
    from zoomsync_agent.settings import Settings
    from zoomsync_agent.zoom.models import CloudMeeting

P = ParamSpec("P")
R = TypeVar("R")

_DAYS: Final = 30
_BYTES_PER_SECOND: Final = 25_000_000 / 8
"""What a line moves, for an estimate: most move more."""
_HOUR: Final = 60
_TRASH_DAYS: Final = 30
"""So long Zoom keeps what is in its trash."""
_TITLE: Final = 50


@click.group()
def cloud() -> None:
    """Look at your recordings in Zoom's cloud, and bring them home."""


def _selecting(function: Callable[P, R]) -> Callable[P, R]:
    """Add the options that choose among cloud recordings."""
    options = (
        click.option(
            "--since",
            type=click.DateTime(["%Y-%m-%d"]),
            metavar="DATE",
            help="The first day, in UTC, as in 2026-03-14; 30 days ago if not said.",
        ),
        click.option(
            "--topic", default="", metavar="WORDS", help="Only meetings with this in the topic."
        ),
        click.option(
            "--host", default="", metavar="WORDS", help="Only of hosts with this in the address."
        ),
        click.option(
            "--type", "kinds", type=click.Choice(KINDS), multiple=True, help="Only these files."
        ),
        click.option(
            "--min-minutes", type=click.IntRange(0), default=0, help="Only meetings this long."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True)
class _Found:
    """What Zoom's cloud holds, of which `meetings` are chosen."""

    account: str
    since: date
    meetings: "list[CloudMeeting]"
    hidden: int


@cloud.command("list")
@_selecting
@json_option
@command
def list_(
    since: datetime | None,
    topic: str,
    host: str,
    kinds: tuple[str, ...],
    min_minutes: int,
    as_json: bool,
) -> None:
    """List the recordings in Zoom's cloud, the newest first, with totals. Nothing is downloaded."""
    home, settings = load()
    chosen = Selection(topic, host, frozenset(kinds), min_minutes)
    found = _look(home, settings, since, chosen)
    listed = [_as_dict(one, chosen) for one in found.meetings]
    if as_json:
        print_json({"meetings": listed, "total": _totals(listed), "since": str(found.since)})
    else:
        _show(listed, found)


@cloud.command("sync")
@_selecting
@click.option("--dry-run", is_flag=True, help="Only say how much it is, and how long it takes.")
@json_option
@command
def sync(
    since: datetime | None,
    topic: str,
    host: str,
    kinds: tuple[str, ...],
    min_minutes: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring cloud recordings home, also those that are left out otherwise, then exit.

    With an agent already running, that agent does it and this command waits for it.
    """
    from zoomsync_agent.app import cloud as wiring
    from zoomsync_agent.cli.agent import bring_home, log_to

    home, settings = load()
    chosen = Selection(topic, host, frozenset(kinds), min_minutes)
    found = _look(home, settings, since, chosen)
    if not dry_run:
        log_to(home, settings, console=False)
        wiring.enqueue(settings, home, found.account, found.meetings, chosen)
        bring_home(home, settings, sweeps=False, as_json=as_json)
    left = wiring.unsafe(settings, home, found.account, found.meetings, chosen)
    seconds = left.size / (settings.bandwidth_limit or _BYTES_PER_SECOND)
    listed = [_as_dict(one, chosen) for one in found.meetings]
    if as_json:
        told = {"files": left.files, "bytes": left.size, "seconds": round(seconds)}
        print_json({"meetings": listed, "total": _totals(listed), "to_do": told})
        return
    _show(listed, found)
    click.echo(_estimate(left, seconds, is_limited=bool(settings.bandwidth_limit)))


@cloud.command("trashed")
@json_option
@command
def trashed(as_json: bool) -> None:
    """List the meetings whose copy in Zoom's cloud the agent has moved to Zoom's trash."""
    from zoomsync_agent.app import cloud as wiring

    home, _ = load()
    found = wiring.trashed(home)
    if as_json:
        print_json({"meetings": [_trashed_as_dict(one) for one in found]})
        return
    if not found:
        click.echo("The agent has moved nothing to Zoom's trash.")
    for one in found:
        until = _kept_until(one)
        is_over = until < datetime.now(UTC)
        left = "Zoom has deleted it" if is_over else f"can be taken back until {until:%Y-%m-%d}"
        started = (iso(one.started_at) or "").replace("T", " ")[:16]
        click.echo(f"{one.key}  {started}  {one.topic or '(no topic)'}: {left}")


@cloud.command("recover")
@click.argument("keys", nargs=-1, metavar="KEY…")
@click.option("--all", "take_all", is_flag=True, help="Everything that the agent has moved there.")
@json_option
@command
def recover(keys: tuple[str, ...], take_all: bool, as_json: bool) -> None:
    """Take meetings back out of Zoom's trash, as “cloud trashed” names them."""
    from zoomsync_agent.app import cloud as wiring

    home, settings = load()
    found = wiring.trashed(home)
    if not keys and not take_all:
        raise UsageError("Name the meetings, or say --all: zoomsync cloud trashed lists them.")
    unknown = set(keys) - {one.key for one in found}
    if unknown:
        raise NotFound(f"The agent has moved no {min(unknown)} to Zoom's trash.")
    chosen = [one for one in found if take_all or one.key in keys]
    back, missing = wiring.recover(settings, home, chosen)
    if as_json:
        print_json(
            {
                "recovered": [_trashed_as_dict(one) for one in back],
                "missing": [_trashed_as_dict(one) for one in missing],
            }
        )
    else:
        for one in back:
            click.echo(f"{one.topic or one.key} is back in Zoom's cloud, and stays there.")
        for one in missing:
            click.echo(f"{one.topic or one.key} is not in Zoom's trash any more.")
    sys.exit(ExitCode.INCOMPLETE if missing else ExitCode.DONE)


def _trashed_as_dict(one: "CloudMeetingRecord") -> dict[str, Any]:
    return {
        "meeting_key": one.key,
        "uuid": one.uuid,
        "topic": one.topic,
        "started_at": iso(one.started_at),
        "trashed_at": iso(one.trashed_at),
        "recoverable_until": _kept_until(one).isoformat(),
    }


def _kept_until(one: "CloudMeetingRecord") -> datetime:
    return datetime.fromtimestamp(one.trashed_at or 0.0, UTC) + timedelta(days=_TRASH_DAYS)


def _look(home: "Home", settings: "Settings", since: datetime | None, chosen: Selection) -> _Found:
    from zoomsync_agent.app import zoom

    today = datetime.now(UTC).date()
    first = since.date() if since else today - timedelta(days=_DAYS)
    if first > today:
        raise UsageError(f"{first} is in the future.")
    with zoom.asking(settings, home) as client:
        account = client.user_id
        everything = list(zoom.all_meetings(client, first, today))
        # Whoever lists their own is told no host.
        mine = "" if client.is_account_wide else client.email
    meetings = [
        one
        for one in everything
        if chosen.takes_meeting(one.topic, one.host_email or mine, one.minutes)
        and (not chosen.kinds or any(chosen.takes_file(file.type) for file in one.files))
    ]
    return _Found(account, first, meetings, len(everything) - len(meetings))


def _totals(listed: list[dict[str, Any]]) -> dict[str, int]:
    return {
        "meetings": len(listed),
        "files": sum(len(one["files"]) for one in listed),
        "bytes": sum(file["size"] for one in listed for file in one["files"]),
        "unfinished": sum(not file["is_finished"] for one in listed for file in one["files"]),
    }


def _estimate(left: Amount, seconds: float, *, is_limited: bool) -> str:
    if not left.files:
        return "All that is finished is safe already."
    speed = "at the bandwidth limit" if is_limited else "at 25 Mbit/s"
    return (
        f"Still to be brought home: {readable_files(left.files)}, {readable_size(left.size)}, "
        f"about {_duration(seconds)} {speed}. Nothing was downloaded."
    )


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < _HOUR else f"{minutes / _HOUR:.1f} h"


def _as_dict(meeting: "CloudMeeting", chosen: Selection) -> dict[str, Any]:
    return {
        "uuid": meeting.uuid,
        "meeting_id": meeting.number,
        "topic": meeting.topic,
        "started_at": iso(meeting.started_at),
        "minutes": meeting.minutes,
        "host": meeting.host_email,
        "files": [
            {
                "id": one.id,
                "type": one.type,
                "recording_type": one.recording_type,
                "size": one.size,
                "is_finished": one.is_finished,
            }
            for one in meeting.files
            if chosen.takes_file(one.type)
        ],
    }


def _show(listed: list[dict[str, Any]], found: _Found) -> None:
    from rich.table import Table

    out = console()
    totals, first = _totals(listed), found.since
    if not listed and found.hidden:
        out.print(f"None of {_meetings(found.hidden)} since {first} is what you asked for.")
        return
    if not listed:
        out.print(
            f"There are no cloud recordings since {first}. (Earlier ones: --since 2024-01-01. "
            "Recordings on this computer are found without Zoom's cloud.)"
        )
        return
    table = Table(box=None, pad_edge=False)
    for name, side in (("start (UTC)", "left"), ("topic", "left"), ("files", "right"),
                       ("size", "right"), ("minutes", "right")):  # fmt: skip
        table.add_column(name, justify="right" if side == "right" else "left", no_wrap=True)
    for row in _rows(listed):
        table.add_row(*row)
    out.print(table)
    unfinished = totals["unfinished"]
    waiting = f", {unfinished} of them not finished yet" if unfinished else ""
    out.print(
        f"\n{_meetings(totals['meetings'])}, {totals['files']} files, "
        f"{readable_size(totals['bytes'])} since {first}{waiting}"
    )


def _meetings(count: int) -> str:
    return "1 meeting" if count == 1 else f"{count:,} meetings"


def _rows(listed: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for one in listed:
        size = sum(file["size"] for file in one["files"])
        started = (one["started_at"] or "running").replace("T", " ")[:16]
        topic = one["topic"] or "(no topic)"
        cut = topic if len(topic) <= _TITLE else topic[: _TITLE - 1] + "…"
        yield started, cut, str(len(one["files"])), readable_size(size), str(one["minutes"])
