"""What waits for the user."""

from zoomsync_agent.core.errors.base import ActionNeeded


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


class CloudOff(ActionNeeded):
    """The settings do not let anything be fetched from where the recording lies."""

    code = "cloud_off"
    title = "Zoom's cloud is switched off in the settings"
    hint = (
        "Switch it on (zoomsync config set zoom_cloud auto; zoom_client_id must be set), or cancel "
        "what is not wanted any more."
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


class CopyUnreadable(ActionNeeded):
    """One copy in an archive that is there cannot be looked at or read."""

    code = "copy_unreadable"
    title = "The copy in the archive cannot be read"
    hint = "Look at the disk of the archive."


class TrashUnavailable(ActionNeeded):
    """A file cannot be moved to this computer's trash."""

    code = "trash_unavailable"
    title = "The file cannot be moved to the trash"
    hint = "It stays where it is: nothing is ever deleted for good."


class ZoomDenied(ActionNeeded):
    """Zoom does not let this account do it."""

    code = "zoom_denied"
    title = "Zoom does not allow this for your account"
    hint = "Cloud recordings need a paid Zoom plan; your administrator may have restricted them."
