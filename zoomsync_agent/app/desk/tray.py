"""`tray.TrayDesk` over the desk of a run: what the tray shows, and what can be done from there."""

import time
import webbrowser
from collections.abc import Callable
from typing import Final

from zoomsync_agent.app.desk.desk import AppDesk
from zoomsync_agent.app.page import page_link
from zoomsync_agent.control import Control
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.listing import Query
from zoomsync_agent.core.recording import MeetingKey, ProcessingStatus
from zoomsync_agent.desktop import folder_dialog, opening
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.tray.desk import Recent, View
from zoomsync_agent.zoom.app import CALLBACK

_RECENT: Final = 5
_LOOKED_AT: Final = 40
"""A meeting has several recordings, and is shown once."""
_AT_LOGIN_SECONDS: Final = 10.0
"""So long another program's change of what starts at login may stay unseen."""
_WAITING: Final = 1
"""The tray tells of no file that waits; what needs somebody is in the sentence."""


class AppTrayDesk:
    """What the tray needs, for one run.

    Args:
        desk: what the page can do.
        home: where everything lives.
        end: lets the run end.
        browse: opens an address in the browser; returns whether it could.
    """

    def __init__(
        self,
        desk: AppDesk,
        home: Home,
        end: Callable[[], None],
        *,
        browse: Callable[[str], bool] = webbrowser.open,
    ) -> None:
        self._desk = desk
        self._home = home
        self._end = end
        self._browse = browse
        self._recent: tuple[Recent, ...] = ()
        self._recent_of: object = None
        self._is_at_login: bool | None = None
        self._at_login_until = 0.0

    def changes(self) -> int:
        """Return a number that is another one when something that people see may have changed."""
        return hash((self._desk.changes(), self._desk.is_held, self._at_login()))

    def view(self) -> View:
        """Return what there is to show."""
        desk, control = self._desk, self._desk.control
        settings = desk.settings()
        return View(
            snapshot=control.snapshot(limit=_WAITING),
            recent=self._recents(control),
            zoom_who=control.zoom_account or "",
            can_sign_in=not settings.zoom_problem,
            has_archive_folder=settings.destination == "folder" and settings.archive_path.is_dir(),
            is_at_login=self._at_login(),
            profile=self._home.profile,
            is_held=desk.is_held,
        )

    def release(self) -> None:
        """Give back what this thread holds of the databases."""
        self._desk.release()

    def watch(self, *, wanted: bool) -> None:
        """Look for new recordings, or stop looking."""
        self._desk.control.watch(wanted=wanted)

    def pause(self, seconds: float) -> None:
        """Let no byte move for *seconds*."""
        self._desk.control.pause(seconds)

    def resume(self) -> None:
        """Go on after a pause."""
        self._desk.control.resume()

    def choose_folder(self) -> None:
        """Let the user choose another recordings folder; on the page where there is no dialog."""
        try:
            chosen = folder_dialog.choose(
                "Where does Zoom put its recordings?", self._desk.settings().recordings_path
            )
        except NotAllowed:
            self.open_page("ui/folders?for=recordings_path&back=settings")
            return
        if chosen is not None:
            self._desk.change_folder(chosen)

    def open_page(self, page: str = "") -> None:
        """Open a page of the agent's site in the browser.

        Raises:
            NotAllowed: there is no browser, or no page.
        """
        self._open(page_link(self._home, page))

    def open_archive(self) -> None:
        """Open the folder in which recordings are kept.

        Raises:
            NotAllowed: there is no such folder yet, or no file manager.
        """
        archive = self._desk.settings().archive_path
        if not archive.is_dir():
            raise NotAllowed(f"the archive folder {archive} cannot be found")
        opening.show_folder(archive)

    def open_recording(self, recording_id: str) -> None:
        """Open a recording on the page."""
        self.open_page(f"ui/recordings/{recording_id}")

    def sign_in_zoom(self) -> None:
        """Begin a sign-in to Zoom in the browser, or show on the page what is missing for it."""
        if self._desk.settings().zoom_problem:
            self.open_page("ui/setup/zoom")
            return
        here = f"{self._desk.url.rstrip('/')}{CALLBACK}"
        self._open(self._desk.begin_zoom(here))

    def set_at_login(self, *, wanted: bool) -> None:
        """Start the agent at login, or do not."""
        self._desk.set_at_login(wanted=wanted)
        self._at_login_until = 0.0

    def end(self) -> None:
        """Let the run end in an orderly way."""
        self._end()

    def _at_login(self) -> bool | None:
        """Return whether the agent starts at login; asked anew every few seconds."""
        now = time.monotonic()
        if now >= self._at_login_until:
            self._is_at_login = self._desk.is_at_login
            self._at_login_until = now + _AT_LOGIN_SECONDS
        return self._is_at_login

    def _open(self, address: str) -> None:
        if not self._browse(address):
            raise NotAllowed("No browser opens here. This prints a link: zoomsync open --print")

    def _recents(self, control: Control) -> tuple[Recent, ...]:
        """Return the last recordings, one of each meeting; they are read when rows have changed."""
        version = self._desk.rows_version()
        if version != self._recent_of:
            query = Query(status=ProcessingStatus.COMPLETED, limit=_LOOKED_AT)
            found: dict[MeetingKey | str, Recent] = {}
            for one in control.library.listing(query).found:
                row = one.row
                found.setdefault(
                    row.meeting_key or row.recording_id,
                    Recent(row.recording_id, row.meeting_title, row.started_at),
                )
            self._recent = tuple(found.values())[:_RECENT]
            self._recent_of = version
        return self._recent
