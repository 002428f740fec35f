"""The menu as a tree, made of what there is to show. Pure: no desktop is asked, nothing is done."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final

from zoomsync_agent.core.snapshot import Active
from zoomsync_agent.tray import looks, words
from zoomsync_agent.tray.desk import Recent, View

_FILES_SHOWN: Final = 2
_RECENT_SHOWN: Final = 5


class Action(StrEnum):
    """What an entry asks for."""

    OPEN_PAGE = "open_page"
    OPEN_ARCHIVE = "open_archive"
    OPEN_RECORDING = "open_recording"
    WATCH = "watch"
    REST = "rest"
    PAUSE_HOUR = "pause_hour"
    PAUSE_TOMORROW = "pause_tomorrow"
    RESUME = "resume"
    CHOOSE_FOLDER = "choose_folder"
    SIGN_IN = "sign_in"
    START_AT_LOGIN = "start_at_login"
    NOT_AT_LOGIN = "not_at_login"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the menu.

    Attributes:
        key: names the entry as long as the agent runs, whatever its label says.
        label: what people read; empty for a line between groups.
        action: what a click asks for; None where it asks for nothing.
        argument: which page, which recording.
        is_enabled: whether it can be clicked.
        is_checked: whether it has its check mark; None where it is nothing to check.
        is_default: whether a click on the icon itself asks for the same.
        children: entries of its submenu.
    """

    key: str
    label: str = ""
    action: Action | None = None
    argument: str = ""
    is_enabled: bool = True
    is_checked: bool | None = None
    is_default: bool = False
    children: tuple["Entry", ...] = ()

    @property
    def is_separator(self) -> bool:
        """Whether it is a line between groups."""
        return not self.label


def walk(entries: tuple[Entry, ...]) -> Iterator[Entry]:
    """Yield every entry, those of submenus too."""
    for entry in entries:
        yield entry
        yield from walk(entry.children)


def build(view: View, zone: tzinfo | None = None) -> tuple[Entry, ...]:
    """Return the menu for what there is to show.

    Args:
        view: that.
        zone: in which days of recordings are named; that of this machine where None.
    """
    groups = [_standing(view), _opening(view, zone)]
    if not view.is_held:
        groups.append(_steering(view))
    groups += [_accounts(view), (Entry("quit", _quit(view.profile), Action.QUIT),)]
    menu: list[Entry] = []
    for number, group in enumerate(groups):
        if number:
            menu.append(Entry(f"line-{number}"))
        menu += group
    return tuple(menu)


def trouble(sentence: str) -> tuple[Entry, ...]:
    """Return the menu for when there is nothing to show but why."""
    said = words.lines(words.sentence(sentence))
    told = [Entry(f"status-{n}", line, is_enabled=False) for n, line in enumerate(said) if line]
    return (
        *told,
        Entry("line-1"),
        Entry("page", "Open status page", Action.OPEN_PAGE, is_default=True),
        Entry("line-4"),
        Entry("quit", "Quit", Action.QUIT),
    )


def with_trouble(menu: tuple[Entry, ...], sentence: str) -> tuple[Entry, ...]:
    """Return the menu with what went wrong at the last click above everything else."""
    said = words.lines(words.plain(sentence))
    told = [Entry(f"trouble-{n}", line, Action.OPEN_PAGE) for n, line in enumerate(said) if line]
    return (*told, Entry("line-0"), *menu) if told else menu


def _quit(profile: str) -> str:
    return f"Quit {looks.name_of(profile)}" if profile else "Quit"


def _standing(view: View) -> tuple[Entry, ...]:
    """Say how it stands; a click leads to where there is more."""
    said = [line for line in words.lines(looks.sentence_of(view)) if line] or [looks.NAME]
    status = tuple(Entry(f"status-{n}", line, Action.OPEN_PAGE) for n, line in enumerate(said))
    active = view.snapshot.active
    shown = active[:_FILES_SHOWN]
    files = [Entry(f"file-{n}", _file(one), Action.OPEN_PAGE) for n, one in enumerate(shown)]
    if len(active) > _FILES_SHOWN:
        more = f"and {len(active) - _FILES_SHOWN:,} more"
        files.append(Entry("file-more", more, Action.OPEN_PAGE))
    return (*status, *files)


def _opening(view: View, zone: tzinfo | None) -> tuple[Entry, ...]:
    label = "Finish the setup…" if view.is_held else "Open status page"
    opening = [Entry("page", label, Action.OPEN_PAGE, is_default=True)]
    if view.snapshot.update is not None:
        version = words.cut(words.plain(view.snapshot.update.version), 20)
        opening.append(Entry("update", f"Version {version} is out…", Action.OPEN_PAGE))
    if view.has_archive_folder:
        opening.append(Entry("archive", "Open archive folder", Action.OPEN_ARCHIVE))
    last = tuple(
        Entry(f"recent-{number}", _recent(one, zone), Action.OPEN_RECORDING, one.recording_id)
        for number, one in enumerate(view.recent[:_RECENT_SHOWN])
    )
    if last:
        opening.append(Entry("recent", "Last recordings", children=last))
    else:
        opening.append(Entry("recent", "No recordings yet", is_enabled=False))
    return tuple(opening)


def _steering(view: View) -> tuple[Entry, ...]:
    if view.snapshot.is_watching:
        steering = [Entry("watch", "Stop monitoring", Action.REST)]
    else:
        steering = [Entry("watch", "Start monitoring", Action.WATCH)]
    if view.snapshot.is_paused:
        steering.append(Entry("resume", "Resume", Action.RESUME))
    else:
        steering += [
            Entry("pause-hour", "Pause for 1 hour", Action.PAUSE_HOUR),
            Entry("pause-tomorrow", "Pause until tomorrow, 8:00", Action.PAUSE_TOMORROW),
        ]
    steering.append(Entry("folder", "Change recordings folder…", Action.CHOOSE_FOLDER))
    return tuple(steering)


def _accounts(view: View) -> tuple[Entry, ...]:
    who = words.plain(view.zoom_who)
    if who:
        label = words.cut(f"Signed in to Zoom as {who}")
        accounts = [Entry("zoom", label, Action.OPEN_PAGE, "ui/settings")]
    else:
        label = "Sign in to Zoom…" if view.can_sign_in else "Set up Zoom's cloud…"
        accounts = [Entry("zoom", label, Action.SIGN_IN)]
    if view.is_at_login is not None:
        action = Action.NOT_AT_LOGIN if view.is_at_login else Action.START_AT_LOGIN
        accounts.append(Entry("login", "Start at login", action, is_checked=view.is_at_login))
    return tuple(accounts)


def _file(active: Active) -> str:
    """Return what is being done with a file, and how far that is; the name gives way."""
    done = f" · {max(0, min(100, active.sent * 100 // active.size))} %" if active.size > 0 else ""
    name = words.plain(active.meeting_title) or words.plain(active.file_name) or "a file"
    verb = words.plain(active.label)
    return f"{verb} {words.cut(name, words.LONGEST - len(verb) - len(done) - 1)}{done}"


def _recent(recent: Recent, zone: tzinfo | None) -> str:
    day = _day(recent.started_at, zone)
    title = words.plain(recent.title) or "Recording"
    return f"{words.cut(title, words.LONGEST - len(day))}{day}"


def _day(started_at: float | None, zone: tzinfo | None) -> str:
    if started_at is None:
        return ""
    try:
        day = datetime.fromtimestamp(started_at, zone)
    except (ValueError, OverflowError, OSError):  # a clock may say anything
        return ""
    return f" · {day.day} {day:%b}"
