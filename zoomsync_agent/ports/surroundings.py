"""The computer around the agent: its power, its network, a meeting, and its user's attention."""

from collections.abc import Callable
from typing import Protocol

from zoomsync_agent.core.notices import Notice
from zoomsync_agent.core.surroundings import Aspect, Conditions, Sign
from zoomsync_agent.ports.services import Service


class Surroundings(Protocol):
    """What the operating system knows of the agent's surroundings. Raises nothing."""

    def look(self, asked: frozenset[Aspect]) -> Conditions:
        """Return what holds now of what is *asked*; None where it cannot be told.

        It takes a few milliseconds where the system answers, and ends within seconds where not.
        """
        ...

    def listener(self, heard: Callable[[Sign], None]) -> Service | None:
        """Return a service that hands on what the system tells by itself.

        Args:
            heard: told each sign, on a thread of the listener's; it hands over and leaves.

        Returns:
            None where the system tells nothing.
        """
        ...


class Notifier(Protocol):
    """Shows notices to whoever sits at the computer."""

    def tell(self, notice: Notice, on_shown: Callable[[], None] | None = None) -> None:
        """Show a notice, in place of an earlier one of the same group.

        It raises nothing and waits for nothing; where nobody can be shown anything, or only long
        afterwards, it is lost.

        Args:
            notice: what is shown, whatever characters it holds.
            on_shown: called once when it was shown, on any thread; never where it was not.
        """
        ...

    def forget(self) -> None:
        """Show nothing of what still waits to be shown: nobody wants it any more."""
        ...
