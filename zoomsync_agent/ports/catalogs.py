"""What the recordings are."""

from typing import Protocol

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
