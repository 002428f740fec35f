"""What a service answers to whoever signs in, or renews a sign-in."""

from dataclasses import dataclass, field
from typing import Protocol

from zoomsync_agent.core.errors import AgentError


@dataclass(frozen=True, slots=True)
class Grant:
    """What a service gives to somebody who has proved who they are.

    `expires_in` is in seconds from the moment of the answer. `email`, `scope` (what was granted)
    and `place` (where the service wants to be asked) are empty where it does not tell them.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    user_id: str
    email: str = ""
    scope: str = ""
    place: str = ""


class Refusal(Protocol):
    """An answer that says no for good: asking again would not help."""

    @property
    def code(self) -> str:
        """The service's own word."""
        ...

    @property
    def message(self) -> str:
        """What it said."""
        ...

    @property
    def ends_session(self) -> bool:
        """Whether a session that is refused so can never be renewed again."""
        ...

    @property
    def why_ended(self) -> str:
        """Why the session is over, in a sentence."""
        ...

    def error(self) -> AgentError:
        """Return what a sign-in that is refused so raises."""
        ...
