"""Surroundings that a test makes, and somebody who is told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from zoomsync_agent.core.notices import Notice
from zoomsync_agent.core.surroundings import Aspect, Conditions, Sign
from zoomsync_agent.ports import Service

_FIELDS: Final = {
    Aspect.BATTERY: "on_battery",
    Aspect.METERED: "is_metered",
    Aspect.MEETING: "in_meeting",
}


class FakeSurroundings:
    """`Surroundings` that are as they were set; only what is asked is answered.

    Attributes:
        now: what holds.
        asked: what each look asked.
    """

    def __init__(self, **now: bool | None) -> None:
        self.now = Conditions(**now)
        self.asked: list[frozenset[Aspect]] = []
        self._heard: Callable[[Sign], None] | None = None

    def be(self, **changes: bool | None) -> None:
        """Let something hold from now on; nobody is told."""
        self.now = replace(self.now, **changes)

    def look(self, asked: frozenset[Aspect]) -> Conditions:
        """Return what holds now of what is asked."""
        self.asked.append(asked)
        return Conditions(**{_FIELDS[one]: getattr(self.now, _FIELDS[one]) for one in asked})

    def listener(self, heard: Callable[[Sign], None]) -> Service | None:
        """Keep whom to tell; there is no thread."""
        assert self._heard is None, "one agent listens once"
        self._heard = heard
        return None

    def tell(self, sign: Sign) -> None:
        """Let the system tell something."""
        assert self._heard is not None, "nobody listens"
        self._heard(sign)


class FakeNotifier:
    """`Notifier` that keeps what it was told.

    Attributes:
        is_there: whether there is somebody who is shown it at once; else it waits.
        forgotten: how often what waits was to be forgotten.
    """

    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.is_there = True
        self.forgotten = 0
        self._waiting: list[Callable[[], None]] = []

    def tell(self, notice: Notice, on_shown: Callable[[], None] | None = None) -> None:
        """Keep a notice."""
        assert notice.title
        assert notice.group
        self.told.append(notice)
        if on_shown is not None:
            self._waiting.append(on_shown)
        if self.is_there:
            self.come()

    def forget(self) -> None:
        """Keep in mind that what waits is not wanted."""
        self.forgotten += 1
        self._waiting.clear()

    def come(self) -> None:
        """Let there be somebody who is shown what waits."""
        self.is_there = True
        while self._waiting:
            self._waiting.pop(0)()

    @property
    def titles(self) -> list[str]:
        """Titles of all notices, in their order."""
        return [one.title for one in self.told]
