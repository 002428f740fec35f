"""Every error the agent reports.

AgentError
├── TransientError            tried again later, by itself
│   ├── NetworkUnavailable
│   ├── RemoteUnavailable
│   ├── SourceBusy
│   ├── SourceChanged
│   ├── SourceUnavailable
│   ├── DestinationUnavailable
│   ├── VerificationFailed
│   ├── DownloadRefused
│   ├── SpoolFull
│   └── ZoomParked
├── ActionNeeded              waits for the user; goes on by itself once the cause is gone
│   ├── ClockWrong
│   ├── CredentialsRefused
│   │   └── CredentialsMissing
│   ├── SourceDenied
│   ├── DestinationDenied
│   ├── DestinationFull
│   ├── ObjectTooLarge
│   ├── ProjectPaused
│   ├── RowsDenied
│   ├── ScopeMissing
│   ├── DiskFull
│   ├── OtherAccount
│   ├── SecretsUnavailable
│   ├── SetupIncomplete
│   ├── SignInFailed
│   ├── SignInRequired
│   │   └── ZoomSignInRequired
│   ├── SpoolUnusable
│   └── ZoomDenied
├── PermanentError            will not succeed without a change
│   ├── SourceMissing
│   ├── SourceDamaged
│   ├── KeyTaken
│   ├── NameRefused
│   ├── RowRefused
│   ├── RecordingDeleted
│   ├── TooManyDeaths
│   └── Unexpected
└── UsageError                what was asked for cannot be done as it was asked
    ├── SettingsError
    ├── FolderInvalid
    ├── AlreadyRunning
    ├── NotFound
    ├── NotAllowed
    └── StoreDamaged

The base decides who acts next. `code` is stored and never changes meaning;
`title` and `hint` are for people and may be reworded at any time.
"""

from collections.abc import Iterator
from typing import ClassVar


class AgentError(Exception):
    """Root of all errors that may cross a port.

    Args:
        detail: what exactly went wrong, for the log and for the second line that people read.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    hint: ClassVar[str] = ""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail


class TransientError(AgentError):
    """Later, by itself."""

    code = "transient"
    title = "This did not work just now"
    hint = "It is tried again by itself."
    max_attempts: ClassVar[int | None] = None
    """After so many tries it counts as permanent; None: never."""


class NetworkUnavailable(TransientError):
    """No connection to the remote side."""

    code = "network_unavailable"
    title = "There is no connection"
    hint = "Everything goes on by itself when the network is back."


class RemoteUnavailable(TransientError):
    """The remote side answers, but not now."""

    code = "remote_unavailable"
    title = "The server does not answer properly at the moment"
    hint = "It is tried again by itself."


class SourceBusy(TransientError):
    """Another program holds the file."""

    code = "source_busy"
    title = "Another program is using the file"
    hint = "It is uploaded as soon as that program lets go of it."


class SourceChanged(TransientError):
    """The file is no longer the one that was found."""

    code = "source_changed"
    title = "The file changed while it was being uploaded"
    hint = "It is uploaded again from the start once it stands still."


class SourceUnavailable(TransientError):
    """The whole recordings folder is away."""

    code = "source_unavailable"
    title = "The recordings folder is not there"
    hint = "The upload goes on by itself when the folder or its drive is back."


class DestinationUnavailable(TransientError):
    """The place where recordings are kept cannot be reached."""

    code = "destination_unavailable"
    title = "The archive cannot be reached"
    hint = "Connect its drive or network share; the upload then goes on by itself."


class VerificationFailed(TransientError):
    """What arrived is not what was sent."""

    code = "verification_failed"
    title = "The copy did not match the original and was thrown away"
    hint = "It is made again by itself. If this repeats, check the disk of the archive."
    max_attempts = 5


class DownloadRefused(TransientError):
    """Zoom lists a recording but does not hand it out."""

    code = "download_refused"
    title = "Zoom does not hand this recording out"
    hint = (
        "It is tried again by itself for some hours. Your Zoom account may forbid downloads, or "
        "allow them only in certain networks: ask its administrator."
    )
    max_attempts = 10


class SpoolFull(TransientError):
    """So much has been downloaded and not uploaded that nothing more is downloaded."""

    code = "spool_full"
    title = "Downloads wait until what is here has been uploaded"
    hint = "They go on by themselves; spool_size says how much may wait here."


class ZoomParked(TransientError):
    """Zoom answers nothing more until a given time."""

    code = "zoom_parked"
    title = "Zoom's limit for today is used up"
    hint = "Everything goes on by itself when it is over."


class ActionNeeded(AgentError):
    """Waits for the user."""

    code = "action_needed"
    title = "This needs you"


class ClockWrong(ActionNeeded):
    """The clock of this computer is too far off for the remote side."""

    code = "clock_wrong"
    title = "The clock of this computer is wrong"
    hint = "Set date, time and time zone right; the upload then goes on by itself."


class CredentialsRefused(ActionNeeded):
    """There are no access keys, or the store does not take them."""

    code = "credentials_refused"
    title = "The store does not accept the access keys"
    hint = (
        "Renew them where they come from (your AWS profile, “aws sso login”, “zoomsync sign-in s3” "
        "or the .env of the config folder); everything then goes on by itself. Keys in the "
        "environment count from the agent's next start."
    )


class CredentialsMissing(CredentialsRefused):
    """Nobody has given any access keys."""

    code = "credentials_missing"
    title = "There are no access keys yet"
    hint = (
        "Keep some in the keyring with “zoomsync sign-in s3”, set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or name an AWS profile: zoomsync config set s3_profile NAME. "
        "Everything then goes on by itself."
    )


class SourceDenied(ActionNeeded):
    """The file may not be read."""

    code = "source_denied"
    title = "The file may not be read"
    hint = "Allow your user to read it; the upload then goes on by itself."


class DestinationDenied(ActionNeeded):
    """The destination may not be written."""

    code = "destination_denied"
    title = "The archive may not be written"
    hint = "Allow writing there or choose another archive; the upload then goes on by itself."


class DestinationFull(ActionNeeded):
    """No room left."""

    code = "destination_full"
    title = "The archive is full"
    hint = "Free some space there; the upload then goes on by itself."


class ObjectTooLarge(ActionNeeded):
    """The destination takes no file of this size."""

    code = "too_large"
    title = "The file is larger than the archive takes"
    hint = "Raise the limit there or choose another archive; the upload then goes on by itself."


class ProjectPaused(ActionNeeded):
    """The remote project does not run."""

    code = "project_paused"
    title = "The Supabase project is paused or gone"
    hint = "Restore it in the Supabase dashboard; everything then goes on by itself."


class RowsDenied(ActionNeeded):
    """The database does not let rows be written."""

    code = "rows_denied"
    title = "The project's database does not let rows be written"
    hint = (
        "The recordings themselves are safe. “zoomsync doctor” names the policy that is missing; "
        "the rows are then delivered by themselves."
    )


class ScopeMissing(ActionNeeded):
    """The Zoom app was not granted what it needs."""

    code = "scope_missing"
    title = "The Zoom app may not do this"
    hint = (
        "Add the scope to the app in the Zoom Marketplace, then sign in again: zoomsync sign-in "
        "zoom. Everything then goes on by itself."
    )


class DiskFull(ActionNeeded):
    """This computer has no room for a download."""

    code = "disk_full"
    title = "There is no room on this computer for the download"
    hint = "Free some space, or choose another spool_path; downloads then go on by themselves."


class OtherAccount(ActionNeeded):
    """The recording belongs to an account that is not the one signed in."""

    code = "other_account"
    title = "This recording belongs to another Zoom account"
    hint = "Sign in with that account to fetch it, or cancel it."


class SecretsUnavailable(ActionNeeded):
    """The place where secrets are kept is locked or missing."""

    code = "secrets_unavailable"
    title = "The keyring cannot be read"
    hint = "Everything goes on by itself as soon as it can be read."


class SetupIncomplete(ActionNeeded):
    """Something is missing at the remote side that its owner must make once."""

    code = "setup_incomplete"
    title = "The archive is not set up completely"
    hint = "“zoomsync doctor” names what is missing and how to mend it."


class SignInFailed(ActionNeeded):
    """Somebody tried to sign in and was not let in."""

    code = "sign_in_failed"
    title = "The sign-in did not work"
    hint = "Try again. Nothing else has changed."


class SignInRequired(ActionNeeded):
    """The stored authorization no longer works, or there is none."""

    code = "sign_in_required"
    title = "You are signed out"
    hint = "Sign in: zoomsync sign-in. Everything then goes on by itself."


class ZoomSignInRequired(SignInRequired):
    """Nobody is signed in to Zoom, or Zoom has ended it."""

    code = "zoom_sign_in_required"
    title = "You are signed out of Zoom"
    hint = "Sign in: zoomsync sign-in zoom."


class SpoolUnusable(ActionNeeded):
    """Downloads cannot be written where they are to be."""

    code = "spool_unusable"
    title = "The folder for downloads cannot be used"
    hint = (
        "Mend it, or choose another one: zoomsync config set spool_path FOLDER. Downloads then go "
        "on by themselves."
    )


class ZoomDenied(ActionNeeded):
    """Zoom does not let this account do it."""

    code = "zoom_denied"
    title = "Zoom does not allow this for your account"
    hint = "Cloud recordings need a paid Zoom plan; your administrator may have restricted them."


class PermanentError(AgentError):
    """Will not succeed without a change."""

    code = "permanent"
    title = "This cannot be uploaded as it is"


class SourceMissing(PermanentError):
    """The file went away before it was uploaded."""

    code = "source_missing"
    title = "The file was moved or deleted before it was uploaded"
    hint = (
        "If that was not meant, put it back into the recordings folder; it is then uploaded by "
        "itself. If it was, nothing is to be done."
    )


class SourceDamaged(PermanentError):
    """The disk cannot read the file back."""

    code = "source_damaged"
    title = "The disk could not read the file"
    hint = "Check the disk; then choose Retry."


class KeyTaken(PermanentError):
    """Something else lies under the name that this recording has in the archive."""

    code = "key_taken"
    title = "Another file already has this name in the archive"
    hint = "Move that file away and choose Retry. Nothing was overwritten."


class NameRefused(PermanentError):
    """The destination cannot hold an object of this name."""

    code = "name_refused"
    title = "The archive refuses this file name"
    hint = "Rename the recording's folder or file; it is then uploaded by itself."


class RowRefused(PermanentError):
    """The remote catalog cannot hold a row."""

    code = "row_refused"
    title = "The database refuses this recording's row"
    hint = "“zoomsync doctor” looks for the reason."


class RecordingDeleted(PermanentError):
    """Zoom no longer has what was to be fetched."""

    code = "recording_deleted"
    title = "The recording was deleted from Zoom's cloud before it was fetched"
    hint = (
        "If it lies in Zoom's trash, recover it there within 30 days; it is then fetched by itself."
    )


class TooManyDeaths(PermanentError):
    """The agent died too often while it worked on this."""

    code = "too_many_deaths"
    title = "The agent was interrupted again and again while it worked on this file"
    hint = "Choose Retry to try it once more; the log folder has the details."


class Unexpected(PermanentError):
    """A fault in the agent itself."""

    code = "unexpected"
    title = "The agent met a fault of its own with this file"
    hint = "Choose Retry; if it repeats, please report it with the log file."


class UsageError(AgentError):
    """What was asked for cannot be done as it was asked."""

    code = "usage"
    title = "This cannot be done"


class SettingsError(UsageError):
    """A setting is unknown or has a value it cannot have."""

    code = "settings"
    title = "A setting is wrong"


class FolderInvalid(UsageError):
    """A folder cannot be used as asked."""

    code = "folder_invalid"
    title = "This folder cannot be used"


class AlreadyRunning(UsageError):
    """Another agent owns this home."""

    code = "already_running"
    title = "The agent is already running"


class NotFound(UsageError):
    """Nothing has this id."""

    code = "not_found"
    title = "There is no such recording"


class NotAllowed(UsageError):
    """The thing exists, but not in a state in which this can be done."""

    code = "not_allowed"
    title = "This cannot be done now"


class StoreDamaged(UsageError):
    """A database of the agent cannot be read."""

    code = "store_damaged"
    title = "The agent's database is damaged"
    hint = "It is moved aside and rebuilt from the recordings folder and the archive."


def leaves(root: type[AgentError] = AgentError) -> Iterator[type[AgentError]]:
    """Yield *root* and every error below it."""
    yield root
    for child in root.__subclasses__():
        yield from leaves(child)


def by_code(code: str) -> type[AgentError]:
    """Return the error class that stores *code*; `Unexpected` for a code of another version."""
    return next((cls for cls in leaves() if cls.code == code), Unexpected)
