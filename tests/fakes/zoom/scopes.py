"""What an app may be allowed to do, and what each call needs.

Granular scopes have levels: none for the own recordings, `:admin` for the account's, `:master` for
those of accounts below. Old apps have classic scopes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Category = Literal["Light", "Medium", "Heavy"]

READ_SCOPES: Final = (
    "user:read:user",
    "cloud_recording:read:list_user_recordings",
    "cloud_recording:read:list_recording_files",
    "cloud_recording:read:recording",
    "cloud_recording:read:meeting_transcript",
    "meeting:read:meeting",
    "meeting:read:summary",
)
"""What an app needs that brings a person's own recordings home."""

TRASH_SCOPES: Final = (
    "cloud_recording:delete:meeting_recording",
    "cloud_recording:delete:recording_file",
    "cloud_recording:update:recover_meeting_recordings",
    "cloud_recording:update:recover_single_recording",
)
"""What it needs to move Zoom's copies to the trash and back."""

ADMIN_SCOPES: Final = (
    "user:read:user:admin",
    "cloud_recording:read:list_user_recordings:admin",
    "cloud_recording:read:list_account_recordings:admin",
    "cloud_recording:read:list_recording_files:admin",
    "cloud_recording:read:meeting_transcript:admin",
    "meeting:read:summary:admin",
)
"""What an app needs that brings everybody's recordings home."""


@dataclass(frozen=True, slots=True)
class Call:
    """What one call needs and costs.

    `classic` is the name of its old scope; with `account_wide` the own level does not do.
    """

    scope: str
    category: Category
    classic: str
    account_wide: bool = False

    def needed(self, level: str = "") -> list[str]:
        """Return the names one of which lets it through, as the refusal tells them."""
        if level:
            return [f"{self.scope}:{level}"]
        own = [] if self.account_wide else [self.scope]
        return [*own, f"{self.scope}:admin"]

    def is_let(self, scopes: Iterable[str], level: str = "") -> bool:
        """Return whether somebody with *scopes* may."""
        names = set(self.needed(level))
        if not level:
            names |= {f"{self.scope}:master", f"{self.classic}:admin"}
        if not (level or self.account_wide):
            names.add(self.classic)
        return not names.isdisjoint(scopes)

    def reaches_account(self, scopes: Iterable[str]) -> bool:
        """Return whether somebody with *scopes* sees what belongs to others of the account."""
        names = {f"{self.scope}:admin", f"{self.scope}:master", f"{self.classic}:admin"}
        return not names.isdisjoint(scopes)


_READ, _WRITE = "cloud_recording:read", "cloud_recording"

USER: Final = Call("user:read:user", "Light", "user:read")
LIST: Final = Call(f"{_READ}:list_user_recordings", "Medium", "recording:read")
ACCOUNT: Final = Call(f"{_READ}:list_account_recordings", "Medium", "recording:read", True)
FILES: Final = Call(f"{_READ}:list_recording_files", "Light", "recording:read")
TRANSCRIPT: Final = Call(f"{_READ}:meeting_transcript", "Medium", "recording:read")
SUMMARY: Final = Call("meeting:read:summary", "Light", "meeting_summary:read")
DELETE: Final = Call(f"{_WRITE}:delete:meeting_recording", "Light", "recording:write")
DELETE_FILE: Final = Call(f"{_WRITE}:delete:recording_file", "Light", "recording:write")
RECOVER: Final = Call(f"{_WRITE}:update:recover_meeting_recordings", "Light", "recording:write")
RECOVER_FILE: Final = Call(f"{_WRITE}:update:recover_single_recording", "Light", "recording:write")
