"""The root of all errors, and the four kinds that decide who acts next."""

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


class ActionNeeded(AgentError):
    """Waits for the user."""

    code = "action_needed"
    title = "This needs you"


class PermanentError(AgentError):
    """Will not succeed without a change."""

    code = "permanent"
    title = "This cannot be uploaded as it is"


class UsageError(AgentError):
    """What was asked for cannot be done as it was asked."""

    code = "usage"
    title = "This cannot be done"
