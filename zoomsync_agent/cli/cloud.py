"""`zoomsync cloud`: what lies in Zoom's cloud."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from zoomsync_agent.cli.output import command, console, json_option, load, print_json
from zoomsync_agent.core.errors import UsageError
from zoomsync_agent.core.rows import iso
from zoomsync_agent.core.selection import KINDS, Selection
from zoomsync_agent.core.units import readable_size

if TYPE_CHECKING:
    from zoomsync_agent.zoom.models import CloudMeeting

_DAYS: Final = 30
_TITLE: Final = 50


@click.group()
def cloud() -> None:
    """Look at your recordings in Zoom's cloud."""


@cloud.command("list")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The first day, in UTC, as in 2026-03-14; 30 days ago if not said.",
)
@click.option("--topic", default="", metavar="WORDS", help="Only meetings with this in the topic.")
@click.option("--host", default="", metavar="WORDS", help="Only of hosts with this in the address.")
@click.option("--type", "kinds", type=click.Choice(KINDS), multiple=True, help="Only these files.")
@click.option("--min-minutes", type=click.IntRange(0), default=0, help="Only meetings this long.")
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
    from zoomsync_agent.app import zoom

    home, settings = load()
    today = datetime.now(UTC).date()
    first = since.date() if since else today - timedelta(days=_DAYS)
    if first > today:
        raise UsageError(f"{first} is in the future.")
    chosen = Selection(topic, host, frozenset(kinds), min_minutes)
    with zoom.asking(settings, home) as client:
        everything = list(zoom.all_meetings(client, first, today))
        # Whoever lists their own is told no host.
        mine = "" if client.is_account_wide else client.email
    meetings = [
        one
        for one in everything
        if chosen.takes_meeting(one.topic, one.host_email or mine, one.minutes)
    ]
    listed = [_as_dict(one, chosen) for one in meetings]
    totals = {
        "meetings": len(listed),
        "files": sum(len(one["files"]) for one in listed),
        "bytes": sum(file["size"] for one in listed for file in one["files"]),
        "unfinished": sum(not file["is_finished"] for one in listed for file in one["files"]),
    }
    if as_json:
        print_json({"meetings": listed, "total": totals, "since": first.isoformat()})
    else:
        _show(listed, totals, first, hidden=len(everything) - len(meetings))


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


def _show(
    listed: list[dict[str, Any]], totals: dict[str, int], first: date, *, hidden: int
) -> None:
    from rich.table import Table

    out = console()
    if not listed and hidden:
        out.print(f"None of {_meetings(hidden)} since {first} is what you asked for.")
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
