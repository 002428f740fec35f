"""What of the agent depends on whether a remote project is used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zoomsync_agent.engine.mirror import Mirror
from zoomsync_agent.ports import Destination


def _nothing() -> None:
    """Do nothing."""


def in_turn(*all_of_them: Callable[[], None]) -> Callable[[], None]:
    """Return what calls each of *all_of_them*."""

    def call() -> None:
        for one in all_of_them:
            one()

    return call


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts that another computer is involved in.

    `user` says whose recordings these are, or tells it. `destination` is None where recordings
    stay on this computer, `mirror` where rows do. `place` names where recordings go, where one
    destination can be many places. `is_finishing` tells whether something is under way that must
    not be broken off; `close` ends what is open.
    """

    user: str | Callable[[], str]
    place: str = ""
    destination: Destination | None = None
    mirror: Mirror | None = None
    is_finishing: Callable[[], bool] = lambda: False
    close: Callable[[], None] = _nothing

    @property
    def on_row(self) -> Callable[[], None]:
        """What is told of every row that was published."""
        return self.mirror.ring if self.mirror else _nothing

    @property
    def services(self) -> Sequence[Mirror]:
        """What lives long."""
        return [self.mirror] if self.mirror else []
