"""The app by which the agent is known to Zoom, and what it needs to be allowed.

Source: Zoom, "OAuth 2.0" and the scopes that its API reference names with each method.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

OAUTH: Final = "https://zoom.us"
API: Final = "https://api.zoom.us"
CALLBACK: Final = "/auth/zoom/callback"

LIST: Final = "cloud_recording:read:list_user_recordings"
LIST_ACCOUNT: Final = "cloud_recording:read:list_account_recordings"
FILES: Final = "cloud_recording:read:list_recording_files"
USER: Final = "user:read:user"
SUMMARY: Final = "meeting:read:summary"
TRANSCRIPT: Final = "cloud_recording:read:meeting_transcript"
TRASH: Final = "cloud_recording:delete:meeting_recording"
RECOVER: Final = "cloud_recording:update:recover_meeting_recordings"

NEEDED: Final[Mapping[str, str]] = {
    USER: "to know whose recordings these are",
    LIST: "to list your cloud recordings",
    FILES: "to download them",
}
"""Without these nothing works."""
USEFUL: Final[Mapping[str, str]] = {
    SUMMARY: "to keep the AI Companion's summary and next steps",
    TRANSCRIPT: "to keep transcripts of meetings without a recording",
    TRASH: "to move what is safe here to Zoom's trash, if you ask for that",
    RECOVER: "to undo that",
}
"""Without these something of its own is left out."""
_ADMIN: Final = (":admin", ":master")
_CLASSIC: Final[Mapping[str, tuple[str, ...]]] = {
    USER: ("user:read",),
    LIST: ("recording:read",),
    FILES: ("recording:read",),
    TRANSCRIPT: ("recording:read",),
    SUMMARY: ("meeting_summary:read", "meeting:read"),
    TRASH: ("recording:write",),
    RECOVER: ("recording:write",),
    LIST_ACCOUNT: ("recording:read",),
}
"""What older apps have instead."""


@dataclass(frozen=True, slots=True)
class ZoomApp:
    """An app of the Zoom Marketplace.

    Args:
        client_id: of the public client, or of the confidential one where there is a secret.
        client_secret: of a confidential client; empty for a public one.
        redirect_uri: where the browser is sent back to, instead of an address on this computer.
        oauth: base address of sign-in.
        api: base address of the API, unless sign-in names another one.
    """

    client_id: str
    client_secret: str = field(default="", repr=False)
    redirect_uri: str = ""
    oauth: str = OAUTH
    api: str = API

    @property
    def is_public(self) -> bool:
        """Whether it has no secret, and proves itself by PKCE alone."""
        return not self.client_secret


@dataclass(frozen=True, slots=True)
class Scopes:
    """What was granted, as Zoom says it: words with blanks between them."""

    text: str

    def allow(self, scope: str) -> bool:
        """Return whether *scope* is among them, in any of its forms.

        Nothing told means nothing known: then everything is tried.
        """
        granted = set(self.text.split())
        if not granted:
            return True
        names = (scope, *_CLASSIC.get(scope, ()))
        return any(name + end in granted for name in names for end in ("", *_ADMIN))

    @property
    def is_account_wide(self) -> bool:
        """Whether the recordings of the whole account may be listed."""
        granted = set(self.text.split())
        names = (LIST_ACCOUNT, *_CLASSIC[LIST_ACCOUNT])
        return any(name + end in granted for name in names for end in _ADMIN)

    def missing(self, among: Iterable[str]) -> list[str]:
        """Return those of *among* that were not granted."""
        return [scope for scope in among if not self.allow(scope)]
