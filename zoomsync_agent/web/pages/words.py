"""Words for the page: times, sizes and states as people read them, and sentences without commands.

Sentences are made in the core, for all interfaces. Where they name a command, the page has a button
instead.
"""

import re
from datetime import datetime, timedelta, tzinfo
from typing import Final, cast

from flask import Flask, g, has_app_context
from markupsafe import Markup, escape

from zoomsync_agent.core import rows
from zoomsync_agent.core.facts import UPLOAD, ZOOM
from zoomsync_agent.core.job import LOCAL
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.core.snapshot import AgentState, Snapshot
from zoomsync_agent.core.units import readable_files, readable_size
from zoomsync_agent.desktop.zone import local_zone

_MINUTE: Final = 60
_HOUR: Final = 3600
_UNKNOWN: Final = "At an unknown time"
_STATES: Final = {
    AgentState.STOPPED: "Stopped",
    AgentState.PAUSED: "Paused",
    AgentState.NEEDS_YOU: "Needs you",
    AgentState.WORKING: "Working",
    AgentState.OFFLINE: "Offline",
    AgentState.IDLE: "All safe",
}
STATUSES: Final = {
    ProcessingStatus.COMPLETED: "Safe",
    ProcessingStatus.UPLOADING: "On its way",
    ProcessingStatus.FAILED: "Not uploaded",
}
KINDS: Final = {
    Kind.VIDEO: "Video",
    Kind.AUDIO: "Audio",
    Kind.TRANSCRIPT: "Transcript",
    Kind.CAPTIONS: "Captions",
    Kind.CHAT: "Chat",
    Kind.OTHER: "Other",
}
SOURCES: Final = {LOCAL: "A computer", ZOOM: "Zoom’s cloud", UPLOAD: "Added by hand"}
_COMMANDS: Final = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r" \(zoomsync monitor start\)", ""),
        (r": zoomsync setup$", "."),
        (r"\b([Cc])hoose Retry\b", r"\1hoose “Try again”"),
        (r" Go on( now)?: zoomsync resume$", ""),
        (r" Start it: zoomsync run$", ""),
        (r": zoomsync run\.", "."),
        (r"; “zoomsync retry \d+” uploads it after all", ""),
        (r"; or choose another one: zoomsync config set \w+ FOLDER", "; or choose another one"),
        (r"(another one|recordings folder): zoomsync config set \w+ FOLDER", r"\1"),
        (r" \(zoomsync config set zoom_cloud auto; zoom_client_id must be set\)", ""),
        (r"(an AWS profile): zoomsync config set s3_profile NAME", r"\1"),
        (r"Keep some in the keyring with “zoomsync sign-in s3”", "Keep some in the keyring"),
        (r", “zoomsync sign-in s3” or the \.env", ", the settings here or the .env"),
        (r"Sign in: zoomsync sign-in( zoom)?\.", "Sign in."),
        (r": zoomsync sign-in( zoom)?\.", "."),
        (r"“zoomsync doctor”", "The page Health"),
    )
)  # fmt: skip
_ISO: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::[\d.]+)?(?:\+00:00|Z)")
_HIT: Final = re.compile(r"«(.*?)»", re.DOTALL)


def register(app: Flask) -> None:
    """Give templates these words."""
    app.jinja_env.filters.update(
        size=readable_size,
        when=when,
        moment=moment,
        clock=clock,
        duration=duration,
        state_word=state_word,
        status_word=lambda status: STATUSES[status],
        kind_word=lambda kind: KINDS[kind],
        source_word=source_word,
        from_word=from_word,
        for_page=for_page,
        hit=hit,
        files=readable_files,
    )


def for_page(sentence: str) -> str:
    """Return a sentence of the core without the commands for which the page has buttons.

    Its times become those of the reader.
    """
    for pattern, said in _COMMANDS:
        sentence = pattern.sub(said, sentence)
    return _ISO.sub(_in_local_time, sentence)


def _in_local_time(found: re.Match[str]) -> str:
    try:
        return moment(rows.epoch(found[0]))
    except ValueError:
        return found[0]


def headline(seen: Snapshot, needs: int) -> str:
    """Return the sentence below the state: what needs somebody is told below it, once.

    Args:
        seen: what people see.
        needs: how many things are told below.
    """
    if seen.state is AgentState.NEEDS_YOU and needs:
        told = "1 thing needs" if needs == 1 else f"{needs} things need"
        going = f", {readable_files(seen.queued.files)} still to go" if seen.queued.files else ""
        kept = (
            f"{readable_files(seen.synced.files)} safe"
            if seen.synced.files
            else "nothing uploaded yet"
        )
        return f"{told} you, see below; {kept}{going}."
    said = for_page(seen.sentence)
    for word in _STATES.values():  # the state stands above it already
        rest = said.removeprefix(word).lstrip(":;,. ")
        if rest != said and said.startswith(word):
            return rest[:1].upper() + rest[1:]
    return said


def state_word(seen: Snapshot) -> str:
    """Return the state in a word or two."""
    if seen.state is AgentState.PAUSED and not seen.is_paused and not seen.held:
        return "Not monitoring"
    if seen.state is AgentState.IDLE and seen.unready:
        return "Not all safe"
    return _STATES[seen.state]


def source_word(source: str) -> str:
    """Return where a recording comes from."""
    return SOURCES.get(source, source)


def from_word(source: str) -> str:
    """Return the same within a sentence."""
    return {ZOOM: "from Zoom’s cloud", UPLOAD: "added by hand"}.get(source, "on a computer")


def local(seconds: float | None) -> datetime | None:
    """Return epoch seconds in the user's zone; None for what no calendar holds."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, _zone())
    except (OverflowError, ValueError, OSError):
        return None


def _zone() -> tzinfo:
    """Return the user's zone; once a request, since a page tells a hundred times."""
    if not has_app_context():
        return local_zone()
    if "zone" not in g:
        g.zone = local_zone()
    return cast("tzinfo", g.zone)


def moment(seconds: float | None, *, now: datetime | None = None) -> str:
    """Return a time as people say it, in their own zone: "Today, 14:05", "3 Nov 2026, 14:05"."""
    at = local(seconds)
    return _UNKNOWN if at is None else _spoken(at, now)


def _spoken(at: datetime, now: datetime | None = None) -> str:
    today = (now or datetime.now(at.tzinfo)).date()
    if at.date() == today:
        day = "Today"
    elif at.date() == today - timedelta(days=1):
        day = "Yesterday"
    else:
        day = f"{at.day} {at:%b %Y}"
    return f"{day}, {at:%H:%M}"


def when(seconds: float | None) -> Markup:
    """Return a time as an element that also tells it exactly."""
    at = local(seconds)
    if at is None:
        return Markup('<span class="dim">{}</span>').format(_UNKNOWN)
    exact, spoken = escape(f"{at:%A, %Y-%m-%d %H:%M:%S %Z}"), escape(_spoken(at))
    # Each part is escaped by now; `Markup.format` looks at each of them for longer than that takes.
    return Markup(f'<time datetime="{rows.iso(seconds)}" title="{exact}">{spoken}</time>')  # noqa: S704


def clock(seconds: float) -> str:
    """Return a place in a recording as players show it: "1:02:03", "4:05"."""
    hours, rest = divmod(int(max(0.0, seconds)), _HOUR)
    minutes, secs = divmod(rest, _MINUTE)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def duration(seconds: float | None) -> str:
    """Return a duration in words: "1 h 02 min", "45 min", "30 s"; empty where it is not known."""
    if seconds is None:
        return ""
    whole = round(max(0.0, seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    hours, minutes = divmod((whole + _MINUTE // 2) // _MINUTE, _MINUTE)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def hit(text: str) -> Markup:
    """Return the place that a search has found, its words marked; all else is escaped."""
    return Markup(_HIT.sub(r"<mark>\1</mark>", str(escape(text))))  # noqa: S704  escaped before
