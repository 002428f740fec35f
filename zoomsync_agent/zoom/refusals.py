"""Why Zoom's sign-in says no, in plain words.

Source: Zoom, "OAuth error messages", and answers that developers have published; Zoom tells the
same thing in several forms, so `error` is believed first and `reason` next.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from zoomsync_agent.core.errors import AgentError, SetupIncomplete, SignInFailed

_SHOWN: Final = 200
_GRANT: Final = "invalid_grant"
_CLIENT: Final = "invalid_client"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that says no for good. `code` is the word of OAuth, `message` the reason."""

    code: str
    message: str

    @property
    def ends_session(self) -> bool:
        """Whether the sign-in is over.

        A wrong client is not its end: whoever mends the settings goes on with the same tokens.
        """
        return self.code == _GRANT or (
            self.code == "invalid_request" and "invalid token" in self.message.lower()
        )

    @property
    def why_ended(self) -> str:
        """Why the sign-in is over, in a sentence."""
        return (
            "Zoom has ended this sign-in: it was not used for long, it was ended in Zoom, or "
            "somebody signed in with the same account and app on another computer."
        )

    def error(self) -> AgentError:
        """Return what a sign-in that is refused so raises."""
        text = self.message.lower()
        if self.code == _CLIENT or ("client" in text and "secret" in text):
            return SetupIncomplete(
                "Zoom does not know this app: check ZOOM_CLIENT_ID, and ZOOM_CLIENT_SECRET where "
                "the app is no public client (a public client has an id of its own)"
            )
        if "redirect" in text:
            return SetupIncomplete(
                "Zoom does not know the address to come back to: add "
                "http://127.0.0.1/auth/zoom/callback to the app's redirect addresses"
            )
        if self.code == "access_denied":
            return SignInFailed("It was refused in the browser.")
        if "code" in text or self.code == _GRANT:
            return SignInFailed("Zoom does not take the code: it is used or too old. Begin again.")
        return SignInFailed(f"Zoom refused: {readable(self.message) or self.code}")


def refusal_of(text: str) -> Refusal | None:
    """Return what a refusing body says; None where it is none of Zoom's own."""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    code = str(told.get("error") or told.get("errorCode") or told.get("code") or "")
    message = told.get("reason") or told.get("errorMessage") or told.get("message") or ""
    described = told.get("error_description") or ""
    if not code and not message:
        return None
    return Refusal(code, readable(str(message or described)))


def readable(text: str) -> str:
    """Return a text of somebody else in one line of bounded length, without control characters."""
    return "".join(c if c.isprintable() else " " for c in text).strip()[:_SHOWN]
