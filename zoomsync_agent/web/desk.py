"""What the page needs beyond the queue: settings, sign-in, tests, files. Wired by the app."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from zoomsync_agent.control import Control
from zoomsync_agent.core.account import Account
from zoomsync_agent.core.freeing import Plan
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.doctor import Finding
from zoomsync_agent.settings import Origin as SettingOrigin
from zoomsync_agent.settings import Settings


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that recordings may lie in: how many are there, how large, and since when.

    `oldest` is epoch seconds; None where there is no recording.
    """

    path: Path
    files: int = 0
    size: int = 0
    oldest: float | None = None
    exists: bool = True


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is there already, for one choice of `backfill`; `seconds` is what it may take."""

    choice: str
    files: int
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ZoomStatus:
    """How it stands with Zoom's cloud.

    `is_configured` says that there is an app to sign in with; `problem` why there is none.
    `is_waiting` says that a sign-in was begun and the browser has not come back.
    """

    is_configured: bool
    account: Account | None = None
    missing_scopes: tuple[str, ...] = ()
    is_waiting: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """A recording that was handed in over the page: where its job stands."""

    file_name: str
    meeting_title: str
    size: int
    kind: str
    job_id: int


@dataclass(frozen=True, slots=True)
class Playable:
    """Where a recording's bytes can be had: a file of the archive, or a link that ends."""

    path: Path | None = None
    url: str = ""


class Desk(Protocol):
    """What the page can do. Every method may be called on any thread; raises only `AgentError`."""

    @property
    def control(self) -> Control:
        """What people see and do; over connections that `release` gives back."""
        ...

    def release(self) -> None:
        """Give back what this thread holds of the databases."""
        ...

    def changes(self) -> int:
        """Return a number that is another one when something that people see may have changed."""
        ...

    def speeds(self) -> Sequence[float]:
        """Return the bytes per second of the last minutes, a figure each 5 s, the oldest first."""
        ...

    # --- the agent -------------------------------------------------------------------------

    @property
    def is_held(self) -> bool:
        """Whether the agent waits for the setup to be finished before it begins."""
        ...

    @property
    def is_set_up(self) -> bool:
        """Whether somebody has been through the setup, or has settings of their own."""
        ...

    def begin(self) -> None:
        """Finish the setup: the agent begins."""
        ...

    # --- settings --------------------------------------------------------------------------

    def settings(self) -> Settings:
        """Return the settings as they are now."""
        ...

    def origins(self) -> Sequence[SettingOrigin]:
        """Return every setting with its value and where that comes from."""
        ...

    def change(self, values: Mapping[str, str]) -> None:
        """Write settings down, all or none, and let the agent take them up at once.

        Raises:
            SettingsError: one of them cannot be.
        """
        ...

    def recordings_folders(self) -> Sequence[Folder]:
        """Return the folders in which Zoom's recordings were found, the likeliest first."""
        ...

    def subfolders(self, path: Path) -> tuple[Path | None, Sequence[Path]]:
        """Return the folder above *path*, None at a root, and the folders in it.

        Raises:
            NotAllowed: *path* lies outside of the user's own folders and drives.
        """
        ...

    def expect_allowed(self, path: Path) -> Path:
        """Return *path*, with links resolved.

        Raises:
            NotAllowed: it lies outside of the user's own folders and drives.
        """
        ...

    def backlog(self) -> Sequence[Backlog]:
        """Return what each choice of `backfill` means here: all, the last 30 days, none."""
        ...

    def try_destination(
        self, values: Mapping[str, str], keys: tuple[str, str] | None = None
    ) -> Sequence[Finding]:
        """Try a destination as *values* name it; nothing is saved.

        Args:
            values: settings, by name.
            keys: access key and secret of a bucket, instead of those that are kept.

        Raises:
            SettingsError: one of them cannot be.
        """
        ...

    # --- accounts --------------------------------------------------------------------------

    def keep_s3_keys(self, access_key: str, secret_key: str) -> str:
        """Try the bucket's access keys and keep them in the keyring.

        Returns:
            Why they could not be tried, as a sentence; empty where they were.

        Raises:
            SignInFailed: the store refuses them.
        """
        ...

    def supabase_account(self) -> Account | None:
        """Return who is signed in to the project; None where none is used."""
        ...

    def sign_in_supabase(
        self, email: str, password: str, values: Mapping[str, str] | None = None
    ) -> Account:
        """Sign in to the project of the settings, or to the one that *values* name."""
        ...

    def zoom(self) -> ZoomStatus:
        """Return how it stands with Zoom's cloud."""
        ...

    def begin_zoom(self, redirect_uri: str) -> str:
        """Begin a sign-in to Zoom; return the address that the browser is to be sent to."""
        ...

    def finish_zoom(self, code: str, state: str) -> Account:
        """Finish a sign-in with what came back from the browser.

        Raises:
            SignInFailed: nothing was begun, or *state* is not the one that it was begun with.
        """
        ...

    def fail_zoom(self, error: str, description: str, state: str) -> str:
        """Give up a sign-in that Zoom refused; return why as a sentence."""
        ...

    def sign_out_zoom(self) -> None:
        """Sign out of Zoom, there and here."""
        ...

    # --- recordings ------------------------------------------------------------------------

    def playable(self, row: RecordingRow) -> Playable:
        """Return where the bytes of a recording can be had.

        Raises:
            NotAllowed: they are nowhere, or not where the settings say.
        """
        ...

    def link(self, row: RecordingRow, seconds: float) -> str:
        """Return a link that opens a recording, for *seconds* where links can end.

        Raises:
            NotAllowed, UsageError: there is nothing to open, or no such link.
        """
        ...

    def media_hosts(self) -> Sequence[str]:
        """Return the origins that links of recordings lead to, for the page's policy."""
        ...

    def show_in_folder(self, row: RecordingRow) -> None:
        """Open the folder of the archive that holds a recording, in the desktop's file manager."""
        ...

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

        Args:
            stream: its bytes.
            name: its file name; only its last part and its ending count.
            title: of the meeting; the file's name where empty.
            started_at: epoch seconds; now where None.
            size: how many bytes were announced.

        Raises:
            NotAllowed: it is no recording, is not whole, or there is no room for it.
        """
        ...

    def places(self) -> Sequence[tuple[str, Path]]:
        """Return where settings, data and logs lie, with their names for people."""
        ...

    # --- this computer ---------------------------------------------------------------------

    @property
    def is_at_login(self) -> bool | None:
        """Whether the agent starts at login; None where that cannot be had."""
        ...

    def set_at_login(self, *, wanted: bool) -> None:
        """Start the agent at login, or do not.

        Raises:
            NotAllowed: the system refuses.
        """
        ...

    def room_plan(self, days: int) -> Plan:
        """Return which originals of so many *days* ago would be moved to the trash."""
        ...

    def free_room(self, days: int, seen: str) -> Plan:
        """Begin to move originals that are safe to the trash of this computer.

        Args:
            days: how many days ago a recording must have been made.
            seen: names the plan that somebody has agreed to; nothing else is moved.

        Returns:
            That plan.

        Raises:
            NotAllowed: it is being done already, there is nothing to move, or another plan by now.
        """
        ...

    @property
    def is_freeing(self) -> bool:
        """Whether originals are being moved because somebody asked for it."""
        ...

    @property
    def freed(self) -> Plan | None:
        """What came of it the last time that somebody asked; None where nobody did in this run."""
        ...

    # --- health ----------------------------------------------------------------------------

    def findings(self) -> Sequence[Finding]:
        """Look at this computer: folders, room, keyring. Quick; asks nobody else."""
        ...

    def remote_findings(self) -> Sequence[Finding]:
        """Look at the destination and at Zoom; takes seconds."""
        ...


MakeLink = Callable[[], str]
"""Makes a link that opens the page once."""
