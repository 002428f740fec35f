"""What the recordings are."""

from collections.abc import Sequence
from typing import Protocol

from zoomsync_agent.core.errors import AgentError
from zoomsync_agent.core.recording import (
    RecordingId,
    RecordingRow,
)


class Catalog(Protocol):
    """The metadata rows. Raises only `AgentError`."""

    @property
    def name(self) -> str:
        """Name in settings."""
        ...

    def publish(self, row: RecordingRow) -> None:
        """Insert or update the row of `recording_id`; an older row never replaces a newer one."""
        ...

    def get(self, recording_id: RecordingId) -> RecordingRow | None:
        """Return one row."""
        ...


class RemoteCatalog(Protocol):
    """A catalog that may be away. Raises only `AgentError`."""

    @property
    def name(self) -> str:
        """Name in settings."""
        ...

    def publish_all(self, rows: Sequence[RecordingRow]) -> list[tuple[RecordingRow, AgentError]]:
        """Insert or update *rows*, and return those that are refused, each with its reason.

        An older row never replaces a newer one, and the same row twice is one row, so that what
        was perhaps delivered can be delivered again.

        Raises:
            AgentError: something other than a row is in the way; any of them may have arrived.
        """
        ...


class Outbox(Protocol):
    """Which rows a remote catalog does not have yet."""

    def pending(self, user_id: str, limit: int) -> list[RecordingRow]:
        """Return rows of *user_id* to be delivered, those that have waited longest first."""
        ...

    def delivered(self, rows: Sequence[RecordingRow]) -> None:
        """Take note that the remote catalog has these versions, or newer ones."""
        ...

    def refused(self, row: RecordingRow, error: AgentError) -> None:
        """Take note that it will not have this version."""
        ...

    def forget_refusals(self) -> None:
        """Let everything that was refused be tried again."""
        ...
