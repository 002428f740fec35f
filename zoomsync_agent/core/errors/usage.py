"""What was asked for and cannot be done as it was asked."""

from zoomsync_agent.core.errors.base import UsageError


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
