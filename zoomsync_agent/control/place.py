"""Where the agent works, and how far its sources have come, as people are told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

NO_CLOUD: Final = "none"
"""Stands for the last sweep of a cloud that is not used."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the agent works, as people are told; `hindrance` says why it does not at present."""

    recordings_path: Path
    destination: str
    archive: str
    has_cloud: bool = False
    sweeps: bool = True
    pid: int | None = None
    url: str | None = None
    hindrance: str = ""


@dataclass(frozen=True, slots=True)
class Sweeps:
    """What names the last sweep of each source; None before the first.

    Two are told apart by being different: clocks jump.
    """

    folder: str | None = None
    cloud: str | None = None

    def are_newer_than(self, before: "Sweeps") -> bool:
        """Return whether each source has been swept, and again since *before*."""
        return self.folder not in (None, before.folder) and (
            self.cloud == NO_CLOUD or self.cloud not in (None, before.cloud)
        )
