"""What will not succeed without a change."""

from zoomsync_agent.core.errors.base import PermanentError


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


class HandedInLost(PermanentError):
    """What was handed in is not in the inbox any more, as it was."""

    code = "handed_in_lost"
    title = "What was handed in is no longer here"
    hint = "Hand the recording in again."


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
