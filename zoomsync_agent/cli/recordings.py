"""`zoomsync recordings`."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from zoomsync_agent.cli.output import command, console, control, json_option, load, print_json
from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import UsageError
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.core.units import readable_size

SOURCES = {"local": "this computer", "zoom": "Zoom's cloud", "upload": "handed in"}
_OF_VARIANT = ("recording_id", "file_name", "file_size", "source", "kind", "processing_status")


@click.group()
def recordings() -> None:
    """List, show and search recordings."""


@recordings.command("list")
@click.option("--status", type=click.Choice(["uploading", "completed", "failed"]))
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@json_option
@command
def list_(status: str | None, limit: int | None, as_json: bool) -> None:
    """List recordings, the newest meeting first."""
    with control() as agent:
        found = agent.recordings(status=status, limit=limit)
    if as_json:
        print_json({"recordings": [rows.as_dict(row) for row in found]})
    elif found:
        table(found)
    else:
        click.echo("No recordings yet. “zoomsync sync” takes in those of your Zoom folder.")


@recordings.command()
@click.argument("recording_id")
@click.option("--link", is_flag=True, help="Print only a link that opens it.")
@click.option(
    "--expires",
    "life",
    metavar="TIME",
    help="With --link: for how long it opens, such as 30m or 7d, where links can end; 1h if unset.",
)
@json_option
@command
def show(recording_id: str, link: bool, life: str | None, as_json: bool) -> None:
    """Show one recording; the beginning of its id is enough.

    Whoever has the link of --link can read the recording until it expires.
    """
    with control() as agent:
        row = agent.recording(recording_id)
        variants = agent.variants(row)
    if link:
        _show_link(row, life or "1h", as_json=as_json)
        return
    if life is not None:
        raise UsageError("--expires goes with --link")
    columns = rows.as_dict(row)
    if as_json:
        told = [{name: rows.as_dict(one)[name] for name in _OF_VARIANT} for one in variants]
        print_json({**columns, "variants": told})
        return
    out = console()
    for name, value in columns.items():
        if name != "transcription_text" and value not in ("", None, []):
            said = "; ".join(value) if isinstance(value, list) else value
            out.print(f"{name:18} {said}")
    for one in variants:
        place = SOURCES.get(one.source, one.source)
        out.print(f"{'also recorded':18} {one.recording_id[:8]} {one.file_name} ({place})")
    if row.transcription_text:
        out.print(f"\n{row.transcription_text}")


def _show_link(row: RecordingRow, life: str, *, as_json: bool) -> None:
    from zoomsync_agent import app
    from zoomsync_agent.cli.queue import duration

    home, settings = load()
    seconds = duration(life)
    address = app.link(settings, home, row, seconds)
    if as_json:
        expires_in = None if address == row.file_url else int(seconds)
        print_json({"link": address, "expires_in": expires_in})
    else:
        click.echo(address)


@recordings.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@command
def search(words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find recordings by title, file name and what was said or written."""
    with control() as agent:
        found = agent.search(" ".join(words), limit=limit)
    if as_json:
        print_json({"recordings": [{**rows.as_dict(row), "hit": hit} for row, hit in found]})
        return
    if not found:
        click.echo("Nothing found.")
        return
    out = console()
    for row, hit in found:
        out.print(f"{row.recording_id[:8]}  {_when(row)}  {row.meeting_title} · {row.file_name}")
        out.print(f"          {' '.join(hit.split())}", style="dim")


def table(found: Sequence[RecordingRow]) -> None:
    """Print recordings, those of one meeting together."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("ID", "Meeting", "Title", "File", "From", "Size", "Status"):
        table.add_column(name, overflow="fold", justify="right" if name == "Size" else "left")
    before = None
    for row in _by_meeting(found):
        is_next = row.meeting_key == before and bool(before)
        before = row.meeting_key
        table.add_row(
            row.recording_id[:8],
            "" if is_next else _when(row),
            "" if is_next else row.meeting_title,
            row.file_name,
            SOURCES.get(row.source, row.source),
            readable_size(row.file_size),
            str(row.processing_status),
        )
    console().print(table)


def _by_meeting(found: Sequence[RecordingRow]) -> Iterator[RecordingRow]:
    """Yield rows so that those of one meeting follow each other, wherever it was recorded."""
    meetings: dict[str, list[RecordingRow]] = {}
    for row in found:
        meetings.setdefault(row.meeting_key or row.recording_id, []).append(row)
    for of_meeting in meetings.values():
        yield from sorted(of_meeting, key=lambda row: row.started_at or row.created_at)


def _when(row: RecordingRow) -> str:
    moment = row.started_at if row.started_at is not None else row.created_at
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")
