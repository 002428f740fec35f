"""What the tray shows, and what it can ask for. Wired by the app."""

from dataclasses import dataclass
from typing import Protocol

from zoomsync_agent.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Recent:
    """One of the last recordings; `recording_id` names it towards the desk."""

    recording_id: str
    title: str
    started_at: float | None


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the tray shows, at one moment.

    Attributes:
        snapshot: the same that page and command line show.
        recent: the last recordings that are safe, the newest first; five at most.
        zoom_who: who is signed in to Zoom; empty where nobody is.
        can_sign_in: whether there is an app of Zoom's to sign in with.
        has_archive_folder: whether recordings are kept in a folder that can be opened.
        is_at_login: whether the agent starts at login; None where that cannot be had.
        profile: the profile's name; empty for the usual one.
        is_held: whether the setup has still to be done.
    """

    snapshot: Snapshot
    recent: tuple[Recent, ...] = ()
    zoom_who: str = ""
    can_sign_in: bool = False
    has_archive_folder: bool = True
    is_at_login: bool | None = None
    profile: str = ""
    is_held: bool = False


class TrayDesk(Protocol):
    """What the tray needs. Raises only `AgentError`.

    `view` and `changes` are called on one thread of the tray's, everything else on threads that
    may wait: a menu is never held up by them.
    """

    def changes(self) -> int:
        """Return a number that is another one when something that people see may have changed."""
        ...

    def view(self) -> View:
        """Return what there is to show."""
        ...

    def release(self) -> None:
        """Give back what this thread holds of the databases."""
        ...

    def watch(self, *, wanted: bool) -> None:
        """Look for new recordings, or stop looking."""
        ...

    def pause(self, seconds: float) -> None:
        """Let no byte move for *seconds*."""
        ...

    def resume(self) -> None:
        """Go on after a pause."""
        ...

    def choose_folder(self) -> None:
        """Let the user choose another recordings folder: in the system's dialog, else on the page.

        Returns when that is done; the dialog may be open for long.
        """
        ...

    def open_page(self, page: str = "") -> None:
        """Open a page of the agent's site, the overview by default, in the browser."""
        ...

    def open_archive(self) -> None:
        """Open the folder in which recordings are kept."""
        ...

    def open_recording(self, recording_id: str) -> None:
        """Open a recording on the page."""
        ...

    def sign_in_zoom(self) -> None:
        """Begin a sign-in to Zoom in the browser, or show what is missing for it on the page."""
        ...

    def set_at_login(self, *, wanted: bool) -> None:
        """Start the agent at login, or do not."""
        ...

    def end(self) -> None:
        """Let the agent end in an orderly way; returns at once."""
        ...
