"""`web.Desk` over a home: one for a whole run, whatever becomes of its agents."""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from zoomsync_agent.app import choosing
from zoomsync_agent.app.controls import build_control
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.app.desk import files
from zoomsync_agent.app.desk.computer import ComputerDesk
from zoomsync_agent.app.desk.reach import Reach
from zoomsync_agent.app.desk.zoom import WebSignIn
from zoomsync_agent.app.links import link
from zoomsync_agent.control import Control
from zoomsync_agent.core.account import Account
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.errors import AgentError, NotAllowed, SettingsError
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.desktop import opening
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.engine.meter import Meter
from zoomsync_agent.ports import Clock, SecretStore
from zoomsync_agent.settings import SPECS, Origin, Settings, origins
from zoomsync_agent.web.desk import Backlog, Folder, Playable, Received, ZoomStatus

if TYPE_CHECKING:
    from zoomsync_agent.doctor import Finding

_HELD: Final = "Nothing is set up yet, so nothing is done yet. Finish the setup: zoomsync setup"
_LOOK_SECONDS: Final = 10.0
"""What changes by the clock alone, such as the end of a pause, is noticed within so long."""


class AppDesk(ComputerDesk):
    """What the page can do.

    Args:
        home: where everything lives.
        settings: as they are at the start.
        reload: reads them again.
        clock: the time.
        is_held: the agent begins only when the setup is finished.
        secrets: keeps the sign-in to Zoom, instead of the system's keyring.

    Attributes:
        changed: set when the run has to look at `settings` and `is_held` again.
        url: where the page is; empty until it is known.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        *,
        reload: Callable[[], Settings] | None = None,
        clock: Clock | None = None,
        is_held: bool = False,
        secrets: SecretStore | None = None,
    ) -> None:
        super().__init__()
        self._home = home
        self._settings = settings
        self._reload = reload or (lambda: settings)
        self._is_held = is_held
        self._databases = Databases(home)
        self._opening = threading.Lock()
        self._is_open = False
        self._generation = 0
        self._why_not = self._why_wrong = ""
        # What was chosen before this run came from a command or a file, and not from a page.
        self._reach = Reach(settings.recordings_path, settings.archive_path)
        self._zoom = WebSignIn(home, secrets)
        self._local = threading.local()
        self.meter = Meter(clock or SystemClock())
        self.changed = threading.Event()
        self.url = ""

    # --- towards the run -------------------------------------------------------------------

    def cannot_begin(self, why: str) -> None:
        """Let people be told why no agent works in this run; empty when one does."""
        self._why_not = why

    def cannot_read(self, why: str) -> None:
        """Let people be told why the settings cannot be read; empty when they can."""
        self._why_wrong = why

    @property
    def _hindrance(self) -> str:
        return _HELD if self._is_held else self._why_not or self._why_wrong

    def agent_is_new(self) -> None:
        """Take note that another agent begins: files of its databases may be other ones."""
        self._generation += 1

    def take_up(self) -> bool:
        """Read the settings again; return whether they are other ones.

        Raises:
            SettingsError: they are wrong; what held before still holds.
        """
        found = self._reload()
        is_other = found != self._settings
        self._settings = found
        return is_other

    def close(self) -> None:
        """Give everything back."""
        self.stop_freeing()
        self._databases.close()

    # --- towards the page ------------------------------------------------------------------

    @property
    def control(self) -> Control:
        """What people see and do; over connections that `release` gives back."""
        self._open()
        return build_control(
            self._databases,
            self._settings,
            pid=os.getpid(),
            url=self.url or None,
            hindrance=self._hindrance,
        )

    def release(self) -> None:
        """Give back what this thread holds of the databases."""
        if self._is_open:
            self._databases.release()

    def changes(self) -> int:
        """Return a number that is another one when something that people see may have changed."""
        self._open()
        if getattr(self._local, "generation", None) != self._generation:
            self._local.generation = self._generation
            self._databases.release()
        return hash(
            (
                self._databases.queue.data_version(),
                self._databases.catalog.data_version(),
                self.meter.total,
                self.meter.speeds()[-1],
                self._generation,
                self._hindrance,
                time.monotonic() // _LOOK_SECONDS,
            )
        )

    def rows_version(self) -> int:
        """Return a number that is another one when rows of the catalog have changed."""
        self._open()
        return hash((self._databases.catalog.data_version(), self._generation))

    def speeds(self) -> Sequence[float]:
        """Return the bytes per second of the last minutes, one figure each 5 s, oldest first."""
        return self.meter.speeds()

    def _open(self) -> None:
        with self._opening:
            if not self._is_open:
                self._home.ensure()
                self._databases.open_beside()
                self._is_open = True

    # --- the agent -------------------------------------------------------------------------

    @property
    def is_held(self) -> bool:
        """Whether the agent waits for the setup to be finished before it begins."""
        return self._is_held

    @property
    def is_set_up(self) -> bool:
        """Whether somebody has been through the setup, or has settings of their own."""
        return not self._is_held and choosing.is_set_up(self._home)

    def begin(self) -> None:
        """Finish the setup: the agent begins."""
        if not self.is_set_up or self._is_held:
            # What was agreed to by a click is a choice like any other.
            choosing.confirm(self._home, self._settings)
        self._is_held = False
        self.changed.set()

    # --- settings --------------------------------------------------------------------------

    def settings(self) -> Settings:
        """Return the settings as they are now."""
        return self._settings

    def origins(self) -> Sequence[Origin]:
        """Return every setting with its value and where that comes from.

        Where they cannot be read, those that still hold.
        """
        try:
            return origins(self._home, os.environ, cwd=Path.cwd())
        except SettingsError:
            source = str(self._home.config_file)
            return [
                Origin(
                    one.name,
                    getattr(self._settings, one.name),
                    source,
                    one.env,
                    one.allowed,
                    one.description,
                )
                for one in SPECS.values()
            ]

    def change(self, values: Mapping[str, str]) -> None:
        """Write settings down, all or none, and let the agent take them up at once.

        Raises:
            SettingsError: one of them cannot be.
        """
        self._reach.expect_all(values)
        choosing.choose(self._home, values)
        self.take_up()
        self.control.note(Happening.SETTINGS, ", ".join(sorted(values)))
        self.changed.set()

    def change_folder(self, path: Path) -> None:
        """Take another recordings folder, which somebody has chosen in the system's own dialog.

        Raises:
            SettingsError: it cannot be.
        """
        self._reach.add(path)
        self.change({"recordings_path": str(path)})

    def recordings_folders(self) -> Sequence[Folder]:
        """Return the folders in which Zoom's recordings were found, the likeliest first."""
        return files.recordings_folders(self._settings)

    def subfolders(self, path: Path) -> tuple[Path | None, Sequence[Path]]:
        """Return the folder above *path*, None at a root, and the folders in it.

        Raises:
            NotAllowed: *path* lies outside of the user's own folders and drives.
        """
        return self._reach.around(path)

    def expect_allowed(self, path: Path) -> Path:
        """Return *path*, with links resolved.

        Raises:
            NotAllowed: it lies outside of the user's own folders and drives.
        """
        return self._reach.expect(path)

    def backlog(self) -> Sequence[Backlog]:
        """Return what each choice of `backfill` means here: all, the last 30 days, none."""
        return files.backlog(self._settings, self.meter.speeds())

    def try_destination(
        self, values: Mapping[str, str], keys: tuple[str, str] | None = None
    ) -> "Sequence[Finding]":
        """Try a destination as *values* name it; nothing is saved.

        Raises:
            SettingsError: one of them cannot be.
        """
        from zoomsync_agent.app import checks  # noqa: PLC0415  HTTP clients cost 80 ms

        return checks.destination_findings(self._as_tried(values), self._home, keys)

    def _as_tried(self, values: Mapping[str, str] | None) -> Settings:
        if not values:
            return self._settings
        self._reach.expect_all(values)
        return choosing.tried(self._home, values)

    # --- accounts --------------------------------------------------------------------------

    def keep_s3_keys(self, access_key: str, secret_key: str) -> str:
        """Try the bucket's access keys and keep them in the keyring.

        Returns:
            Why they could not be tried, as a sentence; empty where they were.

        Raises:
            SignInFailed: the store refuses them.
        """
        from zoomsync_agent.app import bucket  # noqa: PLC0415  botocore costs 100 ms

        told = bucket.try_and_keep(self._settings, self._home, access_key, secret_key)
        self.control.look()
        return told

    def supabase_account(self) -> Account | None:
        """Return who is signed in to the project; None where none is used."""
        return self.control.account

    def sign_in_supabase(
        self, email: str, password: str, values: Mapping[str, str] | None = None
    ) -> Account:
        """Sign in to the project of the settings, or to the one that *values* name."""
        from zoomsync_agent.app import remote  # noqa: PLC0415  an HTTP client costs 80 ms

        account = remote.sign_in_by_password(self._as_tried(values), self._home, email, password)
        self.control.note(Happening.SIGNED_IN, f"Supabase, {account.who or account.user_id}")
        return account

    def zoom(self) -> ZoomStatus:
        """Return how it stands with Zoom's cloud."""
        return self._zoom.status(self._settings, self.control)

    def begin_zoom(self, redirect_uri: str) -> str:
        """Begin a sign-in to Zoom; return the address that the browser is to be sent to."""
        return self._zoom.begin(self._settings, redirect_uri)

    def finish_zoom(self, code: str, state: str) -> Account:
        """Finish a sign-in with what came back from the browser.

        Raises:
            SignInFailed: nothing was begun, or *state* is not the one that it was begun with.
        """
        account = self._zoom.finish(self._settings, code, state)
        self.control.note(Happening.SIGNED_IN, f"Zoom, {account.who or account.user_id}")
        self.changed.set()
        return account

    def fail_zoom(self, error: str, description: str, state: str) -> str:
        """Give up a sign-in that Zoom refused; return why as a sentence."""
        return self._zoom.fail(error, description, state)

    def sign_out_zoom(self) -> None:
        """Sign out of Zoom, there and here."""
        self._zoom.sign_out(self._settings)
        self.control.note(Happening.SIGNED_OUT, "Zoom")

    # --- recordings ------------------------------------------------------------------------

    def playable(self, row: RecordingRow) -> Playable:
        """Return where the bytes of a recording can be had.

        Raises:
            NotAllowed: they are nowhere, or not where the settings say.
        """
        return files.playable(self._settings, self._home, row)

    def link(self, row: RecordingRow, seconds: float) -> str:
        """Return a link that opens a recording, for *seconds* where links can end.

        Raises:
            NotAllowed, UsageError: there is nothing to open, or no such link.
        """
        return link(self._settings, self._home, row, seconds)

    def media_hosts(self) -> Sequence[str]:
        """Return the origins that links of recordings lead to, for the page's policy."""
        return files.media_hosts(self._settings)

    def show_in_folder(self, row: RecordingRow) -> None:
        """Open the folder of the archive that holds a recording, in the desktop's file manager.

        Raises:
            NotAllowed: it lies in no folder here, or there is no file manager.
        """
        found = self.playable(row)
        if found.path is None:
            raise NotAllowed("this recording lies in no folder of this computer")
        opening.show(found.path)

    def receive(
        self,
        stream: BinaryIO,
        name: str,
        *,
        title: str = "",
        started_at: float | None = None,
        size: int | None = None,
    ) -> Received:
        """Take in a recording: to disk, checked by content, into the queue.

        Raises:
            NotAllowed: it is no recording, or is not whole.
            DiskFull, SpoolUnusable: there is no room for it.
        """
        if self._is_held:
            raise NotAllowed("finish the setup first: nobody knows yet where recordings go")
        self._open()
        return files.receive(
            self._databases,
            self._settings,
            self._home,
            stream,
            name,
            title=title,
            started_at=started_at,
            size=size,
        )

    # --- health ----------------------------------------------------------------------------

    def findings(self) -> "Sequence[Finding]":
        """Look at this computer: folders, room, keyring. Quick; asks nobody else."""
        from zoomsync_agent.app import checks  # noqa: PLC0415  HTTP clients cost 80 ms

        wrong = checks.settings_findings(self._home)
        return [*wrong, *checks.computer_findings(self._settings, self._home)]

    def remote_findings(self) -> "Sequence[Finding]":
        """Look at the destination and at Zoom; takes seconds."""
        from zoomsync_agent.app import checks  # noqa: PLC0415  HTTP clients cost 80 ms

        try:
            return checks.remote_findings(self._settings, self._home)
        except AgentError as exc:
            return [checks.as_finding("settings", exc)]
